"""What happened to a dossier since it was opened: asked for every few seconds, and cheap when nothing did.

A page knows its place in the journal's streams of its records; journal order is commit order, so nothing is missed.
The place moves for what is hidden and for other citizens too, so it is sealed: whoever carries it cannot tell.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from pyramid.response import Response

from crm_core import journal
from crm_core.journal import Position
from crm_core.model.contact import Contact
from crm_core.model.journal import JournalEntry
from crm_core.services.visibility import Visibility
from crm_views.installation import derived
from crm_views.sealing import seal, unseal

if TYPE_CHECKING:
    from pyramid.request import Request

_PLACE = struct.Struct(">QQ")
LONGEST = 8000
"""Characters of a place that are looked at: some hundreds of linked records."""


def place(request: Request, linked: list[Contact]) -> str:
    """Where the journal stands for these records, sealed: a segment and an offset a record, in their order."""
    places = (journal.place_of(request.services.root, contact.id) for contact in linked)
    return seal(_key(request), b"".join(_PLACE.pack(*one) for one in places))


def _places(request: Request, after: str) -> list[Position]:
    """What a place says; nothing where it is none of ours."""
    content = unseal(_key(request), after) if len(after) <= LONGEST else None
    return [Position(*one) for one in _PLACE.iter_unpack(content)] if content and not len(content) % 16 else []


def _key(request: Request) -> str:
    return derived(request.registry.crm_secret, "places of the journal")


def is_new(request: Request, linked: list[Contact], after: str) -> bool:
    """Whether something the reader may know of happened behind the place ``after``.

    What is hidden from the reader is no news. A place that says nothing, or was made for other records, is old.
    """
    places = _places(request, after)
    if len(places) != len(linked):
        return True
    for contact, found in zip(linked, places, strict=True):
        told = journal.told_of(request.services.root, contact.id, found)
        if told is None or any(_concerns(request, entry) for entry in told):
            return True
    return False


def _concerns(request: Request, entry: JournalEntry) -> bool:
    # Only what stands in the timeline or beside it: the rest of a record is read when the page is opened again.
    root, (kind, id_) = request.services.root, entry.subject
    things = {"request": root.requests, "interaction": root.interactions,
              "promise": root.promises.promises if root.promises is not None else None}.get(kind)
    if things is None:
        return False
    thing = things.get(id_)
    return thing is None or request.services.eyes.of(thing) is not Visibility.HIDDEN


def html(request: Request, markup: str) -> Response:
    """A part of a page as a response of its own."""
    response = request.response
    response.text = str(markup)
    return response
