"""The date field: typed in words or figures of either calendar, kept as an ISO date, refused in words.

The reader's own calendar is shown again. Whatever was typed and not understood stays in the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import colander
from deform import Field

from crm_core.i18n import Text, TextFactory
from crm_core.text import jalali
from crm_core.text.errors import InvalidDate
from crm_views.forms.widgets import LineWidget, show_of

_ = TextFactory("crm_views")


class JalaliDateWidget(LineWidget):
    """A date. ``prefer`` says which Saturday "Saturday" is: the ``next`` one, or the ``last`` of what has happened."""

    template = "date"
    inputmode = None  # words are understood too: no keyboard of figures only

    def __init__(self, prefer: str = "next", **kw: Any) -> None:
        super().__init__(**kw)
        self.prefer = prefer

    def help_for(self, field: Field) -> str:
        """Help with today's date as an example, in the reader's calendar."""
        show = show_of(field)
        return str(show.text(_("Like ${example}, or “yesterday”.", mapping={"example": show.date(show.now, "short")})))

    def shown(self, field: Field, cstruct: Any) -> str:
        return self._shown(field, cstruct, "short")

    def said(self, field: Field, cstruct: Any) -> str:
        return self._shown(field, cstruct, "long")

    def _shown(self, field: Field, cstruct: Any, style: jalali.Style) -> str:
        if cstruct in (colander.null, None, ""):
            return ""
        try:
            return str(show_of(field).date(date.fromisoformat(str(cstruct)), style))
        except ValueError:
            return str(cstruct)

    def read(self, field: Field, typed: str) -> Any:
        if not typed.strip():
            return colander.null
        show = show_of(field)
        try:
            day = jalali.parse_date(typed, show.day(show.now), "last" if self.prefer == "last" else "next")
        except InvalidDate as error:
            raise colander.Invalid(field.schema, date_reason(error, show), typed) from error
        return day.isoformat()


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
