"""Packing: nothing of what was erased stays in any file, and what has had its time is forgotten."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from crm_core.app import App
from crm_core.chores import PACK as PACKING
from crm_core.chores import SWEEP
from crm_core.operations import PACK
from crm_core.schedule import JobRunner
from crm_core.services.once import KEPT
from crm_core.services.users import HOUR
from crm_core.testing.factories import make_clerk, make_contact


def holding(folder: Path, word: bytes) -> list[str]:
    """The names of the files below a folder that hold a word."""
    return sorted(file.name for file in folder.rglob("*") if file.is_file() and word in file.read_bytes())


@pytest.mark.file_storage
def test_after_a_pack_no_file_holds_what_was_erased(app: App) -> None:
    folder = app.settings.data
    id_ = app.run(lambda services: make_contact(services, "SecretName").id)
    # A database of before: ZODB kept a copy of everything at each pack.
    (folder / "Data.fs.old").write_bytes(b"SecretName")
    (folder / "blobs.old").mkdir()
    (folder / "blobs.old" / ".layout").write_text("bushy")
    (folder / "blobs.old" / "one.blob").write_bytes(b"SecretName")
    app.run(lambda services: services.privacy.erase(services.contacts.get(id_)))

    PACK.run(app, {"days": 0}, None, lambda done, total: None)

    assert holding(folder, b"SecretName") == []
    assert not (folder / "Data.fs.old").exists()
    assert not (folder / "blobs.old").exists()
    assert (folder / "Data.fs.tmp").stat().st_size == 0
    other = app.run(lambda services: make_contact(services, "after").id)  # and the storage goes on
    with app.reading() as services:
        assert services.contacts.get(other).name == "after"


@pytest.mark.parametrize("by", [PACKING, SWEEP])
def test_what_has_had_its_time_is_forgotten(app: App, by: str) -> None:
    clerk = make_clerk(app, "clerk")

    def long_ago(connection: Any) -> None:
        before = app.services(connection.root()["crm"], clerk)
        services = app.services(connection.root()["crm"], clerk, at=before.now - KEPT - 1)
        for number in range(450):  # more than are forgotten in one transaction
            services.once.remember(f"old {number}", "/")
        user = services.users.get(clerk.user_id or 0)
        services.users.start_session(user)
        before.once.remember("new", "/new")
        before.users.start_session(user)

    app.db.run(long_ago)
    with app.reading(clerk) as services:
        claims = [key for key in services.root.once if ":" not in key]
        assert claims
        assert app.settings.session_hours * HOUR < KEPT

    if by == PACKING:
        PACK.run(app, {"days": 0}, None, lambda done, total: None)
    else:  # also where nobody packs
        runner = JobRunner(app)
        runner.due()
        app.run(lambda services: setattr(services.root.jobs[SWEEP], "due", 1))
        assert [ran.error for ran in runner.run_due() if ran.id == SWEEP] == [""]
        with app.reading() as services:
            assert services.root.jobs[SWEEP].result == {"forms": 450, "logins": 1}

    with app.reading(clerk) as services:
        assert services.once.result("new") == "/new"
        assert sorted(key for key in services.root.once if ":" not in key) == sorted(claims)
        assert len(services.root.once) == 1 + len(claims)
        assert len(services.root.sessions) == 1


def test_a_pack_removes_looks_that_have_had_their_time(app: App) -> None:
    for contact in (11, 12):
        app.looks.note(7, contact, app.run(lambda services: services.now))
        app.looks.close()
    folder = app.settings.data / "looks"
    old, new = sorted(folder.iterdir())
    os.utime(old, (1, 1))

    PACK.run(app, {"days": 0}, None, lambda done, total: None)

    assert list(folder.iterdir()) == [new]
