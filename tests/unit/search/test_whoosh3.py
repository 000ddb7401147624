"""Whoosh-Reloaded, which we pin, is frozen; whoosh3 goes on. The words and commits of the suite run on it as well."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERSION = "3.54.0"
CHOSEN = "(phrase or spell or endings or replace or names or codes or readers or merged or scan) and not killed"


def test_the_suite_passes_on_whoosh3(tmp_path: Path, require: Callable[[object, str], None]) -> None:
    target = tmp_path / "whoosh3"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    fetched = subprocess.run([*command, "--target", str(target), f"whoosh3=={VERSION}"], capture_output=True, text=True)
    require(fetched.returncode == 0, f"whoosh3 {VERSION} cannot be fetched: {fetched.stderr.strip()[-200:]}")

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(target), os.environ.get("PYTHONPATH", "")])}
    imported = [sys.executable, "-c", "import whoosh; print(*whoosh.__version__, sep='.')"]
    found = subprocess.run(imported, env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == VERSION

    arguments = ["-n0", "-q", "-p", "no:cacheprovider", "-k", CHOSEN, str(HERE / "test_whoosh_index.py")]
    ran = subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, cwd=HERE.parents[2],
                         capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-1000:]
    assert " passed" in ran.stdout
    assert "failed" not in ran.stdout
