"""What answers add to the dossier: a panel with the average and the last five of them, a line in the timeline.

Only answers that the reader may read in full count; withdrawn ones do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from crm_core.api import Category, Contact, EntryKind, Event, Panel, Request, Services, Text, TextFactory
from crm_surveys.forms import SCALES
from crm_surveys.workflow import READ, SATISFACTION_TYPE

_ = TextFactory("crm_surveys")

POINTS = 5
SHOWN = 5
"""How many answers are drawn."""

WIDTH, HEIGHT, MARGIN = 320, 36, 8
"""The drawing's view box; the style sheet stretches it."""

LONGEST = 140
"""Characters of the citizen's words that the timeline shows."""


def score(request: Request) -> int | float | None:
    """The mean of an answer's points, with one decimal where it is not whole; None where it holds no points."""
    answers = request.submission.answers if request.submission is not None else {}
    values = (str(answers.get(name, {}).get("value") or "") for name in SCALES.get(request.type, ()))
    points = [int(value) for value in values if value.isdecimal()]
    return _mean(points) if points else None


def _mean(points: Sequence[int | float]) -> int | float:
    mean = round(sum(points) / len(points), 1)
    return int(mean) if mean == int(mean) else mean


def panel_data(services: Services, contact: Contact) -> Mapping[str, Any] | None:
    """None without answers, else plain values:

    ``average`` and ``count`` of all answers; ``latest``: the last five as {"score", "at": ms, "code", "title"}, newest
    first; ``line``: their polyline for each direction of reading, or None for fewer than two.
    """
    answers = [
        (points, request) for request in services.requests.readable_of(contact, *SCALES)
        if request.category != Category.CANCELLED and (points := score(request)) is not None
    ]
    if not answers:
        return None
    latest = answers[:SHOWN]
    return {
        "average": _mean([points for points, _request in answers]),
        "count": len(answers),
        "latest": [
            {"score": points, "at": request.created, "code": request.code, "title": request.title}
            for points, request in latest
        ],
        "line": _line([points for points, _request in latest]) if len(latest) > 1 else None,
    }


def _line(newest_first: Sequence[int | float]) -> dict[str, str]:
    """Points of the drawing; the newest answer lies at the end of the reading direction."""
    step = (WIDTH - 2 * MARGIN) / (len(newest_first) - 1)
    height = (HEIGHT - 2 * MARGIN) / (POINTS - 1)
    places = [(MARGIN + step * place, MARGIN + height * (POINTS - points)) for place, points in enumerate(newest_first)]
    return {
        "rtl": " ".join(f"{x:.1f},{y:.1f}" for x, y in places),
        "ltr": " ".join(f"{WIDTH - x:.1f},{y:.1f}" for x, y in places),
    }


def timeline_line(request: Request, event: Event) -> Text | None:
    """The score of an answer and the beginning of the citizen's words, at its registration."""
    points = score(request) if event.kind == EntryKind.REGISTERED else None
    if points is None:
        return None
    values = {"score": Decimal(str(points)), "words": _words(request)}
    if request.type != SATISFACTION_TYPE:
        return _("Questionnaire: ${score} of 5", mapping=values)
    if values["words"]:
        return _("Survey after closing: ${score} of 5. “${words}”", mapping=values)
    return _("Survey after closing: ${score} of 5", mapping=values)


def _words(request: Request) -> str:
    answers = request.submission.answers if request.submission is not None else {}
    words = " ".join(str(answers.get("words", {}).get("value") or "").split())
    return words if len(words) <= LONGEST else words[:LONGEST].rstrip() + "…"


PANEL = Panel(
    "surveys.dossier", _("Satisfaction"), "crm_surveys:templates/panel.pt", panel_data, icon="emoji-neutral",
    permission=READ,
)
