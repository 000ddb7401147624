"""Where a rehearsal writes: a folder in the data folder that goes away with it, also when it was killed.

Whoever rehearses holds a lock on the data folder that all of them share; who gets it alone knows that the folders that
are there belong to nobody any more. It is the kernel's and ends with its process, however that ends.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)
PREFIX = "rehearsal-"


@contextmanager
def place(data: Path) -> Iterator[Path]:
    """An empty folder below ``data`` for one rehearsal; what killed ones left is cleared away first."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep(data)
    handle = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        with tempfile.TemporaryDirectory(prefix=PREFIX, dir=data) as folder:
            yield Path(folder)
    finally:
        os.close(handle)


def sweep(data: Path) -> int:
    """Clear away what killed rehearsals left in ``data``, unless one is at work; how many folders."""
    left = [path for path in data.glob(f"{PREFIX}*") if path.is_dir() and not path.is_symlink()]
    if not left:
        return 0
    handle = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for folder in left:
            shutil.rmtree(folder, ignore_errors=True)
            log.warning("an interrupted rehearsal left %s: %s", folder,
                        "it cannot be removed" if folder.exists() else "removed")
        return len(left)
    except OSError:  # somebody rehearses, or the disk (NFS) knows no such lock on folders: the next one looks again
        return 0
    finally:
        os.close(handle)
