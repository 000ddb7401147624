"""Global trees in 256 parts, so that people writing at the same time do not touch the same nodes.

Why: an insert marks inner tree nodes as read and a split below fails every concurrent insert; with single trees a
desk of four saw 26–48 failed tries per 100 commits, with shards below one (measured before the plan was fixed).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice
from typing import Any, Generic, TypeVar
from zlib import crc32

from BTrees.LOBTree import LOBTree
from BTrees.OOBTree import OOBTree, OOTreeSet
from persistent import Persistent

SHARDS = 256
Key = TypeVar("Key", int, str)


def shard_of(key: int | str) -> int:
    """The shard of a key: low bits of an id, CRC-32 of text. Never ``hash()``: it differs between processes."""
    return key & (SHARDS - 1) if isinstance(key, int) else _crc(key) & (SHARDS - 1)


def _crc(text: str) -> int:
    # Whatever was typed may be looked up, also half a character that is no Unicode text.
    return crc32(text.encode("utf-8", "surrogatepass"))


class Sharded(Persistent, Generic[Key]):
    """A mapping of id or text to any storable value, spread over 256 BTrees.

    Order holds within a shard only. There is no shared counter: ``len()`` adds the shards up.
    """

    def __init__(self, kind: type[Key]) -> None:
        tree = LOBTree if kind is int else OOBTree
        self._shards = tuple(tree() for _ in range(SHARDS))

    def _shard(self, key: Key) -> Any:
        return self._shards[shard_of(key)]

    def get(self, key: Key, default: Any = None) -> Any:
        return self._shard(key).get(key, default)

    def __getitem__(self, key: Key) -> Any:
        return self._shard(key)[key]

    def __setitem__(self, key: Key, value: Any) -> None:
        self._shard(key)[key] = value

    def __delitem__(self, key: Key) -> None:
        del self._shard(key)[key]

    def __contains__(self, key: Key) -> bool:
        return key in self._shard(key)

    def insert(self, key: Key, value: Any) -> bool:
        """Store unless the key is there; True when it was stored."""
        return bool(self._shard(key).insert(key, value))

    def starting_with(self, prefix: str) -> Iterator[tuple[str, Any]]:
        """(key, value) of the text keys that start with ``prefix``, shard by shard: a look into each of them."""
        return (item for shard in self._shards for item in shard.items(prefix, prefix + "\U0010ffff"))

    def __len__(self) -> int:
        return sum(len(shard) for shard in self._shards)

    def __iter__(self) -> Iterator[Key]:
        return (key for shard in self._shards for key in shard)

    def keys(self) -> Iterator[Key]:
        return iter(self)

    def values(self) -> Iterator[Any]:
        return (value for shard in self._shards for value in shard.values())

    def items(self) -> Iterator[tuple[Key, Any]]:
        return (item for shard in self._shards for item in shard.items())


SEPARATOR = "\0"
"""Between key and id in ordered sets; sorts before every letter, and keys never hold it."""


ID_DIGITS = 16
"""Hexadecimal digits of an id in a row."""


def _row(key: str, id_: int) -> str:
    return f"{key}{SEPARATOR}{id_:016x}"


def _plain(key: str) -> str:
    """A key or prefix without the separator, which would end it early."""
    return key.replace(SEPARATOR, " ")


def row_id(row: str) -> int:
    """The id in a row of an index; what stands before it is the key, and `SEPARATOR`."""
    return int(row[-16:], 16)


def _split(row: str) -> tuple[str, int]:
    key, _, id_ = row.rpartition(SEPARATOR)
    return key, int(id_, 16)


class Rows(OOTreeSet):
    """Rows of an ordered index. A leaf that splits fails the inserts of that moment, and one of three times the usual
    size splits a third as often; it is written whole, though, with each row that comes into it."""

    max_leaf_size = 100


class RowIndex(Persistent):
    """What the ordered sets of (text key, id) have in common, for whoever looks whether all is filed."""

    def _place(self, key: str, id_: int) -> Rows:
        """The part in which a row lies."""
        raise NotImplementedError

    def _all(self) -> Iterator[Rows]:
        """Every part."""
        raise NotImplementedError

    def add(self, key: str, id_: int) -> None:
        key = _plain(key)
        self._place(key, id_).add(_row(key, id_))

    def discard(self, key: str, id_: int) -> None:
        key = _plain(key)
        part, row = self._place(key, id_), _row(key, id_)
        if row in part:
            part.remove(row)

    def holds(self, key: str, id_: int) -> bool:
        """Whether the id is filed under the key."""
        key = _plain(key)
        return _row(key, id_) in self._place(key, id_)

    def rows(self) -> Iterator[tuple[str, int]]:
        """Every (key, id), in order within a part only."""
        return (_split(row) for part in self._all() for row in part)

    def __len__(self) -> int:
        return sum(len(part) for part in self._all())


class PrefixIndex(RowIndex):
    """An ordered set of (text key, id), asked by prefix; sharded by the first two characters of the key.

    A prefix must therefore have two characters at least. Names begin alike (a fifth of a city's with «مح»), so each
    shard lies in parts by id, merged when asked.
    """

    LEAST = 2
    SHARDS = 64
    PARTS = 8

    def __init__(self) -> None:
        self._shards = tuple(tuple(Rows() for _ in range(self.PARTS)) for _ in range(self.SHARDS))

    def _shard(self, key: str) -> tuple[Rows, ...]:
        return self._shards[_crc(key[: self.LEAST]) % self.SHARDS]

    def _place(self, key: str, id_: int) -> Rows:
        return self._shard(key)[id_ % self.PARTS]

    def _all(self) -> Iterator[Rows]:
        return (part for shard in self._shards for part in shard)

    def starting_with(self, prefix: str) -> Iterator[tuple[str, int]]:
        """(key, id) in order of the keys that start with ``prefix`` (two characters at least)."""
        if len(prefix) < self.LEAST:
            raise ValueError(f"a prefix has {self.LEAST} characters at least: {prefix!r}")
        prefix = _plain(prefix)
        return (_split(row) for row in _between(self._shard(prefix), prefix, prefix + "\U0010ffff"))

    def first(self, prefix: str, most: int) -> list[str]:
        """The rows of the ``most`` first keys that start with ``prefix``: see `row_id`; in order when there are more.

        The same as ``starting_with`` cut there, an order of magnitude faster: no row is taken apart, and what is taken
        from each part is merged by sorting.
        """
        if len(prefix) < self.LEAST:
            raise ValueError(f"a prefix has {self.LEAST} characters at least: {prefix!r}")
        prefix = _plain(prefix)
        walks = [iter(part.keys(prefix, prefix + "\U0010ffff")) for part in self._shard(prefix)]
        share = most // len(walks) + 1
        found: list[str] = []
        ends: list[str | None] = []
        for walk in walks:
            rows = list(islice(walk, share))
            ends.append(rows[-1] if len(rows) == share else None)
            found += rows
        while True:
            if len(found) <= most and not any(ends):
                return found
            found.sort()
            limit = found[most - 1] if len(found) >= most else found[-1]
            # A part from which all rows were before the last one wanted may have more of them.
            short = [place for place, end in enumerate(ends) if end is not None and (end < limit or len(found) < most)]
            if not short:
                return found[:most]
            for place in short:
                rows = list(islice(walks[place], share))
                ends[place] = rows[-1] if len(rows) == share else None
                found += rows

    def exactly(self, key: str) -> Iterator[int]:
        """The ids stored under exactly ``key``."""
        key = _plain(key)
        start = key + SEPARATOR
        return (_split(row)[1] for row in _between(self._shard(key), start, start + "g"))


def _between(parts: tuple[Rows, ...], low: str, high: str) -> Iterator[str]:
    """The rows of all parts from ``low`` to ``high``, in order."""
    return heapq.merge(*(part.keys(low, high) for part in parts))


class KeyIndex(RowIndex):
    """A set of (text key, id), asked by whole keys only; a key's ids lie in four of the parts."""

    SHARDS = 64
    SPREAD = 4

    def __init__(self) -> None:
        self._parts = tuple(Rows() for _ in range(self.SHARDS))

    def _place(self, key: str, id_: int) -> Rows:
        return self._parts[(_crc(key) + id_ % self.SPREAD) % self.SHARDS]

    def _all(self) -> Iterator[Rows]:
        return iter(self._parts)

    def exactly(self, key: str) -> Iterator[int]:
        """The ids stored under exactly ``key``, in order."""
        key = _plain(key)
        start = key + SEPARATOR
        parts = tuple(self._place(key, number) for number in range(self.SPREAD))
        return (_split(row)[1] for row in _between(parts, start, start + "g"))


class SuffixShardedIndex(RowIndex):
    """An ordered set of (text key, id), sharded by the last two characters: for phones, whose ends are random."""

    PARTS = 32

    def __init__(self) -> None:
        self._shards = tuple(Rows() for _ in range(self.PARTS))

    def _shard(self, key: str) -> Rows:
        return self._shards[_crc(key[-2:]) % self.PARTS]

    def _place(self, key: str, id_: int) -> Rows:
        return self._shard(key)

    def _all(self) -> Iterator[Rows]:
        return iter(self._shards)

    def exactly(self, key: str) -> Iterator[int]:
        start = key + SEPARATOR
        return (_split(row)[1] for row in self._shard(key).keys(start, start + "g"))

    def starting_with(self, prefix: str) -> Iterator[tuple[str, int]]:
        """(key, id) in order of the keys that start with ``prefix``, merged over all parts."""
        parts = (shard.keys(prefix, prefix + "\U0010ffff") for shard in self._shards)
        return (_split(row) for row in heapq.merge(*parts))

    def ending_with(self, suffix: str, most: int) -> Iterator[tuple[str, int]]:
        """(key, id) of the keys that end with ``suffix`` (two characters at least), in order.

        They all lie in one part, of which the first ``most`` rows are looked at.
        """
        if len(suffix) < 2:
            raise ValueError(f"the end of a key has 2 characters at least: {suffix!r}")
        end = _plain(suffix) + SEPARATOR
        rows = islice(self._shard(suffix), most)
        return (_split(row) for row in rows if row[: -ID_DIGITS].endswith(end))
