"""What a complaint adds to the dossier: a panel with what is open and what was answered, a line in the timeline.

Only complaints that the reader may read in full are counted; others do not exist here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from crm_complaints.workflow import ANSWERED, REJECTED, TYPE
from crm_core.api import Contact, CorePermission, EntryKind, Event, Labels, Panel, Request, Services, Text, TextFactory

_ = TextFactory("crm_complaints")


def panel_data(services: Services, contact: Contact) -> Mapping[str, Any] | None:
    """None without complaints, else plain values:

    ``open_count``, ``closed_count``; ``kinds``: [{"label": labels, "count": n}], most first; ``last``: the last answer
    as {"code", "title", "status": labels, "note", "at": milliseconds UTC}, or None.
    """
    complaints = services.requests.readable_of(contact, TYPE)
    if not complaints:
        return None
    still_open = sum(request.is_open for request in complaints)
    labels: dict[str, Labels] = {}
    kinds: Counter[str] = Counter()
    for request in complaints:
        kind, label = _answer(request, "category")
        labels.setdefault(kind, label)  # the newest wording: complaints come newest first
        kinds[kind] += 1
    return {
        "open_count": still_open,
        "closed_count": len(complaints) - still_open,
        "kinds": [{"label": labels[kind], "count": count} for kind, count in kinds.most_common()],
        "last": max(filter(None, map(_last_answer, complaints)), key=lambda answer: int(answer["at"]), default=None),
    }


def _last_answer(request: Request) -> dict[str, Any] | None:
    given = [
        event for event in request.events.values()
        if event.kind == EntryKind.STATUS and event.data.get("to") in (ANSWERED, REJECTED)
    ]
    if not given:
        return None
    event = max(given, key=lambda one: int(one.at))
    return {
        "code": request.code,
        "title": request.title,
        "status": request.version.status(event.data["to"]).labels,
        "note": event.data.get("note", ""),
        "at": event.at,
    }


def _answer(request: Request, name: str) -> tuple[str, Labels]:
    """The value of a chosen answer and its words as they were shown."""
    answer = request.submission.answers.get(name, {}) if request.submission is not None else {}
    value = str(answer.get("value") or "")
    text = answer.get("text")
    return value, dict(text) if isinstance(text, Mapping) else {"fa": value, "en": value}


def timeline_line(request: Request, event: Event) -> Text | None:
    """The kind and the place of a complaint, at its registration."""
    if event.kind != EntryKind.REGISTERED:
        return None
    kind, label = _answer(request, "category")
    place, _label = _answer(request, "place")
    if not kind:
        return None
    if place:
        return _("Complaint: ${kind}, at ${place}", mapping={"kind": label, "place": place})
    return _("Complaint: ${kind}", mapping={"kind": label})


PANEL = Panel(
    "complaints.dossier", _("Complaints"), "crm_complaints:templates/panel.pt", panel_data, icon="megaphone",
    permission=CorePermission.REQUEST_VIEW.value,
)
