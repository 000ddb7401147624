"""The pickle guard: only classes of ``crm_core.model`` may be stored; others would go, and take records with them.

Walks the current records of any storage and collects the classes they name, without importing any of them.
"""

from __future__ import annotations

import io
import pickle
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

ALLOWED = ("crm_core.model.", "persistent.", "BTrees.", "ZODB.blob", "copyreg", "copy_reg")


class _Anything:
    """Stands for every class while pickles are read: takes any arguments and any state."""

    def __new__(cls, *_arguments: Any, **_named: Any) -> _Anything:
        return super().__new__(cls)

    def __setstate__(self, _state: Any) -> None:
        """Forget the state."""


class _Names(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, seen: set[str]) -> None:
        super().__init__(file)
        self.seen = seen

    def find_class(self, module: str, name: str) -> Any:
        self.seen.add(f"{module}.{name}")
        return _Anything

    def persistent_load(self, reference: Any) -> Any:
        return None


def globals_of(record: bytes) -> set[str]:
    """The full names of all classes and functions that a ZODB record (class pickle, state pickle) refers to."""
    seen: set[str] = set()
    file = io.BytesIO(record)
    reader = _Names(file, seen)
    reader.load()
    reader.load()
    return seen


def foreign_globals(storage: Any) -> dict[str, list[int]]:
    """Names outside `ALLOWED` that current records refer to, each with the object ids where it was seen."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for oid, record in _records(storage):
        for name in globals_of(record):
            if not name.startswith(ALLOWED):
                found[name].append(int.from_bytes(oid, "big"))
    return dict(found)


def _records(storage: Any) -> Iterator[tuple[bytes, bytes]]:
    position = None
    while True:
        oid, _tid, data, position = storage.record_iternext(position)
        if data is not None:
            yield oid, data
        if position is None:
            return
