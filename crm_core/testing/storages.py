"""Real storage servers on loopback for tests: a PostgreSQL cluster and a ZEO server, each in a folder of its own.

Both run on spare ports, keep nothing outside their folder and are stopped by whoever started them. Durability is
switched off: a test's data need not survive a power cut.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import crm_core

START_SECONDS = 60
"""How long a server may take to answer; slow machines with cold disks need most of it."""


ROOM = 2 << 30
"""Bytes that a cluster of tests may take in memory."""


class ServerFailed(Exception):
    """A server did not start; the message holds the end of its log."""


def spare_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> None:
    """End ``process`` with signal ``number``, and without asking when it takes longer than 20 seconds."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tail(log: Path) -> str:
    """The last lines of a log file, for an error message."""
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-15:]) if log.exists() else "(no log)"


def postgresql_programs() -> Path | None:
    """The newest folder with PostgreSQL's server programs: Debian keeps them off the path, others on it."""

    def version(folder: Path) -> tuple[int, ...]:
        return tuple(int(part) for part in re.findall(r"\d+", folder.parent.name))

    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version, reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def _memory() -> str | None:
    """A folder in memory with room for a cluster, or None."""
    folder = Path("/dev/shm")  # noqa: S108  # where Linux has it
    room = folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= ROOM
    return str(folder) if room else None


class PostgreSQL:
    """One cluster in a temporary folder; ``dsn`` (libpq words) is set once `start` returned.

    PostgreSQL refuses to run as root, so the server is started as the system user ``postgres`` (or ``nobody``) there.
    ``survives``: what it acknowledged is there after `halt` too, as it is of a server that people use.
    """

    def __init__(self, programs: Path, survives: bool = False) -> None:
        self.programs = programs
        self.survives = survives
        # Short: a socket's path has a limit of ~100 characters. In memory where there is some: RelStorage empties its
        # temporary tables at each commit, which a disk that discards what was freed makes 20 ms of instead of 8.
        self.folder = Path(tempfile.mkdtemp(prefix="crm-pg-", dir=_memory()))
        self.log = self.folder / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self) -> None:
        """Make the cluster and wait until it answers. Raises `ServerFailed`."""
        who = self._owner()
        command = [str(self.programs / "initdb"), "-D", str(self.folder / "data"), "-U", "crm", "-A", "trust"]
        made = subprocess.run(
            [*command, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], cwd=self.folder, capture_output=True, **who
        )
        if made.returncode:
            raise ServerFailed(f"initdb: {made.stderr.decode('utf-8', 'replace')[-800:]}")
        for _attempt in range(3):  # another process may take the spare port before the server does
            self.port = spare_port()
            if self._answers(who):
                return
        raise ServerFailed(f"postgres: {tail(self.log)}")

    def _owner(self) -> dict[str, Any]:
        """Arguments of `subprocess` for the user who may run the server; the folder is handed to that user."""
        if os.geteuid() != 0:
            return {}
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                user = pwd.getpwnam(name)
                os.chown(self.folder, user.pw_uid, user.pw_gid)
                return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        raise ServerFailed("PostgreSQL cannot run as root, and there is neither a user postgres nor nobody")

    def _answers(self, who: dict[str, Any]) -> bool:
        import psycopg2

        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder), "fsync": "off",
                    "full_page_writes": "off", "max_connections": "80",
                    "synchronous_commit": "on" if self.survives else "off"}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.programs / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *words],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **who,
            )
        until = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < until:
            try:
                psycopg2.connect(self.dsn).close()
                return True
            except psycopg2.OperationalError:
                time.sleep(0.05)
        stop(self.process, signal.SIGINT)
        return False

    @property
    def dsn(self) -> str:
        """Connection words for psycopg2: the database ``postgres`` of the cluster."""
        return f"host=127.0.0.1 port={self.port} user=crm dbname=postgres"

    def halt(self) -> None:
        """Stop it at once, whatever is at hand (``pg_ctl stop -m immediate``)."""
        assert self.process is not None
        stop(self.process, signal.SIGQUIT)

    def go_on(self) -> None:
        """Start it again at its port after `halt`. Raises `ServerFailed`."""
        if not self._answers(self._owner()):
            raise ServerFailed(f"postgres: {tail(self.log)}")

    def restart(self) -> None:
        """`halt` and `go_on` (``pg_ctl restart -m immediate``)."""
        self.halt()
        self.go_on()

    def stop(self) -> None:
        """Shut the server down and remove its folder."""
        if self.process is not None:
            stop(self.process, signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def postgresql_database(dsn: str, blobs: Path, like: str = "template1") -> Iterator[str]:
    """A new database in the cluster of ``dsn``, empty or a copy of ``like``; yields its zodburi, drops it at the end.

    Blobs lie in PostgreSQL; the folder ``blobs`` is this client's cache of them.
    """
    import psycopg2

    name = f"crm_{uuid.uuid4().hex}"
    words = dict(word.split("=", 1) for word in dsn.split())
    server = psycopg2.connect(dsn)
    server.autocommit = True
    try:
        with server.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        query = urlencode({"driver": "psycopg2", "shared_blob_dir": "false", "blob_dir": str(blobs)})
        yield f"postgres://{words['user']}@{words['host']}:{words['port']}/{name}?{query}"
        with server.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        server.close()


@contextlib.contextmanager
def zeo_server(folder: Path) -> Iterator[str]:
    """A ZEO server over a FileStorage with blobs in ``folder``; yields the zodburi of a client, stops it at the end.

    The server can import ``crm_core``: conflicts are resolved there (ZEO's documentation, "conflict resolution").
    Raises `ServerFailed`.
    """
    for _attempt in range(3):  # another process may take the spare port before the server does
        port = spare_port()
        process, log = _start_zeo(folder, port)
        try:
            if _listens(process, port):
                query = urlencode({"storage": "1", "wait_timeout": "30", "blob_dir": str(folder / "client-blobs")})
                yield f"zeo://127.0.0.1:{port}?{query}"
                return
        finally:
            stop(process)
    raise ServerFailed(f"ZEO: {tail(log)}")


def _start_zeo(folder: Path, port: int) -> tuple[subprocess.Popen[bytes], Path]:
    """Write the configuration and start the server; the caller waits and stops."""
    config, log_path = folder / "zeo.conf", folder / "zeo.log"
    config.write_text(
        f"<zeo>\n  address 127.0.0.1:{port}\n</zeo>\n"
        f"<filestorage 1>\n  path {folder}/Data.fs\n  blob-dir {folder}/server-blobs\n</filestorage>\n",
        "utf-8",
    )
    paths = [str(Path(crm_core.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ZEO.runzeo", "-C", str(config)],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )
    return process, log_path


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the server of ``process`` takes connections; False when it ended or took too long."""
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.05)
    return False
