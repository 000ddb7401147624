"""New requests: choose a kind, fill its form in.

The citizen's words come first, then what the kind asks, then what every request has as far as the kind wants it, and
folded away below who shall answer it: what mostly stays as it is.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import colander
from pyramid.response import Response
from pyramid.view import view_config

from crm_core.errors import NotFound
from crm_core.fields import SHORT
from crm_core.i18n import TextFactory
from crm_core.model.contact import Contact
from crm_core.model.interaction import Channel, Direction
from crm_core.model.request import Request as Case
from crm_core.registry import Published
from crm_core.security.permissions import Permission
from crm_core.text.collation import collation_key
from crm_views.channels import channel_choices, channel_icon
from crm_views.desk import rows
from crm_views.desk.commonform import FOLDED, NAMES, START, CommonForm, free_name
from crm_views.desk.fields import attached, unit_choices
from crm_views.desk.find import words_of
from crm_views.desk.general import no_longer_asked
from crm_views.desk.spoken import just_spoken, spoken
from crm_views.desk.things import done, readable_contact, sent_before
from crm_views.drafts import take_other_drafts
from crm_views.forms import Folded, Look, Submission, handle
from crm_views.forms.widgets import first_unreadable

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")


DAY = 86_400_000
MOST_ALIKE = 3
"""Open requests of the same kind that are shown beside the form."""
LONGEST_GIVEN = 2000
"""Characters of a text that an address brings along; it is in logs and histories, so it is never long."""


@view_config(route_name="request_types", request_method="GET", permission=Permission.REQUEST_CREATE.value,
             renderer="crm_views:templates/request_types.pt")
def types(request: Request) -> dict[str, Any]:
    """The kinds of requests this reader may start, in the order an administrator gave them, then by name.

    A clerk learns the place and its key (1 to 9) by heart. An order by use would move the kinds under his hand from
    one week to the next and differ between neighbours, so the most asked-for ones come first because somebody decided
    it, once and for all (see `Types.place`).
    """
    contact = readable_contact(request)
    show = request.ui.show
    said = spoken(request, contact)
    along = f"?from={said.id}" if said is not None else ""
    offered = [
        {
            "href": f"/contacts/{contact.id}/requests/new/{published.type.id}{along}",
            "icon": published.type.icon,
            "title": show.text(published.labels),
            "place": request.services.types.place(published),
            "description": show.text(published.type.description),
            "days": request.services.types.days(published),
            "is_rule": request.services.types.is_day_decided(published),
        }
        for published in request.services.types.offered()
        if request.has_permission(published.type.permission)
    ]
    return {
        "title": _("New request"),
        "types": sorted(offered, key=lambda row: (row["place"], collation_key(row["title"]))),
        "crumbs": ((f"/contacts/{contact.id}", rows.contact_name(request, contact)),),
    }


@view_config(route_name="request_new", request_method=("GET", "POST"), permission=Permission.REQUEST_CREATE.value,
             renderer="crm_views:templates/registration.pt")
def new(request: Request) -> dict[str, Any] | Response:
    """The form of one kind of request, for a known citizen."""
    contact = readable_contact(request)
    first = sent_before(request)
    if first is not None:
        return first
    services = request.services
    published = services.forms.published(request.matchdict["type"])
    if published.type.id not in {one.type.id for one in request.services.types.offered()}:
        raise NotFound
    services.identity.demand(published.type.permission)
    schema = _schema(request, published, contact)
    label = request.ui.show.text(published.labels)

    def on_valid(submission: Submission) -> Response:
        case = _register(request, published, contact, submission.values)
        request.ui.flash(_("“${title}” is registered; tracking code ${code}.",
                           mapping={"title": rows.short(case.title), "code": request.ui.show.code(case.code)}))
        take_other_drafts(request, submission.submission_key)
        return done(request, submission.submission_key, f"/requests/{case.code}")

    name, here = rows.contact_name(request, contact), f"/contacts/{contact.id}"
    own = _own_names(published)
    page = handle(
        request, schema, submit_label=_("Register"), on_valid=on_valid,
        appstruct={free_name(field, own): value for field, value in _start(request, contact).items()},
        look=Look(
            heading=label, note=_("For ${name}.", mapping={"name": name}), cancel=here,
            folded=Folded(
                _("How it came, who answers") if {"unit", "priority"} & {*published.type.common} else _("How it came"),
                tuple(free_name(field, own) for field in FOLDED),
            ),
        ),
    )
    if isinstance(page, Response):
        return page
    return page | {
        "title": label, "crumbs": ((here, name), (f"{here}/requests/new", _("New request"))),
        "facts": _facts(request, published), "alike": _alike(request, published, contact),
        "call": _call(request, contact),
        "gone": no_longer_asked(request, published.type.id, {node.name for node in schema}),
    }


def _start(request: Request, contact: Contact) -> dict[str, str]:
    """What the form starts with: the usual, and what the address brings along.

    ``channel``, ``about`` and ``text``, or ``from``, the id of a conversation that leads to this request.
    """
    channel = words_of(request, "channel")
    text = request.GET.get("text", "").replace("\r\n", "\n")[:LONGEST_GIVEN]
    given = {"title": words_of(request, "about")[:SHORT], "text": text if first_unreadable(text) is None else ""}
    said = spoken(request, contact)
    if said is None:
        recent = just_spoken(request, contact)
        channel = channel or (recent.channel if recent is not None else "")
    else:
        channel = said.channel
        given = {"title": said.subject, "text": "\n".join(part for part in (said.subject, said.body) if part)}
    known = {"channel": channel} if request.services.channels.exists(channel) else {}
    return START | known | {name: value for name, value in given.items() if value}


def _call(request: Request, contact: Contact) -> dict[str, Any] | None:
    """The conversation just logged, whose words the form can take; None without one, or when it has taken them.

    Only one in which the citizen came to us: what we told him are no words of his.
    """
    recent = just_spoken(request, contact) if spoken(request, contact) is None and request.method == "GET" else None
    if recent is None or recent.direction != Direction.IN:
        return None
    show = request.ui.show
    words = _("From your call at ${time}:") if recent.channel == Channel.PHONE else _("From your visit at ${time}:")
    return {"href": f"{request.path}?{urlencode({'from': recent.id})}", "icon": channel_icon(request, recent.channel),
            "words": show.sentence(words % {"time": show.clock(recent.started)}), "subject": rows.short(recent.subject)}


def _facts(request: Request, published: Published) -> dict[str, Any]:
    """What somebody who registers a request of this kind may tell the citizen."""
    show = request.ui.show
    days = request.services.types.days(published)
    is_rule = request.services.types.is_day_decided(published)
    return {
        "icon": published.type.icon,
        "description": show.text(published.type.description),
        "days": show.number(days) if days is not None else "",
        "until": show.date(request.services.now + days * DAY, "weekday") if days is not None and not is_rule else "",
        "is_rule": is_rule,
    }


def _alike(request: Request, published: Published, contact: Contact) -> list[Any]:
    """The citizen's open requests of the same kind: perhaps it is registered already."""
    cases = request.services.requests.readable_of(contact, published.type.id)
    return [rows.owe(request, case) for case in islice((case for case in cases if case.is_open), MOST_ALIKE)]


def _schema(request: Request, published: Published, contact: Contact) -> colander.SchemaNode:
    """The citizen's words, the form of the kind, and below it what all requests have, as far as the kind wants it."""
    schema = request.services.forms.schema(published.type.id, request.services, contact)
    common = CommonForm().clone()
    common["unit"].choices = unit_choices(request)
    common["channel"].choices = channel_choices(request)
    unit = rows.unit_name(request, request.services.types.unit(published.type.id))
    common["unit"].description = _("Left empty, it goes to ${unit}.", mapping={"unit": unit})
    if published.type.files_required:
        common["attachments"].missing = colander.required
        common["attachments"].description = _("${count} at least.", mapping={"count": published.type.files_required})
    taken, asked = _own_names(published), {NAMES[word] for word in published.type.common}
    for node in common:
        if node.name in asked:
            is_words = node.name == "text"
            node.name = free_name(node.name, taken)
            schema.children.insert(0 if is_words else len(schema.children), node)
    return schema


def _own_names(published: Published) -> set[str]:
    return {field["name"] for field in published.form["fields"]}


def _register(request: Request, published: Published, contact: Contact, values: dict[str, Any]) -> Case:
    own = _own_names(published)

    def common(name: str) -> Any:
        return values.get(free_name(name, own)) or START.get(name)

    services = request.services
    unit = common("unit")
    return services.requests.register(
        services, contact, published.type.id, {name: values[name] for name in own if name in values},
        title=common("title") or "", text=common("text") or "", channel=common("channel"),
        priority=common("priority"), unit=int(unit) if unit else None,
        attachments=attached(services, common("attachments") or ()),
    )
