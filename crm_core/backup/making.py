"""Making a set: what was committed since the one before, read beside a desk that goes on working."""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from crm_core import __version__
from crm_core.backup import datafiles, erased, transactions
from crm_core.backup.checking import Problem, check_files, check_set, note_check, problem
from crm_core.backup.manifest import (
    FULL,
    INCREMENT,
    Chain,
    Damaged,
    Manifest,
    chains,
    hex_of,
    set_folders,
    sync,
    sync_tree,
    tid_of,
)
from crm_core.backup.pruning import PART, prune
from crm_core.chores import BACKUP
from crm_core.db import Database, root_of
from crm_core.durations import DAY
from crm_core.errors import CrmError
from crm_core.i18n import TextFactory
from crm_core.model.ids import now_ms
from crm_core.packing import is_begun
from crm_core.settings import Settings
from crm_core.storage import no_database
from crm_core.upkeep import AtWork, alone, claimed_by_hand

_ = TextFactory("crm_core")
FULL_DAYS = 7
"""A chain is begun anew when its full set is so old: restoring stays quick, and old chains can be taken away."""
LOCK = ".lock"
Progress = Callable[[int], None]
Tell = Callable[[Problem], None]
log = logging.getLogger(__name__)


def _log(damage: Problem) -> None:
    log.warning("a set of the backup is damaged, nothing is added to it: %s %s: %s", damage["set"], damage["file"],
                damage["problem"])


def back_up(settings: Settings, folder: Path, *, full: bool = False, db: Database | None = None,
            progress: Progress = lambda done: None, tell: Tell = _log) -> tuple[Manifest, list[str]]:
    """Add a set to the backup in ``folder``; its manifest, and the names of old sets that were taken away.

    An increment upon the last set where that goes, else a full one (``full``: in any case). ``db``: the open database
    of this process, which has claimed the chore; without it the storage is opened for reading, and the chore claimed.
    ``progress`` gets the number of transactions so far, ``tell`` what is found damaged of the sets that are there:
    nothing is ever added to those.
    Raises CrmError (AtWork beside another backup or a pack), OSError for a disk that is full.
    """
    if settings.is_file_storage and not is_begun(settings.data):
        raise no_database(settings.data)
    if folder.resolve() == settings.data.resolve():
        raise CrmError(_("A backup lies elsewhere than in the data folder."))
    for needed in (folder, settings.data):
        needed.mkdir(mode=0o700, parents=True, exist_ok=True)
    by_hand = nullcontext() if db is not None else claimed_by_hand(settings, BACKUP)
    with _alone_in(folder), alone(settings.data, BACKUP, settings.timezone):
        opened = db or Database.open(settings, read_only=True)
        try:
            with opened.reading() as connection:
                root_of(connection)  # a storage in which nothing was begun is not worth a set
            with by_hand:
                manifest = _add(settings, folder, opened, full, progress, tell)
        finally:
            if db is None:
                opened.close()
        return manifest, prune(folder, settings.backup_days, manifest.made)


def _add(settings: Settings, folder: Path, db: Database, full: bool, progress: Progress, tell: Tell) -> Manifest:
    storage = db.db.storage
    last = transactions.last_transaction(storage)
    chain = None if full else _to_go_on(folder, storage, last, tell)
    manifest = _begun(settings, folder, chain, last)
    part = folder / f".{manifest.name}-{secrets.token_hex(4)}{PART}"
    part.mkdir(mode=0o700)
    try:
        after = tid_of(chain.last.last) if chain else None
        transactions.write(storage, after, last, part, manifest, progress)
        datafiles.write(settings.data, part, manifest, chain.last.data if chain else {})
        with db.reading() as connection:  # behind the transactions: what is erased meanwhile is better told than not
            erased.write(root_of(connection), part, manifest)
        manifest.bytes = sum(one["size"] for one in manifest.files.values())
        manifest.write(part)
        sync_tree(part)
        problems = check_set(part, manifest)
        if problems:
            raise Damaged(_("What was written does not read back as it should: ${problem}",
                            mapping={"problem": problems[0]["problem"]}))
        part.rename(folder / manifest.name)
        sync(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    note_check(folder, manifest.name, [], whole=False)
    return manifest


def _begun(settings: Settings, folder: Path, chain: Chain | None, last: bytes) -> Manifest:
    """The manifest of the next set, as far as it is known before."""
    number = max((int(path.name[:6]) for path in set_folders(folder)), default=0) + 1
    kind = INCREMENT if chain else FULL
    previous = {"name": chain.last.name, "sha256": chain.digests[-1]} if chain else None
    return Manifest(
        f"{number:06d}-{kind}", kind, now_ms(), "", hex_of(last), previous=previous, timezone=settings.timezone,
        storage=settings.zodburi.partition(":")[0] or "FileStorage",
        versions={"crm-core": __version__},
    )


def _to_go_on(folder: Path, storage: object, last: bytes, tell: Tell) -> Chain | None:
    """The chain to add to; None where a full set is due.

    That is so where something of the newest sets is not as it was written, which is read from the disk, the chain is
    old, or the storage has not (any more) the transaction that the chain ends with: it was packed away, or this is
    another storage, or one brought back to before.
    """
    found, wrong = chains(folder)
    for name, error in wrong:
        tell(problem(name, "", error))
    if not found or (wrong and max(name for name, _error in wrong) > found[-1].last.name):
        return None
    chain = found[-1]
    damages = [one for part in chain.sets for one in check_files(chain.where(part), part)]
    for damage in damages:
        tell(damage)
    end = tid_of(chain.last.last)
    young = now_ms() - chain.sets[0].made < FULL_DAYS * DAY
    return chain if young and not damages and end <= last and transactions.holds(storage, end) else None


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One backup at a time into a folder; leftovers of killed ones are cleared away first. Raises AtWork."""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AtWork(_("Another backup is being written into “${folder}”.",
                           mapping={"folder": str(folder)})) from error
        for left in folder.glob(f".*{PART}"):
            shutil.rmtree(left)
        yield
    finally:
        os.close(handle)


def moment(value: int, timezone: str = "UTC") -> str:
    """Milliseconds UTC as ISO text for messages."""
    return datetime.fromtimestamp(value / 1000, UTC).astimezone(ZoneInfo(timezone)).isoformat(timespec="milliseconds")
