"""What a permit costs, and whether it is paid.

Amounts are whole rials. A fee is fixed with the application, so that a new tariff never changes what was asked of
somebody.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from crm_core.api import (
    Collection,
    Draft,
    Invalid,
    Item,
    Request,
    Services,
    Setting,
    Taken,
    Text,
    TextFactory,
    Veto,
    fields,
)

_ = TextFactory("crm_parking_permits")

CURRENCY = "IRR"
ZONES = (("bazaar", _("Around the bazaar")), ("centre", _("City centre")), ("outer", _("Outer districts")))
DECIDING = ("zone", "vehicle", "term", "disabled")
"""The answers on which the fee depends."""
VEHICLES = (("car", _("Car")), ("van", _("Van")), ("motorcycle", _("Motorcycle")))
QUARTERS = {"car": 4, "van": 6, "motorcycle": 1}
"""What a vehicle pays, in quarters of what a car does."""
MOST = 1_000_000_000
"""Rials; more is a slip of the keyboard."""


def _tariff(zone: str, title: Text, rials: int) -> Setting[int]:
    """What administrators decide about a zone."""
    return Setting(f"parking_permits.{zone}_fee", fields.money(title, currency=CURRENCY, most=MOST), rials)


TARIFF = {
    "bazaar": _tariff("bazaar", _("Car, half a year, around the bazaar"), 12_000_000),
    "centre": _tariff("centre", _("Car, half a year, in the city centre"), 8_000_000),
    "outer": _tariff("outer", _("Car, half a year, in outer districts"), 3_000_000),
}
"""Zone → rials for half a year and a car; a whole year costs one and a half times as much."""

BOOKS = Setting(
    "parking_permits.books",
    fields.date(_("Payments count from this day on"), required=False, prefer="last", description=_(
        "The books of the days before are closed. Left empty, every day counts.")), "",
)

FEES = Collection(
    "parking_permits.fees", _("Fees of parking permits"), unique=("request", "receipt"), person="contact",
    fields=(("amount", _("Fee in rials")), ("receipt", _("Receipt")), ("paid_on", _("Paid on"))),
    on_merge="keep", on_export="include",
    on_erase="unlink",  # the books keep what was paid, and no longer by whom
    expires_days=0,
)


def amount(services: Services, values: Mapping[str, Any]) -> int:
    """The fee in rials by today's tariff, for a form's values."""
    if values.get("disabled"):
        return 0
    half = services.settings.value(TARIFF[values["zone"]]) * QUARTERS[values["vehicle"]] // 4
    return half * 3 // 2 if values["term"] == "year" else half


def fix(services: Services, draft: Draft) -> None:
    """Write down what an application costs. It names the request by the id that it is going to have."""
    services.collections[FEES.id].add({
        "request": str(draft.id), "contact": None if draft.contact is None else str(draft.contact.id),
        "amount": amount(services, draft.values), "currency": CURRENCY, "receipt": "", "paid_on": None,
    })


def of(services: Services, request: Request) -> Item | None:
    """The fee of an application; None for one that was registered while this plugin was away."""
    return services.collections[FEES.id].holder("request", str(request.id))


def is_settled(fee: Item | None) -> bool:
    """Whether nothing is left to pay."""
    return fee is not None and (fee.data["amount"] == 0 or bool(fee.data["receipt"]))


def follow(services: Services, request: Request, answers: Mapping[str, Any]) -> None:
    """Other answers may mean another fee, as long as it is not paid."""
    fee, before = of(services, request), request.submission.answers if request.submission is not None else {}
    if fee is None or all(before.get(name, {}).get("value") == answers.get(name) for name in DECIDING):
        return  # by the tariff of its day, whatever it costs today
    new = amount(services, answers)
    if fee.data["amount"] == new:
        return
    if fee.data["receipt"]:
        raise Veto(_("The fee is paid already; these answers would change it. Register a new application."), "zone")
    services.collections[FEES.id].replace(fee, {**fee.data, "amount": new})


def pay(services: Services, request: Request, paid: int, receipt: str, day: date) -> None:
    """Note a payment of ``paid`` rials. Raises Invalid at the field that does not fit."""
    fee = of(services, request)
    if fee is None or is_settled(fee):
        raise Invalid({"receipt": _("Nothing is left to pay for this application.")})
    if paid != fee.data["amount"]:
        raise Invalid({"amount": _("This is not the fee of this application.")})
    if day > services.clock.today():
        raise Invalid({"day": _("That day is still to come.")})
    if day.isoformat() < services.settings.value(BOOKS):
        raise Invalid({"day": _("The books of that day are closed; ask who keeps them.")})
    try:
        services.collections[FEES.id].replace(fee, {**fee.data, "receipt": receipt, "paid_on": day.isoformat()})
    except Taken:
        raise Invalid({"receipt": _("This receipt has paid for another application already.")}) from None
