"""The history of a citizen: one page of entries at a time, filtered by headers, over all linked records."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

from crm_core.model.contact import Contact
from crm_core.model.ids import MAX_ID, first_id, id_time, key_behind
from crm_core.model.interaction import Channel, Direction, Interaction
from crm_core.model.promise import Promise
from crm_core.model.request import Request
from crm_core.model.timeline import PROMISES, WRITTEN, EntryKind, Event, Header
from crm_core.services.context import Context
from crm_core.services.visibility import Eyes, Visibility
from crm_core.text.folding import fold

PAGE = 50
AHEAD = 100
"""Entries fetched at a time while looking for words; about as many headers are read at a time."""
REACH = first_id(1) >> 6
"""The time over which headers are read first, as a difference of keys: little, since thousands may be of one moment."""


@dataclass(frozen=True)
class Filter:
    """What to show. Empty sets and None mean all. Times are milliseconds UTC: ``since`` inclusive, ``until`` exclusive.

    ``kinds`` are words of `EntryKind`; ``open`` True or False asks for entries of open or closed requests; ``text``
    for entries whose words contain all of its words, folded.
    """

    channels: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    units: frozenset[int] = frozenset()
    open: bool | None = None
    since: int | None = None
    until: int | None = None
    text: str = ""

    @property
    def asks_content(self) -> bool:
        """Whether it asks for more than a strip may tell (unit and period): then only what may be read answers."""
        return bool(self.channels or self.kinds or self.types or self.text) or self.open is not None


@dataclass(frozen=True)
class Entry:
    """One row to show. ``thing`` is the interaction or event; ``request`` the first request it belongs to, when the
    identity may read it: somebody's own note may belong to a request that has become confidential."""

    key: int
    header: Header
    thing: Interaction | Event
    request: Request | None
    contact: Contact

    @property
    def at(self) -> int:
        """When it happened, milliseconds UTC."""
        return id_time(self.key)


@dataclass(frozen=True)
class Redacted:
    """Entries in a row that may only be counted: how many, whose unit, from when to when (milliseconds UTC)."""

    count: int
    unit: int | None
    first: int
    last: int


@dataclass(frozen=True)
class Page:
    """Rows newest first; ``next`` is the key to ask for the following page with, None at the end."""

    rows: list[Entry | Redacted]
    next: int | None


@dataclass
class Tally:
    """A history in numbers, from headers alone. What is hidden is in none of them.

    ``counts``: by channel (of conversations) or kind (of facts about requests) what may be read, as ``"all"`` also what
    may only be counted. ``spans``: the same for each span of time asked for, by voice (citizen, we, internal) and as
    ``"counted"``. ``types``: the types of readable requests, each with the id of one such request.
    """

    counts: Counter[str]
    spans: list[Counter[str]]
    types: dict[str, int]


Row = tuple[int, Header, Contact]


@dataclass
class Timeline:
    context: Context
    eyes: Eyes = field(init=False)

    def __post_init__(self) -> None:
        self.eyes = Eyes(self.context.root, self.context.identity)

    def page(
        self, contacts: list[Contact], which: Filter | None = None, before: int | None = None, limit: int = PAGE
    ) -> Page:
        """Up to ``limit`` rows of the history of ``contacts`` (one citizen: `Contacts.linked`), older than ``before``.

        What the identity may only count comes as `Redacted` rows; what is hidden leaves no trace.
        """
        which = which or Filter()
        rows: list[Entry | Redacted] = []
        last: int | None = None
        headers = self._headers(contacts, which, before)
        for key, header, contact in self._ahead(headers) if which.text else headers:
            if len(rows) >= limit and key != last:  # linked contacts may share a key: such rows stay on one page
                return self._prefetched(rows, last)
            seen = self.eyes.of_header(contact, header)
            if seen is Visibility.HIDDEN:
                continue
            if seen is Visibility.COUNTED:
                if not which.asks_content:
                    _count(rows, key, self._unit(header))
                    last = key
                continue
            entry = Entry(key, header, contact.things[key], self._readable_request(header), contact)
            if which.text and not self._matches(entry, which.text):
                continue
            rows.append(entry)
            last = key
        return self._prefetched(rows, None)

    def tally(self, contacts: list[Contact], edges: Sequence[int] = (), which: Filter | None = None) -> Tally:
        """A history in numbers, in one walk over its headers; ``edges`` (milliseconds UTC, rising) part spans of time.

        ``n`` edges make ``n - 1`` spans, each from its edge up to the next one; what lies outside is in no span.
        ``which``: what of it to count, as on a `page`; words are not looked for, since they are in no header.
        """
        which = which or Filter()
        found = Tally(Counter(), [Counter() for _edge in edges[1:]], {})
        low, high = _bounds(which, None)
        least, most = low or 0, MAX_ID if high is None else high
        bounds = [least, *(min(max(first_id(edge), least), most) for edge in edges), most]
        tests = self._tests(which)
        for contact in contacts:
            judge = self.eyes.headers_of(contact)
            for place, (start, end) in enumerate(pairwise(bounds)):
                span = found.spans[place - 1] if 0 < place < len(bounds) - 2 else Counter()
                for header, count in _alike(contact.headers.values(start, end, excludemax=True)):
                    seen = judge(header) if all(test(header) for test in tests) else Visibility.HIDDEN
                    if seen is Visibility.FULL or not which.asks_content:
                        _tally(found, span, header, seen, count)
        return found

    def add_interaction(self, contact: Contact, interaction: Interaction) -> None:
        """File an interaction at the time it happened."""
        voice = {Direction.IN: "citizen", Direction.OUT: "we"}.get(Direction(interaction.direction), "internal")
        if interaction.channel == Channel.NOTE:
            voice = "internal"
        header = Header(
            interaction, EntryKind.INTERACTION, interaction.channel, "", interaction.unit, interaction.requests, voice,
            interaction.created_by,
        )
        contact.timeline[key_behind(contact.headers, interaction.started)] = header

    def add_event(self, contact: Contact, event: Event, request: Request, voice: str = "internal") -> None:
        """File an event of a request at the time it happened."""
        header = Header(event, event.kind, request.channel, request.type, request.unit, (request.id,), voice, event.by)
        contact.timeline[key_behind(contact.headers, event.at)] = header

    def add_promise(self, contact: Contact, event: Event, promise: Promise) -> None:
        """File an event of a promise at the time it happened."""
        request = self.context.root.requests.get(promise.request or 0)
        voice = "we" if event.kind in (EntryKind.PROMISED, EntryKind.KEPT) else "internal"
        header = Header(event, event.kind, "", request.type if request is not None else "", promise.made_in,
                        promise.requests, voice, promise.created_by)
        contact.timeline[key_behind(contact.headers, event.at)] = header

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────

    def _headers(self, contacts: list[Contact], which: Filter, before: int | None) -> Iterator[Row]:
        low, high = _bounds(which, before)
        tests = self._tests(which)
        known: dict[tuple[Any, ...], Header | None] = {}

        def wanted(row: tuple[Any, ...]) -> Header | None:
            if row not in known:  # most are alike
                header = Header(None, *row)
                known[row] = header if all(test(header) for test in tests) else None
            return known[row]

        walks = [_newest_first(contact, low, high, wanted) for contact in contacts]
        return walks[0] if len(walks) == 1 else heapq.merge(*walks, key=lambda row: -row[0])

    def _tests(self, which: Filter) -> list[Callable[[Header], bool]]:
        tests: list[Callable[[Header], bool]] = []
        if which.channels:
            tests.append(lambda header: header.kind == EntryKind.INTERACTION and header.channel in which.channels)
        if which.kinds:
            tests.append(lambda header: header.kind in which.kinds)
        if which.types:
            tests.append(lambda header: header.type in which.types)
        if which.units:
            tests.append(lambda header: header.unit in which.units)
        if which.open is not None:
            tests.append(lambda header: self._is_open(header) is which.open)
        return tests

    def _is_open(self, header: Header) -> bool | None:
        request = self._request(header)
        return None if request is None else request.is_open

    def _request(self, header: Header) -> Request | None:
        return self.context.root.requests.get(header.requests[0]) if header.requests else None

    def _readable_request(self, header: Header) -> Request | None:
        request = self._request(header)
        return request if request is not None and self.eyes.of_request(request) is Visibility.FULL else None

    def _unit(self, header: Header) -> int | None:
        """Whose entry it is: where the request is now, since that decides who may read it."""
        request = None if header.kind in WRITTEN else self._request(header)
        return header.unit if request is None else request.unit

    def _ahead(self, rows: Iterator[Row]) -> Iterator[Row]:
        """The same rows, their entries fetched many at a time: looking for words loads every one."""
        while chunk := list(islice(rows, AHEAD)):
            self._fetch(contact.things[key] for key, _header, contact in chunk)
            yield from chunk

    def _prefetched(self, rows: list[Entry | Redacted], following: int | None) -> Page:
        self._fetch(row.thing for row in rows if isinstance(row, Entry))
        return Page(rows, following)

    def _fetch(self, things: Iterable[Interaction | Event]) -> None:
        """Bring objects that are not loaded yet in one question to the storage, where it can (PostgreSQL)."""
        connection = self.context.root._p_jar
        unloaded = [thing for thing in things if thing._p_changed is None]
        if connection is not None and unloaded:
            connection.prefetch(unloaded)

    def _matches(self, entry: Entry, words: str) -> bool:
        request = entry.request
        parts = [request.title, request.text, request.code] if request is not None else []
        if isinstance(entry.thing, Interaction):
            parts += [entry.thing.subject, entry.thing.body, entry.thing.outcome]
        elif entry.thing.kind in PROMISES:
            promise = self.context.root.promises.promises.get(entry.thing.data["promise"])
            parts += [promise.words, promise.note] if promise is not None else []
        else:
            parts.append(str(entry.thing.data.get("note", "")))
        text = fold(" ".join(parts))
        return all(word in text for word in fold(words).split())


def _alike(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Header, int]]:
    """Headers that are the same, counted together: each kind is judged once."""
    for row, count in Counter(rows).items():
        yield Header(None, *row), count


def _tally(found: Tally, span: Counter[str], header: Header, seen: Visibility, count: int) -> None:
    if seen is Visibility.HIDDEN:
        return
    found.counts["all"] += count
    if seen is Visibility.COUNTED:
        span["counted"] += count
        return
    span[header.voice] += count
    if header.kind == EntryKind.INTERACTION:
        found.counts[header.channel] += count
        return
    found.counts[header.kind] += count
    if header.requests:
        found.types.setdefault(header.type, header.requests[0])


def _newest_first(
    contact: Contact, low: int | None, high: int | None, wanted: Callable[[tuple[Any, ...]], Header | None]
) -> Iterator[Row]:
    # By windows of time and not reversed(items()): the latter asks for a length and so loads every bucket of the tree.
    # A window grows while little lies in it: neither is a search of the tree needed for each entry.
    tree = contact.headers
    first, bound, reach = low or 0, MAX_ID if high is None else high - 1, REACH
    while bound >= first:
        try:
            newest = tree.maxKey(bound)
        except ValueError:  # nothing at or below the bound
            return
        start = max(newest - reach, first)
        rows = list(tree.items(start, newest))  # empty where the newest lies before the first that is asked for
        for key, row in reversed(rows):
            header = wanted(row)
            if header is not None:
                yield key, header, contact
        bound = start - 1
        reach = reach // 8 if len(rows) > 2 * AHEAD else reach * 8 if len(rows) < AHEAD // 8 else reach


def _bounds(which: Filter, before: int | None) -> tuple[int | None, int | None]:
    """The timeline keys between which a filter looks: the first inclusive, the last exclusive."""
    low = first_id(which.since) if which.since is not None else None
    high = first_id(which.until) if which.until is not None else None
    if before is not None:
        high = before if high is None else min(before, high)
    return low, high


def _count(rows: list[Entry | Redacted], key: int, unit: int | None) -> None:
    at = id_time(key)
    if rows and isinstance(rows[-1], Redacted) and rows[-1].unit == unit:
        rows[-1] = Redacted(rows[-1].count + 1, unit, at, rows[-1].last)
    else:
        rows.append(Redacted(1, unit, at, at))
