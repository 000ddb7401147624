"""The tables themselves: SQLite in the data folder, or PostgreSQL where the data lie there.

The cursor changes in the transaction of the facts. Building anew is one transaction too: until it is committed,
everybody reads what was there, and when it is killed nothing has changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, delete, event, insert, inspect, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateSchema

from crm_core import journal
from crm_core.db import Database, root_of
from crm_core.model.root import Root
from crm_core.projections import Progress
from crm_core.reporting.facts import Row, Rows, of_interaction, of_request
from crm_core.reporting.schema import ABOUT, LAYOUT, METADATA, OF_INTERACTION, OF_REQUEST, STATE
from crm_core.scans import lightly

BATCH = 200
"""Journal entries of one commit."""
ROWS = 1_000
"""Objects whose rows are stored together when everything is built."""
MOST_IDS = 500
"""Ids in one statement: SQLite counts its variables."""
SCHEMA = "crm_reports"
"""Where the tables lie in a PostgreSQL that holds other things too."""


def open_engine(url: str) -> Engine:
    """The database at an SQLAlchemy URL, for reading and writing; nothing is connected yet."""
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 60})
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    engine = create_engine(url, pool_pre_ping=True, pool_size=2, hide_parameters=True)
    return engine.execution_options(schema_translate_map={None: SCHEMA})


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")  # who reads does not wait for who writes, nor the other way round
    connection.execute("PRAGMA synchronous = NORMAL")  # what a power cut takes away is read again from the journal
    connection.execute("PRAGMA secure_delete = ON")  # what was erased must not stay in free pages


class Store:
    """The tables of one installation, fed from its database; see `crm_core.reporting.tables`."""

    def __init__(self, db: Database, url: str) -> None:
        self.db = db
        self.engine = open_engine(url)

    def step(self, progress: Progress | None = None) -> int:
        """Bring in one batch of the journal, or everything when nothing was built; how many entries (things)."""
        cursor = self.cursor()
        if cursor is None:
            return self.rebuild(progress) or 1
        with self.db.reading() as connection:
            root = root_of(connection)
            entries, behind = journal.read(root, journal.Cursor.parse(cursor), BATCH)
            if not entries:
                return 0
            subjects = {item.subject for item in entries}
            with self.engine.begin() as store:
                if self._move(store, str(behind), cursor):
                    self._refresh(store, root, subjects)
                    return len(entries)
        return 0

    def rebuild(self, progress: Progress | None = None) -> int:
        """Build the tables from a scan of everything; how many requests and interactions they hold."""
        with self.db.reading() as connection:
            root = root_of(connection)  # one moment for the cursor and for what is scanned
            behind = str(journal.end(root))
            self._make()
            with self.engine.begin() as store:
                store.execute(delete(STATE))
                store.execute(insert(STATE), {"id": 1, "layout": LAYOUT, "cursor": behind})
                for table in _facts_tables():
                    store.execute(delete(table))
                return _fill(store, root, progress)

    def cursor(self) -> str | None:
        """Up to where the journal was read; None where nothing was built, or for another layout of the tables."""
        if not self._is_made():
            return None
        with self.engine.connect() as store:
            found = store.execute(select(STATE.c.cursor).where(STATE.c.layout == LAYOUT)).scalar()
        return None if found is None else str(found)

    def lag(self) -> int | None:
        """Entries that are not in the tables yet; None: nothing was built."""
        try:
            cursor = self.cursor()
        except SQLAlchemyError:  # the next step says why
            return None
        if cursor is None:
            return None
        with self.db.reading() as connection:
            return journal.lag(root_of(connection), journal.Cursor.parse(cursor))

    def forget(self, keys: frozenset[str]) -> None:
        """Take out at once what an erasure emptied; the next step brings back what may stay."""
        ids = sorted(int(key) for key in keys if key.isdecimal())
        if not self._is_made():
            return
        with self.engine.begin() as store:
            _remove(store, OF_REQUEST, ids)
            _remove(store, OF_INTERACTION, ids)
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect() as store:  # the log beside the file still holds the old pages
                store.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self.engine.dispose()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _is_made(self) -> bool:
        if self.engine.dialect.name == "sqlite":
            return self._file().exists() and inspect(self.engine).has_table(STATE.name)
        return inspect(self.engine).has_table(STATE.name, schema=SCHEMA)

    def _file(self) -> Path:
        return Path(self.engine.url.database or "")

    def _make(self) -> None:
        """Make the tables, anew where they are of another layout."""
        if self.engine.dialect.name == "sqlite":
            self._file().touch(0o600)
        else:
            with self.engine.begin() as store:
                store.execute(CreateSchema(SCHEMA, if_not_exists=True))
        with self.engine.begin() as store:
            if self._is_made() and self.cursor() is None:
                METADATA.drop_all(store)
            METADATA.create_all(store)

    @staticmethod
    def _move(store: Connection, cursor: str, before: str) -> bool:
        """Move the cursor on; False where somebody else has done that meanwhile, whose facts these would repeat."""
        moved = store.execute(update(STATE).where(STATE.c.cursor == before).values(cursor=cursor))
        return moved.rowcount == 1

    @staticmethod
    def _refresh(store: Connection, root: Root, subjects: set[tuple[str, int]]) -> None:
        """Store what the subjects of journal entries are now."""
        said = sorted(id_ for kind, id_ in subjects if kind == "interaction")
        interactions = [found for id_ in said if (found := root.interactions.get(id_)) is not None]
        asked = {id_ for kind, id_ in subjects if kind == "request"}
        asked.update(chain.from_iterable(one.requests for one in interactions))
        for ids in _portions(said):  # what is gone does not say any more what it was about
            asked.update(store.scalars(select(ABOUT.c.request).where(ABOUT.c.interaction.in_(ids))))
        requests = [found for id_ in sorted(asked) if (found := root.requests.get(id_)) is not None]
        _remove(store, OF_INTERACTION, said)
        _remove(store, OF_REQUEST, sorted(asked))
        _store(store, chain(chain.from_iterable(of_interaction(one) for one in interactions),
                            chain.from_iterable(of_request(root, one) for one in requests)))


def _facts_tables() -> Iterator[Table]:
    return (table for table, _column in (*OF_REQUEST, *OF_INTERACTION))


def _fill(store: Connection, root: Root, progress: Progress | None) -> int:
    done = 0
    things = chain((of_request(root, one) for one in lightly(root, root.requests.values())),
                   (of_interaction(one) for one in lightly(root, root.interactions.values())))
    while portion := list(islice(things, ROWS)):
        _store(store, chain.from_iterable(portion))
        done += len(portion)
        if progress is not None:
            progress(done)
    return done


def _store(store: Connection, rows: Rows) -> None:
    by_table: dict[Table, list[Row]] = defaultdict(list)
    for table, row in rows:
        by_table[table].append(row)
    for table, found in by_table.items():
        store.execute(insert(table), found)


def _remove(store: Connection, tables: Iterable[tuple[Table, Any]], ids: list[int]) -> None:
    for table, column in tables:
        for portion in _portions(ids):
            store.execute(delete(table).where(column.in_(portion)))


def _portions(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), MOST_IDS):
        yield ids[start : start + MOST_IDS]
