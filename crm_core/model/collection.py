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


def person_of(item: Item, name: str) -> int | None:
    """The contact id in an item's field ``name``, a number or its text; None where there is no such field or id."""
    value = item.data.get(name) if name else None
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() and int(value) < 1 << 63 else None


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

    def holds(self, value: Plain, id_: int) -> bool:
        """Whether the id is filed under the value."""
        return self._rows.holds(exact_key(value), id_)

    def count(self) -> int:
        """How many rows there are."""
        return len(self._rows)


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

    def holds(self, value: Plain, id_: int) -> bool:
        """Whether the id is filed under the value."""
        return (self.key(value), id_) in self._rows[id_ % self.PARTS]

    def count(self) -> int:
        """How many rows there are."""
        return sum(map(len, self._rows))


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

    def holds(self, value: Plain, _id: int) -> bool:
        """Whether somebody holds the value: where two want it, it stays with the first."""
        return str(value) in self._holders

    def count(self) -> int:
        """How many values are held."""
        return len(self._holders)


@dataclass(frozen=True)
class Duties:
    """What a collection declares, frozen beside its records: its indexed fields, the field that names a person, its
    words, and what becomes of the records when that person is merged, asks for a copy, is erased, or time passes.

    Stored ones from before a duty existed read the default of the class.
    """

    exact: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    person: str = ""
    on_erase: str = "remove"
    on_merge: str = "keep"
    on_export: str = "include"
    expires_days: int = 0
    expires_by: str = ""
    title: tuple[tuple[str, str], ...] = ()
    """(language, words) of the collection's title"""
    fields: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    """(name, title as above) of the fields to show, in order"""

    @property
    def places(self) -> tuple[object, ...]:
        """What the indexes are made by: two duties equal in it file a record in the same places."""
        return self.exact, self.ranges, self.unique, self.person


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
        if duties.places == self.duties.places:
            self.duties = duties
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

    def discard(self, item: Item) -> None:
        """Take an item out, with its claims. It is written once more, so that who counts on it conflicts."""
        item._p_changed = True
        self.unindex(item)
        del self.items[item.id]

    def is_filed(self) -> bool:
        """Whether every item stands where its values say, and nothing else does."""
        wanted: dict[int, set[str]] = {}
        rows, people = 0, 0
        for item in self.items.values():
            for index, value in self._places(item):
                if not index.holds(value, item.id):
                    return False
                if isinstance(index, UniqueIndex):
                    wanted.setdefault(id(index), set()).add(str(value))
                else:
                    rows += 1
            person = self._person(item)
            if person is not None:
                people += 1
                if self._of_person.get(person, {}).get(item.id) is not item:
                    return False
        found = sum(index.count() for kind in (self.exact, self.ranges) for index in kind.values())
        held = sum(index.count() for index in self.unique.values())
        filed = sum(map(len, self._of_person.values()))
        return (found, held, filed) == (rows, sum(map(len, wanted.values())), people)

    def file_anew(self) -> None:
        """Make the indexes from the items, as they would be had each been added in the order of their ids."""
        self.exact = {name: ExactIndex() for name in self.duties.exact}
        self.ranges = {name: RangeIndex() for name in self.duties.ranges}
        self.unique = {name: UniqueIndex() for name in self.duties.unique}
        self._of_person = Sharded(int)
        for item in sorted(self.items.values(), key=lambda item: item.id):
            self.index(item)

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
        return person_of(item, self.duties.person)
