"""Targets for first answers and solutions: a table of kinds by priorities, and one row of it."""

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
from crm_core.i18n import Text, TextFactory
from crm_core.model.ids import parse_id
from crm_core.security.permissions import Permission
from crm_core.services.targets import DAYS, FIELDS, HOURS, MOST, USUAL_WARNING, Target
from crm_core.text.collation import collation_key
from crm_views.admin.calendar_words import kind_words, priority_words, span_words
from crm_views.admin.column import views
from crm_views.desk import rows
from crm_views.desk.things import done, saved, sent_before
from crm_views.forms import Folded, Look, Submission, handle
from crm_views.forms.revisions import Fields
from crm_views.forms.widgets import ChoicesWidget, ChoiceWidget
from crm_views.words import PRIORITIES

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
ADMIN = Permission.ADMIN.value
FORM_PAGE = "crm_views:templates/form_page.pt"
ROW = Fields(*FIELDS)
HERE = "/admin/targets"
EDITIONS_SHOWN = 8
UNITS: tuple[tuple[str, Text], ...] = ((HOURS, _("working hours")), (DAYS, _("working days")))


class TargetForm(f.Form):
    """For what, and how long."""

    type = f.choice(_("Kind of request"), (), required=False, empty=_("All kinds"))
    priority = f.choice(_("Priority"), tuple((str(one), words) for one, words in PRIORITIES.items()), required=False,
                        empty=_("All priorities"), widget=ChoiceWidget(
                            tuple((str(one), words) for one, words in PRIORITIES.items()), radios=False))
    first = f.integer(_("Until the first answer"), required=False, least=1, most=max(MOST.values()))
    first_unit = f.choice(_("Counted in"), UNITS)
    solution = f.integer(_("Until the solution"), required=False, least=1, most=max(MOST.values()))
    solution_unit = f.choice(_("Counted in"), UNITS)
    warn = f.integer(_("Warning when so many per cent of the time are gone"), required=False, least=1, most=99,
                     description=_("Left empty: no warning."))
    tell = f.choices(_("When a deadline is missed, told beside whoever has it and the supervisors of the unit"), (),
                     required=False)


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_targets", request_method="GET", permission=ADMIN,
             renderer="crm_views:templates/admin/targets.pt")
def targets(request: Request) -> dict[str, Any]:
    """What holds for each kind and priority: said there, or by a row that is for more."""
    table = request.services.targets.table()
    show = request.ui.show
    kinds = ["", *sorted({*request.crm_app.registry.types, *(row["type"] for row in table.rows)} - {""},
                         key=lambda one: collation_key(kind_words(request, one)))]
    priorities = ["", *(str(one) for one in PRIORITIES)]
    said = {(row["type"], row["priority"]): row for row in table.rows}
    return {
        "title": _("Targets"),
        "views": views(request),
        "priorities": [priority_words(request, one) for one in priorities],
        "rows": [{"kind": kind_words(request, kind), "any": not kind,
                  "cells": [_cell(request, kind, priority, said.get((kind, priority))) for priority in priorities]}
                 for kind in kinds],
        "is_empty": not table.rows,
        "editions": [
            {"number": number, "when": show.date(one["at"], "date"), "by": rows.user_name(request, one["by"]),
             "count": len(one["rows"])}
            for number, one in list(reversed(table.editions.items()))[:EDITIONS_SHOWN]
        ],
    }


def _cell(request: Request, kind: str, priority: str, row: dict[str, Any] | None) -> dict[str, Any]:
    """A cell: what holds, whether it is said here, and where it is changed or said."""
    found: Target = request.services.targets.find(kind, priority)
    mine = row or {}
    query = urlencode({name: value for name, value in (("type", kind), ("priority", priority)) if value})
    name = f"{kind_words(request, kind)}{request.ui.show.text(_(', '))}{priority_words(request, priority)}"
    return {
        "name": name, "own": row is not None,
        "href": f"{HERE}/{row['id']}" if row is not None else f"{HERE}/new{f'?{query}' if query else ''}",
        "spans": [{"label": label, "words": span_words(request, span), "own": bool(mine.get(key))}
                  for key, label, span in (("first", _("first answer"), found.first),
                                           ("solution", _("solution"), found.solution)) if span is not None],
        "told": len(mine.get("tell", ())),
    }


# ── a row ────────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_target_new", request_method=("GET", "POST"), permission=ADMIN, renderer=FORM_PAGE)
def new(request: Request) -> dict[str, Any] | Response:
    """A new row, for the kind and priority of the address."""
    first = sent_before(request)
    if first is not None:
        return first

    def on_valid(submission: Submission) -> Response:
        request.services.targets.add(_typed(submission.values))
        request.ui.flash(_("The target holds for new requests from now on."))
        return done(request, submission.submission_key, HERE)

    schema = _schema(request)
    start = {"first_unit": HOURS, "solution_unit": DAYS, "warn": USUAL_WARNING,
             "type": _asked(request, "type", schema), "priority": _asked(request, "priority", schema)}
    page = handle(request, schema, submit_label=_("Set the target"), on_valid=on_valid, appstruct=start,
                  look=_look(_("New target")))
    return page if isinstance(page, Response) else page | {"title": _("New target"), "crumbs": ((HERE, _("Targets")),)}


def _asked(request: Request, name: str, schema: colander.SchemaNode) -> str:
    """A choice that the address makes, where there is such a one."""
    wanted = request.GET.get(name, "")
    return wanted if wanted in dict(schema[name].choices) else ""


@view_config(route_name="admin_target", request_method=("GET", "POST"), permission=ADMIN, renderer=FORM_PAGE)
def edit(request: Request) -> dict[str, Any] | Response:
    """Change a row; requests that run keep the deadline they have."""
    first = sent_before(request)
    if first is not None:
        return first
    row = _row(request)
    stored = {name: row[name] for name in FIELDS}

    def on_valid(submission: Submission) -> Response:
        typed = _typed(submission.values)
        changed = ROW.change(
            submission.revision, stored, typed, lambda seen: request.services.targets.change(row["id"], typed, seen),
            lambda theirs: _theirs(request, theirs))
        return saved(request, changed, submission.submission_key, HERE)

    schema = _schema(request, row)
    start = {name: row[name] for name in ("type", "priority", "tell")}
    start |= {"tell": [str(id_) for id_ in row["tell"]], "warn": row["warn"] or None}
    for name, unit in (("first", HOURS), ("solution", DAYS)):
        start[name], start[f"{name}_unit"] = row[name] or (None, unit)
    heading = f"{kind_words(request, row['type'])} · {priority_words(request, row['priority'])}"
    page = handle(request, schema, submit_label=_("Save"), on_valid=on_valid, appstruct=start,
                  hidden={"revision": ROW.revision(stored)}, look=_look(heading))
    if isinstance(page, Response):
        return page
    return page | {"title": _("Change the target"), "crumbs": ((HERE, _("Targets")),), "below": _remove(row["id"])}


def _remove(id_: int) -> dict[str, Any]:
    """The button below the form that takes the row out."""
    return {"action": f"{HERE}/{id_}/remove", "text": _("Take this target out"), "icon": "trash3"}


@view_config(route_name="admin_target_remove", request_method="POST", permission=ADMIN)
def remove(request: Request) -> Response:
    """Take a row out of the table."""
    try:
        request.services.targets.remove(_row(request)["id"])
        request.ui.flash(_("The target is taken out. Requests that run keep the deadline they have."))
    except NotFound:
        request.ui.flash(_("This is done already."), "warn")
    return HTTPSeeOther(location=HERE)


def _row(request: Request) -> dict[str, Any]:
    """The row of the address. Raises NotFound."""
    id_ = parse_id(request.matchdict["row"])
    if id_ is None:
        raise NotFound
    row: dict[str, Any] = request.services.targets.row(id_)
    return row


def _look(heading: Text) -> Look:
    return Look(heading=heading, cancel=HERE, folded=Folded(_("Who else is told"), ("tell",)),
                note=_("In working time of the unit in which a request lies. A row for a kind goes before one for "
                       "a priority; what a row leaves open comes from a broader one."))


def _schema(request: Request, row: Mapping[str, Any] | None = None) -> colander.SchemaNode:
    schema = TargetForm().clone()
    kinds = {*request.crm_app.registry.types, *([row["type"]] if row and row["type"] else [])}
    choices = tuple(sorted(((one, kind_words(request, one)) for one in kinds),
                           key=lambda choice: collation_key(choice[1])))
    schema["type"].choices = choices
    schema["type"].widget = ChoiceWidget(choices, radios=False)
    users = request.services.users
    told = {user.id for user in users.active() if users.identity(user).has(Permission.REQUEST_VIEW)}
    staff = tuple(sorted(((str(id_), rows.user_name(request, id_)) for id_ in told | set(row["tell"] if row else ())),
                         key=lambda choice: collation_key(choice[1])))
    schema["tell"].choices = staff
    schema["tell"].widget = ChoicesWidget(staff)
    return schema


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """The form's values as a row has them."""
    typed: dict[str, Any] = {
        name: [values[name], values[f"{name}_unit"]] if values[name] is not None else None
        for name in ("first", "solution")}
    return typed | {"type": values["type"], "priority": values["priority"], "warn": values["warn"] or 0,
                    "tell": sorted(int(id_) for id_ in values["tell"])}


def _theirs(request: Request, theirs: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored now, in words."""
    show = request.ui.show
    told = dict(theirs)
    for name, value in theirs.items():
        if name in ("first", "solution"):
            told[name] = span_words(request, value) or show.text(_("none"))
        elif name == "type":
            told[name] = kind_words(request, value)
        elif name == "priority":
            told[name] = priority_words(request, value)
        elif name == "tell":
            names = show.text(_(", ")).join(rows.user_name(request, id_) for id_ in value)
            told[name] = names or show.text(_("nobody"))
    return told
