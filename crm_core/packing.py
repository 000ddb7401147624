"""Packing the file of a FileStorage so that its process, or the power, may end at any moment.

ZODB's pack gives the old file another name, gives the new one its name, removes the files of what is gone, and then the
old file. Killed between the names it leaves no ``Data.fs``, and the next start would begin an empty desk; killed later
it leaves what was erased. Here the next start brings back or clears up.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from zc.lockfile import LockFile
from ZODB.FileStorage import FileStorage

log = logging.getLogger(__name__)
FILE = "Data.fs"
REMOVED = "blobs/.removed"
"""What a pack found to be gone: ZODB writes it before it changes the names, and takes it away when that is done."""


def is_begun(data: Path) -> bool:
    """Whether there is a database in a data folder, also one whose pack was killed."""
    return (data / FILE).exists() or is_interrupted(data)


def is_interrupted(data: Path) -> bool:
    """Whether the old file has lost its name, and the new one has not got it yet."""
    return not (data / FILE).exists() and _old(data).exists() and _new(data).exists()


def bring_back(data: Path) -> None:
    """Where a pack was killed between the names, give the old file its own again: it is whole, and surely on the disk.

    Raises LockError while another process has the storage.
    """
    if not is_interrupted(data):
        return
    lock = LockFile(str(data / f"{FILE}.lock"))
    try:
        if is_interrupted(data):
            (data / REMOVED).unlink(missing_ok=True)
            os.rename(_old(data), data / FILE)
            log.warning("a pack of %s was interrupted; the data are as they were before it", data / FILE)
    finally:
        lock.close()


def clear_up(data: Path, storage: FileStorage) -> None:
    """Where a pack was killed behind the names, end it: remove the files of what is gone, and the old file."""
    if _old(data).exists() and (data / REMOVED).exists() and not _new(data).exists():
        storage._remove_blob_files_tagged_for_removal_during_pack()
        _old(data).unlink()
        log.warning("a pack of %s was interrupted; it is ended now", data / FILE)


def packer(storage: FileStorage, referencesf: Any, stop: bytes, gc: bool) -> Any:
    """ZODB's own, as the word ``packer`` of a FileStorage; and the new file is on the disk before the old one goes."""
    made = FileStorage.packer(storage, referencesf, stop, gc)
    if made is None:  # there was nothing to give back
        return None
    try:
        with open(f"{storage.getName()}.pack", "rb") as file:
            os.fsync(file.fileno())
    except BaseException:
        storage._commit_lock.release()  # ZODB's packer has left it taken, and its pack does not know yet
        raise
    return made


def _old(data: Path) -> Path:
    return data / f"{FILE}.old"


def _new(data: Path) -> Path:
    return data / f"{FILE}.pack"
