"""What we owe a citizen: open requests, the most urgent first, of which a narrow screen shows two; and promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_core.model.contact import Contact
from crm_core.model.request import Priority
from crm_core.model.request import Request as Case
from crm_core.services.visibility import Visibility
from crm_views.desk import promised, rows

if TYPE_CHECKING:
    from pyramid.request import Request

FIRST = 2
"""Open requests that even a narrow screen shows."""
SHOWN = 6
"""Open requests that stand open on wide screens; what is behind them is folded."""
MOST = 100
"""Open requests that are drawn at all."""
_NEVER = 1 << 62


def owed(request: Request, contacts: list[Contact], path: str) -> dict[str, Any]:
    """Open requests and promises of one citizen, whose dossier is at ``path``; requests that may only be counted as a
    number, what is hidden not at all."""
    eyes = request.services.eyes
    full: list[Case] = []
    counted = closed = 0
    for case in (case for contact in contacts for case in contact.requests.values()):
        seen = eyes.of_request(case)
        if seen is Visibility.HIDDEN:
            continue
        if not case.is_open:
            closed += 1
        elif seen is Visibility.FULL:
            full.append(case)
        else:
            counted += 1
    full.sort(key=lambda case: _urgency(request, case))
    drawn = [rows.owe(request, case) for case in full[:MOST]]
    return {
        "first": drawn[:FIRST], "second": drawn[FIRST:SHOWN], "folded": drawn[SHOWN:],
        "open": len(full) + counted, "more": max(0, len(drawn) - FIRST),
        "late": sum(rows.is_late(request, case) for case in full),
        "promised": promised.of_contact(request, contacts, path),
        "path": path,
        "cut": max(0, len(full) - MOST), "counted": counted, "closed": closed,
    }


def _urgency(request: Request, case: Case) -> tuple[bool, int, int, int]:
    """Late before all, then by the day the answer is due, of one day the weightier one, then the older one."""
    due = _NEVER if case.due is None else case.due // 86_400_000
    order = list(Priority)
    return not rows.is_late(request, case), due, -order.index(Priority(case.priority)), case.id
