"""What docs/operator/commands.md shows is run here, in its order: every example does what the page says."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click import Context, Group

from crm_core.app import App
from crm_core.cli import main
from crm_core.settings import Settings

Crm = Callable[..., subprocess.CompletedProcess[str]]
PROGRAM = (sys.executable, "-c", "from crm_core.cli import main; main(prog_name='crm')")
PAGE = Path(__file__).resolve().parents[3] / "docs" / "operator" / "commands.md"
TEXT = PAGE.read_text("utf-8")
EXAMPLES = re.findall(r"^    crm (.+)$", TEXT, re.MULTILINE)
CODES = {int(code): line for code, line in re.findall(r"^\| (\d+) \|[^|]*\|([^|]*)\|$", TEXT, re.MULTILINE)}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the examples name."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "people.csv").write_text("external_id,name,phone\n1,مینا راد,09120009999\n", "utf-8")
    (folder / "calls.csv").write_text("id,date,type,title\n1,2026-01-02 10:00,Roads,Pothole\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def run(place: Path) -> Crm:
    """Runs words in that folder, in English, with passwords in the environment."""
    variables = {**os.environ, "LC_ALL": "C.UTF-8", "CRM_LANGUAGE": "en", "CRM_PASSWORD": "long enough"}
    variables.pop("CRM_DEMO_PASSWORD", None)

    def call(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, *words], capture_output=True, text=True, env={**variables, **more}, cwd=place, timeout=110
        )

    return call


def words_of(example: str, run: Crm) -> list[str]:
    """The words of an example; ID stands for the contact whom the page looks for."""
    words = shlex.split(example)
    if "ID" in words:
        found = json.loads(run("find", "0912 000 01 47", "--data", "city", "--json").stdout)
        words[words.index("ID")] = found[0]["id"]
    return words


def test_every_command_is_on_the_page() -> None:
    context = Context(main)
    names = set()
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        names |= {f"{name} {sub}" for sub in command.commands} if isinstance(command, Group) else {name}
    shown = {re.match(r"[a-z-]+(?: [a-z]+)?", example)[0] for example in EXAMPLES}  # type: ignore[index]
    assert {name for name in names if not any(one == name or one.split()[0] == name for one in shown)} == set()


def test_every_option_of_the_demo_is_on_the_page() -> None:
    command = main.get_command(Context(main), "demo")
    assert command is not None
    for option in command.params:
        assert f"`{option.opts[-1]}" in TEXT or option.name in ("data", "as_json"), option.name


@pytest.mark.parametrize("example", [example for example in EXAMPLES if not example.startswith(("serve", "worker"))])
def test_an_example_does_what_it_says(run: Crm, example: str) -> None:
    done = run(*words_of(example, run))
    assert done.returncode == 0, (done.stdout, done.stderr)
    if "--json" in example:
        json.loads(done.stdout)
    if example.startswith("find") and "--limit" in example:
        assert len(done.stdout.splitlines()) <= 5


def test_the_server_of_the_example_answers_and_ends(run: Crm, place: Path) -> None:
    (example,) = [example for example in EXAMPLES if example.startswith("serve")]
    server = subprocess.Popen(
        [*PROGRAM, *shlex.split(example)], cwd=place, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "LC_ALL": "C.UTF-8", "CRM_LANGUAGE": "en"},
    )
    try:
        assert server.stdout is not None
        assert "http://127.0.0.1:" in server.stdout.readline()
        beside = run("find", "0912 000 01 47", "--data", "city", "--json")
        assert json.loads(beside.stdout)[0]["title"] == "زهرا رضایی‌پور"
        written = run("user", "add", "beside", "--data", "city", "--json")
        assert written.returncode == 0, written.stderr
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)
    assert server.returncode == 0


def test_the_codes_are_those_of_the_program(run: Crm, place: Path) -> None:
    assert list(CODES) == [0, 1, 2, 3, 4, 70]
    for code, cell in CODES.items():
        for example in re.findall(r"`crm (.+?)`", cell):
            if code == 4:
                with_database_held(run, place, shlex.split(example))
            else:
                assert run(*shlex.split(example)).returncode == code, example


def with_database_held(run: Crm, place: Path, words: list[str]) -> None:
    app = App.open(Settings(place / "city", search="none"), plugins=[])
    try:
        done = run(*words)
    finally:
        app.close()
    assert done.returncode == 4
    assert "Another process" in done.stderr


def test_the_json_of_the_demo_has_the_words_of_the_page(run: Crm) -> None:
    done = run("demo", "--data", "third", "--contacts", "2", "--years", "1", "--json", CRM_DEMO_PASSWORD="long enough")
    report = json.loads(done.stdout)
    section = TEXT.partition("With `--json`: `contacts`")[2].partition("## ")[0]
    assert set(report) <= set(re.findall("`(\\w+)`", f"`contacts`{section}"))
    assert report["password"] is None
    assert "long enough" not in done.stdout + done.stderr
