"""The day line: what of one's own work and promises is due today, and the times plugins know of, on one ruler with a
mark for now.

A quarter of an hour is one column; times before opening and after closing are said in words at its end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crm_core.i18n import TextFactory
from crm_core.model.promise import Promise
from crm_core.model.request import Category
from crm_core.model.request import Request as Case
from crm_core.services.daytimes import day_times
from crm_core.services.worklists import Wanted
from crm_views.desk import promised, rows

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

OPENING, QUARTERS = (7, 30), 32
QUARTER = 900_000
"""The desk's hours until an administrator can set them: eight hours from half past seven."""
SPAN = 5
"""Quarters that a thing takes on the ruler, enough for its words."""
ROWS = 3
MOST = 40


def day_line(request: Request) -> dict[str, Any] | None:
    """The template's values; None on a day when nothing is due and nobody is expected."""
    services, show = request.services, request.ui.show
    clock = services.clock
    morning = clock.moment(clock.today())
    wanted = replace(Wanted(services.work.own()), since=morning, until=clock.tonight())
    times = [(case.due or 0, _thing(request, case.due or 0, case.title, case, True))
             for case in services.work.first(wanted, MOST)]
    told = day_times(services.context, services.identity.user_id or 0, morning, clock.tonight())
    times += [(one.at, _thing(request, one.at, one.title, case, False)) for one, case in told[:MOST]]
    times += [(one.due, _promise(request, one)) for one in _promised(request, morning, clock.tonight())[:MOST]]
    times.sort(key=lambda one: one[0])
    if not times:
        return None
    opening = clock.moment(clock.today(), *OPENING)
    free_from = [0] * ROWS
    things, beside = [], []
    for at, thing in times:
        quarter = (at - opening) // QUARTER
        row = next((place for place, free in enumerate(free_from) if free <= quarter), None)
        if not 0 <= quarter < QUARTERS or row is None:
            beside.append(thing)
            continue
        start = min(quarter, QUARTERS - SPAN)
        if start < free_from[row]:
            beside.append(thing)
            continue
        free_from[row] = start + SPAN
        things.append(thing | {"css": f"q{start + 1} r{row + 1} span{SPAN}"})
    now = (services.now - opening) // QUARTER
    return {
        "hours": [show.clock(opening + hour * 4 * QUARTER) for hour in range(QUARTERS // 4)],
        "things": things,
        "beside": beside,
        "rows": sum(1 for free in free_from if free),
        "now": now + 1 if 0 <= now < QUARTERS else 0,
        "now_words": show.clock(services.now),
    }


def _thing(request: Request, at: int, title: str, case: Case, is_due: bool) -> dict[str, Any]:
    """A time on the line. Only an answer that is owed can be late; a meeting that has begun is not."""
    late = is_due and at < request.services.now
    tone = "x" if late else "p" if case.category == Category.WAITING else ""
    show = request.ui.show
    return {"href": f"/requests/{case.code}", "time": show.clock(at), "subject": show.text(title), "tone": tone,
            "late": late}


def _promised(request: Request, since: int, until: int) -> list[Promise]:
    """The promises of the reader and of his own units that are due in a time; also those that were kept in it."""
    promises, me = request.services.promises, request.services.identity.user_id or 0
    found, kept = list(promises.due_of_user(me, since, until)), list(promises.kept_between(since, until, user=me))
    for unit in request.services.work.units():
        found += promises.due_of_unit(unit, since, until)
        kept += promises.kept_between(since, until, unit=unit)
    return found + [one for one in kept if since <= one.due < until]


def _promise(request: Request, promise: Promise) -> dict[str, Any]:
    """A promise on the line: to whom, and what."""
    show, late = request.ui.show, promise.is_open and promise.due < request.services.now
    name = rows.contact_name(request, request.services.contacts.find(promise.contact))
    words = _("${what}, ${name}", mapping={"what": promised.subject(request, promise), "name": name})
    return {"href": f"/promises/{promise.id}", "time": show.clock(promise.due), "subject": show.text(words),
            "tone": "x" if late else "p" if promise.is_open else "k", "late": late}
