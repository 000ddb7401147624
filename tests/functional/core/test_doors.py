"""Doors that were open once: first digits of hidden numbers, requests of no unit, squatted sockets, open folders."""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core import control
from crm_core.app import App
from crm_core.security.identity import SYSTEM, Identity
from crm_core.security.permissions import Role
from crm_core.security.policy import POLICY
from crm_core.services import Services
from crm_core.services.visibility import Visibility
from crm_core.settings import Settings


def somebody(role: Role, units: frozenset[int] = frozenset()) -> Identity:
    return Identity(12, "somebody", "", frozenset({role}), units, frozenset(one.value for one in POLICY[role]))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    opened = App.open(Settings(tmp_path / "desk", search="none"), plugins=[])
    yield opened
    opened.close()


def seen(services: Services, query: str) -> str:
    return " ".join(f"{hit.title} {hit.subtitle} {hit.why} {getattr(hit.why, 'mapping', '')}"
                    for hit in services.finder.find(query).hits)


@pytest.mark.parametrize("query", ["0912", "0912345", "+98912", "کسی", "0912 345 67 89"])
def test_no_number_of_a_counted_contact_is_told(app: App, query: str) -> None:
    def store(services: Services) -> None:
        services.contacts.create(name="کسی محرمانه", confidentiality="confidential",
                                 identifiers=[("phone", "09123456789"), ("email", "x@example.org")])

    app.run(store)
    for role in (Role.CLERK, Role.ADMINISTRATOR):
        with app.reading(somebody(role)) as services:
            told = seen(services, query)
        assert "345 67 89" not in told and "example" not in told
        assert ("کسی محرمانه" in told) == (query in ("کسی", "0912 345 67 89"))


def test_a_request_of_no_unit_is_the_desks_not_everybodys(app: App) -> None:
    def store(services: Services) -> int:
        contact = services.contacts.create(name="زهرا رضایی")
        form = {"category": "service", "place": ""}
        return services.requests.register(services, contact, "core.general", form, text="خصوصی").id

    id_ = app.run(store, SYSTEM)
    for role, expected in ((Role.EXPERT, Visibility.COUNTED), (Role.CLERK, Visibility.FULL)):
        with app.reading(somebody(role)) as services:
            assert services.eyes.of(services.requests.get(id_)) is expected


def test_what_is_stored_is_for_this_account_only(tmp_path: Path) -> None:
    previous = os.umask(0o022)
    try:
        App.open(Settings(tmp_path / "new", search="none"), plugins=[]).close()
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_squatted_short_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / ("a" * 120)
    data.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    squatted = tmp_path / f"crm-{os.getuid()}"
    squatted.mkdir(mode=0o777)
    squatted.chmod(0o777)
    with pytest.raises(control.Refused):
        control.connect(data)


LISTENER = """
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(1)
print("listening", flush=True)
listener.accept()
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can listen as somebody else")
def test_nothing_is_sent_to_another_account() -> None:
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        data.chmod(0o777)
        words = ["/usr/bin/env", "python3", "-c", LISTENER, str(control.socket_path(data))]
        with subprocess.Popen(words, stdout=subprocess.PIPE, user=65534, cwd="/") as squatter:
            assert squatter.stdout is not None
            try:
                assert squatter.stdout.readline() == b"listening\n"
                with pytest.raises(control.Refused):
                    control.connect(data)
            finally:
                squatter.kill()
