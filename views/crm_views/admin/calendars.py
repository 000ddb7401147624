"""Business calendars: the organisation's and those of its units, with what each inherits and the days of a year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pyramid.view import view_config

from crm_core.errors import NotFound
from crm_core.i18n import TextFactory
from crm_core.model.ids import parse_id
from crm_core.officehours import NeverOpen
from crm_core.security.permissions import Permission
from crm_core.services.calendars import ORGANISATION, Day
from crm_core.services.units import in_tree
from crm_core.text.calendars import JALALI_YEARS, from_jalali, month_length, month_name, to_jalali, weekday_name
from crm_core.text.digits import to_ascii
from crm_views.admin.calendar_words import KINDS, WEEK, shifts_words, week_words
from crm_views.admin.column import views
from crm_views.desk import rows
from crm_views.desk.find import words_of

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
ADMIN = Permission.ADMIN.value


def place_of(request: Request) -> int | None:
    """Whose calendar the address names: a unit's id, None for the organisation's (0). Raises NotFound."""
    text = request.matchdict["calendar"]
    if text == str(ORGANISATION):
        return None
    id_ = parse_id(text)
    if id_ is None:
        raise NotFound
    request.services.units.get(id_)
    return id_


def here(place: int | None) -> str:
    """The address of a calendar."""
    return f"/admin/calendars/{place or ORGANISATION}"


def whose(request: Request, place: int | None) -> str:
    """A calendar by the name of its unit."""
    return rows.unit_name(request, place) if place else str(request.ui.show.text(_("The organisation")))


# ── all of them ──────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_calendars", request_method="GET", permission=ADMIN,
             renderer="crm_views:templates/admin/calendars.pt")
def calendars(request: Request) -> dict[str, Any]:
    """The organisation and its units in their tree: which hours hold, and who says so."""
    units = [unit for unit in request.services.units.all() if unit.active]
    return {
        "title": _("Calendars"),
        "views": views(request),
        "rows": [_row(request, None, 0),
                 *(_row(request, unit.id, min(depth + 1, 5)) for unit, depth in in_tree(units))],
    }


def _row(request: Request, place: int | None, level: int) -> dict[str, Any]:
    services = request.services
    own = services.calendars.own(place)
    return {
        "href": here(place), "name": whose(request, place), "level": level,
        "week": week_words(request, services.calendars.week(place)),
        "own": own.week is not None or place is None,
        "from": _says_week(request, place),
        "holidays": services.calendars.keeps_holidays(place),
        "days": len(own.days),
    }


def _says_week(request: Request, place: int | None) -> str:
    """Whose hours hold in a unit."""
    found = next((one.unit for one in request.services.calendars.chain(place) if one.week is not None), ORGANISATION)
    return whose(request, found or None)


# ── one of them ──────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_calendar", request_method="GET", permission=ADMIN,
             renderer="crm_views:templates/admin/calendar.pt")
def calendar_page(request: Request) -> dict[str, Any]:
    """One calendar: its week, and the holidays and exceptions of a year."""
    place = place_of(request)
    services, show = request.services, request.ui.show
    own, week = services.calendars.own(place), services.calendars.week(place)
    year = _year(request)
    today = services.clock.today()
    return {
        "title": _("Calendar: ${name}", mapping={"name": whose(request, place)}),
        "name": whose(request, place),
        "views": views(request),
        "here": here(place),
        "place": place,
        "own_week": own.week is not None or place is None,
        "week_from": _says_week(request, place),
        "week": [{"day": weekday_name(day, show.locale), "hours": shifts_words(request, week[day]),
                  "closed": not week[day], "today": day == today.weekday()} for day in WEEK],
        "holidays": services.calendars.keeps_holidays(place),
        "own_holidays": own.holidays is not None or place is None,
        "now": _now(request, place),
        "year": show.digits(year), "before": year - 1 if year - 1 in JALALI_YEARS else None,
        "after": year + 1 if year + 1 in JALALI_YEARS else None,
        "other_lang": "fa" if show.locale == "en" else "en",
        "months": _months(request, place, year),
        "above": [{"href": here(one.unit or None), "name": whose(request, one.unit or None)}
                  for one in services.calendars.chain(place) if one.unit != (place or ORGANISATION)],
    }


def _year(request: Request) -> int:
    """The Jalali year that is asked for, else the present one."""
    typed = to_ascii(words_of(request, "year"))
    if typed.isdecimal() and len(typed) == 4 and int(typed) in JALALI_YEARS:
        return int(typed)
    return to_jalali(request.services.clock.today())[0]


def _now(request: Request, place: int | None) -> dict[str, Any]:
    """Whether it is working time there now, and when it is next."""
    calendars, show, now = request.services.calendars, request.ui.show, request.services.now
    if calendars.is_open(place, now):
        return {"open": True, "words": show.text(_("Working time now"))}
    try:
        opens = calendars.next_opening(place, now)
    except NeverOpen:
        return {"open": False, "words": show.text(_("Never open"))}
    when = f"{show.date(opens, 'weekday')}{show.text(_(', '))}{show.clock(opens)}"
    return {"open": False, "words": show.text(_("Closed now; opens ${when}", mapping={"when": when}))}


def _months(request: Request, place: int | None, year: int) -> list[dict[str, Any]]:
    """The months of a Jalali year that have something to tell, with their days."""
    found = []
    for month in range(1, 13):
        first = from_jalali(year, month, 1)
        days = (first + timedelta(days=number) for number in range(month_length(year, month)))
        told = list(_told(request, place, days))
        if told:
            found.append({"name": month_name(month, request.ui.show.locale), "days": told})
    return found


def _told(request: Request, place: int | None, days: Iterator[date]) -> Iterator[dict[str, Any]]:
    calendars, show = request.services.calendars, request.ui.show
    for day in days:
        found = calendars.day(place, day)
        if found.why == "week":
            continue
        is_here = found.why != "holiday" and found.unit == (place or ORGANISATION)
        yield {
            "iso": day.isoformat(), "date": show.date(day, "weekday"), "other": show.other_date(day),
            "names": _names(request, found), "why": found.why, "words": show.text(KINDS.get(found.why, _("Holiday"))),
            "hours": shifts_words(request, found.shifts), "closed": not found.shifts, "estimated": found.estimated,
            "by": "" if found.why == "holiday" or is_here else whose(request, found.unit or None), "own": is_here,
            "href": f"{here(place)}/days/{day.isoformat()}",
        }


def _names(request: Request, day: Day) -> tuple[str, str]:
    """What a day is called, in the language of the page and in the other one."""
    names = day.name or {}
    locale = request.ui.show.locale
    other = "fa" if locale == "en" else "en"
    first = names.get(locale) or names.get(other) or ""
    second = names.get(other) or ""
    return request.ui.show.digits(first), second if second != first else ""
