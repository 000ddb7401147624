"""What a citizen was promised: a record on the contact, with who owes it and until when; and the lists of what is owed.

Each owner has a list of its own, a natural shard: open promises by the moment they are due, ended ones by their end.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from BTrees.LOBTree import LOBTree
from BTrees.OOBTree import OOBTree
from persistent import Persistent

from crm_core.model.record import Record
from crm_core.model.sharded import Sharded
from crm_core.model.timeline import Event


class PromiseState(StrEnum):
    """How a promise stands. An open one whose time has passed is broken too, and may still be kept late."""

    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"  # ended without being kept, after its time
    WITHDRAWN = "withdrawn"  # taken back or moved before its time


class Promise(Record):
    """``due`` and other times are milliseconds UTC. It is owed by a ``user`` or by a ``unit``, never by both.

    ``created_by`` made it, ``made_in`` is the unit he made it in. ``broke`` is set once its time has passed, and stays.
    """

    contact: int = 0
    request: int | None = None
    what: str = ""
    words: str = ""
    due: int = 0
    user: int | None = None
    unit: int | None = None
    made_in: int | None = None
    state: str = PromiseState.OPEN.value
    broke: int | None = None
    reminded: int | None = None
    ended: int | None = None
    ended_by: int | None = None
    note: str = ""
    """how it ended, in words"""
    replaces: int | None = None
    replaced_by: int | None = None
    events: tuple[Event, ...] = ()
    """its entries in the history of the contact"""

    @property
    def requests(self) -> tuple[int, ...]:
        """The ids of the requests it is about, as histories have them."""
        return () if self.request is None else (self.request,)

    @property
    def is_open(self) -> bool:
        return self.state == PromiseState.OPEN

    def is_broken(self, now: int) -> bool:
        """Whether its time passed before it was kept; one that was kept late is."""
        return self.broke is not None or (self.is_open and self.due < now)


class Owed(Persistent):
    """What one owner promised: (due, id) → open promise, and (ended, id) → promise that has ended."""

    def __init__(self) -> None:
        self.open = OOBTree()
        self.ended = OOBTree()


class PromiseBook(Persistent):
    """All promises by id, and what each user and unit owes."""

    def __init__(self) -> None:
        self.promises = Sharded(int)
        self.users = LOBTree()
        """user id → Owed"""
        self.units = LOBTree()
        """unit id → Owed"""

    def of_owner(self, user: int | None, unit: int | None) -> Owed | None:
        """The list of an owner; None while there is none."""
        found: Owed | None = self.users.get(user) if user is not None else self.units.get(unit)
        return found

    def put(self, promise: Promise) -> None:
        """File a promise in the list of its owner."""
        owed = self._owed(promise)
        if promise.is_open:
            owed.open[promise.due, promise.id] = promise
        else:
            owed.ended[promise.ended or 0, promise.id] = promise

    def take(self, promise: Promise) -> None:
        """Take a promise out of the list of its owner, where it stands as it is now."""
        owed = self._owed(promise)
        for tree, key in ((owed.open, (promise.due, promise.id)), (owed.ended, (promise.ended or 0, promise.id))):
            if key in tree:
                del tree[key]

    def is_filed(self, promise: Promise) -> bool:
        """Whether a promise stands where it belongs."""
        owed = self.of_owner(promise.user, promise.unit)
        if owed is None:
            return False
        here, there = (owed.open, owed.ended) if promise.is_open else (owed.ended, owed.open)
        key = (promise.due if promise.is_open else promise.ended or 0, promise.id)
        return here.get(key) is promise and (promise.due, promise.id) not in there

    def lists(self) -> Iterator[Owed]:
        """The lists of all owners."""
        yield from self.users.values()
        yield from self.units.values()

    def _owed(self, promise: Promise) -> Owed:
        tree, key = (self.users, promise.user) if promise.user is not None else (self.units, promise.unit)
        if key not in tree:
            tree[key] = Owed()
        found: Owed = tree[key]
        return found
