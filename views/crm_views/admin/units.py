"""Units: their tree, one of them with its people and its work, added, changed, closed and opened again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import colander
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import NotFound
from crm_core.fields import SHORT
from crm_core.i18n import Text, TextFactory
from crm_core.model.ids import parse_id
from crm_core.model.user import Unit, UnitKind
from crm_core.security.permissions import Permission
from crm_core.services.handover import PORTION
from crm_core.services.units import in_tree
from crm_core.text.collation import collation_key
from crm_views.admin.column import views
from crm_views.desk import rows
from crm_views.desk.fields import unit_choices
from crm_views.desk.things import done, saved, sent_before
from crm_views.forms import Look, Submission, handle
from crm_views.forms.revisions import Fields
from crm_views.forms.widgets import ChoiceWidget

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
ADMIN = Permission.ADMIN.value
FORM_PAGE = "crm_views:templates/form_page.pt"
KINDS: dict[str, Text] = {UnitKind.FUNCTION: _("by function"), UnitKind.GEOGRAPHY: _("by area")}
FIELDS = Fields("name", "name_en", "kind", "parent", "confidential")
CRUMBS = (("/admin", _("Administration")), ("/admin/units", _("Units")))


class UnitForm(f.Form):
    """What a unit is called and where it stands."""

    name = f.text(_("Name"), max_length=SHORT)
    name_en = f.text(_("Name in English"), required=False, max_length=SHORT)
    kind = f.choice(_("Kind"), tuple((str(kind), words) for kind, words in KINDS.items()))
    parent = f.choice(_("Belongs to"), (), required=False, empty=_("To none: it stands at the top"))
    confidential = f.boolean(_("Confidential: others see only how much there is, not what"))


class CloseForm(f.Form):
    """Who takes over what lies there."""

    successor = f.choice(_("Open requests go to"), (), required=False, empty=_("No unit: none is open"))
    note = f.text(_("Note for the history of each request"), required=False, max_length=SHORT)


def unit_of(request: Request) -> Unit:
    """The unit of the address. Raises NotFound."""
    id_ = parse_id(request.matchdict["unit"])
    if id_ is None:
        raise NotFound
    unit: Unit = request.services.units.get(id_)
    return unit


# ── the tree, and one of them ────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_units", request_method="GET", permission=ADMIN,
             renderer="crm_views:templates/admin/units.pt")
def units(request: Request) -> dict[str, Any]:
    """All units in their tree, with people and open work."""
    services = request.services
    people: dict[int, int] = {}
    for user in services.users.active():
        for id_ in user.units:
            people[id_] = people.get(id_, 0) + 1
    found = in_tree(services.units.all())
    return {
        "title": _("Units"),
        "views": views(request),
        "rows": [
            {
                "href": f"/admin/units/{unit.id}", "name": rows.unit_name(request, unit.id),
                "other": _other_name(request, unit), "level": min(depth, 5), "unit": unit,
                "kind": KINDS.get(unit.kind, ""), "people": people.get(unit.id, 0),
                "open": services.requests.count_work(unit=unit.id),
            }
            for unit, depth in found
        ],
        "closed": sum(not unit.active for unit, _depth in found),
        "nobody": services.requests.count_work(),
    }


@view_config(route_name="admin_unit", request_method="GET", permission=ADMIN,
             renderer="crm_views:templates/admin/unit.pt")
def unit_page(request: Request) -> dict[str, Any]:
    """One unit: what it is, who works there, what lies there, what it had to do with others."""
    unit, services = unit_of(request), request.services
    show = request.ui.show
    everybody = services.users.all()
    successor = services.units.find(unit.successor)
    above = rows.unit_name(request, unit.parent) if unit.parent else show.text(_("nobody; it stands at the top"))
    facts = [
        (_("Name"), unit.name), (_("Name in English"), unit.name_en or show.text(_("none yet"))),
        (_("Kind"), show.text(KINDS.get(unit.kind, unit.kind))),
        (_("Belongs to"), above),
        (_("Made"), show.date(unit.created)),
    ]
    return {
        "title": rows.unit_name(request, unit.id),
        "views": views(request),
        "unit": unit,
        "facts": facts,
        "people": [
            {"href": f"/admin/users/{user.id}", "name": rows.user_name(request, user.id), "login": user.login,
             "active": user.active, "open": services.requests.count_work(user=user.id)}
            for user in sorted((one for one in everybody if unit.id in one.units), key=lambda one: (
                not one.active, collation_key(rows.user_name(request, one.id))))
        ],
        "below": [
            {"href": f"/admin/units/{one.id}", "name": rows.unit_name(request, one.id), "active": one.active}
            for one in services.units.all() if one.parent == unit.id
        ],
        "open": services.requests.count_work(unit=unit.id),
        "successor": rows.unit_name(request, successor.id) if successor is not None else "",
        "can_go_on": bool(successor is not None and successor.active and not unit.active),
        "portion": PORTION,
        "changes": f"/admin/audit?{urlencode({'record': unit.name})}",
    }


def _other_name(request: Request, unit: Unit) -> str:
    """The name in the other language, for whoever knows only that one."""
    return str(unit.name if request.ui.show.locale == "en" and unit.name_en else unit.name_en)


# ── add, change ──────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_unit_new", request_method=("GET", "POST"), permission=ADMIN, renderer=FORM_PAGE)
def new(request: Request) -> dict[str, Any] | Response:
    """A new unit."""
    first = sent_before(request)
    if first is not None:
        return first

    def on_valid(submission: Submission) -> Response:
        unit = request.services.units.add(**_typed(submission.values))
        request.ui.flash(_("The unit “${name}” is there.", mapping={"name": rows.short(unit.name)}))
        return done(request, submission.submission_key, f"/admin/units/{unit.id}")

    above = request.GET.get("parent", "")
    page = handle(
        request, _schema(request), submit_label=_("Add the unit"), on_valid=on_valid,
        appstruct={"kind": UnitKind.FUNCTION.value, "parent": above if parse_id(above) else ""},
        look=Look(heading=_("New unit"), cancel="/admin/units"),
    )
    return page if isinstance(page, Response) else page | {"title": _("New unit"), "crumbs": CRUMBS}


@view_config(route_name="admin_unit_edit", request_method=("GET", "POST"), permission=ADMIN, renderer=FORM_PAGE)
def edit(request: Request) -> dict[str, Any] | Response:
    """Change a unit; only what was really changed is written."""
    unit = unit_of(request)
    here = f"/admin/units/{unit.id}"
    first = sent_before(request)
    if first is not None:
        return first
    stored = {name: getattr(unit, name) for name in FIELDS.names}

    def on_valid(submission: Submission) -> Response:
        typed = _typed(submission.values)
        changed = FIELDS.change(
            submission.revision, stored, typed, lambda seen: request.services.units.edit(unit, typed, seen),
            lambda theirs: _in_words(request, theirs),
        )
        return saved(request, changed, submission.submission_key, here)

    page = handle(
        request, _schema(request, unit), submit_label=_("Save"), on_valid=on_valid,
        appstruct={**stored, "parent": str(unit.parent or "")}, hidden={"revision": FIELDS.revision(stored)},
        look=Look(heading=_("Change the unit"), note=rows.unit_name(request, unit.id), cancel=here),
    )
    if isinstance(page, Response):
        return page
    return page | {"title": _("Change the unit"), "crumbs": (*CRUMBS, (here, rows.unit_name(request, unit.id)))}


def _schema(request: Request, unit: Unit | None = None) -> colander.SchemaNode:
    schema = UnitForm().clone()
    below = request.services.units.with_descendants(unit.id) if unit is not None else frozenset()
    choices = tuple(choice for choice in unit_choices(request) if int(choice[0]) not in below)
    now = str(unit.parent) if unit is not None and unit.parent is not None else ""
    if now and now not in dict(choices):  # closed; it stays what it is until somebody chooses another
        choices = (*choices, (now, rows.unit_name(request, int(now))))
    schema["parent"].choices = choices
    schema["parent"].widget = ChoiceWidget(schema["parent"].choices, radios=False)
    return schema


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": values["name"].strip(), "name_en": values["name_en"].strip(), "kind": values["kind"],
        "parent": int(values["parent"]) if values["parent"] else None, "confidential": values["confidential"],
    }


def _in_words(request: Request, theirs: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored now, in words, for the field that holds an id."""
    return {name: rows.unit_name(request, value) if name == "parent" else value for name, value in theirs.items()}


# ── close, open again ────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_unit_close", request_method=("GET", "POST"), permission=ADMIN, renderer=FORM_PAGE)
def close(request: Request) -> dict[str, Any] | Response:
    """Close a unit, and say who takes its open requests over."""
    unit = unit_of(request)
    here = f"/admin/units/{unit.id}"
    first = sent_before(request)
    if first is not None:
        return first
    if not unit.active:
        return HTTPSeeOther(location=here)
    services = request.services
    schema = CloseForm().clone()
    schema["successor"].choices = tuple(choice for choice in unit_choices(request) if choice[0] != str(unit.id))
    schema["successor"].widget = ChoiceWidget(schema["successor"].choices, radios=False)

    def on_valid(submission: Submission) -> Response:
        chosen = submission.values["successor"]
        services.handover.close_unit(
            unit, services.units.get(int(chosen)) if chosen else None, note=submission.values["note"])
        left = services.requests.count_work(unit=unit.id)
        request.ui.flash(
            _("The unit is closed. ${count} requests still lie here; go on handing them over.", mapping={"count": left})
            if left else _("The unit is closed; nothing is left open in it."), "warn" if left else "good")
        return done(request, submission.submission_key, here)

    count = services.requests.count_work(unit=unit.id)
    page = handle(
        request, schema, submit_label=_("Close the unit"), on_valid=on_valid,
        look=Look(heading=_("Close the unit"), cancel=here,
                  note=_("${name}: ${count} open requests. It stays readable, and can be opened again.",
                         mapping={"name": rows.unit_name(request, unit.id), "count": count})),
    )
    if isinstance(page, Response):
        return page
    return page | {"title": _("Close the unit"), "crumbs": (*CRUMBS, (here, rows.unit_name(request, unit.id)))}


@view_config(route_name="admin_unit_open", request_method="POST", permission=ADMIN)
def open_again(request: Request) -> Response:
    """Open a closed unit again; what went to another one stays there."""
    unit = unit_of(request)
    request.services.units.edit(unit, {"active": True})
    request.ui.flash(_("The unit is open again."))
    return HTTPSeeOther(location=f"/admin/units/{unit.id}")


@view_config(route_name="admin_unit_empty", request_method="POST", permission=ADMIN)
def go_on(request: Request) -> Response:
    """Hand over the next portion of what lies in a closed unit."""
    unit = unit_of(request)
    request.services.handover.empty_unit(unit)
    left = request.services.requests.count_work(unit=unit.id)
    request.ui.flash(_("${count} requests still lie here.", mapping={"count": left}) if left
                     else _("Nothing is left open in this unit."), "warn" if left else "good")
    return HTTPSeeOther(location=f"/admin/units/{unit.id}")
