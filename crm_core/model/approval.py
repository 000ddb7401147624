"""Approvals: a way of a request that waits until it is decided; the list of what waits; who stands in for whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

from BTrees.LOBTree import LOBTree
from BTrees.OOBTree import OOBTree
from persistent import Persistent

from crm_core.model.record import Record
from crm_core.model.workflow import Level


class ApprovalState(StrEnum):
    """How an approval stands. ``approved``: the way is open, and was not taken yet; ``done``: it was taken."""

    WAITING = "waiting"
    APPROVED = "approved"
    DONE = "done"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    OVERTAKEN = "overtaken"  # the request went another way


class Approval(Record):
    """``created_by`` asks that a ``request`` (id) may go from ``source`` to ``target``. Times are milliseconds UTC.

    It waits at ``level`` (a place in ``levels``) until ``due`` (None: without end). ``said``: what was said when it was
    asked: note, answer, confirmed lines. ``decisions``: a row for each level that approved: ``by``, ``for`` (in
    whose stead, or None), ``at``, ``own`` (his own question, which nobody else could decide).
    """

    request: int = 0
    source: str = ""
    target: str = ""
    levels: tuple[Level, ...] = ()
    days: int = 0
    level: int = 0
    due: int | None = None
    reminded: int | None = None
    state: str = ApprovalState.WAITING.value
    said: dict[str, Any]
    decisions: tuple[dict[str, Any], ...] = ()
    ended: int | None = None
    ended_by: int | None = None
    note: str = ""
    """why it was refused or withdrawn, or could not be carried out"""

    @property
    def is_waiting(self) -> bool:
        return self.state == ApprovalState.WAITING

    @property
    def now_with(self) -> Level:
        """Who decides next; the last one who did where it waits no more."""
        return self.levels[min(self.level, len(self.levels) - 1)]


class ApprovalBook(Persistent):
    """Approvals that wait, by id and by who decides; and who stands in for whom."""

    def __init__(self) -> None:
        self.waiting = LOBTree()
        """id → `Approval`"""
        self.by_key = OOBTree()
        """`key_of` a level → LOBTree of id → `Approval`"""
        self.deputies = LOBTree()
        """user id → (deputy's user id, from, to)"""

    def put(self, approval: Approval) -> None:
        """File an approval where those who decide it now find it."""
        key = key_of(approval.now_with)
        if key not in self.by_key:
            self.by_key[key] = LOBTree()
        self.by_key[key][approval.id] = approval
        self.waiting[approval.id] = approval

    def take(self, approval: Approval) -> None:
        """Take an approval out of the lists, where it stands as it is now."""
        self.waiting.pop(approval.id, None)
        tree = self.by_key.get(key_of(approval.now_with))
        if tree is not None:
            tree.pop(approval.id, None)
            if not tree:
                del self.by_key[key_of(approval.now_with)]

    def of_keys(self, keys: Iterable[str]) -> Iterator[Approval]:
        """What waits for these keys, each once, in the order in which it was asked."""
        found = {id_: one for key in keys for id_, one in self.by_key.get(key, {}).items()}
        return (found[id_] for id_ in sorted(found))


def key_of(level: Level) -> str:
    """Who decides at a level, as one word."""
    if level.user is not None:
        return f"u{level.user}"
    return f"r{level.role}" + (f"@{level.unit}" if level.unit is not None else "")
