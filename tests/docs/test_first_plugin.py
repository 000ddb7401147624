"""The plugin of docs/integrator/first-plugin.md is put together from the page, tested by its tests, and installed."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "integrator" / "first-plugin.md"
LOUD = tuple(word for library in ("'cgi' is deprecated", "pkg_resources is deprecated", "Deprecated call to `pkg_res")
             for word in ("-W", f"ignore:{library}"))
"""What libraries of the pages warn of that neither we nor a plugin can mend, as in pytest.ini."""
FILE = re.compile(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with every file of the page, its catalog compiled."""
    folder = tmp_path_factory.mktemp("lostfound")
    for name, text in FILE.findall(PAGE.read_text("utf-8")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (catalog,) = folder.rglob("*.po")
    with catalog.open("rb") as source, catalog.with_suffix(".mo").open("wb") as target:
        write_mo(target, read_po(source, locale="fa"))
    return folder


def run(folder: Path, *command: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(path or folder)}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8",
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_page_holds_a_whole_plugin(plugin: Path) -> None:
    assert {path.name for path in plugin.rglob("*") if path.is_file()} == {
        "setup.cfg", "pyproject.toml", "__init__.py", "forms.py", "panels.py", "panel.pt", "crm_lostfound.po",
        "crm_lostfound.mo", "test_lostfound.py",
    }


def test_it_passes_the_tests_on_the_page(plugin: Path) -> None:
    done = run(plugin, "-m", "pytest", "-q", "-W", "error", *LOUD, "-p", "no:cacheprovider", "tests")
    assert re.search(r"^\d+ passed", done.stdout, re.MULTILINE), done.stdout


def test_installed_it_is_found_beside_the_others(plugin: Path, tmp_path: Path) -> None:
    run(plugin, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
        "--target", str(tmp_path), str(plugin))
    command = ("-c", "from crm_core.cli import main; main()", "plugins", "--json")
    listed = json.loads(run(plugin, *command, path=tmp_path).stdout)
    (found,) = [one for one in listed if one["id"] == "lostfound"]
    assert (found["state"], found["version"]) == ("enabled", "0.1.0"), found
    assert (tmp_path / "crm_lostfound" / "templates" / "panel.pt").exists()


def test_every_sentence_of_it_is_translated(plugin: Path) -> None:
    said = set(re.findall(r'\b_\("([^"]+)"', "\n".join(path.read_text("utf-8") for path in plugin.rglob("*.py"))))
    (catalog,) = plugin.rglob("*.po")
    with catalog.open("rb") as source:
        known = {str(message.id) for message in read_po(source, locale="fa") if message.id and message.string}
    assert said == known


def test_the_commands_at_its_beginning_make_a_plugin_that_keeps_everything(tmp_path: Path) -> None:
    beginning, _, _ = PAGE.read_text("utf-8").partition("## The files")
    commands = re.findall(r"^    (crm .*|python .*)$", beginning, re.MULTILINE)
    assert [shlex.split(command)[:3] for command in commands] == [
        ["crm", "plugin", "new"], ["python", "-m", "pip"], ["python", "-m", "pytest"], ["crm", "plugin", "check"],
    ]
    made = tmp_path / "crm-lost-found"
    for command in commands:
        program, *words = shlex.split(command)
        if words[:2] == ["-m", "pip"]:  # where it would be installed is this environment; its folder does as well
            assert words[-1] == f"./{made.name}"
            continue
        crm = ("-c", "from crm_core.cli import main; main()") if program == "crm" else ()
        run(tmp_path, *crm, *words, path=made)
    assert (made / "crm_lost_found" / "__init__.py").exists()
