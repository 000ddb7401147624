"""Pages of the meetings: the coming slots with a form that adds some, and the page that gives a meeting its time.

A slot is only ever claimed, given back or removed by `slots` and `workflow`; these views read, ask and show.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any

from crm_appointments import forms, slots, workflow
from crm_core.api import (
    CorePermission,
    Form,
    Invalid,
    Item,
    NotFound,
    Services,
    TextFactory,
    Veto,
    Visibility,
    fields,
)
from crm_views.api import (
    Look,
    Request,
    Response,
    Submission,
    done,
    flash,
    handle,
    redirect,
    request_by_code,
    sent_before,
    services_of,
)

_ = TextFactory("crm_appointments")

HERE = "/plugins/appointments/slots"
MINUTES = 30
SHOWN = 200

# Hours and minutes with any usual sign between them, in digits of any script; an hour alone is the full hour.
_TIME = re.compile(r"(\d{1,2})(?:\s*[:.٫٬،٪/ ]\s*(\d{2}))?")


def includeme(config: Any) -> None:
    """Routes and views of this module; every one names its permission."""
    config.add_route("appointments_slots", HERE)
    config.add_route("appointments_remove", f"{HERE}/{{slot}}/remove")
    config.add_route("appointments_time", "/plugins/appointments/requests/{code}")
    config.add_view(
        slots_page, route_name="appointments_slots", request_method=("GET", "POST"), permission=slots.MANAGE,
        renderer="crm_appointments:templates/slots.pt",
    )
    config.add_view(remove, route_name="appointments_remove", request_method="POST", permission=slots.MANAGE)
    config.add_view(
        time_page, route_name="appointments_time", request_method=("GET", "POST"),
        permission=CorePermission.REQUEST_CHANGE_STATUS.value, renderer="crm_appointments:templates/time.pt",
    )


# ── slots ────────────────────────────────────────────────────────────────────────────────────────────────────


class SeriesForm(Form):
    """One slot, or several one after another."""

    day = fields.date(_("Day"), prefer="next")
    begins = fields.text(_("From"), max_length=10, description=_("Like 9:30"))
    ends = fields.text(_("Until"), max_length=10, description=_("Like 11 or 11:30"))
    minutes = fields.integer(
        _("Minutes for each meeting"), least=slots.SHORTEST, most=slots.LONGEST,
        description=_("As many meetings are added as fit between the two hours."),
    )
    place = fields.text(_("Place"))
    host = fields.text(_("Who receives"))


def slots_page(request: Request) -> dict[str, Any] | Response:
    """The coming slots day by day, and the form that adds a series of them."""
    first = sent_before(request)
    if first is not None:
        return first
    services = services_of(request)

    def on_valid(submission: Submission) -> Response:
        added = slots.add_series(services, _series(submission.values))
        if len(added) == 1:
            flash(request, _("One time is added."))
        else:
            flash(request, _("${count} times are added.", mapping={"count": len(added)}))
        return done(request, submission.submission_key, HERE)

    start = {"minutes": MINUTES, "host": request.ui.show.text(_("The mayor"))}
    form = handle(
        request, SeriesForm().clone(), submit_label=_("Add"), on_valid=on_valid, appstruct=start,
        look=Look(submit_icon="calendar-plus", layout="plain"),
    )
    if not isinstance(form, dict):
        return form
    coming = slots.coming(services, SHOWN)
    return form | {
        "title": _("Times of meetings"),
        "days": [
            {"at": day_slots[0]["starts"], "slots": day_slots}
            for _day, found in groupby(coming, key=lambda slot: services.clock.day(slot.data["starts"]))
            if (day_slots := [_row(services, slot) for slot in found])
        ],
        "free": sum(slots.holder(services, slot) is None for slot in coming),
        "count": len(coming),
        "cut": len(coming) == SHOWN,
        "take_out": _("Take out ${hour}"),
    }


def _row(services: Services, slot: Item) -> dict[str, Any]:
    """A slot as the page shows it; of a meeting that may not be read only that the slot is held."""
    meeting = slots.holder(services, slot)
    readable = meeting is not None and services.eyes.of(meeting) is Visibility.FULL
    contact = services.contacts.find(meeting.contact) if meeting is not None and readable else None
    return {
        **slot.data,
        "id": str(slot.id),
        "held": meeting is not None,
        "code": meeting.code if meeting is not None and readable else "",
        "subject": meeting.title if meeting is not None and readable else "",
        "name": contact.name if contact is not None else "",
    }


def _series(values: dict[str, Any]) -> slots.Series:
    errors = {}
    times = {}
    for name in ("begins", "ends"):
        times[name] = minutes_of(values[name])
        if times[name] is None:
            errors[name] = _("Write the hour like 9:30.")
    if errors:
        raise Invalid(errors)
    return slots.Series(
        values["day"], times["begins"] or 0, times["ends"] or 0, values["minutes"], values["place"], values["host"]
    )


def minutes_of(text: str) -> int | None:
    """Minutes after midnight of a time of day as people type it (9, 9:30, ۹٫۳۰, 24); None for anything else."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    return hour * 60 + minute if (hour < 24 and minute < 60) or (hour, minute) == (24, 0) else None


def remove(request: Request) -> Response:
    """Take a free slot out; a held one stays, with a sentence why."""
    services = services_of(request)
    slot = slots.find(services, request.matchdict["slot"])
    if slot is not None:  # else somebody was quicker, and what was wanted is so
        words = slots.words(services, slot)
        try:
            slots.remove(services, slot)
        except Veto as veto:
            flash(request, veto.message, "bad")
            return redirect(HERE)
        flash(request, _("Taken out: ${slot}", mapping={"slot": words}))
    return redirect(HERE)


# ── the time of a meeting ────────────────────────────────────────────────────────────────────────────────────


class TimeForm(Form):
    """Which free slot a meeting gets."""

    slot = fields.choice(_("Free times"), forms.free_slots)
    note = fields.text(_("Note"), required=False, max_length=500)


def time_page(request: Request) -> dict[str, Any] | Response:
    """Give a meeting a time, or another one than it has."""
    first = sent_before(request)
    if first is not None:
        return first
    services = services_of(request)
    meeting = request_by_code(request, request.matchdict["code"])
    if meeting.type != workflow.TYPE:
        raise NotFound
    here = f"/requests/{meeting.code}"
    held = slots.slot_of(services, meeting)
    contact = services.contacts.find(meeting.contact)
    schema = TimeForm().clone()
    schema["slot"].choices = forms.free_slots(services, contact)

    def on_valid(submission: Submission) -> Response:
        workflow.give_time(services, meeting, submission.values["slot"], submission.values["note"])
        flash(request, _("The meeting has a time now; tell the citizen."))
        return done(request, submission.submission_key, here)

    form = handle(
        request, schema, submit_label=_("Move") if held is not None else _("Set a time"), on_valid=on_valid,
        look=Look(heading=_("Another time") if held is not None else _("A time for the meeting"), cancel=here),
    )
    if not isinstance(form, dict):
        return form
    return form | {
        "title": _("Time of the meeting"),
        "meeting": {"href": here, "code": meeting.code, "subject": meeting.title},
        "held": services.labels(slots.words(services, held)) if held is not None else None,
        "wanted": _wanted(meeting),
        "free": len(schema["slot"].choices),
        "is_open": meeting.is_open,
        "may_add": services.identity.has(slots.MANAGE),
    }


def _wanted(meeting: Any) -> list[dict[str, str]]:
    """The days the citizen asked for, in every language."""
    answers = meeting.submission.answers if meeting.submission is not None else {}
    return list(answers.get("wanted_days", {}).get("text") or [])
