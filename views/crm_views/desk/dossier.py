"""The dossier: who this is, how sure we are, what we owe, what happened; all of one citizen on one page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from chameleon.utils import Markup
from pyramid.renderers import render
from pyramid.response import Response
from pyramid.view import view_config

from crm_core.i18n import TextFactory
from crm_core.model.contact import Contact
from crm_core.security.permissions import Permission
from crm_core.services.visibility import Visibility
from crm_views.desk import duplicates, news, rows
from crm_views.desk.composer import composer
from crm_views.desk.contactfields import boxes
from crm_views.desk.find import words_of
from crm_views.desk.owing import owed
from crm_views.desk.panels import panels
from crm_views.desk.pulse import edges, month_starts, pulse
from crm_views.desk.things import contact_of, note_read, polled_contact, readable_contact
from crm_views.desk.timeline import asked, page_rows, timeline
from crm_views.desk.who import head

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

BAR = 4
"""Actions in the fixed bar of a phone, beside "more"."""


@view_config(route_name="contact", request_method="GET", permission=Permission.CONTACT_FIND.value,
             renderer="crm_views:templates/dossier.pt")
def dossier(request: Request, composing: Markup | None = None) -> dict[str, Any]:
    """The page; ``composing`` is a composer that was sent and refused, in place of the one that begins."""
    contact, seen = contact_of(request)
    linked = records(request, contact)
    path = f"/contacts/{contact.id}"
    values = {"title": rows.contact_name(request, contact), "contact": contact, "path": path}
    if seen is not Visibility.FULL:
        request.override_renderer = "crm_views:templates/dossier_counted.pt"
        return values | counted(request, contact, linked)
    request.crm_app.looks.note(request.services.identity.user_id, contact.id, request.services.now)
    return values | head(request, contact, linked) | history(request, contact, linked) | {
        "actions": actions(request, contact),
        "others": duplicates.recorded_as(request, contact),
        "doubles": duplicates.notice(request, contact),
        "owed": part(request, "owe", owed(request, linked, path)),
        "panels": panels(request, contact, boxes(request, linked)),
        "composer": composing if composing is not None else composer(request, contact),
        "after": news.place(request, linked),
    }


def records(request: Request, contact: Contact) -> list[Contact]:
    """All records of this citizen that the reader may know of, this one first."""
    return list(request.services.contacts.linked(contact))


def history(request: Request, contact: Contact, linked: list[Contact]) -> dict[str, Any]:
    """The timeline and the pulse above it, from one walk over the headers."""
    path = f"/contacts/{contact.id}"
    starts = month_starts(request)
    tally = request.services.timeline.tally(linked, edges(request, starts))
    shown = timeline(request, linked, path, tally)
    want = shown["asked"]
    chosen = (want.first, want.last) if want.first is not None and want.last is not None else None
    return {
        "timeline": shown,
        "filters": part(request, "filters", {"timeline": shown, "path": path}),
        "entries": part(request, "rows", shown),
        "pulse": part(request, "pulse", {"pulse": pulse(request, starts, tally.spans, path, chosen)}),
    }


def part(request: Request, name: str, values: dict[str, Any]) -> Markup:
    """A part of the page that is also sent alone: to be put in its place again when there are news."""
    return Markup(render(f"crm_views:templates/dossier_{name}.pt", values, request=request))


def counted(request: Request, contact: Contact, linked: list[Contact]) -> dict[str, Any]:
    """Of a record that may only be counted: how much there is, and nothing of it."""
    cases = [case for one in linked for case in one.requests.values()]
    seen = [case for case in cases if request.services.eyes.of_request(case) is not Visibility.HIDDEN]
    return {
        "may_erase": request.has_permission(Permission.ADMIN),
        "entries": request.services.timeline.tally(linked).counts["all"],
        "open": sum(case.is_open for case in seen),
        "closed": sum(not case.is_open for case in seen),
    }


# ── rows and news alone ──────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="contact_entries", request_method="GET", permission=Permission.CONTACT_VIEW.value)
def entries(request: Request) -> Response:
    """The rows of one page of the history alone, for a timeline that goes on while it is read."""
    contact = readable_contact(request)
    linked = records(request, contact)
    shown = page_rows(request, linked, f"/contacts/{contact.id}", asked(request))
    return news.html(request, part(request, "rows", shown))


@view_config(route_name="contact_news", request_method="GET", permission=Permission.CONTACT_VIEW.value, renderer="json")
def whats_new(request: Request) -> dict[str, Any]:
    """What changed since the place ``after``: the newest rows, what we owe, the counts; nothing but the place if not.

    The rest of the query is the filter of the page that asks.
    """
    contact = polled_contact(request)
    linked = records(request, contact)
    now = news.place(request, linked)
    if not news.is_new(request, linked, request.GET.get("after", "")):
        return {"after": now}
    note_read(request, contact)
    shown = history(request, contact, linked)
    path = f"/contacts/{contact.id}"
    return {
        "after": now, "rows": shown["entries"], "filters": shown["filters"], "pulse": shown["pulse"],
        "owed": part(request, "owe", owed(request, linked, path)),
    }


# ── what can be done ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Action:
    """A button below the head. ``minor`` ones stand behind "more" on a phone."""

    text: Any
    href: str
    icon: str
    key: str
    look: str = "quiet"
    minor: bool = False


def actions(request: Request, contact: Contact) -> list[Action]:
    """The buttons below the head, as far as the reader may press them: four for every screen, then the others."""
    here = f"/contacts/{contact.id}"
    number = words_of(request, "address")
    log = f"{here}?{urlencode({'address': number})}&compose=" if number else f"{here}?compose="
    wanted = (
        (Permission.INTERACTION_LOG, _("Log a call"), f"{log}phone", "telephone-plus", "C"),
        (Permission.INTERACTION_LOG, _("Visit"), f"{log}in_person", "person-walking", "V"),
        (Permission.REQUEST_CREATE, _("New request"), f"{here}/requests/new", "folder-plus", "N"),
        (Permission.INTERACTION_LOG, _("Message"), f"{log}message", "chat-left-text", "M"),
        (Permission.INTERACTION_LOG, _("Promise"), f"{here}/promises/new", "hourglass-split", "P"),
        (Permission.INTERACTION_LOG, _("Note"), f"{log}note", "journal-text", "O"),
        (Permission.CONTACT_EDIT, _("Identity"), f"{here}/identity", "patch-check", "I"),
        (Permission.CONTACT_EDIT, _("Edit"), f"{here}/edit", "pencil", "E"),
    )
    allowed = [row[1:] for row in wanted if request.has_permission(row[0])]
    return [Action(*row, look="primary" if place == 0 else "quiet", minor=place >= BAR)
            for place, row in enumerate(allowed)]
