"""The pickle guard: only classes of ``crm_core.model`` may be stored, or records would not load without a plugin.

`GuardedConnection` refuses others as they are about to be stored. `foreign_globals` walks the current records of any
storage and collects the classes they name; nothing of them is imported or run.
"""

from __future__ import annotations

import enum
import importlib
import io
import pickle
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from types import BuiltinFunctionType, FunctionType
from typing import Any

from ZODB.Connection import Connection
from ZODB.POSException import POSKeyError
from ZODB.utils import load_current

from crm_core.storage import transactions

MODEL = "crm_core.model."
LIBRARIES = ("persistent.", "BTrees.", "ZODB.blob.", "copyreg.", "copy_reg.")
"""What our classes are made of: trees, blobs, and Python's own helper for plain objects."""
BUILTINS = frozenset({"object", "set", "frozenset", "bytearray", "complex"})


PLAIN = frozenset({type(None), bool, int, float, str, bytes, list, tuple, dict})
"""Types that are stored by no class, nearly all there is in a record."""

NAMED = (type, FunctionType, BuiltinFunctionType)
"""Types of what is stored by its own name and not by that of its class."""


class ForeignClass(TypeError):
    """Something was to be stored by a class (``name``) that is not the core's: nothing of its transaction is."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} was about to be stored, and is no class of the core; store plain text, numbers, and "
                         "lists or tables of them")
        self.name = name


class GuardedConnection(Connection):
    """A connection that stores objects of the core's classes only. A transaction that holds another one is refused
    with `ForeignClass`, before anything of it is stored."""

    def _store_objects(self, writer: Any, transaction: Any) -> None:
        # The pickler asks for the id of each object it meets, whatever it is: the one place that sees all of them.
        writer._p.persistent_id = _watched(writer)
        super()._store_objects(writer, transaction)


_trusted: set[type] = set()
"""Classes that were looked at, and may be stored."""


def _watched(writer: Any) -> Callable[[Any], Any]:
    ask = writer.persistent_id

    def persistent_id(value: Any) -> Any:
        kind = type(value)
        if kind in PLAIN:
            return None
        if kind not in _trusted:
            has_own_name = issubclass(kind, NAMED)
            named = value if has_own_name else kind
            name = f"{named.__module__}.{named.__qualname__}"
            if not _is_allowed(name):
                raise ForeignClass(name)
            if not has_own_name:
                _trusted.add(kind)
        return ask(value)

    return persistent_id


class _Anything:
    """Stands for every class while pickles are read: takes any arguments, any state, any content."""

    def __new__(cls, *_arguments: Any, **_named: Any) -> _Anything:
        return super().__new__(cls)

    def __setstate__(self, _state: Any) -> None:
        """Forget the state."""

    def __setitem__(self, _key: Any, _value: Any) -> None:
        """Forget the item (of a dictionary's subclass)."""

    def append(self, _item: Any) -> None:
        """Forget the item (of a list's subclass)."""

    def extend(self, _items: Any) -> None:
        """Forget the items."""

    def add(self, _item: Any) -> None:
        """Forget the item (of a set's subclass)."""


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


def foreign_globals(storage: Any, after: bytes | None = None) -> dict[str, list[int]]:
    """Names in current records that must not be there, each with the object ids where it was seen.

    ``after``: the id of a transaction; only what later ones stored is read.

    Foreign are classes outside our model, classes our model has no more, and enumerations even of the model: their
    plain values are stored (architecture §5.1).
    """
    found: defaultdict[str, list[int]] = defaultdict(list)
    for oid, record in records(storage) if after is None else records_after(storage, after):
        for name in globals_of(record):
            if not _is_allowed(name):
                found[name].append(int.from_bytes(oid, "big"))
    return dict(found)


@cache
def _is_allowed(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    if module in ("builtins", "__builtin__"):
        return attribute in BUILTINS
    if not name.startswith(MODEL):
        return name.startswith(LIBRARIES)
    try:
        known = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError):
        return False
    return not (isinstance(known, type) and issubclass(known, enum.Enum))


def records(storage: Any) -> Iterator[tuple[bytes, bytes]]:
    """(object id, pickle) of every current record of a storage, also of what nothing refers to any more."""
    with _up_to_date(storage) as now:
        position = None
        while True:
            oid, _tid, data, position = now.record_iternext(position)
            if data is not None:
                yield oid, data
            if position is None:
                return


def records_after(storage: Any, tid: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(object id, pickle) of the current records that a storage got in transactions later than ``tid``."""
    changed: set[bytes] = set()
    for transaction in transactions(storage, tid):
        changed.update(record.oid for record in transaction)
    with _up_to_date(storage) as now:
        for oid in sorted(changed):
            with suppress(POSKeyError):  # collected since then
                yield oid, load_current(now, oid)[0]


@contextmanager
def _up_to_date(storage: Any) -> Iterator[Any]:
    if not hasattr(storage, "new_instance"):
        yield storage
        return
    own = storage.new_instance()  # RelStorage: an instance stays at the snapshot it last polled
    try:
        own.poll_invalidations()
        yield own
    finally:
        own.release()
