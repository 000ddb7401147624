"""The ``crm`` command as people and scripts use it: a process of its own, or in this one where that is enough."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CRM_WORDS = (sys.executable, "-c", "from crm_core.cli import main; main(prog_name='crm')")

RunCrm = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def crm(tmp_path: Path) -> RunCrm:
    """``crm("find", "x", data=…)``: the finished process; ``--data`` is added after the command's words."""

    def run(*words: str, data: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [*CRM_WORDS, *words, *(("--data", str(data)) if data is not None else ())]
        variables = {**os.environ, "LC_ALL": "C.UTF-8", "CRM_LANGUAGE": "en", **environment}
        return subprocess.run(command, capture_output=True, text=True, env=variables, cwd=tmp_path, timeout=110)

    return run


@pytest.fixture
def crm_words() -> tuple[str, ...]:
    """The words that start the command, for tests that hold the process themselves."""
    return CRM_WORDS
