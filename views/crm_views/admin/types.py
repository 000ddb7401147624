"""Kinds of requests: what their plugins say, how many are open, and the little that is decided here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import colander
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import NotFound
from crm_core.i18n import Text, TextFactory
from crm_core.registry import Published
from crm_core.security.permissions import Permission
from crm_core.services.types import LAST_PLACE, MOST_DAYS
from crm_core.text.collation import collation_key
from crm_views.admin.column import views
from crm_views.desk import rows
from crm_views.desk.fields import unit_choices
from crm_views.desk.things import saved, sent_before
from crm_views.forms import Look, Submission, handle
from crm_views.forms.revisions import Fields
from crm_views.forms.widgets import ChoiceWidget
from crm_views.plugin_pages import title_of

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
ADMIN = Permission.ADMIN.value
FIELDS = Fields("offered", "unit", "due_days", "place")
COUNTED = 5_000
"""Open requests looked at to count them by kind; with more the counts say "at least"."""
CATEGORIES: dict[str, Text] = {
    "new": _("new"), "open": _("in progress"), "waiting": _("waiting"), "done": _("done"), "cancelled": _("cancelled"),
}
FIELD_TYPES: dict[str, Text] = {
    "text": _("a line"), "long_text": _("a text"), "place": _("a place"), "integer": _("a number"),
    "boolean": _("yes or no"), "date": _("a day"), "dates": _("some days"), "time": _("a time of day"),
    "money": _("an amount"),
    "choice": _("one of several"), "choices": _("any of several"),
    "dependent_choice": _("one, depending on another answer"),
    "staff": _("a member of staff"), "unit": _("a unit"), "code": _("a code"), "phone": _("a phone number"),
    "email": _("an e-mail address"), "national_id": _("a national id"),
}


class TypeForm(f.Form):
    """What an organisation decides about a kind."""

    offered = f.boolean(_("Offered: staff may register one by hand"))
    unit = f.choice(_("New ones go to"), (), required=False, empty=_("The unit of the one who registers"),
                    description=_("Another can always be chosen when one is registered."))
    due_days = f.integer(_("Days for the answer"), required=False, least=1, most=MOST_DAYS)
    place = f.integer(_("Place in the list of kinds"), required=False, least=1, most=LAST_PLACE,
                      description=_("Clerks choose the first nine with the keys 1 to 9. Left empty: behind those with "
                                    "a place, by name."))


def type_of(request: Request) -> Published:
    """The kind of the address. Raises NotFound while its plugin is absent."""
    published = request.crm_app.registry.types.get(request.matchdict["type"])
    if published is None:
        raise NotFound
    return published


@view_config(route_name="admin_types", request_method="GET", permission=ADMIN,
             renderer="crm_views:templates/admin/types.pt")
def types(request: Request) -> dict[str, Any]:
    """All kinds by plugin, and those whose plugin is not here."""
    counts, cut = request.services.requests.count_types(COUNTED)
    present = request.crm_app.registry.types
    groups: dict[str, list[dict[str, Any]]] = {}
    for published in present.values():
        groups.setdefault(published.plugin, []).append(_row(request, published, counts))
    return {
        "title": _("Kinds of requests"),
        "views": views(request),
        "groups": [(plugin, title_of(request, plugin),
                    sorted(groups[plugin], key=lambda row: collation_key(row["title"])))
                   for plugin in sorted(groups, key=lambda one: (one != "core", one))],
        "parked": [
            {"id": id_, "title": request.ui.show.text(request.services.root.types[digest].labels),
             "open": counts.get(id_, 0)}
            for id_, digest in request.services.root.current_types.items() if id_ not in present
        ],
        "cut": cut,
    }


def _row(request: Request, published: Published, counts: dict[str, int]) -> dict[str, Any]:
    services, show, type_ = request.services, request.ui.show, published.type
    settings = services.types.settings(type_.id)
    days = services.types.days(published)
    return {
        "href": f"/admin/types/{type_.id}", "id": type_.id, "icon": type_.icon, "title": show.text(published.labels),
        "description": show.text(type_.description), "open": counts.get(type_.id, 0),
        "fields": len(published.form["fields"]), "statuses": len(services.types.in_force(published).statuses),
        "days": days,
        "unit": rows.unit_name(request, settings.unit) if settings.unit else "",
        "offered": type_.offered and settings.offered,
        "by_plugin": not type_.offered,
        "decided": settings.revision > 1 or bool(settings.id),
    }


# ── one of them ──────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_type", request_method=("GET", "POST"), permission=ADMIN,
             renderer="crm_views:templates/admin/type.pt")
def type_page(request: Request) -> dict[str, Any] | Response:
    """One kind: stages, form, and the form in which it is decided about."""
    published = type_of(request)
    first = sent_before(request)
    if first is not None:
        return first
    page = _decide(request, published)
    if isinstance(page, Response):
        return page
    show, type_ = request.ui.show, published.type
    counts, cut = request.services.requests.count_types(COUNTED)
    in_force = request.services.types.in_force(published)
    return page | {
        "title": show.text(published.labels),
        "views": views(request),
        "type": type_,
        "plugin": published.plugin,
        "version": in_force.version_id[:12], "edition": in_force.number,
        "open": counts.get(type_.id, 0), "cut": cut,
        "description": show.text(type_.description),
        "permission": type_.permission,
        "statuses": [
            (request.ui.status(one.category, one.labels), show.text(CATEGORIES.get(one.category, "")), one.name)
            for one in in_force.statuses
        ],
        "fields": [
            {"label": show.text(field["labels"]), "name": field["name"],
             "type": show.text(FIELD_TYPES.get(field["type"], field["type"])), "required": field["required"],
             "personal": field["personal"], "shields": field.get("shields", False)}
            for field in published.form["fields"]
        ],
    }


def _decide(request: Request, published: Published) -> dict[str, Any] | Response:
    services = request.services
    settings = services.types.settings(published.type.id)
    stored = {name: getattr(settings, name) for name in FIELDS.names}
    schema = _schema(request, published, stored)

    def on_valid(submission: Submission) -> Response:
        values = submission.values
        typed = {
            "offered": values["offered"] if published.type.offered else stored["offered"],
            "unit": int(values["unit"]) if values["unit"] else None, "due_days": values["due_days"],
            "place": values["place"] if published.type.offered else stored["place"],
        }
        changed = FIELDS.change(
            submission.revision, stored, typed, lambda seen: services.types.edit(published, typed, seen),
            lambda theirs: _in_words(request, theirs),
        )
        return saved(request, changed, submission.submission_key, f"/admin/types/{published.type.id}")

    return handle(
        request, schema, submit_label=_("Save"), on_valid=on_valid, look=Look(layout="plain"),
        appstruct={**stored, "unit": str(stored["unit"] or "")}, hidden={"revision": FIELDS.revision(stored)},
    )


def _in_words(request: Request, theirs: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored now, in words, for the field that holds an id."""
    return {name: rows.unit_name(request, value) if name == "unit" else value for name, value in theirs.items()}


def _schema(request: Request, published: Published, stored: dict[str, Any]) -> colander.SchemaNode:
    schema = TypeForm().clone()
    choices = unit_choices(request)
    now = str(stored["unit"] or "")
    if now and now not in dict(choices):
        choices = (*choices, (now, rows.unit_name(request, int(now))))
    schema["unit"].choices = choices
    schema["unit"].widget = ChoiceWidget(choices, radios=False)
    days = published.type.due_days
    schema["due_days"].description = (
        _("Left empty: ${days}, as its plugin says. It holds for new requests.", mapping={"days": days})
        if days is not None else _("Left empty: no deadline, as its plugin says. It holds for new requests."))
    if not published.type.offered:  # only the plugin itself begins such a request
        schema.children = [node for node in schema.children if node.name not in ("offered", "place")]
    return schema
