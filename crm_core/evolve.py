"""Evolve steps: changes of stored data, each with an explicit id, run once and in a transaction of its own.

A new database is born with all steps marked as done (the baseline). Steps that are not known now (of a plugin that is
absent) are left alone, done or not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from ZODB.Connection import Connection

from crm_core.model.root import ROOT_KEY, Root


class Transactions(Protocol):
    """What is needed of `crm_core.db.Database`, which in its turn needs the baseline."""

    def reading(self) -> AbstractContextManager[Connection]: ...

    def run(self, work: Callable[[Connection], Any], note: str = "") -> Any: ...


@dataclass(frozen=True)
class Step:
    """``id`` like ``"core.0001"``; ``run(root)`` changes the data and may be tried again after a conflict."""

    id: str
    title: str
    run: Callable[[Root], None]


STEPS: tuple[Step, ...] = ()
"""The core's steps in order. None yet: the first release defines the first layout."""


def baseline(root: Root, steps: Sequence[Step] = STEPS) -> None:
    """Mark every known step as done: a new database already has the newest layout."""
    for step in steps:
        root.evolved.add(step.id)


def pending(root: Root, steps: Sequence[Step] = STEPS) -> list[Step]:
    """The steps this database still needs, in order."""
    return [step for step in steps if step.id not in root.evolved]


def run(root: Root, step: Step) -> bool:
    """Run one step and note that it is done (call it in a transaction of its own); False when it was done already.

    Two processes that evolve one database at once conflict here, and the one that tries again finds it done.
    """
    if step.id in root.evolved:
        return False
    step.run(root)
    root.evolved.add(step.id)
    return True


def evolve(db: Transactions, steps: Sequence[Step] = STEPS, *, dry_run: bool = False) -> list[dict[str, str]]:
    """Run what is pending, each step in a transaction of its own: ``[{"id", "title"}, …]`` of those that ran, in order.

    What a step raises stops here; the steps before it stay done. ``dry_run`` really runs all of them, in one
    transaction that cannot be committed: a step that would fail is known before, and nothing is stored.
    """
    if dry_run:
        with db.reading() as connection:
            root = connection.root()[ROOT_KEY]
            return [_row(step) for step in pending(root, steps) if run(root, step)]
    with db.reading() as connection:
        wanted = pending(connection.root()[ROOT_KEY], steps)
    return [_row(step) for step in wanted if db.run(partial(_run, step=step), f"evolve {step.id}")]


def _run(connection: Connection, step: Step) -> bool:
    return run(connection.root()[ROOT_KEY], step)


def _row(step: Step) -> dict[str, str]:
    return {"id": step.id, "title": step.title}
