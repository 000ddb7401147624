"""``crm user`` and ``crm unit``: beside a running server and without one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_core.app import App
from crm_core.control import ControlServer
from crm_core.operations import CORE_OPERATIONS
from crm_core.services import Services
from crm_core.settings import Settings

Crm = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[App]:
    """An application that holds its database for writing and listens at the control socket."""
    app = App.open(Settings(tmp_path / "desk", search="none"), plugins=[])
    with ControlServer(app, CORE_OPERATIONS):
        yield app
    app.close()


@pytest.fixture
def staffed(running: App) -> App:
    """With an administrator and a clerk."""
    def work(services: Services) -> None:
        unit = services.units.add("میز خدمت")
        for login, role in (("boss", "administrator"), ("maryam", "clerk")):
            services.users.add(login, password="long enough", roles=[role], units=[unit.id], hash_cost=1)

    running.run(work)
    return running


def test_accounts_are_listed_and_switched_off_beside_a_running_server(crm: Crm, staffed: App) -> None:
    data = staffed.settings.data
    assert crm("user", "disable", "maryam", data=data).returncode == 0

    listed = json.loads(crm("user", "list", "--json", data=data).stdout)

    # Both were made in one millisecond: their order says nothing.
    assert sorted((row["login"], row["roles"], row["units"], row["active"]) for row in listed) == [
        ("boss", ["administrator"], ["میز خدمت"], True), ("maryam", ["clerk"], ["میز خدمت"], False)]
    last = crm("user", "disable", "boss", data=data)
    assert last.returncode == 1 and "last administrator" in last.stderr
    assert crm("user", "enable", "maryam", data=data).returncode == 0
    assert "not active" not in crm("user", "list", data=data).stdout


def test_a_new_password_beside_a_running_server(crm: Crm, staffed: App) -> None:
    data = staffed.settings.data
    changed = crm("user", "passwd", "maryam", data=data, CRM_PASSWORD="another long one")
    assert changed.returncode == 0, changed.stderr
    assert "another long one" not in changed.stdout + changed.stderr
    with staffed.reading() as services:
        assert services.users.check_password("maryam", "another long one") is not None
    assert crm("user", "passwd", "maryam", data=data, CRM_PASSWORD="short").returncode == 1
    unknown = crm("user", "enable", "nobody", data=data)
    assert unknown.returncode == 3 and "nobody" in unknown.stderr


def test_units_without_a_server(crm: Crm, tmp_path: Path) -> None:
    data = tmp_path / "alone"
    assert crm("unit", "add", "خدمات شهری", "--name-en", "City services", data=data).returncode == 0
    options = ("--kind", "geography", "--parent", "city services", "--confidential", "--json")
    below = crm("unit", "add", "ناحیهٔ ۱", *options, data=data)
    assert json.loads(below.stdout)["name"] == "ناحیهٔ ۱"
    again = crm("unit", "add", "ناحیه 1", data=data)
    assert again.returncode == 1 and "already" in again.stderr
    assert crm("unit", "add", "x", "--parent", "none", data=data).returncode == 3

    assert crm("unit", "list", data=data).stdout.splitlines() == ["خدمات شهری", "  ناحیهٔ ۱  confidential"]
    rows = json.loads(crm("unit", "list", "--json", data=data).stdout)
    assert [(row["depth"], row["kind"], row["confidential"]) for row in rows] == [
        (0, "function", False), (1, "geography", True)]
    assert rows[1]["parent"] == rows[0]["id"]
