"""``crm demo`` as people type it: what it prints, its password, its refusals, beside a running server."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_core.app import App
from crm_core.cli.demo import LOGINS_FILE
from crm_core.control import ControlServer
from crm_core.operations import CORE_OPERATIONS
from crm_core.settings import Settings, read_settings

Crm = Callable[..., subprocess.CompletedProcess[str]]
SMALL = ("demo", "--contacts", "5", "--years", "1", "--until", "2026-11-22")
LOGINS = ["clerk", "sara", "expert", "supervisor", "executive", "admin", "legal"]


def accepts(data: Path, login: str, password: str) -> bool:
    app = App.open(read_settings(data), plugins=[])
    try:
        with app.reading() as services:
            return services.users.check_password(login, password) is not None
    finally:
        app.close()


def test_it_makes_the_folder_and_says_how_to_log_in(crm: Crm, tmp_path: Path) -> None:
    data = tmp_path / "new" / "city"
    done = crm(*SMALL, data=data, CRM_DEMO_PASSWORD="")
    assert done.returncode == 0, done.stderr
    assert "5 contacts" in done.stdout
    assert re.findall(r"(?m)^  (\w+) ", done.stdout) == LOGINS
    (password,) = re.findall(r"\b[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}\b", done.stdout)
    assert accepts(data, "expert", password)
    found = crm("find", "رضایی", "--json", data=data)
    assert "زهرا رضایی‌پور" in [hit["title"] for hit in json.loads(found.stdout)]


def test_the_file_with_the_password_is_the_owners_alone_even_where_everybody_could_read_one(
    crm: Crm, tmp_path: Path
) -> None:
    data = tmp_path / "city"
    data.mkdir()
    kept = data / LOGINS_FILE
    kept.write_text("from an older one")
    kept.chmod(0o644)
    assert crm(*SMALL, data=data, CRM_DEMO_PASSWORD="").returncode == 0
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert re.findall(r"(?m)^  (\w+) ", kept.read_text("utf-8")) == LOGINS


def test_full_text_is_caught_up(crm: Crm, tmp_path: Path) -> None:
    assert crm(*SMALL, data=tmp_path / "city").returncode == 0
    report = json.loads(crm("check", "--json", data=tmp_path / "city").stdout)
    assert (report["problems"], report["lag"], report["contacts"]) == ([], 0, 5)


def test_the_password_of_the_environment_is_taken_and_not_shown(crm: Crm, tmp_path: Path) -> None:
    done = crm(*SMALL, data=tmp_path / "city", CRM_DEMO_PASSWORD="given to everybody")
    assert "CRM_DEMO_PASSWORD" in done.stdout
    assert "given to everybody" not in done.stdout + done.stderr
    assert accepts(tmp_path / "city", "admin", "given to everybody")
    assert not accepts(tmp_path / "city", "kazemi", "given to everybody")


def test_a_short_password_is_refused(crm: Crm, tmp_path: Path) -> None:
    done = crm(*SMALL, data=tmp_path / "city", CRM_DEMO_PASSWORD="short")
    assert done.returncode == 1
    assert "8 characters" in done.stderr
    assert json.loads(crm("check", "--json", data=tmp_path / "city").stdout)["contacts"] == 0


def test_json_is_all_there_is_on_stdout(crm: Crm, tmp_path: Path) -> None:
    report = json.loads(crm(*SMALL, "--json", data=tmp_path / "city", CRM_DEMO_PASSWORD="").stdout)
    assert (report["contacts"], report["until"], report["from"]) == (5, "2026-11-22", "2025-11-22")
    assert [row["login"] for row in report["logins"]] == LOGINS
    assert report["password"]


def test_a_second_demo_is_refused_unless_more_is_asked_for(crm: Crm, tmp_path: Path) -> None:
    data = tmp_path / "city"
    first = json.loads(crm(*SMALL, "--json", data=data, CRM_DEMO_PASSWORD="").stdout)
    again = crm(*SMALL, data=data)
    assert again.returncode == 1
    assert again.stdout == ""
    assert "--more" in again.stderr
    more = crm(*SMALL, "--more", data=data, CRM_DEMO_PASSWORD="")
    assert more.returncode == 0, more.stderr
    assert "as they were" in more.stdout
    assert accepts(data, "clerk", first["password"])
    assert json.loads(crm("check", "--json", data=data).stdout)["contacts"] == 10


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--contacts", "0"), 2),
        (("--contacts", "many"), 2),
        (("--years", "0"), 2),
        (("--years", "2.5"), 2),
        (("--seed", "x"), 2),
        (("--until", "22.11.2026"), 2),
        (("--until", "2026-13-01"), 2),
        (("--until", "2999-01-01"), 1),
        (("--until", "0001-01-01"), 1),
    ],
)
def test_what_cannot_be_is_said_and_nothing_made(crm: Crm, tmp_path: Path, words: tuple[str, ...], code: int) -> None:
    done = crm("demo", "--contacts", "2", *words, data=tmp_path / "city")
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "fault" not in done.stderr


def test_it_works_beside_a_running_server(crm: Crm, tmp_path: Path) -> None:
    app = App.open(Settings(tmp_path / "desk", search="none"), plugins=[])
    with ControlServer(app, CORE_OPERATIONS):
        done = crm(*SMALL, "--json", data=tmp_path / "desk", CRM_DEMO_PASSWORD="long enough")
        assert done.returncode == 0, done.stderr
        with app.reading() as services:
            assert len(services.root.contacts) == json.loads(done.stdout)["contacts"] == 5
            assert services.users.check_password("clerk", "long enough") is not None
        assert crm(*SMALL, data=tmp_path / "desk").returncode == 1
    app.close()


def test_persian_words_for_a_persian_terminal(crm: Crm, tmp_path: Path) -> None:
    done = crm(*SMALL, data=tmp_path / "city", CRM_LANGUAGE="fa")
    assert done.returncode == 0, done.stderr
    assert "مریم صادقی" in done.stdout
