"""The fields a column can be mapped to: their names, kinds and, for words, what the words mean.

One table for both mappings and builders, so that a field cannot be known to one and not to the other.
"""

from __future__ import annotations

from types import MappingProxyType

from crm_core.importing.rows import (
    ADDRESS_TEXTS,
    CHANNELS,
    MAX_KEY,
    MAX_LANGUAGE,
    MAX_NAME,
    MAX_NOTES,
    MAX_SHORT,
    MAX_TEXT,
    MAX_WORDS,
    STATUS_CATEGORIES,
)
from crm_core.text.folding import squash

IDENTIFIERS = (
    "phone", "email", "national_id", "legal_id", "passport", "telegram", "bale", "eitaa", "whatsapp", "external",
)  # fmt: skip
"""Schemes of `crm_core.text.identifiers` a contact can be known by; ``external`` is an id of another system."""

_ADDRESS = {
    **{f"address.{name}": "text" for name in ADDRESS_TEXTS},
    "address.latitude": "other",
    "address.longitude": "other",
}

CONTACT_FIELDS = MappingProxyType(
    {
        **dict.fromkeys(("external_id", "name", "given", "family", "latin_given", "latin_family"), "text"),
        **dict.fromkeys(("language", "organisation", "notes"), "text"),
        "kind": "other",
        "gender": "other",
        "birth_date": "date",
        **dict.fromkeys(IDENTIFIERS, "list"),
        **_ADDRESS,
    }
)
"""Fields of a contact and the kind of their converters."""

REQUEST_FIELDS = MappingProxyType(
    {
        **dict.fromkeys(("external_id", "type_name", "category", "title", "text", "unit_name", "resolution"), "text"),
        "status": "other",
        "channel": "other",
        "opened": "time",
        "closed": "time",
        "updated": "time",
        "due": "time",
        **_ADDRESS,
        **{f"contact.{name}": kind for name, kind in CONTACT_FIELDS.items()},
    }
)
"""Fields of a request; ``updated`` is the closing time of what is closed, as Open311 GeoReport v2 has it."""

FIELDS = MappingProxyType({"contacts": CONTACT_FIELDS, "requests": REQUEST_FIELDS})

_LIMITS = MappingProxyType(
    {
        **dict.fromkeys(("external_id", *IDENTIFIERS), MAX_KEY),
        **dict.fromkeys(("name", "given", "family", "latin_given", "latin_family", "title"), MAX_NAME),
        "language": MAX_LANGUAGE,
        "notes": MAX_NOTES,
        "text": MAX_WORDS,
        "resolution": MAX_TEXT,
    }
)
JOINED = MappingProxyType({"title": ": ", "text": "\n\n", "notes": "\n", "resolution": "\n\n", "address.line": "، "})
"""What stands between the values of several columns for one field; a space for all others."""


def limit(field: str) -> int:
    """The greatest length of a text field."""
    return _LIMITS.get(field.removeprefix("contact."), MAX_SHORT)


def column_key(name: str) -> str:
    """What two spellings of a column's name share: ``Incident Zip``, ``incident_zip``; ``کد ملی``, ``كدملي``."""
    return "".join(char for char in squash(name) if char.isalnum()) or squash(name)


def word_key(word: str) -> str:
    """What two spellings of a word in a list (a status, a channel) share."""
    return squash(word)


def _table(words: dict[str, tuple[str, ...]]) -> MappingProxyType[str, str]:
    return MappingProxyType({word_key(word): meaning for meaning, spellings in words.items() for word in spellings})


KINDS = _table(
    {
        "person": ("person", "individual", "natural", "حقیقی", "شخص", "شخص حقیقی", "فرد"),
        "organisation": (
            "organisation", "organization", "company", "legal", "org", "حقوقی", "شخص حقوقی", "شرکت", "سازمان", "نهاد",
        ),
    }
)  # fmt: skip
GENDERS = _table(
    {
        "male": ("male", "m", "man", "مرد", "مذکر", "آقا"),
        "female": ("female", "f", "woman", "زن", "مونث", "خانم"),
    }
)

STATUSES = _table(
    {
        "new": (*STATUS_CATEGORIES[:1], "registered", "submitted", "جدید", "ثبت شده", "ثبت‌شده"),
        "open": ("open", "in progress", "assigned", "started", "active", "باز", "در حال بررسی", "در دست اقدام", "جاری"),
        "waiting": ("waiting", "pending", "on hold", "در انتظار", "منتظر", "معلق"),
        "done": ("done", "closed", "resolved", "completed", "answered", "بسته", "بسته شده", "پایان یافته", "انجام شده"),
        "cancelled": ("cancelled", "canceled", "withdrawn", "rejected", "لغو", "لغو شده", "انصراف", "رد شده"),
    }
)  # fmt: skip
"""Usual words of a status; a mapping's own table goes first."""

_CHANNEL_WORDS: dict[str, tuple[str, ...]] = {
    "in_person": ("in person", "walk in", "counter", "desk", "حضوری", "مراجعه", "مراجعه حضوری"),
    "kiosk": ("کیوسک",),
    "phone": ("call", "telephone", "تلفن", "تلفنی", "تماس", "تماس تلفنی"),
    "sms": ("text message", "پیامک"),
    "email": ("e-mail", "mail", "ایمیل", "رایانامه"),
    "fax": ("نمابر", "فکس"),
    "letter": ("post", "paper", "نامه"),
    "website": ("web", "online", "internet", "mobile", "app", "سایت", "وب سایت", "پورتال", "اینترنتی", "سامانه"),
    "chat": ("گفتگو", "چت"),
    "messenger": ("telegram", "whatsapp", "پیام رسان", "تلگرام"),
    "note": ("یادداشت",),
}
CHANNEL_WORDS = _table({channel: (channel, *_CHANNEL_WORDS[channel]) for channel in CHANNELS})
"""Usual words of a channel; a mapping's own table goes first."""
