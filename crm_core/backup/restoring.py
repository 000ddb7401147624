"""Bringing a backup back into a new place, also as it was at a moment.

Everything is made under another name beside the target and gets the final one when it is complete.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ZODB.blob import is_blob_record

from crm_core.app import App
from crm_core.backup import datafiles, erased
from crm_core.backup.checking import check_set
from crm_core.backup.making import moment
from crm_core.backup.manifest import (
    PIECE,
    Chain,
    Damaged,
    Manifest,
    chains,
    hex_of,
    last_of,
    moment_of,
    sync,
    sync_tree,
    tid_of,
)
from crm_core.backup.transactions import NOTHING, blob_name, last_transaction, stored
from crm_core.effects import hold_after_restore
from crm_core.errors import CrmError, NotFound
from crm_core.i18n import TextFactory
from crm_core.settings import Settings, read_settings
from crm_core.storage import open_storage

_ = TextFactory("crm_core")
log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]


@dataclass
class Restored:
    """What was brought back: ``state`` is the moment of the last transaction (ms UTC); ``erased`` and ``expired`` are
    counts of what was taken out again; ``indexed``: whether what is derived was built too."""

    sets: list[str]
    state: int
    transactions: int = 0
    erased: dict[str, int] = field(default_factory=dict)
    expired: int = 0
    indexed: bool = False


@dataclass(frozen=True)
class Wanted:
    """What to restore: ``until`` a moment (ms UTC, None: the newest state), ``storage`` a URI ("": a file in the data
    folder), ``erased_list`` a newer list of what was erased, ``index``: build full text too."""

    until: int | None = None
    storage: str = ""
    erased_list: Path | None = None
    index: bool = True


def restore(folder: Path, target: Path, wanted: Wanted, progress: Progress = lambda done, total: None) -> Restored:
    """Bring the backup in ``folder`` back into the new data folder ``target``.

    Raises CrmError where the target is not new or empty, where the moment cannot be had, and where a set that is needed
    is not as it was written; then nothing is at the target.
    """
    _demand_empty(target)
    chain, sets, end = _chosen(folder, wanted.until)
    for one in sets:
        problems = check_set(chain.where(one), one)
        if problems:
            raise Damaged(_("“${set}” is damaged, ${file}: ${problem}", mapping=problems[0]))
    gone = erased.of_all(chains(folder)[0], wanted.erased_list)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".part", dir=target.parent))
    try:
        result = _fill(chain, sets, end, part, wanted, gone, progress)
        sync_tree(part)
        os.rename(part, target)  # also onto an empty folder; refused by one that is not empty any more
        sync(target.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return result


def _demand_empty(target: Path) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()) or (target.is_dir() and any(target.iterdir())):
        raise CrmError(_("“${folder}” is not empty. Restore into a new folder.", mapping={"folder": str(target)}))


# ── which sets ───────────────────────────────────────────────────────────────────────────────────────────────


def _chosen(folder: Path, until: int | None) -> tuple[Chain, list[Manifest], bytes]:
    """The chain, the sets of it to be replayed, and the last transaction to take."""
    found, wrong = chains(folder)
    if not found and not wrong:
        raise NotFound(_("There is no backup in “${folder}”.", mapping={"folder": str(folder)}))
    if until is None:
        if not found or (wrong and max(name for name, _error in wrong) > found[-1].last.name):
            raise wrong[-1][1]  # the newest state is not to be had: nobody gets an older one unasked
        return found[-1], found[-1].sets, tid_of(found[-1].last.last)
    wished = last_of(until)
    refused: CrmError | None = None
    for chain in reversed(found):
        try:
            sets = _until(chain, wished)
        except CrmError as error:
            refused = refused or error
            continue
        if sets is not None:
            if wrong and hex_of(wished) > chain.last.last and chain is found[-1]:
                raise wrong[-1][1]
            return chain, sets, wished
    raise refused or CrmError(_("The backup does not reach back so far."))


def _until(chain: Chain, wished: bytes) -> list[Manifest] | None:
    """The sets of a chain with which a moment is reached; None where it is before all of it. Raises CrmError where a
    pack had taken the history of that moment before it was backed up."""
    moment_wished = hex_of(wished)
    full = chain.sets[0]
    if full.first and moment_wished < full.first:
        return None
    taken: list[Manifest] = []
    before = ""
    for one in chain.sets:
        if before and moment_wished <= before:
            break
        if one.thinned and moment_wished < one.thinned:
            if before and moment_of(moment_wished) == moment_of(before):
                break
            low = moment(moment_of(before), one.timezone) if before else "-"
            raise CrmError(_("A pack gave back the history of that moment before it was backed up; what can be had is"
                             " ${before} and before, or ${after} and later.",
                             mapping={"before": low, "after": moment(moment_of(one.thinned) + 1, one.timezone)}))
        taken.append(one)
        before = one.last
    return taken


# ── the work ─────────────────────────────────────────────────────────────────────────────────────────────────


def _fill(
    chain: Chain, sets: list[Manifest], end: bytes, part: Path, wanted: Wanted, gone: erased.Erased, progress: Progress
) -> Restored:
    datafiles.restore(chain, sets[-1], part, wanted.storage)
    settings = replace(read_settings(part), data=part, zodburi=wanted.storage)
    with closing(_empty_storage(settings)) as storage:
        result = Restored([one.name for one in sets], 0)
        total = sum(one.transactions for one in sets)
        for transaction, folder in _replayed(chain, sets, end):
            _store(storage, transaction, folder)
            result.transactions += 1
            result.state = moment_of(hex_of(transaction.tid))
            progress(result.transactions, total)
    if not result.transactions:
        raise CrmError(_("The backup does not reach back so far."))
    _take_out(settings, gone, result, progress)
    if wanted.index:
        _derive(settings, result)
    return result


def _empty_storage(settings: Settings) -> Any:
    """The storage to fill. Raises CrmError where it holds something, or cannot take transactions as they are."""
    storage = open_storage(settings)
    if settings.is_file_storage:
        return storage
    try:
        if not hasattr(storage, "restoreBlob"):
            raise CrmError(_("This kind of storage takes no transactions as they were. Restore into a folder and give"
                             " its Data.fs and blobs to the storage's server."))
        if last_transaction(storage) != NOTHING:
            raise CrmError(_("The storage is not empty. Restore into a new one."))
    except BaseException:
        storage.close()
        raise
    return storage


def _replayed(chain: Chain, sets: list[Manifest], end: bytes) -> Iterator[tuple[Any, Path]]:
    for one in sets:
        folder = chain.where(one)
        for transaction in stored(folder):
            if transaction.tid > end:
                return
            yield transaction, folder


def _store(storage: Any, transaction: Any, folder: Path) -> None:
    storage.tpc_begin(transaction, transaction.tid, transaction.status)
    for record in transaction:
        blob = folder / blob_name(record.oid, transaction.tid)
        if record.data is not None and is_blob_record(record.data) and blob.exists():
            copy = _copy(blob, Path(storage.temporaryDirectory()))
            storage.restoreBlob(record.oid, transaction.tid, record.data, str(copy), None, transaction)
        else:
            storage.restore(record.oid, transaction.tid, record.data, "", None, transaction)
    storage.tpc_vote(transaction)
    storage.tpc_finish(transaction)


def _copy(blob: Path, folder: Path) -> Path:
    """A copy that the storage may move away."""
    copy = folder / f"restored-{secrets.token_hex(8)}"
    with blob.open("rb") as source, copy.open("xb") as target:
        shutil.copyfileobj(source, target, PIECE)
    return copy


def _take_out(settings: Settings, gone: erased.Erased, result: Restored, progress: Progress) -> None:
    """Erase again what was erased since, and what has had its time; nothing of it stays in the history either.

    Where there is none of it, the storage stays as it was restored, record by record.
    """
    app = App.open(replace(settings, search="none"))
    app.on_erased = []  # nothing lies outside of the database yet
    try:
        result.erased = erased.again(app, gone, progress)
        result.expired = erased.expired(app)
        app.run(hold_after_restore, note="restore: what was to be done outside")
        if result.expired or any(result.erased.values()):
            app.db.pack(0)
    finally:
        app.close()


def _derive(settings: Settings, result: Restored) -> None:
    """Build what is derived. Where that cannot be done here and now it is lag, which the desk makes up for."""
    try:
        app = App.open(settings)
    except CrmError:
        log.warning("full text is not built yet: what it needs is not there", exc_info=True)
        return
    try:
        app.catch_up()
        result.indexed = True
    finally:
        app.close()

