"""The panel that opens below the search on every page, and the short look at a citizen beside it. Fragments only.

The panel never decides: it leads nowhere by itself. A short look at somebody is written down, as opening a dossier is.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from chameleon.utils import Markup
from pyramid.view import view_config

from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.interaction import Interaction
from crm_core.security.permissions import Permission
from crm_core.services.finder import Found, Hit
from crm_core.services.textsearch import SearchUnavailable
from crm_core.services.timeline import Entry
from crm_core.services.visibility import Visibility
from crm_views.channels import channel_word
from crm_views.desk import rows
from crm_views.desk.entries import event_words
from crm_views.desk.find import GROUPS, contact_row, hit_row, next_steps, place_words, straight_to, words_of
from crm_views.desk.things import readable_contact
from crm_views.desk.who import age, held, sure
from crm_views.words import GENDERS, KINDS

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

FOUND = 10
"""Hits that are counted; beyond that the panel says so. Each is loaded, since nothing hidden may be counted."""
SHOWN = 3
"""Hits of each group."""
RECENT = 6
"""Last opened citizens."""
LAST = 2
"""Entries of the timeline in a short look."""
LOOKED_AT = 12
"""Rows of the timeline among which they are looked for: some may only be counted."""
OWED = 3


@view_config(route_name="find_panel", request_method="GET", permission=Permission.CONTACT_FIND.value,
             renderer="crm_views:templates/find_panel.pt")
def panel(request: Request) -> dict[str, Any]:
    """What the words ``q`` may mean, in groups of three; without words the citizens opened last."""
    query = words_of(request)
    found = request.services.finder.find(query, limit=FOUND + 1, enough=SHOWN) if query else Found([])
    straight = straight_to(request, found)  # where Enter leads; nothing is opened while somebody types
    cut = len(found.hits) > FOUND
    hits = found.hits[:FOUND]
    groups = _hit_groups(request, hits, query, cut) if query else _recent(request)
    steps = {"title": _("What next"), "note": "", "hits": [step | {"step": True} for step in
                                                        next_steps(request, query, found.new_phone)]}
    if steps["hits"]:
        groups = [steps, *groups] if found.new_phone else [*groups, steps]
    return {
        "query": query,
        "groups": _numbered(groups),
        "found_words": _count_words(len(hits), cut, found.unasked) if query else "",
        "nothing": bool(query) and not hits and not found.new_phone,
        "first_time": not query and not any(group["hits"] for group in groups if group is not steps),
        "straight": straight,
        "peek": next((hit["peek"] for group in groups for hit in group["hits"] if straight and hit["href"] == straight),
                     ""),
        "anybody": any(hit.get("peek") for group in groups for hit in group["hits"]),
        "fresh": _freshness(request, found) if query else "",
    }


def _hit_groups(request: Request, hits: list[Hit], query: str, cut: bool) -> list[dict[str, Any]]:
    groups = []
    for kind, title in GROUPS:
        mine = [hit for hit in hits if hit.kind == kind]
        note = _("${shown} of ${count}+") if cut else _("${shown} of ${count}")
        shown = [hit_row(request, hit, query) | {"step": False} for hit in mine[:SHOWN]]
        if shown:
            words = note % {"shown": len(shown), "count": len(mine)}
            groups.append({"title": title, "note": words, "hits": shown})
    return groups


def _recent(request: Request) -> list[dict[str, Any]]:
    """The citizens whose dossiers the reader opened last, as far as they are there and may still be read."""
    services = request.services
    hits: list[dict[str, Any]] = []
    for id_ in request.crm_app.looks.recent(services.identity.user_id, 4 * RECENT):
        contact = services.contacts.find(id_)
        if contact is not None and services.eyes.of_contact(contact) is Visibility.FULL and len(hits) < RECENT:
            row = {"status": "", "why": "", "tone": "", "step": False} | contact_row(request, contact)
            hits.append(row | {"marks": [(row["title"], False)]})
    return [{"title": _("Opened last"), "note": "", "hits": hits}] if hits else []


def _numbered(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every group and option with a number of its own, for the ids that the combobox points to."""
    number = 0
    for place, group in enumerate(groups):
        group["number"] = place
        for hit in group["hits"]:
            number += 1
            hit["number"] = number
    return groups


def _count_words(count: int, cut: bool, by_name: bool) -> Text:
    if cut:
        return _("more than ${count} found", mapping={"count": count})
    if by_name:
        return _("${count} found by name", mapping={"count": count})
    return _("${count} found", mapping={"count": count}) if count != 1 else _("1 found")


def _freshness(request: Request, found: Found) -> Text:
    """How far words inside texts are found; names, numbers and codes always are."""
    if found.unasked:
        return _("names that sound alike, and texts, with Enter")
    missing = _("words inside texts are not searched just now")
    if found.text_missing:
        return missing
    try:
        until = request.services.finder.complete_until()
    except SearchUnavailable:
        return missing
    if until is not None:
        return _("words inside texts only up to ${time}", mapping={"time": _clock(request, until)})
    return _("up to ${time}", mapping={"time": _clock(request, request.services.now)})


def _clock(request: Request, moment: int) -> str:
    """The time of day with seconds, with the day in front where it is not today."""
    show = request.ui.show
    words = show.digits(dt.datetime.fromtimestamp(moment / 1000, ZoneInfo(show.timezone)).strftime("%H:%M:%S"))
    today = show.day(moment) == show.day(show.now)
    return words if today else f"{show.date(moment, 'date')} {words}"


# ── a short look ─────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="find_peek", request_method="GET", permission=Permission.CONTACT_FIND.value,
             renderer="crm_views:templates/find_peek.pt")
def peek(request: Request) -> dict[str, Any]:
    """Who this is, what we owe and what happened last, in a few lines; only of somebody who may be read."""
    contact = readable_contact(request)
    linked = request.services.linking.members(contact)
    tone, words = sure(linked)
    owed = request.services.requests.open_of(linked)
    cases = [header.request for header in owed[:OWED]]
    return {
        "name": rows.contact_name(request, contact),
        "held": held(linked),
        "sure": words,
        "sure_tone": tone,
        "facts": _facts(request, contact),
        "cases": [(case.title, rows.status_badges(request, case)[0]) for case in cases],
        "more": len(owed) - OWED,
        "last": _last(request, linked),
    }


def _facts(request: Request, contact: Contact) -> str:
    show = request.ui.show
    facts = [show.text(GENDERS[contact.gender])] if contact.gender in GENDERS else []
    if not contact.is_person:
        facts.append(show.text(KINDS.get(contact.kind, contact.kind)))
    if contact.birth_date:
        facts.append(show.text(_("${years} years old", mapping={"years": age(request, contact.birth_date)})))
    where = next((str(address.get("line") or place_words(address)) for address in contact.addresses), "")
    if where:
        facts.append(f"\u2068{rows.short(where)}\u2069")
    return str(show.text(_(", ")).join(facts))


def _last(request: Request, linked: list[Contact]) -> list[Markup]:
    """The last entries in a sentence each: what, in whose words, when."""
    page = request.services.timeline.page(linked, limit=LOOKED_AT)
    entries = [row for row in page.rows if isinstance(row, Entry)][:LAST]
    return [_line(request, row, first=row is entries[0]) for row in entries]


def _line(request: Request, row: Entry, *, first: bool) -> Markup:
    show = request.ui.show
    what, words = _said(request, row)
    today = show.day(row.at) == show.day(show.now)
    values = {"what": what, "words": words, "when": show.clock(row.at) if today else show.relative_day(row.at)}
    if words:
        full = _("Last: ${what} “${words}”, ${when}") if first else _("Before: ${what} “${words}”, ${when}")
    else:
        full = _("Last: ${what}, ${when}") if first else _("Before: ${what}, ${when}")
    return show.sentence(full % values)


def _said(request: Request, row: Entry) -> tuple[str, str]:
    """What kind of thing an entry is, and its first words."""
    show, thing = request.ui.show, row.thing
    if isinstance(thing, Interaction):
        return channel_word(request, thing.channel), rows.short(thing.subject)
    if row.request is None:
        return show.text(_("A request that is gone")), ""
    subject, _words, _icon = event_words(request, row.request, thing)
    return rows.type_name(request, row.request), rows.short(subject)
