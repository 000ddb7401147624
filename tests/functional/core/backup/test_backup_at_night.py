"""Backing up and packing by themselves: at their hours, one at a time, and what came of it is told."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm_core.app import App
from crm_core.backup.checking import verify
from crm_core.backup.making import back_up
from crm_core.chores import BACKUP
from crm_core.chores import PACK as PACKING
from crm_core.durations import DAY
from crm_core.health import health
from crm_core.model.ids import now_ms
from crm_core.operations import PACK
from crm_core.schedule import JobRunner
from crm_core.services import Services
from crm_core.upkeep import AtWork, alone, claimed


def test_the_night_backs_up_and_packs_and_failures_are_told(
    open_app: Callable[..., App], tmp_path: Path, tools: Any
) -> None:
    folder = tmp_path / "nightly"
    app = open_app(backup_folder=str(folder), timezone="Asia/Tehran")
    runner = JobRunner(app)
    tools.visit(app, "first")

    def facts(name: str) -> tuple[str, dict[str, Any]]:
        with app.reading() as services:
            part = next(part for part in health(app, services) if part.name == name)
        return part.tone, part.facts

    def make_due() -> None:
        def work(services: Services) -> None:
            for id_ in (BACKUP, PACKING):
                services.root.jobs[id_].due = 1

        app.run(work)

    assert {BACKUP, PACKING}.isdisjoint(runner.due()), "not at once: at night"
    with app.reading() as services:
        due = {id_: services.root.jobs[id_].due for id_ in (BACKUP, PACKING)}
    at = {id_: datetime.fromtimestamp(ms / 1000, ZoneInfo("Asia/Tehran")).strftime("%H:%M") for id_, ms in due.items()}
    assert at == {BACKUP: "02:00", PACKING: "03:30"}
    assert all(0 < ms - now_ms() <= DAY for ms in due.values())

    make_due()
    assert {ran.id: ran.error for ran in runner.run_due() if ran.id in due} == {BACKUP: "", PACKING: ""}
    assert {BACKUP, PACKING}.isdisjoint(runner.due())
    tone, found = facts("backup")
    assert (tone, found["kind"], found["verified"]["problems"], found["failures"]) == ("good", "full", 0, 0)
    tone, found = facts("pack")
    assert tone == "good"
    assert found["result"].keys() == {"before", "after", "days"}

    with (folder / "000001-full" / "transactions.fs").open("ab") as spoilt:
        spoilt.write(b"more")
    assert runner.run(BACKUP).error == ""
    tone, found = facts("backup")
    assert (tone, found["kind"], found["damaged"]) == ("warn", "full", ["000001-full"])

    shutil.rmtree(folder)
    folder.write_text("no folder")
    assert runner.run(BACKUP).error
    assert facts("backup")[0] == "bad"
    folder.unlink()
    with alone(app.settings.data):
        assert "AtWork" in runner.run(PACKING).error
    assert facts("pack")[0] == "warn"
    assert runner.run(BACKUP).error == ""
    assert verify(folder).problems == []

    # A backup is at work on another machine, whose locks of files are not ours.
    other = JobRunner(app)
    app.run(lambda services: other.claimant.take(services.root.jobs[BACKUP]))
    make_due()
    assert {BACKUP, PACKING}.isdisjoint(ran.id for ran in runner.run_due())
    with pytest.raises(AtWork):
        runner.run(PACKING)
    app.run(lambda services: other.claimant.release(services.root.jobs[BACKUP]))
    assert {ran.id for ran in runner.run_due()} >= {BACKUP, PACKING}


@pytest.fixture(params=[pytest.param("zeo", marks=pytest.mark.zeo),
                        pytest.param("postgresql", marks=pytest.mark.postgresql)])
def uri(request: pytest.FixtureRequest) -> str:
    """The zodburi of a storage that several machines can open."""
    return str(request.getfixturevalue(f"begun_{request.param}_uri"))


def test_by_hand_on_two_machines_one_at_a_time(
    uri: str, open_app: Callable[..., App], tmp_path: Path, tools: Any  # the server first: it ends last
) -> None:
    """Two data folders stand for two machines: a lock of files in one is nothing to the other."""
    one, other = (open_app(zodburi=uri, backup_folder=str(tmp_path / "nightly")) for _machine in range(2))
    tools.visit(one, "first")
    where = f"{socket.gethostname()}, {os.getpid()}"
    refused = []

    def meanwhile(_done: int) -> None:
        for work in (lambda: PACK.run(other, {"days": 0}, None, lambda done, total: None),
                     lambda: back_up(other.settings, tmp_path / "another"), lambda: JobRunner(other).run(PACKING)):
            with pytest.raises(AtWork, match=f"A backup is at work on {where}, since 20"):
                work()
            refused.append(1)

    back_up(one.settings, tmp_path / "backup", progress=lambda done: meanwhile(done) if not refused else None)
    assert len(refused) == 3
    with claimed(other, PACKING), pytest.raises(AtWork, match=f"A pack is at work on {where}, since 20"):
        back_up(one.settings, tmp_path / "backup")
    with alone(one.settings.data, PACKING), pytest.raises(AtWork, match=f"A pack is at work on {where}, since 20"):
        back_up(one.settings, tmp_path / "backup")
    PACK.run(other, {"days": 0}, None, lambda done, total: None)
    assert back_up(one.settings, tmp_path / "backup")[0].kind
