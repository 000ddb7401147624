"""The database: opened by URI, one root, transactions that retry and notes on each of them."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import transaction
import ZODB
import zodburi
from transaction.interfaces import TransientError
from zc.lockfile import LockError
from ZODB.Connection import Connection
from ZODB.FileStorage import FileStorage

from crm_core import evolve
from crm_core.errors import CrmError, DatabaseBusy
from crm_core.i18n import TextFactory
from crm_core.model.root import ROOT_KEY, Root
from crm_core.settings import Settings

_ = TextFactory("crm_core")
log = logging.getLogger(__name__)

ATTEMPTS = 6
CACHE_OBJECTS = 20_000
CACHE_BYTES = 30_000_000
Result = TypeVar("Result")


def back_off(attempt: int) -> None:
    """Sleep before try number ``attempt`` (2, 3, …): up to 20 ms doubled each time, with jitter."""
    time.sleep(random.uniform(0.2, 1.0) * min(0.02 * 2 ** (attempt - 2), 0.5))


class Database:
    """A ZODB with our root in it. Caches are per connection, so their size is bounded."""

    def __init__(self, storage: Any, read_only: bool = False) -> None:
        self.read_only = read_only
        self.db = ZODB.DB(storage, pool_size=16, cache_size=CACHE_OBJECTS, cache_size_bytes=CACHE_BYTES)
        if not read_only:
            self.run(self._prepare)

    @classmethod
    def open(cls, settings: Settings, read_only: bool = False) -> Database:
        """The database of an installation. Raises DatabaseBusy when another process writes to its file."""
        if not settings.is_file_storage:
            return cls._open_server(settings.zodburi, read_only)
        path = settings.data / "Data.fs"
        if read_only and not path.exists():
            raise no_database(settings.data)
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)  # everything of every citizen lies in it
        try:
            # Not by URI: zodburi takes paths as they are written, so a folder with "?" in its name would be cut.
            storage = FileStorage(str(path), read_only=read_only, blob_dir=str(settings.data / "blobs"))
        except LockError as error:
            raise DatabaseBusy from error
        try:
            return cls(storage, read_only)
        except BaseException:
            storage.close()
            raise

    @classmethod
    def _open_server(cls, uri: str, read_only: bool) -> Database:
        factory, _options = zodburi.resolve_uri(uri)
        for attempt in range(1, ATTEMPTS + 1):
            if attempt > 1:
                back_off(attempt)
            storage = factory()
            try:
                return cls(storage, read_only)
            except TransientError:  # several processes made the first objects of a new storage at once
                storage.close()
                if attempt == ATTEMPTS:
                    raise
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
        self.db.close()

    def size(self) -> int:
        """Bytes of the storage, as it says itself (blobs not counted)."""
        return int(self.db.getSize())

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
        for attempt in range(1, ATTEMPTS + 1):
            if attempt > 1:
                back_off(attempt)
            try:
                with self.transaction(note) as connection:
                    return work(connection)
            except TransientError:
                if attempt == ATTEMPTS:
                    raise
                log.info("conflict, try %d of %d", attempt + 1, ATTEMPTS)
        raise AssertionError("unreachable")


def no_database(data: Path) -> CrmError:
    """What to raise for a data folder in which nothing was begun."""
    return CrmError(_("There is no database in “${folder}” yet.", mapping={"folder": str(data)}))


def root_of(connection: Connection) -> Root:
    """Our root in an open connection. Raises CrmError for a storage that nobody ever opened for writing."""
    root: Root | None = connection.root().get(ROOT_KEY)
    if root is None:
        raise CrmError(_("This storage holds no data of the desk yet."))
    return root
