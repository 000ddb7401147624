"""The history of a contact: one tree, newest last, whose values carry a small header to filter without loading."""

from __future__ import annotations

from typing import Any, NamedTuple

from persistent import Persistent


class EntryKind:
    """Words for the kind of an entry, as stored in headers."""

    INTERACTION = "interaction"
    REGISTERED = "request.registered"
    STATUS = "request.status"
    ASSIGNED = "request.assigned"
    CHANGED = "request.changed"


class Header(NamedTuple):
    """The value under a timeline key. ``ref`` is the `Event` or `Interaction` itself (a persistent reference)."""

    ref: Any
    kind: str
    channel: str = ""
    type: str = ""
    unit: int | None = None
    requests: tuple[int, ...] = ()
    voice: str = "internal"
    by: int | None = None
    """the user who wrote it down: one may read what one logged oneself"""


class Event(Persistent):
    """An immutable fact about a request (registered, status changed, assigned); ``data`` is plain.

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
