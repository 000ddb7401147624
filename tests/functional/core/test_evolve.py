"""Evolve steps: baseline, once each, in order, one transaction each, and a rehearsal (architecture §5.14)."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from crm_core import evolve
from crm_core.app import App
from crm_core.evolve import Step
from crm_core.model.root import Root
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


STEPS = (step("core.0001", "a"), step("core.0002", "b"), step("things.0001", "c"))


def notes(app: App) -> list[str]:
    with app.reading() as services:
        return sorted(contact.notes for contact in services.root.contacts.values())


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
        assert [one.id for one in evolve.pending(services.root, STEPS)] == ["core.0001", "core.0002", "things.0001"]


def test_steps_run_once_in_order(filled: App) -> None:
    assert evolve.evolve(filled.db, STEPS[:2]) == [
        {"id": "core.0001", "title": "Add a"}, {"id": "core.0002", "title": "Add b"}]
    assert notes(filled) == ["ab", "ab"]
    assert evolve.evolve(filled.db, STEPS) == [{"id": "things.0001", "title": "Add c"}]
    assert evolve.evolve(filled.db, STEPS) == []
    assert notes(filled) == ["abc", "abc"]


def test_steps_of_an_absent_plugin_wait_and_what_it_ran_is_remembered(filled: App) -> None:
    evolve.evolve(filled.db, STEPS[2:])
    evolve.evolve(filled.db, STEPS[:1])  # the plugin is away
    with filled.reading() as services:
        assert list(services.root.evolved) == ["core.0001", "things.0001"]
    assert evolve.evolve(filled.db, STEPS) == [{"id": "core.0002", "title": "Add b"}]
    assert notes(filled) == ["cab", "cab"]


def test_a_rehearsal_runs_everything_and_stores_nothing(filled: App) -> None:
    """§5.14: --dry-run; it has the shape of a real run, and fails where that would."""
    assert evolve.evolve(filled.db, STEPS, dry_run=True) == [
        {"id": "core.0001", "title": "Add a"}, {"id": "core.0002", "title": "Add b"},
        {"id": "things.0001", "title": "Add c"}]
    assert notes(filled) == ["", ""]
    with filled.reading() as services:
        assert list(services.root.evolved) == []
    with pytest.raises(ZeroDivisionError):
        evolve.evolve(filled.db, (*STEPS, Step("core.0003", "Fails", fails)), dry_run=True)
    assert notes(filled) == ["", ""]


def test_a_step_that_fails_leaves_those_before_it_done_and_nothing_of_itself(filled: App) -> None:
    with pytest.raises(ZeroDivisionError):
        evolve.evolve(filled.db, (STEPS[0], Step("core.0003", "Fails", fails), STEPS[1]))
    assert notes(filled) == ["a", "a"]
    with filled.reading() as services:
        assert list(services.root.evolved) == ["core.0001"]


def test_two_who_evolve_at_once_run_each_step_once(filled: App) -> None:
    ran: list[list[dict[str, str]]] = together(lambda _which: evolve.evolve(filled.db, STEPS), 2)
    assert sorted(row["id"] for rows in ran for row in rows) == ["core.0001", "core.0002", "things.0001"]
    assert notes(filled) == ["abc", "abc"]


def test_evolving_and_the_database_can_be_imported_in_any_order() -> None:
    for first in ("crm_core.evolve", "crm_core.db", "crm_core.model.root"):
        done: Any = subprocess.run([sys.executable, "-c", f"import {first}"], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
