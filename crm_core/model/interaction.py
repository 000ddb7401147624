"""One touch on one channel: a call, a visit, a mail, a letter, a note."""

from __future__ import annotations

from enum import StrEnum

from crm_core.model.attachment import Attachment
from crm_core.model.record import Record


class Channel(StrEnum):
    IN_PERSON = "in_person"
    KIOSK = "kiosk"
    PHONE = "phone"
    SMS = "sms"
    EMAIL = "email"
    FAX = "fax"
    LETTER = "letter"
    WEBSITE = "website"
    CHAT = "chat"
    MESSENGER = "messenger"
    NOTE = "note"


class Direction(StrEnum):
    IN = "in"  # the citizen speaks
    OUT = "out"  # we speak to the citizen
    INTERNAL = "internal"  # the citizen does not see it


class Interaction(Record):
    """What was said when, by whom: an immutable fact (only the contact of an unidentified one is set later).

    ``started`` and ``created`` are milliseconds UTC, ``duration`` seconds. ``requests`` are ids. ``speaker`` says who
    exactly spoke where the contact is an organisation or has people around it.
    """

    channel: str = Channel.NOTE.value
    direction: str = Direction.IN.value
    subject: str = ""
    body: str = ""
    outcome: str = ""
    started: int = 0
    duration: int = 0
    contact: int | None = None
    requests: tuple[int, ...] = ()
    unit: int | None = None
    address: str = ""
    speaker: str = ""
    attachments: tuple[Attachment, ...] = ()
