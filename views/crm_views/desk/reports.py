"""Reports: what plugins count and list for a period, as a page and as a table to keep (CSV)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core.contributions import Column
from crm_core.i18n import Text, TextFactory
from crm_core.security.permissions import Permission
from crm_core.services.reports import ReportFailed, Table
from crm_core.text import jalali
from crm_core.text.collation import collation_key
from crm_core.text.dates import parse_date
from crm_core.text.digits import is_persian
from crm_core.text.errors import InvalidDate
from crm_views.connection import go_on
from crm_views.desk.find import words_of
from crm_views.spreadsheet import csv_file, harmless

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
EVERYBODY = Permission.CONTACT_FIND.value
"""Whom the pages are for at all; each report asks for a permission of its own."""
SHOWN = 500
"""Rows on the page; the table to keep has all of them."""


@dataclass
class Period:
    """From the day ``since`` to the day ``until``, both included. ``typed`` is what stands in the fields, ``wrong``
    what is no period, by the field that says so."""

    since: date
    until: date
    typed: dict[str, str]
    wrong: dict[str, Text] = field(default_factory=dict)


@view_config(route_name="reports", request_method="GET", permission=EVERYBODY,
             renderer="crm_views:templates/reports.pt")
def reports(request: Request) -> dict[str, Any]:
    """The reports that this user may read."""
    show = request.ui.show
    offered = [{"href": f"/reports/{report.id}", "title": show.text(report.title),
                "description": show.text(report.description)} for report in request.services.reports.offered()]
    return {"title": _("Reports"), "reports": sorted(offered, key=lambda one: collation_key(one["title"]))}


@view_config(route_name="report", request_method="GET", permission=EVERYBODY,
             renderer="crm_views:templates/report.pt")
def report(request: Request) -> dict[str, Any]:
    """One report for a period: this month so far, unless another is asked for."""
    id_ = request.matchdict["report"]
    found = request.services.reports.get(id_)
    period = _period(request)
    table, failed = None, ""
    if not period.wrong:
        try:
            table = _table(request, id_, period, SHOWN)
        except ReportFailed as error:
            failed = error.plugin
    show = request.ui.show
    here = f"/reports/{id_}"
    return {
        "title": show.text(found.title), "description": show.text(found.description), "here": here,
        "fields": _fields(period), "wrong": bool(period.wrong), "words": _words(request, period),
        "choices": [{"text": text, "href": f"{here}?{_query(since, until)}",
                     "current": not period.wrong and (since, until) == (period.since, period.until)}
                    for text, since, until in _choices(request)],
        "columns": [{"title": show.text(column.title), "css": _css(column)} for column in found.columns],
        "rows": [[_cell(request, column, value) for column, value in zip(found.columns, row, strict=True)]
                 for row in table.rows] if table is not None else [],
        "cut": table is not None and table.cut, "failed": failed,
        "table": f"{here}.csv?{_query(period.since, period.until)}",
    }


@view_config(route_name="report_csv", request_method="GET", permission=EVERYBODY)
def report_csv(request: Request) -> Response:
    """The same as CSV (UTF-8 with a mark for spreadsheets): days as ISO text, numbers bare, shares from 0 to 1.

    To the page, which says what is wrong, where what is asked for is no period.
    """
    id_ = request.matchdict["report"]
    found = request.services.reports.get(id_)
    period = _period(request)
    if period.wrong:
        return HTTPSeeOther(location=f"/reports/{id_}?{urlencode(period.typed)}")
    table = _table(request, id_, period)
    head = [harmless(request.ui.show.text(column.title)) for column in found.columns]
    rows = [[_plain(request, column, value) for column, value in zip(found.columns, row, strict=True)]
            for row in table.rows]
    name = f"{id_.replace('.', '-')}-{period.since.isoformat()}-{period.until.isoformat()}.csv"
    return csv_file(name, [head, *rows])


def _table(request: Request, id_: str, period: Period, *most: int) -> Table:
    clock = request.services.clock
    try:
        return request.services.reports.table(
            id_, clock.moment(period.since), clock.moment(period.until + timedelta(days=1)), *most)
    except ReportFailed:
        go_on(request)
        raise


# ── period ───────────────────────────────────────────────────────────────────────────────────────────────────


def _period(request: Request) -> Period:
    """The period of the address; where a day of it is missing or is none, that of this month so far."""
    _text, first, last = _choices(request)[0]
    typed = {name: words_of(request, name) for name in ("since", "until")}
    wrong: dict[str, Text] = {}
    since, until = (_day(request, name, typed[name], default, wrong)
                    for name, default in (("since", first), ("until", last)))
    if not wrong and since > until:
        wrong["until"] = _("The first day lies behind the last one.")
    for name, day in (("since", since), ("until", until)):
        typed[name] = typed[name] if wrong else request.ui.show.date(day, "short")
    return Period(since, until, typed, wrong)


def _day(request: Request, name: str, typed: str, default: date, wrong: dict[str, Text]) -> date:
    if not typed:
        return default
    try:
        return parse_date(typed, request.services.clock.today(), prefer="last")
    except InvalidDate:
        wrong[name] = _("“${typed}” is not a date; write it like 1405/8/26.", mapping={"typed": typed[:40]})
        return default


def _fields(period: Period) -> list[dict[str, Any]]:
    """Both fields of the period as the page draws them; who sent a wrong one begins in the first that is wrong."""
    first = next(iter(period.wrong), "")
    return [{"name": name, "title": title, "value": period.typed[name], "wrong": period.wrong.get(name, ""),
             "focus": name == first} for name, title in (("since", _("From")), ("until", _("Until")))]


def _choices(request: Request) -> list[tuple[Text, date, date]]:
    """Periods to choose from, in the calendar of the reader: this month so far, the last one, this year so far."""
    today = request.services.clock.today()
    month = today - timedelta(days=_number_of_day(request, today) - 1)
    before = month - timedelta(days=1)
    return [
        (_("This month"), month, today),
        (_("Last month"), before - timedelta(days=_number_of_day(request, before) - 1), before),
        (_("This year"), _new_year(request, today), today),
    ]


def _is_jalali(request: Request) -> bool:
    return is_persian(request.ui.show.locale)


def _number_of_day(request: Request, day: date) -> int:
    return jalali.to_jalali(day)[2] if _is_jalali(request) else day.day


def _new_year(request: Request, day: date) -> date:
    return jalali.from_jalali(jalali.to_jalali(day)[0], 1, 1) if _is_jalali(request) else day.replace(month=1, day=1)


def _query(since: date, until: date) -> str:
    return urlencode({"since": since.isoformat(), "until": until.isoformat()})


def _words(request: Request, period: Period) -> str:
    show = request.ui.show
    if period.since == period.until:
        return show.date(period.since, "date")
    return show.text(_("${since} to ${until}", mapping={
        "since": show.date(period.since, "date"), "until": show.date(period.until, "date")}))


# ── cells ────────────────────────────────────────────────────────────────────────────────────────────────────


def _css(column: Column) -> str | None:
    return None if column.kind == "text" else "date" if column.kind == "date" else "num"


def _cell(request: Request, column: Column, value: Any) -> dict[str, Any]:
    """A cell as the page shows it: ``words``, and the class of its kind."""
    show = request.ui.show
    css = _css(column)
    if value is None:
        return {"words": "", "css": css}
    if column.kind == "text":
        return {"words": show.text(value), "css": css}
    if column.kind == "date":
        return {"words": show.date(value, "short"), "css": css}
    if column.kind == "money":
        return {"words": show.money(value, column.currency), "css": css}
    if column.kind == "share":
        return {"words": show.text(_("${number}%", mapping={"number": show.number(Decimal(str(value)) * 100, 1)})),
                "css": css}
    return {"words": show.number(value if type(value) is int else round(value, 2)), "css": css}


def _plain(request: Request, column: Column, value: Any) -> str:
    """A cell of the table to keep."""
    if value is None:
        return ""
    if column.kind == "text":
        return harmless(request.ui.show.text(value))
    if column.kind == "date":
        return request.ui.show.day(value).isoformat()
    return str(value)
