"""The page behind the search: who or what somebody may mean, each with the reason why it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pyramid.view import view_config

from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.interaction import Interaction
from crm_core.model.request import Request as Case
from crm_core.security.permissions import Permission
from crm_core.services.finder import LONGEST, Hit
from crm_core.services.visibility import Visibility
from crm_views.desk import rows
from crm_views.words import CHANNEL_ICONS, CHANNELS

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

MOST = 30
"""Hits a page shows."""
SURE, NEAR = 84, 50
"""Scores of the finder from which a hit is exact, and below which it is only near."""
GROUPS: tuple[tuple[str, Text], ...] = (
    ("contact", _("Citizens")), ("request", _("Requests")), ("interaction", _("In conversations")),
)


@view_config(route_name="find", request_method="GET", permission=Permission.CONTACT_FIND.value,
             renderer="crm_views:templates/find.pt")
def find(request: Request) -> dict[str, Any]:
    query = words_of(request)
    found = request.services.finder.find(query, limit=MOST) if query else None
    hits = found.hits if found is not None else []
    groups = [
        {"title": title, "hits": [hit_row(request, hit) for hit in hits if hit.kind == kind]} for kind, title in GROUPS
    ]
    new_phone = found.new_phone if found is not None else ""
    return {
        "title": _("Find “${words}”", mapping={"words": query}) if query else _("Find"),
        "query": query,
        "cut": len(request.GET.get("q", "")) > LONGEST,
        "groups": [group for group in groups if group["hits"]],
        "found_words": found_words(len(hits)),
        "text_missing": found is not None and found.text_missing,
        "new_phone": new_phone,
        "new_phone_words": request.ui.show.phone(new_phone) if new_phone else "",
        "may_add": request.has_permission(Permission.CONTACT_EDIT),
        "may_log": request.has_permission(Permission.INTERACTION_LOG),
        "new_href": new_contact_href(query, new_phone),
        "log_href": "/interactions/new" + (f"?{urlencode({'address': new_phone})}" if new_phone else ""),
    }


def words_of(request: Request, name: str = "q") -> str:
    """What was typed, in one line: control characters and lone surrogates count as blanks."""
    typed = request.GET.get(name, "")
    clean = "".join(char if char.isprintable() or char in "\u200c\u200d" else " " for char in typed)
    return " ".join(clean.split())[:LONGEST]


def new_contact_href(query: str, phone: str) -> str:
    """The form for a new citizen with what was typed already in it."""
    known = {"phone": phone} if phone else {"name": query} if query and not any(c.isdigit() for c in query) else {}
    return "/contacts/new" + (f"?{urlencode(known)}" if known else "")


def hit_row(request: Request, hit: Hit) -> dict[str, Any]:
    """One hit as a row: where it leads, what it says (parts: words, and whether they are a code), why, how sure."""
    show = request.ui.show
    thing = hit.thing
    row = {
        "id": hit.id,
        "href": "", "icon": "person", "title": hit.title, "parts": [(hit.subtitle, False)] if hit.subtitle else [],
        "why": show.digits(show.text(hit.why)),
        "tone": "exact" if hit.exact or hit.score >= SURE else "fuzzy" if hit.score < NEAR else "",
        "status": "",
    }
    if isinstance(thing, Contact):
        row |= _contact(request, thing)
    elif isinstance(thing, Case):
        row |= {
            "href": f"/requests/{thing.code}",
            "icon": "folder2",
            "parts": [(rows.type_name(request, thing), False), (show.code(thing.code), True), *_whose(request, thing)],
            "status": rows.status_badges(request, thing)[0],
        }
    elif isinstance(thing, Interaction):
        day = show.relative_day(thing.started)
        row |= {
            "href": f"/interactions/{thing.id}",
            "icon": CHANNEL_ICONS.get(thing.channel, "chat-left-text"),
            "parts": [(part, False)
                      for part in (show.text(CHANNELS.get(thing.channel, "")), day, hit.subtitle) if part],
        }
    return row


def _contact(request: Request, contact: Contact) -> dict[str, Any]:
    row: dict[str, Any] = {"href": f"/contacts/{contact.id}", "title": rows.contact_name(request, contact)}
    row["icon"] = "person" if contact.is_person else "building"
    if request.services.eyes.of_contact(contact) is not Visibility.FULL:
        return row | {"icon": "lock", "parts": [(request.ui.show.text(_("Confidential")), False)]}
    known = sorted(contact.active_identifiers(), key=lambda one: one.scheme != "phone")
    parts = [(request.ui.show.identifier(one.scheme, one.value), True) for one in known[:1]]
    parts += [(str(address["city"]), False) for address in contact.addresses[:1] if address.get("city")]
    return row | {"parts": parts}


def _whose(request: Request, case: Case) -> list[tuple[str, bool]]:
    contact = request.services.contacts.find(case.contact)
    return [(rows.contact_name(request, contact), False)] if contact is not None else []


def found_words(count: int) -> Text:
    """How many were found; a full page says that it is only the beginning."""
    if count >= MOST:
        return _("the first ${count}; type more to narrow it down", mapping={"count": count})
    return _("${count} found", mapping={"count": count}) if count != 1 else _("1 found")
