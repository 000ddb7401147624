"""Whose meter it is: fields on the contact, found by the meter's number; and who may do what.

A meter's number is held by one contact only; the desk finds the citizen by it.
"""

from __future__ import annotations

from crm_core.api import (
    Contact,
    ContactFields,
    Form,
    Permission,
    Plain,
    Role,
    Services,
    TextFactory,
    Veto,
    fields,
)

_ = TextFactory("crm_water_meter")

NOTE, REPORT = "water_meter.note", "water_meter.report"
SUBSIDISED = "subsidised"
DISTRICTS = (("north", _("North")), ("centre", _("Centre")), ("south", _("South")))
TARIFFS = ((SUBSIDISED, _("Household, subsidised")), ("household", _("Household")), ("business", _("Business")))

PERMISSIONS = (
    Permission(NOTE, _("Note readings of water meters"), frozenset({Role.CLERK, Role.EXPERT, Role.SUPERVISOR})),
    Permission(REPORT, _("Read the consumption of water"), frozenset({Role.SUPERVISOR, Role.EXECUTIVE})),
)


class MeterForm(Form):
    """What stands on the meter and in the contract."""

    number = fields.code(_("Meter number"), max_length=20, on_merge="ask")
    area = fields.choice(_("District"), DISTRICTS, on_merge="ask")
    tariff = fields.choice(_("Tariff"), TARIFFS, required=False)


METER = ContactFields("water_meter.meter", _("Water meter"), MeterForm, icon="hdd", unique=("number",))


def on_record(services: Services, contact: Contact) -> dict[str, Plain]:
    """What one record says of a meter; empty where it says nothing."""
    return services.contact_fields.values(contact, METER.id)


def of(services: Services, contact: Contact | None) -> dict[str, Plain]:
    """The citizen's meter, over all records that are one citizen and that the one who acts may read; empty without one.
    """
    records = services.contacts.readable(contact) if contact is not None else []
    return next((meter for record in records if (meter := on_record(services, record))), {})


def holder(services: Services, number: str) -> Contact | None:
    """The contact whose meter has that number."""
    for id_ in services.contact_fields.holders(METER.id, "number", number):
        return services.contacts.find(id_)
    return None


def check_merge(services: Services, kept: Contact, other: Contact) -> None:
    """Refuse what would give one citizen the subsidy twice."""
    both = [on_record(services, contact) for contact in (kept, other)]
    numbers = {meter.get("number") for meter in both}
    if all(meter.get("tariff") == SUBSIDISED for meter in both) and len(numbers) == 2:
        raise Veto(
            _("Each of the two has a subsidised water meter, and a citizen may have one. Correct the tariff first.")
        )
