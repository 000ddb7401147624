"""Exit codes, errors in words, and commands beside a running server."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_core.app import App
from crm_core.control import ControlServer, connect, socket_path
from crm_core.host import Plugin, State
from crm_core.operations import CORE_OPERATIONS
from crm_core.settings import Settings

Crm = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[App]:
    """An application that holds its database for writing and listens at the control socket."""
    app = App.open(Settings(tmp_path / "desk", search="none"), plugins=[])
    with ControlServer(app, CORE_OPERATIONS):
        yield app
    app.close()


def test_writing_beside_a_running_server(crm: Crm, running: App, shared_data: Path) -> None:
    data = running.settings.data
    file = shared_data / "1_service_requests/boston_311_2022_100.csv"
    done = crm("import", "requests", str(file), "--mapping", "boston311", "--json", data=data)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["created"] == 100
    with running.reading() as services:
        assert len(services.root.requests) == 100
    added = crm("user", "add", "maryam", "--name", "مریم صادقی", data=data, CRM_PASSWORD="long enough")
    assert added.returncode == 0, added.stderr
    with running.reading() as services:
        user = services.users.by_login("maryam")
        assert user is not None and user.name == "مریم صادقی"


def test_reading_beside_a_running_server(crm: Crm, running: App) -> None:
    running.run(lambda services: services.contacts.create(name="زهرا رضایی", identifiers=[("phone", "09120000147")]))
    done = crm("find", "0912", "--json", data=running.settings.data)
    assert [hit["title"] for hit in json.loads(done.stdout)] == ["زهرا رضایی"]


def test_plugins_are_listed_as_the_running_server_knows_them(crm: Crm, running: App) -> None:
    refused = Plugin("lost", "crm-lost", "1.0", State.FAILED, "configure: its pages were refused")
    running.host.plugins["lost"] = refused

    (row,) = json.loads(crm("plugins", "--json", data=running.settings.data).stdout)

    assert (row["id"], row["state"], row["reason"]) == ("lost", "failed", refused.reason)


def test_refusals_of_the_server_arrive_in_words(crm: Crm, running: App) -> None:
    again = [crm("user", "add", "maryam", data=running.settings.data, CRM_PASSWORD="long enough") for _ in range(2)]
    assert [done.returncode for done in again] == [0, 1]
    assert "exists" in again[1].stderr
    assert "Traceback" not in again[1].stderr


def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    app = App.open(Settings(tmp_path / "desk", search="none"), plugins=[])
    server = ControlServer(app, CORE_OPERATIONS)
    server.start()
    server._server.shutdown()
    server._server.server_close()  # as after SIGKILL: the file stays, nobody listens
    assert socket_path(app.settings.data).exists()
    assert connect(app.settings.data) is None
    with ControlServer(app, CORE_OPERATIONS):
        client = connect(app.settings.data)
        assert client is not None
        client.close()
    app.close()


def test_a_long_path_gets_a_short_socket(crm: Crm, tmp_path: Path) -> None:
    data = tmp_path / ("a" * 90) / ("b" * 90)
    app = App.open(Settings(data, search="none"), plugins=[])
    with ControlServer(app, CORE_OPERATIONS):
        assert len(str(socket_path(data))) < 100
        assert crm("user", "add", "maryam", data=data, CRM_PASSWORD="long enough").returncode == 0
    app.close()


def test_the_socket_is_for_the_owner_only(running: App) -> None:
    assert socket_path(running.settings.data).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "line",
    [
        b"", b"\n", b"{}\n", b"not json\n", b"[1]\n",
        b'{"operation": "erase all", "arguments": {}}\n',
        b'{"operation": "pack", "arguments": {"days": "x"}}\n',
        b'{"operation": "import", "arguments": {}, "bytes": 9}\n',
    ],
)  # fmt: skip
def test_nonsense_at_the_socket_hurts_nobody(running: App, line: bytes) -> None:
    client = connect(running.settings.data)
    assert client is not None
    client.sendall(line)
    client.shutdown(1)
    client.settimeout(20)
    received = client.makefile("rb").read()
    client.close()
    assert received == b"" or "error" in json.loads(received)
    second = connect(running.settings.data)
    assert second is not None
    second.close()


def test_another_writing_process_is_said(crm: Crm, tmp_path: Path) -> None:
    app = App.open(Settings(tmp_path / "desk", search="none"), plugins=[])
    done = crm("user", "add", "maryam", data=tmp_path / "desk", CRM_PASSWORD="long enough")
    app.close()
    assert done.returncode == 4
    assert "Another process" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("find", "x"), 1, "no database"),
        (("show", "contact", "12"), 1, "no database"),
        (("check",), 1, "no database"),
        (("find",), 2, "Missing argument"),
        (("import", "requests", "nothing.csv"), 2, "does not exist"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_errors_are_sentences(crm: Crm, tmp_path: Path, words: tuple[str, ...], code: int, sentence: str) -> None:
    done = crm(*words, data=tmp_path / "none")
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_messages_are_persian_for_a_persian_terminal(crm: Crm, tmp_path: Path) -> None:
    done = crm("find", "x", data=tmp_path / "none", CRM_LANGUAGE="fa")
    assert "پایگاه داده" in done.stderr


def test_debug_shows_the_traceback(crm: Crm, tmp_path: Path) -> None:
    done = crm("--debug", "find", "x", data=tmp_path / "none")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_unknown_contact_is_code_3(crm: Crm, tmp_path: Path) -> None:
    app = App.open(Settings(tmp_path / "desk", search="none"), plugins=[])
    app.close()
    for id_ in ("12", "abc", "9" * 40, "-1"):
        done = crm("show", "contact", "--", id_, data=None) if id_ == "-1" else crm(
            "show", "contact", id_, data=tmp_path / "desk")
        assert done.returncode == (2 if id_ == "-1" else 3), (id_, done.stderr)


def test_pack_gives_space_back(crm: Crm, tmp_path: Path) -> None:
    app = App.open(Settings(tmp_path / "desk", search="none"), plugins=[])
    for number in range(30):
        app.run(lambda services, number=number: services.contacts.create(name=f"کسی {number}"))
    app.close()
    done = crm("pack", "--days", "0", "--json", data=tmp_path / "desk")
    report = json.loads(done.stdout)
    assert report["after"] < report["before"]


def test_two_writing_commands_wait_for_each_other(crm: Crm, running: App) -> None:
    codes: list[int] = []

    def add(number: int) -> None:
        done = crm("user", "add", f"user{number}", data=running.settings.data, CRM_PASSWORD="long enough")
        codes.append(done.returncode)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0, 0, 0]
    with running.reading() as services:
        assert len(services.users.active()) == 3
