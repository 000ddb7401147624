"""What backups are tested with: everything that a storage holds, and desks with something in them."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ZODB.blob import is_blob_record
from ZODB.serialize import referencesf
from ZODB.utils import load_current, z64

from crm_core.app import App
from crm_core.backup.manifest import moment_of
from crm_core.backup.restoring import Restored, Wanted, restore
from crm_core.backup.transactions import last_transaction
from crm_core.db import Database
from crm_core.services import Services
from crm_core.settings import Settings
from crm_core.testing.factories import make_contact

Thing = tuple[bytes, bytes, bytes]
"""The transaction of the last revision, its pickle, the content of its file."""


CLAIMS = b"crm_core.model.runs\nJobState"


def things(storage: Any) -> dict[bytes, Thing]:
    """Every object that can be reached from the root, but for how jobs stand: a backup by hand claims its own there."""
    if hasattr(storage, "new_instance"):
        storage = storage.new_instance()
        storage.poll_invalidations()
    found: dict[bytes, Thing] = {}
    waiting = [z64]
    while waiting:
        oid = waiting.pop()
        if oid in found:
            continue
        data, tid = load_current(storage, oid)
        if CLAIMS in data[:60]:
            continue
        blob = b""
        if is_blob_record(data):
            with storage.openCommittedBlobFile(oid, tid) as file:
                blob = file.read()
        found[oid] = (tid, data, blob)
        referencesf(data, waiting)
    return found


@contextmanager
def opened(data: Path, **settings: Any) -> Iterator[Database]:
    db = Database.open(Settings(data, search="none", **settings), read_only=True)
    try:
        yield db
    finally:
        db.close()


def visit(app: App, name: str) -> int:
    """A citizen with a file in a conversation; the id."""

    def work(services: Services) -> int:
        contact = make_contact(services, name)
        file = services.attachments.store(f"{name}.txt", "text/plain", io.BytesIO(name.encode() * 5000))
        services.interactions.log(contact, channel="phone", body=f"body of {name}", attachments=(file,))
        return contact.id

    return app.run(work)


def rename(app: App, id_: int, name: str) -> None:
    app.run(lambda services: services.contacts.edit(services.contacts.get(id_), {"name": name}))


def now_of(app: App) -> int:
    """The moment of the last transaction, with the millisecond after it over: nothing else falls into it."""
    moment = moment_of(last_transaction(app.db.db.storage).hex())
    while int(time.time() * 1000) <= moment + 1:
        time.sleep(0.001)
    return moment


def bring_back(folder: Path, target: Path, until: int | None = None, **wanted: Any) -> Restored:
    return restore(folder, target, Wanted(until, index=False, **wanted))


def holding(folder: Path, word: bytes) -> list[str]:
    """The names of the files below a folder that hold a word."""
    return sorted(file.name for file in folder.rglob("*") if file.is_file() and word in file.read_bytes())


@pytest.fixture(scope="session")
def tools() -> Any:
    """The tools of this folder, by name."""
    return SimpleNamespace(things=things, opened=opened, visit=visit, rename=rename, now_of=now_of,
                           bring_back=bring_back, holding=holding)
