"""Fires timers that are due: one leased runner, each timer in a transaction of its own with its removal.

A timer whose handler fails comes again later and later, and is a dead letter after many tries; one whose plugin is away
waits for it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from transaction.interfaces import TransientError

from crm_core.claims import Claimant, LostClaim, one_line
from crm_core.contributions import Timer
from crm_core.errors import contained
from crm_core.following import TRIES
from crm_core.model.ids import now_ms
from crm_core.model.letters import DEAD, Letter
from crm_core.model.root import Root
from crm_core.model.timers import MINUTE, Row, TimerBook
from crm_core.services import Services

if TYPE_CHECKING:
    from crm_core.app import App

log = logging.getLogger(__name__)
LEASE = 5 * MINUTE
AT_ONCE = 100
"""Timers fired in one go; the rest follows at once."""
LONGEST_WAIT = 60
"""Minutes between two tries of a timer that fails, at most."""
UNKNOWN = 60
"""Minutes until a timer without a handler is looked at again."""


@dataclass(frozen=True)
class TimersRow:
    """How timers stand: how many are set, when the next one is due and since when one is overdue (milliseconds UTC)."""

    count: int
    next: int | None
    overdue: int | None
    dead: int


def timers(root: Root, now: int) -> TimersRow:
    book = root.timers
    if book is None:
        return TimersRow(0, None, None, 0)
    held = book.state.letters.held if book.state.letters is not None else ()
    return TimersRow(len(book), book.next(), book.oldest_due(now), len(held))


class TimerRunner:
    """Fires the timers of one application. For one thread."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.claimant = Claimant(app, LEASE)

    def step(self) -> int:
        """Fire what is due, up to `AT_ONCE`; how many were settled in some way."""
        with self.app.reading() as services:
            book: TimerBook | None = services.root.timers
            due = [] if book is None else list(islice(book.due(services.now), AT_ONCE))
            if book is None or not due or not self.claimant.may_take(book.state):
                return 0
            held = self.claimant.holds(book.state, LEASE // 2)
        if not held and not self.app.run(lambda services: self.claimant.take(services.root.timers.state),
                                         note="timers: claim"):
            return 0
        return sum(self._fire(key, part, row) for key, part, row in due)

    def _fire(self, key: int, part: int, row: Row) -> bool:
        kind, object_id, _tries = row
        found = self.app.registry.timers.get(kind)
        if found is None:
            return self._again(key, part, row, UNKNOWN, "")
        plugin, timer = found
        try:
            with contained():
                return self.app.run(lambda services: self._work(services, key, part, row, timer), note=f"timer {kind}")
        except LostClaim:
            log.warning("another process fires timers")
        except Exception as error:  # noqa: BLE001  # whatever it raises must not hold the others up
            if not isinstance(error, TransientError):  # nobody's failure
                self.app.host.note(plugin, f"timer {kind} of {object_id}", error)
            self._failed(key, part, row, one_line(error))
        return False

    def _work(self, services: Services, key: int, part: int, row: Row, timer: Timer) -> bool:
        book: TimerBook = services.root.timers
        self.claimant.demand(book.state)
        if not book.holds(part, key, row):
            return False
        timer.fire(services, row[1])
        book.remove(part, key)
        book.state.done = services.now
        return True

    def _failed(self, key: int, part: int, row: Row, error: str) -> None:
        kind, object_id, tries = row
        if tries + 1 < TRIES:
            self._again(key, part, (kind, object_id, tries), min(2 ** tries, LONGEST_WAIT), error)
            return

        def work(services: Services) -> None:
            book: TimerBook = services.root.timers
            if not book.holds(part, key, row):
                return
            book.remove(part, key)
            letter = Letter(services.now, "", None, (kind, object_id))
            letter.tries, letter.error, letter.since = tries + 1, error, services.now
            book.state.desk().hold(letter, services.now, DEAD)

        self.app.run(work, note=f"timer {kind}: failed")
        log.error("the timer %s failed %d times and is a dead letter now: %s", kind, tries + 1, error)

    def _again(self, key: int, part: int, row: Row, minutes: int, error: str) -> bool:
        """Let one come again later; one that failed has one try less."""
        kind, object_id, tries = row

        def work(services: Services) -> bool:
            book: TimerBook = services.root.timers
            if not book.holds(part, key, row):
                return False
            book.remove(part, key)
            book.add(now_ms() + minutes * MINUTE, kind, object_id, tries + bool(error))
            return True

        return self.app.run(work, note=f"timer {kind}: later")
