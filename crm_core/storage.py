"""Storages by URI: a file in the data folder, ``zeo://host:port``, ``postgres://user@host/db`` (by RelStorage).

What keeps one from being opened is said in words, and never with the password that a URI may hold.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from zc.lockfile import LockError
from ZODB.FileStorage import FileStorage
from ZODB.POSException import ReadOnlyError, StorageError
from ZODB.utils import p64, u64

from crm_core import packing
from crm_core.errors import CrmError, DatabaseBusy
from crm_core.i18n import TextFactory
from crm_core.settings import Settings
from crm_core.turns import AcrossProcesses

_ = TextFactory("crm_core")
log = logging.getLogger(__name__)

POSTGRESQL = ("postgres", "postgresql")
BLOB_CACHE = "blob-cache"
"""The folder in DATA where files out of a server's storage are kept a while."""
BLOB_CACHE_SIZE = "1GB"
SECONDS_TO_CONNECT, SECONDS_TO_ASK = "10", "2"
CACHE_MEGABYTES = "64"
"""Of each process, beside the objects of its connections: RelStorage's records in memory, ZEO's in a temporary file."""
LIBPQ = {"connect_timeout": "connect_timeout", "ssl_mode": "sslmode", "sslmode": "sslmode",
         "sslrootcert": "sslrootcert", "target_session_attrs": "target_session_attrs"}
"""Parameters of a URI that are libpq's, and libpq's names for them."""
ELSEWHERE = ("host", "port")
"""Parameters that say where PostgreSQL is, in a URI without a host: several servers, or the folder of a socket."""
POOL = {"connection_pool_size": "pool_size", "connection_cache_size": "cache_size",
        "connection_cache_size_bytes": "cache_size_bytes"}
"""Parameters of a URI that are ZODB's, for the connections of one process."""
TRIES, PAUSE = 100, 0.05
"""How often, and seconds between, while a transaction is just being written at the end of a file, or another process
makes the tables of a new storage."""
MADE_BY_ANOTHER = frozenset({"23505", "42P07", "42710", "42723", "XX000", "40P01"})
"""PostgreSQL's codes for a table, an index or a function that somebody else makes at this moment (Appendix A: unique
violation, duplicate table, object, function; "tuple concurrently updated"; deadlock)."""


def open_storage(settings: Settings, read_only: bool = False) -> Any:
    """The storage of an installation. Raises DatabaseBusy when another process writes to its file, and CrmError with
    the reason when it cannot be opened."""
    if settings.is_file_storage:
        return open_folder(settings.data, read_only)
    return open_uri(settings.zodburi, settings.data / BLOB_CACHE, read_only)


def open_folder(data: Path, read_only: bool = False) -> FileStorage:
    """The FileStorage in a data folder. Raises DatabaseBusy when another process writes to it."""
    path = data / packing.FILE
    if read_only and not path.exists():
        raise no_database(data)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)  # everything of every citizen lies in it
    try:
        if not read_only:
            packing.bring_back(data)
        # Not by URI: zodburi takes paths as they are written, so a folder with "?" in its name would be cut.
        # What was erased must not stay in a copy: a pack keeps no ``Data.fs.old`` and no ``blobs.old``.
        storage = FileStorage(str(path), read_only=read_only, blob_dir=str(data / "blobs"), pack_keep_old=False,
                              packer=packing.packer)
        if not read_only:
            packing.clear_up(data, storage)
        return storage
    except LockError as error:
        raise DatabaseBusy from error


def open_uri(uri: str, blobs: Path, read_only: bool = False) -> Any:
    """The storage on a server. ``blobs`` is a folder for files out of it, unless the URI names one (``blob_dir``).

    Raises CrmError with the reason when it cannot be opened.
    """
    parts = split(uri)
    words = dict(parse_qsl(parts.query))
    blobs.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    words = {"blob_dir": str(blobs), "shared_blob_dir": "0", "blob_cache_size": BLOB_CACHE_SIZE, **words}
    if read_only:
        words["read_only"] = "1"
    if parts.scheme == "zeo":
        return _zeo(parts, words)
    return _postgresql(parts, words)


def pool(uri: str) -> dict[str, int]:
    """What a URI says about the connections of one process, as words for ``ZODB.DB``. Raises CrmError."""
    words = dict(parse_qsl(split(uri).query)) if uri else {}
    found = {}
    for name, word in POOL.items():
        if name in words:
            if not words[name].isdecimal() or not int(words[name]):
                raise CrmError(_("“${name}” in the address of the storage must be a whole number above zero.",
                                 mapping={"name": name}))
            found[word] = int(words[name])
    return found


def split(uri: str) -> SplitResult:
    """The parts of a storage's URI. Raises CrmError when it is none that we open; without a word of what it holds."""
    scheme = uri.partition("://")[0] if "://" in uri else ""
    if not re.fullmatch(r"[a-z][a-z0-9+]{0,19}", scheme):
        raise CrmError(_("The address of the storage must begin with zeo:// or postgres://."))
    if scheme not in (*POSTGRESQL, "zeo"):
        raise CrmError(_("A storage of the kind “${scheme}” cannot be opened: choose zeo:// or postgres://, or leave "
                         "the setting empty for a file in the data folder.", mapping={"scheme": scheme}))
    try:
        parts = urlsplit(uri)
        _port = parts.port
    except ValueError:
        parts = None
    # Where a password with "/" or "#" in it ends the host too early, the rest must not be taken for a database's name.
    if parts is None or parts.fragment or (scheme == "zeo" and not (parts.hostname or parts.path.strip("/"))):
        raise CrmError(_("The address of the storage cannot be read. It looks like postgres://USER:PASSWORD@HOST:PORT/NAME"
                         "; write / ? # @ : and % in a password as %2F %3F %23 %40 %3A %25.")) from None
    return parts


def libpq(parts: SplitResult) -> dict[str, str]:
    """What the parts of a URI say of how to reach PostgreSQL, by the names of libpq's parameters, nothing empty."""
    given = dict(parse_qsl(parts.query))
    words: dict[str, object] = {
        "dbname": unquote(parts.path.lstrip("/")), "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
    }
    words |= {"host": parts.hostname, "port": parts.port} if parts.hostname else {
        name: given.get(name) for name in ELSEWHERE}
    words |= {LIBPQ[name]: word for name, word in given.items() if name in LIBPQ}
    return {name: str(word) for name, word in words.items() if word}


def shown(uri: str) -> str:
    """A URI as people may see it: without password and parameters. Raises CrmError as `split` does."""
    parts = split(uri)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    user = f"{parts.username}@" if parts.username else ""
    return urlunsplit((parts.scheme, f"{user}{host}{f':{parts.port}' if parts.port else ''}", parts.path, "", ""))


def no_database(data: Path) -> CrmError:
    """What to raise for a data folder in which nothing was begun, or nothing can be read."""
    if packing.is_interrupted(data):
        return CrmError(_("A pack of the data in “${folder}” was interrupted. Start the server (crm serve): it brings"
                          " everything back.", mapping={"folder": str(data)}))
    return CrmError(_("There is no database in “${folder}” yet.", mapping={"folder": str(data)}))


# ── kinds ────────────────────────────────────────────────────────────────────────────────────────────────────


def _zeo(parts: SplitResult, words: dict[str, str]) -> Any:
    import zodburi
    from ZEO.Exceptions import ClientDisconnected, ServerException

    words = {"storage": "1", "wait_timeout": SECONDS_TO_CONNECT, "cache_size": f"{CACHE_MEGABYTES}MB", **words}
    words = {name: value for name, value in words.items() if name not in POOL}
    uri = urlunsplit(parts._replace(query=urlencode(words)))
    try:
        storage = zodburi.resolve_uri(uri)[0]()
        # No parameter of the URI says it: else a page may show what was before somebody else's last save.
        storage.server_sync = True
        return storage
    except ClientDisconnected as error:
        raise _unreachable(parts) from error
    except (ServerException, ReadOnlyError) as error:
        raise _refused(parts, error) from error


def _postgresql(parts: SplitResult, words: dict[str, str]) -> Any:
    """RelStorage with its own connection words: its resolver takes passwords as they are written (%40 stays %40)."""
    try:
        import psycopg2
        from psycopg2.extensions import make_dsn
        from relstorage.adapters.postgresql import PostgreSQLAdapter
        from relstorage.options import Options
        from relstorage.storage import RelStorage
        from relstorage.zodburi_resolver import postgresql_resolver
    except ImportError as error:
        raise CrmError(_("Data in PostgreSQL need psycopg2 and RelStorage: "
                         "pip install 'crm-core[postgres]'.")) from error
    connection = {"connect_timeout": SECONDS_TO_CONNECT, **libpq(parts)}
    theirs = {*LIBPQ, *POOL} if parts.hostname else {*LIBPQ, *POOL, *ELSEWHERE}
    words = {"driver": "psycopg2", "keep_history": "1", "cache_local_mb": CACHE_MEGABYTES, **words}
    words = {name: value for name, value in words.items() if name not in theirs}
    demonstration = words.pop("demostorage", None)
    prepared = words.pop("create_schema", "1") != "0"
    try:
        values, unknown = postgresql_resolver.interpret_kwargs(words)
    except ValueError as error:
        raise CrmError(_("A parameter in the address of the storage cannot be read: ${reason}",
                         mapping={"reason": str(error)})) from error
    if unknown or demonstration:
        raise CrmError(_("The address of the storage has a parameter that nobody knows: ${name}",
                         mapping={"name": ", ".join(sorted(unknown)) or "demostorage"}))
    options = Options(**values, create_schema=prepared and not values.get("read_only"))
    try:
        for attempt in range(1, TRIES + 1):
            try:
                adapter = PostgreSQLAdapter(dsn=make_dsn(**connection), options=options)
                return RelStorage(adapter=adapter, options=options)
            except psycopg2.Error as error:
                if error.pgcode not in MADE_BY_ANOTHER or attempt == TRIES:
                    raise
                time.sleep(PAUSE)
        raise AssertionError("unreachable")
    except StorageError as error:  # RelStorage: no tables, or those of a storage without history
        raise empty() if options.read_only else _refused(parts, error) from error
    except psycopg2.OperationalError as error:
        raise _postgresql_says(parts, error) from error


def across_processes(uri: str) -> AcrossProcesses | None:
    """The right of way among all processes of a storage in PostgreSQL; None for others."""
    parts = split(uri) if uri else None
    if parts is None or parts.scheme not in POSTGRESQL:
        return None
    words = {**libpq(parts), "connect_timeout": SECONDS_TO_ASK}

    def connect() -> Any:
        import psycopg2

        return psycopg2.connect(**words)

    return AcrossProcesses(connect)


def empty() -> CrmError:
    """What to raise for a storage on a server in which nothing was begun."""
    return CrmError(_("This storage holds no data of the desk yet."))


def _postgresql_says(parts: SplitResult, error: Exception) -> CrmError:
    """Words for what libpq says when it cannot connect; its own never hold the password (libpq, PQerrorMessage)."""
    text = str(error)
    if "password" in text or "authentication" in text:
        return CrmError(_("The database server “${server}” does not accept the account or its password.",
                          mapping={"server": shown(parts.geturl())}))
    return _refused(parts, error) if "FATAL:" in text else _unreachable(parts)


def _unreachable(parts: SplitResult) -> CrmError:
    return CrmError(_("The storage server “${server}” does not answer. Does it run, and does the network reach it?",
                      mapping={"server": shown(parts.geturl())}))


def _refused(parts: SplitResult, error: Exception) -> CrmError:
    reason = " ".join(str(error).partition("FATAL:")[2].split() or str(error).split()) or type(error).__name__
    return CrmError(_("The storage server “${server}” refuses: ${reason}",
                      mapping={"server": shown(parts.geturl()), "reason": reason}))


def is_unreachable(error: BaseException) -> bool:
    """Whether the storage server ended the connection or takes none; what is tried again by itself is not meant."""
    psycopg2 = sys.modules.get("psycopg2")  # who has not imported it has no PostgreSQL
    return psycopg2 is not None and isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError))


# ── transactions ─────────────────────────────────────────────────────────────────────────────────────────────


def transactions(
    storage: Any, after: bytes | None = None, until: bytes | None = None
) -> Generator[Any, None, None]:
    """The transactions of any storage in their order: behind the id ``after`` up to ``until`` with it (None: all).

    Each has ``tid``, ``status``, ``user``, ``description``, ``extension_bytes``, and yields its records (``oid``,
    ``tid``, ``data``; None as data: the creation of an object was undone). A storage without history gives current
    records only. Works beside writers; read each one's records before the next is asked for.
    """
    found = _iterator(storage, p64(u64(after) + 1) if after else None, until)
    try:
        # Not "yield from": it reads the end of an iterator as a plain StopIteration, and that of RelStorage is a
        # StopIteration and an IndexError in one, of another layout; CPython 3.11 dies of it (SIGSEGV).
        for one in found:  # noqa: UP028
            yield one
    finally:
        if hasattr(found, "close"):
            found.close()


def _iterator(storage: Any, start: bytes | None, stop: bytes | None) -> Any:
    for _attempt in range(TRIES - 1):
        try:
            return storage.iterator(start, stop)
        except ValueError:  # ZODB's FileIterator met a transaction that is half written at the end of the file
            time.sleep(PAUSE)
    return storage.iterator(start, stop)
