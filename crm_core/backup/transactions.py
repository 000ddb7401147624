"""Transactions in a file, in the format of ZODB's own FileStorage, and blobs beside it.

Any program that reads a FileStorage reads it (``python -m ZODB.scripts.fstest``); written without its index and without
a wait for the disk after each transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from ZODB.blob import is_blob_record
from ZODB.FileStorage import FileIterator
from ZODB.FileStorage.FileStorage import packed_version
from ZODB.FileStorage.format import DATA_HDR_LEN, DataHeader, TxnHeader
from ZODB.POSException import POSKeyError
from ZODB.utils import p64, u64

from crm_core.backup.manifest import TRANSACTIONS, Hashed, Manifest, hex_of
from crm_core.storage import transactions

BLOBS = "blobs"
NOTHING = b"\0" * 8


def last_transaction(storage: Any) -> bytes:
    """The id of the last committed transaction that is surely complete; `NOTHING` for an empty storage."""
    if not hasattr(storage, "new_instance"):
        return bytes(storage.lastTransaction() or NOTHING)
    instance = storage.new_instance()  # RelStorage: one stays where it last looked
    try:
        instance.poll_invalidations()
        return bytes(instance.lastTransaction() or NOTHING)
    finally:
        instance.release()


def holds(storage: Any, tid: bytes) -> bool:
    """Whether a storage has this very transaction: then it is the one the backup is of, or grew out of it."""
    with closing(transactions(storage, p64(u64(tid) - 1), tid)) as found:
        return any(one.tid == tid for one in found)


def blob_name(oid: bytes, tid: bytes) -> str:
    """Where the file of a blob lies in a set; spread, so that no folder gets too full."""
    return f"{BLOBS}/{oid.hex()[-2:]}/{oid.hex()}-{tid.hex()}"


def write(storage: Any, after: bytes | None, until: bytes, folder: Path, manifest: Manifest,
          progress: Callable[[int], None]) -> None:
    """Write what was committed behind ``after`` up to ``until`` into the folder of a set, and into its manifest what
    that is."""
    with Hashed(folder / TRANSACTIONS) as file, closing(transactions(storage, after, until)) as found:
        file.write(packed_version)
        for transaction in found:
            _write_one(storage, transaction, file, folder, manifest)
            progress(manifest.transactions)
        manifest.files[TRANSACTIONS] = file.finish()


def _write_one(storage: Any, transaction: Any, file: Hashed, folder: Path, manifest: Manifest) -> None:
    user, note, more = transaction.user, transaction.description, transaction.extension_bytes
    tid, position = transaction.tid, file.size
    records = list({record.oid: record.data for record in transaction}.items())  # ZEO gives those of blobs twice
    header = TxnHeader(tid, 0, transaction.status, len(user), len(note), len(more))
    header.user, header.descr, header.ext = user, note, more
    header.tlen = header.headerlen() + sum(DATA_HDR_LEN + (8 if data is None else len(data)) for _oid, data in records)
    file.write(header.asString())
    for oid, data in records:
        file.write(DataHeader(oid, tid, 0, position, 0, 0 if data is None else len(data)).asString())
        file.write(NOTHING if data is None else data)
        if data is not None and is_blob_record(data):
            _write_blob(storage, oid, tid, folder, manifest)
    file.write(p64(header.tlen))
    manifest.first = manifest.first or hex_of(tid)
    manifest.transactions += 1
    manifest.records += len(records)
    if transaction.status == "p":
        manifest.thinned = hex_of(tid)


def _write_blob(storage: Any, oid: bytes, tid: bytes, folder: Path, manifest: Manifest) -> None:
    name = blob_name(oid, tid)
    try:
        source = storage.openCommittedBlobFile(oid, tid)
    except POSKeyError:  # the storage has lost it; everything else is to be kept all the same, and this is told
        manifest.missing_blobs.append(f"{oid.hex()}-{tid.hex()}")
        return
    with source, Hashed(folder / name) as target:
        target.copy(source)
        manifest.files[name] = target.finish()
    manifest.blobs += 1


def stored(folder: Path) -> Iterator[Any]:
    """The transactions in the folder of a set, each with ``tid``, ``status`` and records (``oid``, ``tid``, ``data``).
    """
    found = FileIterator(str(folder / TRANSACTIONS))
    try:
        yield from found
    finally:
        found.close()
