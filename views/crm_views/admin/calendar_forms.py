"""The forms of a calendar: the hours of its week, and one day as an exception."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import CrmError, Invalid, NotFound, StaleChange
from crm_core.fields import SHORT
from crm_core.i18n import Text, TextFactory
from crm_core.publicholidays import holiday
from crm_core.security.permissions import Permission
from crm_core.text.calendars import weekday_name
from crm_core.text.shifts import format_shifts, parse_shifts
from crm_views.admin.calendar_words import KINDS, WEEK, exception_words, week_words
from crm_views.admin.calendars import here, place_of, whose
from crm_views.desk.things import saved, sent_before
from crm_views.forms import Look, Submission, handle
from crm_views.forms.revisions import Fields
from crm_views.forms.shifts import EXAMPLE, ShiftsWidget
from crm_views.forms.widgets import ChoiceWidget

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
ADMIN = Permission.ADMIN.value
FORM_PAGE = "crm_views:templates/form_page.pt"
FIELDS = Fields("week", "holidays")
DAY = Fields("day")
SHIFTS = ShiftsWidget()
ABOVE, KEPT, IGNORED = "", "yes", "no"
HOLIDAYS: tuple[tuple[str, Text], ...] = ((KEPT, _("Closed all day")), (IGNORED, _("As on other days")))


def _hours(title: Text = "") -> Any:
    return f.text(title, required=False, max_length=SHORT, widget=SHIFTS)


class HoursForm(f.Form):
    """The shifts of seven days, and public holidays."""

    d5 = _hours()
    d6 = _hours()
    d0 = _hours()
    d1 = _hours()
    d2 = _hours()
    d3 = _hours()
    d4 = _hours()
    holidays = f.choice(_("On public holidays"), HOLIDAYS, required=False, empty=_("As in the unit above"))


class DayForm(f.Form):
    """One day, and what it is."""

    day = f.date(_("Day"))
    kind = f.choice(_("On this day"), tuple(KINDS.items()))
    shifts = _hours(_("Hours"))
    name = f.text(_("What it is called"), required=False, max_length=SHORT,
                  description=_("Such as “closed for bad air”."))
    name_en = f.text(_("The same in English"), required=False, max_length=SHORT)


def _crumbs(request: Request, place: int | None) -> tuple[tuple[str, Text], ...]:
    return (("/admin/calendars", _("Calendars")), (here(place), whose(request, place)))


# ── the week ─────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_calendar_hours", request_method=("GET", "POST"), permission=ADMIN, renderer=FORM_PAGE)
def hours(request: Request) -> dict[str, Any] | Response:
    """Change the hours of a week; a unit may have those of the unit above."""
    place = place_of(request)
    first = sent_before(request)
    if first is not None:
        return first
    calendars, show = request.services.calendars, request.ui.show
    own = calendars.own(place)
    stored = {"week": own.week, "holidays": own.holidays}

    def on_valid(submission: Submission) -> Response:
        typed = _typed(submission.values, place)
        changed = FIELDS.change(
            submission.revision, stored, typed, lambda seen: _edit(request, place, typed, seen),
            lambda theirs: _theirs(request, theirs))
        return saved(request, changed, submission.submission_key, here(place))

    schema = HoursForm().clone()
    for day in range(7):
        schema[f"d{day}"].title = weekday_name(day, show.locale)
    if place is None:
        schema["holidays"] = f.choice(_("On public holidays"), HOLIDAYS, name="holidays")
    shown = own.week if own.week is not None or place else calendars.week(place)
    start: dict[str, Any] = {f"d{day}": format_shifts(shifts, "en") for day, shifts in enumerate(shown or ())}
    holidays = calendars.keeps_holidays(None) if place is None else own.holidays
    start["holidays"] = ABOVE if holidays is None else KEPT if holidays else IGNORED
    example = format_shifts(EXAMPLE, show.locale)
    page = handle(
        request, schema, submit_label=_("Save"), on_valid=on_valid, appstruct=start,
        hidden={"revision": FIELDS.revision(stored)},
        look=Look(heading=_("Working hours"), cancel=here(place), note=_(
            "Write from when until when, like ${example}; a line left empty is a closed day. All seven empty: the "
            "hours of the unit above.", mapping={"example": example}) if place else _(
            "Write from when until when, like ${example}; a line left empty is a closed day.",
            mapping={"example": example})),
    )
    return page if isinstance(page, Response) else page | {
        "title": _("Working hours"), "crumbs": _crumbs(request, place)}


def _typed(values: dict[str, Any], place: int | None) -> dict[str, Any]:
    week = tuple(parse_shifts(values[f"d{day}"]) for day in range(7))
    holidays = {KEPT: True, IGNORED: False}.get(values["holidays"])
    return {"week": None if place and not any(week) else week, "holidays": holidays}


def _edit(
    request: Request, place: int | None, typed: Mapping[str, Any], seen: Mapping[str, Any]
) -> tuple[str, ...]:
    try:
        changed: tuple[str, ...] = request.services.calendars.edit(place, typed, seen)
    except Invalid as error:
        raise Invalid({"": error.errors.get("week", error.message)}) from error
    return changed


def _theirs(request: Request, theirs: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored now, in words; the week stands at its first day."""
    show = request.ui.show
    told: dict[str, Any] = {}
    if "week" in theirs:
        week = theirs["week"]
        told[f"d{WEEK[0]}"] = show.text(_("as in the unit above")) if week is None else week_words(request, week)
    if "holidays" in theirs:
        told["holidays"] = show.text({None: _("As in the unit above"), True: _("Closed all day")}.get(
            theirs["holidays"], _("As on other days")))
    return told


# ── a day ────────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_calendar_day", request_method=("GET", "POST"), permission=ADMIN, renderer=FORM_PAGE)
def day(request: Request) -> dict[str, Any] | Response:
    """Make a day an exception, or change the one it is. ``new`` in the address: the day is typed."""
    place, at = place_of(request), _day(request)
    first = sent_before(request)
    if first is not None:
        return first
    calendars, show = request.services.calendars, request.ui.show
    said = None if at is None else calendars.own(place).days.get(at.isoformat())
    stored = {"day": said}

    def on_valid(submission: Submission) -> Response:
        values = submission.values
        when = at or values["day"]

        def put(seen: dict[str, Any]) -> tuple[str, ...]:
            changed = calendars.set_day(
                place, when, values["kind"], shifts=parse_shifts(values["shifts"]), name=values["name"],
                name_en=values["name_en"], seen=seen["day"])
            return ("day",) if changed else ()

        own = [list(one) for one in parse_shifts(values["shifts"])] if values["kind"] == "hours" else []
        typed = {"kind": values["kind"], "shifts": own, "name": values["name"].strip(),
                 "name_en": values["name_en"].strip()}
        changed = DAY.change(submission.revision, stored, {"day": typed}, put, lambda theirs: {
            "kind": exception_words(request, {when.isoformat(): theirs["day"]})})
        return saved(request, changed, submission.submission_key, here(place))

    schema = DayForm().clone()
    if at is not None:
        del schema["day"]
    schema["kind"].widget = ChoiceWidget(tuple(KINDS.items()), radios=True)
    heading = _("Exception") if at is None else show.date(at)
    start = {"kind": "closed"} if said is None else {**said, "shifts": format_shifts(said["shifts"], "en")}
    page = handle(
        request, schema, submit_label=_("Save"), on_valid=on_valid, appstruct=start,
        hidden={"revision": DAY.revision(stored)},
        look=Look(heading=heading, note=_note(request, at), cancel=here(place)),
    )
    return page if isinstance(page, Response) else page | {"title": heading, "crumbs": _crumbs(request, place)}


def _note(request: Request, day: date | None) -> str:
    """Beside a day: which holiday it is."""
    found = None if day is None else holiday(day)
    return "" if found is None else str(request.ui.show.digits(request.ui.show.text(found.names)))


def _day(request: Request) -> date | None:
    """The day of the address, None for a new one. Raises NotFound."""
    text = request.matchdict["day"]
    if text == "new":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotFound from None


@view_config(route_name="admin_calendar_forget", request_method="POST", permission=ADMIN)
def forget(request: Request) -> Response:
    """Let a day be no exception any more."""
    place, at = place_of(request), _day(request)
    if at is None:
        raise NotFound
    try:
        gone = request.services.calendars.forget_day(place, at)
    except (NotFound, StaleChange):
        raise
    except CrmError as error:
        request.ui.flash(error.message, "bad")
        return HTTPSeeOther(location=here(place))
    name = request.ui.show.date(at, "date")
    request.ui.flash(_("${day} is no exception any more.", mapping={"day": name}) if gone
                     else _("This is done already."), "good" if gone else "warn")
    return HTTPSeeOther(location=here(place))
