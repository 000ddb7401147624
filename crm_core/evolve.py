"""Evolve steps: changes of stored data, each with an explicit id, run once and in a transaction of its own.

A new database is born with all steps marked as done (the baseline). Steps that are not known now (of a plugin that is
absent) are left alone, done or not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from ZODB.Connection import Connection

from crm_core.evolve_steps import administration, conversations, histories, open_work, same_moment, work_lists
from crm_core.model.root import ROOT_KEY, Root

log = logging.getLogger(__name__)


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


STEPS: tuple[Step, ...] = (
    Step("core.0001", "Requests know what was said about them", conversations.run),
    Step("core.0002", "Work lists count, filter and sort without loading requests", work_lists.run),
    Step("core.0003", "Administrators decide about request types", administration.run),
    Step("core.0004", "Histories are filtered without meeting their entries", histories.run),
    Step("core.0005", "Open requests of a contact are counted without loading them", open_work.run),
    Step("core.0006", "What clerks save at the same moment merges", same_moment.run),
)
"""The core's steps, in the order of their numbers: the lists of work tell of the news that conversations are.

An id is never given twice and never changed once it was in a release; a new step gets the next number, at the end.
"""


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


def evolve(db: Transactions, steps: Sequence[Step] = STEPS) -> list[dict[str, str]]:
    """Run what is pending, each step in a transaction of its own: ``[{"id", "title"}, …]`` of those that ran, in order.

    What a step raises stops here; the steps before it stay done. The log names each step before it runs: nobody else
    tells why a start takes long. How it would go can be tried on data that are not kept: `crm_core.rehearsal`.
    """
    with db.reading() as connection:
        wanted = pending(connection.root()[ROOT_KEY], steps)
    ran = []
    for step in wanted:
        log.warning("the stored data evolves: %s, %s", step.id, step.title)
        if db.run(partial(_run, step=step), f"evolve {step.id}"):
            ran.append({"id": step.id, "title": step.title})
    return ran


def _run(connection: Connection, step: Step) -> bool:
    return run(connection.root()[ROOT_KEY], step)
