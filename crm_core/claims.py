"""Claims: who works on a job or a reader, said in the database before the work begins, and only for a while.

A claim of a runner that was killed runs out: as soon as its process, where it said that it lives, has not said so for a
while. Where the data lie in a file that one process holds at a time, a claim of another process is over at once.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from crm_core.errors import line_of
from crm_core.model.ids import now_ms
from crm_core.model.root import ROOT_KEY
from crm_core.model.runs import Standing

if TYPE_CHECKING:
    from crm_core.db import Database
    from crm_core.settings import Settings

log = logging.getLogger(__name__)
LONGEST_ERROR = 500
"""Characters of an error that are kept."""


class Place(Protocol):
    """An open installation: an `crm_core.app.App`, or less."""

    settings: Settings
    db: Database


class LostClaim(Exception):
    """Somebody else has the claim now: what was done in this transaction must not be stored."""


class Claimant:
    """One runner. Its claims count for ``lease`` milliseconds from the last `take` or `renew`."""

    def __init__(self, app: Place, lease: int) -> None:
        self._session = app.db.session
        self._alone = app.settings.is_file_storage
        self.name = f"{self._session}:{secrets.token_hex(4)}"
        self._where = f"{socket.gethostname()}, {os.getpid()}"
        self.lease = lease

    def may_take(self, state: Standing) -> bool:
        """Whether nobody else is at work with it."""
        if not state.claimed_by or state.claimed_by == self.name or state.claimed_until <= now_ms():
            return True
        session = state.claimed_by.partition(":")[0]
        return session != self._session and (self._alone or _has_ended(state, session))

    def holds(self, state: Standing, least: int = 0) -> bool:
        """Whether it is claimed by this one, for ``least`` milliseconds at least."""
        return self.is_mine(state) and state.claimed_until - now_ms() > least

    def take(self, state: Standing) -> bool:
        """Claim it, if it can be had (in a transaction, to be committed before the work begins)."""
        if not self.may_take(state):
            return False
        if state.claimed_by != self.name:
            state.claimed_at, state.claimed_where = now_ms(), self._where
        state.claimed_by, state.claimed_until = self.name, now_ms() + self.lease
        return True

    def renew(self, state: Standing) -> None:
        """Keep it for a lease more, where it is still this one's."""
        if self.is_mine(state):
            self.take(state)

    def demand(self, state: Standing) -> None:
        """Raise LostClaim unless it `is_mine`."""
        if not self.is_mine(state):
            raise LostClaim

    def is_mine(self, state: Standing) -> bool:
        """Whether it is still this one's: nobody else has taken it, even where it has run out."""
        return state.claimed_by == self.name

    @staticmethod
    def release(state: Standing) -> None:
        state.claimed_by, state.claimed_until = "", 0


@contextmanager
def renewed(renew: Callable[[], object], lease: int, name: str) -> Iterator[None]:
    """While something long is done, ``renew`` is called six times in each ``lease`` (milliseconds), by a thread of its
    own; ``name`` is what it is called in the log."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(lease / 6000):
            try:
                renew()
            except Exception:  # the next time may go better, and the lease is longer than several of them
                log.exception("the claim of %s could not be renewed", name)

    keeper = threading.Thread(target=keep, name=f"crm-claim-{name}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def _has_ended(state: Standing, session: str) -> bool:
    """Whether the process of a session said once that it lives, and does not any more."""
    if state._p_jar is None:
        return False
    processes = state._p_jar.root()[ROOT_KEY].processes or {}
    return session in processes and processes[session].until <= now_ms()


def one_line(error: BaseException) -> str:
    """An error as it is kept beside a job or a reader: English, for administrators."""
    return " ".join(line_of(error).split())[:LONGEST_ERROR]
