"""The database: opened by URI, one root, transactions that retry and notes on each of them."""

from __future__ import annotations

import logging
import random
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, TypeVar

import transaction
import ZODB
from transaction.interfaces import NoTransaction, TransientError
from ZODB.Connection import Connection
from ZODB.FileStorage import FileStorage
from ZODB.POSException import ReadOnlyError

from crm_core import evolve
from crm_core.guard import GuardedConnection
from crm_core.model.root import ROOT_KEY, Root
from crm_core.settings import Settings
from crm_core.storage import across_processes, empty, open_storage
from crm_core.storage import pool as pool_of
from crm_core.turns import AcrossProcesses, Turns

log = logging.getLogger(__name__)

ATTEMPTS = 6
CACHE_OBJECTS = 20_000
CACHE_BYTES = 30_000_000
POOL = MappingProxyType({"pool_size": 16, "cache_size": CACHE_OBJECTS, "cache_size_bytes": CACHE_BYTES})
"""Connections that are kept, and what each may remember, in objects and bytes."""
Result = TypeVar("Result")


def back_off(attempt: int) -> None:
    """Sleep before try number ``attempt`` (2, 3, …): up to 20 ms doubled each time, with jitter."""
    time.sleep(random.uniform(0.2, 1.0) * min(0.02 * 2 ** (attempt - 2), 0.5))


class _GuardedDB(ZODB.DB):
    klass = GuardedConnection


class Database:
    """A ZODB with our root in it. Caches are per connection, so their size is bounded."""

    def __init__(
        self, storage: Any, read_only: bool = False, steps: Sequence[evolve.Step] = evolve.STEPS,
        pool: Mapping[str, int] = MappingProxyType({}), across: AcrossProcesses | None = None,
    ) -> None:
        """``pool``: words for ``ZODB.DB`` that take the place of ours; ``across`` as of `Turns`."""
        self.read_only = read_only
        self.turns = Turns(across)
        self.session = secrets.token_hex(8)
        """Names this opening of the storage among all that ever were."""
        self.db = _GuardedDB(storage, **{**POOL, **pool})
        self.evolved: list[dict[str, str]] = []
        """The evolve steps that ran when it was opened."""
        if not read_only:
            self.run(self._prepare)
            self.evolved = evolve.evolve(self, steps)

    @classmethod
    def open(cls, settings: Settings, read_only: bool = False) -> Database:
        """The database of an installation. Raises DatabaseBusy when another process writes to its file, and what
        `open_storage` raises."""
        words = pool_of(settings.zodburi)
        for attempt in range(1, ATTEMPTS + 1):
            if attempt > 1:
                back_off(attempt)
            storage = open_storage(settings, read_only)
            try:
                return cls(storage, read_only, pool=words, across=across_processes(settings.zodburi))
            except TransientError:  # several processes made the first objects of a new storage at once
                storage.close()
                if attempt == ATTEMPTS:
                    raise
            except ReadOnlyError as error:  # ZODB wanted to make the first object of an empty storage
                storage.close()
                raise empty() from error
            except BaseException:
                storage.close()
                raise
        raise AssertionError("unreachable")

    @staticmethod
    def _prepare(connection: Connection) -> None:
        top = connection.root()
        if ROOT_KEY not in top:
            top[ROOT_KEY] = root = Root()
            evolve.baseline(root)

    def close(self) -> None:
        self.db._connectionMap(_leave_unopened)
        self.db.close()
        if self.turns.across is not None:
            self.turns.across.close()

    def size(self) -> int:
        """Bytes of the storage, as it says itself (blobs not counted)."""
        return int(self.db.getSize())

    def pack(self, days: float) -> None:
        """Give back the space of revisions older than ``days``. Nothing of them stays in files beside the storage's."""
        self.db.pack(days=days)
        storage = self.db.storage
        if isinstance(storage, FileStorage):
            # Its Data.fs.tmp holds the last transactions in clear text; it is written anew from the start by each, and
            # by none while the commit lock is held (ZODB/FileStorage: tpc_begin takes it, tpc_finish gives it back).
            with storage._commit_lock, storage._lock:
                storage._tfile.seek(0)
                storage._tfile.truncate()

    def connect(self, manager: transaction.TransactionManager) -> Connection:
        """A connection that joins ``manager``; close it when the transaction is over."""
        return self.db.open(transaction_manager=manager)

    @contextmanager
    def transaction(self, note: str = "") -> Iterator[Connection]:
        """One transaction without retry: commits at the end, aborts when something is raised."""
        manager = transaction.TransactionManager(explicit=True)
        current = manager.begin()
        connection = self.connect(manager)
        try:
            yield connection
            if note:
                current.note(note)
            manager.commit()
        except BaseException:
            manager.abort()
            raise
        finally:
            connection.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that can never be committed."""
        manager = transaction.TransactionManager(explicit=True)
        manager.begin().doom()
        connection = self.connect(manager)
        try:
            yield connection
        finally:
            manager.abort()
            connection.close()

    def run(self, work: Callable[[Connection], Result], note: str = "") -> Result:
        """``work(connection)`` in a transaction, tried again on conflicts; ``work`` must be safe to repeat."""
        with self.turns.one() as turn:
            for attempt in range(1, ATTEMPTS + 1):
                if attempt > 1:
                    back_off(attempt)
                turn.before(attempt)
                try:
                    with self.transaction(note) as connection:
                        return work(connection)
                except TransientError:
                    if attempt == ATTEMPTS:
                        raise
                    log.info("conflict, try %d of %d", attempt + 1, ATTEMPTS)
        raise AssertionError("unreachable")


def _leave_unopened(connection: Connection) -> None:
    """A connection whose opening failed (the storage server was away) stays with a manager whose transaction is over;
    ``ZODB.DB.close`` would end that transaction once more, and fail."""
    if connection.transaction_manager is not None:
        try:
            connection.transaction_manager.get()
        except NoTransaction:
            connection.transaction_manager = None


def root_of(connection: Connection) -> Root:
    """Our root in an open connection. Raises CrmError for a storage that nobody ever opened for writing."""
    root: Root | None = connection.root().get(ROOT_KEY)
    if root is None:
        raise empty()
    return root
