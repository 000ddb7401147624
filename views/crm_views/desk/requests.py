"""Requests: choose a kind, fill its form in, read one, change its status, hand it over.

A request page is drawn from the frozen form and status versions alone, so that it reads the same when the plugin has
changed or gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import colander
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import NotFound, StaleChange
from crm_core.fields import LONG, SHORT
from crm_core.i18n import TextFactory
from crm_core.model.contact import Contact
from crm_core.model.interaction import Channel
from crm_core.model.request import Category, Priority
from crm_core.model.request import Request as Case
from crm_core.registry import Published
from crm_core.security.permissions import Permission
from crm_core.services.visibility import Visibility
from crm_views import words
from crm_views.desk import rows
from crm_views.desk.answers import answers
from crm_views.desk.attachments import download, file_rows
from crm_views.desk.fields import attached, files, staff_choices, unit_choices
from crm_views.desk.find import words_of
from crm_views.desk.things import case_of, done, file_of, readable_case, readable_contact, sent_before
from crm_views.desk.timeline import event_words
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import ChoiceWidget

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")


class CommonForm(f.Form):
    """What every new request has beside the fields of its kind."""

    title_ = f.text(_("Title"), required=False, max_length=SHORT, name="title", personal=True, wide=True,
                    description=_("Left empty, it is made of the answers."))
    text = f.long_text(_("In the citizen’s words"), required=False, max_length=LONG, personal=True)


class HandlingForm(f.Form):
    """How it came, and who shall answer it."""

    channel = f.choice(_("Channel"), tuple((str(channel), text) for channel, text in words.CHANNELS.items()))
    unit = f.unit(_("Unit"), required=False, description=_("Left empty, it stays with your own unit."))
    priority = f.choice(_("Priority"), tuple((str(priority), text) for priority, text in words.PRIORITIES.items()))
    attachments = files(_("Files"))


# ── new ──────────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="request_types", request_method="GET", permission=Permission.REQUEST_CREATE.value,
             renderer="crm_views:templates/request_types.pt")
def types(request: Request) -> dict[str, Any]:
    """The kinds of requests this reader may start."""
    contact = readable_contact(request)
    show = request.ui.show
    offered = [
        {
            "href": f"/contacts/{contact.id}/requests/new/{published.type.id}",
            "icon": published.type.icon,
            "title": show.text(published.labels),
            "description": show.text(published.type.description),
            "days": published.type.due_days,
        }
        for published in request.crm_app.registry.offered()
        if request.has_permission(published.type.permission)
    ]
    return {
        "title": _("New request"),
        "types": sorted(offered, key=lambda row: row["title"]),
        "crumbs": ((f"/contacts/{contact.id}", rows.contact_name(request, contact)),),
    }


@view_config(route_name="request_new", request_method=("GET", "POST"), permission=Permission.REQUEST_CREATE.value,
             renderer="crm_views:templates/form_page.pt")
def new(request: Request) -> dict[str, Any] | Response:
    """The form of one kind of request, for a known citizen."""
    contact = readable_contact(request)
    first = sent_before(request)
    if first is not None:
        return first
    services = request.services
    published = services.forms.published(request.matchdict["type"])
    if published.type.id not in {one.type.id for one in request.crm_app.registry.offered()}:
        raise NotFound
    services.identity.demand(published.type.permission)
    schema = _schema(request, published, contact)
    label = request.ui.show.text(published.labels)

    def on_valid(submission: Submission) -> Response:
        case = _register(request, published, contact, submission.values)
        request.ui.flash(_("“${title}” is registered; tracking code ${code}.",
                           mapping={"title": rows.short(case.title), "code": request.ui.show.code(case.code)}))
        return done(request, submission.submission_key, f"/requests/{case.code}")

    name, here = rows.contact_name(request, contact), f"/contacts/{contact.id}"
    channel = words_of(request, "channel")
    start = {"channel": channel if channel in words.CHANNELS else Channel.IN_PERSON.value,
             "priority": Priority.NORMAL.value}
    own = _own_names(published)
    page = handle(
        request, schema, submit_label=_("Register"), on_valid=on_valid,
        appstruct={_free(field, own): value for field, value in start.items()},
        look=Look(heading=label, note=_("For ${name}.", mapping={"name": name}), cancel=here),
    )
    if isinstance(page, Response):
        return page
    return page | {"title": label, "crumbs": ((here, name), (f"{here}/requests/new", _("New request")))}


def _schema(request: Request, published: Published, contact: Contact) -> colander.SchemaNode:
    """The form of a kind, with what all requests have around it."""
    schema = request.services.forms.schema(published.type.id, request.services, contact)
    common, handling = CommonForm().clone(), HandlingForm().clone()
    handling["unit"].choices = unit_choices(request)
    taken = _own_names(published)
    for place, node in enumerate(common):
        node.name = _free(node.name, taken)
        schema.children.insert(place, node)
    for node in handling:
        node.name = _free(node.name, taken)
        schema.add(node)
    return schema


def _own_names(published: Published) -> set[str]:
    return {field["name"] for field in published.form["fields"]}


def _free(name: str, taken: set[str]) -> str:
    """A name for a common field that no field of the kind has."""
    while name in taken:
        name += "_"
    return name


def _register(request: Request, published: Published, contact: Contact, values: dict[str, Any]) -> Case:
    own = _own_names(published)

    def common(name: str) -> Any:
        return values.get(_free(name, own))

    services = request.services
    unit = common("unit")
    return services.requests.register(
        services, contact, published.type.id, {name: values[name] for name in own if name in values},
        title=common("title") or "", text=common("text") or "", channel=common("channel"),
        priority=common("priority"), unit=int(unit) if unit else None,
        attachments=attached(services, common("attachments")),
    )


# ── one of them ──────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="request", request_method="GET", permission=Permission.REQUEST_VIEW.value,
             renderer="crm_views:templates/request.pt")
def request_page(request: Request) -> dict[str, Any]:
    """Everything about one request; of one that may only be counted, the unit and the month."""
    case, seen = case_of(request)
    show = request.ui.show
    if seen is not Visibility.FULL:
        request.override_renderer = "crm_views:templates/request_counted.pt"
        request.response.status_int = 403
        return {
            "title": _("A request you may not read"),
            "unit": rows.unit_name(request, case.unit),
            "when": show.date(case.created, "date"),
        }
    contact = request.services.contacts.find(case.contact)
    here = f"/requests/{case.code}"
    return {
        "title": case.title,
        "case": case,
        "kind": rows.type_name(request, case),
        "code": show.code(case.code),
        "badges": rows.status_badges(request, case),
        "due": due(request, case),
        "late": rows.is_late(request, case),
        "contact_name": rows.contact_name(request, contact),
        "contact_href": f"/contacts/{contact.id}" if contact is not None else "",
        "channel": words.CHANNELS.get(case.channel, case.channel),
        "channel_icon": words.CHANNEL_ICONS.get(case.channel, "chat-left-text"),
        "when": show.time(case.created),
        "hands": rows.in_hands(request, case.unit, case.assignee),
        "priority": words.PRIORITIES.get(case.priority, case.priority),
        "is_confidential": case.confidentiality != "normal",
        "stages": stages(request, case),
        "answers": answers(request, case),
        "history": history(request, case),
        "files": file_rows(request, here, case.attachments),
        "absent": absent_plugin(request, case),
        "status_form": _embedded(request, case, "status") if _may_change(request, case) else None,
        "assign_form": _embedded(request, case, "assign") if _may_assign(request) else None,
    }


def absent_plugin(request: Request, case: Case) -> str:
    """The plugin that this kind of request came with, when it is not here at present; else ""."""
    return "" if case.type in request.crm_app.registry.types else case.type.partition(".")[0]


def due(request: Request, case: Case) -> str:
    """The deadline in a sentence with its date."""
    if case.due is None:
        return ""
    show = request.ui.show
    date = show.relative_day(case.due)
    distance = show.text(rows.due_words(request, case))
    if not distance:
        return show.text(_("Deadline was ${date}", mapping={"date": date}))
    return show.text(_("Deadline ${date}: ${distance}", mapping={"date": date, "distance": distance}))


def stages(request: Request, case: Case) -> list[dict[str, Any]]:
    """The statuses of its kind as stages, with the time each was reached; a cancelled request has none."""
    reached = {case.version.statuses[0].name: case.created}
    for event in case.events.values():
        status = event.data.get("to", event.data.get("status"))
        if status:
            reached[status] = event.at
    shown = [status for status in case.version.statuses if status.category != Category.CANCELLED]
    names = [status.name for status in shown]
    if case.status not in names or len(names) > 7:
        return []
    now = names.index(case.status)
    show = request.ui.show
    return [
        {
            "state": "d" if place < now or (place == now and not case.is_open) else "c" if place == now else "n",
            "name": show.text(status.labels),
            "when": show.relative_day(reached[status.name]) if status.name in reached and place <= now else "",
            "current": place == now,
        }
        for place, status in enumerate(shown)
    ]


def history(request: Request, case: Case) -> list[dict[str, Any]]:
    """What happened to the request, newest first."""
    lines = []
    for event in reversed(list(case.events.values())):
        subject, note, icon = event_words(request, case, event)
        lines.append({
            "subject": request.ui.show.text(_("Registered")) if event.kind == "request.registered" else subject,
            "note": "" if event.kind == "request.registered" else note,
            "icon": icon,
            "by": rows.user_name(request, event.by),
            "when": request.ui.show.time(event.at),
        })
    return lines


@view_config(route_name="request_file", request_method="GET", permission=Permission.REQUEST_VIEW.value)
def file(request: Request) -> Response:
    """A file that came with a request."""
    return download(file_of(request, readable_case(request).attachments))


# ── status and hands ─────────────────────────────────────────────────────────────────────────────────────────


class StatusForm(f.Form):
    """The next status of its own kind, with a note for the history."""

    status = f.choice(_("New status"), ())
    note = f.long_text(_("Note"), required=False, max_length=LONG, personal=True)


class AssignForm(f.Form):
    """Who has it from now on."""

    unit = f.choice(_("Unit"), (), required=False, description=_("Left empty, it stays where it is."))
    assignee = f.choice(_("Member of staff"), (), required=False)
    note = f.long_text(_("Note"), required=False, max_length=LONG, personal=True)


def _may_change(request: Request, case: Case) -> bool:
    return bool(request.has_permission(Permission.REQUEST_CHANGE_STATUS)) and len(case.version.statuses) > 1


def _may_assign(request: Request) -> bool:
    return bool(request.has_permission(Permission.REQUEST_ASSIGN))


def _embedded(request: Request, case: Case, which: str) -> Any:
    """A small form for the request's own page; it is sent to its own address."""
    page = _form(request, case, which, embedded=True)
    return page["form"] if isinstance(page, dict) else None


@view_config(route_name="request_status", request_method=("GET", "POST"),
             permission=Permission.REQUEST_CHANGE_STATUS.value, renderer="crm_views:templates/form_page.pt")
def change_status(request: Request) -> dict[str, Any] | Response:
    """Change the status, with a note."""
    return _own_page(request, "status", _("Change the status"))


@view_config(route_name="request_assign", request_method=("GET", "POST"),
             permission=Permission.REQUEST_ASSIGN.value, renderer="crm_views:templates/form_page.pt")
def assign(request: Request) -> dict[str, Any] | Response:
    """Hand it to a unit, or to somebody in it."""
    return _own_page(request, "assign", _("Hand over"))


def _own_page(request: Request, which: str, title: str) -> dict[str, Any] | Response:
    case = readable_case(request)
    first = sent_before(request)
    if first is not None:
        return first
    page = _form(request, case, which, embedded=False)
    if isinstance(page, Response):
        return page
    return page | {"title": title, "crumbs": ((f"/requests/{case.code}", case.title),)}


def _form(request: Request, case: Case, which: str, *, embedded: bool) -> dict[str, Any] | Response:
    here = f"/requests/{case.code}"
    is_status = which == "status"
    schema = _status_schema(request, case) if is_status else _assign_schema(request, case)
    apply = _apply_status if is_status else _apply_assign

    def on_valid(submission: Submission) -> Response:
        apply(request, case, submission)
        return done(request, submission.submission_key, here)

    heading = _("Change the status") if is_status else _("Hand over")
    start = {} if is_status else {
        "unit": str(case.unit or ""), "assignee": str(case.assignee or ""),
    }
    look = Look(layout="plain") if embedded else Look(heading=heading, note=case.title, cancel=here)
    return handle(
        request, schema, submit_label=_("Change it") if is_status else _("Hand it over"), on_valid=on_valid,
        appstruct={name: value for name, value in start.items() if value},
        hidden={"revision": _state(case, which)}, name=which, action=f"{here}/{which}" if embedded else "", look=look,
    )


def _status_schema(request: Request, case: Case) -> colander.SchemaNode:
    schema = StatusForm().clone()
    show = request.ui.show
    schema["status"].choices = tuple(
        (status.name, show.text(status.labels)) for status in case.version.statuses if status.name != case.status
    )
    schema["status"].widget = ChoiceWidget(schema["status"].choices, radios=False)
    return schema


def _assign_schema(request: Request, case: Case) -> colander.SchemaNode:
    schema = AssignForm().clone()
    schema["unit"].choices = unit_choices(request)
    schema["assignee"].choices = staff_choices(request, case)
    for name in ("unit", "assignee"):
        schema[name].widget = ChoiceWidget(schema[name].choices, radios=False)
    return schema


def _state(case: Case, which: str) -> str:
    """What the form starts from: whoever sends it meant to change this, and nothing else."""
    return case.status if which == "status" else f"{case.unit or ''}:{case.assignee or ''}"


def _apply_status(request: Request, case: Case, submission: Submission) -> None:
    if submission.revision != _state(case, "status"):
        raise StaleChange({"status": rows.status_name(request, case.version, case.status)})
    request.services.requests.change_status(
        request.services, case, submission.values["status"], submission.values["note"]
    )
    name = rows.status_name(request, case.version, case.status)
    request.ui.flash(_("The status is “${status}” now.", mapping={"status": name}))


def _apply_assign(request: Request, case: Case, submission: Submission) -> None:
    values = submission.values
    if submission.revision != _state(case, "assign"):
        raise StaleChange({"unit": rows.unit_name(request, case.unit),
                           "assignee": rows.user_name(request, case.assignee) if case.assignee else ""})
    request.services.requests.assign(
        case, unit=int(values["unit"]) if values["unit"] else case.unit,
        assignee=int(values["assignee"]) if values["assignee"] else None, note=values["note"],
    )
    request.ui.flash(_("It is with ${unit} now.", mapping={"unit": rows.unit_name(request, case.unit)}))
