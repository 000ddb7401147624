"""Who did what: the journal read backwards, newest first, with filters, as far as the one who asks may know of it.

A page of it looks at a bounded number of entries: where a filter leaves little, it says until when it looked and goes
on from there. What is hidden from the one who asks is left out; what he may only count tells neither whom nor what,
and so it is no answer to a question for either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from crm_core.durations import DAY
from crm_core.journal import BULK, stream_number
from crm_core.model.ids import first_id
from crm_core.model.journal import JournalEntry, Stream
from crm_core.model.record import Record
from crm_core.model.root import STREAMS, Root
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.visibility import Eyes, Visibility

LOOKED_AT = 2_000
"""Entries a page looks at."""
SEEN = frozenset({"contact", "request", "interaction", "promise"})
"""Kinds of records that not everybody may read."""
SLACK = DAY
"""How far the times of neighbours in a stream may be out of order: the clocks of several machines, generously."""
_MARK = re.compile(r"([0-9]{1,2}):([0-9]{1,15}):([0-9]{1,15})")


@dataclass(frozen=True)
class Asked:
    """A question to the trail; what is None or empty is not asked.

    ``by``: a user's id; ``kinds``: kinds of entries or what stands before their dot (``"user"``); ``contact``: id of a
    citizen, of whatever was done for him; ``subject``: ``("request", id)``; ``fields``: names, one of which changed;
    ``since``, ``until``: milliseconds UTC, the second one excluded; ``bulk``: imports (in the order in which they were
    stored) instead of what was done at the desk.
    """

    by: int | None = None
    kinds: frozenset[str] = frozenset()
    contact: int | None = None
    subject: tuple[str, int] | None = None
    fields: frozenset[str] = frozenset()
    since: int | None = None
    until: int | None = None
    bulk: bool = False

    @property
    def tells_what(self) -> bool:
        """Whether each row that answers it tells whose or which record it is of, or what changed in it."""
        return self.contact is not None or self.subject is not None or bool(self.fields)


@dataclass(frozen=True)
class Row:
    """One entry. ``seen``: how much may be shown of its record; ``thing`` is the record, None where it is gone or may
    not be read; ``erased``: it went with a citizen's erasure; ``changes``: field → [old, new] from the record's own
    audit.
    """

    entry: JournalEntry
    seen: Visibility
    thing: Any = None
    erased: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """``rows``, newest first; ``after`` is where to go on, "" at the end; ``until``: how far back was looked (ms)."""

    rows: list[Row]
    after: str
    until: int | None
    complete: bool


class AuditTrail:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.eyes = Eyes(context.root, context.identity)

    def page(self, asked: Asked, after: str = "", *, limit: int = 50, look_at: int = LOOKED_AT) -> Page:
        """Up to ``limit`` rows behind the place ``after`` (of the page before). Raises Forbidden."""
        self.context.identity.demand(Permission.AUDIT_VIEW)
        walk = _Walk(self.context.root, self._streams(asked), asked.until, _places(after))
        rows: list[Row] = []
        looked, last = 0, None
        for entry in walk:
            looked, last = looked + 1, entry.at
            row = self._row(entry) if _fits(entry, asked) else None
            if row is not None and not (asked.tells_what and row.seen is Visibility.COUNTED):
                rows.append(row)
            if walk.is_over(asked.since):
                break
            if len(rows) >= limit or looked >= look_at:
                return Page(rows, str(walk), last, len(rows) >= limit)
        return Page(rows, "", last, True)

    def _streams(self, asked: Asked) -> list[int]:
        """The streams in which an answer may lie: all of a citizen's entries are in one."""
        if asked.bulk:
            return [BULK]
        if asked.contact is None:
            return list(range(STREAMS))
        return [stream_number(asked.contact)]

    def _row(self, entry: JournalEntry) -> Row | None:
        record = _record(self.context.root, entry.subject)
        seen = self._seen(entry, record)
        if seen is Visibility.HIDDEN:
            return None
        if seen is Visibility.COUNTED:
            return Row(entry, seen)
        erased = record is None and any(
            id_ in self.context.root.tombstones for id_ in (entry.contact, entry.subject[1]) if id_ is not None)
        changes = _changes(record, entry) if isinstance(record, Record) else {}
        return Row(entry, seen, record, erased, changes)

    def _seen(self, entry: JournalEntry, record: Any) -> Visibility:
        """The least of what may be seen of the record and of the citizen it belongs to."""
        found = [self.eyes.of(record)] if entry.subject[0] in SEEN and record else []
        contact = None if entry.contact is None else self.context.root.contacts.get(entry.contact)
        if contact is not None:
            found.append(self.eyes.of_contact(contact))
        return min(found, default=Visibility.FULL)


class _Place(NamedTuple):
    """Before which item of which segment a stream is read on backwards."""

    segment: int
    before: int


class _Walk:
    """Entries of some streams, newest first; its text says where each stream is to be read on."""

    def __init__(
        self, root: Root, numbers: list[int], until: int | None, places: Mapping[int, _Place]
    ) -> None:
        self._streams = {number: root.bulk_journal if number == BULK else root.journal[number] for number in numbers}
        self._is_bulk = BULK in self._streams
        self._heads: dict[int, tuple[JournalEntry, _Place]] = {}
        self._places: dict[int, _Place] = {}
        for number, stream in self._streams.items():
            place = places.get(number) or (_end(stream) if until is None or self._is_bulk else _before(stream, until))
            self._read(number, place)

    def __iter__(self) -> Iterator[JournalEntry]:
        while self._heads:
            number = max(self._heads, key=lambda one: (self._heads[one][0].at, -one))
            entry, place = self._heads.pop(number)
            self._read(number, place)
            yield entry

    def is_over(self, since: int | None) -> bool:
        """Whether nothing of ``since`` or later can come any more. Imports are not in order of time."""
        return since is not None and not self._is_bulk and all(
            entry.at < since - SLACK for entry, _place in self._heads.values())

    def __str__(self) -> str:
        return "-".join(f"{number}:{place.segment}:{place.before}" for number, place in self._places.items())

    def _read(self, number: int, place: _Place) -> None:
        """Take the entry before ``place`` as the stream's head; until it is used, the stream is read on from there."""
        stream = self._streams[number]
        self._places[number] = place
        segment, before = min(place.segment, stream.segments.maxKey()), place.before  # an address may say anything
        while segment >= 0:
            items = self._items(stream, segment)
            before = min(before, len(items))
            if before > 0:
                self._heads[number] = (items[before - 1], _Place(segment, before - 1))
                return
            segment, before = segment - 1, MOST
        self._places[number] = _Place(0, 0)

    @staticmethod
    def _items(stream: Stream, segment: int) -> tuple[JournalEntry, ...]:
        found = stream.segments.get(segment)
        if found is None:
            return ()
        if found._p_changed is None and found._p_jar is not None:  # not loaded yet: its entries come in one go
            found._p_jar.prefetch(found.items)
        items: tuple[JournalEntry, ...] = found.items
        return items


MOST = 1 << 40
"""More than any segment has: its end."""


def _end(stream: Stream) -> _Place:
    return _Place(stream.segments.maxKey(), MOST)


def _before(stream: Stream, until: int) -> _Place:
    """Where to begin for what is older than ``until``: segments follow each other in time, give or take `SLACK`."""
    low, high = 0, stream.segments.maxKey()
    while low < high:
        middle = (low + high + 1) // 2
        items = stream.segments[middle].items
        if items and items[0].at > until + SLACK:
            high = middle - 1
        else:
            low = middle
    return _Place(low, MOST)


def _places(text: str) -> dict[int, _Place]:
    """What the text of a walk says; what is no such text says nothing."""
    found = (_MARK.fullmatch(part) for part in text.split("-")) if len(text) < 1000 else ()
    numbers = (tuple(map(int, match.groups())) for match in found if match is not None)
    return {number: _Place(segment, before) for number, segment, before in numbers if number <= BULK}


def _fits(entry: JournalEntry, asked: Asked) -> bool:
    kinds = asked.kinds
    return (
        (asked.by is None or entry.by == asked.by)
        and (not kinds or entry.kind in kinds or entry.kind.partition(".")[0] in kinds)
        and (asked.contact is None or entry.contact == asked.contact)
        and (asked.subject is None or entry.subject == asked.subject)
        and (not asked.fields or not asked.fields.isdisjoint(entry.fields))
        and (asked.since is None or entry.at >= asked.since)
        and (asked.until is None or entry.at < asked.until)
    )


def _record(root: Root, subject: tuple[str, int]) -> Any:
    """The record an entry tells of; None where it is gone. A kind no tree of the core has is a plugin's collection."""
    kind, id_ = subject
    if kind == "type":
        return next((one for one in root.type_settings.values() if one.id == id_), None)
    if kind == "calendar":
        return next((one for one in (root.calendars or {}).values() if one.id == id_), None)
    if kind == "targets":
        return root.targets
    if kind == "plugin":
        return next((one for one in (root.plugins or {}).values() if one.id == id_), None)
    trees = {"contact": root.contacts, "request": root.requests, "interaction": root.interactions,
             "user": root.users, "unit": root.units,
             "promise": root.promises.promises if root.promises is not None else {}}
    if kind in trees:
        return trees[kind].get(id_)
    store = root.collections.get(kind)
    return None if store is None else store.items.get(id_)


def _changes(record: Record, entry: JournalEntry) -> dict[str, Any]:
    """Old and new values of the same moment by the same person, from the record's audit."""
    if record.audit is None:
        return {}
    rows = record.audit.values(first_id(entry.at), first_id(entry.at + 1), excludemax=True)
    found: dict[str, Any] = {}
    for row in rows:
        if row["by"] == entry.by:
            found |= {name: change for name, change in row["changes"].items()
                      if not entry.fields or name in entry.fields}
    return found
