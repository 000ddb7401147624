"""The page behind the search: who or what somebody may mean, each with the reason why it is there.

One number that means one citizen or request leads straight there; a name never does.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.interaction import Interaction
from crm_core.model.request import Request as Case
from crm_core.security.permissions import Permission
from crm_core.services.finder import LONGEST, Found, Hit
from crm_core.services.visibility import Visibility
from crm_core.text.errors import InvalidIdentifier
from crm_core.text.identifiers import normalise
from crm_core.text.marking import heard_apart, marked
from crm_views.channels import channel_icon, channel_word
from crm_views.desk import rows
from crm_views.desk.nothing import nothing

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

MOST = 20
"""Hits a page shows. Each is loaded to be judged and shown, often from the disk: thirty took a half longer."""
PAGES = 6
"""Pages of hits that are offered; who has not found it by then does so by typing more."""
LETTERS = 2
"""Pairs of letters that a reason names."""
GROUPS: tuple[tuple[str, Text], ...] = (
    ("contact", _("Citizens")), ("request", _("Requests")), ("interaction", _("In conversations")),
)


@view_config(route_name="find", request_method="GET", permission=Permission.CONTACT_FIND.value,
             renderer="crm_views:templates/find.pt")
def find(request: Request) -> dict[str, Any] | Response:
    query, page = words_of(request), page_of(request)
    found = request.services.finder.find(query, limit=MOST * page + 1) if query else Found([])
    straight = "" if request.GET.get("all") else straight_to(request, found)
    if straight:
        return HTTPSeeOther(location=straight)
    shown = found.hits[MOST * (page - 1) : MOST * page]
    groups = [
        {"title": title, "hits": [hit_row(request, hit, query) for hit in shown if hit.kind == kind]}
        for kind, title in GROUPS
    ]
    more = len(found.hits) > MOST * page
    return {
        "title": _("Find “${words}”", mapping={"words": query}) if query else _("Find"),
        "query": query,
        "cut": len(request.GET.get("q", "")) > LONGEST,
        "groups": [group for group in groups if group["hits"]],
        "found_words": found_words(len(shown), page, more),
        "more": f"/find?{urlencode({'q': query, 'all': 1, 'page': page + 1})}" if more and page < PAGES else "",
        "newer": f"/find?{urlencode({'q': query, 'all': 1, 'page': page - 1})}" if page > 1 else "",
        "text_missing": found.text_missing,
        "next": next_steps(request, query, found.new_phone),
        "unknown": bool(found.new_phone),
        "nothing": nothing(request, query) if query and not found.hits else None,
    }


def page_of(request: Request) -> int:
    """Which page of hits the address asks for, from 1; the first where it asks for none there is."""
    typed = request.GET.get("page", "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 3 and 0 < int(typed) <= PAGES else 1


def words_of(request: Request, name: str = "q") -> str:
    """What was typed, in one line: control characters and lone surrogates count as blanks."""
    typed = request.GET.get(name, "")
    clean = "".join(char if char.isprintable() or char in "\u200c\u200d" else " " for char in typed)
    return " ".join(clean.split())[:LONGEST]


def straight_to(request: Request, found: Found) -> str:
    """The address of the one thing that a whole number means; "" where it means several, or was not a number.

    Two records that are linked as one citizen are one; what may only be counted is left to the reader's choice.
    """
    exact = [hit for hit in found.hits if hit.exact and hit.thing is not None]
    things = {hit.id for hit in exact}
    first = exact[0].thing if exact else None
    if first is None or request.services.eyes.of(first) is not Visibility.FULL:
        return ""
    if isinstance(first, Case):
        return f"/requests/{first.code}" if things == {first.id} else ""
    if not isinstance(first, Contact) or things - {one.id for one in request.services.contacts.linked(first)}:
        return ""
    call = request.GET.get("compose") == "phone" and request.has_permission(Permission.INTERACTION_LOG)
    number = number_of(request, first, words_of(request))
    return call_href(first, number) if call else contact_href(first, number)


def number_of(request: Request, contact: Contact, query: str) -> str:
    """The phone number that was typed, in normal form, where it is one of this citizen's: the call comes from there."""
    try:
        number = normalise("phone", query)
    except InvalidIdentifier:
        return ""
    known = (one for record in request.services.linking.members(contact) for one in record.active_identifiers())
    return number if any((one.scheme, one.value) == ("phone", number) for one in known) else ""


def contact_href(contact: Contact, number: str = "") -> str:
    """The dossier; what is logged there comes from ``number``, unless somebody says otherwise."""
    return f"/contacts/{contact.id}" + (f"?{urlencode({'address': number})}" if number else "")


def call_href(contact: Contact, number: str = "") -> str:
    """The dossier with a call begun in it."""
    return f"/contacts/{contact.id}?compose=phone" + (f"&{urlencode({'address': number})}" if number else "")


# ── what to do with what was typed ───────────────────────────────────────────────────────────────────────────


def next_steps(request: Request, query: str, new_phone: str) -> list[dict[str, Any]]:
    """The last group: what can be begun with what was typed, as far as the reader may."""
    show = request.ui.show
    steps = []
    if request.has_permission(Permission.CONTACT_EDIT):
        name = starting_values(query, new_phone).get("name", "")
        title, note = _("New citizen"), ""
        if new_phone:
            title = _("New citizen with this number: ${number}", mapping={"number": show.phone(new_phone)})
            note = _("Nobody has this number yet.")
        elif name:
            title = _("New citizen named “${name}”", mapping={"name": rows.short(name, 40)})
            note = _("The name you typed is in the form already.")
        steps.append({"icon": "person-plus", "title": show.sentence(title) if title.mapping else show.text(title),
                      "note": show.text(note), "href": new_contact_href(query, new_phone)})
    if request.has_permission(Permission.INTERACTION_LOG):
        address = f"?{urlencode({'address': new_phone})}" if new_phone else ""
        steps.append({"icon": "telephone-plus", "title": show.text(_("Log a conversation now, say later who it was")),
                      "note": "", "href": f"/interactions/new{address}"})
    return steps


def starting_values(query: str, phone: str = "") -> dict[str, str]:
    """What the form for a new citizen can be filled with, from what was typed."""
    if phone:
        return {"phone": phone}
    for scheme in ("national_id", "email"):
        try:
            return {scheme: normalise(scheme, query)}
        except InvalidIdentifier:
            continue
    return {"name": query} if query and not any(char.isdigit() or char == "@" for char in query) else {}


def new_contact_href(query: str, phone: str, **more: str) -> str:
    """The form for a new citizen with what was typed already in it."""
    known = starting_values(query, phone) | more
    return "/contacts/new" + (f"?{urlencode(known)}" if known else "")


# ── one hit ──────────────────────────────────────────────────────────────────────────────────────────────────


def hit_row(request: Request, hit: Hit, query: str = "") -> dict[str, Any]:
    """One hit as a row: where it leads, its name in parts (marked or not), what it says (words, whether they are a
    code), why and how sure; ``peek`` and ``call`` are addresses as far as the citizen may be looked at."""
    show = request.ui.show
    thing = hit.thing
    row = {
        "id": hit.id, "href": "", "icon": "person", "title": hit.title, "status": "", "peek": "", "call": "",
        "parts": [(hit.subtitle, False)] if hit.subtitle else [],
        "why": show.digits(show.text(hit.why)),
        "tone": "",
        "readable": True,
    }
    if isinstance(thing, Contact):
        row |= contact_row(request, thing)
        number = number_of(request, thing, query) if hit.exact and row["readable"] else ""
        if number:
            row |= {"href": contact_href(thing, number), "call": call_href(thing, number) if row["call"] else ""}
        if hit.also:
            names = show.text(_(", ")).join(hit.also)
            row["parts"] = [*row["parts"], (show.text(_("also recorded as ${names}", mapping={"names": names})), False)]
    elif isinstance(thing, Case):
        row |= {
            "href": f"/requests/{thing.code}",
            "icon": "folder2",
            "parts": [(rows.type_name(request, thing), False), (show.code(thing.code), True), *_whose(request, thing)],
            "status": rows.status_badges(request, thing)[0],
        } | _looks(request, request.services.contacts.find(thing.contact))
    elif isinstance(thing, Interaction):
        day = show.relative_day(thing.started)
        row |= {
            "href": f"/interactions/{thing.id}",
            "icon": channel_icon(request, thing.channel),
            "parts": [(part, False)
                      for part in (channel_word(request, thing.channel), day, hit.subtitle) if part],
        } | _looks(request, request.services.contacts.find(thing.contact))
    letters = _letters(row["title"], query) if hit.how == "heard" else ""
    if letters:
        row["why"] = show.sentence(_("Sounds alike: ${letters}", mapping={"letters": letters}))
    row["tone"] = tone(hit, f"{hit.title} {row['title']}", query)
    return row | {"marks": marked(row["title"], query, heard=hit.how in ("heard", "near"))}


def tone(hit: Hit, names: str, query: str) -> str:
    """How sure a hit is: ``exact`` for numbers and ``names`` as they were typed, ``fuzzy`` for a slip, else ""."""
    if hit.how in ("name", "begun"):
        return "exact" if all(word in names.casefold() for word in query.casefold().split()) else ""
    return {"number": "exact", "near": "fuzzy"}.get(hit.how, "")


def _letters(title: str, query: str) -> str:
    """The letters that are heard alike, as typed and as on file: ظ ← ز."""
    pairs = [pair for pair in heard_apart(title, query) if len({_leftwards(letter) for letter in pair}) == 1]
    return "، ".join(f"{typed} {'←' if _leftwards(typed) else '→'} {known}" for typed, known in pairs[:LETTERS])


def _leftwards(letter: str) -> bool:
    return unicodedata.bidirectional(letter[:1]) in ("R", "AL")


def contact_row(request: Request, contact: Contact) -> dict[str, Any]:
    """What a line says of a citizen: first number, place, how much is open. Of one only counted: nothing but that."""
    show = request.ui.show
    row: dict[str, Any] = {"href": f"/contacts/{contact.id}", "title": rows.contact_name(request, contact)}
    row["icon"] = "person" if contact.is_person else "building"
    if request.services.eyes.of_contact(contact) is not Visibility.FULL:
        return row | {"icon": "lock", "parts": [(show.text(_("Confidential")), False)], "readable": False}
    known = sorted(contact.active_identifiers(), key=lambda one: one.scheme != "phone")
    parts = [(show.identifier(one.scheme, one.value), True) for one in known[:1]]
    parts += [(place, False) for address in contact.addresses[:1] if (place := place_words(address))]
    open_words = _open_words(request, contact)
    return row | {"parts": parts + [(open_words, False)] * bool(open_words)} | _looks(request, contact)


def place_words(address: Mapping[str, Any]) -> str:
    """Where somebody lives, as narrow as tells neighbours apart: the district, else the city."""
    return rows.short(str(address.get("district") or address.get("city") or ""), 40)


def _open_words(request: Request, contact: Contact) -> str:
    count = request.services.requests.count_open(request.services.contacts.linked(contact))
    if not count:
        return ""
    return str(request.ui.show.text(_("${count} open", mapping={"count": count})))


def _looks(request: Request, contact: Contact | None) -> dict[str, str]:
    if contact is None or request.services.eyes.of_contact(contact) is not Visibility.FULL:
        return {}
    call = call_href(contact) if request.has_permission(Permission.INTERACTION_LOG) else ""
    return {"peek": f"/find/peek/{contact.id}", "call": call}


def _whose(request: Request, case: Case) -> list[tuple[str, bool]]:
    contact = request.services.contacts.find(case.contact)
    return [(rows.contact_name(request, contact), False)] if contact is not None else []


def found_words(count: int, page: int = 1, more: bool = False) -> Text:
    """How many were found; a full page says that it is only a part."""
    if page > 1:
        first = MOST * (page - 1) + 1
        return _("${first} to ${last}", mapping={"first": first, "last": first + count - 1}) if count else _("no more")
    if more:
        return _("the first ${count}; type more to narrow it down", mapping={"count": count})
    return _("${count} found", mapping={"count": count}) if count != 1 else _("1 found")
