"""From nothing to the desk: ``crm plugin new`` in an environment that has the core’s wheel and nothing else of ours."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.packaging, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.usefixtures("tools")
def test_a_new_plugin_passes_its_tests_and_appears_on_the_desk(core: Any, folder: Path, checkout: Path) -> None:
    crm = core.program("crm")
    written = json.loads(core.run(crm, "plugin", "new", "parking", "--to", str(folder / "new"), "--title", "Parking",
                                  "--title-fa", "پارکینگ محله", "--json"))
    made = Path(written["folder"])
    assert made == folder / "new" / "crm-parking"
    core.run(sys.executable, "-m", "ruff", "check", "--no-cache", str(made))
    core.pip("install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", str(made))
    try:
        core.pip("check")
        core.run(core.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(made))
        for name in ("parking", str(made)):
            found = json.loads(core.run(crm, "plugin", "check", name, "--json"))
            assert found["passed"], found
            assert [one for one in found["findings"] if one["level"] != "ok"] == []
        core.run(core.python, str(checkout / "tests/packaging/desk.py"), "parking.request", "پارکینگ محله")
    finally:
        core.pip("uninstall", "--quiet", "--yes", "crm-parking")
