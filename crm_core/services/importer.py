"""Storing imported rows: each known by its key and digest, so that a second run changes nothing and an interrupted one
completes. Likely doubles are reported, never merged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from crm_core import builtin
from crm_core.errors import CrmError
from crm_core.i18n import Text, TextFactory
from crm_core.importing.rows import ContactRow, RequestRow
from crm_core.model.contact import Contact, Proof
from crm_core.model.request import Category, Request
from crm_core.services import Services, erasedrows
from crm_core.services.reasons import identifier_reason
from crm_core.text.errors import InvalidIdentifier
from crm_core.text.identifiers import normalise

_ = TextFactory("crm_core")

STATUS_OF = {
    Category.NEW: "new",
    Category.OPEN: "working",
    Category.WAITING: "waiting",
    Category.DONE: "answered",
    Category.CANCELLED: "cancelled",
}
"""The status of an imported request by the category its mapping gives."""

What = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True)
class Stored:
    """What became of a row: the verb, sentences on what was kept otherwise than asked, and ids of likely doubles."""

    what: What
    id: int
    warnings: tuple[Text, ...] = ()
    duplicates: tuple[int, ...] = ()


class ErasedHere(CrmError):
    """The citizen of a row was erased: it does not come in by itself."""


class Importer:
    """Stores one row at a time in the transaction of ``services``; ``erased_too``: also of citizens who were erased."""

    def __init__(self, services: Services, *, erased_too: bool = False) -> None:
        self.services = services
        self.erased_too = erased_too
        self.external = services.root.indexes.external

    # ── contacts ─────────────────────────────────────────────────────────────────────────────────────────

    def contact(self, row: ContactRow) -> Stored:
        """Store a contact row. Raises Invalid when the contact cannot be kept at all, ErasedHere."""
        key = _key_of(row)
        self._demand_not_erased(key)
        known = self.external.get(key)
        if known is not None and known[1] == row.raw_hash:
            return Stored("unchanged", known[0])
        usable, unusable = _identifiers(row)
        if row.birth_date is not None and row.birth_date > _day(self.services.now):
            unusable[f"birth date: {row.birth_date}"] = _(
                "“${value}” was kept in the notes: ${reason}",
                mapping={"value": row.birth_date, "reason": _("A date of birth lies in the past.")},
            )
            row = replace(row, birth_date=None)
        values = _contact_values(row, unusable)
        contact = None if known is None else self.services.contacts.find(known[0])
        if contact is None:
            contact = self.services.contacts.create(
                identifiers=[(scheme, value, Proof.HEARSAY) for scheme, value in usable], external=key, **values
            )
            what: What = "created"
        else:
            self._update(contact, values, usable)
            what = "updated"
        self.external[key] = (contact.id, row.raw_hash)
        doubles = self.services.duplicates.of(contact) if what == "created" else []
        return Stored(what, contact.id, tuple(unusable.values()), tuple(double.contact.id for double in doubles))

    def _demand_not_erased(self, key: str) -> None:
        """Raises ErasedHere, unless they are wanted too: then the mark goes, and the next run needs no such word."""
        id_ = erasedrows.erased_as(self.services.root, key)
        if id_ is None:
            return
        if not self.erased_too:
            at = self.services.root.tombstones.get(id_, 0)
            raise ErasedHere(_("This citizen was erased here on ${day}, so the row was left out (--erased-too takes it "
                               "in).", mapping={"day": _day(at)}))
        erasedrows.forget(self.services.root, key)

    def _update(self, contact: Contact, values: dict[str, Any], identifiers: list[tuple[str, str]]) -> None:
        """The file's word on what it names; what people wrote in the record stays, the file's notes go behind it."""
        named = {name: value for name, value in values.items() if value and name != "notes"}
        if values["notes"] not in contact.notes:
            named["notes"] = f"{contact.notes}\n{values['notes']}".strip()
        self.services.contacts.edit(contact, named)
        for scheme, value in identifiers:
            self.services.contacts.add_identifier(contact, scheme, value, Proof.HEARSAY)

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────

    def request(self, row: RequestRow) -> Stored:
        """Store a request row as an imported request, with its own dates and status. Raises Invalid when it cannot,
        ErasedHere: what it says may tell of who was erased."""
        external = f"{row.source}:{row.external_id}"
        known = self.external.get(f"request:{external}")
        if known is not None and known[1] == row.raw_hash:
            return Stored("unchanged", known[0])
        if row.contact is not None:
            self._demand_not_erased(_key_of(row.contact))
        request = None if known is None else self.services.root.requests.get(known[0])
        if request is None:
            request = self._register(row, external)
            what: What = "created"
        else:
            self.services.requests.edit(request, {"title": row.title, "text": row.text, "due": row.due})
            self.services.requests.answer(self.services, request, _answers(row))
            what = "updated"
        self._status(request, row)
        self.external[f"request:{external}"] = (request.id, row.raw_hash)
        return Stored(what, request.id)

    def _register(self, row: RequestRow, external: str) -> Request:
        contact = None
        if row.contact is not None:
            contact = self.services.contacts.find(self.contact(row.contact).id)
        unit = self.services.units.by_name(row.unit_name) if row.unit_name else None
        return self.services.requests.register(
            self.services, contact, builtin.IMPORTED, _answers(row), title=row.title, text=row.text,
            channel=row.channel, unit=unit.id if unit else None, due=row.due, at=row.opened, external=external,
        )

    def _status(self, request: Request, row: RequestRow) -> None:
        status = STATUS_OF[Category(row.status_category)]
        open_ = Category(row.status_category).is_open
        if status == request.status:
            if not open_ and row.closed is not None:
                self.services.requests.correct_closed(request, row.closed)
            return
        at = row.closed if row.closed is not None and not open_ else row.opened
        self.services.requests.change_status(self.services, request, status, at=at, data={"source": row.status})


def _key_of(row: ContactRow) -> str:
    return f"contact:{row.source}:{row.external_id or '#' + row.raw_hash}"


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).date().isoformat()


def _identifiers(row: ContactRow) -> tuple[list[tuple[str, str]], dict[str, Text]]:
    """Usable (scheme, value) pairs, and for each value that is none the sentence that says so."""
    usable: list[tuple[str, str]] = []
    unusable: dict[str, Text] = {}
    for scheme, value in row.identifiers:
        try:
            normalise(scheme, value)
        except InvalidIdentifier as error:
            unusable[f"{scheme}: {value}"] = _(
                "“${value}” was kept in the notes: ${reason}",
                mapping={"value": value, "reason": identifier_reason(scheme, error)},
            )
        else:
            usable.append((scheme, value))
    return usable, unusable


def _contact_values(row: ContactRow, unusable: dict[str, Text]) -> dict[str, Any]:
    notes = "\n".join(part for part in (row.notes, row.organisation if row.kind == "person" else "", *unusable) if part)
    return {
        "kind": row.kind, "name": row.name, "given": row.given, "family": row.family, "latin_given": row.latin_given,
        "latin_family": row.latin_family, "birth_date": row.birth_date, "language": row.language or "fa",
        "gender": row.gender, "addresses": row.addresses, "notes": notes,
    }


def _answers(row: RequestRow) -> dict[str, Any]:
    address = row.address or {}
    place = "، ".join(str(address[name]) for name in ("line", "district", "city", "province", "postal_code")
                      if address.get(name))
    if not place and address.get("latitude") is not None:
        place = f"{address['latitude']}, {address['longitude']}"
    category = " / ".join(part for part in (row.category, row.type_name) if part)
    return {
        "source": row.source, "category": category, "place": place, "unit_name": row.unit_name,
        "resolution": row.resolution, "details": "\n".join(f"{name}: {value}" for name, value in row.extra.items()),
    }

