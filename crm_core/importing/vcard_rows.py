"""Cards to contact rows: which property gives which field, and what of a card is kept as a note.

Identifiers, names, addresses and the birthday have fields; titles, nicknames, links and the like are readable words and
go to the notes; pictures, keys and what address books keep for themselves are left out and named once.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from crm_core.importing import convert, reasons
from crm_core.importing.checks import check_values, contact_row
from crm_core.importing.fields import CONTACT_FIELDS, limit
from crm_core.importing.notices import Notices
from crm_core.importing.rows import MAX_IDENTIFIERS, MAX_LANGUAGE, ContactRow, row_hash
from crm_core.importing.vcard import Card, Property

# Properties that say when and by what a card was written, or how it is to be shown: no change of the contact itself.
_NOT_CONTENT = frozenset(("REV", "PRODID", "X-PRODID"))
_SILENT = frozenset(
    (*_NOT_CONTENT, "LABEL", "SORT-STRING", "MAILER", "CLASS", "PROFILE", "SOURCE", "NAME", "CLIENTPIDMAP", "XML",
     "X-ABLABEL", "BEGIN", "END", "AGENT")
)  # fmt: skip
_AS_NOTE = frozenset(
    ("NICKNAME", "TITLE", "ROLE", "URL", "CATEGORIES", "ANNIVERSARY", "RELATED", "MEMBER", "X-AIM", "X-ICQ", "X-SKYPE",
     "X-SKYPE-USERNAME", "X-JABBER", "X-MSN", "X-YAHOO", "X-MS-IMADDRESS", "IMPP", "X-SPOUSE", "X-EVOLUTION-SPOUSE",
     "X-EVOLUTION-MANAGER", "X-EVOLUTION-ASSISTANT", "X-MS-MANAGER", "X-MS-ASSISTANT", "X-ABRELATEDNAMES", "X-ABDATE",
     "X-MS-ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY", "X-GENDER")
)  # fmt: skip
SOURCE = "vcard"
"""Where the UIDs of cards are unique."""

_READ = frozenset(
    ("FN", "N", "ORG", "TEL", "EMAIL", "ADR", "BDAY", "NOTE", "UID", "LANG", "GENDER", "KIND", "GEO", "X-ABSHOWAS",
     "X-TELEGRAM", "X-WHATSAPP")
)  # fmt: skip
_GENDERS = {"M": "male", "F": "female"}
_APPLE_LABEL = re.compile(r"_\$!<(.*)>!\$_")
_PARTIAL_DATE = re.compile(r"--(\d{2})-?(\d{2})?|---(\d{2})|(\d{4})(?:-(\d{2}))?")
_MESSENGERS = (
    ("telegram:", "telegram"), ("tg:", "telegram"), ("whatsapp:", "whatsapp"), ("bale:", "bale"), ("eitaa:", "eitaa"),
)  # fmt: skip


def contact(card: Card, encoding: str, warnings: Notices) -> ContactRow:
    """The contact of one card. Raises `Refusal`."""
    content = [item for item in card.properties if item.name not in _NOT_CONTENT]
    check_values(
        {f"{item.name} {index}": "" if item.is_binary else item.value for index, item in enumerate(card.properties)},
        encoding,
    )
    reading = _Reading(card, warnings)
    if "GROUP" in (item.text().strip().upper() for item in reading.all("KIND")):
        raise reasons.card_group()
    raw_hash = row_hash((f"{item.name};{sorted(item.parameters.items())}", item.value) for item in content)
    texts = dict.fromkeys((name for name, kind in CONTACT_FIELDS.items() if kind == "text"), "")
    texts.update(reading.names())
    texts["external_id"] = reading.first("UID")
    texts["language"] = reading.language()
    for field, value in texts.items():
        if len(value) > limit(field):
            raise reasons.too_long({"external_id": "UID"}.get(field, field.upper()), limit(field))
    return contact_row(
        line=card.line,
        texts=texts,
        kind=reading.kind(texts),
        birth_date=reading.birthday(),
        gender=reading.gender(),
        identifiers=reading.identifiers(),
        addresses=reading.addresses(),
        notes=reading.notes(),
        raw_hash=raw_hash,
        source=SOURCE,
    )


class _Reading:
    """One card being read; ``more`` gathers what goes to the notes."""

    def __init__(self, card: Card, warnings: Notices) -> None:
        self.card = card
        self.warnings = warnings
        self.more: list[str] = []
        self.labels = {
            item.group: _APPLE_LABEL.sub(r"\1", item.text()) for item in card.properties if item.name == "X-ABLABEL"
        }

    def all(self, name: str) -> list[Property]:
        return [item for item in self.card.properties if item.name == name]

    def first(self, name: str) -> str:
        return next((text for item in self.all(name) if (text := self._text(item))), "")

    def _text(self, item: Property) -> str:
        return self._counted(item, item.text()).strip()

    def _parts(self, item: Property, count: int) -> list[str]:
        parts = [self._counted(item, part).strip() for part in item.components()]
        return (parts + [""] * count)[:count]

    def _counted(self, item: Property, text: str) -> str:
        if "\0" in text:
            raise reasons.nul(item.name)
        if "\ufffd" in text and "\ufffd" not in item.value:
            self.warnings.count("bytes", "\ufffd")
        return text

    def names(self) -> dict[str, str]:
        """Name in full and in parts. The full name is FN; without it N in the order people say it (RFC 6350, 6.2.2)."""
        found = {"name": self.first("FN"), "given": "", "family": "", "organisation": ""}
        for item in self.all("N")[:1]:
            family, given, additional, prefix, suffix = self._parts(item, 5)
            found["family"], found["given"] = family, given
            said = " ".join(part for part in (prefix, given, additional, family, suffix) if part)
            found["name"] = found["name"] or " ".join(said.split())
        for number, item in enumerate(self.all("ORG")):
            units = [part.strip() for part in item.components() if part.strip()]
            if number == 0:
                found["organisation"] = ", ".join(units)
            elif units:
                self.more.append(f"ORG: {', '.join(units)}")
            for unit in units:
                self._counted(item, unit)
        return {name: " ".join(text.split()) if name != "organisation" else text for name, text in found.items()}

    def kind(self, texts: dict[str, str]) -> str:
        stated = self.first("KIND").upper() or self.first("X-ABSHOWAS").upper()
        if stated in ("ORG", "ORGANIZATION", "COMPANY"):
            return "organisation"
        in_parts = texts["given"] or texts["family"]
        if not in_parts and texts["organisation"] and texts["name"] in ("", texts["organisation"]):
            return "organisation"
        return "person"

    def language(self) -> str:
        return self.first("LANG").lower()[:MAX_LANGUAGE]

    def gender(self) -> str:
        return _GENDERS.get(self.first("GENDER")[:1].upper(), "")

    def birthday(self) -> str | None:
        for item in self.all("BDAY"):
            text = self._text(item)
            if not text:
                continue
            day = re.split("[T ]", text, maxsplit=1)[0]
            if _PARTIAL_DATE.fullmatch(day) or "text" in (value.lower() for value in item.parameters.get("VALUE", ())):
                self.more.append(f"BDAY: {text}")  # a day without its year cannot be a date, but people want to know it
                continue
            try:
                return convert.iso_date(day, "gregorian")
            except ValueError as error:
                raise reasons.not_a_date("BDAY", text) from error
        return None

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        pairs: dict[tuple[str, str], None] = {}
        for item in self.card.properties:
            for scheme, value in self._identifier(item):
                if len(value) > limit(scheme):
                    raise reasons.too_long(item.name, limit(scheme))
                pairs[scheme, value] = None
        if len(pairs) > MAX_IDENTIFIERS:
            raise reasons.too_many(MAX_IDENTIFIERS)
        return tuple(pairs)

    def _identifier(self, item: Property) -> list[tuple[str, str]]:
        if item.name not in ("TEL", "EMAIL", "IMPP", "X-TELEGRAM", "X-WHATSAPP"):
            return []
        value = self._text(item)
        if not value:
            return []
        if item.name == "TEL":
            # A URI of RFC 3966 says the number first and parameters such as ;ext=102 after it.
            number = unquote(value[4:]).replace(";ext=", " ext. ") if value[:4].lower() == "tel:" else value
            if "FAX" in item.types() and not item.types() & {"VOICE", "CELL"}:
                self.more.append(f"FAX: {number}")
                return []
            return [("phone", number.partition(";")[0])]
        if item.name == "EMAIL":
            return [("email", value[7:] if value[:7].lower() == "mailto:" else value)]
        if item.name in ("X-TELEGRAM", "X-WHATSAPP"):
            return [(item.name[2:].lower(), value)]
        for prefix, scheme in _MESSENGERS:
            if value.lower().startswith(prefix):
                return [(scheme, value[len(prefix) :])]
        return []

    def addresses(self) -> tuple[dict[str, Any], ...]:
        found: list[dict[str, Any]] = []
        for item in self.all("ADR"):
            box, extended, street, city, province, code, country = (
                ", ".join(part.splitlines()).rstrip(" ,،") for part in self._parts(item, 7)
            )
            line = ", ".join(part for part in (street, extended, box, country) if part)
            if not (line or city or province or code):
                continue
            address = {"province": province, "city": city, "district": "", "line": line, "postal_code": code}
            for name, text in address.items():
                if len(text) > limit(f"address.{name}"):
                    raise reasons.too_long("ADR", limit(f"address.{name}"))
            found.append({**address, "latitude": None, "longitude": None})
        position = self._position()
        if position and found:
            found[0]["latitude"], found[0]["longitude"] = position
        return tuple(found)

    def _position(self) -> tuple[float, float] | None:
        text = self.first("GEO")
        if not text:
            return None
        try:
            latitude, longitude = re.split("[;,]", text.removeprefix("geo:").partition(";u=")[0])[:2]
            return convert.degrees(latitude, 90), convert.degrees(longitude, 180)
        except ValueError:
            self.more.append(f"GEO: {text}")
            return None

    def notes(self) -> list[str]:
        written = [self._text(item) for item in self.all("NOTE")]
        for item in self.card.properties:
            if item.name in _AS_NOTE and not item.is_binary:
                value = ", ".join(part for part in item.components(";,") if part.strip()) or ""
                value = self._text(item) if item.name != "CATEGORIES" else value
                if item.name == "IMPP" and self._identifier(item):
                    continue
                label = self.labels.get(item.group) if item.group else None
                if value:
                    self.more.append(f"{label or item.name.removeprefix('X-')}: {value}")
            elif item.name not in _READ | _SILENT | _AS_NOTE :
                self.warnings.left_out(item.name)
        return [*written, *self.more]
