"""The files of a database in which nothing was done yet, made once in a process.

Copies of them have the same transactions with the same ids, on whatever storage they are.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from crm_core.db import Database
from crm_core.guard import foreign_globals
from crm_core.settings import Settings

DATA = "Data.fs"


@dataclass(frozen=True)
class Begun:
    """The files of a closed database by name, and the id of its last transaction."""

    files: Mapping[str, bytes]
    last: bytes


@cache
def beginning() -> Begun:
    """The beginning of every copied database of this process, looked through once."""
    with tempfile.TemporaryDirectory(prefix="crm-begun-") as name:
        folder = Path(name)
        db = Database.open(Settings(data=folder, search="none"))
        try:
            foreign = foreign_globals(db.db.storage)
            last = db.db.lastTransaction()
        finally:
            db.close()
        if foreign:
            raise AssertionError(f"a new database holds what is not of crm_core.model: {sorted(foreign)}")
        files = {path.name: path.read_bytes() for path in sorted(folder.glob(f"{DATA}*")) if path.suffix != ".lock"}
        return Begun(MappingProxyType(files), last)
