"""The right of way among processes that share a storage in PostgreSQL; a process that is killed gives it back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_core.app import App
from crm_core.db import Database, root_of
from crm_core.settings import Settings
from crm_core.testing.crowd import together
from crm_core.turns import Turns

HOLDING = """
import sys
from pathlib import Path
from crm_core.db import Database
from crm_core.settings import Settings
db = Database.open(Settings(Path(sys.argv[1]), zodburi=sys.argv[2], search="none"))
assert db.turns.take() and db.turns.across.take()
print("taken", flush=True)
sys.stdin.read()
"""


@pytest.mark.postgresql
def test_one_process_at_a_time_has_the_right_of_way_and_nobody_waits_for_ever(
    begun_postgresql_uri: str, open_app: Callable[..., App]
) -> None:
    app = open_app(zodburi=begun_postgresql_uri)
    turns, across = app.db.turns, app.db.turns.across
    assert across is not None
    words = [sys.executable, "-c", HOLDING, str(app.settings.data), begun_postgresql_uri]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "taken\n"
        assert not across.take()
        assert turns.take(), "who waited long enough goes on: the right of way in this process is had"
        app.run(lambda services: services.units.add("while another one has the right of way"))
        turns.give_back()
        other.kill()
    assert across.take()
    across.give_back()
    across.close()
    assert across.take(), "a connection that is gone is made anew"
    across.give_back()


@pytest.mark.zeo
def test_other_storages_know_nothing_of_it(begun_zeo_uri: str, open_app: Callable[..., App], app: App) -> None:
    assert app.db.turns.across is None
    assert open_app(zodburi=begun_zeo_uri).db.turns.across is None
    assert Turns().take()


@pytest.mark.postgresql
def test_several_processes_begin_with_a_new_database_at_once(postgresql_uri: str, tmp_path: Path) -> None:
    def begin(number: int) -> str:
        db = Database.open(Settings(tmp_path / str(number), zodburi=postgresql_uri, search="none"))
        try:
            with db.reading() as connection:
                return type(root_of(connection)).__name__
        finally:
            db.close()

    assert together(begin, 4) == ["Root"] * 4
