"""Something for several requests: choose what, see exactly what it will change and what not, then do it.

Two steps, each a page that works without scripts: the choice (skipped where there is none), and the preview.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import colander
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import Invalid
from crm_core.fields import LONG
from crm_core.i18n import Text, TextFactory
from crm_core.model.ids import parse_id
from crm_core.model.request import Request as Case
from crm_core.security.permissions import Permission
from crm_core.services.once import new_key
from crm_core.services.workbulk import ACTIONS, MOST, Line, Order, State, state_of
from crm_core.text.collation import collation_key
from crm_views.desk import rows
from crm_views.desk.fields import unit_choices
from crm_views.desk.handling import members
from crm_views.desk.things import done, sent_before
from crm_views.desk.workundo import tell_refused
from crm_views.errors import local_path
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import ChoiceWidget, TextAreaWidget
from crm_views.words import PRIORITIES

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

TITLES: dict[str, Text] = {
    "assign": _("Hand over"), "take": _("Take over"), "priority": _("Change the priority"),
    "status": _("Change the status"),
}
NOTE_WORDS = _("Colleagues read it, the citizen does not. Who closes without an answer says why.")
CHOICE = "crm_views:templates/work_choice.pt"
PREVIEW = "crm_views:templates/work_preview.pt"


class HandOver(f.Form):
    """Who has them from now on."""

    unit = f.choice(_("Unit"), (), required=False, empty=_("Each stays where it is"))
    assignee = f.choice(_("Member of staff"), (), required=False, empty=_("The unit decides"),
                        description=_("Somebody of that unit."))
    note = f.long_text(_("Note"), required=False, max_length=LONG, personal=True, widget=TextAreaWidget(rows=3),
                       description=_("Internal, the citizen does not see it"))


class AnotherPriority(f.Form):
    """How urgent they are."""

    priority = f.choice(_("Priority"), tuple((str(value), words) for value, words in PRIORITIES.items()))


class AnotherStatus(f.Form):
    """A status that all of them can have."""

    status = f.choice(_("New status"), ())
    note = f.long_text(_("Note"), required=False, max_length=LONG, personal=True, widget=TextAreaWidget(rows=3),
                       description=NOTE_WORDS)


@view_config(route_name="work_bulk", request_method=("GET", "POST"), permission=Permission.REQUEST_VIEW.value,
             renderer=CHOICE)
def bulk(request: Request) -> dict[str, Any] | Response:
    """One order for the requests whose codes are in ``c``; ``do`` says what, ``back`` where to go afterwards."""
    values = request.GET if request.method == "GET" else request.POST
    action = request.GET.get("do", "")
    back = local_path(request.GET.get("back", "/"))
    if action not in ACTIONS:
        return HTTPSeeOther(location=back)
    first = sent_before(request)
    if first is not None:
        return first
    cases = request.services.bulk.requests(request.GET.getall("c")[: 2 * MOST])
    if not cases:
        request.ui.flash(_("Choose at least one request first."), "warn")
        return HTTPSeeOther(location=back)
    if request.method == "POST" and values.get("step") == "apply":
        return _apply(request, action, cases, back)
    if action == "take":
        return _preview(request, Order("take"), cases, back)
    return _choice(request, action, cases, back)


def _choice(request: Request, action: str, cases: list[Case], back: str) -> dict[str, Any] | Response:
    schema = _schema(request, action, cases)
    statuses = request.services.bulk.statuses(cases) if action == "status" else [("", {})]

    def on_valid(submission: Submission) -> dict[str, Any]:
        order = _order(action, {name: str(value or "") for name, value in submission.values.items()})
        request.services.bulk.check(order)
        return _preview(request, order, cases, back)

    page = handle(
        request, schema, submit_label=_("Look at what it will change"), on_valid=on_valid, name="choice",
        look=Look(heading=TITLES[action], cancel=back),
    )
    if isinstance(page, Response) or "lines" in page:
        return page
    return page | {"title": TITLES[action], "about": _about(cases), "back": back, "none": not statuses,
                   "members": members(request) if action == "assign" else "",
                   "cases": [_case(request, case) for case in cases]}


def _schema(request: Request, action: str, cases: list[Case]) -> colander.SchemaNode:
    show = request.ui.show
    if action == "priority":
        schema = AnotherPriority().clone()
    elif action == "status":
        schema = AnotherStatus().clone()
        schema["status"].choices = tuple(
            (name, show.text(labels)) for name, labels in request.services.bulk.statuses(cases))
        schema["status"].widget = ChoiceWidget(schema["status"].choices, radios=False)
    else:
        schema = HandOver().clone()
        schema["unit"].choices = unit_choices(request)
        schema["assignee"].choices = _staff(request)
        for name in ("unit", "assignee"):
            schema[name].widget = ChoiceWidget(schema[name].choices, radios=False)
    return schema


def _staff(request: Request) -> tuple[tuple[str, Text], ...]:
    """Members of staff who read requests, by name, with their first unit."""
    services = request.services
    found = []
    for user in services.users.active():
        if not services.receivers.takes_requests(user):
            continue
        name = rows.user_name(request, user.id)
        unit = f" ({rows.unit_name(request, user.units[0])})" if user.units else ""
        found.append((str(user.id), f"{name}{unit}"))
    return tuple(sorted(found, key=lambda row: collation_key(row[1])))


def _about(cases: list[Case]) -> Text:
    return _("1 request") if len(cases) == 1 else _("${count} requests", mapping={"count": len(cases)})


def _case(request: Request, case: Case) -> dict[str, Any]:
    return {"href": f"/requests/{case.code}", "subject": case.title, "code": case.code,
            "code_words": request.ui.show.code(case.code), "kind": rows.type_name(request, case),
            "citizen": rows.contact_name(request, request.services.contacts.find(case.contact))}


# ── what it will change ──────────────────────────────────────────────────────────────────────────────────────


def _order(action: str, values: dict[str, str]) -> Order:
    return Order(
        action,  # type: ignore[arg-type]  # one of ACTIONS, or nobody comes here
        unit=parse_id(values.get("unit", "")), assignee=parse_id(values.get("assignee", "")),
        priority=values.get("priority", ""), status=values.get("status", ""), note=values.get("note", "")[:LONG],
    )


def _preview(request: Request, order: Order, cases: list[Case], back: str) -> dict[str, Any]:
    """The preview page for this order."""
    lines = request.services.bulk.preview(cases, order)
    able = [line for line in lines if not line.refusal]
    request.override_renderer = PREVIEW
    carried = {"unit": order.unit, "assignee": order.assignee, "priority": order.priority, "status": order.status,
               "note": order.note}
    return {
        "title": TITLES[order.action],
        "about": _about(cases),
        "what": _what(request, order, cases),
        "note": order.note,
        "lines": [_line(request, line) for line in able],
        "staying": [_line(request, line) for line in lines if line.refusal],
        "go_words": _("Do it for 1 request") if len(able) == 1 else _(
            "Do it for ${count} requests", mapping={"count": len(able)}),
        "hidden": [(name, str(value)) for name, value in carried.items() if value],
        "seen": [(f"seen-{line.request.code}", packed(line.before)) for line in lines],
        "action": request.path_qs,
        "back": back,
        "key": new_key(),
        "error_count": 0,
    }


def _what(request: Request, order: Order, cases: list[Case]) -> Text:
    """The order in a sentence."""
    if order.action == "take":
        return _("They become yours; each stays in its unit.")
    if order.action == "priority":
        return _("Their priority becomes “${priority}”.", mapping={"priority": PRIORITIES[order.priority]})
    if order.action == "status":
        labels = dict(request.services.bulk.statuses(cases)).get(order.status)
        return _("Their status becomes “${status}”.", mapping={"status": request.ui.show.text(labels) or order.status})
    person = "" if order.assignee is None else rows.user_name(request, order.assignee)
    if order.unit is None:
        return _("They go to ${person}; each stays in its unit.", mapping={"person": person})
    unit = rows.unit_name(request, order.unit)
    if not person:
        return _("They go to ${unit}; the unit decides who takes them.", mapping={"unit": unit})
    return _("They go to ${person} in ${unit}.", mapping={"person": person, "unit": unit})


def _line(request: Request, line: Line) -> dict[str, Any]:
    show = request.ui.show
    before, after = (_state_words(request, line, state) for state in (line.before, line.after))
    return _case(request, line.request) | {
        "before": before, "after": after, "refusal": show.text(line.refusal), "warning": show.text(line.warning),
    }


def _state_words(request: Request, line: Line, state: State) -> str:
    """What of a state the order is about, in words."""
    show = request.ui.show
    changed = line.changes or ("unit", "assignee")
    if "priority" in changed:
        return str(show.text(PRIORITIES.get(state["priority"], state["priority"])))
    if "status" in changed:
        return rows.status_name(request, line.request.version, state["status"])
    return rows.in_hands(request, state["unit"], state["assignee"])


def packed(state: State) -> str:
    """A state for a hidden field: what the preview showed, to be compared when it is done."""
    return f"{state['unit'] or 0}:{state['assignee'] or 0}:{state['priority']}:{state['status']}"


# ── doing it ─────────────────────────────────────────────────────────────────────────────────────────────────


def _apply(request: Request, action: str, cases: list[Case], back: str) -> Response:
    post = request.POST
    order = _order(action, {name: str(post.get(name, "")) for name in
                            ("unit", "assignee", "priority", "status", "note")})
    seen = {case.code: state_of(case) if packed(state_of(case)) == post.get(f"seen-{case.code}", "") else {}
            for case in cases}
    try:
        result = request.services.bulk.apply(cases, order, seen)
    except Invalid as error:
        request.ui.flash(error.message, "bad")
        return HTTPSeeOther(location=back)
    if not result.changed:
        request.ui.flash(_("Nothing was changed."), "warn")
    tell_refused(request, result)
    key = post.get("submission_key", "")
    return done(request, key if isinstance(key, str) else "", back)
