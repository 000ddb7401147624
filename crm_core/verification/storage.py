"""The storage itself: every reference leads somewhere, only our classes are stored, every file is there and whole."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from itertools import chain
from typing import Any

from ZODB.POSException import POSKeyError
from ZODB.serialize import referencesf
from ZODB.utils import load_current

from crm_core.guard import foreign_globals, records
from crm_core.model.attachment import Attachment
from crm_core.model.root import Root
from crm_core.scans import lightly
from crm_core.verification.mistakes import Mistake

CHUNK = 1 << 20
SHOWN = 5
"""Ids named where many records have the same fault."""


def classes(storage: Any) -> Iterator[Mistake]:
    """Only classes of the core are stored."""
    for name, oids in foreign_globals(storage).items():
        yield Mistake("classes", f"{name} in {len(oids)} records")


def references(storage: Any) -> Iterator[Mistake]:
    """Whatever a record refers to is there. Eight bytes of memory for each record."""
    known = array("Q", sorted(int.from_bytes(oid, "big") for oid, _data in records(storage)))
    for oid, data in records(storage):
        lost = [one for one in referencesf(data) if not _is_in(known, one) and _is_lost(storage, one)]
        if lost:
            names = ", ".join(map(_name, lost[:SHOWN]))
            yield Mistake("references", f"record {_name(oid)} refers to {len(lost)} that are missing: {names}")


def _name(oid: bytes) -> str:
    return f"{int.from_bytes(oid, 'big'):#x}"


def _is_in(known: array[int], oid: bytes) -> bool:
    number = int.from_bytes(oid, "big")
    place = bisect_left(known, number)
    return place < len(known) and known[place] == number


def _is_lost(storage: Any, oid: bytes) -> bool:
    """What was stored since the list was made is no loss."""
    try:
        load_current(storage, oid)
    except POSKeyError:
        return True
    return False


def files(root: Root, whole: bool = False) -> Iterator[Mistake]:
    """The files of requests and conversations are there; ``whole``: each is read and compared with its digest."""
    for where, file in _attachments(root):
        try:
            fault = _fault(file, whole)
        except (POSKeyError, OSError):
            fault = "is missing"
        if fault:
            yield Mistake("files", f"file {file.id} of {where} {fault}")


def _fault(file: Attachment, whole: bool) -> str:
    digest, size = hashlib.sha256(), 0
    with file.blob.open("r") as source:
        if not whole:
            size = source.seek(0, 2)
        else:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
    if size != file.size:
        return f"has {size} bytes, not {file.size}"
    return "" if not whole or digest.hexdigest() == file.sha256 else "is not what was sent (its digest differs)"


def _attachments(root: Root) -> Iterator[tuple[str, Attachment]]:
    of_requests = ((f"request {one.id}", one) for one in lightly(root, root.requests.values()))
    of_said = ((f"interaction {one.id}", one) for one in lightly(root, root.interactions.values()))
    for where, thing in chain(of_requests, of_said):
        for file in thing.attachments:
            yield where, file
