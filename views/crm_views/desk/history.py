"""What was changed about a request, by whom and when, with old and new values as far as they are words.

Facts come from the request's events; what a field said before and after comes from its audit, which erasure empties.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_core.i18n import TextFactory
from crm_core.model.ids import id_time
from crm_core.model.request import Request as Case
from crm_core.model.timeline import EntryKind, Event
from crm_views import words
from crm_views.desk import rows
from crm_views.desk.entries import event_words

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
SHOWN = 200
"""Lines on the page; who needs more reads the audit."""
LONGEST = 300
"""Characters of an old or new text."""


def history(request: Request, case: Case) -> list[dict[str, Any]]:
    """What happened to the request, newest first."""
    changes = _changes(case)
    return [_line(request, case, event, changes) for event in list(reversed(case.events.values()))[:SHOWN]]


def _line(request: Request, case: Case, event: Event, changes: dict[int, dict[str, Any]]) -> dict[str, Any]:
    subject, note, icon = event_words(request, case, event)
    born = event.kind == EntryKind.REGISTERED
    fields = changes.get(event.at, {}) if event.kind == EntryKind.CHANGED else {}
    return {
        "subject": request.ui.show.text(_("Registered")) if born else subject,
        "note": "" if born else note,
        "icon": icon,
        "by": rows.user_name(request, event.by),
        "when": request.ui.show.time(event.at),
        "changes": [_change(request, name, fields[name]) for name in event.data.get("fields", ()) if name in fields
                    and name in WORDS],
    }


def _changes(case: Case) -> dict[int, dict[str, Any]]:
    """The audit's changes by their moment: ``{field: [old, new]}``."""
    found: dict[int, dict[str, Any]] = {}
    for key, row in case.audit.items() if case.audit is not None else ():
        found.setdefault(id_time(key), {}).update(row["changes"])
    return found


def _change(request: Request, name: str, change: list[Any]) -> dict[str, Any]:
    old, new = (WORDS[name](request, value) for value in change)
    return {"field": words.FIELDS.get(name, name), "old": old, "new": new, "long": name == "text"}


def _text(request: Request, value: Any) -> str:
    return rows.short(str(value or ""), LONGEST)


def _priority(request: Request, value: Any) -> str:
    return str(request.ui.show.text(words.PRIORITIES.get(value, value)))


def _degree(request: Request, value: Any) -> str:
    return str(request.ui.show.text(words.CONFIDENTIALITIES.get(value, value)))


def _moment(request: Request, value: Any) -> str:
    return str(request.ui.show.date(value, "date")) if isinstance(value, int) else ""


WORDS = {"title": _text, "text": _text, "priority": _priority, "confidentiality": _degree, "due": _moment,
         "closed": _moment}
"""Fields whose old and new values are shown, and how each is written."""


def hands(request: Request, case: Case) -> list[dict[str, Any]]:
    """In whose hands the request was, the present ones first: unit and person, since when, from whom."""
    show = request.ui.show
    moves = [event for event in case.events.values() if event.kind == EntryKind.ASSIGNED]
    first = moves[0].data.get("from", {}) if moves else {"unit": case.unit, "assignee": case.assignee}
    steps: list[dict[str, Any]] = [{"unit": first.get("unit"), "assignee": first.get("assignee"), "at": case.created,
                                    "by": case.created_by}]
    steps += [{"unit": event.data.get("unit"), "assignee": event.data.get("assignee"), "at": event.at, "by": event.by}
              for event in moves]
    return [
        {
            "unit": rows.unit_name(request, step["unit"]),
            "person": rows.user_name(request, step["assignee"]) if step["assignee"] else "",
            "by": rows.user_name(request, step["by"]),
            "when": show.relative_day(step["at"]) + show.text(_(", ")) + show.clock(step["at"]),
            "is_here": place == len(steps) - 1,
            "ended": _ended(request, case) if place == len(steps) - 1 and not case.is_open else None,
        }
        for place, step in enumerate(steps)
    ][::-1]


def _ended(request: Request, case: Case) -> dict[str, str]:
    """How a closed request ended, by whom and when; ``by`` is "" where no one is known to have closed it."""
    show = request.ui.show
    moves = [event for event in case.events.values() if event.kind == EntryKind.STATUS]
    last = moves[-1] if moves and moves[-1].data.get("to") == case.status else None
    at = last.at if last is not None else case.closed
    return {
        "status": rows.status_name(request, case.version, case.status),
        "by": rows.user_name(request, last.by) if last is not None else "",
        "when": show.relative_day(at) + show.text(_(", ")) + show.clock(at) if at is not None else "",
    }
