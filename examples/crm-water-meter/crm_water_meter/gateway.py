"""The gateway of remote reading is told which meters are in use, over HTTP, as soon as one is recorded.

It takes POST with JSON ``{"number", "district", "since"}`` at the address that CRM_WATER_METER_GATEWAY names, and knows
by the header Idempotency-Key what it was told already. It learns of meters, not of citizens.
"""

from __future__ import annotations

import http.client
import json
import os
from urllib.parse import urlsplit

from crm_core.api import Effect, JournalEntry, NotDone, Plain, Services, TextFactory
from crm_water_meter import meters

_ = TextFactory("crm_water_meter")

GATEWAY = "CRM_WATER_METER_GATEWAY"
SECONDS = 20
LATER = frozenset({408, 425, 429})
"""Answers that ask to come again, of those that refuse (RFC 9110, RFC 6585)."""


def prepare(services: Services, entry: JournalEntry) -> Plain | None:
    """What to tell; None for changes that are not about the meter, and where no gateway is set up."""
    contact = services.contacts.find(entry.contact)
    if not os.environ.get(GATEWAY) or contact is None or f"{meters.METER.id}.number" not in entry.fields:
        return None
    meter = meters.of(services, contact)
    if not meter.get("number"):
        return None
    return {"number": meter["number"], "district": meter["area"], "since": services.clock.day(entry.at).isoformat()}


def tell(data: Plain, key: str) -> Plain:
    """Tell it; the status of the answer. Raises NotDone where nothing arrived, or where it is refused."""
    place = urlsplit(os.environ[GATEWAY])
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = kind(place.hostname or "", place.port, timeout=SECONDS)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise NotDone(f"the gateway cannot be reached: {type(error).__name__}") from error
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        connection.request("POST", place.path or "/", json.dumps(data), headers)
        status = connection.getresponse().status
    finally:
        connection.close()
    if 400 <= status < 500:
        raise NotDone(f"the gateway answers {status}", final=status not in LATER)
    if not 200 <= status < 300:  # it may have taken it before it stumbled
        raise RuntimeError(f"the gateway answers {status}")
    return {"status": status}


ANNOUNCE = Effect(
    "water_meter.announce", _("Tell the gateway which meters are in use"), frozenset({"contact.changed"}), prepare,
    tell, removes_doubles=True,
)
