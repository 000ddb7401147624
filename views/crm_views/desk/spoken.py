"""The conversation that a new request comes of: the one its address names, or the one its reader has just logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_core.model.contact import Contact
from crm_core.model.ids import first_id, parse_id
from crm_core.model.interaction import Channel, Interaction
from crm_core.services.visibility import Visibility

if TYPE_CHECKING:
    from pyramid.request import Request

TALKS = frozenset({Channel.PHONE, Channel.IN_PERSON})
"""Channels on which a conversation takes its time."""
JUST = 15 * 60_000
"""So long after a call or a visit, in milliseconds, a new request is taken to come of it."""
LONGEST = 2 * 3_600_000
"""Milliseconds: one that began earlier is not looked for."""


def spoken(request: Request, contact: Contact) -> Interaction | None:
    """The conversation of this citizen that the address names (``from``), if it may be read; None for anything else."""
    interaction = request.services.root.interactions.get(parse_id(request.GET.get("from", "")) or 0)
    known: Interaction | None = interaction if interaction is not None and interaction.contact == contact.id else None
    return known if known is not None and request.services.eyes.of(known) is Visibility.FULL else None


def just_spoken(request: Request, contact: Contact) -> Interaction | None:
    """The last call or visit of this citizen that the reader logged himself, if it is over since `JUST` at most."""
    services = request.services
    since = services.now - JUST
    for header in reversed(list(contact.timeline.values(first_id(since - LONGEST)))):
        one = header.ref
        if header.by != services.identity.user_id or header.channel not in TALKS or not isinstance(one, Interaction):
            continue
        if one.started + 1000 * one.duration >= since and services.eyes.of(one) is Visibility.FULL:
            return one
    return None
