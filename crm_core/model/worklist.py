"""Open work of one unit or one person, with enough beside each request to count, filter and sort without loading it.

Closed work is not in here. Late, due today and unassigned are asked of what lies here, never stored as states.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from BTrees.LLBTree import LLBTree
from BTrees.LOBTree import LOBTree
from persistent import Persistent

from crm_core.model.request import Category, Priority, Request

NO_DUE = (1 << 62) - 1
UNIT_PARTS = 64
"""Parts of a unit's list. An import files hundreds of requests under one unit while its clerks go on: with a single
tree they needed 145 tries too many per 100 calls and some gave up (``make bench``, bench_import)."""
PERSON_PARTS = 1

CATEGORIES = (Category.NEW.value, Category.OPEN.value, Category.WAITING.value)
PRIORITIES = tuple(priority.value for priority in Priority)
"""The places of a category and a priority in a mark: their order is stored, so they may only grow at the end."""
CATEGORY_BITS = 3
PRIORITY_SHIFT, PRIORITY_BITS = 2, 3
FREE, GUARDED = 1 << 4, 1 << 5
DUE_SHIFT = 6
LAST_DUE = (1 << 56) - 1
"""A mark is one number: due time (ms, `LAST_DUE` for none) · guarded · free (nobody has it) · priority · category.
Numbers lie side by side in a few small records: 20,000 of them are counted in some milliseconds, also after a start.
Whoever walks over many takes them apart by these constants; functions would cost more than all the rest."""
WAITING = CATEGORIES.index(Category.WAITING)
"""What `CATEGORY_BITS` hold of a request that waits for the citizen."""


class WorkHeader(NamedTuple):
    """What of a request can be asked without loading it.

    Conflict resolution compares headers by order: nothing in them is None (ids are 0 for nobody), and behind the
    reference, which is the same wherever it is reached, comes only what was added since. Lists store them as a `packed`
    pair.
    """

    due: int
    priority: int
    category: str
    status: str
    type: str
    channel: str
    unit: int
    assignee: int
    contact: int
    by: int
    """who registered it"""
    person: str
    """how confidential its contact is; "" where nobody is known"""
    secret: bool
    hidden_from: tuple[int, ...]
    news: int
    """when something last happened to it (ms)"""
    heard: str
    """the channel on which the citizen spoke last, while nobody has acted on it; else \"\""""
    request: Any
    first: int = NO_DUE
    """until when the citizen is to be told something first (ms); `NO_DUE` where that is not owed"""

    @property
    def is_guarded(self) -> bool:
        """Whether there may be somebody in its own unit who must not read it."""
        return self.secret or bool(self.hidden_from) or self.person not in ("", "normal")


def packed(header: WorkHeader) -> tuple[str, Request]:
    """A header as a list stores it: all but the reference in one text.

    A leaf of a list holds dozens of headers and is written with each save; a text is pickled as one thing, where the
    single fields took a fifth of an import's time. Few owe a first answer: it is left out where none is owed, and was
    not there in older lists.
    """
    *fields, request, first = header
    return json.dumps(fields if first == NO_DUE else [*fields, first], separators=(",", ":")), request


def unpacked(row: tuple[str, Request]) -> WorkHeader:
    """The header that was `packed`."""
    fields = json.loads(row[0])
    first = fields.pop() if len(fields) == len(WorkHeader._fields) - 1 else NO_DUE
    *fields, hidden_from, news, heard = fields
    return WorkHeader._make((*fields, tuple(hidden_from), news, heard, row[1], first))


def header_of(request: Request, person: str) -> WorkHeader:
    """The header of a request; ``person``: the confidentiality of its contact, "" without one."""
    return WorkHeader(
        due=NO_DUE if request.owed_by is None else request.owed_by,
        priority=PRIORITIES.index(request.priority),
        category=str(request.category), status=request.status, type=request.type, channel=request.channel,
        unit=request.unit or 0, assignee=request.assignee or 0, contact=request.contact or 0,
        by=request.created_by or 0, person=str(person), secret=request.confidentiality != "normal",
        hidden_from=tuple(request.hidden_from), news=request.last_news, heard=request.heard,
        request=request, first=NO_DUE if request.owes_first_by is None else request.owes_first_by,
    )


def mark_of(header: WorkHeader) -> int:
    """The header in one number."""
    mark = CATEGORIES.index(header.category) | header.priority << PRIORITY_SHIFT
    mark |= min(header.due, LAST_DUE) << DUE_SHIFT
    return mark | (0 if header.assignee else FREE) | (GUARDED if header.is_guarded else 0)


class WorkList(Persistent):
    """``len(work)`` is the count of all, whoever may see them."""

    def __init__(self, parts: int = UNIT_PARTS) -> None:
        self._open = tuple(LOBTree() for _ in range(parts))
        """request id → `packed` WorkHeader"""
        self._marks = tuple(LLBTree() for _ in range(parts))
        """request id → mark"""

    def _part(self, id_: int) -> int:
        return id_ % len(self._open)

    def put(self, header: WorkHeader) -> None:
        """File a request, or what has changed of it; what is the same is not written again."""
        id_ = header.request.id
        part = self._part(id_)
        row = packed(header)
        if self._open[part].get(id_) != row:
            self._open[part][id_] = row
        mark = mark_of(header)
        if self._marks[part].get(id_) != mark:
            self._marks[part][id_] = mark

    def discard(self, id_: int) -> None:
        """Take a request out, if it is here."""
        part = self._part(id_)
        if id_ in self._marks[part]:
            del self._open[part][id_], self._marks[part][id_]

    def __len__(self) -> int:
        return sum(len(part) for part in self._marks)

    def __contains__(self, id_: int) -> bool:
        return id_ in self._open[self._part(id_)]

    def header(self, id_: int) -> WorkHeader:
        """What lies beside a request; KeyError for one that is not here."""
        return unpacked(self._open[self._part(id_)][id_])

    def marks(self) -> Iterator[tuple[int, int]]:
        """(request id, mark) in no order."""
        return chain.from_iterable(part.items() for part in self._marks)

    def numbers(self) -> Iterator[int]:
        """The marks alone: for counting, the fastest way through."""
        return chain.from_iterable(part.values() for part in self._marks)

    def ids_at(self, places: Iterable[int]) -> Iterator[int]:
        """The ids of those whose marks `numbers` gives at these places, in their order; the others are passed over."""
        parts, keys = iter(self._marks), self._marks[0].keys()
        start = end = 0
        for place in places:
            while place >= end:
                keys = next(parts).keys()
                start, end = end, end + len(keys)
            yield keys[place - start]

    def headers(self) -> Iterator[WorkHeader]:
        """What lies beside all requests, in no order: to ask about many without loading one."""
        for part in self._open:
            yield from map(unpacked, part.values())

    def repack(self) -> Iterator[int]:
        """Store the headers of a list from before they were packed as they are stored now; the ids, one by one."""
        for part in self._open:
            for id_, header in list(part.items()):
                if isinstance(header, WorkHeader):
                    part[id_] = packed(header)
                    yield id_

    def by_due(self) -> Iterator[Request]:
        """Open requests, earliest due first, those without a due time last."""
        dues = sorted((mark >> DUE_SHIFT, id_) for id_, mark in self.marks())
        return (self.header(id_).request for _due, id_ in dues)
