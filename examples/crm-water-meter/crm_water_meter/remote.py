"""Remote reading: meters that send what they show, as files of lines ``number,day,cubic metres``.

The gateway puts the files into the folder that the environment variable CRM_WATER_METER_INBOX names. They stay there:
a job may run again, and a line that was read before changes nothing.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from crm_core.api import Channel, Collection, Contact, Direction, Invalid, Job, Plain, Services, TextFactory
from crm_water_meter import meters, readings

_ = TextFactory("crm_water_meter")

log = logging.getLogger(__name__)
INBOX = "CRM_WATER_METER_INBOX"
FIRST, LONGEST, MOST = date(2000, 1, 1), 40, 10**9
"""The first day of which a reading is believed, the longest number of a meter, the most cubic metres."""
CHANNEL = Channel("water_meter.remote", _("Remote reading"), icon="hdd")
UNCLAIMED = Collection(
    "water_meter.unclaimed", _("Readings of nobody’s meter"), exact=("number",), ranges=("day",), unique=("key",),
    expires_days=365, expires_by="day",
)


def collect(services: Services) -> None:
    """Take in every line of every file in the inbox. One that cannot be read must not keep back those behind it."""
    folder = os.environ.get(INBOX)
    for path in sorted(Path(folder).glob("*.csv")) if folder else ():
        try:
            # Not by `csv`: a quotation mark that is never closed would take all lines behind it along.
            with path.open(encoding="utf-8", errors="replace") as file:
                _collect(services, path.name, file)
        except OSError:
            log.warning("%s cannot be read", path.name, exc_info=True)


def _collect(services: Services, name: str, lines: Iterable[str]) -> None:
    for place, line in enumerate(lines, 1):
        try:
            number, day, value = _understood(line, services.clock.today())
        except ValueError as error:
            log.warning("%s, line %d is not number,day,cubic metres: %s", name, place, str(error)[:80])
        else:
            receive(services, number, day, value)


def _understood(line: str, today: date) -> tuple[str, date, int]:
    """Number, day and cubic metres of a line. Raises ValueError for what no meter of today can have sent."""
    number, day, value = (part.strip(' "\r\n') for part in line.split(","))
    read = number, date.fromisoformat(day), int(value)
    if not (0 < len(number) <= LONGEST and FIRST <= read[1] <= today and 0 <= read[2] <= MOST):
        raise ValueError(f"out of bounds: {line.strip()}")
    return read


def receive(services: Services, number: str, day: date, value: int) -> bool:
    """Store one line; whether it was new. One that cannot be (an older day, a smaller number) is left out."""
    key = f"{number}/{day.isoformat()}"
    if any(services.collections[id_].holder("key", key) for id_ in (readings.READINGS.id, UNCLAIMED.id)):
        return False
    contact = meters.holder(services, number)
    if contact is None:
        services.collections[UNCLAIMED.id].add({"key": key, "number": number, "day": day.isoformat(), "value": value})
        return True
    try:
        readings.add(services, contact, value, day)
    except Invalid:
        return False
    services.interactions.log(
        contact, channel=CHANNEL.id, direction=Direction.IN, started=services.clock.moment(day),
        subject=f"{value} m³",
    )
    return True


def exported(services: Services, contact: Contact) -> dict[str, Plain] | None:
    """What was read of a contact's meter before it was known whose it is; None for nothing."""
    number = meters.on_record(services, contact).get("number")
    found = list(services.collections[UNCLAIMED.id].where("number", number)) if number else []
    return {"unclaimed_readings": [dict(item.data) for item in found]} if found else None


def forget(services: Services, contact: Contact) -> None:
    """Remove the same."""
    number = meters.on_record(services, contact).get("number")
    for item in list(services.collections[UNCLAIMED.id].where("number", number)) if number else ():
        services.collections[UNCLAIMED.id].remove(item)


COLLECT = Job("water_meter.collect", _("Take in remote readings"), 15, collect)
