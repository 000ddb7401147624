"""What plugins keep that is not a request: named sets of plain records with declared indexes.

Stored as plain data by classes of the core, together with what erasure does with them, so that they stay readable,
exportable and erasable without the plugin.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from BTrees.LOBTree import LOBTree
from BTrees.OOBTree import OOTreeSet
from persistent import Persistent

from crm_core.model.plain import Plain
from crm_core.model.sharded import KeyIndex, Sharded
from crm_core.text.folding import fold


class Item(Persistent):
    """One record of a collection: an id, a revision and its plain ``data``; replaced as a whole."""

    def __init__(self, id_: int, data: dict[str, Plain]) -> None:
        self.id = id_
        self.revision = 1
        self.data = data


def exact_key(value: Plain) -> str:
    """The text under which a value is found exactly: case, digits and Arabic or Persian letters make no difference."""
    return fold(str(value)) or str(value)


class ExactIndex(Persistent):
    """value → ids."""

    def __init__(self) -> None:
        self._rows = KeyIndex()

    def add(self, value: Plain, id_: int) -> None:
        self._rows.add(exact_key(value), id_)

    def discard(self, value: Plain, id_: int) -> None:
        self._rows.discard(exact_key(value), id_)

    def exactly(self, value: Plain) -> Iterator[int]:
        """Ids whose value equals ``value``, folded."""
        return self._rows.exactly(exact_key(value))


class RangeIndex(Persistent):
    """(value, id) in order, for questions like "slots from today on". Values are ISO text or whole numbers.

    In parts by id, merged when asked: new records mostly come at the end of the order, all at the same place.
    """

    PARTS = 16
    SHIFT = 10**19
    """Makes every 64-bit number a positive one of twenty digits, so that their texts sort as the numbers do."""

    def __init__(self) -> None:
        self._rows = tuple(OOTreeSet() for _ in range(self.PARTS))

    @classmethod
    def key(cls, value: Plain) -> str:
        """The text that stands for a value in the order."""
        return f"{value + cls.SHIFT:020d}" if isinstance(value, int) else str(value)

    def add(self, value: Plain, id_: int) -> None:
        self._rows[id_ % self.PARTS].add((self.key(value), id_))

    def discard(self, value: Plain, id_: int) -> None:
        rows, row = self._rows[id_ % self.PARTS], (self.key(value), id_)
        if row in rows:
            rows.remove(row)

    def between(self, low: Plain | None, high: Plain | None) -> Iterator[int]:
        """Ids whose value is at least ``low`` and below ``high``."""
        start = None if low is None else (self.key(low), -1)
        stop = None if high is None else (self.key(high), -1)
        # No excludemax: without an upper bound it drops the last row, and no row equals a bound (ids are positive).
        return (id_ for _, id_ in heapq.merge(*(rows.keys(start, stop) for rows in self._rows)))


class UniqueIndex(Persistent):
    """value → the one id that holds it: a claim."""

    def __init__(self) -> None:
        self._holders = Sharded(str)

    def add(self, value: Plain, id_: int) -> None:
        self._holders.insert(str(value), id_)

    def discard(self, value: Plain, id_: int) -> None:
        if self._holders.get(str(value)) == id_:
            del self._holders[str(value)]

    def holder(self, value: Plain) -> int | None:
        """The id that holds ``value``."""
        return self._holders.get(str(value))


@dataclass(frozen=True)
class Duties:
    """What a collection declares: its indexed fields, the field that names a person, and what erasure does then."""

    exact: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    person: str = ""
    on_erase: str = "remove"


class CollectionStore(Persistent):
    """The records of one collection and its indexes; `crm_core.services.collections` is the way in."""

    def __init__(self, duties: Duties) -> None:
        self.duties = Duties()
        self.items = Sharded(int)
        self.exact: dict[str, ExactIndex] = {}
        self.ranges: dict[str, RangeIndex] = {}
        self.unique: dict[str, UniqueIndex] = {}
        self._of_person = Sharded(int)
        """contact id → LOBTree of item id → Item"""
        self.fit(duties)

    def fit(self, duties: Duties) -> None:
        """Index as ``duties`` say from now on: a plugin's new version may declare other fields than the stored one."""
        if duties == self.duties:
            return
        for item in self.items.values():
            self.unindex(item)
        self.duties = duties
        self.exact = {name: self.exact.get(name) or ExactIndex() for name in duties.exact}
        self.ranges = {name: self.ranges.get(name) or RangeIndex() for name in duties.ranges}
        self.unique = {name: self.unique.get(name) or UniqueIndex() for name in duties.unique}
        for item in self.items.values():
            self.index(item)

    def index(self, item: Item) -> None:
        """File an item under its values. A unique value that somebody else holds stays his."""
        for index, value in self._places(item):
            index.add(value, item.id)
        person = self._person(item)
        if person is not None:
            if person not in self._of_person:
                self._of_person[person] = LOBTree()
            self._of_person[person][item.id] = item

    def unindex(self, item: Item) -> None:
        """Take an item out of everything it is filed under: call it before its data changes."""
        for index, value in self._places(item):
            index.discard(value, item.id)
        person = self._person(item)
        if person is not None and item.id in self._of_person.get(person, ()):
            del self._of_person[person][item.id]

    def of_person(self, contact: int) -> list[Item]:
        """The items that tell of a contact."""
        return list(self._of_person[contact].values()) if contact in self._of_person else []

    def forget_person(self, contact: int) -> None:
        """The contact's entry itself goes too, once no item tells of it any more."""
        if contact in self._of_person:
            del self._of_person[contact]

    def _places(self, item: Item) -> Iterator[tuple[Any, Plain]]:
        for kind in (self.exact, self.ranges, self.unique):
            for name, index in kind.items():
                value = item.data.get(name)
                if value not in (None, ""):
                    yield index, value

    def _person(self, item: Item) -> int | None:
        value = item.data.get(self.duties.person) if self.duties.person else None
        return int(value) if isinstance(value, int | str) and str(value).isdecimal() and int(value) < 1 << 63 else None
