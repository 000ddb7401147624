"""A start loads what the first page needs; what other commands and background work need comes when it is needed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from crm_core.testing.beginning import beginning

UP_TO_THE_FIRST_PAGE = """
import json, sys
from pathlib import Path
from crm_core.cli import main
from crm_core.app import App
from crm_core.settings import Settings
import crm_views.cli

main.get_command(None, "serve")
app = App.open(Settings(Path(sys.argv[1]), search="whoosh"))
app.projections
web = crm_views.cli.Swappable(app, lambda one: crm_views.cli.warmed(crm_views.cli.make_app(one)))
print(json.dumps(sorted(sys.modules)))
app.close()
"""
THE_COMMAND_FIND = """
import json, sys
from crm_core.cli import main

main(["find", "somebody", "--data", sys.argv[1]], standalone_mode=False)
print(json.dumps(sorted(sys.modules)))
"""
OTHERS = (
    "ZEO", "babel", "psycopg2", "pytest", "relstorage", "rich", "sqlalchemy", "tantivy", "crm_core.backup.making",
    "crm_core.cli.backup", "crm_core.cli.demo", "crm_core.conformance", "crm_core.demo", "crm_core.reporting.store",
    "crm_core.scaffold", "crm_core.testing",
)
"""What neither needs: libraries that take long, and parts of the core for other commands."""


@pytest.mark.parametrize(("program", "not_loaded"), [
    (UP_TO_THE_FIRST_PAGE, OTHERS),
    (THE_COMMAND_FIND, (*OTHERS, "pyramid", "deform", "waitress", "crm_views.app", "crm_core.cli.admin")),
], ids=["serve", "find"])
def test_what_is_not_needed_is_not_loaded(program: str, not_loaded: tuple[str, ...], tmp_path: Path) -> None:
    for name, content in beginning().files.items():
        (tmp_path / name).write_bytes(content)
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", program, str(tmp_path)], capture_output=True, text=True,
                         timeout=100, check=True)
    loaded = set(json.loads(ran.stdout.splitlines()[-1]))
    assert {"crm_core.app", "BTrees"} <= loaded
    assert not loaded.intersection(not_loaded)
