"""The date field: typed in words or figures of either calendar, kept as an ISO date, refused in words.

The reader's own calendar is shown again. Whatever was typed and not understood stays in the field. With the script a
calendar opens beside it, and what was typed is read back at once by the same parser (`read_back`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import colander
from deform import Field

from crm_core.i18n import Text, TextFactory
from crm_core.text import jalali
from crm_core.text.digits import is_persian
from crm_core.text.errors import InvalidDate
from crm_views.forms.messages import MALFORMED
from crm_views.forms.rendering import address
from crm_views.forms.widgets import LineWidget, TextAreaWidget, show_of

_ = TextFactory("crm_views")

MOST_LINES = 1000
MOST_REASONS = 5
"""Lines of a list of days that are read at all, and that are named where they are not understood."""
LONGEST = 100
"""Characters of a date that are read back while it is typed; no date is longer."""


class JalaliDateWidget(LineWidget):
    """A date. ``prefer`` says which Saturday "Saturday" is: the ``next`` one, or the ``last`` of what has happened."""

    template = "date"
    inputmode = None  # words are understood too: no keyboard of figures only

    def __init__(self, prefer: str = "next", **kw: Any) -> None:
        super().__init__(**kw)
        self.prefer = prefer

    def serialize(self, field: Field, cstruct: Any, **kw: Any) -> str:
        show = show_of(field)
        day = None if field.error else _day(cstruct)
        words, other = in_words(day, show) if day is not None else ("", "")
        return super().serialize(field, cstruct, **(kw | {
            "iso": day.isoformat() if day is not None else "", "today": show.day(show.now).isoformat(),
            "words": words, "other": other, "calendar": calendar_words(show), "read_at": address(field, "form_date"),
        }))

    def help_for(self, field: Field) -> str:
        """Help with today's date as an example, in the reader's calendar, and a word for a day on the meant side."""
        show = show_of(field)
        words = _("Like ${example}, or “yesterday”.") if self.prefer == "last" else _("Like ${example}, or “tomorrow”.")
        return str(show.text(words % {"example": show.date(show.now, "short")}))

    def shown(self, field: Field, cstruct: Any) -> str:
        return self._shown(field, cstruct, "short")

    def said(self, field: Field, cstruct: Any) -> str:
        return self._shown(field, cstruct, "long")

    def _shown(self, field: Field, cstruct: Any, style: jalali.Style) -> str:
        day = _day(cstruct)
        if day is not None:
            return str(show_of(field).date(day, style))
        return "" if cstruct in (colander.null, None) else str(cstruct)

    def read(self, field: Field, typed: str) -> Any:
        if not typed.strip():
            return colander.null
        show = show_of(field)
        try:
            day = jalali.parse_date(typed, show.day(show.now), "last" if self.prefer == "last" else "next")
        except InvalidDate as error:
            raise colander.Invalid(field.schema, date_reason(error, show), typed) from error
        return day.isoformat()


class DaysWidget(TextAreaWidget):
    """Some days, one on each line, as a date is typed. The cstruct is a list of ISO texts, or what was typed."""

    def __init__(self, prefer: str = "next", **kw: Any) -> None:
        super().__init__(**kw)
        self.prefer = prefer

    def help_for(self, field: Field) -> str:
        show = show_of(field)
        return str(show.text(_("One on each line, like ${example}.",
                               mapping={"example": show.date(show.now, "short")})))

    def shown(self, field: Field, cstruct: Any) -> str:
        return "\n".join(self._days(field, cstruct, "short"))

    def said(self, field: Field, cstruct: Any) -> str:
        return "\n".join(self._days(field, cstruct, "long"))

    def _days(self, field: Field, cstruct: Any, style: jalali.Style) -> list[str]:
        if isinstance(cstruct, list | tuple):
            days = ((one, _day(one)) for one in cstruct)
            return [str(one) if day is None else str(show_of(field).date(day, style)) for one, day in days]
        return [] if cstruct in (colander.null, None) else [str(cstruct)]

    def read(self, field: Field, typed: str) -> Any:
        if len(typed) > LONGEST * MOST_LINES:
            raise colander.Invalid(field.schema, MALFORMED, typed)
        show, found, reasons = show_of(field), [], []
        for line in typed.splitlines():
            if not line.strip():
                continue
            try:
                day = jalali.parse_date(line, show.day(show.now), "last" if self.prefer == "last" else "next")
            except InvalidDate as error:
                reasons.append(_("“${line}”: ${reason}", mapping={
                    "line": line.strip()[:40], "reason": show.text(date_reason(error, show))}))
                continue
            found.append(day.isoformat())
        if reasons:
            raise colander.Invalid(field.schema, reasons[:MOST_REASONS], typed)
        return sorted(set(found)) or colander.null


def _day(cstruct: Any) -> date | None:
    """The day of a cstruct; None where there is none, or what was typed was not understood.

    What was typed may be a date of the computer's and none of the desk's (9999-12-31): it stays as it is.
    """
    try:
        day = date.fromisoformat(cstruct) if isinstance(cstruct, str) else None
    except ValueError:
        return None
    return day if day is not None and jalali.is_meant(day) else None


def in_words(day: date, show: Any) -> tuple[str, str]:
    """A day with its weekday in the reader's calendar, and without it in the other one."""
    if is_persian(show.locale):
        return str(show.date(day, "long")), jalali.format_date(day, "en", "date")
    year, month, number = jalali.to_jalali(day)
    return str(show.date(day, "long")), f"{number} {jalali.month_name(month, 'en')} {year}"


def read_back(typed: str, prefer: str, show: Any) -> dict[str, str]:
    """What ``typed`` means: ``iso``, ``words`` and ``other`` (the other calendar), or ``error``, a sentence.

    Blank text gives an empty answer.
    """
    if not typed.strip():
        return {}
    try:
        day = jalali.parse_date(typed[:LONGEST], show.day(show.now), "last" if prefer == "last" else "next")
    except InvalidDate as error:
        return {"error": str(show.text(date_reason(error, show)))}
    words, other = in_words(day, show)
    return {"iso": day.isoformat(), "words": words, "other": other, "short": str(show.date(day, "short"))}


def calendar_words(show: Any) -> str:
    """What the calendar of the script says, as JSON: names in both calendars as the server writes them.

    ``months`` of the reader's calendar and ``others`` of the other one; ``weekdays`` from the first of the week, and
    ``first``, its number as JavaScript counts (0 = Sunday): Saturday in Persian, Monday in English.
    """
    persian = is_persian(show.locale)
    days = [(5 + place) % 7 if persian else place for place in range(7)]
    months = range(1, 13)
    text = show.text
    return json.dumps({
        "calendar": "jalali" if persian else "gregorian",
        "months": [jalali.month_name(month, show.locale, "jalali" if persian else "gregorian") for month in months],
        "others": [jalali.month_name(month, show.locale, "gregorian" if persian else "jalali") for month in months],
        "weekdays": [jalali.weekday_name(day, show.locale) for day in days],
        "first": 6 if persian else 1,
        "title": text(_("Choose a day")), "today": text(_("Today")), "close": text(_("Close")),
        "month": [text(_("Month before")), text(_("Month after"))],
        "year": [text(_("Year before")), text(_("Year after"))],
    }, ensure_ascii=False, separators=(",", ":"))


def date_reason(error: InvalidDate, show: Any) -> Text:
    """Why a date was refused, in a sentence: "31 Aban is not in the calendar; Aban has 30 days"."""
    values: Mapping[str, Any] = error.values
    if error.code == "day_of_month":
        month = jalali.month_name(values["month"], show.locale, values["calendar"])
        # The year matters only where the length of the month depends on it: in leap years.
        leap_month = 12 if values["calendar"] == "jalali" else 2
        if values["month"] == leap_month and values["day"] == values["length"] + 1:
            return _("${day} ${month} is not in the calendar of ${year}; ${month} has ${length} days then.",
                     mapping={"day": values["day"], "month": month, "year": show.digits(values["year"]),
                              "length": values["length"]})
        return _("${day} ${month} is not in the calendar; ${month} has ${length} days.",
                 mapping={"day": values["day"], "month": month, "length": values["length"]})
    if error.code == "month":
        return _("There is no month ${month}; a year has twelve.", mapping={"month": values["month"]})
    if error.code == "weekday":
        return _("That day is a ${weekday}.",
                 mapping={"weekday": jalali.weekday_name(values["weekday"], show.locale)})
    if error.code == "range":
        return _("The year ${year} cannot be meant.", mapping={"year": show.digits(values["year"])})
    return _("This is not understood as a date; write it like ${example}, or “yesterday”.",
             mapping={"example": show.date(show.now, "short")})
