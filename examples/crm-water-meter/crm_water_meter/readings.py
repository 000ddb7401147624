"""Readings of meters in cubic metres, and the register of meters with the day of the last one.

A reading belongs to a contact and goes with him when two records turn out to be one.
"""

from __future__ import annotations

from datetime import date, timedelta

from crm_core.api import (
    Collection,
    Contact,
    CoreChannel,
    Invalid,
    Item,
    Job,
    JournalEntry,
    Reader,
    Services,
    Taken,
    TextFactory,
)
from crm_water_meter import bills, meters

_ = TextFactory("crm_water_meter")

SILENT_DAYS = 60
KEPT_DAYS = 5 * 365

READINGS = Collection(
    "water_meter.readings", _("Readings of the water meter"), exact=("number",), ranges=("day",), unique=("key",),
    person="contact", fields=(("number", _("Meter number")), ("day", _("Day")), ("value", _("Cubic metres"))),
    on_merge="move", on_export="include", on_erase="remove", expires_days=KEPT_DAYS, expires_by="day",
)
REGISTER = Collection(
    "water_meter.register", _("Meters in use"), ranges=("last",), unique=("number",), person="contact",
    fields=(("number", _("Meter number")), ("last", _("Last reading"))),
    on_merge="move", on_export="omit", on_erase="remove", expires_days=0,
)


def last(services: Services, number: str) -> Item | None:
    """The newest reading of a meter."""
    return max(services.collections[READINGS.id].where("number", number), key=lambda item: str(item.data["day"]),
               default=None)


def add(services: Services, contact: Contact, value: int, day: date) -> Item:
    """Store what a contact's meter showed on a day. Raises Invalid at ``value`` or ``day`` when that cannot be."""
    meter = meters.of(services, contact)
    if not meter:
        raise Invalid({"value": _("No water meter is recorded for this citizen.")})
    number, before = str(meter["number"]), last(services, str(meter["number"]))
    if day > services.clock.today():
        raise Invalid({"day": _("That day is still to come.")})
    if before is not None and day.isoformat() < str(before.data["day"]):
        raise Invalid({"day": _("There is a newer reading already.")})
    if before is not None and value < int(before.data["value"]):
        raise Invalid({"value": _("The meter showed more before.")})
    try:
        item = services.collections[READINGS.id].add({
            "key": f"{number}/{day.isoformat()}", "number": number, "contact": str(contact.id),
            "day": day.isoformat(), "value": value, "used": value - int(before.data["value"]) if before else 0,
            "district": meter["area"],
        })
    except Taken:
        raise Invalid({"day": _("There is a reading of that day already.")}) from None
    enter(services, contact, number, day)
    return item


def enter(services: Services, contact: Contact, number: str, day: date) -> None:
    """Put a meter into the register, or say when it was read last."""
    register = services.collections[REGISTER.id]
    known = register.holder("number", number)
    data = {"number": number, "contact": str(contact.id), "last": day.isoformat()}
    if known is None:
        register.add(data)
    elif known.data != data:
        register.replace(known, data)


def follow(services: Services, entry: JournalEntry) -> None:
    """A meter that was recorded for somebody is waited for from that day on."""
    contact = services.contacts.find(entry.contact)
    number = meters.of(services, contact).get("number")
    if f"{meters.METER.id}.number" not in entry.fields or contact is None or not number:
        return
    if services.collections[REGISTER.id].holder("number", str(number)) is None:
        enter(services, contact, str(number), services.clock.day(entry.at))


def find_silent(services: Services) -> None:
    """Ask for a visit to each meter of which nothing was heard for `SILENT_DAYS`, once."""
    until = (services.clock.today() - timedelta(days=SILENT_DAYS)).isoformat()
    for item in list(services.collections[REGISTER.id].between("last", None, until)):
        contact = services.contacts.find(int(item.data["contact"]))
        if contact is None or meters.of(services, contact).get("number") != item.data["number"]:
            services.collections[REGISTER.id].remove(item)  # taken off, or recorded for somebody else
        elif not any(request.is_open for request in services.requests.readable_of(contact, bills.VISIT.id)):
            services.requests.register(
                services, contact, bills.VISIT.id,
                {"number": str(item.data["number"]), "since": date.fromisoformat(str(item.data["last"]))},
                channel=CoreChannel.NOTE,
            )


REGISTERED = Reader("water_meter.follow", _("Wait for readings of new meters"), frozenset({"contact.changed"}), follow)
SILENT = Job("water_meter.silent", _("Find meters without a reading"), 24 * 60, find_silent)
