"""Promises in words: a row with its clock and one click to keep it, wherever promises stand, and their entries in the
history.

Whoever calls these has asked the services for promises that may be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from chameleon.utils import Markup
from pyramid.renderers import render

from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.promise import Promise, PromiseState
from crm_core.model.request import Request as Case
from crm_core.model.timeline import EntryKind, Event
from crm_core.security.permissions import Permission
from crm_core.services.once import new_key
from crm_core.services.visibility import Visibility
from crm_views.components.ui import Category
from crm_views.desk import rows
from crm_views.desk.workrows import NEAR, duration

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

ICONS: Mapping[str, str] = {"call": "telephone", "visit": "person-walking", "answer": "reply"}
STATES: Mapping[str, tuple[Category, Text]] = {
    "open": ("waiting", _("Still open")), "past": ("late", _("Broken")), "kept": ("done", _("Kept")),
    "late": ("done", _("Kept late")), "broken": ("late", _("Not kept")), "withdrawn": ("cancelled", _("Withdrawn")),
}
ENTRIES: Mapping[str, tuple[Text, str]] = {
    EntryKind.PROMISED: (_("Promised: ${what}"), "hourglass-split"),
    EntryKind.KEPT: (_("Kept: ${what}"), "check2-circle"),
    EntryKind.BROKEN: (_("Not kept in time: ${what}"), "x-circle"),
    EntryKind.WITHDRAWN: (_("Withdrawn: ${what}"), "dash-circle"),
}
KEPT_LATE = _("Kept late: ${what}")
MOST = 50
"""Promises of one list that are drawn."""


def subject(request: Request, promise: Promise) -> str:
    """What was promised."""
    return str(request.ui.show.text(request.services.promises.words(promise)))


def owner(request: Request, promise: Promise) -> str:
    """Who keeps it."""
    if promise.user is None:
        return rows.unit_name(request, promise.unit)
    if promise.user == request.services.identity.user_id:
        return str(request.ui.show.text(_("you")))
    return rows.user_name(request, promise.user)


def when(request: Request, at: int) -> str:
    """A moment as promises name it: the day as people say it, and the hour."""
    show = request.ui.show
    return str(show.text(_("${day}, ${time}", mapping={"day": show.relative_day(at), "time": show.clock(at)})))


def state(request: Request, promise: Promise) -> str:
    """A word of `STATES`."""
    if promise.is_open:
        return "past" if promise.is_broken(request.services.now) else "open"
    return "late" if promise.state == PromiseState.KEPT and promise.broke is not None else promise.state


def clock(request: Request, promise: Promise) -> dict[str, Any]:
    """How much time is left to keep it: a sentence, and how it looks."""
    show, now = request.ui.show, request.services.now
    span = duration(abs(promise.due - now), show.day(promise.due), show.day(now))
    if promise.due < now:
        return {"css": "late", "words": show.sentence(_("broken, ${time} past", mapping={"time": span}))}
    gone = 100 * (now - promise.created) // max(promise.due - promise.created, 1)
    return {"css": "near" if gone >= NEAR else "", "words": show.sentence(_("${time} left", mapping={"time": span}))}


def row(request: Request, promise: Promise, *, named: bool = False, coded: bool = True) -> dict[str, Any]:
    """A promise as a line; ``named``: with the citizen, ``coded``: with its request, where the page is not theirs."""
    show, services = request.ui.show, request.services
    ticking = clock(request, promise)
    beside = [owner(request, promise)]
    case = services.root.requests.get(promise.request or 0)
    readable = coded and case is not None and services.eyes.of_request(case) is Visibility.FULL
    contact = services.contacts.find(promise.contact)
    return {
        "id": str(promise.id), "href": f"/promises/{promise.id}", "subject": subject(request, promise),
        "icon": "x-circle" if ticking["css"] == "late" else ICONS.get(promise.what, "hourglass-split"),
        "edge": {"late": "late", "near": "soon"}.get(ticking["css"], ""), "clock": ticking,
        "by": show.text(_("by ${when}", mapping={"when": when(request, promise.due)})),
        "iso": show.iso(promise.due), "hover": f"{show.datetime(promise.due)} · {show.other_date(promise.due)}",
        "beside": beside, "citizen": rows.contact_name(request, contact) if named else "",
        "citizen_href": f"/contacts/{promise.contact}" if named else "",
        "code": show.code(case.code) if readable and case is not None else "",
        "case_href": f"/requests/{case.code}" if readable and case is not None else "",
        "key": new_key(),
    }


def lines(
    request: Request, promises: Iterable[Promise], back: str, *, named: bool = False, coded: bool = True
) -> Markup:
    """Open promises, drawn; ``back``: where one comes to when one was kept."""
    values = {"rows": [row(request, one, named=named, coded=coded) for one in promises], "back": back,
              "may": bool(request.has_permission(Permission.INTERACTION_LOG))}
    return Markup(render("crm_views:templates/promise_rows.pt", values, request=request))


def panel(
    request: Request, promises: list[Promise], *, new: str, back: str, all_href: str = "", coded: bool = True
) -> Markup:
    """The sheet of promises beside what is owed: the open ones, how many ended, and the way to a new one.

    Empty where nothing was promised and nothing may be.
    """
    still = [one for one in promises if one.is_open]
    ended = [one for one in promises if not one.is_open]
    may = request.has_permission(Permission.INTERACTION_LOG)
    if not promises and not may:
        return Markup("")
    values = {
        "open": len(still), "broken": sum(state(request, one) in ("past", "broken", "late") for one in promises),
        "rows": lines(request, still[:MOST], back, coded=coded), "more": max(0, len(still) - MOST),
        "ended": len(ended), "all_href": all_href, "new": new if may else "",
    }
    return Markup(render("crm_views:templates/promise_panel.pt", values, request=request))


def of_contact(request: Request, linked: list[Contact], path: str) -> Markup:
    """The sheet on a dossier."""
    return panel(request, request.services.promises.of_contact(linked), new=f"{path}/promises/new", back=path,
                 all_href=f"{path}?show=promises#timeline")


def of_case(request: Request, case: Case) -> Markup:
    """The sheet on the page of a request; empty where nobody is known who sent it."""
    contact = request.services.contacts.find(case.contact)
    if contact is None or request.services.eyes.of_contact(contact) is not Visibility.FULL:
        return Markup("")
    return panel(request, request.services.promises.of_request(case), back=f"/requests/{case.code}",
                 new=f"/contacts/{contact.id}/promises/new?about={case.code}", coded=False)


# ── in the history ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Told:
    """An entry in words; ``link`` is the way to the promise."""

    subject: str
    icon: str
    meta: str = ""
    words: str = ""
    link: dict[str, Any] = field(default_factory=dict)


def told(request: Request, event: Event) -> Told:
    """An entry about a promise."""
    show, book = request.ui.show, request.services.root.promises
    promise: Promise | None = book.promises.get(event.data["promise"]) if book is not None else None
    if promise is None:
        return Told(show.text(_("A promise that is gone")), "hourglass-split")
    words, icon = ENTRIES[event.kind]
    if event.kind == EntryKind.KEPT and promise.broke is not None:
        words = KEPT_LATE
    made = event.kind == EntryKind.PROMISED
    parts = []
    if made:
        parts = [show.text(_("by ${when}", mapping={"when": show.datetime(promise.due, "weekday")})),
                 show.text(_("kept by ${owner}", mapping={"owner": owner(request, promise)}))]
    if event.kind != EntryKind.BROKEN:  # that a time passed nobody did
        parts.append(rows.user_name(request, event.by))
    return Told(
        show.text(words % {"what": subject(request, promise)}), icon, show.text(_(", ")).join(parts),
        _instead(request, promise) if made else promise.note if event.kind != EntryKind.BROKEN else "",
        {"href": f"/promises/{promise.id}", "link": Markup(escape(show.text(_("Promise"))))},
    )


def _instead(request: Request, promise: Promise) -> str:
    """What of a promise was moved, if it was."""
    old: Promise | None = request.services.root.promises.promises.get(promise.replaces or 0)
    if old is None:
        return ""
    show = request.ui.show
    moment = show.datetime(old.due, "weekday")
    words = show.text(_("In place of the one by ${when}", mapping={"when": moment}))
    return show.text(_(": ")).join((words, old.note)) if old.note else words
