"""``crm evolve``: what an update would do with the data, and doing it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from crm_core.app import App
from crm_core.control import ControlServer
from crm_core.operations import CORE_OPERATIONS
from crm_core.services import Services
from crm_core.settings import Settings
from crm_core.testing.factories import make_contact, submit

Crm = Callable[..., subprocess.CompletedProcess[str]]
STEP = {"id": "core.0003", "title": "Administrators decide about request types"}


def age(app: App) -> None:
    """Take the last step back: the data are those of an older version."""
    def work(services: Services) -> None:
        root = services.root
        del root.type_settings
        root.evolved.remove(STEP["id"])

    app.run(work)


def request(services: Services) -> tuple[int, str]:
    """A new request's id and tracking code."""
    made = submit(services, make_contact(services), "core.general", {"category": "service"})
    return made.id, made.code


def files_of(data: Path) -> dict[str, str]:
    """Every file of a data folder with its hash."""
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in data.rglob("*") if path.is_file()}


def test_a_rehearsal_goes_beside_a_server_and_the_run_itself_needs_the_data_alone(crm: Crm, tmp_path: Path) -> None:
    data = tmp_path / "desk"
    app = App.open(Settings(data, search="none"), plugins=[])
    try:
        with ControlServer(app, CORE_OPERATIONS):
            assert crm("evolve", data=data).stdout == "The data has the newest layout already.\n"
            id_, code = app.run(request)
            age(app)
            before = files_of(data)
            tried = crm("evolve", "--rehearse", "--json", data=data)
            found = json.loads(tried.stdout)
            assert (found["steps"], found["dry_run"], found["problems"]) == ([STEP], True, []), tried.stderr
            assert {plugin["state"] for plugin in found["plugins"]} <= {"enabled"}
            assert files_of(data) == before
            assert crm("evolve", data=data).returncode == 4, "a server holds the data"
            app.run(lambda services: services.root.indexes.codes.__delitem__(code))
            before = files_of(data)
            broken = crm("evolve", "--rehearse", "--json", data=data)
            assert broken.returncode == 1
            assert [problem["check"] for problem in json.loads(broken.stdout)["problems"]] == ["codes"]
            assert files_of(data) == before
            app.run(lambda services: services.root.indexes.codes.__setitem__(code, id_))
    finally:
        app.close()

    tried = crm("evolve", "--dry-run", data=data)
    assert "nothing was stored" in tried.stdout
    assert f"{STEP['id']}   {STEP['title']}" in tried.stdout
    done = crm("evolve", "--json", data=data)
    assert json.loads(done.stdout) == {"steps": [STEP], "dry_run": False}
    assert "the stored data evolves: core.0003" in done.stderr
    assert json.loads(crm("evolve", "--json", data=data).stdout) == {"steps": [], "dry_run": False}
    assert crm("evolve", data=tmp_path / "nowhere").returncode == 1
