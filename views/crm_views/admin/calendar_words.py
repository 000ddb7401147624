"""Working hours and days in words, as the pages of the administration and the audit trail say them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any

from crm_core.i18n import Text, TextFactory
from crm_core.officehours import Shifts
from crm_core.services.targets import DAYS
from crm_core.text.calendars import weekday_name
from crm_core.text.shifts import format_shifts
from crm_views.desk import rows
from crm_views.words import PRIORITIES

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

WEEK = (5, 6, 0, 1, 2, 3, 4)
"""The days as a week has them here, Saturday first, by the number of their weekday (Monday is 0)."""
KINDS: Mapping[str, Text] = {
    "closed": _("Closed all day"), "open": _("Open, though it is a holiday"), "hours": _("Other hours"),
}


def week_words(request: Request, week: Sequence[Shifts]) -> str:
    """The hours of a week in a line: neighbouring days of the same hours together, closed ones left out."""
    show, locale = request.ui.show, request.ui.show.locale
    parts = []
    for shifts, days in groupby(WEEK, key=lambda day: tuple(week[day])):
        names = [weekday_name(day, locale) for day in days]
        if not shifts:
            continue
        spoken = show.text(_("${first} to ${last}", mapping={"first": names[0], "last": names[-1]})
                           if len(names) > 1 else names[0])
        parts.append(f"{spoken} {shifts_words(request, shifts)}")
    return str(show.text(_("; "))).join(parts)


def shifts_words(request: Request, shifts: Sequence[Sequence[int]]) -> str:
    """The shifts of a day; a word where there are none."""
    if not shifts:
        return str(request.ui.show.text(_("day off")))
    return format_shifts(tuple((begin, end) for begin, end in shifts), request.ui.show.locale)


def span_words(request: Request, span: Sequence[Any] | None) -> str:
    """A target in words; "" for none."""
    if span is None:
        return ""
    amount, unit = span
    one, more = (_("1 working day"), _("${count} working days")) if unit == DAYS else (
        _("1 working hour"), _("${count} working hours"))
    return str(request.ui.show.text(one if amount == 1 else more % {"count": request.ui.show.number(amount)}))


def kind_words(request: Request, type_id: str) -> str:
    """A kind of requests by its name; "" stands for all of them."""
    show, services = request.ui.show, request.services
    if not type_id:
        return str(show.text(_("All kinds")))
    published = services.context.registry.types.get(type_id)
    if published is not None:
        return str(show.text(published.labels))
    digest = services.root.current_types.get(type_id)
    return str(show.text(services.root.types[digest].labels)) if digest in services.root.types else type_id


def priority_words(request: Request, priority: str) -> str:
    """A priority by its name; "" stands for all of them."""
    return str(request.ui.show.text(PRIORITIES.get(priority, priority) if priority else _("All priorities")))


def exception_words(request: Request, said: Mapping[str, Mapping[str, Any] | None]) -> str:
    """Exceptions of days, as the audit holds them."""
    show = request.ui.show
    parts = []
    for iso, one in said.items():
        day = show.date(date.fromisoformat(iso), "date")
        if one is None:
            parts.append(show.text(_("${day}: no exception", mapping={"day": day})))
            continue
        what = shifts_words(request, one["shifts"]) if one["kind"] == "hours" else show.text(KINDS[one["kind"]])
        parts.append(f"{day}: {what} {one['name']}".strip())
    return str(show.text(_("; "))).join(parts)


def target_words(request: Request, found: Sequence[Mapping[str, Any]]) -> str:
    """Rows of the table of targets, as the audit holds them."""
    show = request.ui.show
    comma = str(show.text(_(", ")))

    def words(row: Mapping[str, Any]) -> str:
        spans = [show.text(name % {"time": span_words(request, row[key])})
                 for key, name in (("first", _("first answer ${time}")), ("solution", _("answer ${time}"))) if row[key]]
        whom = comma.join(rows.user_name(request, id_) for id_ in row["tell"])
        warn = [show.text(_("warning at ${share} %", mapping={"share": row["warn"]}))] if row["warn"] else []
        told = [show.text(_("told: ${names}", mapping={"names": whom}))] if whom else []
        head = f"{kind_words(request, row['type'])} · {priority_words(request, row['priority'])}"
        return f"{head}: {comma.join([*spans, *warn, *told])}"

    return str(show.text(_("; "))).join(words(row) for row in found) or str(show.text(_("empty")))
