"""What a member of staff was told, stored: one bounded list a user, in plain rows.

Notices come from whatever happens at the desk, often several in one moment: appends merge instead of failing.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from persistent import Persistent

MOST = 300
"""Rows that are kept for one user; beyond it the oldest go, those that were seen first."""

Row: TypeAlias = tuple[int, int, str, int, int, str]
"""(id, milliseconds UTC, kind, request id or 0, contact id or 0, values as JSON)."""


class NoticeList(Persistent):
    """``unseen`` and ``seen`` rows, each in the order in which they were stored."""

    def __init__(self) -> None:
        self.unseen: tuple[Row, ...] = ()
        self.seen: tuple[Row, ...] = ()

    def add(self, row: Row) -> None:
        """Put a row behind the others; the oldest give way."""
        self.unseen, self.seen = _bounded((*self.unseen, row), self.seen)

    def mark_seen(self, ids: frozenset[int]) -> bool:
        """Whether one of these rows was unseen until now."""
        found = tuple(row for row in self.unseen if row[0] in ids)
        if found:
            self.unseen = tuple(row for row in self.unseen if row[0] not in ids)
            self.seen = (*self.seen, *found)
        return bool(found)

    def forget(self, contacts: frozenset[int], requests: frozenset[int]) -> bool:
        """Take out all rows about these contacts and requests; whether there were some."""
        def stays(row: Row) -> bool:
            return row[3] not in requests and row[4] not in contacts

        unseen, seen = tuple(filter(stays, self.unseen)), tuple(filter(stays, self.seen))
        if len(unseen) == len(self.unseen) and len(seen) == len(self.seen):
            return False
        self.unseen, self.seen = unseen, seen
        return True

    def _p_resolveConflict(
        self, old: dict[str, Any], saved: dict[str, Any], new: dict[str, Any]
    ) -> dict[str, Any]:
        """What both added stays, what either took away goes, and what either has seen is seen."""
        rows = {row[0]: row for state in (saved, new) for row in (*state["seen"], *state["unseen"])}
        gone = set()
        for state in (saved, new):
            kept = {row[0] for row in (*state["seen"], *state["unseen"])}
            gone |= {row[0] for row in (*old["seen"], *old["unseen"])} - kept
        seen_ids = {row[0] for state in (saved, new) for row in state["seen"]}
        stay = [row for id_, row in rows.items() if id_ not in gone]
        unseen = tuple(row for row in stay if row[0] not in seen_ids)
        seen = tuple(row for row in stay if row[0] in seen_ids)
        unseen, seen = _bounded(unseen, seen)
        return dict(saved, unseen=unseen, seen=seen)


def _bounded(unseen: tuple[Row, ...], seen: tuple[Row, ...]) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    unseen = unseen[-MOST:]
    room = MOST - len(unseen)
    return unseen, seen[-room:] if room else ()
