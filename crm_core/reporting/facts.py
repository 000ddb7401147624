"""Rows of the report tables from our objects, as far as figures need them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

from sqlalchemy import Table

from crm_core.model.interaction import Direction, Interaction
from crm_core.model.request import Category, Request
from crm_core.model.root import Root
from crm_core.model.timeline import EntryKind, Event
from crm_core.reporting.schema import ABOUT, ANSWER, INTERACTION, REQUEST, SHIELD, STAGE

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = Iterable[tuple[Table, Row]]
State: TypeAlias = tuple[str, int | None, int | None]
"""Status, unit and assignee."""

AMOUNTS = frozenset({"integer", "money", "boolean"})
WORDS = frozenset({"choice", "choices", "dependent_choice", "date", "time", "unit"})
"""The types of fields whose answers are counted; of all others (texts, places, people) nothing is kept here."""


@dataclass(frozen=True)
class Stage:
    """A request in one status, place and hand; ``began`` and ``ended`` are milliseconds UTC, None: it still is."""

    status: str
    category: str
    unit: int | None
    assignee: int | None
    began: int
    ended: int | None


def of_request(root: Root, request: Request) -> Iterator[tuple[Table, Row]]:
    """Everything the tables hold of a request."""
    history = list(stages(request))
    yield REQUEST, {
        "id": request.id, "contact": request.contact, "type": request.type, "category": request.category,
        "status": request.status, "priority": request.priority, "channel": request.channel, "unit": request.unit,
        "assignee": request.assignee, "created": request.created, "created_by": request.created_by,
        "due": request.due, "closed": request.closed, "first_answer": _first_answer(request),
        "reopened": sum(_is_closed(before) and not _is_closed(after) for before, after in pairwise(history)),
        "handed": sum(before.unit != after.unit for before, after in pairwise(history)),
        "confidential": request.confidentiality != "normal",
    }
    for user in request.hidden_from:
        yield SHIELD, {"request": request.id, "user": user}
    for number, stage in enumerate(history):
        yield STAGE, {"request": request.id, "number": number, **vars(stage)}
    yield from _answers(root, request)


def of_interaction(interaction: Interaction) -> Iterator[tuple[Table, Row]]:
    """Everything the tables hold of what was said."""
    yield INTERACTION, {
        "id": interaction.id, "contact": interaction.contact, "channel": interaction.channel,
        "direction": interaction.direction, "outcome": interaction.outcome, "unit": interaction.unit,
        "by": interaction.created_by, "started": interaction.started, "duration": interaction.duration,
    }
    for request in dict.fromkeys(interaction.requests):
        yield ABOUT, {"interaction": interaction.id, "request": request}


def stages(request: Request) -> Iterator[Stage]:
    """The stages of a request from its registration on, by its events; changes of one moment are one stage.

    What is said to have happened earlier than the change before it counts from that change on.
    """
    moves = (event for event in request.events.values() if event.kind in (EntryKind.STATUS, EntryKind.ASSIGNED))
    changes = sorted(moves, key=lambda event: event.at)
    state = _first(request, changes)
    began = request.created
    for event in changes:
        status, unit, assignee = state
        if event.kind == EntryKind.STATUS:
            after = str(event.data["to"]), unit, assignee
        else:
            after = status, event.data["unit"], event.data["assignee"]
        at = max(event.at, began)
        if after != state and at > began:
            yield _stage(request, state, began, at)
            began = at
        state = after
    yield _stage(request, state, began, None)


def _first(request: Request, changes: list[Event]) -> State:
    """Status, unit and assignee of a request when it was registered: what its first changes left."""
    status = next((event.data["from"] for event in changes if event.kind == EntryKind.STATUS), request.status)
    place = next((event.data["from"] for event in changes if event.kind == EntryKind.ASSIGNED),
                 {"unit": request.unit, "assignee": request.assignee})
    return str(status), place["unit"], place["assignee"]


def _stage(request: Request, state: State, began: int, ended: int | None) -> Stage:
    status, unit, assignee = state
    try:
        category = request.version.status(status).category
    except KeyError:  # its source's own word, of an import that was told another list since
        category = ""
    return Stage(status, category, unit, assignee, began, ended)


def _is_closed(stage: Stage) -> bool:
    return stage.category in (Category.DONE, Category.CANCELLED)


def _first_answer(request: Request) -> int | None:
    said = (touch.started for touch in (request.touches or {}).values() if touch.direction == Direction.OUT)
    return min(said, default=None)


def _answers(root: Root, request: Request) -> Iterator[tuple[Table, Row]]:
    if request.submission is None:
        return
    form = root.forms.get(request.submission.form)
    for field in form.fields if form is not None else ():
        answer = request.submission.answers.get(field["name"])
        if answer is None or field["personal"]:
            continue
        values = answer.get("value")
        for number, value in enumerate(values if isinstance(values, list) else [values]):
            row = _measured(field["type"], value)
            if row is not None:
                yield ANSWER, {"request": request.id, "field": field["name"], "number": number,
                               "kind": field["type"], **row}


def _measured(kind: str, value: Any) -> Row | None:
    if value is None or value == "":
        return None
    if kind in AMOUNTS and isinstance(value, int | float):
        return {"word": None, "amount": float(value)}
    return {"word": str(value), "amount": None} if kind in WORDS else None
