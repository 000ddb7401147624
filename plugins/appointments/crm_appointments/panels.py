"""What a meeting adds to the dossier: a panel with the next one and those without a time, a line in the timeline.

On the page of its request stands the time that is kept for it.

Only meetings that the reader may read in full are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_appointments import slots
from crm_appointments.workflow import ASKED, HELD, SCHEDULED, TYPE
from crm_core.api import (
    Contact,
    CorePermission,
    EntryKind,
    Event,
    MenuItem,
    Panel,
    Request,
    RequestPanel,
    Services,
    Text,
    TextFactory,
)

_ = TextFactory("crm_appointments")


def panel_data(services: Services, contact: Contact) -> Mapping[str, Any] | None:
    """None where nobody ever asked for a meeting, else plain values:

    ``upcoming``: the next meeting as {"code", "subject", "companions", "starts", "ends": milliseconds UTC, "place",
    "host"}, or None; ``unset``: meetings without a time as [{"code", "subject"}]; ``held``: how many there were;
    ``may_set``: whether the reader may set a time.
    """
    meetings = services.requests.readable_of(contact, TYPE)
    if not meetings:
        return None
    coming = [
        {**slot.data, "code": request.code, "subject": request.title, "companions": _answer(request, "companions") or 0}
        for request in meetings
        if request.status == SCHEDULED and (slot := slots.slot_of(services, request)) is not None
        and slot.data["ends"] > services.now
    ]
    return {
        "upcoming": min(coming, key=lambda meeting: int(meeting["starts"]), default=None),
        "unset": [{"code": request.code, "subject": request.title} for request in meetings if request.status == ASKED],
        "held": sum(request.status == HELD for request in meetings),
        "may_set": services.identity.has(CorePermission.REQUEST_CHANGE_STATUS),
    }


def booked_data(services: Services, request: Request) -> Mapping[str, Any] | None:
    """None where no time is kept for this request, else {"starts", "ends": milliseconds UTC, "place", "host", "code"}
    and ``may_move``: whether the reader may set another time.
    """
    slot = slots.slot_of(services, request)
    if slot is None:
        return None
    may_move = request.status == SCHEDULED and services.identity.has(CorePermission.REQUEST_CHANGE_STATUS)
    return {**slot.data, "code": request.code, "may_move": may_move}


def _answer(request: Request, name: str) -> Any:
    return request.submission.answers.get(name, {}).get("value") if request.submission is not None else None


def timeline_line(services: Services, request: Request, event: Event) -> Text | None:
    """The time that was chosen at registration or set later, as it was called then."""
    text: Any = None
    if event.kind == EntryKind.REGISTERED and request.submission is not None:
        text = request.submission.answers.get("slot", {}).get("text")
    elif event.kind == EntryKind.STATUS and event.data.get("to") == SCHEDULED:
        text = event.data.get("text")
    return _("Time of the meeting: ${slot}", mapping={"slot": dict(text)}) if text else None


PANEL = Panel(
    "appointments.dossier", _("Meetings"), "crm_appointments:templates/panel.pt", panel_data, icon="calendar-event",
    permission=CorePermission.REQUEST_VIEW.value,
)
BOOKED = RequestPanel(
    "appointments.booked", _("Time of the meeting"), "crm_appointments:templates/booked.pt", booked_data,
    types=(TYPE,), icon="calendar-event",
)
MENU = MenuItem(
    "appointments.slots", _("Times of meetings"), "/plugins/appointments/slots", slots.MANAGE, icon="calendar3",
)
