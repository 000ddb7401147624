"""What an application shows of its fee: a box on its page, and a line in the timeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_core.api import EntryKind, Event, Request, RequestPanel, Services, Text, TextFactory
from crm_parking_permits import fees, permits, workflow

_ = TextFactory("crm_parking_permits")


def fee_data(services: Services, request: Request) -> Mapping[str, Any] | None:
    """None without a fee, else plain values: ``amount`` in minor units of ``currency``, ``state`` (free, owed, paid),
    ``receipt``, ``paid_on`` (ISO), ``pay`` (address of the page for a payment, or ""), ``permit`` (its record or None).
    """
    fee = fees.of(services, request)
    if fee is None:
        return None
    state = "paid" if fee.data["receipt"] else "free" if fee.data["amount"] == 0 else "owed"
    payable = state == "owed" and request.is_open and services.identity.has(workflow.COLLECT)
    permit = permits.of(services, request)
    return {
        "amount": fee.data["amount"], "currency": fee.data["currency"], "state": state,
        "receipt": fee.data["receipt"], "paid_on": fee.data["paid_on"],
        "pay": f"/plugins/parking_permits/{request.code}/payment" if payable else "",
        "permit": None if permit is None else dict(permit.data),
    }


def timeline_line(request: Request, event: Event) -> Text | None:
    """Zone and vehicle in the words of that day."""
    if event.kind != EntryKind.REGISTERED or request.submission is None:
        return None
    answers = request.submission.answers
    words = {name: answers.get(name, {}).get("text") for name in ("zone", "vehicle")}
    if not all(words.values()):
        return None
    return _("Parking permit: ${zone}, ${vehicle}", mapping=words)


FEE = RequestPanel(
    "parking_permits.fee", _("Fee and permit"), "crm_parking_permits:templates/fee.pt", fee_data,
    types=(workflow.TYPE,), icon="clipboard-check",
)
