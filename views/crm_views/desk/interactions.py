"""Conversations: log one, also of somebody unknown; read one; say later who it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.response import Response
from pyramid.view import view_config

from crm_core.i18n import Text, TextFactory
from crm_core.model.interaction import Interaction
from crm_core.security.permissions import Permission
from crm_core.services.interactions import OUTCOMES
from crm_views import words
from crm_views.channels import channel_icon, channel_word
from crm_views.desk import rows
from crm_views.desk.attachments import download, file_rows
from crm_views.desk.composer import composer, is_composed, page_of
from crm_views.desk.dossier import dossier
from crm_views.desk.things import file_of, interaction_of, readable_contact, sent_before

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")


@view_config(route_name="interaction_new", request_method=("GET", "POST"), permission=Permission.INTERACTION_LOG.value,
             renderer="crm_views:templates/form_page.pt")
def new(request: Request) -> dict[str, Any] | Response:
    """Log a conversation with somebody known: from the composer of the dossier, or from a page of its own."""
    contact = readable_contact(request)
    first = sent_before(request)
    if first is not None:
        return first
    if is_composed(request):
        drawn = composer(request, contact)
        if isinstance(drawn, Response):
            return drawn
        request.override_renderer = "crm_views:templates/dossier.pt"
        return dossier(request, drawn)
    name, here = rows.contact_name(request, contact), f"/contacts/{contact.id}"
    page = page_of(request, contact, heading=_("Log a conversation"), back=here,
                   note=_("For ${name}.", mapping={"name": name}))
    return _titled(page, _("Log a conversation"), ((here, name),))


@view_config(route_name="interaction_unknown", request_method=("GET", "POST"),
             permission=Permission.INTERACTION_LOG.value, renderer="crm_views:templates/form_page.pt")
def unknown(request: Request) -> dict[str, Any] | Response:
    """Log a conversation with somebody nobody knows yet; who it was is said later."""
    first = sent_before(request)
    if first is not None:
        return first
    heading = _("Log a conversation with somebody unknown")
    page = page_of(request, None, heading=heading, note=_("Who it was can be said later."), back="/")
    return _titled(page, heading, ())


def _titled(page: dict[str, Any] | Response, title: Text, crumbs: tuple[tuple[str, str], ...]) -> Any:
    return page if isinstance(page, Response) else page | {"title": title, "crumbs": crumbs}


# ── one of them ──────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="interaction", request_method="GET", permission=Permission.CONTACT_VIEW.value,
             renderer="crm_views:templates/interaction.pt")
def interaction(request: Request) -> dict[str, Any]:
    """One conversation, in full."""
    return _page(request, interaction_of(request))


def _page(request: Request, interaction: Interaction) -> dict[str, Any]:
    show, services = request.ui.show, request.services
    contact = services.contacts.find(interaction.contact)
    cases = [case for id_ in interaction.requests if (case := services.root.requests.get(id_)) is not None]
    return {
        "title": interaction.subject or channel_word(request, interaction.channel),
        "interaction": interaction,
        "contact_name": rows.contact_name(request, contact),
        "contact_href": f"/contacts/{contact.id}" if contact is not None else "",
        "channel": channel_word(request, interaction.channel),
        "icon": channel_icon(request, interaction.channel),
        "direction": words.DIRECTIONS.get(interaction.direction, ""),
        "outcome": OUTCOMES.get(interaction.outcome, interaction.outcome),
        "address": rows.address_words(request, interaction.address),
        "by": rows.user_name(request, interaction.created_by),
        "when": show.time(interaction.started),
        "minutes": interaction.duration // 60,
        "unit": rows.unit_name(request, interaction.unit),
        "cases": [rows.owe(request, case) for case in rows.readable(request, cases, 20)],
        "files": file_rows(request, f"/interactions/{interaction.id}", interaction.attachments),
        "may_identify": interaction.contact is None and request.has_permission(Permission.INTERACTION_LOG),
        "identify_href": f"/interactions/{interaction.id}/identify",
    }


@view_config(route_name="interaction_file", request_method="GET", permission=Permission.CONTACT_VIEW.value)
def file(request: Request) -> Response:
    """A file that came with a conversation."""
    return download(file_of(request, interaction_of(request).attachments))
