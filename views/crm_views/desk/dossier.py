"""The dossier: who this is, how sure we are, what we owe, what happened; all of one citizen on one page."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from chameleon.utils import Markup
from pyramid.renderers import render
from pyramid.view import view_config
from transaction.interfaces import TransientError

from crm_core.contributions import Panel
from crm_core.i18n import TextFactory
from crm_core.model.contact import Confidentiality, Contact, Identifier, Proof
from crm_core.security.permissions import Permission
from crm_core.services.visibility import Visibility
from crm_views.components.parts import ChipView
from crm_views.connection import forget_changes, has_changes
from crm_views.desk import rows
from crm_views.desk.things import contact_of
from crm_views.desk.timeline import timeline
from crm_views.words import CHANNELS, CONFIDENTIALITIES, GENDERS, KINDS, PROOFS, RELATIONS, SCHEME_ICONS

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
log = logging.getLogger(__name__)

CHIPS = 6
"""Identifiers shown at once; the rest is behind a summary."""
OPEN_SHOWN = 30


class WroteInPanel(RuntimeError):
    """A plugin's panel changed the database while a page was read."""


@view_config(route_name="contact", request_method="GET", permission=Permission.CONTACT_FIND.value,
             renderer="crm_views:templates/dossier.pt")
def dossier(request: Request) -> dict[str, Any]:
    contact, seen = contact_of(request)
    linked = [one for one in request.services.contacts.linked(contact)
              if request.services.eyes.of_contact(one) is not Visibility.HIDDEN]
    values = {"title": rows.contact_name(request, contact), "contact": contact, "path": f"/contacts/{contact.id}"}
    if seen is not Visibility.FULL:
        request.override_renderer = "crm_views:templates/dossier_counted.pt"
        return values | counted(request, contact, linked)
    return values | {
        "who": who(request, contact),
        "chips": chips(request, contact),
        "more_chips": max(0, len(contact.active_identifiers()) - CHIPS),
        "held": held(linked),
        "sure": sure(linked),
        "actions": actions(request, contact),
        "others": [(f"/contacts/{one.id}", rows.contact_name(request, one)) for one in linked if one is not contact],
        "doubles": doubles(request, contact),
        "owed": owed(request, linked),
        "panels": panels(request, contact),
        "timeline": timeline(request, linked, f"/contacts/{contact.id}"),
    }


def counted(request: Request, contact: Contact, linked: list[Contact]) -> dict[str, Any]:
    """Of a record that may only be counted: how much there is, and nothing of it."""
    cases = [case for one in linked for case in one.requests.values()]
    seen = [case for case in cases if request.services.eyes.of_request(case) is not Visibility.HIDDEN]
    return {
        "entries": request.services.timeline.counts(linked)["all"],
        "open": sum(case.is_open for case in seen),
        "closed": sum(not case.is_open for case in seen),
    }


# ── who ──────────────────────────────────────────────────────────────────────────────────────────────────────


def who(request: Request, contact: Contact) -> dict[str, Any]:
    """Facts on one line each: (icon, words, link)."""
    show = request.ui.show
    comma = show.text(_(", "))
    facts: list[tuple[str, str, str]] = []
    about = [show.text(GENDERS.get(contact.gender, contact.gender))] if contact.gender else []
    if contact.birth_date:
        about.append(show.text(_("${years} years old", mapping={"years": age(request, contact.birth_date)})))
    facts.append(("person" if contact.is_person else "building",
                  comma.join(about) or show.text(KINDS.get(contact.kind, contact.kind)), ""))
    for address in contact.addresses:
        parts = [str(address[name]) for name in ("province", "city", "district", "line") if address.get(name)]
        if address.get("postal_code"):
            parts.append(show.digits(address["postal_code"]))
        facts.append(("geo-alt", comma.join(parts), ""))
    if contact.preferred_channel:
        words = show.text(CHANNELS.get(contact.preferred_channel, contact.preferred_channel))
        facts.append(("chat-dots", show.text(_("prefers: ${channel}", mapping={"channel": words})), ""))
    for relation in contact.relations:
        other = request.services.contacts.find(relation.other)
        if other is None or request.services.eyes.of_contact(other) is Visibility.HIDDEN:
            continue
        kind = show.text(RELATIONS.get(relation.kind, relation.kind))
        name = rows.contact_name(request, other)
        words = show.text(_("${relation}: ${name}", mapping={"relation": kind, "name": name}))
        facts.append(("people", words, f"/contacts/{other.id}"))
    other_name = contact.name if show.locale == "en" and contact.latin_name else contact.latin_name
    return {
        "latin": other_name if other_name != rows.contact_name(request, contact) else "",
        "latin_language": "fa" if show.locale == "en" else "en",
        "facts": facts,
        "notes": contact.notes,
        "confidentiality": show.text(CONFIDENTIALITIES.get(contact.confidentiality, contact.confidentiality)),
        "is_confidential": contact.confidentiality != Confidentiality.NORMAL,
    }


def age(request: Request, birth_date: str) -> int:
    """Whole years since a date of birth (ISO text)."""
    born, today = request.ui.show.day(birth_date), request.services.clock.today()
    return int(today.year - born.year - ((today.month, today.day) < (born.month, born.day)))


def chips(request: Request, contact: Contact) -> list[Markup]:
    """The active identifiers, best proven first."""
    order = list(Proof)
    known = sorted(contact.active_identifiers(), key=lambda one: -order.index(Proof(one.proof)))
    return [request.ui.idchip(chip(request, identifier)) for identifier in known]


def chip(request: Request, identifier: Identifier) -> ChipView:
    show = request.ui.show
    words = show.text(PROOFS.get(identifier.proof, identifier.proof))
    proven = identifier.proof not in (Proof.SAID, Proof.HEARSAY)
    if proven and identifier.proven_at is not None:
        date = show.relative_day(identifier.proven_at)
        words = show.text(_("${proof}, ${date}", mapping={"proof": words, "date": date}))
    return ChipView(
        value=show.identifier(identifier.scheme, identifier.value),
        proof="paper" if identifier.proof == Proof.PAPER else "sent" if proven else "said",
        proof_text=words,
        icon=SCHEME_ICONS.get(identifier.scheme, "chat-dots"),
    )


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


# ── what can be done, what is owed ───────────────────────────────────────────────────────────────────────────


def actions(request: Request, contact: Contact) -> list[dict[str, Any]]:
    """The buttons below the head, as far as the reader may press them."""
    here = f"/contacts/{contact.id}"
    wanted = (
        (Permission.INTERACTION_LOG, _("Log a call"), f"{here}/interactions/new?channel=phone", "telephone-plus", "C"),
        (Permission.INTERACTION_LOG, _("Visit"), f"{here}/interactions/new?channel=in_person", "person-walking", "V"),
        (Permission.REQUEST_CREATE, _("New request"), f"{here}/requests/new", "folder-plus", "N"),
        (Permission.INTERACTION_LOG, _("Note"), f"{here}/interactions/new?channel=note", "journal-text", "O"),
        (Permission.CONTACT_EDIT, _("Add an identifier"), f"{here}/identifiers/new", "patch-check", "I"),
        (Permission.CONTACT_EDIT, _("Edit"), f"{here}/edit", "pencil", ""),
    )
    allowed = [row for row in wanted if request.has_permission(row[0])]
    return [
        {"text": text, "href": href, "icon": icon, "key": key, "look": "primary" if place == 0 else "quiet"}
        for place, (_permission, text, href, icon, key) in enumerate(allowed)
    ]


def doubles(request: Request, contact: Contact) -> list[dict[str, Any]]:
    """Who may be the same citizen, for the notice: never merged from here."""
    found = request.services.duplicates.of(contact, limit=3)
    show = request.ui.show
    return [
        {
            "href": f"/contacts/{one.contact.id}",
            "name": rows.contact_name(request, one.contact),
            "why": show.text(one.why),
            "likeness": show.text(_("${percent}% alike", mapping={"percent": round(one.likeness * 100)})),
        }
        for one in found
    ]


def owed(request: Request, contacts: list[Contact]) -> dict[str, Any]:
    """Open requests, the most urgent first; those that may only be counted as a number."""
    eyes = request.services.eyes
    full, counted_open, closed = [], 0, 0
    for case in (case for contact in contacts for case in contact.requests.values()):
        seen = eyes.of_request(case)
        if seen is Visibility.HIDDEN:
            continue
        if not case.is_open:
            closed += 1
        elif seen is Visibility.FULL:
            full.append(case)
        else:
            counted_open += 1
    never = 1 << 62
    full.sort(key=lambda case: (case.due if case.due is not None else never, case.id))
    return {
        "rows": [rows.owe(request, case) for case in full[:OPEN_SHOWN]],
        "open": len(full) + counted_open,
        "hidden": max(0, len(full) - OPEN_SHOWN),
        "counted": counted_open,
        "closed": closed,
    }


# ── panels of plugins ────────────────────────────────────────────────────────────────────────────────────────


def panels(request: Request, contact: Contact) -> list[dict[str, Any]]:
    """The boxes that plugins add, each on its own: one that fails says so and takes nothing else with it."""
    drawn = []
    for plugin_id, panel in list(request.crm_app.registry.panels.values()):
        if not request.has_permission(panel.permission):
            continue
        row: dict[str, Any] = {"title": panel.title, "icon": panel.icon, "body": None, "plugin": plugin_id}
        try:
            row["body"] = draw_panel(request, panel, contact)
            if has_changes(request):
                raise WroteInPanel(panel.id)
        except TransientError:
            raise
        except Exception as error:  # noqa: BLE001  # a page must not fall because of a plugin
            request.crm_app.host.plugins[plugin_id].fail(f"panel {panel.id}: {type(error).__name__}: {error}")
            if has_changes(request):
                forget_changes(request)
            drawn.append(row | {"body": None, "failed": True})
            continue
        if row["body"] is not None:
            drawn.append(row | {"failed": False})
    return drawn


def draw_panel(request: Request, panel: Panel, contact: Contact) -> Markup | None:
    values = panel.data(request.services, contact)
    return None if values is None else Markup(render(panel.template, dict(values), request=request))
