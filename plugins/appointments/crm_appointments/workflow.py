"""The way of a meeting: asked for, given a time, held with an outcome; or declined, missed, cancelled.

The checks claim slots and give them back in the transaction of the change itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_appointments import reminders, slots
from crm_appointments.slots import MANAGE
from crm_core.api import (
    Category,
    Draft,
    Permission,
    Request,
    Role,
    Services,
    Status,
    StatusChange,
    TextFactory,
    Veto,
)

_ = TextFactory("crm_appointments")

TYPE = "appointments.mayor"
REGISTER = "appointments.register"
ASKED, SCHEDULED, HELD, MISSED, DECLINED = "asked", "scheduled", "held", "missed", "declined"

STATUSES = (
    Status(ASKED, Category.NEW, _("Asked for")),
    Status(SCHEDULED, Category.OPEN, _("Time set")),
    Status(HELD, Category.DONE, _("Held")),
    Status(MISSED, Category.CANCELLED, _("The citizen did not come")),
    Status(DECLINED, Category.DONE, _("Answered without a meeting")),
    Status("cancelled", Category.CANCELLED, _("Cancelled")),
)

PERMISSIONS = (
    Permission(REGISTER, _("Register wishes for a meeting"), frozenset({Role.CLERK, Role.EXPERT, Role.SUPERVISOR})),
    Permission(MANAGE, _("Add and remove times of meetings"), frozenset({Role.SUPERVISOR, Role.EXECUTIVE})),
)


def first_status(values: Mapping[str, Any]) -> str:
    """Who chose a slot at once has a time; all others wait for one."""
    return SCHEDULED if values.get("slot") else ASKED


def check_new(services: Services, draft: Draft) -> None:
    """Claim the chosen slot, if any."""
    slot = str(draft.values.get("slot") or "")
    if slot:
        person = draft.contact.id if draft.contact is not None else None
        reminders.set_for(services, slots.book(services, slot, draft.id, person, draft.at), draft.id)


def check_status(services: Services, request: Request, change: StatusChange) -> None:
    """What each status needs: a time its slot, an outcome its words and that the meeting has begun."""
    if change.new == SCHEDULED:
        _schedule(services, request, change)
    elif change.new in slots.RELEASED:
        if change.new == DECLINED and not change.note:
            raise Veto(_("Write what the citizen was answered instead of a meeting."), "note")
        slots.release(services, request)
    else:
        _end(services, request, change)


def _schedule(services: Services, request: Request, change: StatusChange) -> None:
    slot = str(change.data.get("slot") or "")
    if slot:
        reminders.set_for(
            services, slots.book(services, slot, request.id, request.contact, services.now), request.id)
    elif slots.slot_of(services, request) is None:
        raise Veto(_("Choose a free time on the page of the meeting first; the status follows by itself."))


def _end(services: Services, request: Request, change: StatusChange) -> None:
    slot = slots.slot_of(services, request)
    if slot is not None and services.now < slot.data["starts"]:
        raise Veto(
            _("The meeting begins on ${day} at ${time}; what became of it can be written down from then on.", mapping={
                "day": services.clock.date_words(slot.data["starts"]),
                "time": services.clock.time_words(slot.data["starts"]),
            })
        )
    if change.new == HELD and not change.note:
        raise Veto(_("Write what came out of the meeting; that is what the citizen will ask about."), "note")


def give_time(services: Services, request: Request, slot_id: str, note: str = "") -> None:
    """Give a request a slot, or another one than it has; its status follows. Raises Veto, Forbidden."""
    if not request.is_open:
        raise Veto(_("This meeting is closed; open it again before you give it a time."))
    slot = slots.find(services, slot_id)
    text = services.labels(slots.words(services, slot)) if slot is not None else {}
    if request.status == SCHEDULED:
        services.requests.change_status(services, request, ASKED)
    services.requests.change_status(services, request, SCHEDULED, note, data={"slot": slot_id, "text": text})
