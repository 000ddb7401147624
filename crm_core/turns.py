"""Right of way for whoever others outran twice, so that nobody is refused because many want the same thing at once.

Tries that wait longer and longer lose against newcomers that never wait. Where commits take long (PostgreSQL), one of
three clients who took slot after slot lost six times in a row, and was told to try again later.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

log = logging.getLogger(__name__)

FIRST_WITH_RIGHT = 3
"""The try from which on a transaction has the right of way."""
SECONDS = 1.0
"""How long others wait for the one that has it: nobody stands still behind a long one."""


KEY = 0x63726D2D7475726E
"""Of PostgreSQL's advisory lock, which is each database's own ("crm-turn")."""


class AcrossProcesses:
    """One lock of a PostgreSQL database, for one thread of each process at a time.

    It lasts as long as a transaction that does nothing else, so that it goes with its process, however that ends, and a
    pooler may stand between. Whoever waits for it has locked nothing there, and waits for `SECONDS` at most.
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        """``connect`` gives a connection of psycopg2; it is asked when one is needed."""
        self._connect = connect
        self._connection: Any = None

    def take(self) -> bool:
        """Take it; False where another process keeps it for too long, or the database cannot be asked."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            with self._connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = %s", (round(1000 * SECONDS),))
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", (KEY,))
            return True
        except Exception as error:  # noqa: BLE001  # who cannot have it goes on without, as on any other storage
            log.info("no right of way before other processes: %s", error)
            self.give_back()
            return False

    def give_back(self) -> None:
        """Let other processes go on."""
        try:
            if self._connection is not None:
                self._connection.rollback()
        except Exception as error:  # noqa: BLE001  # it ends with its connection
            log.info("the connection for the right of way is gone: %s", error)
            self.close()

    def close(self) -> None:
        """End its connection; another `take` makes a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class Turns:
    """The right of way among the threads of one process, and ``across`` processes where the storage is PostgreSQL.

    Those who try for the first time ask only in their own process, since asking the database would cost each write a
    round trip: others who were outrun twice, one in each process at most, come one after the other. (tried: threads of
    four processes that write to one object all the time were refused in 8 % of their writes without it.)
    """

    def __init__(self, across: AcrossProcesses | None = None) -> None:
        self.across = across
        self._way = threading.Lock()
        self._holder = 0

    def one(self) -> Turn:
        """What one piece of work needs that is tried again on conflicts: a context manager around all its tries."""
        return Turn(self)

    def let_pass(self) -> None:
        """Wait for the one that has the right of way. What is begun within a try never waits for that try."""
        if self._way.locked() and self._holder != threading.get_ident() and self._way.acquire(timeout=SECONDS):
            self._way.release()

    def take(self) -> bool:
        """Take the right of way for this thread; False where another one keeps it for too long, or this one has it."""
        if self._holder == threading.get_ident() or not self._way.acquire(timeout=SECONDS):
            return False
        self._holder = threading.get_ident()
        if self.across is not None:
            self.across.take()
        return True

    def give_back(self) -> None:
        """Let the others go on."""
        if self.across is not None:
            self.across.give_back()
        self._holder = 0
        self._way.release()


class Turn:
    """The tries of one piece of work, all in one thread."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._has_way = False

    def __enter__(self) -> Turn:
        return self

    def before(self, attempt: int) -> None:
        """Before try number ``attempt`` (1, 2, …). The right of way is kept over later tries: those who were on their
        way already may still be faster once."""
        if attempt == 1:
            self._turns.let_pass()
        elif attempt >= FIRST_WITH_RIGHT and not self._has_way:
            self._has_way = self._turns.take()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._has_way:
            self._has_way = False
            self._turns.give_back()
