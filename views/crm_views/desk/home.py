"""The start page is the work: views with their counts, the day, and one list of requests; and what is new in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from chameleon.utils import Markup
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render
from pyramid.response import Response
from pyramid.view import view_config
from webob.multidict import MultiDict

from crm_core.i18n import Text, TextFactory
from crm_core.model.interaction import Interaction
from crm_core.security.permissions import Permission
from crm_core.services.once import new_key
from crm_core.services.worklists import MOST_READ, PAGE, Found, Place
from crm_views.desk import rows, worknav
from crm_views.desk.drafts import drafts_of
from crm_views.desk.workasked import COLUMNS, NAMES, UNNAMED, Asked, asked, oversees, units_of
from crm_views.desk.workday import day_line
from crm_views.desk.workrows import digest, work_row
from crm_views.desk.workundo import undo_strip
from crm_views.security import SIGNED_IN

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

COLUMN_WORDS: dict[str, Text] = {
    "status": _("Status"), "at": _("With whom"), "clock": _("Deadline"), "news": _("Last news"),
    "channel": _("Channel"), "priority": _("Priority"), "arrival": _("Arrived"),
}
SORTED_BY = {"status": "status", "clock": "due", "news": "news", "priority": "priority", "arrival": "arrival"}
SORT_WORDS: dict[str, Text] = {
    "due": _("Deadline"), "priority": _("Priority"), "arrival": _("Arrived"), "news": _("Last news"),
    "status": _("Status"),
}
WORDS: dict[str, Text] = {
    "new": _("New citizen"), "log": _("Log a conversation"), "without": _("Take this filter away"),
}
EMPTY: dict[str, tuple[str, Text, Text]] = {
    "mine": ("inbox", _("Nothing waits for you"), _("“The next one” brings the most urgent request of your unit.")),
    "today": ("inbox", _("Nothing more is due today"), _("What is late has a view of its own.")),
    "late": ("inbox", _("Nothing is late"), _("What passes its deadline appears here.")),
    "waiting": ("inbox", _("Nobody is waited for"), _("Requests that wait for a document or an answer of the citizen "
                                                     "appear here.")),
    "unit": ("inbox", _("The unit has no open requests"), _("What is handed to the unit appears here.")),
    "free": ("inbox", _("Everything is in somebody’s hands"), _("Requests of the unit that nobody has appear here.")),
    UNNAMED: ("inbox", _("Every conversation has a name"), _("Conversations with somebody unknown wait here until you "
                                                          "say who it was.")),
}
REACHES: dict[str, Text] = {
    "words": _("Behind the first ${count}, only whole words and their beginnings were searched."),
    "first": _("Not all could be searched for these words, only the first ${count} and some others; narrow the list "
               "down first."),
}
"""What is said below a search by words that did not read all of a long list letter by letter."""
EMPTY_ELSE = ("inbox", _("Nothing waits for you"), _("What is handed to you appears here."))
"""For those who have no button that brings the next request."""


@view_config(route_name="home", request_method="GET", permission=SIGNED_IN, renderer="crm_views:templates/work.pt")
def home(request: Request) -> dict[str, Any] | Response:
    """The work page. What it shows is in the query (`workasked.asked`); without one it may lead elsewhere."""
    elsewhere = "" if request.GET else _landing(request)
    if elsewhere:
        return HTTPSeeOther(location=elsewhere)
    want = asked(request)
    unnamed = want.view == UNNAMED
    found = Found() if unnamed else request.services.work.find(want.wanted, want.page)
    kept = worknav.kept(request, want, kept_counts(request))
    own = [{"title": request.ui.show.text(_("My own lists")), "rows": [*kept, _manage(request)]}] if kept else []
    return {
        "title": _("Work"),
        "list_title": worknav.title(request, want),
        "words": WORDS,
        "groups": [*worknav.views(request, want), *own],
        "day": day_line(request),
        "drafts": drafts_of(request, 5) if want.view == "mine" and not want.is_filtered else [],
        "filters": "" if unnamed else _part(request, "filters", _filter_values(request, want, found)),
        "rows": _part(request, "rows", _row_values(request, want, found)),
        "digest": digest(found.requests, found.total),
        "undo": undo_strip(request, want.query),
        "no_unit": has_no_unit(request),
        "may": _may(request),
        "key": new_key(),
        "news_href": f"/work/news?{want.query}" + (f"&page={found.number}" if found.number > 1 else ""),
    }


def _landing(request: Request) -> str:
    """Where the start page leads who has no work of his own here; empty for everybody else.

    Who only administers goes to the administration; who leads units, or all of them, and logs nothing, to what is late
    in them, or to all there is.
    """
    if not request.has_permission(Permission.REQUEST_VIEW):
        return "/admin" if request.has_permission(Permission.ADMIN) else ""
    services, units = request.services, units_of(request)
    leads = units and not request.has_permission(Permission.INTERACTION_LOG)
    if not leads or services.requests.count_work(user=services.identity.user_id):
        return ""
    return "/?view=unit-late" if services.work.tally(Place(units=units)).late else "/?view=unit"


def has_no_unit(request: Request) -> bool:
    """Whether the reader works on requests and belongs to no unit yet, so that none can come to him by a unit."""
    may = request.has_permission
    works = may(Permission.REQUEST_VIEW) and not may(Permission.REQUEST_VIEW_ALL_UNITS)
    return bool(works and not request.login.user.units)


def _part(request: Request, name: str, values: dict[str, Any]) -> Markup:
    return Markup(render(f"crm_views:templates/work_{name}.pt", values | {"words": WORDS}, request=request))


def _filter_values(request: Request, want: Asked, found: Found) -> dict[str, Any]:
    return {
        "asked": want,
        "filters": worknav.filters(request, want),
        "columns": _columns(request, want),
        "sorts": _sorts(request, want),
        "keep_href": f"/work/views/new?{urlencode({'q': want.query})}",
        "reach_words": REACHES[found.reach] % {"count": MOST_READ} if found.reach in REACHES else "",
    }


def _row_values(request: Request, want: Asked, found: Found) -> dict[str, Any]:
    show, may = request.ui.show, _may(request)
    unnamed = want.view == UNNAMED
    counted = _("1 request you may not read") if found.counted == 1 else _(
        "${count} requests you may not read", mapping={"count": found.counted})
    return {
        "asked": want,
        "columns": _columns(request, want),
        "rows": [work_row(request, case, want.columns) for case in found.requests],
        "found": found,
        "may": may,
        "may_change": may["assign"] or may["change"],
        "select_word": show.text(_("Select")),
        "selected_words": show.text(_("${count} selected", mapping={"count": "{}"})),
        "here": want.href(page=str(found.number) if found.number > 1 else None),
        "shown_words": shown_words(found),
        "more": _neighbours(want, found),
        "counted_words": counted,
        "unknown": [_unknown(request, one) for one in worknav.unidentified(request)] if unnamed else [],
        "empty": EMPTY_ELSE if want.view == "mine" and not may["next"] else EMPTY.get(want.view, EMPTY["late"]),
        "all_href": want.href(**dict.fromkeys(NAMES[2:12])),
    }


def _manage(request: Request) -> dict[str, Any]:
    return {"key": "manage", "href": "/work/views", "icon": "pencil", "text": request.ui.show.text(_("Rename…")),
            "count": "", "tone": "", "current": False}


def _may(request: Request) -> dict[str, bool]:
    is_onlooker = oversees(request) and not request.services.work.units()  # nothing waits for him to take it
    return {
        "add": bool(request.has_permission(Permission.CONTACT_EDIT)),
        "log": bool(request.has_permission(Permission.INTERACTION_LOG)),
        "assign": bool(request.has_permission(Permission.REQUEST_ASSIGN)),
        "change": bool(request.has_permission(Permission.REQUEST_CHANGE_STATUS)),
        "next": bool(request.has_permission(Permission.REQUEST_ASSIGN) and not is_onlooker),
    }


@view_config(route_name="work_news", request_method="GET", permission=SIGNED_IN, renderer="json")
def news(request: Request) -> dict[str, Any]:
    """The counts of all views, and whether the list of this address is still the same: asked for now and then."""
    want = asked(request)
    groups = worknav.views(request, want)
    found = Found() if want.view == UNNAMED else request.services.work.find(want.wanted, want.page)
    counts = {row["key"]: row["count"] for group in groups for row in group["rows"]}
    counts |= {row["key"]: row["count"] for row in worknav.kept(request, want, kept_counts(request))}
    return {"counts": counts, "list": digest(found.requests, found.total)}


def kept_counts(request: Request) -> dict[str, int | None]:
    """How many each kept list has, by its id; None where that would take long."""
    counts: dict[str, int | None] = {}
    for view in request.services.work_views.all():
        other = asked(request, MultiDict(parse_qsl(view["query"])))
        counts[view["id"]] = None if other.view == UNNAMED else request.services.work.count(other.wanted)
    return counts


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────


def _columns(request: Request, want: Asked) -> list[dict[str, Any]]:
    """All columns: whether it is shown, and where its head sorts."""
    show = request.ui.show
    now = want.wanted.sort
    found = []
    for name in COLUMNS:
        sort = SORTED_BY.get(name, "")
        is_sorted = bool(sort) and sort == now
        turned = f"-{sort}" if is_sorted and not want.wanted.backwards else sort
        found.append({
            "name": name, "text": show.text(COLUMN_WORDS[name]), "shown": name in want.columns, "sorted": is_sorted,
            "backwards": is_sorted and want.wanted.backwards,
            "href": want.href(sort=None if turned == "due" else turned) if sort else "",
        })
    return found


def _sorts(request: Request, want: Asked) -> list[tuple[str, str, bool]]:
    show = request.ui.show
    now = ("-" if want.wanted.backwards else "") + want.wanted.sort
    offered = [(name, show.text(words), name == now) for name, words in SORT_WORDS.items()]
    if want.wanted.backwards:
        words = _("${column}, turned around", mapping={"column": SORT_WORDS[want.wanted.sort]})
        offered.append((now, show.text(words), True))
    return offered


def shown_words(found: Found) -> Text:
    """How much of the list is on this page: "8 of 17"."""
    first = (found.number - 1) * PAGE
    if found.pages == 1:
        return _("${shown} of ${total}", mapping={"shown": len(found.requests), "total": found.total})
    return _("${first} to ${last} of ${total}",
             mapping={"first": first + 1, "last": first + len(found.requests), "total": found.total})


def _neighbours(want: Asked, found: Found) -> dict[str, str]:
    number = found.number
    return {
        "before": want.href(page=str(number - 1) if number > 2 else None) if number > 1 else "",
        "after": want.href(page=str(number + 1)) if number < found.pages else "",
    }


def _unknown(request: Request, interaction: Interaction) -> dict[str, Any]:
    return {
        "href": f"/interactions/{interaction.id}",
        "subject": interaction.subject,
        "time": request.ui.show.time(interaction.started, "day"),
        "address": rows.address_words(request, interaction.address),
        "by": rows.user_name(request, interaction.created_by),
    }
