"""A pack that is killed, or during which the power goes: the data are there, and what was erased stays away."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from crm_core.app import App
from crm_core.checks import check_app
from crm_core.errors import CrmError
from crm_core.operations import PACK
from crm_core.services import Services
from crm_core.testing.factories import make_contact

pytestmark = pytest.mark.file_storage
DIE = """
import os, signal, sys
from pathlib import Path
from crm_core.storage import open_folder
from ZODB import DB
kill = lambda *_words: os.kill(os.getpid(), signal.SIGKILL)
renamed, db = os.rename, DB(open_folder(Path(sys.argv[1])))
def rename(old, new):
    if sys.argv[2] == "between" and str(old).endswith(".pack"):
        kill()
    renamed(old, new)
os.rename = rename
if sys.argv[2] == "files":
    db.storage._remove_blob_files_tagged_for_removal_during_pack = kill
db.pack()
"""
"""Packs a folder and is killed: "between" the two names, or before the "files" of what is gone are."""


def visit(app: App, name: str) -> int:
    def work(services: Services) -> int:
        contact = make_contact(services, name)
        file = services.attachments.store(f"{name}.txt", "text/plain", io.BytesIO(name.encode() * 100))
        services.interactions.log(contact, channel="phone", body=name, attachments=(file,))
        return contact.id

    return app.run(work)


def killed_pack(app: App, at: str) -> Path:
    """The folder of an application in which "SecretName" was erased, after a pack that was killed."""
    visit(app, "stays")
    goes = visit(app, "SecretName")
    app.run(lambda services: services.erasure.erase(services.contacts.get(goes), "wished so"))
    folder = app.settings.data.with_name("killed")
    shutil.copytree(app.settings.data, folder, ignore=shutil.ignore_patterns("*.lock", "*.index"))
    done = subprocess.run([sys.executable, "-c", DIE, str(folder), at], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return folder


def holding(folder: Path, word: bytes) -> list[str]:
    return sorted(file.name for file in folder.rglob("*") if file.is_file() and word in file.read_bytes())


@pytest.mark.parametrize("at", ["between", "files"])
def test_after_a_kill_everything_is_there_and_what_was_erased_goes(app: App, at: str) -> None:
    folder = killed_pack(app, at)
    other = App.open(replace(app.settings, data=folder), [])
    try:
        with other.reading() as services:
            assert [one.name for one in services.root.contacts.values()] == ["stays"]
        assert check_app(other, whole_files=True)["problems"] == []
        if at == "between":  # that pack never took place; the next one does
            PACK.run(other, {"days": 0}, None, lambda done, total: None)
        assert holding(folder, b"SecretName") == []
    finally:
        other.close()


def test_who_only_reads_is_told_what_to_do(app: App) -> None:
    folder = killed_pack(app, "between")
    with pytest.raises(CrmError, match="interrupted"):
        App.open(replace(app.settings, data=folder), read_only=True)


def test_the_packed_file_is_on_the_disk_before_it_takes_the_place(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    visit(app, "stays")
    synced: list[int] = []
    sync = os.fsync

    def noting(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)
        sync(handle)

    monkeypatch.setattr(os, "fsync", noting)
    app.db.pack(0)
    assert (app.settings.data / "Data.fs").stat().st_ino in synced
