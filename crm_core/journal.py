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
from crm_core.model.journal import SEGMENT_SIZE, JournalEntry, Stream
from crm_core.model.root import STREAMS, Root

FAR = 7
"""Segments that are looked through for news of one contact; who is further behind looks at everything."""

BULK = STREAMS
"""The number of the bulk stream in cursors."""


@dataclass
class Journal:
    """Writes entries of one transaction. ``bulk`` sends them to the stream of imports, away from the desk's."""

    root: Root
    by: int | None
    bulk: bool = False

    def write(
        self, kind: str, subject: tuple[str, int], at: int, contact: int | None = None, fields: tuple[str, ...] = (),
        by: int | None = None,
    ) -> None:
        """Append an entry: ``kind`` like ``"request.status"``, ``subject`` ``("request", id)``, ``fields`` names.

        ``by``: the user who did it, where that is not the one who acts (nobody acts yet while somebody signs in).
        """
        entry = JournalEntry(at, kind, contact, subject, self.by if by is None else by, fields)
        self._stream(contact if contact is not None else subject[1]).append(entry)

    def _stream(self, id_: int) -> Stream:
        return self.root.bulk_journal if self.bulk else _stream_of(self.root, id_)


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


def stream_number(id_: int) -> int:
    """The number of the stream in which all the desk's entries of a contact lie (else of the subject with that id)."""
    return crc32(str(id_).encode()) % STREAMS


def _stream_of(root: Root, id_: int) -> Stream:
    stream: Stream = root.journal[stream_number(id_)]
    return stream


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


def place_of(root: Root, contact: int) -> Position:
    """The place behind everything the desk has done for a contact so far: where `told_of` goes on from."""
    stream = _stream_of(root, contact)
    last = stream.segments.maxKey()
    return Position(last, len(stream.segments[last].items))


def told_of(root: Root, contact: int, place: Position) -> list[JournalEntry] | None:
    """What the desk did for a contact behind ``place``, oldest first; imports are not told of.

    None where it cannot be said: the place is not there (any more), or lies more than `FAR` segments behind.
    """
    stream = _stream_of(root, contact)
    segment = stream.segments.get(place.segment)
    if segment is None or place.offset > len(segment.items) or stream.segments.maxKey() - place.segment > FAR:
        return None
    found: list[JournalEntry] = []
    for number, later in stream.segments.items(place.segment):
        first = place.offset if number == place.segment else 0
        found.extend(entry for entry in later.items[first:] if entry.contact == contact)
    return found


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
    """How many entries lie behind ``cursor``, by the numbers of the segments: the first and the last one are counted.

    Those between are sealed, and taken for as large as the first, `SEGMENT_SIZE` at most: those of older databases are
    smaller, and where appends met in one moment they hold some more.
    """
    return sum(_behind(stream, cursor.positions.get(number)) for number, stream in _streams(root))


def length(stream: Stream) -> int:
    """How many entries a stream holds, counted as by `lag`."""
    return _behind(stream, None)


def _behind(stream: Stream, position: Position | None) -> int:
    start, last = _start(stream, position), stream.segments.maxKey()
    count = len(stream.segments[last].items) - start.offset
    if start.segment < last:
        first = len(stream.segments[start.segment].items)
        count += first + min(first, SEGMENT_SIZE) * (last - start.segment - 1)
    return count


def oldest_unread(root: Root, cursor: Cursor) -> int | None:
    """When the first thing behind ``cursor`` was written, milliseconds UTC; None: nothing is behind it."""
    firsts = []
    for number, stream in _streams(root):
        start = _start(stream, cursor.positions.get(number))
        for segment_number, segment in stream.segments.items(start.segment):
            items = segment.items[start.offset if segment_number == start.segment else 0 :]
            if items:
                firsts.append(items[0].at)
                break
    return min(firsts, default=None)
