"""What plugins keep that is not a request: named sets of plain records with declared indexes.

Stored as plain data by classes of the core, so that it stays readable, exportable and erasable without the plugin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from BTrees.OOBTree import OOTreeSet
from persistent import Persistent

from crm_core.model.plain import Plain
from crm_core.model.sharded import PrefixIndex, Sharded


class Item(Persistent):
    """One record of a collection: an id, a revision and its plain ``data``; replaced as a whole."""

    def __init__(self, id_: int, data: dict[str, Plain]) -> None:
        self.id = id_
        self.revision = 1
        self.data = data


class RangeIndex(Persistent):
    """(value, id) in order, for questions like "slots from today on". Values are ISO text or non-negative integers."""

    def __init__(self) -> None:
        self.rows = OOTreeSet()

    @staticmethod
    def _key(value: Plain) -> str:
        return f"{value:020d}" if isinstance(value, int) else str(value)

    def add(self, value: Plain, id_: int) -> None:
        self.rows.add((self._key(value), id_))

    def discard(self, value: Plain, id_: int) -> None:
        row = (self._key(value), id_)
        if row in self.rows:
            self.rows.remove(row)

    def between(self, low: Plain | None, high: Plain | None) -> Iterator[int]:
        """Ids whose value is at least ``low`` and below ``high``."""
        start = None if low is None else (self._key(low), -1)
        stop = None if high is None else (self._key(high), -1)
        # No excludemax: without an upper bound it drops the last row, and no row equals a bound (ids are positive).
        return (id_ for _, id_ in self.rows.keys(start, stop))


class CollectionStore(Persistent):
    """The records of one collection and its indexes; `crm_core.services.collections` is the way in."""

    def __init__(self, exact: tuple[str, ...], ranges: tuple[str, ...], unique: tuple[str, ...]) -> None:
        self.items = Sharded(int)
        self.exact = {name: PrefixIndex() for name in exact}
        self.ranges = {name: RangeIndex() for name in ranges}
        self.unique: Mapping[str, Any] = {name: Sharded(str) for name in unique}
