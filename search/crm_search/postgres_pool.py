"""Connections of the PostgreSQL backend: kept open for the next question, made anew when the server was away."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any, TypeVar

import psycopg2
from psycopg2 import errors

from crm_core.services.textsearch import SearchUnavailable

log = logging.getLogger(__name__)

IDLE = 4
"""Connections kept open for the next question."""
CONNECT_SECONDS = 5

Answer = TypeVar("Answer")


class Pool:
    """Connections to ``dsn``. Reading ones have no transactions of their own and a time limit for each statement."""

    def __init__(self, dsn: str, deadline: float) -> None:
        self.dsn = dsn
        self.closed = False
        self._reading = f"-c statement_timeout={round(deadline * 1000)} -c default_transaction_read_only=on"
        self._idle: list[Any] = []
        self._lock = threading.Lock()

    def read(self, ask: Callable[[Any], Answer]) -> Answer:
        """``ask(cursor)``; once more when the connection turned out dead, or a table was replaced meanwhile.

        Raises SearchUnavailable for whatever the server has to say.
        """
        for again in (True, False):
            connection = self._borrow()
            try:
                with connection.cursor() as cursor:
                    return ask(cursor)
            except psycopg2.Error as error:
                if again and (connection.closed or isinstance(error, errors.UndefinedTable)):
                    log.info("Full text in PostgreSQL is asked again: %s", first_line(error))
                    if connection.closed:
                        self._forget()
                    continue
                log.warning("Full text in PostgreSQL could not answer: %s", first_line(error))
                raise SearchUnavailable(f"full text in PostgreSQL could not answer: {first_line(error)}") from error
            finally:
                self._give_back(connection)
        raise AssertionError("unreachable")

    @contextmanager
    def writing(self, name: str, patience: float) -> Iterator[Any]:
        """A connection of its own that holds the server's advisory lock ``name``, waited for ``patience`` seconds.

        The lock ends with the connection, whoever dies. Raises SearchUnavailable.
        """
        if self.closed:
            raise SearchUnavailable("the full text index is closed")
        connection = self._connect("")
        try:
            until = monotonic() + patience
            with connection, connection.cursor() as cursor:
                while True:
                    cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s), hashtext(current_database()))", (name,))
                    if cursor.fetchone()[0]:
                        break
                    if monotonic() > until:
                        raise SearchUnavailable("the full text index is being written by another process")
                    sleep(0.05)
            yield connection
        except psycopg2.Error as error:
            raise SearchUnavailable(f"full text in PostgreSQL could not be written: {first_line(error)}") from error
        finally:
            connection.close()

    def close(self) -> None:
        """Close idle connections; those in use are closed when they come back."""
        with self._lock:
            self.closed = True
        self._forget()

    def _forget(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _borrow(self) -> Any:
        with self._lock:
            if self.closed:
                raise SearchUnavailable("the full text index is closed")
            if self._idle:
                return self._idle.pop()
        connection = self._connect(self._reading)
        connection.autocommit = True
        return connection

    def _give_back(self, connection: Any) -> None:
        with self._lock:
            keep = not self.closed and not connection.closed and len(self._idle) < IDLE
            if keep:
                self._idle.append(connection)
        if not keep:
            connection.close()

    def _connect(self, options: str) -> Any:
        try:
            return psycopg2.connect(self.dsn, connect_timeout=CONNECT_SECONDS, options=options,
                                    application_name="crm full text")
        except psycopg2.ProgrammingError:  # what libpq says of words it cannot read repeats them, the password too
            raise SearchUnavailable("PostgreSQL cannot be reached: its address cannot be read") from None
        except psycopg2.Error as error:
            raise SearchUnavailable(f"PostgreSQL cannot be reached: {first_line(error)}") from error


def first_line(error: BaseException) -> str:
    """The first line of what the server said."""
    return str(error).strip().partition("\n")[0]
