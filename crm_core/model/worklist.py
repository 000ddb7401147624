"""Open work of one unit or one person: in order of arrival and of due time. Closed work is not in here."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

from BTrees.LOBTree import LOBTree
from BTrees.OOBTree import OOTreeSet
from persistent import Persistent

from crm_core.model.ids import MAX_ID
from crm_core.model.request import Request

NO_DUE = (1 << 62) - 1
UNIT_PARTS = 64
"""Parts of a unit's list. An import files hundreds of requests under one unit while its clerks go on: with a single
tree they needed 145 tries too many per 100 calls and some gave up (``make bench``, bench_import)."""
PERSON_PARTS = 1


class WorkList(Persistent):
    """``len(work)`` is the count. Late and due today are ranges of the due time, never stored states."""

    def __init__(self, parts: int = UNIT_PARTS) -> None:
        self._open = tuple(LOBTree() for _ in range(parts))
        self._due = tuple(OOTreeSet() for _ in range(parts))
        self._veiled = LOBTree()
        """the few that do not exist for somebody, so that a count can leave them out without loading all"""

    def _part(self, id_: int) -> tuple[Any, Any]:
        part = id_ % len(self._open)
        return self._open[part], self._due[part]

    def add(self, request: Request, veiled: bool = False) -> None:
        """File under arrival and due time; ``veiled``: there may be somebody for whom it does not exist."""
        if veiled:
            self._veiled[request.id] = request
        open_, due = self._part(request.id)
        open_[request.id] = request
        due.add((NO_DUE if request.due is None else request.due, request.id))

    def discard(self, request: Request, due: int | None) -> None:
        """Take out; ``due`` is the due time it was filed under."""
        open_, dues = self._part(request.id)
        if request.id in open_:
            del open_[request.id]
        if request.id in self._veiled:
            del self._veiled[request.id]
        row = (NO_DUE if due is None else due, request.id)
        if row in dues:
            dues.remove(row)

    def __len__(self) -> int:
        return sum(len(part) for part in self._open)

    def __contains__(self, id_: int) -> bool:
        return id_ in self._part(id_)[0]

    def veiled(self) -> Iterator[Request]:
        """Those that may not exist for somebody."""
        return iter(self._veiled.values())

    def __iter__(self) -> Iterator[Request]:
        """Open requests, earliest due first, those without a due time last."""
        return self.by_due()

    def newest(self) -> Iterator[Request]:
        """Open requests, the one that came last first."""
        rows = heapq.merge(*(_backwards(part) for part in self._open), key=lambda row: -row[0])
        return (request for _id, request in rows)

    def by_due(self, low: int | None = None, high: int | None = None) -> Iterator[Request]:
        """Open requests whose due time is at least ``low`` and below ``high`` (ms), earliest first."""
        start = None if low is None else (low, 0)
        stop = None if high is None else (high, 0)
        rows = heapq.merge(*(part.keys(start, stop, excludemax=stop is not None) for part in self._due))
        return (self._part(id_)[0][id_] for _due, id_ in rows)


def _backwards(tree: Any) -> Iterator[tuple[int, Request]]:
    """Items of a tree from the last on, by repeated maxKey: reversed(items()) loads every bucket for its length."""
    bound = MAX_ID
    while True:
        try:
            key = tree.maxKey(bound)
        except ValueError:  # nothing at or below the bound
            return
        yield key, tree[key]
        bound = key - 1
