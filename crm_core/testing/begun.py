"""A database in which nothing was done yet, made once in a process and copied for each test.

A new database holds some four thousand empty trees: to store them takes as long as most tests do, and so does looking
through them at the end. What the copies begin with was looked through once, when it was made.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ZODB.FileStorage import FileStorage

from crm_core.storage import transactions
from crm_core.testing import onserver
from crm_core.testing.beginning import DATA, beginning

__all__ = ["DATA", "begin", "copy", "last_of_beginning"]


def begin(folder: Path) -> None:
    """Put an empty database into the data folder ``folder``; one that lies there already stays as it is."""
    if (folder / DATA).exists():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # as `Database.open` makes it
    for name, content in beginning().files.items():
        (folder / name).write_bytes(content)


def copy(like: Path, folder: Path) -> None:
    """Put a copy of the database of the data folder ``like``, which is closed, into ``folder``, which has none."""
    if onserver.is_asked_for():
        onserver.begin(folder, like)
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in like.glob(f"{DATA}*"):
        shutil.copyfile(file, folder / file.name)


def last_of_beginning(storage: Any) -> bytes | None:
    """The last transaction of the beginning where ``storage`` is a copy of it that was only added to, else None."""
    begun = beginning()
    if isinstance(storage, FileStorage):
        content = begun.files[DATA]
        with open(storage.getName(), "rb") as file:
            return begun.last if file.read(len(content)) == content else None
    # On a server, where tids are times: there is no other way to have that transaction than to be a copy.
    return begun.last if any(one.tid == begun.last for one in transactions(storage, None, begun.last)) else None
