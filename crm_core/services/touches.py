"""What was said, taken out of everything it is filed in: its citizen, its requests, and those nobody has a name for.
"""

from __future__ import annotations

from typing import Any

from crm_core.model.contact import Contact
from crm_core.model.ids import first_id
from crm_core.model.interaction import Interaction
from crm_core.services.context import Context


def remove_touch(context: Context, touch: Interaction, contact: int | None) -> None:
    """Delete a touch; a tombstone stays, and the journal says so under ``contact`` (an id), of whom it told."""
    root = context.root
    for request in (root.requests.get(id_) for id_ in touch.requests):
        if request is not None:
            request.forget_touch(touch)
    holder = None if touch.contact is None else root.contacts.get(touch.contact)
    if holder is not None:
        take_out(holder, touch.started, touch)
    if touch.id in root.unidentified:
        del root.unidentified[touch.id]
    if touch.id in root.interactions:
        del root.interactions[touch.id]
        root.tombstones[touch.id] = context.now
        context.journal.write("interaction.erased", ("interaction", touch.id), context.now, contact)


def keys_of(contact: Contact, at: int, thing: Any) -> list[int]:
    """Where in a contact's history something of the moment ``at`` (milliseconds UTC) stands."""
    return [key for key, one in contact.things.items(first_id(at), first_id(at + 1)) if one is thing]


def take_out(contact: Contact, at: int, thing: Any) -> None:
    """Take something of the moment ``at`` out of a contact's history."""
    for key in keys_of(contact, at, thing):
        del contact.timeline[key]
