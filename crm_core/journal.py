"""One journal, many readers: what happened, in commit order per contact, readable from a cursor.

An entry is written in the transaction of the change it tells of. There are 16 streams (by contact, else by subject) and
one for bulk work; a cursor is one (segment, position) pair a stream, so a reader never skips what commits late.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple
from zlib import crc32

from crm_core.model.ids import MAX_ID
from crm_core.model.journal import JournalEntry, Stream
from crm_core.model.root import STREAMS, Root

BULK = STREAMS
"""The number of the bulk stream in cursors."""


@dataclass
class Journal:
    """Writes entries of one transaction. ``bulk`` sends them to the stream of imports, away from the desk's."""

    root: Root
    by: int | None
    bulk: bool = False

    def write(
        self, kind: str, subject: tuple[str, int], at: int, contact: int | None = None, fields: tuple[str, ...] = ()
    ) -> None:
        """Append an entry: ``kind`` like ``"request.status"``, ``subject`` ``("request", id)``, ``fields`` names."""
        entry = JournalEntry(at, kind, contact, subject, self.by, fields)
        self._stream(contact if contact is not None else subject[1]).append(entry)

    def _stream(self, id_: int) -> Stream:
        if self.bulk:
            return self.root.bulk_journal
        stream: Stream = self.root.journal[crc32(str(id_).encode()) % STREAMS]
        return stream


class Position(NamedTuple):
    segment: int
    offset: int


class Cursor:
    """Where a reader stands: the next unread position of each stream. Text form: a short JSON string."""

    def __init__(self, positions: dict[int, Position] | None = None) -> None:
        self.positions = dict(positions or {})

    @classmethod
    def parse(cls, text: str | None) -> Cursor:
        """The cursor written by ``str()``; None or damaged text starts at the beginning."""
        try:
            raw = json.loads(text or "{}")
            return cls({_number(int(stream), BULK): _position(*place) for stream, place in raw.items()})
        except (ValueError, TypeError, AttributeError, RecursionError):
            return cls()

    def __str__(self) -> str:
        return json.dumps({stream: list(place) for stream, place in sorted(self.positions.items())})


def _position(segment: object, offset: object) -> Position:
    return Position(_number(segment, MAX_ID), _number(offset, MAX_ID))


def _number(value: object, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError("no number of a stream, segment or place in it")
    return value


def _streams(root: Root) -> Iterator[tuple[int, Stream]]:
    yield from enumerate(root.journal)
    yield BULK, root.bulk_journal


def _start(stream: Stream, position: Position | None) -> Position:
    """Where to read on. A place the stream does not have (the database was restored) means its beginning: what is read
    twice does no harm to a projection, what is never read does."""
    segment = None if position is None else stream.segments.get(position.segment)
    if position is None or segment is None or position.offset > len(segment.items):
        return Position(0, 0)
    return position


def end(root: Root) -> Cursor:
    """The cursor behind everything committed so far (as this connection sees it)."""
    positions = {}
    for number, stream in _streams(root):
        last = stream.segments.maxKey()
        positions[number] = Position(last, len(stream.segments[last].items))
    return Cursor(positions)


def read(root: Root, cursor: Cursor, limit: int = 200) -> tuple[list[JournalEntry], Cursor]:
    """Up to ``limit`` entries behind ``cursor``, and the cursor behind them.

    Order is promised per contact among the desk's entries, and among those of bulk work.
    """
    entries: list[JournalEntry] = []
    positions = dict(cursor.positions)
    for number, stream in _streams(root):
        start = _start(stream, positions.get(number))
        for segment_number, segment in stream.segments.items(start.segment):
            first = start.offset if segment_number == start.segment else 0
            taken = segment.items[first : first + limit - len(entries)]
            entries.extend(taken)
            positions[number] = Position(segment_number, first + len(taken))
            if len(entries) >= limit:
                return entries, Cursor(positions)
    return entries, Cursor(positions)


def latest(root: Root, limit: int, after: Cursor | None = None, *, bulk: bool = False) -> Iterator[JournalEntry]:
    """The ``limit`` newest entries of the desk (or of bulk work), newest first, as far as they lie behind ``after``."""
    positions = after.positions if after is not None else {}
    chosen = [(number, stream) for number, stream in _streams(root) if (number == BULK) is bulk]
    walks = [_backwards(root, stream, _start(stream, positions.get(number))) for number, stream in chosen]
    return islice(heapq.merge(*walks, key=lambda entry: -entry.at), limit)


def _backwards(root: Root, stream: Stream, start: Position) -> Iterator[JournalEntry]:
    for number in range(stream.segments.maxKey(), start.segment - 1, -1):
        items = stream.segments[number].items[start.offset if number == start.segment else 0 :]
        unloaded = [entry for entry in items if entry._p_changed is None]
        if root._p_jar is not None and unloaded:
            root._p_jar.prefetch(unloaded)
        yield from reversed(items)


def lag(root: Root, cursor: Cursor) -> int:
    """How many entries lie behind ``cursor``."""
    total = 0
    for number, stream in _streams(root):
        start = _start(stream, cursor.positions.get(number))
        for segment_number, segment in stream.segments.items(start.segment):
            total += len(segment.items) - (start.offset if segment_number == start.segment else 0)
    return total
