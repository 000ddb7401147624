"""Two kinds of requests: a bill that a citizen finds wrong, and a visit to a meter of which nothing is heard."""

from __future__ import annotations

from crm_core.api import (
    ApprovalBy,
    Category,
    Contact,
    Draft,
    Form,
    RequestType,
    Services,
    Status,
    StatusChange,
    TextFactory,
    Transition,
    Veto,
    fields,
)
from crm_water_meter import meters

_ = TextFactory("crm_water_meter")

BILL = "water_meter.bill"
EXAMINING, READING, CORRECTED, UPHELD, WITHDRAWN = "examining", "reading", "corrected", "upheld", "withdrawn"
REASONS = (
    ("too_high", _("Much higher than usual")),
    ("reading", _("The reading on it is wrong")),
    ("tariff", _("Another tariff")),
    ("paid", _("Paid already")),
)
OFFICES = {"north": "Water office north", "centre": "Water office centre", "south": "Water office south"}
"""District → name of the unit, in either language, that looks after it."""
WAYS = (
    Transition(EXAMINING), Transition(READING), Transition(UPHELD), Transition(WITHDRAWN),
    Transition(CORRECTED, approval=(ApprovalBy("supervisor", own_unit=True),), approval_days=5),
)
"""From everywhere to everywhere; but a corrected bill is money given back, to which the head of the office agrees."""


class BillForm(Form):
    """Which bill, and what is wrong with it."""

    reason = fields.choice(_("What is wrong with it"), REASONS)
    bill = fields.code(_("Number of the bill"), max_length=30)
    amount = fields.money(_("Amount of the bill"), currency="IRR")
    shown = fields.integer(_("What the meter shows now, in m³"), required=False, least=0)


class VisitForm(Form):
    """Which meter, and since when nothing is heard of it."""

    number = fields.code(_("Meter number"), personal=True)
    since = fields.date(_("Last reading"))


WRONG_BILL = RequestType(
    BILL, _("Wrong water bill"), BillForm,
    (
        Status("received", Category.NEW, _("Received")),
        Status(EXAMINING, Category.OPEN, _("Being examined")),
        Status(READING, Category.WAITING, _("Waits for a reading")),
        Status(CORRECTED, Category.DONE, _("Bill corrected")),
        Status(UPHELD, Category.DONE, _("The bill is right")),
        Status(WITHDRAWN, Category.CANCELLED, _("Withdrawn")),
    ),
    transitions=WAYS,
    icon="card-text", due_days=20, description=_("Amount, reading or tariff of a water bill"),
    title_from=("reason", "bill"),
)
VISIT = RequestType(
    "water_meter.visit", _("Visit to a water meter"), VisitForm,
    (
        Status("asked", Category.NEW, _("Visit asked for")),
        Status("read", Category.DONE, _("Meter was read")),
        Status("needless", Category.CANCELLED, _("Not needed any more")),
    ),
    icon="hdd", due_days=14, offered=False, title_from=("number",),
)


def office_of(services: Services, contact: Contact | None) -> int | None:
    """The unit that looks after the district of a contact's meter; None lets the core decide."""
    district = meters.of(services, contact).get("area")
    unit = services.units.by_name(OFFICES[str(district)]) if district in OFFICES else None
    return unit.id if unit is not None and unit.active else None


def check_new(services: Services, draft: Draft) -> None:
    """Refuse a bill that nothing can be compared with."""
    if draft.type == BILL and not meters.of(services, draft.contact):
        raise Veto(_("No water meter is recorded for this citizen. Add its number to the contact first."))


def check_status(change: StatusChange) -> None:
    """An answer has words."""
    if change.new in (CORRECTED, UPHELD) and not change.note:
        raise Veto(_("Write the new amount, or why the bill is right; the citizen is owed it."), "note")
