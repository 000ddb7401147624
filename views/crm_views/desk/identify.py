"""Say who an unknown citizen was: the number somebody called from is looked up at once, and a new citizen takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core.errors import NotFound
from crm_core.i18n import TextFactory
from crm_core.model.contact import Contact
from crm_core.model.ids import parse_id
from crm_core.model.interaction import Interaction
from crm_core.security.permissions import Permission
from crm_core.services.finder import Found
from crm_core.services.visibility import Visibility
from crm_core.text.errors import InvalidIdentifier
from crm_core.text.identifiers import normalise
from crm_views.desk import rows
from crm_views.desk.find import hit_row, new_contact_href, words_of
from crm_views.desk.things import interaction_of

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
MOST = 20


@view_config(route_name="interaction_identify", request_method=("GET", "POST"),
             permission=Permission.INTERACTION_LOG.value, renderer="crm_views:templates/identify.pt")
def identify(request: Request) -> dict[str, Any] | Response:
    """Search, and choose; a second sending leads to the same record."""
    interaction = interaction_of(request)
    if request.method == "POST":
        return _identified(request, interaction)
    query = words_of(request) or interaction.address
    found = request.services.finder.find(query, limit=MOST) if query else Found([])
    hits = [hit_row(request, hit, query) for hit in found.hits if hit.kind == "contact"]
    phone = _phone(query)
    return {
        "title": _("Who was it?"),
        "interaction": interaction,
        "query": query,
        "hits": hits,
        "holders": sum(hit.exact for hit in found.hits if hit.kind == "contact"),
        "number": request.ui.show.phone(phone) if phone else "",
        "new_href": new_contact_href(query, phone, interaction=str(interaction.id))
        if request.has_permission(Permission.CONTACT_EDIT) and interaction.contact is None else "",
    }


def _phone(query: str) -> str:
    try:
        return normalise("phone", query)
    except InvalidIdentifier:
        return ""


def _identified(request: Request, interaction: Interaction) -> Response:
    chosen = request.POST.get("contact", "")
    contact = request.services.contacts.find(parse_id(chosen) if isinstance(chosen, str) else None)
    if contact is None or request.services.eyes.of_contact(contact) is not Visibility.FULL:
        raise NotFound
    if interaction.contact != contact.id:
        belongs_to(request, interaction, contact)
    return HTTPSeeOther(location=f"/contacts/{contact.id}")


def belongs_to(request: Request, interaction: Interaction, contact: Contact) -> None:
    """File a conversation under whom it was with, and say so on the next page."""
    request.services.interactions.identify(interaction, contact)
    request.ui.flash(_("This belongs to the history of ${name} now.",
                       mapping={"name": rows.short(rows.contact_name(request, contact))}))


def waiting_interaction(request: Request) -> Interaction | None:
    """The conversation the address names that waits for a new citizen, where the reader may say whose it was."""
    id_ = parse_id(request.GET.get("interaction", ""))
    interaction = None if id_ is None else request.services.root.unidentified.get(id_)
    if interaction is None or not request.has_permission(Permission.INTERACTION_LOG):
        return None
    return interaction if request.services.eyes.of(interaction) is Visibility.FULL else None
