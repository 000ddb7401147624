"""The open work that somebody asks for: counted, filtered, sorted and paged from what lies beside each request.

Everything passes the eyes of the one who asks: hidden requests leave no trace, counted ones are a number and nothing
more (never one that a filter narrows down), and only what may be read in full is a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from heapq import nlargest, nsmallest
from itertools import chain
from typing import Any, NamedTuple

from crm_core.model.request import Request
from crm_core.model.worklist import (
    CATEGORIES,
    CATEGORY_BITS,
    DUE_SHIFT,
    FREE,
    GUARDED,
    LAST_DUE,
    NO_DUE,
    PRIORITIES,
    PRIORITY_BITS,
    PRIORITY_SHIFT,
    WAITING,
    WorkHeader,
    WorkList,
)
from crm_core.services.clock import Clock
from crm_core.services.context import Context
from crm_core.services.visibility import Eyes, Visibility
from crm_core.services.work import NO_UNIT, Work
from crm_core.services.workmarks import Marks
from crm_core.services.workwords import Reach, WordSource
from crm_core.text.collation import collation_key
from crm_core.text.digits import to_ascii
from crm_core.text.folding import fold

DAY = 86_400_000
PAGE = 50
MOST_READ = 2_000
"""Requests whose title and citizen are looked at for words one by one; behind them the full text says where to look.
"""
CODE_PART = 3
"""Digits of a tracking code that more than are looked for in codes: fewer are in all of them."""
SORTS = ("due", "arrival", "priority", "news", "status")
URGENCY = "urgency"
"""How `WorkLists.ranked` sorts: no page offers it."""
STATES = ("late", "today", "waiting", "free")
DUES = ("late", "today", "week", "none", "first")
"""The first four of the answer; ``first``: a first answer is owed, whenever."""


class Tally(NamedTuple):
    """How many of a list there are. ``all`` knows of counted ones too; the others tell of what may be read."""

    all: int = 0
    today: int = 0
    late: int = 0
    waiting: int = 0
    free: int = 0


@dataclass(frozen=True)
class Place:
    """Whose open work: of one user, or of units (ids; 0 for requests of no unit)."""

    user: int | None = None
    units: tuple[int, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """What is asked for. Empty sets ask for nothing in particular; ``state`` is one of `STATES` or "".

    ``assignees`` holds 0 for nobody; ``since`` and ``until`` (ms) bound the due time; ``words`` must all occur in
    title, citizen's name or code. ``sort`` is one of `SORTS`.
    """

    place: Place
    state: str = ""
    due: str = ""
    since: int | None = None
    until: int | None = None
    types: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    priorities: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    assignees: frozenset[int] = frozenset()
    units: frozenset[int] = frozenset()
    words: str = ""
    sort: str = "due"
    backwards: bool = False

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the place is asked for."""
        return bool(self.state or self.due or self.types or self.categories or self.priorities or self.channels
                    or self.assignees or self.units or self.words) or (self.since, self.until) != (None, None)


@dataclass(frozen=True)
class Found:
    """One page: ``requests`` in order, of ``total``; ``counted`` may not be read; ``reach``: how far words were sought.

    ``number`` and ``pages`` count from 1.
    """

    requests: list[Request] = field(default_factory=list)
    total: int = 0
    counted: int = 0
    number: int = 1
    pages: int = 1
    reach: Reach = "all"


ALL: Reach = "all"
Row = tuple[int, int, WorkList]
"""(what it is sorted by, request id, the list it lies in): the first two tell any two rows apart"""


class WorkLists:
    """``eyes`` decide what is shown; ``clock`` says when today ends."""

    def __init__(self, context: Context, clock: Clock, eyes: Eyes) -> None:
        self.context = context
        self.clock = clock
        self.eyes = eyes
        self.work = Work(context.root)

    def tonight(self) -> int:
        """The end of the local day (ms UTC)."""
        return self.clock.tonight()

    def own(self) -> Place:
        """The work of the one who acts."""
        return Place(user=self.context.identity.user_id)

    def units(self) -> tuple[int, ...]:
        """The units whose work the one who acts answers for: the own ones first, then those below them by name."""
        user = self.context.root.users.get(self.context.identity.user_id or 0)
        own = tuple(id_ for id_ in user.units if id_ in self.context.root.units) if user is not None else ()
        below = (self.context.root.units.get(id_) for id_ in self.context.identity.units - set(own))
        named = sorted((collation_key(unit.name), unit.id) for unit in below if unit is not None)
        return own + tuple(id_ for _name, id_ in named)

    # ── counts ───────────────────────────────────────────────────────────────────────────────────────────────

    def tally(self, place: Place) -> Tally:
        """The counts of a place, exact, without loading a request."""
        counts = [0, 0, 0, 0, 0]
        for found, is_open in self._lists(place):
            if not is_open:
                self._tally_each(found, counts)
                continue
            marks = Marks(found, is_open)
            if marks.has_guarded:
                self._tally_each(found, counts, GUARDED)
            tonight, late = marks.due_before(self.tonight(), self.context.now)
            counts[0] += len(marks.free)
            counts[1] += tonight - late
            counts[2] += late
            for flag, count in marks.flags().items():
                counts[3] += count * (flag & CATEGORY_BITS == WAITING)
                counts[4] += count * bool(flag & FREE)
        return Tally(*counts)

    def _tally_each(self, found: WorkList, counts: list[int], only: int = 0) -> None:
        """Add the marks (with the bit ``only``) one by one, each as far as it may be known."""
        late_below, today_below = self.context.now << DUE_SHIFT, self.tonight() << DUE_SHIFT
        for id_, mark in found.marks():
            if only and not mark & only:
                continue
            seen = self.eyes.of_work(found.header(id_))
            counts[0] += seen is not Visibility.HIDDEN
            if seen is Visibility.FULL:
                counts[1] += late_below <= mark < today_below
                counts[2] += mark < late_below
                counts[3] += mark & CATEGORY_BITS == WAITING
                counts[4] += bool(mark & FREE)

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────

    def find(self, wanted: Wanted, number: int = 1, size: int = PAGE) -> Found:
        """The page ``number`` of what is wanted; one behind the last gives the last."""
        number, reach = max(1, number), ALL
        lists = [Marks(found, is_open) for found, is_open in self._lists(wanted.place)]
        if wanted.words.strip():
            rows, reach = self._sorted(wanted)
            total = len(rows)
        else:
            rows, total = self._beginning(wanted, lists, number * size)
        pages = max(1, -(-total // size))
        number = min(number, pages)
        shown = _in_order(rows, number * size, wanted.backwards)[(number - 1) * size :]
        counted = 0 if wanted.is_narrow else sum(map(self._counted, lists))
        requests = [found.header(id_).request for _key, id_, found in shown]
        return Found(requests, total, counted, number, pages, reach)

    def count(self, wanted: Wanted, most: int = 5_000) -> int | None:
        """How many rows that has; None where it would take long: words, or narrowed lists of more than ``most``."""
        if wanted.words or sum(len(found) for found, _open in self._lists(wanted.place)) > most:
            return None
        return len(self._rows(wanted))

    def first(self, wanted: Wanted, most: int) -> list[Request]:
        """The first ``most`` requests."""
        return [found.header(id_).request for _key, id_, found in self._sorted(wanted)[0][:most]]

    def ranked(self, *asked: Wanted) -> list[int]:
        """The ids of all requests that are asked for, the most urgent first; what waits and is not late comes last.

        ``asked``: questions that no request answers twice; their words and sorting do not count. Nothing is loaded.
        """
        rows = [row for wanted in asked for row in self._rows(replace(wanted, sort=URGENCY))]
        return [id_ for _key, id_, _found in sorted(rows)]

    def _sorted(self, wanted: Wanted) -> tuple[list[Row], Reach]:
        rows = self._rows(wanted)
        rows.sort(reverse=wanted.backwards)
        if not wanted.words.strip():
            return rows, ALL
        read, reach = rows[:MOST_READ], ALL
        if len(rows) > len(read):
            source = WordSource(self.context)
            likely = source.requests(wanted.words.split())
            read += [row for row in rows[MOST_READ:] if row[1] in likely]
            reach = "words" if source.is_complete else "first"
        says = self._word_filter(wanted.words)
        return [row for row in read if says(row[2].header(row[1]).request)], reach

    def _rows(self, wanted: Wanted) -> list[Row]:
        fits, by_header = self._mark_filter(wanted), _header_filter(wanted)
        key = _sort_key(wanted.sort, self.context.now)
        by_news = wanted.sort == "news"
        rows: list[Row] = []
        for found, is_open in self._lists(wanted.place):
            marks = list(found.marks()) if fits is None else [one for one in found.marks() if fits(one[1])]
            plain = is_open and by_header is None and not by_news  # then only guarded ones are judged one by one
            if plain:
                rows += [(key(mark, id_), id_, found) for id_, mark in marks if not mark & GUARDED]
                marks = [(id_, mark) for id_, mark in marks if mark & GUARDED]
            for id_, mark in marks:
                header = found.header(id_)
                if self.eyes.of_work(header) is not Visibility.FULL:
                    continue
                if by_header is None or by_header(header):
                    rows.append((-header.news if by_news else key(mark, id_), id_, found))
        return rows

    def _beginning(self, wanted: Wanted, lists: list[Marks], most: int) -> tuple[list[Row], int]:
        """(rows among which the ``most`` first are, how many there are in all).

        Where everything of a place is asked for by its due time, rows are made only of what is due before the
        ``most``-th: making one for each of 100,000 takes longer than all the rest of the page.
        """
        if wanted.is_narrow or wanted.backwards or wanted.sort not in ("due", URGENCY) or not all(
                marks.is_open for marks in lists):
            rows = self._rows(wanted)
            return rows, len(rows)
        free = lists[0].free if len(lists) == 1 else list(chain.from_iterable(marks.free for marks in lists))
        first, late = free, self.context.now << DUE_SHIFT
        if wanted.sort == URGENCY:  # what waits and is not late comes behind everything else
            first = [mark for mark in free if mark & CATEGORY_BITS != WAITING or mark < late]
        if len(first) <= most:
            rows = self._rows(wanted)
            return rows, len(rows)
        limit = nsmallest(most, first)[-1] | (1 << DUE_SHIFT) - 1  # with all that are due in the same moment
        key, rows, guarded = _sort_key(wanted.sort, self.context.now), [], 0
        for marks in lists:
            for id_, mark in marks.until(limit):
                if not mark & GUARDED:
                    rows.append((key(mark, id_), id_, marks.found))
                elif self.eyes.of_work(marks.found.header(id_)) is Visibility.FULL:
                    guarded += 1
                    rows.append((key(mark, id_), id_, marks.found))
        return rows, len(free) + guarded

    def _counted(self, marks: Marks) -> int:
        """How many of a list may be known of and not read."""
        return sum(1 for id_ in marks.doubtful() if self.eyes.of_work(marks.found.header(id_)) is Visibility.COUNTED)

    def _lists(self, place: Place) -> Iterator[tuple[WorkList, bool]]:
        """(list, whether all of it but guarded requests may be read)."""
        if place.user is not None:
            found = self.work.find(user=place.user)
            if found is not None:
                # One's own requests are one's own in every unit; somebody else's lie in units that may be closed to us.
                mine = place.user == self.context.identity.user_id and self.eyes.reads_own()
                yield found, mine or self.context.identity.is_system
        for unit in place.units:
            found = self.work.find(unit=None if unit == NO_UNIT else unit)
            if found is not None:
                yield found, self.eyes.reads_all_of(None if unit == NO_UNIT else unit)

    # ── filters ──────────────────────────────────────────────────────────────────────────────────────────────

    def _mark_filter(self, wanted: Wanted) -> Callable[[int], bool] | None:
        """What can be asked of the number alone; None where everything fits."""
        low, high = self._due_range(wanted)
        categories = frozenset(place for place, word in enumerate(CATEGORIES) if word in wanted.categories)
        priorities = frozenset(place for place, word in enumerate(PRIORITIES) if word in wanted.priorities)
        any_category, any_priority = not wanted.categories, not wanted.priorities
        waiting, free = wanted.state == "waiting", wanted.state == "free"
        if not (wanted.is_narrow or low):
            return None

        def fits(mark: int) -> bool:
            return (
                low <= mark >> DUE_SHIFT < high
                and (any_category or mark & CATEGORY_BITS in categories)
                and (any_priority or mark >> PRIORITY_SHIFT & PRIORITY_BITS in priorities)
                and (not waiting or mark & CATEGORY_BITS == WAITING)
                and (not free or bool(mark & FREE))
            )

        return fits

    def _due_range(self, wanted: Wanted) -> tuple[int, int]:
        """Due at or after the first and before the second (ms)."""
        low, high = wanted.since or 0, LAST_DUE + 1 if wanted.until is None else wanted.until
        for word in (wanted.state, wanted.due):
            if word == "late":
                high = min(high, self.context.now)
            elif word == "today":
                low, high = max(low, self.context.now), min(high, self.tonight())
            elif word == "week":
                low, high = max(low, self.context.now), min(high, self.tonight() + 6 * DAY)
            elif word == "none":
                low = LAST_DUE
        if wanted.since is not None or wanted.until is not None:
            high = min(high, LAST_DUE)  # what has no due time lies in no range
        return low, high

    def _word_filter(self, words: str) -> Callable[[Request], bool]:
        """Whether a request says all of these: in its title, its citizen's names, or its code."""
        sought = [(fold(word), _code_part(word)) for word in words.split()]

        def says(request: Request) -> bool:
            contact = None if request.contact is None else self.context.root.contacts.get(request.contact)
            names = () if contact is None else (contact.name, contact.latin_name)
            text = fold(" ".join((request.title, *names)))
            return all(word in text or (bool(code) and code in request.code) for word, code in sought)

        return says


def _in_order(rows: list[Row], most: int, backwards: bool) -> list[Row]:
    """The first ``most`` rows in order; a long list is not sorted for one page of it."""
    if most * 20 > len(rows):
        return sorted(rows, reverse=backwards)[:most]
    return (nlargest if backwards else nsmallest)(most, rows)


def _code_part(word: str) -> str:
    """The digits of a word that may be a part of a tracking code, else \"\"."""
    digits = to_ascii(word).replace("-", "")
    return digits if len(digits) > CODE_PART and digits.isdecimal() else ""


def _header_filter(wanted: Wanted) -> Callable[[WorkHeader], bool] | None:
    """What only the header knows; None when nothing of that is asked."""
    asked: list[tuple[str, frozenset[Any]]] = [
        ("type", wanted.types), ("channel", wanted.channels), ("assignee", wanted.assignees), ("unit", wanted.units),
    ]
    asked = [(name, values) for name, values in asked if values]
    first = wanted.due == "first"
    if not asked and not first:
        return None
    return lambda header: (not first or header.first != NO_DUE) and all(
        getattr(header, name) in values for name, values in asked)


def _sort_key(sort: str, now: int) -> Callable[[int, int], int]:
    """One number to sort by: what comes first in its high bits."""
    if sort == URGENCY:
        def urgency(mark: int, id_: int) -> int:
            due = mark >> DUE_SHIFT
            rests = mark & CATEGORY_BITS == WAITING and due >= now
            return rests << 60 | due << 2 | PRIORITY_BITS - (mark >> PRIORITY_SHIFT & PRIORITY_BITS)

        return urgency
    if sort == "arrival":
        return lambda mark, id_: -id_
    if sort == "priority":
        return lambda mark, id_: (PRIORITY_BITS - (mark >> PRIORITY_SHIFT & PRIORITY_BITS)) << 60 | mark >> DUE_SHIFT
    if sort == "status":
        return lambda mark, id_: (mark & CATEGORY_BITS) << 60 | mark >> DUE_SHIFT
    return lambda mark, id_: mark >> DUE_SHIFT << 2 | PRIORITY_BITS - (mark >> PRIORITY_SHIFT & PRIORITY_BITS)
