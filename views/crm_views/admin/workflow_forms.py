"""The forms of the workflow editor: a status and its words, what can follow it, and one way with what it asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import colander
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import NotFound
from crm_core.fields import LONG, SHORT
from crm_core.i18n import LANGUAGES, Text, TextFactory, choose
from crm_core.model.workflow import Level, StoredTransition
from crm_core.registry import Published
from crm_core.security.permissions import Permission, Role
from crm_core.services.workflowediting import every_way
from crm_core.workflow import FIELD, MOST_DAYS, REQUIREMENTS
from crm_views.admin.types import CATEGORIES, type_of
from crm_views.admin.workflow import crumbs, here
from crm_views.desk.approvalrows import decider
from crm_views.desk.fields import unit_choices
from crm_views.desk.things import done, sent_before
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import ChoicesWidget, ChoiceWidget, LineWidget, TextAreaWidget
from crm_views.permission_words import permission_word

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
ADMIN = Permission.ADMIN.value
FORM_PAGE = "crm_views:templates/form_page.pt"
LEVELS = ("level_1", "level_2", "level_3")
NEW = "new"
"""Stands in an address for a status that is not there yet: no name of one is a word of the editor."""


class StatusForm(f.Form):
    """What a status is called, what it means, and what citizens read."""

    name = f.code(_("Short name"), max_length=40, widget=LineWidget(code=True, digits=False),
                  description=_("Lower-case Latin letters, such as “inspection”. It is stored, and never changes."))
    label_fa = f.text(_("Name in Persian"), max_length=SHORT)
    label_en = f.text(_("Name in English"), required=False, max_length=SHORT)
    category = f.choice(_("What it means"), tuple(CATEGORIES.items()))
    stage_fa = f.text(_("What citizens read, in Persian"), required=False, max_length=SHORT,
                      description=_("Left empty: the name. Statuses with the same word are one stage for them."))
    stage_en = f.text(_("What citizens read, in English"), required=False, max_length=SHORT)


class WaysForm(f.Form):
    """What can follow a status."""

    targets = f.choices(_("Can follow"), (), required=False)


class WayForm(f.Form):
    """What a way is called and asks for."""

    label_fa = f.text(_("Verb in Persian"), required=False, max_length=SHORT,
                      description=_("Such as “send for inspection”. Left empty: the name of the status."))
    label_en = f.text(_("Verb in English"), required=False, max_length=SHORT)
    permission = f.choice(_("Who may take it"), (), required=False, empty=_("Whoever works on requests"))
    requires = f.choices(_("What must be there before"), (), required=False)
    level_1 = f.choice(_("Who must approve it first"), (), required=False, empty=_("Nobody"))
    level_2 = f.choice(_("Then who"), (), required=False, empty=_("Nobody else"))
    level_3 = f.choice(_("And then who"), (), required=False, empty=_("Nobody else"))
    approval_days = f.integer(_("Days each of them has"), required=False, minimum=0, maximum=MOST_DAYS,
                              description=_("Left empty: it waits without end. After that it lapses."))
    checklist_fa = f.long_text(_("Checklist in Persian"), required=False, max_length=LONG,
                               widget=TextAreaWidget(rows=4), description=_("A line each; all are confirmed first."))
    checklist_en = f.long_text(_("Checklist in English"), required=False, max_length=LONG,
                               widget=TextAreaWidget(rows=4), description=_("The same lines in the same order."))


def _into_draft(
    request: Request, published: Published, schema: colander.SchemaNode, save: Callable[[dict[str, Any], str], None],
    start: Mapping[str, Any], heading: Text,
) -> dict[str, Any] | Response:
    """A page with one form of the editor; ``save(values, seen)`` writes what it said into the draft."""
    first = sent_before(request)
    if first is not None:
        return first

    def on_valid(submission: Submission) -> Response:
        save(submission.values, submission.revision)
        request.ui.flash(_("The draft has it. It changes nothing until it is put into force."))
        return done(request, submission.submission_key, here(published))

    page = handle(request, schema, submit_label=_("Into the draft"), on_valid=on_valid, appstruct=start,
                  hidden={"revision": request.services.workflow_editing.mark(published)},
                  look=Look(heading=heading, cancel=here(published)))
    return page if isinstance(page, Response) else page | {"title": heading, "crumbs": crumbs(request, published)}


# ── a status ─────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_workflow_status", request_method=("GET", "POST"), permission=ADMIN, renderer=FORM_PAGE)
def status(request: Request) -> dict[str, Any] | Response:
    """A status of the draft: add one, or change its words."""
    published, editing = type_of(request), request.services.workflow_editing
    name = request.matchdict["status"]
    stored = None if name == NEW else _status(request, published, name)
    schema = StatusForm().clone()
    if stored is not None:
        del schema["name"]

    def save(values: dict[str, Any], seen: str) -> None:
        words = {language: values[f"label_{language}"] for language in LANGUAGES}
        stage = {language: values[f"stage_{language}"] for language in LANGUAGES}
        editing.set_status(published, name if stored else values["name"], labels=words, category=values["category"],
                           stage=stage, seen=seen)

    start = {"category": "open"} if stored is None else {
        "label_fa": stored["labels"].get("fa", ""), "label_en": stored["labels"].get("en", ""),
        "category": stored["category"], "stage_fa": stored.get("stage", {}).get("fa", ""),
        "stage_en": stored.get("stage", {}).get("en", "")}
    heading = _("New status") if stored is None else _("Words of a status")
    return _into_draft(request, published, schema, save, start, heading)


def _status(request: Request, published: Published, name: str) -> dict[str, Any]:
    """A status of what is shown. Raises NotFound."""
    shown = request.services.workflow_editing.shown(published)
    found: dict[str, Any] | None = next((one for one in shown["statuses"] if one["name"] == name), None)
    if found is None:
        raise NotFound
    return found


# ── what follows it ──────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_workflow_ways", request_method=("GET", "POST"), permission=ADMIN, renderer=FORM_PAGE)
def ways(request: Request) -> dict[str, Any] | Response:
    """The statuses that can follow one."""
    published = type_of(request)
    show, editing = request.ui.show, request.services.workflow_editing
    source = _status(request, published, request.matchdict["status"])
    shown = editing.shown(published)
    schema = WaysForm().clone()
    choices = tuple((one["name"], show.text(one["labels"])) for one in shown["statuses"]
                    if one["name"] != source["name"])
    schema["targets"].choices = choices
    schema["targets"].widget = ChoicesWidget(choices)

    def save(values: dict[str, Any], seen: str) -> None:
        targets = [name for name, _label in choices if name in (values["targets"] or ())]
        editing.set_ways_out(published, source["name"], targets, seen=seen)

    now = tuple(one["target"] for one in shown["transitions"] or every_way(shown) if one["source"] == source["name"])
    heading = _("What can follow “${status}”", mapping={"status": show.text(source["labels"])})
    return _into_draft(request, published, schema, save, {"targets": now}, heading)


# ── one way ──────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_workflow_way", request_method=("GET", "POST"), permission=ADMIN, renderer=FORM_PAGE)
def way(request: Request) -> dict[str, Any] | Response:
    """One way between two statuses: its verb, who may take it, what it asks for."""
    published = type_of(request)
    show, editing = request.ui.show, request.services.workflow_editing
    source = _status(request, published, request.matchdict["status"])
    target = _status(request, published, request.matchdict["target"])
    shown = editing.shown(published)
    stored = next((one for one in shown["transitions"] or every_way(shown)
                   if (one["source"], one["target"]) == (source["name"], target["name"])), None)
    if stored is None:
        raise NotFound

    def save(values: dict[str, Any], seen: str) -> None:
        editing.set_transition(published, _typed(source["name"], target["name"], values), seen=seen)

    heading = _("From “${from}” to “${to}”", mapping={
        "from": show.text(source["labels"]), "to": show.text(target["labels"])})
    return _into_draft(request, published, _way_schema(request, published, stored), save, _start(stored), heading)


def _way_schema(request: Request, published: Published, stored: dict[str, Any]) -> Any:
    show, editing = request.ui.show, request.services.workflow_editing
    schema = WayForm().clone()
    permissions = dict.fromkeys([*editing.permissions(published), *filter(None, [stored["permission"]])])
    schema["permission"].choices = tuple((one, permission_word(request, one)) for one in permissions)
    schema["permission"].widget = ChoiceWidget(schema["permission"].choices, radios=False)
    fields = tuple(
        (f"{FIELD}{field['name']}", show.text(_("the form’s answer “${field}”", mapping={
            "field": choose(field["labels"], show.locale)})))
        for field in published.form["fields"])
    levels = _levels(request, stored)
    for name in LEVELS:
        schema[name].choices = levels
        schema[name].widget = ChoiceWidget(levels, radios=False)
    schema["requires"].choices = (*((name, show.text(one.title)) for name, one in REQUIREMENTS.items()), *fields)
    schema["requires"].widget = ChoicesWidget(schema["requires"].choices)
    return schema


def _levels(request: Request, stored: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Who can approve: roles everywhere, in the unit a request lies in, supervisors of one unit, persons; and whoever
    does now."""
    units = [Level(role=Role.SUPERVISOR.value, unit=int(id_)) for id_, _name in unit_choices(request)]
    persons = [Level(user=user.id) for user in request.services.users.active()
               if request.services.approvals.deciders.may_stand_in(user)]
    roles = [Level(role=role.value, own_unit=own)
             for role in (Role.SUPERVISOR, Role.EXECUTIVE, Role.EXPERT, Role.CLERK) for own in (True, False)]
    now = [Level(**level) for level in stored.get("approval", ())]
    return tuple((word_of(level), decider(request, level)) for level in dict.fromkeys((*roles, *units, *persons, *now)))


def word_of(level: Level) -> str:
    """A level as the form sends it: ``role``, ``role@`` in the own unit, ``role@unit``, or ``=user``."""
    if level.user is not None:
        return f"={level.user}"
    return level.role + (f"@{level.unit or ''}" if level.own_unit or level.unit is not None else "")


def level_of(word: str) -> Level:
    """The level that a word of the form means."""
    if word.startswith("="):
        return Level(user=int(word[1:]))
    role, at, unit = word.partition("@")
    return Level(role=role, unit=int(unit) if unit else None, own_unit=bool(at and not unit))


def _start(stored: dict[str, Any]) -> dict[str, Any]:
    levels = [word_of(Level(**level)) for level in stored.get("approval", ())]
    return dict(zip(LEVELS, levels, strict=False)) | {
        "approval_days": stored.get("approval_days") or None,
        "label_fa": stored["labels"].get("fa", ""), "label_en": stored["labels"].get("en", ""),
        "permission": stored["permission"], "requires": tuple(stored["requires"]),
        "checklist_fa": "\n".join(line.get("fa", "") for line in stored["checklist"]),
        "checklist_en": "\n".join(line.get("en", "") for line in stored["checklist"]),
    }


def _typed(source: str, target: str, values: dict[str, Any]) -> StoredTransition:
    """The way as it was typed; a line that is there in one language only is said in the other by the same words."""
    pairs = zip_longest(_lines_of(values["checklist_fa"]), _lines_of(values["checklist_en"]), fillvalue="")
    checklist = tuple({"fa": fa or en, "en": en or fa} for fa, en in pairs)
    approval = tuple(level_of(values[name]) for name in LEVELS if values[name])
    labels = {"fa": values["label_fa"].strip(), "en": values["label_en"].strip()}
    said = {language: words or next((one for one in labels.values() if one), "") for language, words in labels.items()}
    return StoredTransition(source, target, said if any(said.values()) else {}, values["permission"] or "",
                            tuple(values["requires"] or ()), checklist, approval,
                            (values["approval_days"] or 0) if approval else 0)


def _lines_of(text: str) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]
