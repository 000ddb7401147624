"""Conversations: log one, also of somebody unknown; read one; say later who it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import colander
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import NotFound
from crm_core.fields import LONG
from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.ids import parse_id
from crm_core.model.interaction import Channel, Direction, Interaction
from crm_core.model.request import Request as Case
from crm_core.security.permissions import Permission
from crm_core.services.interactions import OUTCOMES
from crm_core.services.visibility import Visibility
from crm_views import words
from crm_views.desk import rows
from crm_views.desk.attachments import download, file_rows
from crm_views.desk.fields import attached, files
from crm_views.desk.find import hit_row, words_of
from crm_views.desk.things import done, file_of, interaction_of, readable_contact, sent_before
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import ChoiceWidget, LineWidget, TextAreaWidget

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")


class InteractionForm(f.Form):
    """One touch on one channel; the first line of the text is its title."""

    channel = f.choice(_("Channel"), tuple((str(channel), text) for channel, text in words.CHANNELS.items()))
    direction = f.choice(
        _("Who spoke?"),
        (
            (str(Direction.IN), _("The citizen came to us")),
            (str(Direction.OUT), _("We turned to the citizen")),
            (str(Direction.INTERNAL), _("Internal, the citizen does not see it")),
        ),
        wide=True,
    )
    address = f.text(_("From which number or address"), required=False, personal=True,
                     widget=LineWidget(code=True, digits=False))
    body = f.long_text(_("What was said"), max_length=LONG, personal=True, widget=TextAreaWidget(rows=6),
                       description=_("The first line becomes the title."))
    outcome = f.choice(_("Outcome"), tuple(OUTCOMES.items()), required=False)
    about = f.choice(_("About which request"), (), required=False)
    minutes = f.integer(_("How long, in minutes"), required=False, least=0, most=1440)
    attachments = files(_("Files"))


@view_config(route_name="interaction_new", request_method=("GET", "POST"), permission=Permission.INTERACTION_LOG.value,
             renderer="crm_views:templates/form_page.pt")
def new(request: Request) -> dict[str, Any] | Response:
    """Log a conversation with somebody known."""
    contact = readable_contact(request)
    name, here = rows.contact_name(request, contact), f"/contacts/{contact.id}"
    note = _("For ${name}.", mapping={"name": name})
    return _log(request, contact, heading=_("Log a conversation"), note=note, back=here, crumbs=((here, name),))


@view_config(route_name="interaction_unknown", request_method=("GET", "POST"),
             permission=Permission.INTERACTION_LOG.value, renderer="crm_views:templates/form_page.pt")
def unknown(request: Request) -> dict[str, Any] | Response:
    """Log a conversation with somebody nobody knows yet; who it was is said later."""
    return _log(request, None, heading=_("Log a conversation with somebody unknown"),
                note=_("Who it was can be said later."), back="/", crumbs=())


def _log(
    request: Request, contact: Contact | None, *, heading: Text, note: Text, back: str,
    crumbs: tuple[tuple[str, str], ...],
) -> dict[str, Any] | Response:
    first = sent_before(request)
    if first is not None:
        return first
    cases = _open_cases(request, contact)
    schema = _schema(request, contact, cases)

    def on_valid(submission: Submission) -> Response:
        values = submission.values
        interaction = request.services.interactions.log(
            contact,
            channel=values["channel"], direction=values["direction"], body=values["body"], outcome=values["outcome"],
            duration=60 * (values["minutes"] or 0), address=values.get("address") or "",
            requests=[case for case in cases if values.get("about") == case.code],
            attachments=attached(request.services, values["attachments"]),
        )
        request.ui.flash(_("“${subject}” is logged.", mapping={"subject": rows.short(interaction.subject)}))
        return done(request, submission.submission_key, back if contact else f"/interactions/{interaction.id}")

    page = handle(
        request, schema, submit_label=_("Log it"), on_valid=on_valid, appstruct=_start(request),
        look=Look(heading=heading, note=note, cancel=back),
    )
    return page if isinstance(page, Response) else page | {"title": heading, "crumbs": crumbs}


def _schema(request: Request, contact: Contact | None, cases: list[Case]) -> colander.SchemaNode:
    schema = InteractionForm().clone()
    show = request.ui.show
    schema["about"].choices = tuple(
        (case.code, show.text(_("${title}, ${code}", mapping={"title": case.title, "code": show.code(case.code)})))
        for case in cases
    )
    schema["about"].widget = ChoiceWidget(schema["about"].choices, radios=False)
    if contact is None or not cases:
        del schema["about"]
    if contact is not None:
        del schema["address"]
    return schema


def _open_cases(request: Request, contact: Contact | None) -> list[Case]:
    if contact is None:
        return []
    return [case for case in request.services.requests.readable_of(contact) if case.is_open][:50]


def _start(request: Request) -> dict[str, Any]:
    """What the address says already: the channel, the number of who is on the line."""
    channel = words_of(request, "channel")
    channel = channel if channel in words.CHANNELS else Channel.PHONE.value
    direction = Direction.INTERNAL if channel == Channel.NOTE else Direction.IN
    return {"channel": channel, "direction": direction.value, "address": words_of(request, "address"),
            "about": words_of(request, "about")}


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
        "title": interaction.subject or show.text(words.CHANNELS.get(interaction.channel, "")),
        "interaction": interaction,
        "contact_name": rows.contact_name(request, contact),
        "contact_href": f"/contacts/{contact.id}" if contact is not None else "",
        "channel": words.CHANNELS.get(interaction.channel, interaction.channel),
        "icon": words.CHANNEL_ICONS.get(interaction.channel, "chat-left-text"),
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


@view_config(route_name="interaction_identify", request_method=("GET", "POST"),
             permission=Permission.INTERACTION_LOG.value, renderer="crm_views:templates/identify.pt")
def identify(request: Request) -> dict[str, Any] | Response:
    """Say who an unknown citizen was: search, and choose; a second sending leads to the same record."""
    interaction = interaction_of(request)
    if request.method == "POST":
        return _identified(request, interaction)
    query = words_of(request) or interaction.address
    found = request.services.finder.find(query, limit=20) if query else None
    hits = [hit_row(request, hit) for hit in found.hits if hit.kind == "contact"] if found is not None else []
    return _page(request, interaction) | {"title": _("Who was it?"), "query": query, "hits": hits}


def _identified(request: Request, interaction: Interaction) -> Response:
    chosen = request.POST.get("contact", "")
    contact = request.services.contacts.find(parse_id(chosen) if isinstance(chosen, str) else None)
    if contact is None or request.services.eyes.of_contact(contact) is not Visibility.FULL:
        raise NotFound
    if interaction.contact != contact.id:
        request.services.interactions.identify(interaction, contact)
        request.ui.flash(_("This belongs to the history of ${name} now.",
                           mapping={"name": rows.short(rows.contact_name(request, contact))}))
    return HTTPSeeOther(location=f"/contacts/{contact.id}")


@view_config(route_name="interaction_file", request_method="GET", permission=Permission.CONTACT_VIEW.value)
def file(request: Request) -> Response:
    """A file that came with a conversation."""
    return download(file_of(request, interaction_of(request).attachments))
