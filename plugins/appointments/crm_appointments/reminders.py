"""The day before a meeting its request gets a note, so that whoever looks after it reminds the citizen."""

from __future__ import annotations

from crm_appointments import slots
from crm_core.api import CoreChannel, Direction, Item, NotFound, Services, TextFactory, Timer

_ = TextFactory("crm_appointments")

DAY = 86_400_000
LATE = DAY // 2
"""Milliseconds after which a note about tomorrow is of no use any more: nobody was at work for so long."""


def remind(services: Services, request_id: int) -> None:
    """Note it, if the meeting is still to be, about a day from now."""
    try:
        request = services.requests.get(request_id)
    except NotFound:
        return
    slot = slots.slot_of(services, request)
    if slot is None or not request.is_open or not DAY - LATE < slot.data["starts"] - services.now <= DAY:
        return  # given up, or moved to another time, which has a timer of its own
    services.interactions.log(
        services.contacts.find(request.contact), channel=CoreChannel.NOTE, direction=Direction.INTERNAL,
        subject=services.words(_("Remind the citizen of the meeting: ${slot}",
                                 mapping={"slot": slots.words(services, slot)})),
        requests=[request], unit=request.unit,
    )


REMINDER = Timer("appointments.reminder", _("Note the day before a meeting"), remind)


def set_for(services: Services, slot: Item, request_id: int) -> None:
    """Have the reminder come a day before the slot; a meeting that is nearer needs none."""
    moment = slot.data["starts"] - DAY
    if moment > services.now:
        services.timers.at(moment, REMINDER.id, request_id)
