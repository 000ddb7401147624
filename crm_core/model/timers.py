"""The stored list of timers: what is to be looked at again at a moment, by minute, in parts."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from zlib import crc32

from BTrees.LOBTree import LOBTree
from persistent import Persistent

from crm_core.model.runs import TimersState

PARTS = 64
"""Trees over which timers are spread, so that people who set some for the same morning do not meet."""
MINUTE = 60_000
_LOW = 32
"""Bits of a key below its minute."""

Row = tuple[str, int, int]
"""(kind, id of the object, tries that failed)"""


def key_minute(key: int) -> int:
    """The minute in a key, milliseconds UTC."""
    return (key >> _LOW) * MINUTE


class TimerBook(Persistent):
    """Timers in order of their minute. The same one (kind, object, minute) twice is one."""

    def __init__(self) -> None:
        self.parts = tuple(LOBTree() for _number in range(PARTS))
        self.state = TimersState()

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    def add(self, moment: int, kind: str, object_id: int, tries: int = 0) -> None:
        """Set a timer for a moment (milliseconds UTC); it fires in the minute that begins then, or later."""
        part = self.parts[object_id % PARTS]
        key = (-(-max(moment, 0) // MINUTE) << _LOW) | crc32(f"{kind}:{object_id}".encode())
        while key in part and part[key][:2] != (kind, object_id):
            key += 1
        # Written also where it is there: who is just firing it meets this, and looks again at what was changed.
        part[key] = (kind, object_id, min(tries, part[key][2]) if key in part else tries)

    def due(self, now: int) -> Iterator[tuple[int, int, Row]]:
        """What is due at ``now``, earliest first, as (key, part, row)."""
        last = (now // MINUTE + 1) << _LOW
        return heapq.merge(*(self._until(number, last) for number in range(PARTS)))

    def _until(self, number: int, last: int) -> Iterator[tuple[int, int, Row]]:
        return ((key, number, row) for key, row in self.parts[number].items(None, last, excludemax=True))

    def next(self) -> int | None:
        """The minute of the earliest timer (milliseconds UTC); None without any."""
        firsts = [key_minute(part.minKey()) for part in self.parts if part]
        return min(firsts, default=None)

    def oldest_due(self, now: int) -> int | None:
        """When the first of those that are due should have fired."""
        first = self.next()
        return first if first is not None and first <= now else None

    def holds(self, part: int, key: int, row: Row) -> bool:
        """Whether a timer that was due is still there, as it was."""
        return self.parts[part].get(key) == row

    def forget(self, is_gone: Callable[[str], bool]) -> None:
        """Drop the timers of all kinds that ``is_gone`` says so of, and their dead letters."""
        for part in self.parts:
            for key in [key for key, row in part.items() if is_gone(row[0])]:
                del part[key]
        held = self.state.letters.held if self.state.letters is not None else {}
        for id_ in [id_ for id_, letter in held.items() if is_gone(letter.kind)]:
            del held[id_]

    def remove(self, part: int, key: int) -> None:
        del self.parts[part][key]
