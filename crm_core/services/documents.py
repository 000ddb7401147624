"""What full text knows of our objects: contacts, interactions and requests as plain documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from crm_core.model.contact import Contact
from crm_core.model.interaction import Interaction
from crm_core.model.journal import JournalEntry
from crm_core.model.request import Request
from crm_core.model.root import Root
from crm_core.scans import lightly
from crm_core.services.textsearch import Document, Kind

TREES: dict[str, Kind] = {"contact": "contact", "interaction": "interaction", "request": "request"}


def document(thing: Contact | Interaction | Request) -> Document:
    """The document of one object."""
    if isinstance(thing, Contact):
        return _contact(thing)
    if isinstance(thing, Interaction):
        body = f"{thing.body}\n{thing.address}"
        return Document(thing.id, "interaction", thing.contact, thing.subject, body, (), thing.started, thing.unit)
    words = [thing.text, *_answers(thing)]
    codes = tuple(code for code in (thing.code, thing.external.rpartition(":")[2]) if code)
    return Document(thing.id, "request", thing.contact, thing.title, "\n".join(words), codes, thing.created, thing.unit)


def _contact(contact: Contact) -> Document:
    addresses = (" ".join(str(part) for part in address.values()) for address in contact.addresses)
    body = "\n".join((contact.notes, *addresses))
    codes = tuple(identifier.value for identifier in contact.active_identifiers())
    title = f"{contact.name} {contact.latin_name}".strip()
    return Document(contact.id, "contact", contact.id, title, body, codes, contact.modified, None)


def _answers(request: Request) -> Iterator[str]:
    if request.submission is None:
        return
    for answer in request.submission.answers.values():
        yield from _words(answer.get("text", answer.get("value")))


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _words(part)
    elif isinstance(value, list):
        for part in value:
            yield from _words(part)


def find_object(root: Root, kind: str, id_: int) -> Contact | Interaction | Request | None:
    """The object behind a journal subject or hit, None when it is gone or of another kind."""
    tree = {"contact": root.contacts, "interaction": root.interactions, "request": root.requests}.get(kind)
    return None if tree is None else tree.get(id_)


def changed(root: Root, entries: Iterable[JournalEntry]) -> tuple[list[Document], list[tuple[str, int]]]:
    """The documents to put in and the (kind, id) to take out after these journal entries, each object once."""
    subjects = {entry.subject for entry in entries if entry.subject[0] in TREES}
    upserts: list[Document] = []
    deletes: list[tuple[str, int]] = []
    for kind, id_ in sorted(subjects):
        thing = find_object(root, kind, id_)
        if thing is None:
            deletes.append((kind, id_))
        else:
            upserts.append(document(thing))
    return upserts, deletes


def scan(root: Root) -> Iterator[Document]:
    """Every document there is, for building an index anew; keeps the connection's cache small."""
    for tree in (root.contacts, root.requests, root.interactions):
        yield from map(document, lightly(root, tree.values()))
