"""A PostgreSQL with a standby, as docs/operator/growing.md sets it up: the first dies, the second takes over."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crm_core.db import Database
from crm_core.settings import Settings
from crm_core.testing.storages import PostgreSQL, postgresql_programs, spare_port


@pytest.mark.postgresql
@pytest.mark.slow  # three starts of a server and a copy of its files
def test_the_desk_goes_on_with_the_standby(require: Callable[[object, str], None], tmp_path: Path) -> None:
    programs = postgresql_programs()
    require(programs, "PostgreSQL's server programs (Debian: postgresql) are not installed")
    assert programs is not None
    first = PostgreSQL(programs)
    second: subprocess.Popen[bytes] | None = None
    folder = Path(tempfile.mkdtemp(prefix="crm-pg-"))
    try:
        first.start()
        who, port, data = first._owner(), spare_port(), folder / "data"
        if "user" in who:
            shutil.chown(folder, who["user"], who["group"])
        subprocess.run([
            str(programs / "pg_basebackup"), "--write-recovery-conf", "--checkpoint=fast", "--wal-method=stream",
            "--host=127.0.0.1", f"--port={first.port}", "--username=crm", f"--pgdata={data}", "--no-sync",
        ], check=True, cwd=folder, capture_output=True, **who)
        second = subprocess.Popen(
            [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-c", f"unix_socket_directories={folder}",
             "-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=80"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **who)
        uri = (f"postgres://crm@/postgres?host=127.0.0.1,127.0.0.1&port={first.port},{port}"
               "&target_session_attrs=read-write")
        with closing(Database.open(Settings(tmp_path / "web", search="none", zodburi=uri))) as db:
            db.run(lambda connection: put(connection, "before"))
            wait_for(lambda: replayed(first.dsn))
            assert first.process is not None
            first.process.send_signal(signal.SIGQUIT)  # at once, as a power cut does
            first.process.wait(30)
            subprocess.run([str(programs / "pg_ctl"), "promote", "--pgdata", str(data)], check=True, cwd=folder,
                           capture_output=True, **who)
            # The same process goes on, without being started anew.
            wait_for(lambda: written(db))
        other = Settings(tmp_path / "other", search="none", zodburi=uri)
        with closing(Database.open(other)) as db, db.reading() as connection:
            assert connection.root()["kept"] == ["before", "after"]
    finally:
        first.stop()
        if second is not None:
            second.send_signal(signal.SIGQUIT)
            second.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def put(connection: Any, word: str) -> None:
    connection.root()["kept"] = [*connection.root().get("kept", []), word]


def written(db: Database) -> bool:
    try:
        db.run(lambda connection: put(connection, "after"))
    except Exception:  # noqa: BLE001  # while the server is away each page fails; the next one tries again
        return False
    return True


def replayed(dsn: str) -> bool:
    """Whether the standby has everything that the first server committed."""
    import psycopg2  # the core alone is proven without it

    with closing(psycopg2.connect(dsn)) as server, server.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_insert_lsn()")
        return bool(cursor.fetchone()[0])


def wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until
        time.sleep(0.1)
