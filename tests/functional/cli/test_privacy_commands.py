"""``crm export``, ``crm erase`` and ``crm expire``, beside a running server and with a plugin whose hooks crash."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_core.app import App
from crm_core.control import ControlServer
from crm_core.operations import CORE_OPERATIONS
from crm_core.settings import Settings
from crm_core.testing.factories import make_contact

Crm = Callable[..., subprocess.CompletedProcess[str]]
PLUGIN = Path(__file__).resolve().parents[2] / "plugins" / "web" / "meters.py"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[App]:
    """An application that holds its database for writing and listens at the control socket."""
    app = App.open(Settings(tmp_path / "desk", search="none"), plugins=[])
    with ControlServer(app, CORE_OPERATIONS):
        yield app
    app.close()


@pytest.fixture
def citizen(running: App) -> str:
    return str(running.run(lambda services: make_contact(services, "Zahra Karimi", phone="+989120000001").id))


def crashing(folder: Path) -> str:
    """A folder for PYTHONPATH with an installed plugin whose hooks export and erase crash."""
    info = folder / "meters-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: meters\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[crm.plugins]\nmeters = meters_plugin\n")
    shutil.copyfile(PLUGIN, folder / "meters_plugin.py")
    with (folder / "meters_plugin.py").open("a") as module:
        module.write('\nFAILING += ["export", "erase"]\n')
    return str(folder)


def test_a_copy_is_written_once_and_noted(crm: Crm, running: App, citizen: str, tmp_path: Path) -> None:
    data, folder = running.settings.data, tmp_path / "copy"
    done = crm("export", "contact", citizen, str(folder), "--json", data=data)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["records"] == 1
    assert json.loads((folder / "contact.json").read_text("utf-8"))["records"][0]["name"] == "Zahra Karimi"
    assert (folder / "contact.json").stat().st_mode & 0o077 == 0
    assert "Zahra Karimi" in (folder / "index.md").read_text("utf-8")
    assert crm("export", "contact", citizen, str(folder), data=data).returncode == 1
    assert crm("export", "contact", "12", str(tmp_path / "no"), data=data).returncode == 3
    with running.reading() as services:
        kinds = [entry.kind for stream in services.root.journal for segment in stream.segments.values()
                 for entry in segment.items]
        assert kinds.count("contact.exported") == 1


def test_erasing_asks_first_and_gives_a_receipt(crm: Crm, running: App, citizen: str, tmp_path: Path) -> None:
    data, file = running.settings.data, tmp_path / "receipt.json"
    asked = crm("erase", "contact", citizen, "--reason", "asked for it", data=data)
    assert asked.returncode == 1
    assert "Records: 1" in asked.stderr
    named = crm("erase", "contact", citizen, "--reason", "Zahra asked", "--yes", data=data)
    assert named.returncode == 1
    assert "without the citizen" in named.stderr
    done = crm("erase", "contact", citizen, "--reason", "asked", "--yes", "--receipt", str(file), data=data)
    assert done.returncode == 0, done.stderr
    receipt = json.loads(file.read_text("utf-8"))
    assert receipt["tombstones"] == [citizen]
    assert receipt["receipt"] in done.stdout
    assert crm("erase", "contact", citizen, "--reason", "again", "--yes", data=data).returncode == 3


def test_a_plugin_that_fails_is_named_and_the_exit_code_says_so(crm: Crm, tmp_path: Path) -> None:
    app = App.open(Settings(tmp_path / "desk", search="none"), plugins=[])
    citizen = str(app.run(lambda services: make_contact(services, "Zahra Karimi").id))
    app.close()
    path, data = crashing(tmp_path / "site"), tmp_path / "desk"
    copied = crm("export", "contact", citizen, str(tmp_path / "copy"), data=data, PYTHONPATH=path)
    assert copied.returncode == 1
    assert "“Water meter (meters)” failed" in copied.stderr
    assert (tmp_path / "copy" / "contact.json").exists()
    erased = crm("erase", "contact", citizen, "--reason", "asked", "--yes", "--json", data=data, PYTHONPATH=path)
    assert erased.returncode == 1
    receipt = json.loads(erased.stdout)
    assert receipt["plugins"]["failed"] == ["meters"]
    assert f"{receipt['plugin_titles']['meters']['en']} (meters)" in erased.stderr
    assert crm("show", "contact", citizen, data=data).returncode == 3


def test_expiry_tells_and_does(crm: Crm, running: App) -> None:
    data = running.settings.data
    told = crm("expire", "--dry-run", "--json", data=data)
    assert (told.returncode, json.loads(told.stdout)) == (0, {"due": [], "dry_run": True})
    done = crm("expire", "--json", data=data)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"request": 0, "contact": 0, "record": 0})
