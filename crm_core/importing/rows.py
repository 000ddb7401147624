"""What an import file becomes: plain, checked rows, the same whatever file they came from.

A row is either good as a whole or `Rejected` with a reason; values are trimmed but otherwise as they were written,
because normal forms (E.164, folded names) belong to the services that store them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crm_core.errors import CrmError
from crm_core.i18n import Text

CHANNELS = (
    "in_person", "kiosk", "phone", "sms", "email", "fax", "letter", "website", "chat", "messenger", "note",
)  # fmt: skip
STATUS_CATEGORIES = ("new", "open", "waiting", "done", "cancelled")
ADDRESS_TEXTS = ("province", "city", "district", "line", "postal_code")

# Limits in characters. A row that goes beyond one is refused with the column's name: cutting would lose words silently.
MAX_KEY = 200
"""External ids and identifiers such as phones (an e-mail address may have 254, RFC 5321)."""
MAX_NAME = 200
"""Names of people and organisations, and titles of requests (as in the services that store them)."""
MAX_LANGUAGE = 10
MAX_SHORT = 500
"""Units, kinds of requests, words of a status, one line of an address, the name of a column."""
MAX_NOTES = 10_000
"""Notes on a contact, with everything that has no field of its own."""
MAX_WORDS = 20_000
"""What the citizen wrote."""
MAX_TEXT = 100_000
"""Resolutions, and any other column."""
MAX_IDENTIFIERS = 50
"""Phones, mail addresses and so on of one contact."""
MAX_COLUMNS = 1_000
"""Columns of a table, properties of a card, keys of a JSON object."""


class ImportFailed(CrmError):
    """A file, or a mapping, that cannot be read at all. ``message`` names the file and what is wrong with it."""


@dataclass(frozen=True)
class Rejected:
    """A row that was not taken. ``line`` is the physical line (from 1) it starts in; in JSON the element's number.

    ``reason`` is a sentence for people, ``code`` a stable word for programs (`crm_core.importing.reasons`).
    """

    line: int
    reason: Text
    code: str


class Refusal(Exception):
    """Raised while a row is built; becomes `Rejected` with the row's line."""

    def __init__(self, code: str, reason: Text) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class ContactRow:
    """A person or organisation as a file names them.

    Empty texts are ``""``. ``birth_date`` is ISO (``1980-03-22``, Gregorian). ``identifiers`` are pairs of scheme and
    raw value; addresses are dicts of `ADDRESS_TEXTS` (texts) with ``latitude`` and ``longitude`` (degrees or None).
    ``external_id`` is unique within ``source`` only; without one a contact is known by ``raw_hash``.
    """

    line: int
    external_id: str | None
    kind: str
    name: str
    given: str
    family: str
    latin_given: str
    latin_family: str
    birth_date: str | None
    language: str
    identifiers: tuple[tuple[str, str], ...]
    addresses: tuple[dict[str, Any], ...]
    organisation: str
    notes: str
    raw_hash: str
    gender: str = ""
    source: str = ""


@dataclass(frozen=True)
class RequestRow:
    """A request of another system. Times are milliseconds UTC.

    ``status`` is the source's own word, ``status_category`` the core's. ``category`` is the source's broader group of
    ``type_name``, if it has one. ``extra`` holds every other column that was not empty, by its header.
    """

    line: int
    external_id: str
    source: str
    type_name: str
    category: str
    title: str
    text: str
    status: str
    status_category: str
    opened: int
    closed: int | None
    due: int | None
    channel: str
    unit_name: str
    address: dict[str, Any] | None
    resolution: str
    contact: ContactRow | None
    extra: dict[str, str] = field(default_factory=dict)
    raw_hash: str = ""


@dataclass(frozen=True)
class Record:
    """One record of a file before a mapping gives it meaning: ``values`` by column name, all of them text.

    ``nested`` are the columns whose text is JSON of a list or an object: they can be kept but give no field.
    """

    line: int
    values: Mapping[str, str]
    nested: frozenset[str] = frozenset()


_CANONICAL = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


def row_hash(values: Iterable[tuple[str, Any]]) -> str:
    """SHA-256 (hex) over the canonical JSON of what was read.

    Pairs whose value is empty do not count and order does not matter, so that a column added or moved leaves it alone.
    """
    kept = sorted([name, value] for name, value in values if value)
    return hashlib.sha256(_CANONICAL.encode(kept).encode("ascii")).hexdigest()
