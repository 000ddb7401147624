"""Everything of one storage into another, empty one: transactions with ids and notes, records, blobs; then compared.

The source is copied as it is: nobody may write to it meanwhile, or the copy is refused at its end.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ZODB.blob import is_blob_record
from ZODB.POSException import POSKeyError

from crm_core.errors import CrmError, NotFound
from crm_core.guard import records
from crm_core.i18n import TextFactory
from crm_core.packing import is_begun
from crm_core.storage import no_database, open_folder, open_uri, transactions

_ = TextFactory("crm_core")

Progress = Callable[[str, int, int], None]
"""``progress(what, done, total)``: "copying" or "comparing", both in transactions."""
PIECE = 1 << 20
UNFINISHED = ".unfinished"


class Differs(CrmError):
    """The copy is not what the source is: a fault of a disk, of a server, or of ours."""


@dataclass
class Copied:
    """What was copied and compared: counts, ``bytes`` of records and blobs; ``missing``: blobs that the source lost."""

    transactions: int = 0
    records: int = 0
    blobs: int = 0
    objects: int = 0
    bytes: int = 0
    missing: int = 0


def copy_storage(source: str, target: str, scratch: Path, progress: Progress) -> Copied:
    """Copy ``source`` to ``target``; each is a data folder or the URI of a server. ``scratch`` is a folder for files on
    their way. Raises CrmError when the target holds something, when the source is written to meanwhile, and `Differs`.

    A folder is there when it is complete, and else not at all.
    """
    with _opened(source, scratch / "source") as one:
        unfinished = _unfinished(target)
        with _opened(str(unfinished) if unfinished else target, scratch / "target", new=True) as other:
            copied = _copy(one, other, progress)
            _compare(one, other, copied, progress)
        if unfinished:
            (unfinished / "Data.fs.lock").unlink(missing_ok=True)
            unfinished.replace(target)
    return copied


def is_uri(place: str) -> bool:
    """Whether a storage is named by URI; else it is a data folder."""
    return "://" in place


def _unfinished(target: str) -> Path | None:
    """Where a copy into a folder is made; None for a server. Raises CrmError when somebody was here before."""
    if is_uri(target):
        return None
    folder = Path(target)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CrmError(_("“${folder}” is not empty. Copy into a new folder.", mapping={"folder": target}))
    unfinished = folder.with_name(folder.name + UNFINISHED)
    if unfinished.exists():
        raise CrmError(_("An earlier copy was interrupted. Remove “${folder}” and begin again.",
                         mapping={"folder": str(unfinished)}))
    return unfinished


@contextmanager
def _opened(place: str, blobs: Path, *, new: bool = False) -> Iterator[Any]:
    if is_uri(place):
        storage = open_uri(place, blobs, read_only=not new)
    elif not new and not is_begun(Path(place)):
        raise NotFound(no_database(Path(place)).message)
    else:
        storage = open_folder(Path(place))  # its lock keeps everybody else from writing
    try:
        if new:
            _demand_empty(storage)
        yield storage
    finally:
        storage.close()


def _demand_empty(storage: Any) -> None:
    if not hasattr(storage, "restoreBlob"):
        raise CrmError(_("A ZEO server takes no transactions as they were. Copy into a folder and give its Data.fs and "
                         "blobs to the server."))
    if next(transactions(storage), None) is not None:
        raise CrmError(_("The target is not empty. If an earlier copy into it was interrupted, remove it (DROP "
                         "DATABASE) and begin again."))


def _copy(source: Any, target: Any, progress: Progress) -> Copied:
    copied = Copied()
    total = sum(1 for _one in transactions(source))
    for one in transactions(source):
        target.tpc_begin(one, one.tid, one.status)
        for record in _records(one):
            copied.records += 1
            copied.bytes += len(record.data or b"")
            file = _blob(source, record, copied) if record.data is not None and is_blob_record(record.data) else None
            if file is None:
                target.restore(record.oid, one.tid, record.data, "", None, one)
            else:
                way = Path(target.temporaryDirectory()) / f"copied-{secrets.token_hex(8)}"
                with file, way.open("xb") as out:
                    shutil.copyfileobj(file, out, PIECE)
                copied.blobs += 1
                copied.bytes += way.stat().st_size
                target.restoreBlob(record.oid, one.tid, record.data, str(way), None, one)
        target.tpc_vote(one)
        target.tpc_finish(one)
        copied.transactions += 1
        progress("copying", copied.transactions, total)
    return copied


def _blob(source: Any, record: Any, copied: Copied) -> Any:
    """The file of a blob; None where the source has lost it."""
    try:
        return source.openCommittedBlobFile(record.oid, record.tid)
    except POSKeyError:
        copied.missing += 1
        return None


def _compare(source: Any, target: Any, copied: Copied, progress: Progress) -> None:
    """Every record of every transaction with its blob, then which of them is the current one of each object."""
    done = 0
    for one, other in zip_longest(transactions(source), transactions(target)):
        if other is None or (one is not None and done == copied.transactions):
            raise CrmError(_("Somebody wrote to the source meanwhile. Stop the desk, remove the copy and begin again."))
        if one is None or _head(one) != _head(other):
            raise Differs(_("The copy differs from its source in transaction ${number}.", mapping={"number": done + 1}))
        for mine, theirs in zip_longest(_records(one), _records(other)):
            if mine is None or theirs is None or _state(source, mine) != _state(target, theirs):
                raise Differs(_("The copy differs from its source in transaction ${number}.",
                                mapping={"number": done + 1}))
        done += 1
        progress("comparing", done, copied.transactions)
    if done != copied.transactions:
        raise CrmError(_("Somebody wrote to the source meanwhile. Stop the desk, remove the copy and begin again."))
    for mine, theirs in zip_longest(_current(source), _current(target)):
        if mine != theirs:
            raise Differs(_("The copy holds another state of an object than its source."))
        copied.objects += 1


def _records(one: Any) -> list[Any]:
    """The records of a transaction by object id. A ZEO server writes that of a blob twice; the last one counts."""
    last = {record.oid: record for record in one}
    return [last[oid] for oid in sorted(last)]


def _head(one: Any) -> tuple[bytes, bytes, bytes, bytes]:
    return one.tid, one.user, one.description, one.extension_bytes


def _state(storage: Any, record: Any) -> tuple[bytes, bytes | None, bytes | None]:
    digest = None
    if record.data is not None and is_blob_record(record.data):
        try:
            with storage.openCommittedBlobFile(record.oid, record.tid) as file:
                digest = hashlib.file_digest(file, "sha256").digest()
        except POSKeyError:  # lost by the source, told by its count
            digest = None
    return record.oid, record.data, digest


def _current(storage: Any) -> Iterator[tuple[bytes, bytes]]:
    return ((oid, hashlib.sha256(data).digest()) for oid, data in sorted_records(storage))


def sorted_records(storage: Any) -> Iterator[tuple[bytes, bytes]]:
    """The current records of a storage by object id. Raises Differs where a storage gives them in another order."""
    last = b""
    for oid, data in records(storage):
        if oid <= last:
            raise Differs(_("The storage does not give its objects in their order."))
        last = oid
        yield oid, data
