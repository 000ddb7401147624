"""Evolve steps: baseline, once each, in order, one transaction each, and a rehearsal (architecture §5.14)."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import pytest

from crm_core import evolve, leftovers
from crm_core.app import App
from crm_core.evolve import Step
from crm_core.evolve_steps.portions import portions
from crm_core.model.contact import Contact
from crm_core.model.root import Root
from crm_core.rehearsal import overlaid, rehearse
from crm_core.testing.crowd import together
from crm_core.testing.factories import make_contact


def step(id_: str, word: str = "") -> Step:
    """A step that writes ``word`` into every contact's notes."""
    def run(root: Root) -> None:
        for contact in root.contacts.values():
            contact.notes += word or id_

    return Step(id_, f"Add {word or id_}", run)


def fails(root: Root) -> None:
    next(root.contacts.values()).notes = "half done"
    raise ZeroDivisionError


STEPS = (step("core.9001", "a"), step("core.9002", "b"), step("things.0001", "c"))


def notes(app: App) -> list[str]:
    with app.reading() as services:
        return sorted(contact.notes for contact in services.root.contacts.values())


def ours(root: Root) -> list[str]:
    """The steps of this test that ran; those of the core belong to every new database."""
    core = {one.id for one in evolve.STEPS}
    return [id_ for id_ in root.evolved if id_ not in core]


@pytest.fixture
def filled(app: App) -> App:
    for _two in range(2):
        app.run(lambda services: make_contact(services).id)
    return app


def test_a_new_database_needs_no_step_of_the_core(app: App) -> None:
    with app.reading() as services:
        assert evolve.pending(services.root) == []
        root = Root()
        evolve.baseline(root, STEPS)
        assert evolve.pending(root, STEPS) == []
        assert [one.id for one in evolve.pending(services.root, STEPS)] == ["core.9001", "core.9002", "things.0001"]


def test_steps_run_once_in_order(filled: App) -> None:
    assert evolve.evolve(filled.db, STEPS[:2]) == [
        {"id": "core.9001", "title": "Add a"}, {"id": "core.9002", "title": "Add b"}]
    assert notes(filled) == ["ab", "ab"]
    assert evolve.evolve(filled.db, STEPS) == [{"id": "things.0001", "title": "Add c"}]
    assert evolve.evolve(filled.db, STEPS) == []
    assert notes(filled) == ["abc", "abc"]


def test_steps_of_an_absent_plugin_wait_and_what_it_ran_is_remembered(filled: App) -> None:
    evolve.evolve(filled.db, STEPS[2:])
    evolve.evolve(filled.db, STEPS[:1])  # the plugin is away
    with filled.reading() as services:
        assert ours(services.root) == ["core.9001", "things.0001"]
    assert evolve.evolve(filled.db, STEPS) == [{"id": "core.9002", "title": "Add b"}]
    assert notes(filled) == ["cab", "cab"]


def test_a_rehearsal_runs_everything_and_stores_nothing(app_on_each: App) -> None:
    """§5.14: --dry-run; it has the shape of a real run, fails where that would, and needs nobody's leave to write."""
    filled, settings = app_on_each, app_on_each.settings
    for _two in range(2):
        filled.run(lambda services: make_contact(services).id)
    settings.data.mkdir(exist_ok=True)  # not made yet where the data lie on a server
    before = sorted(path.name for path in settings.data.iterdir())
    assert rehearse(settings, STEPS).steps == [
        {"id": "core.9001", "title": "Add a"}, {"id": "core.9002", "title": "Add b"},
        {"id": "things.0001", "title": "Add c"}]
    with pytest.raises(ZeroDivisionError):
        rehearse(settings, (*STEPS, Step("core.9003", "Fails", fails)))
    assert notes(filled) == ["", ""]
    assert sorted(path.name for path in settings.data.iterdir()) == before
    with filled.reading() as services:
        assert ours(services.root) == []


def test_what_a_killed_rehearsal_left_is_cleared_away_but_not_that_of_one_at_work(app: App) -> None:
    data = app.settings.data

    def left() -> int:
        return len(list(data.glob("rehearsal-*")))

    lines = ("import os, signal", "from pathlib import Path", "from crm_core.rehearsal import overlaid",
             "from crm_core.settings import Settings",
             f"settings = Settings(Path({str(data)!r}), search='none', zodburi={app.settings.zodburi!r})",
             "with overlaid(settings): os.kill(os.getpid(), signal.SIGKILL)")
    assert subprocess.run([sys.executable, "-c", "\n".join(lines)]).returncode == -signal.SIGKILL
    assert left() == 1
    with overlaid(app.settings):
        assert left() == 1, "its own one: that of the killed one is gone"
        assert leftovers.sweep(data) == 0
        assert left() == 1
    assert left() == 0
    (data / "rehearsal-older").mkdir()
    assert leftovers.sweep(data) == 1
    assert left() == 0


def test_a_rehearsal_of_nothing_pending_is_empty(app_on_each: App) -> None:
    assert rehearse(app_on_each.settings).steps == []


def test_each_step_is_named_in_the_log_before_it_runs(filled: App, caplog: pytest.LogCaptureFixture) -> None:
    """A step on a large database takes minutes, in which nothing else is said."""
    with pytest.raises(ZeroDivisionError):
        evolve.evolve(filled.db, (STEPS[0], Step("core.9003", "Fails", fails)))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "the stored data evolves: core.9001, Add a"),
        ("WARNING", "the stored data evolves: core.9003, Fails")]


def test_the_steps_of_the_core_are_numbered_in_their_order() -> None:
    assert [one.id for one in evolve.STEPS] == [f"core.{number:04d}" for number, _one in enumerate(evolve.STEPS, 1)]


def test_a_walk_in_portions_keeps_little_in_memory(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was changed lies at a savepoint after each portion, and leaves the memory with the rest."""
    monkeypatch.setattr("crm_core.evolve_steps.portions.PORTION", 10)
    app.run(lambda services: [make_contact(services) for _ in range(60)])
    held = []

    def run(root: Root) -> None:
        root._p_jar.cacheMinimize()
        root._p_jar._cache.cache_size = 20
        for contact in portions(root, root.contacts.values()):
            contact.notes = "changed"
            held.append(sum(isinstance(one, Contact) and one._p_changed is not None
                            for _oid, one in root._p_jar._cache.items()))

    evolve.evolve(app.db, (Step("core.9001", "Portions", run),))
    assert notes(app) == ["changed"] * 60
    assert len(held) == 60
    assert max(held) <= 31


def test_a_step_that_fails_leaves_those_before_it_done_and_nothing_of_itself(filled: App) -> None:
    with pytest.raises(ZeroDivisionError):
        evolve.evolve(filled.db, (STEPS[0], Step("core.9003", "Fails", fails), STEPS[1]))
    assert notes(filled) == ["a", "a"]
    with filled.reading() as services:
        assert ours(services.root) == ["core.9001"]


def test_two_who_evolve_at_once_run_each_step_once(filled: App) -> None:
    ran: list[list[dict[str, str]]] = together(lambda _which: evolve.evolve(filled.db, STEPS), 2)
    assert sorted(row["id"] for rows in ran for row in rows) == ["core.9001", "core.9002", "things.0001"]
    assert notes(filled) == ["abc", "abc"]


def test_evolving_and_the_database_can_be_imported_in_any_order() -> None:
    for first in ("crm_core.evolve", "crm_core.db", "crm_core.model.root"):
        done: Any = subprocess.run([sys.executable, "-c", f"import {first}"], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
