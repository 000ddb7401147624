"""Two records side by side: each field of both in one row, with a word and a shape for how far they agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal

from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact, Identifier, Proof
from crm_core.model.interaction import Interaction
from crm_core.services.likeness import LIKE_NAME, is_mobile, same_place
from crm_core.services.reasons import SCHEMES
from crm_core.services.timeline import Entry
from crm_core.services.visibility import Visibility
from crm_core.text.folding import fold
from crm_core.text.heard import similarity
from crm_views import words
from crm_views.channels import channel_icon
from crm_views.desk import rows
from crm_views.desk.contactfields import is_code, pairs

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

Mark = Literal["same", "similar", "different", "one", ""]
MARKS: Mapping[Mark, tuple[Text, str]] = {
    "same": (_("Same"), "check2"),
    "similar": (_("Similar"), "circle-half"),
    "different": (_("Different"), "x-circle"),
    "one": (_("Only one has it"), "dash-circle"),
}
"""How far two values agree: the word, and the shape that says it without colour."""
LAST_ENTRIES = 3
OPEN_SHOWN = 5


@dataclass(frozen=True)
class Cell:
    """One line of a record: words, what stands below them, and how to write them (a code runs left to right)."""

    text: str
    note: str = ""
    code: bool = False
    icon: str = ""
    href: str = ""
    proof: Literal["", "proven", "said"] = ""


@dataclass(frozen=True)
class Line:
    """One row of the comparison: what it is about, how far both agree, and the lines of each."""

    label: str
    mark: Mark
    mark_word: str
    mark_icon: str
    first: Sequence[Cell]
    second: Sequence[Cell]


def lines(request: Request, first: Contact, second: Contact) -> list[Line]:
    """The comparison, without rows that say nothing of either."""
    return [*_fields(request, first, second), *_identifiers(request, first, second), *_groups(request, first, second),
            *_plain(request, first, second)]


def _line(request: Request, label: Text, mark: Mark, first: Sequence[Cell], second: Sequence[Cell]) -> Line:
    word, icon = MARKS.get(mark, ("", ""))
    return Line(request.ui.show.text(label), mark, request.ui.show.text(word), icon, first, second)


# ── fields ───────────────────────────────────────────────────────────────────────────────────────────────────


def _fields(request: Request, first: Contact, second: Contact) -> list[Line]:
    show = request.ui.show

    def word_of(known: Mapping[str, Text], value: str) -> str:
        return show.text(known.get(value, value)) if value else ""

    asked: tuple[tuple[Text, Callable[[Contact], str], Callable[[str, str], Mark]], ...] = (
        (_("Name"), lambda one: one.name, _names),
        (_("Name in Latin letters"), lambda one: one.latin_name, _names),
        (_("Kind"), lambda one: word_of(words.KINDS, one.kind), _exactly),
        (_("Gender"), lambda one: word_of(words.GENDERS, one.gender), _exactly),
        (_("Date of birth"), lambda one: show.date(one.birth_date, "date") if one.birth_date else "", _exactly),
    )
    found = []
    for label, read, compare in asked:
        mine, theirs = read(first), read(second)
        if mine or theirs:
            found.append(_line(request, label, compare(mine, theirs), _cells(mine), _cells(theirs)))
    return [*found, *_addresses(request, first, second)]


def _cells(text: str) -> list[Cell]:
    return [Cell(text)] if text else []


def _exactly(mine: str, theirs: str) -> Mark:
    if not mine or not theirs:
        return "one"
    return "same" if mine == theirs else "different"


def _names(mine: str, theirs: str) -> Mark:
    if not mine or not theirs:
        return "one"
    if fold(mine) == fold(theirs):
        return "same"
    return "similar" if max(similarity(mine, theirs), similarity(theirs, mine)) >= LIKE_NAME else "different"


def _addresses(request: Request, first: Contact, second: Contact) -> list[Line]:
    if not first.addresses and not second.addresses:
        return []
    mark: Mark = "one"
    if first.addresses and second.addresses:
        pairs = [(mine, theirs) for mine in first.addresses for theirs in second.addresses]
        equal = any(_place(request, mine) == _place(request, theirs) for mine, theirs in pairs)
        alike = any(same_place(mine, theirs) for mine, theirs in pairs)
        mark = "same" if equal else "similar" if alike else "different"
    cells = [[Cell(_place(request, address)) for address in one.addresses] for one in (first, second)]
    return [_line(request, _("Address"), mark, *cells)]


def _place(request: Request, address: Mapping[str, Any]) -> str:
    parts = [str(address[name]) for name in ("province", "city", "district", "line") if address.get(name)]
    if address.get("postal_code"):
        parts.append(rows.isolated(request.ui.show.digits(address["postal_code"])))
    return str(request.ui.show.text(_(", ")).join(parts))


# ── identifiers ──────────────────────────────────────────────────────────────────────────────────────────────


def _identifiers(request: Request, first: Contact, second: Contact) -> list[Line]:
    """A row for each value that both have, then the others of each kind beside each other."""
    found = []
    schemes = dict.fromkeys(one.scheme for contact in (first, second) for one in contact.active_identifiers())
    for scheme in sorted(schemes, key=list(SCHEMES).index if set(schemes) <= set(SCHEMES) else str):
        mine, theirs = _held(first, scheme), _held(second, scheme)
        label = SCHEMES.get(scheme, scheme)
        shared = [value for value in mine if value in theirs]
        for value in shared:
            found.append(_line(request, label, "same", [_chip(request, mine[value])], [_chip(request, theirs[value])]))
        rest = [[one for value, one in held.items() if value not in shared] for held in (mine, theirs)]
        for one, other in zip_longest(*rest):
            mark: Mark = "different" if one and other else "one"
            cells = [[_chip(request, identifier)] if identifier else [] for identifier in (one, other)]
            found.append(_line(request, label, mark, *cells))
    return found


def _held(contact: Contact, scheme: str) -> dict[str, Identifier]:
    order = list(Proof)
    known = [one for one in contact.active_identifiers() if one.scheme == scheme]
    known.sort(key=lambda one: (scheme == "phone" and not is_mobile(one.value), -order.index(Proof(one.proof))))
    return {one.value.casefold(): one for one in known}


def _chip(request: Request, identifier: Identifier) -> Cell:
    show = request.ui.show
    proven = identifier.proof not in (Proof.SAID, Proof.HEARSAY)
    note = show.text(words.PROOFS.get(identifier.proof, identifier.proof))
    if proven and identifier.proven_at is not None:
        note = show.text(_("${proof}, ${date}",
                           mapping={"proof": note, "date": show.relative_day(identifier.proven_at)}))
    return Cell(show.identifier(identifier.scheme, identifier.value), note, code=True,
                icon=words.SCHEME_ICONS.get(identifier.scheme, "chat-dots"), proof="proven" if proven else "said")


# ── what plugins add ─────────────────────────────────────────────────────────────────────────────────────────


def _groups(request: Request, first: Contact, second: Contact) -> list[Line]:
    """A row for each contact field; only those that a merge asks about (``on_merge``) are held against each other."""
    found = []
    for label, field, (mine, theirs) in pairs(request, first, second):
        mark: Mark = _exactly(mine, theirs) if field["on_merge"] == "ask" else ""
        cells = [[Cell(said, code=is_code(field))] if said else [] for said in (mine, theirs)]
        found.append(_line(request, request.ui.show.text(label), mark, *cells))
    return found


# ── what stands with each ────────────────────────────────────────────────────────────────────────────────────


def _plain(request: Request, first: Contact, second: Contact) -> list[Line]:
    """What is not compared, and yet says who somebody is."""
    show = request.ui.show
    asked: tuple[tuple[Text, Callable[[Contact], list[Cell]]], ...] = (
        (_("Relations"), lambda one: _relations(request, one)),
        (_("Notes for the desk"), lambda one: _cells(rows.short(one.notes, 300))),
        (_("Confidentiality"), lambda one: _cells(show.text(words.CONFIDENTIALITIES[one.confidentiality]))
         if one.confidentiality != "normal" else []),
    )
    both = ((label, read(first), read(second)) for label, read in asked)
    return [_line(request, label, "", mine, theirs) for label, mine, theirs in both if mine or theirs]


def _relations(request: Request, contact: Contact) -> list[Cell]:
    found = []
    for relation in contact.relations:
        other = request.services.contacts.find(relation.other)
        if other is None or request.services.eyes.of_contact(other) is not Visibility.FULL:
            continue
        kind = request.ui.show.text(words.RELATIONS.get(relation.kind, relation.kind))
        found.append(Cell(rows.contact_name(request, other), kind, href=f"/contacts/{other.id}"))
    return found


def standing(request: Request, contact: Contact) -> dict[str, Any]:
    """What stands with a record: how much history and how many requests, and the last of each."""
    services, show = request.services, request.ui.show
    eyes = services.eyes
    cases = [(case, eyes.of_request(case)) for case in contact.requests.values()]
    seen = [(case, how) for case, how in cases if how is not Visibility.HIDDEN]
    open_cases = [case for case, how in seen if case.is_open and how is Visibility.FULL]
    return {
        "entries": services.timeline.tally([contact]).counts["all"],
        "open": sum(case.is_open for case, _how in seen),
        "closed": sum(not case.is_open for case, _how in seen),
        "since": show.date(contact.created, "date"),
        "cases": [rows.owe(request, case) for case in reversed(open_cases[-OPEN_SHOWN:])],
        "last": [_entry(request, row) for row in services.timeline.page([contact], limit=LAST_ENTRIES).rows
                 if isinstance(row, Entry)],
    }


def _entry(request: Request, row: Entry) -> dict[str, str]:
    thing = row.thing
    if isinstance(thing, Interaction):
        icon = channel_icon(request, thing.channel)
        subject, href = thing.subject, f"/interactions/{thing.id}"
    else:
        icon, href = "folder2", f"/requests/{row.request.code}" if row.request is not None else ""
        subject = row.request.title if row.request is not None else ""
    return {"icon": icon, "subject": subject, "href": href, "when": request.ui.show.relative_day(row.at)}
