"""The scripts behind the Makefile: choosing a Python, finding forgotten files, finding words of a machine."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SHIM = "#!/bin/sh\necho 'not installed here' >&2\nexit 127\n"
WITHOUT_VENV = f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; *) exec {sys.executable} "$@";; esac\n'
WORKING = f'#!/bin/sh\nexec {sys.executable} "$@"\n'


def choose(
    checkout: Path, folder: Path, programs: dict[str, str], **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the search with nothing on the path but ``programs``."""
    for name, text in programs.items():
        (folder / name).write_text(text, "utf-8")
        (folder / name).chmod(0o755)
    rest = {name: value for name, value in os.environ.items() if name != "PYTHON"}
    return subprocess.run(
        ["/bin/sh", str(checkout / "scripts/find_python.sh")], capture_output=True, text=True,
        env={**rest, "PATH": str(folder), **environment},
    )


def test_the_newest_python_that_starts_is_taken(checkout: Path, tmp_path: Path) -> None:
    done = choose(checkout, tmp_path, {"python3.13": SHIM, "python3.12": WORKING, "python3.11": WORKING})
    assert (done.returncode, done.stdout) == (0, "python3.12\n")


def test_without_a_python_it_says_what_to_do(checkout: Path, tmp_path: Path) -> None:
    done = choose(checkout, tmp_path, {"python3.13": SHIM, "python3": SHIM})
    assert done.returncode == 1
    assert "apt install python3" in done.stderr


def test_without_venv_it_says_what_to_install(checkout: Path, tmp_path: Path) -> None:
    done = choose(checkout, tmp_path, {"python3.12": WITHOUT_VENV})
    assert done.returncode == 1
    assert "venv is missing" in done.stderr
    assert f"python3.{sys.version_info.minor}-venv" in done.stderr


def test_a_python_may_be_named(checkout: Path, tmp_path: Path) -> None:
    done = choose(checkout, tmp_path, {"python3.13": WORKING, "mine": WORKING}, PYTHON=str(tmp_path / "mine"))
    assert done.stdout == f"{tmp_path / 'mine'}\n"


@pytest.fixture
def script(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Loads a module of the folder scripts/, which is not a package."""
    monkeypatch.syspath_prepend(str(checkout / "scripts"))

    def load(name: str) -> Any:
        monkeypatch.delitem(sys.modules, name, raising=False)
        return importlib.import_module(name)

    return load


def test_data_files_no_wheel_would_hold_are_found(script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = script("packages")
    monkeypatch.setattr(packages, "ROOT", tmp_path)
    folder = tmp_path / "crm_x"
    held = ("__init__.py", "py.typed", "templates/deep/page.pt", "static/a/b.css")
    for name in (*held, "templates/page.html", "sub/x.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (tmp_path / "setup.cfg").write_text(
        "[options.package_data]\n* =\n    py.typed\n    **/*.pt\ncrm_x =\n    static/**/*\n", "utf-8"
    )
    config = packages.read(tmp_path / "setup.cfg")
    assert packages.forgotten_data(folder, "crm_x", config) == ["crm_x/sub/x.csv", "crm_x/templates/page.html"]


def test_words_of_a_machine_are_found(script: Any) -> None:
    leaks = script("leaks")
    bad = ("see /home/" + "somebody/crm/x.py", '"resolved": ' + '"https://example.org/x.tgz"', "pip --index" + "-url x")
    for line in bad:
        assert leaks.HOSTS.search(line) or leaks.HOMES.search(line), line
    for line in ("https://example.org/home/page/", "GET /users/3", "cd ~/crm", "url(/static/home/x.css)"):
        assert not leaks.HOSTS.search(line), line
        assert not leaks.HOMES.search(line), line
