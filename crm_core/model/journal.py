"""The journal's stored parts: segments whose concurrent appends merge in commit order.

Why not a log keyed by time: commit order is not key order, and a reader with a cursor over time-ordered keys skipped
18 % of the entries in a trial on every storage. A position in a segment *is* commit order.
"""

from __future__ import annotations

from typing import Any

from BTrees.LOBTree import LOBTree
from persistent import Persistent
from ZODB.POSException import ConflictError

SEGMENT_SIZE = 192
"""Whoever fills a segment seals it, and fails all who append to it at that moment: with 64 entries that made more than
half of the failed tries of four clerks. A larger one costs each save some more, since a segment is written whole."""

KINDS = frozenset({
    "approval.asked", "approval.decided", "approval.ended",
    "calendar.changed",
    "collection.added", "collection.changed", "collection.erased", "collection.expired", "collection.removed",
    "contact.changed", "contact.created", "contact.distinct", "contact.erased", "contact.exported", "contact.linked",
    "contact.unlinked",
    "interaction.erased", "interaction.identified", "interaction.logged", "interaction.moved",
    "plugin.changed", "plugin.purged", "plugin.set", "promise.changed", "promise.ended",
    "promise.made",
    "request.assigned", "request.attached", "request.changed", "request.created", "request.erased",
    "request.escalated", "request.moved",
    "request.purged", "request.status",
    "targets.changed", "type.changed", "unit.changed", "unit.created",
    "user.changed", "user.created", "user.login", "user.logout", "user.revoked",
})
"""Every kind of entry: what it is about, and what happened to it. Whoever writes a new kind adds it here."""


class JournalEntry(Persistent):
    """What happened, in ids, kinds and field names only: no words and no values of people."""

    def __init__(
        self, at: int, kind: str, contact: int | None, subject: tuple[str, int], by: int | None, fields: tuple[str, ...]
    ) -> None:
        self.at = at
        self.kind = kind
        self.contact = contact
        self.subject = subject
        self.by = by
        self.fields = fields


class Segment(Persistent):
    """An append-only run of at most `SEGMENT_SIZE` entries (more when appends met in one moment).

    Two transactions that append at once are merged by the storage: what this one added goes behind what the other
    committed. A sealed segment refuses late appends, so that its successor's entries all come later.
    """

    def __init__(self) -> None:
        self.items: tuple[JournalEntry, ...] = ()
        self.sealed = False

    def _p_resolveConflict(
        self, old: dict[str, Any], saved: dict[str, Any], new: dict[str, Any]
    ) -> dict[str, Any]:
        before = old["items"]
        count = len(before)
        added = new["items"][count:]
        if new["items"][:count] != before or saved["items"][:count] != before:
            raise ConflictError("a journal segment was rewritten")
        if saved["sealed"] and (added or new["sealed"]):
            raise ConflictError("the journal segment was sealed meanwhile")
        return dict(saved, items=saved["items"] + added, sealed=saved["sealed"] or new["sealed"])


class Stream(Persistent):
    """Segments by number; the last one takes the appends."""

    def __init__(self) -> None:
        self.segments = LOBTree()
        self.segments[0] = Segment()

    def append(self, entry: JournalEntry) -> None:
        number = self.segments.maxKey()
        segment = self.segments[number]
        if len(segment.items) >= SEGMENT_SIZE:
            segment.sealed = True
            segment = self.segments[number + 1] = Segment()
        segment.items = (*segment.items, entry)
