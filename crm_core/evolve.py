"""Evolve steps: changes of stored data, each with an explicit id, run once and in a transaction of its own.

A new database is born with all steps marked as done (the baseline).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crm_core.model.root import Root


@dataclass(frozen=True)
class Step:
    """``id`` like ``"core.0001"``; ``run(root)`` changes the data and may be tried again after a conflict."""

    id: str
    title: str
    run: Callable[[Root], None]


STEPS: tuple[Step, ...] = ()
"""The core's steps in order. None yet: the first release defines the first layout."""


def baseline(root: Root) -> None:
    """Mark every known step as done: a new database already has the newest layout."""
    for step in STEPS:
        root.evolved.add(step.id)


def pending(root: Root) -> list[Step]:
    """The steps this database still needs, in order."""
    return [step for step in STEPS if step.id not in root.evolved]


def run(root: Root, step: Step) -> None:
    """Run one step and note that it is done (call it in a transaction of its own)."""
    step.run(root)
    root.evolved.add(step.id)
