"""Who was erased stays so, and what is damaged, missing or half done is not believed."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm_core.app import App
from crm_core.backup.checking import verify
from crm_core.backup.making import back_up
from crm_core.backup.pruning import prune
from crm_core.checks import check_app
from crm_core.claims import Claimant
from crm_core.durations import DAY
from crm_core.errors import CrmError, NotFound
from crm_core.model.ids import now_ms
from crm_core.testing.factories import make_app


def test_who_was_erased_since_is_erased_again(app: App, tmp_path: Path, tools: Any) -> None:
    folder = tmp_path / "backup"
    stays, goes = tools.visit(app, "stays"), tools.visit(app, "SecretName")
    back_up(app.settings, folder)
    before = tools.now_of(app)
    receipt = app.run(lambda services: services.erasure.erase(services.contacts.get(goes), "wished so"))
    erased_at = app.run(lambda services: services.root.tombstones[goes])

    def check(target: Path) -> None:
        assert tools.holding(target, b"SecretName") == []
        other = make_app(target)
        try:
            with other.reading() as services:
                assert services.contacts.find(goes) is None
                assert services.contacts.get(stays).name == "stays"
                assert services.root.tombstones[goes]
                assert services.erasure.receipt(int(receipt["receipt"]))["reason"] == "wished so"
            assert check_app(other)["problems"] == []
        finally:
            other.close()

    # The backup of before knows nothing of it; the receipt that was handed out does.
    paper = tmp_path / "receipt.json"
    paper.write_text(json.dumps(receipt), "utf-8")
    tools.bring_back(folder, tmp_path / "unaware")
    assert tools.holding(tmp_path / "unaware", b"SecretName")
    assert tools.bring_back(folder, tmp_path / "told", erased_list=paper).erased["contacts"] == 1
    check(tmp_path / "told")

    back_up(app.settings, folder)
    erased = tools.bring_back(folder, tmp_path / "back", before).erased
    assert erased == {"contacts": 1, "interactions": 0, "requests": 0}
    check(tmp_path / "back")
    with tools.opened(tmp_path / "back") as db, db.reading() as connection:
        assert connection.root()["crm"].tombstones[goes] == erased_at
    (tmp_path / "odd.json").write_text("[1]", "utf-8")
    with pytest.raises(CrmError, match="no list"):
        tools.bring_back(folder, tmp_path / "odd", erased_list=tmp_path / "odd.json")


def flip(path: Path, at: float = 0.5) -> None:
    content = bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def blob_of(folder: Path) -> Path:
    return next(path for path in sorted((folder / "blobs").rglob("*")) if path.is_file())


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut increment": lambda folder: cut(folder / "000002-increment" / "transactions.fs"),
    "flipped bit of a transaction": lambda folder: flip(folder / "000003-increment" / "transactions.fs"),
    "flipped bit of a file": lambda folder: flip(blob_of(folder / "000002-increment")),
    "missing file": lambda folder: blob_of(folder / "000001-full").unlink(),
    "missing increment": lambda folder: shutil.rmtree(folder / "000002-increment"),
    "missing full set": lambda folder: shutil.rmtree(folder / "000001-full"),
    "missing manifest": lambda folder: (folder / "000002-increment" / "manifest.json").unlink(),
    "missing last manifest": lambda folder: (folder / "000003-increment" / "manifest.json").unlink(),
    "flipped bit of a manifest": lambda folder: flip(folder / "000003-increment" / "manifest.json"),
    "empty manifest": lambda folder: (folder / "000001-full" / "manifest.json").write_text("{}"),
    "cut settings": lambda folder: (folder / "000001-full" / "data" / "crm.ini").write_text(""),
    "stranger": lambda folder: (folder / "000001-full" / "more").write_text("x"),
    "increment of another chain": lambda folder: (
        shutil.rmtree(folder / "000002-increment"),
        shutil.copytree(folder / "000003-increment", folder / "000002-increment"),
    ),
}


def test_every_damage_is_found_and_nothing_is_restored_of_it(app: App, tmp_path: Path, tools: Any) -> None:
    whole = tmp_path / "whole"
    (app.settings.data / "crm.ini").write_text("[crm]\ncrm.language = en\n", "utf-8")
    for name in ("first", "second", "third"):
        tools.visit(app, name)
        back_up(app.settings, whole)
    assert verify(whole).problems == []
    for title, damage in DAMAGES.items():
        folder = tmp_path / title
        shutil.copytree(whole, folder)
        damage(folder)
        assert verify(folder).problems, title
        with pytest.raises(CrmError):
            tools.bring_back(folder, tmp_path / "never")
        assert not list(tmp_path.glob("*never*")), title
    # A damaged chain is left behind: the next backup begins a new one, which can be had.
    folder = tmp_path / "missing manifest"
    assert back_up(app.settings, folder)[0].name == "000004-full"
    tools.bring_back(folder, tmp_path / "restored")
    with tools.opened(tmp_path / "restored") as db:
        assert tools.things(db.db.storage) == tools.things(app.db.db.storage)


def test_nothing_is_added_to_a_damaged_set_it_is_told_and_goes_but_the_last_good_one_stays(
    app: App, tmp_path: Path, tools: Any
) -> None:
    folder, told = tmp_path / "backup", []
    tools.visit(app, "first")
    back_up(app.settings, folder)
    tools.visit(app, "second")
    back_up(app.settings, folder)
    flip(blob_of(folder / "000001-full"))  # a size that fits: only its hash tells
    assert back_up(app.settings, folder, tell=told.append)[0].name == "000003-full"
    assert [one["set"] for one in told] == ["000001-full"]
    (folder / "000004-full").mkdir()  # as a copy that was interrupted leaves it
    (folder / "000004-full" / "manifest.json").write_text("")
    tools.visit(app, "third")
    told.clear()
    assert back_up(app.settings, folder, tell=told.append)[0].name == "000005-full"
    assert [one["set"] for one in told] == ["000004-full"]
    far = now_ms() + 1000 * DAY
    spoilt = folder / "000005-full" / "transactions.fs"
    whole = spoilt.read_bytes()
    flip(spoilt)
    assert prune(folder, 1, now_ms()) == []
    assert prune(folder, 1, far) == ["000002-increment", "000001-full", "000004-full", "000005-full"], "000003 is whole"
    assert verify(folder).problems == []
    (folder / "000003-full" / "transactions.fs").write_bytes(whole)
    assert prune(folder, 1, far) == [], "where nothing is whole, all stays"


def test_a_disk_that_can_only_be_read_is_looked_through(app: App, tmp_path: Path, tools: Any) -> None:
    folder = tmp_path / "backup"
    tools.visit(app, "first")
    back_up(app.settings, folder)
    bind = ["mount", "--bind", str(folder), str(folder)]
    if os.geteuid() != 0 or subprocess.run(bind, capture_output=True).returncode:
        pytest.skip("only root can mount a disk for reading")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True, capture_output=True)
        assert verify(folder).problems == []
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def test_where_nothing_is(app: App, tmp_path: Path, tools: Any) -> None:
    folder = tmp_path / "backup"
    with pytest.raises(NotFound):
        verify(folder)
    with pytest.raises(NotFound):
        tools.bring_back(folder, tmp_path / "never")
    tools.visit(app, "first")
    back_up(app.settings, folder)
    with pytest.raises(CrmError, match="reach back"):
        tools.bring_back(folder, tmp_path / "never", 1_000_000_000_000)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter").write_text("mine")
    with pytest.raises(CrmError, match="not empty"):
        tools.bring_back(folder, tmp_path / "full")
    (tmp_path / "empty").mkdir()
    tools.bring_back(folder, tmp_path / "empty")
    assert sorted(path.name for path in (tmp_path / "full").iterdir()) == ["letter"]
    assert not list(tmp_path.glob(".*.part"))


def test_a_killed_backup_or_restore_leaves_nothing_and_a_full_disk_is_said(
    app: App, tmp_path: Path, tools: Any
) -> None:
    data, folder, target = app.settings.data, tmp_path / "backup", tmp_path / "new"
    for number in range(8):
        tools.visit(app, f"visitor {number}")

    def in_a_process(code: str, **more: Any) -> int:
        lines = ("import os, signal", "from pathlib import Path", "from crm_core.settings import Settings",
                 "from crm_core.backup.making import back_up", "from crm_core.backup.restoring import Wanted, restore",
                 "def die(at): return lambda done, *_: os.kill(os.getpid(), signal.SIGKILL) if done == at else None",
                 f"settings = Settings(Path({str(data)!r}), search='none', zodburi={app.settings.zodburi!r})",
                 f"folder = Path({str(folder)!r})",
                 f"target = Path({str(target)!r})", code)
        return subprocess.run([sys.executable, "-c", "\n".join(lines)], stderr=subprocess.DEVNULL, **more).returncode

    def out_of_the_way() -> None:
        """On a server's storage the one that was killed keeps others away for some minutes, which are over now."""
        if not app.settings.is_file_storage:
            app.run(lambda services: [Claimant.release(state) for state in services.root.jobs.values()])

    assert in_a_process("back_up(settings, folder, progress=die(5))") == -signal.SIGKILL
    out_of_the_way()
    with pytest.raises(NotFound):
        verify(folder)
    assert list(folder.glob(".*.part"))
    back_up(app.settings, folder)
    assert not list(folder.glob(".*.part"))
    tools.visit(app, "later")
    assert in_a_process("back_up(settings, folder, progress=die(1))") == -signal.SIGKILL
    out_of_the_way()
    assert [one.name for one in verify(folder).sets] == ["000001-full"]
    assert in_a_process("restore(folder, target, Wanted(index=False), die(5))") == -signal.SIGKILL
    assert not target.exists()

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    assert in_a_process("back_up(settings, folder, full=True)", preexec_fn=small) == 1
    assert [one.name for one in verify(folder).sets] == ["000001-full"]
    assert not list(folder.glob(".*.part"))
    assert in_a_process("restore(folder, target, Wanted(index=False))", preexec_fn=small) == 1
    assert not target.exists()
    assert back_up(app.settings, folder)[0].name == "000002-increment"
    tools.bring_back(folder, target)
    with tools.opened(target) as db:
        assert tools.things(db.db.storage) == tools.things(app.db.db.storage)
