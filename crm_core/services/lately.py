"""Whom the desk dealt with last, as the newest entries of the journal tell; kept between requests of a process.

Reading a thousand entries for each letter that somebody types would cost more than finding the name.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain, islice
from threading import Lock

from crm_core import journal
from crm_core.model.root import Root

RECENT = 1000
"""Entries of the journal that are looked at."""


class Lately:
    def __init__(self) -> None:
        self._lock = Lock()
        self._cursor = journal.Cursor()
        self._contacts: dict[int, None] = {}

    def contacts(self, root: Root) -> Collection[int]:
        """The contacts dealt with lately, the last one first; whether one is among them is told at once."""
        end = journal.end(root)
        with self._lock:
            if end.positions != self._cursor.positions and not self._is_ahead_of(end):
                after = self._cursor if self._cursor.positions else None
                entries = journal.latest(root, RECENT, after)
                newest = (entry.contact for entry in entries if entry.contact is not None)
                latest = dict.fromkeys(islice(dict.fromkeys(chain(newest, self._contacts)), RECENT))
                self._cursor, self._contacts = end, latest
            return self._contacts

    def _is_ahead_of(self, end: journal.Cursor) -> bool:
        """Whether what is kept holds what another thread's view of the database does not show yet."""
        return any(place > end.positions.get(number, place) for number, place in self._cursor.positions.items())
