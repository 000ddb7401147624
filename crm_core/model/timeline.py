"""The history of a contact, newest last: under one key a small plain header to filter by, and what it is of.

The two lie in trees of their own: a walk over headers meets no persistent reference, of which each would cost a ghost.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from BTrees.LOBTree import LOBTree
from persistent import Persistent


class EntryKind:
    """Words for the kind of an entry, as stored in headers."""

    INTERACTION = "interaction"
    REGISTERED = "request.registered"
    STATUS = "request.status"
    ASSIGNED = "request.assigned"
    CHANGED = "request.changed"
    ATTACHED = "request.attached"
    APPROVAL_ASKED = "approval.asked"
    APPROVAL_GIVEN = "approval.given"
    APPROVAL_REFUSED = "approval.refused"
    APPROVAL_ENDED = "approval.ended"
    DEADLINE = "request.deadline"
    PROMISED = "promise.made"
    KEPT = "promise.kept"
    BROKEN = "promise.broken"
    WITHDRAWN = "promise.withdrawn"


PROMISES = frozenset({EntryKind.PROMISED, EntryKind.KEPT, EntryKind.BROKEN, EntryKind.WITHDRAWN})
"""Kinds of entries about promises. Their events have the promise's id as ``promise`` in their data, and 0 for a request
where it is about none."""
WRITTEN = PROMISES | {EntryKind.INTERACTION}
"""Kinds of entries that somebody wrote in a unit; all others are facts about requests."""


class Header(NamedTuple):
    """The short word of an entry. ``ref`` is the `Event` or `Interaction` itself, None in walks over headers alone.

    Stored as a plain tuple without ``ref`` (`row`).
    """

    ref: Any
    kind: str
    channel: str = ""
    type: str = ""
    unit: int | None = None
    requests: tuple[int, ...] = ()
    voice: str = "internal"
    by: int | None = None
    """the user who wrote it down: one may read what one logged oneself"""

    @property
    def row(self) -> tuple[Any, ...]:
        """What is stored of it."""
        return tuple(self[1:])


class History:
    """The entries of one contact as one tree of key → `Header` with its ``ref``, over the two trees that are stored.

    For few entries, and for whatever changes them; who only counts or filters walks over ``headers``.
    """

    def __init__(self, headers: LOBTree, things: LOBTree) -> None:
        self.headers = headers
        """key → `Header.row`"""
        self.things = things
        """key → `Event` or `Interaction`"""

    def __len__(self) -> int:
        return len(self.headers)

    def __bool__(self) -> bool:
        return bool(self.headers)  # a length would load all of it

    def __contains__(self, key: int) -> bool:
        return key in self.headers

    def __iter__(self) -> Iterator[int]:
        return iter(self.headers)

    def __getitem__(self, key: int) -> Header:
        return Header(self.things[key], *self.headers[key])

    def __setitem__(self, key: int, header: Header) -> None:
        self.headers[key] = header.row
        if self.things.get(key) is not header.ref:
            self.things[key] = header.ref

    def __delitem__(self, key: int) -> None:
        del self.headers[key]
        del self.things[key]

    def keys(self, low: int | None = None, high: int | None = None) -> Any:
        """The keys from ``low`` to ``high``, both inclusive."""
        return self.headers.keys(low, high)

    def values(self, low: int | None = None, high: int | None = None) -> Iterator[Header]:
        """The entries from ``low`` to ``high``, both inclusive, oldest first."""
        return (header for _key, header in self.items(low, high))

    def items(self, low: int | None = None, high: int | None = None) -> Iterator[tuple[int, Header]]:
        """`values`, each with its key."""
        rows = zip(self.headers.items(low, high), self.things.values(low, high), strict=True)
        return ((key, Header(thing, *row)) for (key, row), thing in rows)

    def minKey(self, low: int | None = None) -> int:
        """The oldest key from ``low`` on; ValueError where there is none."""
        return int(self.headers.minKey(low))

    def maxKey(self, high: int | None = None) -> int:
        """The newest key up to ``high``; ValueError where there is none."""
        return int(self.headers.maxKey(high))

    def pop(self, key: int) -> Header:
        """Take an entry out."""
        header = self[key]
        del self[key]
        return header

    def clear(self) -> None:
        """Take all entries out."""
        self.headers.clear()
        self.things.clear()


class Event(Persistent):
    """An immutable fact about a request or a promise (registered, status changed, assigned); ``data`` is plain.

    Status and permission are read from the request when the entry is shown, never copied here.
    """

    def __init__(
        self, id_: int, kind: str, at: int, by: int | None, contact: int | None, request: int, data: dict[str, Any]
    ) -> None:
        self.id = id_
        self.kind = kind
        self.at = at
        self.by = by
        self.contact = contact
        self.request = request
        self.data = data
