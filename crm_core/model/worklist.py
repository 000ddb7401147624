"""Open work of one unit or one person: ids in order of arrival and of due time. Closed work is not in here."""

from __future__ import annotations

from collections.abc import Iterator

from BTrees.LOBTree import LOBTree
from BTrees.OOBTree import OOTreeSet
from persistent import Persistent

from crm_core.model.request import Request

NO_DUE = (1 << 62) - 1


class WorkList(Persistent):
    """``len(work.open)`` is the count. Late and due today are ranges of ``due``, never stored states."""

    def __init__(self) -> None:
        self.open = LOBTree()
        self.due = OOTreeSet()

    def add(self, request: Request) -> None:
        self.open[request.id] = request
        self.due.add((NO_DUE if request.due is None else request.due, request.id))

    def discard(self, request: Request, due: int | None) -> None:
        """Take out; ``due`` is the due time it was filed under."""
        if request.id in self.open:
            del self.open[request.id]
        row = (NO_DUE if due is None else due, request.id)
        if row in self.due:
            self.due.remove(row)

    def by_due(self, low: int | None = None, high: int | None = None) -> Iterator[Request]:
        """Open requests whose due time is at least ``low`` and below ``high`` (ms), earliest first."""
        start = None if low is None else (low, 0)
        stop = None if high is None else (high, 0)
        return (self.open[id_] for _, id_ in self.due.keys(start, stop))
