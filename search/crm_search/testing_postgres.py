"""The PostgreSQL backend as the conformance suite opens it: a folder stands for a schema of the test's database."""

from __future__ import annotations

import zlib
from pathlib import Path

import psycopg2

from crm_search import postgres_index
from crm_search.postgres_index import PostgresSearch

DSN_FILE = "postgresql.dsn"
"""In the folder's parent: where the server is."""


def schema_of(folder: Path) -> str:
    """The schema that stands for ``folder``."""
    return f"t{zlib.crc32(str(folder).encode()):08x}"


def open_search(folder: Path, read_only: bool = False) -> PostgresSearch:
    """The index that stands for ``folder``."""
    dsn = (folder.parent / DSN_FILE).read_text("utf-8")
    return postgres_index.open_search(dsn, read_only, schema_of(folder))


def spoil(folder: Path) -> None:
    """Drop the tables of the index, and leave the row that names them."""
    connection = psycopg2.connect((folder.parent / DSN_FILE).read_text("utf-8"))
    with connection, connection.cursor() as sql:
        sql.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname = %s AND tablename <> 'state'",
                    (schema_of(folder),))
        for schema, table in sql.fetchall():
            sql.execute(f"DROP TABLE {schema}.{table}")
    connection.close()
