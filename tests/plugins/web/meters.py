"""A plugin that knows of each citizen which water meter is his, and keeps readings of it: for tests of duties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crm_core import api

CRM_API_VERSION = 1
FAILING: list[str] = []
"""Names of hooks that crash."""
REFUSING: list[str] = []


class MeterForm(api.Form):
    number = api.fields.code("Meter number")
    sort = api.fields.choice("Kind of meter", (("home", "Home"), ("shop", "Shop")), required=False, on_merge="ask")
    since = api.fields.date("Since", required=False)
    note = api.fields.text("Inner note", required=False, on_export="omit")
    gate = api.fields.text("Code of the gate", required=False, expires_days=30)
    people = api.fields.integer("People", required=False, least=1, most=50)


class SecretForm(api.Form):
    score = api.fields.integer("Score")


METER = api.ContactFields("meters.meter", "Water meter", MeterForm, unique=("number",))
SECRET = api.ContactFields("meters.secret", "Score", SecretForm, permission="meters.judge")
READINGS = api.Collection(
    "meters.readings", "Readings", exact=("number",), ranges=("day",), person="who",
    fields=(("day", "Day of the reading"), ("value", "Cubic metres")),
    on_merge="move", on_export="include", on_erase="remove", expires_days=365, expires_by="day",
)
BILLS = api.Collection(
    "meters.bills", "Bills", person="payer", fields=(("amount", "Amount"),),
    on_merge="keep", on_export="omit", on_erase="unlink", expires_days=0,
)


@api.hookimpl
def contribute() -> Iterable[api.Contribution]:
    yield api.Permission("meters.judge", "Judge", frozenset({api.Role.SUPERVISOR}))
    yield METER
    yield SECRET
    yield READINGS
    yield BILLS


def _step(hook: str) -> None:
    if hook in FAILING:
        raise RuntimeError(f"{hook} is out of order")


@api.hookimpl
def contacts_merging(services: api.Services, kept: api.Contact, other: api.Contact) -> None:
    _step("contacts_merging")
    if "contacts_merging" in REFUSING:
        raise api.Veto(f"Read the meter of {other.name} first.")


@api.hookimpl
def export(services: api.Services, contact: api.Contact) -> Mapping[str, api.Plain] | None:
    _step("export")
    return {"remote_valve": "open"} if "meters.meter" in contact.extra else None


@api.hookimpl
def erase(services: api.Services, contact: api.Contact) -> None:
    for bill in list(services.collections[BILLS.id]):
        services.collections[BILLS.id].replace(bill, {**bill.data, "note": "asked"})
    _step("erase")
