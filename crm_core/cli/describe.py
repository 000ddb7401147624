"""A contact in plain data, as ``crm show contact --json`` prints it; ids are decimal text, times ISO in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crm_core.errors import NotFound
from crm_core.i18n import TextFactory, choose
from crm_core.model.contact import Contact
from crm_core.model.ids import parse_id
from crm_core.model.interaction import Interaction
from crm_core.model.request import Request
from crm_core.services import Services
from crm_core.services.timeline import Entry, Redacted
from crm_core.text.digits import to_ascii

_ = TextFactory("crm_core")


def contact_of(services: Services, typed: str) -> Contact:
    """The contact of an id as it was typed, also in Persian digits. Raises NotFound."""
    contact = services.contacts.find(parse_id(to_ascii(typed)))
    if contact is None:
        raise NotFound(_("There is no contact ${id}.", mapping={"id": typed}))
    return contact


def contact_details(services: Services, contact: Contact, language: str) -> dict[str, Any]:
    """Everything the identity of ``services`` may see of one contact."""
    linked = services.contacts.linked(contact)
    names = ("kind", "name", "given", "family", "latin_given", "latin_family", "gender", "birth_date", "language",
             "preferred_channel", "notes", "confidentiality")
    rows = list(_all_rows(services, linked))
    return {
        "id": str(contact.id),
        **{name: getattr(contact, name) for name in names},
        "created": iso(contact.created),
        "identifiers": [
            {"scheme": one.scheme, "value": one.value, "proof": one.proof, "proven": iso(one.proven_at),
             "retired": iso(one.retired)}
            for one in contact.identifiers
        ],
        "addresses": list(contact.addresses),
        "relations": [{"kind": one.kind, "contact": str(one.other)} for one in contact.relations],
        "linked": [str(other.id) for other in linked[1:]],
        "requests": [request_row(services, request, language) for other in linked
                     for request in services.requests.of_contact(other)],
        "timeline": [_entry(row) if isinstance(row, Entry) else _redacted(row) for row in rows],
    }


def request_row(services: Services, request: Request, language: str) -> dict[str, Any]:
    """A request in one line of plain data."""
    return {
        "id": str(request.id), "code": request.code, "type": request.type,
        "type_title": choose(request.version.labels, language), "title": request.title, "text": request.text,
        "status": request.status, "status_title": choose(request.version.status(request.status).labels, language),
        "category": request.category, "opened": iso(request.created), "due": iso(request.due),
        "closed": iso(request.closed), "external": request.external,
        "answers": request.submission.answers if request.submission is not None else {},
    }


def iso(at: int | None) -> str | None:
    """Milliseconds UTC as ISO text to the second."""
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds")


def _all_rows(services: Services, contacts: list[Contact]) -> list[Entry | Redacted]:
    rows: list[Entry | Redacted] = []
    before: int | None = None
    while True:
        page = services.timeline.page(contacts, before=before, limit=500)
        rows += page.rows
        if page.next is None:
            return rows
        before = page.next


def _entry(entry: Entry) -> dict[str, Any]:
    thing = entry.thing
    title = thing.subject if isinstance(thing, Interaction) else entry.request.title if entry.request else ""
    row = {"at": iso(entry.at), "kind": entry.header.kind, "channel": entry.header.channel, "title": title,
           "request": entry.request.code if entry.request is not None else None}
    if isinstance(thing, Interaction):
        return row | {"body": thing.body, "outcome": thing.outcome, "direction": thing.direction}
    return row | {"data": thing.data}


def _redacted(row: Redacted) -> dict[str, Any]:
    return {"redacted": row.count, "unit": None if row.unit is None else str(row.unit), "from": iso(row.first),
            "to": iso(row.last)}
