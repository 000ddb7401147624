"""Full text in PostgreSQL: for installations whose storage is PostgreSQL, or that name one by ``crm.search_dsn``.

The cursor is a column of the row that changes in the transaction of the documents; building anew fills tables of a new
number, which count from the moment that row names them. Any number of processes read, one at a time writes (an
advisory lock of the server, which a dead connection gives back).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

from psycopg2.extras import execute_values
from rapidfuzz.distance import OSA

from crm_core.services.textsearch import KINDS, Document, Kind, Progress, SearchUnavailable, TextHit
from crm_search.asking import Asking, Found
from crm_search.fields import kind_of
from crm_search.formula import of_contacts, of_texts
from crm_search.postgres_pool import Pool
from crm_search.postgres_sql import (
    BUILD,
    FORMAT,
    INDEXES,
    META,
    OTHER_FORMS,
    SEARCH,
    TABLES,
    WEIGHTS,
    contact_row,
    near,
    query,
    ranking,
    text_row,
)
from crm_search.query import Question

DEADLINE = 0.8
"""Seconds one question may take, as PostgreSQL's ``statement_timeout`` counts them."""
MOST = 1_000
"""Matches that are ranked; of more the newest come first, unranked."""
BATCH = 1_000
LOCK_SECONDS = 10.0

Answer = TypeVar("Answer")
Counts: TypeAlias = dict[str, int]
State: TypeAlias = tuple[int, str | None, Counts]
"""Which tables count, the cursor of the last commit, documents by kind."""


def open_search(dsn: str, read_only: bool = False, schema: str = "crm_search",
                instead_of: Path | None = None) -> PostgresSearch:
    """Full text in the database of ``dsn`` (libpq words or URI), in tables of ``schema``, made when they are needed.

    ``instead_of``: the folder of an index in files, removed once this one was built: it would keep words for ever.
    """
    return PostgresSearch(dsn, read_only, schema, instead_of=instead_of)


class PostgresSearch(Asking):
    """`TextSearch` on PostgreSQL. Threads may share it; connections are opened when they are first needed."""

    def __init__(self, dsn: str, read_only: bool = False, schema: str = "crm_search",
                 deadline: float = DEADLINE, instead_of: Path | None = None) -> None:
        if not schema.isidentifier() or not schema.isascii() or not schema.islower():
            raise ValueError(f"not a name of a schema: {schema!r}")
        super().__init__(read_only)
        self.schema = schema
        self._pool = Pool(dsn, deadline)
        self._instead_of = instead_of

    # -- asking ------------------------------------------------------------------------------------------------------

    def _matching(self, question: Question, kind: Kind | None, contact: int | None, limit: int) -> Found:
        def ask(cursor: Any, build: int) -> Found:
            found: Found = []
            if kind in (None, "contact"):
                rows = self._matches(cursor, f"contacts_{build}", "id", of_contacts(question), limit,
                                     {} if contact is None else {"id": contact})
                found += [(TextHit("contact", id_, id_, float(score)), moment) for id_, moment, score in rows]
            if kind != "contact":
                filters: dict[str, object] = {} if contact is None else {"contact": contact}
                if kind is not None:
                    filters["kind"] = kind[0]
                rows = self._matches(cursor, f"texts_{build}", "kind, id, contact", of_texts(question), limit, filters)
                found += [(TextHit(cast("Kind", kind_of(one)), id_, of, float(score)), moment)
                          for one, id_, of, moment, score in rows]
            return found

        return self._ask(ask)

    def _matches(self, cursor: Any, table: str, columns: str, formula: Any, limit: int,
                 filters: dict[str, object]) -> list[Any]:
        if formula is None:
            return []
        typed, others = ranking(formula)
        text = SEARCH.format(columns=columns, table=f"{self.schema}.{table}",
                             filters=" ".join(f"AND {name} = %({name})s" for name in filters))
        cursor.execute(text, {**filters, "wanted": query(formula), "typed": typed, "others": others, "most": MOST,
                              "limit": limit, "weights": WEIGHTS, "share": OTHER_FORMS})
        return list(cursor.fetchall())

    def _named_like(self, names: list[str], limit: int) -> Found:
        def ask(cursor: Any, build: int) -> Found:
            cursor.execute(f"SELECT id, moment, names FROM {self.schema}.contacts_{build} WHERE words @@ %s::tsquery "
                           "ORDER BY moment DESC LIMIT %s", (near(names), MOST))
            rows = [(id_, moment, _likeness(names, theirs)) for id_, moment, theirs in cursor.fetchall()]
            return [(TextHit("contact", id_, id_, score), moment) for id_, moment, score in rows if score]

        return self._ask(ask)

    def count(self) -> dict[str, int]:
        """Documents by kind, as the last commit counted them."""
        state = self._state()
        return dict(state[2]) if state is not None else dict.fromkeys(KINDS, 0)

    def cursor(self) -> str | None:
        """See `TextSearch.cursor`. Raises SearchUnavailable when the server cannot be reached."""
        state = self._state()
        return self._noted(None if state is None else state[1])

    def close(self) -> None:
        """Close idle connections; questions still running end first, later ones raise SearchUnavailable."""
        self._pool.close()

    def _state(self) -> State | None:
        """What is committed; None: nothing was built that could be used."""
        return self._pool.read(self._read_state)

    def _read_state(self, cursor: Any, lock: bool = False) -> State | None:
        cursor.execute("SELECT to_regclass(%s)", (f"{self.schema}.state",))
        if cursor.fetchone()[0] is None:
            return None
        there = " AND ".join(f"to_regclass('{self.schema}.{table}_' || build) IS NOT NULL" for table in TABLES)
        cursor.execute(f"SELECT build, cursor, counts FROM {self.schema}.state WHERE format = %s AND {there}"
                       f"{' FOR UPDATE' if lock else ''}", (FORMAT,))
        row = cursor.fetchone()
        return None if row is None else (row[0], row[1], row[2])

    def _ask(self, ask: Callable[[Any, int], Answer]) -> Answer:
        def one(cursor: Any) -> Answer:
            state = self._read_state(cursor)
            if state is None or state[1] is None:
                raise SearchUnavailable("there is no full text index yet")
            return ask(cursor, state[0])

        return self._pool.read(one)

    # -- writing -----------------------------------------------------------------------------------------------------

    def apply(self, upserts: Iterable[Document], deletes: Iterable[tuple[str, int]], cursor: str) -> None:
        """See `TextSearch.apply`: one transaction. Raises SearchUnavailable when the index turns out to be gone."""
        documents = {(document.kind, document.id): document for document in upserts}
        gone: set[tuple[str, int]] = {(kind, id_) for kind, id_ in deletes if kind in KINDS} | set(documents)
        with self._writing() as connection, connection, connection.cursor() as sql:
            state = self._read_state(sql, lock=True)
            self._demand_past(None if state is None else state[1])
            if state is None:
                state = self._renew(sql)
            build, _old, counts = state
            self._delete(sql, build, gone, counts)
            self._insert(sql, build, list(documents.values()))
            for document in documents.values():
                counts[document.kind] += 1
            sql.execute(f"UPDATE {self.schema}.state SET cursor = %s, counts = %s", (cursor, json.dumps(counts)))
        self._begun = True

    def replace(self, documents: Iterable[Document], cursor: str, progress: Progress | None = None) -> int:
        """See `TextSearch.replace`: fills tables of a new number, then names them. Later documents win."""
        with self._writing() as connection, connection.cursor() as sql:
            with connection:
                self._make(sql)
                build = self._sweep(sql) + 1
                sql.execute(BUILD.format(schema=self.schema, build=build))
            done = 0
            coming = iter(documents)
            while batch := list(islice(coming, BATCH)):
                with connection:
                    self._insert(sql, build, list({(one.kind, one.id): one for one in batch}.values()))
                done += len(batch)
                if progress is not None:
                    progress(done)
            if progress is not None:
                progress(done)
            with connection:
                sql.execute(INDEXES.format(schema=self.schema, build=build))
                counts = self._counted(sql, build)
            with connection:
                self._name(sql, build, cursor, counts)
            self._begun = True
            connection.autocommit = True
            for table in TABLES:
                sql.execute(f"ANALYZE {self.schema}.{table}_{build}")
            connection.autocommit = False
            with connection:
                self._sweep(sql)
        if self._instead_of is not None:
            shutil.rmtree(self._instead_of, ignore_errors=True)
        return sum(counts.values())

    def reset(self) -> None:
        """Throw everything away; what is left is an empty index without a cursor."""
        with self._writing() as connection, connection, connection.cursor() as sql:
            self._renew(sql)
            self._sweep(sql)
        self._begun = False

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        """A connection with the lock of this index. Raises SearchUnavailable when another one has it."""
        self._demand_writing()
        with self._pool.writing(f"crm full text {self.schema}", LOCK_SECONDS) as connection:
            yield connection

    def _make(self, sql: Any) -> None:
        sql.execute(META.format(schema=self.schema))

    def _renew(self, sql: Any) -> State:
        self._make(sql)
        build = self._newest(sql) + 1
        sql.execute(BUILD.format(schema=self.schema, build=build))
        sql.execute(INDEXES.format(schema=self.schema, build=build))
        counts: Counts = dict.fromkeys(KINDS, 0)
        self._name(sql, build, None, counts)
        return build, None, counts

    def _name(self, sql: Any, build: int, cursor: str | None, counts: Counts) -> None:
        """From the commit on the tables of ``build`` are those that count."""
        sql.execute(f"INSERT INTO {self.schema}.state (build, format, cursor, counts) VALUES (%s, %s, %s, %s) "
                    "ON CONFLICT (one) DO UPDATE SET build = excluded.build, format = excluded.format, "
                    "cursor = excluded.cursor, counts = excluded.counts", (build, FORMAT, cursor, json.dumps(counts)))

    def _builds(self, sql: Any) -> set[int]:
        sql.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (self.schema,))
        names = (name.partition("_") for (name,) in sql.fetchall())
        return {int(number) for table, _, number in names if table in TABLES and number.isdecimal()}

    def _newest(self, sql: Any) -> int:
        return max(self._builds(sql), default=0)

    def _sweep(self, sql: Any) -> int:
        """Drop the tables that do not count (a build that was given up, the one before); returns the newest number."""
        builds = self._builds(sql)
        sql.execute(f"SELECT build FROM {self.schema}.state")
        row = sql.fetchone()
        for build in builds - {row[0] if row else None}:
            for table in TABLES:
                sql.execute(f"DROP TABLE IF EXISTS {self.schema}.{table}_{build}")
        return max(builds, default=0)

    def _insert(self, sql: Any, build: int, documents: Sequence[Document]) -> None:
        contacts = [contact_row(document) for document in documents if document.kind == "contact"]
        texts = [text_row(document) for document in documents if document.kind != "contact"]
        for table, keys, columns, rows in (("contacts", "id", "id, moment, length, names, words", contacts),
                                           ("texts", "kind, id", "kind, id, contact, moment, length, words", texts)):
            if rows:
                names = columns.split(", ")
                changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys.split(", "))
                template = "(" + ", ".join("%s::tsvector" if name == "words" else "%s" for name in names) + ")"
                execute_values(sql, f"INSERT INTO {self.schema}.{table}_{build} ({columns}) VALUES %s "
                               f"ON CONFLICT ({keys}) DO UPDATE SET {changed}", rows, template, page_size=200)

    def _delete(self, sql: Any, build: int, gone: set[tuple[str, int]], counts: Counts) -> None:
        for kind in KINDS:
            ids = [id_ for one, id_ in gone if one == kind]
            if ids and kind == "contact":
                sql.execute(f"DELETE FROM {self.schema}.contacts_{build} WHERE id = ANY(%s)", (ids,))
                counts[kind] -= sql.rowcount
            elif ids:
                sql.execute(f"DELETE FROM {self.schema}.texts_{build} WHERE kind = %s AND id = ANY(%s)", (kind[0], ids))
                counts[kind] -= sql.rowcount

    def _counted(self, sql: Any, build: int) -> Counts:
        counts: Counts = dict.fromkeys(KINDS, 0)
        sql.execute(f"SELECT 'c', count(*) FROM {self.schema}.contacts_{build} "
                    f"UNION ALL SELECT kind, count(*) FROM {self.schema}.texts_{build} GROUP BY kind")
        counts.update({cast("Kind", kind_of(one)): number for one, number in sql.fetchall()})
        return counts


def _likeness(wanted: list[str], names: list[str]) -> float:
    """How well ``names`` hold a name like each of ``wanted``: 0 for not at all, 1 for just as written."""
    slips = [min((OSA.distance(word, name, score_cutoff=1) for name in names), default=2) for word in wanted]
    return 0.0 if max(slips) > 1 else 1 - sum(slips) / (2 * len(slips))
