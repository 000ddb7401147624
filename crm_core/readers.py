"""Readers of plugins: what happened, told after it was stored, entry by entry and at least once.

A reader begins at the first start with its plugin and goes on where it stood. Its place and what it writes are stored
together, in a transaction for each entry. One that fails is tried again later and later, and holds nobody else up; an
entry that fails too often becomes a dead letter, and the reader goes on behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from logging import getLogger

from transaction.interfaces import TransientError

from crm_core.claims import LostClaim, one_line
from crm_core.contributions import Reader
from crm_core.errors import contained
from crm_core.following import (
    SKIPPED,
    TRIES,
    Follower,
    Found,
    Standing,
    next_entry,
    standing,
    wait_before,
)
from crm_core.journal import Cursor
from crm_core.model.ids import now_ms
from crm_core.model.journal import JournalEntry
from crm_core.model.letters import DEAD, Letter
from crm_core.model.root import Root
from crm_core.model.runs import ReaderState
from crm_core.registry import Registry
from crm_core.services import Services

log = getLogger(__name__)
ReaderRow = Standing


def readers(root: Root, registry: Registry) -> list[ReaderRow]:
    """Every reader that there is now, in order of ids."""
    return [standing(root, id_, plugin, reader, (root.readers or {}).get(id_))
            for id_, (plugin, reader) in sorted(registry.readers.items())]


class ReaderRunner(Follower):
    """Lets the readers of one application read. For one thread."""

    tree, made = "readers", ReaderState

    def wanted(self, registry: Registry) -> Mapping[str, tuple[str, Reader]]:
        return registry.readers

    def step(self) -> int:
        """Let each reader read the next entry for it, if there is one and it may be tried; how many got further."""
        if self.app.registry is not self._begun:  # plugins were switched on or off
            self.begin()
        return sum(self._step(id_, *found) for id_, found in sorted(self.app.registry.readers.items()))

    def _step(self, id_: str, plugin: str, reader: Reader) -> bool:
        with self.app.reading() as services:
            state = self.stored(services.root, id_)
            if state is None or not self.claimant.may_take(state):
                return False
            held = self.claimant.holds(state, self.claimant.lease // 2)
            if not _again(state) and (state.due > now_ms() or not self._is_further(services.root, state, id_, reader)):
                return False
        if not held and not self.claim(id_):
            return False
        return self._read(plugin, id_, reader)

    def _is_further(self, root: Root, state: ReaderState, id_: str, reader: Reader) -> bool:
        """Whether there is an entry for it, or enough that nobody wanted to store that it was looked at."""
        place, skipped = self.ahead(state, id_)
        found = _next(root, place, reader)
        if found.entry is None:
            place, skipped = found.cursor, skipped + found.skipped
        self.nothing_until(state, id_, place, skipped)
        return found.entry is not None or skipped >= SKIPPED

    def _read(self, plugin: str, id_: str, reader: Reader) -> bool:
        """One letter or entry, in a transaction with the place behind it; whether it got further."""
        tried: list[int] = []
        """the id of the letter that was tried, if any"""

        def work(services: Services) -> bool:
            tried.clear()
            state = self.at_work(services, id_)
            letter = _again(state)
            if letter is not None and letter.entry is not None:
                tried.append(letter.id)
                reader.read(services, letter.entry)
                state.desk().take(letter)
                state.desk().leave(letter, now_ms())
                _went_well(state)
                return True
            found = _next(services.root, Cursor.parse(state.cursor), reader)
            if found.entry is not None:
                reader.read(services, found.entry)
                _went_well(state)
            state.cursor = str(found.cursor)
            return True

        try:
            with contained():
                return self.app.run(work, note=f"reader {id_}")
        except LostClaim:
            log.warning("another process reads for %s; what was read here is not stored", id_)
        except Exception as error:  # noqa: BLE001  # whatever it raises must not hold the others up
            if not isinstance(error, TransientError):  # nobody's failure
                self.app.host.note(plugin, f"reader {id_}", error)
            self._failed(id_, reader, tried[0] if tried else 0, one_line(error))
        return False

    def _failed(self, id_: str, reader: Reader, letter_id: int, error: str) -> None:
        """Note that an entry (or a letter, by its id) could not be read."""

        def work(services: Services) -> None:
            state, now = self.state(services.root, id_), now_ms()
            if not self.claimant.is_mine(state):
                return
            letter = _again(state)
            state.tried = now
            if letter_id:
                if letter is not None and letter.id == letter_id:
                    letter.failed(now, error)
                    _put_back(state, letter, now)
                return
            state.failures, state.error = state.failures + 1, error
            state.due = now + wait_before(state.failures)
            if state.failures >= TRIES:
                self._lay_aside(services, state, reader, now)

        self.app.run(work, note=f"reader {id_}: failed")

    @staticmethod
    def _lay_aside(services: Services, state: ReaderState, reader: Reader, now: int) -> None:
        """What failed too often becomes a dead letter; the reader goes on behind it."""
        found = _next(services.root, Cursor.parse(state.cursor), reader)
        if found.entry is not None:
            letter = Letter(now, "", found.entry, found.entry.subject)
            letter.tries, letter.error, letter.since = state.failures, state.error, now
            state.desk().hold(letter, now, DEAD)
            log.error("an entry could not be read in %d tries and is a dead letter now: %s", letter.tries, letter.error)
        state.cursor, state.failures, state.error, state.due = str(found.cursor), 0, "", 0


def _again(state: ReaderState) -> Letter | None:
    """The letter that is to be tried again now."""
    return state.letters.due(now_ms()) if state.letters is not None else None


def _put_back(state: ReaderState, letter: Letter, now: int) -> None:
    """Later again, or for a person, after a try that failed."""
    desk = state.desk()
    desk.take(letter)
    if letter.tries >= TRIES:
        desk.hold(letter, now, DEAD)
    else:
        desk.wait(letter, now + wait_before(letter.tries))


def _went_well(state: ReaderState) -> None:
    state.tried = state.done = now_ms()
    state.count, state.failures, state.error, state.due = state.count + 1, 0, "", 0


def _next(root: Root, place: Cursor, reader: Reader) -> Found:
    def wanted(entry: JournalEntry) -> bool:
        return entry.kind in reader.kinds

    return next_entry(root, place, wanted)
