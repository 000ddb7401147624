"""Storages by URI: opened, refused in words without a password, iterated beside writers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import pytest
from ZODB.blob import Blob

from crm_core.app import App
from crm_core.db import Database
from crm_core.errors import CrmError
from crm_core.settings import Settings
from crm_core.storage import BLOB_CACHE, open_storage, shown, split, transactions
from crm_core.testing.storages import spare_port

SECRET = "pa/ss w#rd'%@"  # what makes trouble in URIs and in libpq's words


def refusal(settings: Settings, **more: Any) -> str:
    """The words with which a storage is not opened; nothing of the password is in them."""
    with pytest.raises(CrmError) as caught:
        Database.open(settings, **more)
    error: BaseException | None = caught.value
    while error is not None:  # as a log with tracebacks tells it
        assert SECRET not in str(error) and quote(SECRET, safe="") not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return str(caught.value)


@pytest.mark.postgresql
def test_a_server_is_refused_in_words(postgresql_dsn: str, tmp_path: Path) -> None:
    words = dict(word.split("=", 1) for word in postgresql_dsn.split())
    host = f"{words['host']}:{words['port']}"
    user = f"crm:{quote(SECRET, safe='')}"
    for uri, said in (
        (f"postgres://{user}@127.0.0.1:{spare_port()}/crm", "does not answer"),
        (f"zeo://127.0.0.1:{spare_port()}?wait_timeout=1", "does not answer"),
        (f"postgres://{user}@{host}/no_such", 'refuses: database "no_such" does not exist'),
        (f"postgres://nobody:{quote(SECRET, safe='')}@{host}/postgres", 'refuses: role "nobody" does not exist'),
        (f"postgres://{user}@{host}/postgres?colour=red", "a parameter that nobody knows: colour"),
        (f"postgres://{user}@{host}/postgres?demostorage=1", "nobody knows: demostorage"),
        (f"postgres://{user}@{host}/postgres?connection_pool_size=many", "whole number"),
        (f"postgres://crm:{SECRET}@{host}/postgres", "cannot be read"),
        (f"mysql://{user}@{host}/x", "kind “mysql” cannot be opened"),
        (SECRET, "must begin with"),
    ):
        assert said in refusal(Settings(tmp_path, zodburi=uri)), uri


@pytest.mark.postgresql
def test_a_password_with_all_signs_opens_and_a_wrong_one_is_told(postgresql_uri: str, tmp_path: Path,
                                                                 postgresql_dsn: str) -> None:
    parts = urlsplit(postgresql_uri)
    account = f"desk_{parts.path[-8:]}"
    import psycopg2  # the core alone is proven without it

    with closing(psycopg2.connect(f"{postgresql_dsn.rpartition(' ')[0]} dbname={parts.path[1:]}")) as server:
        server.autocommit = True
        with server.cursor() as cursor:
            cursor.execute(f"CREATE ROLE {account} LOGIN SUPERUSER PASSWORD %s", [SECRET])
            cursor.execute("SHOW hba_file")
            hba = Path(cursor.fetchone()[0])
            before = hba.read_text()
            hba.write_text(f"host all {account} all scram-sha-256\n{before}")
            cursor.execute("SELECT pg_reload_conf()")
            try:
                def uri(password: str) -> str:
                    place = f"{account}:{quote(password, safe='')}@{parts.hostname}:{parts.port}"
                    return urlunsplit(parts._replace(netloc=place, scheme="postgresql", query="connection_pool_size=3"))

                said = refusal(Settings(tmp_path, zodburi=uri("wrong")))
                assert "does not accept the account or its password" in said and account in said
                settings = Settings(tmp_path, zodburi=uri(SECRET))
                assert SECRET not in repr(settings) and quote(SECRET, safe="") not in repr(settings)
                assert "holds no data" in refusal(settings, read_only=True)
                with closing(Database.open(settings)) as db:
                    assert db.db.pool.size == 3
                    assert SECRET not in db.db.storage.getName() + repr(db.db.storage)
                with closing(Database.open(settings, read_only=True)) as db, db.reading() as connection:
                    assert connection.root()
                    assert db.db.storage.isReadOnly()
                assert shown(uri(SECRET)) == f"postgresql://{account}@{parts.hostname}:{parts.port}{parts.path}"
                cursor.execute(f"DROP OWNED BY {account} CASCADE")
            finally:
                hba.write_text(before)
                cursor.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize("uri", [
    "postgres://u:geheim/x@h/db", "postgres://u:ge#heim@h/db", "zeo://", "postgres:geheim", "ge heim://u@h/db",
])
def test_what_cannot_be_read_is_refused_without_its_words(uri: str) -> None:
    with pytest.raises(CrmError) as caught:
        split(uri)
    assert "heim" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_transactions_come_in_order_beside_a_writer(storage_uri: str, open_app: Callable[..., App]) -> None:
    app = open_app(zodburi=storage_uri)
    writer = app.db
    before = _last(writer)
    for number in range(3):
        writer.run(lambda connection, number=number: _write(connection, number), note=f"number {number}")
    with closing(open_storage(app.settings, read_only=True)) as storage:
        found = [(one.tid, one.description, [record.data is not None for record in one])
                 for one in transactions(storage, before)]
        assert [note for _tid, note, _records in found] == [b"number 0", b"number 1", b"number 2"]
        assert found[0][0] > before and all(all(records) for _tid, _note, records in found)
        tids = [tid for tid, _note, _records in found]
        assert tids == sorted(tids)
        assert [one.tid for one in transactions(storage, tids[0], tids[1])] == [tids[1]]
        assert [one.tid for one in transactions(storage, tids[-1])] == []
        assert next(iter(transactions(storage))).tid <= before
        assert (app.settings.data / (BLOB_CACHE if storage_uri and "blob_dir" not in storage_uri else "")).is_dir()


def _last(db: Database) -> bytes:
    return bytes(list(transactions(db.db.storage))[-1].tid)


def _write(connection: Any, number: int) -> None:
    connection.root()["kept"] = [number, Blob(b"%d" % number)]
