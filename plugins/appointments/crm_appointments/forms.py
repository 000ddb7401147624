"""What is asked of somebody who wants to meet the mayor, and the request type that carries it.

A slot may be chosen at once; without one the wished days are written down and the time is set later.
"""

from __future__ import annotations

from crm_appointments import slots
from crm_appointments.workflow import REGISTER, STATUSES, TYPE, first_status
from crm_core.api import Contact, Form, RequestType, Services, TextFactory, fields

_ = TextFactory("crm_appointments")

MOST_COMPANIONS = 10
DUE_DAYS = 30
"""Calendar days until somebody who asked for a meeting is owed an answer."""

WEEKDAYS: fields.Choices = (
    ("saturday", _("Saturday")),
    ("sunday", _("Sunday")),
    ("monday", _("Monday")),
    ("tuesday", _("Tuesday")),
    ("wednesday", _("Wednesday")),
    ("thursday", _("Thursday")),
)
"""The days of a working week; Friday is the day of rest."""


def free_slots(services: Services, contact: Contact | None) -> fields.Choices:
    """Slots that can still be had, in order of time."""
    return tuple((str(slot.id), slots.words(services, slot)) for slot in slots.free(services))


class MeetingForm(Form):
    """Why, with whom, when."""

    subject = fields.text(_("Subject of the meeting"))
    reason = fields.long_text(
        _("Why in person"), required=False, personal=True,
        description=_("What was tried so far, and what only this meeting can decide"),
    )
    companions = fields.integer(
        _("How many people come along"), required=False, missing=0, least=0, most=MOST_COMPANIONS, default=0,
    )
    wanted_days = fields.choices(
        _("Days that suit the citizen"), WEEKDAYS, required=False, description=_("None chosen: any day"),
    )
    slot = fields.choice(
        _("Time of the meeting"), free_slots, required=False,
        description=_("Only free times; without one, the office sets the time later"),
    )


MEETING = RequestType(
    TYPE, _("Meeting with the mayor"), MeetingForm, STATUSES, icon="calendar-event", permission=REGISTER,
    due_days=DUE_DAYS, description=_("A talk with the mayor, at a time that is kept free"), title_from=("subject",),
    starts_as=first_status, common=("files", "channel", "priority"),
)
