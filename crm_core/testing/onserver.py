"""Tests that begin with an empty database run on PostgreSQL instead of a file, when ``--storage=postgres`` says so.

Each data folder gets a database of its own in the cluster of the process, copied from one that was begun once; a folder
that is opened again finds the one it had, and so does a command in a process of its own, by the folder's ``crm.ini``.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crm_core.settings import Settings
from crm_core.storage import open_folder, open_uri
from crm_core.testing.beginning import beginning

SERVER = "CRM_TEST_POSTGRESQL"
"""In the environment: connection words of the cluster; nothing there: tests run on files."""
PREFIX = "crm_of_"
BEGUN = "crm_begun"


def is_asked_for() -> bool:
    """Whether tests run on PostgreSQL."""
    return SERVER in os.environ


def settled(settings: Settings, like: Path | None = None) -> Settings:
    """The settings with the database of their data folder, which begins as an empty one or as that of ``like``."""
    uri = begin(settings.data, like)
    return replace(settings, zodburi=uri)


def begin(folder: Path, like: Path | None = None) -> str:
    """Make the database of a data folder, if there is none yet; its URI. The one of ``like`` must be closed."""
    import psycopg2

    name = name_of(folder)
    with contextlib.suppress(psycopg2.errors.DuplicateDatabase):
        create(os.environ[SERVER], name, name_of(like) if like is not None else template(os.environ[SERVER]))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ini = folder / "crm.ini"
    uri = f"{_uri(os.environ[SERVER], name)}?create_schema=0"
    if not ini.exists():
        ini.write_text(f"[crm]\ncrm.zodburi = {uri}\n", "utf-8")
    return uri


def databases() -> set[str]:
    """The databases of data folders that there are now."""
    with _cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        return {name for (name,) in cursor.fetchall()}


def drop(names: set[str]) -> None:
    """Remove databases, whoever is still connected to them."""
    with _cursor() as cursor:
        for name in sorted(names):
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def name_of(folder: Path) -> str:
    """What the database of a data folder is called."""
    return PREFIX + hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:24]


def create(dsn: str, name: str, like: str) -> None:
    """Make a database in the cluster of ``dsn`` as a copy of ``like``, to which nobody may be connected."""
    # Copying files is faster than through the log, and safe where fsync is off (CREATE DATABASE, since 15).
    way = " STRATEGY FILE_COPY" if _server(dsn).server_version >= 150_000 else ""
    with _server(dsn).cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {like}{way}")


@cache
def _server(dsn: str) -> Any:
    import psycopg2

    server = psycopg2.connect(dsn)
    server.autocommit = True
    return server


@contextlib.contextmanager
def _cursor() -> Iterator[Any]:
    with _server(os.environ[SERVER]).cursor() as cursor:
        yield cursor


def _uri(dsn: str, name: str) -> str:
    words = dict(word.split("=", 1) for word in dsn.split())
    return f"postgres://{words['user']}@{words['host']}:{words['port']}/{name}"


@cache
def template(dsn: str) -> str:
    """The database of the cluster of ``dsn`` in which nothing was done yet, to be copied."""
    with _server(dsn).cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {BEGUN}")
    with TemporaryDirectory(prefix="crm-begun-") as name:
        folder = Path(name)
        for file, content in beginning().files.items():
            (folder / file).write_bytes(content)
        with closing(open_folder(folder)) as source, closing(open_uri(_uri(dsn, BEGUN), folder / "cache")) as target:
            target.copyTransactionsFrom(source)
    return BEGUN
