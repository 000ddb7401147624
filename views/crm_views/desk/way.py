"""The way a request goes through the statuses of its kind: which of them are stages, and which it has entered.

Waiting for the citizen is no stage but a detour from the stage it began in; a stage that was passed over is skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crm_core.model.request import Category, StoredStatus
from crm_core.model.request import Request as Case
from crm_core.model.timeline import EntryKind

MOST = 7
"""Stages that are drawn; a kind with more of them has none."""

Mark = Literal["d", "c", "n", "s"]
"""A stage that is done, current, not yet come, or skipped: passed over without ever being entered."""


@dataclass(frozen=True)
class Stay:
    """A time in one status, in milliseconds UTC; ``until`` is None while it lasts."""

    status: str
    since: int
    until: int | None

    def length(self, now: int) -> int:
        return max(0, (now if self.until is None else self.until) - self.since)


@dataclass(frozen=True)
class Way:
    """The stages, the stays of the request, the stage each stay belongs to, and how each stage stands."""

    stages: tuple[StoredStatus, ...]
    stays: tuple[Stay, ...]
    homes: tuple[int, ...]
    marks: tuple[Mark, ...]

    @property
    def here(self) -> int:
        """The stage it stands in."""
        return self.homes[-1]


def way(case: Case) -> Way | None:
    """The way of a request; None where its kind has no stages, or too many to draw."""
    stages = _stages(case)
    if not stages or len(stages) > MOST:
        return None
    past = stays(case)
    homes = _homes(case, [status.name for status in stages], past)
    entered, here = {0, *homes}, homes[-1]  # whatever is known of was registered
    is_done = case.category == Category.DONE

    def mark(place: int) -> Mark:
        if place == here:
            return "d" if is_done else "c"
        if place > here:
            return "n"
        return "d" if place in entered else "s"

    return Way(tuple(stages), past, homes, tuple(mark(place) for place in range(len(stages))))


def stays(case: Case) -> tuple[Stay, ...]:
    """The statuses the request was in, oldest first."""
    moves = [(case.version.statuses[0].name, case.created)]
    for event in case.events.values():
        if event.kind == EntryKind.REGISTERED and event.data.get("status"):
            moves[0] = (str(event.data["status"]), event.at)
        elif event.kind == EntryKind.STATUS and event.data.get("to"):
            moves.append((str(event.data["to"]), event.at))
    ends = [*(at for _status, at in moves[1:]), None]
    return tuple(Stay(status, at, until) for (status, at), until in zip(moves, ends, strict=True))


def category(case: Case, name: str) -> Category | None:
    """The category of a status by its name; None where the request's kind does not know it."""
    try:
        return Category(case.version.status(name).category)
    except KeyError:
        return None


def _stages(case: Case) -> list[StoredStatus]:
    """The statuses that are stages. Of several that end a request well one stands for all: its own, else the first."""
    statuses = case.version.statuses
    done = [status for status in statuses if status.category == Category.DONE]
    last = next((status for status in done if status.name == case.status), done[0] if done else None)
    stages = [status for status in statuses if status.category in (Category.NEW, Category.OPEN)]
    return [*stages, last] if last is not None else stages


def _homes(case: Case, names: list[str], past: tuple[Stay, ...]) -> tuple[int, ...]:
    """For each stay the stage it belongs to: its own, or for a detour the one before it."""
    homes: list[int] = []
    for stay in past:
        ended = category(case, stay.status) is Category.DONE
        own = names.index(stay.status) if stay.status in names else len(names) - 1 if ended else None
        homes.append(own if own is not None else homes[-1] if homes else 0)
    return tuple(homes)
