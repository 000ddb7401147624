"""The head of a dossier: who this is, how sure we are and why, and the identifiers with their proofs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chameleon.utils import Markup

from crm_core.i18n import TextFactory
from crm_core.model.contact import Confidentiality, Contact, Identifier, Proof
from crm_core.services.visibility import Visibility
from crm_core.text.digits import is_persian
from crm_views.channels import channel_word
from crm_views.components.parts import ChipView
from crm_views.desk import duplicates, rows
from crm_views.words import CONFIDENTIALITIES, GENDERS, KINDS, PROOFS, RELATIONS, SCHEME_ICONS

if TYPE_CHECKING:
    from pyramid.request import Request

    from crm_views.display import Display

_ = TextFactory("crm_views")

CHIPS = 4
"""Identifiers shown at once; the rest is behind a summary."""
RELATIONS_SHOWN = 2
LONG_NOTES = 160
"""Notes of more characters, or of several lines, are folded."""
UNPROVEN = (Proof.SAID, Proof.HEARSAY)

Fact = tuple[str, str, str, str]
"""Icon, words, link; for what is cut where there is no room, all of it."""


def head(request: Request, contact: Contact, linked: list[Contact]) -> dict[str, Any]:
    """The template's values for the head; ``linked``: all records of this citizen, this one first."""
    linked = [one for one in linked if request.services.eyes.of_contact(one) is Visibility.FULL]
    drawn = chips(request, linked)
    return {
        "who": who(request, contact),
        "chips": drawn[:CHIPS],
        "more_chips": drawn[CHIPS:],
        "held": held(linked),
        "sure": sure(linked),
        "last_proof": last_proof(request, linked),
    }


def who(request: Request, contact: Contact) -> dict[str, Any]:
    """Names, facts on one line each, notes, confidentiality."""
    show = request.ui.show
    other_name = contact.name if show.locale == "en" and contact.latin_name else contact.latin_name
    return {
        "latin": other_name if other_name != rows.contact_name(request, contact) else "",
        "latin_language": "fa" if show.locale == "en" else "en",
        "facts": [*_about(request, contact), *_places(request, contact), *_prefers(request, contact),
                  *_relations(request, contact)],
        "notes": contact.notes,
        "notes_are_long": len(contact.notes) > LONG_NOTES or "\n" in contact.notes,
        "confidentiality": show.text(CONFIDENTIALITIES.get(contact.confidentiality, contact.confidentiality)),
        "is_confidential": contact.confidentiality != Confidentiality.NORMAL,
    }


def _about(request: Request, contact: Contact) -> list[Fact]:
    show = request.ui.show
    about = [show.text(GENDERS.get(contact.gender, contact.gender))] if contact.gender else []
    if contact.birth_date:
        about.append(show.text(_("${years} years old", mapping={"years": age(request, contact.birth_date)})))
    words = show.text(_(", ")).join(about) or show.text(KINDS.get(contact.kind, contact.kind))
    return [("person" if contact.is_person else "building", words, "", "")]


def _places(request: Request, contact: Contact) -> list[Fact]:
    if not contact.addresses:
        return []
    first = contact.addresses[0]
    brief = {name: first[name] for name in ("city", "district", "line") if first.get(name)}
    words = address_words(request, brief or first)
    more = len(contact.addresses) - 1
    if more:
        words = request.ui.show.text(_("${address} (and ${count} more)", mapping={"address": words, "count": more}))
    return [("geo-alt", words, "", address_words(request, first))] if words else []


def _prefers(request: Request, contact: Contact) -> list[Fact]:
    if not contact.preferred_channel:
        return []
    show = request.ui.show
    words = channel_word(request, contact.preferred_channel)
    return [("chat-dots", show.text(_("prefers: ${channel}", mapping={"channel": words})), "", "")]


def _relations(request: Request, contact: Contact) -> list[Fact]:
    show = request.ui.show
    known = relations(request, contact)
    facts = [("people", show.text(_("${relation}: ${name}", mapping={"relation": row["kind"], "name": row["name"]})),
              row["href"], "") for row in known[:RELATIONS_SHOWN]]
    if len(known) > RELATIONS_SHOWN:
        words = show.text(_("and ${count} more", mapping={"count": len(known) - RELATIONS_SHOWN}))
        facts.append(("", words, f"/contacts/{contact.id}/identity#relations", ""))
    return facts


def relations(request: Request, contact: Contact) -> list[dict[str, Any]]:
    """Relations in words, without those to people who are hidden from the reader."""
    show, found = request.ui.show, []
    for relation in contact.relations:
        other = request.services.contacts.find(relation.other)
        if other is None or request.services.eyes.of_contact(other) is Visibility.HIDDEN:
            continue
        found.append({
            "kind": show.text(RELATIONS.get(relation.kind, relation.kind)), "word": relation.kind, "other": other.id,
            "name": rows.contact_name(request, other), "href": f"/contacts/{other.id}", "note": relation.note,
            "since": relation.since,
        })
    return found


def address_words(request: Request, address: Mapping[str, Any]) -> str:
    """An address in one line, with the comma of its own script: it stands as one run of text in any page."""
    parts = [str(address[name]) for name in ("province", "city", "district", "line") if address.get(name)]
    persian = any("\u0600" <= char <= "\u06ff" for part in parts for char in part)
    if address.get("postal_code"):
        parts.append(rows.isolated(request.ui.show.digits(address["postal_code"])))
        persian = persian or (len(parts) == 1 and is_persian(request.ui.show.locale))
    return ("، " if persian else ", ").join(parts)


def age(request: Request, birth_date: str) -> int:
    """Whole years since a date of birth (ISO text)."""
    born, today = request.ui.show.day(birth_date), request.services.clock.today()
    return int(today.year - born.year - ((today.month, today.day) < (born.month, born.day)))


# ── identifiers and proofs ───────────────────────────────────────────────────────────────────────────────────


def chips(request: Request, contacts: list[Contact]) -> list[Markup]:
    """The active identifiers of all records of one citizen, best proven first; of other records with their name."""
    return [
        request.ui.idchip(chip(request, identifier, rows.contact_name(request, holder) if holder else ""))
        for identifier, holder in duplicates.identifiers(contacts)
    ]


def chip(request: Request, identifier: Identifier, origin: str = "") -> ChipView:
    show = request.ui.show
    words = show.text(PROOFS.get(identifier.proof, identifier.proof))
    proven = identifier.proof not in UNPROVEN
    if proven and identifier.proven_at is not None:
        date = _short_day(show, identifier.proven_at)
        words = show.text(_("${proof}, ${date}", mapping={"proof": words, "date": date}))
    if identifier.label:
        words = show.text(_("${label}: ${proof}", mapping={"label": f"\u2068{identifier.label}\u2069", "proof": words}))
    return ChipView(
        value=show.identifier(identifier.scheme, identifier.value),
        proof="paper" if identifier.proof == Proof.PAPER else "sent" if proven else "said",
        proof_text=words,
        icon=SCHEME_ICONS.get(identifier.scheme, "chat-dots"),
        origin=origin,
    )


def _short_day(show: Display, moment: int) -> str:
    """Today or yesterday, else the shortest date that keeps its year: ۱۴۰۳/۱۱/۱۴ / 2 Dec 2024."""
    if 0 <= (show.day(show.now) - show.day(moment)).days <= 1:
        return str(show.relative_day(moment))
    if is_persian(show.locale):
        return str(show.date(moment, "short"))
    number, month, year = show.date(moment, "date").split()
    return f"{number}\u00a0{month[:3]}\u00a0{year}"


def held(contacts: list[Contact]) -> set[str]:
    """Which of the four proofs of identity are there: paper, phone, mail, in_person."""
    found: set[str] = set()
    for identifier in (one for contact in contacts for one in contact.active_identifiers()):
        if identifier.proof == Proof.PAPER:
            found.add("paper")
        elif identifier.proof == Proof.IN_PERSON:
            found.add("in_person")
        elif identifier.proof in (Proof.CODE, Proof.LINK):
            found.add("mail" if identifier.scheme == "email" else "phone")
    return found


def sure(contacts: list[Contact]) -> tuple[str, Any]:
    """How sure we are who this is: a tone and a sentence."""
    count = len(held(contacts))
    if count >= 2:
        return "good", _("Identity proven, ${count} of 4 proofs", mapping={"count": count})
    if count == 1:
        return "warn", _("One proof of four; ask for another one")
    return "warn", _("Their word, not proven")


def last_proof(request: Request, contacts: list[Contact]) -> str:
    """The newest proof in words: what was done, when, and in which unit; "" where nothing was proven yet."""
    proven = [one for contact in contacts for one in contact.active_identifiers()
              if one.proof not in UNPROVEN and one.proven_at is not None]
    if not proven:
        return ""
    show = request.ui.show
    newest = max(proven, key=lambda one: one.proven_at or 0)
    parts = [show.text(PROOFS.get(newest.proof, newest.proof)), show.relative_day(newest.proven_at or 0)]
    user = request.services.users.find(newest.proven_by)
    if user is not None:
        parts.append(rows.unit_name(request, user.units[0]) if user.units else rows.user_name(request, user.id))
    return str(show.text(_("Last: ${proof}", mapping={"proof": show.text(_(", ")).join(parts)})))
