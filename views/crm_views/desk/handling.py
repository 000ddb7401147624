"""Handling a request: its next status, with an answer where that closes it, and whose it is from now on.

Each form has an address of its own and stands on the request's page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import colander
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import Invalid, StaleChange
from crm_core.fields import LONG, SHORT
from crm_core.i18n import Text, TextFactory
from crm_core.model.approval import ApprovalState
from crm_core.model.ids import parse_id
from crm_core.model.interaction import Interaction
from crm_core.model.request import Category
from crm_core.model.request import Request as Case
from crm_core.security.permissions import Permission
from crm_core.services.interactions import said
from crm_core.services.messages import GIVEN_BY, WHY_CLOSED
from crm_core.services.receivers import NOT_OF_THIS_UNIT
from crm_core.services.workflows import Way
from crm_core.text.collation import collation_key
from crm_views import words
from crm_views.desk import rows
from crm_views.desk.approvalrows import decider, deciders
from crm_views.desk.fields import staff_choices, unit_choices
from crm_views.desk.find import words_of
from crm_views.desk.pausing import MAY_READ
from crm_views.desk.requests import TEMPLATE, in_place
from crm_views.desk.things import done, readable_case, sent_before
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import ChoicesWidget, ChoiceWidget, LineWidget, TextAreaWidget

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

GIVEN = "given_answer"
"""The hidden field with the id of the message that is offered as the answer."""
WAYS = tuple((str(channel), words.CHANNELS[channel]) for channel in GIVEN_BY)
ONE_OF_TWO = _("this or a note, one of the two")
NOT_SENT = _("Nothing is sent from here: give it to the citizen yourself, and write down how.")


class StatusForm(f.Form):
    """The next status of its own kind; one that closes it asks what the citizen was told, or why nobody was."""

    status = f.choice(_("New status"), ())
    confirmed = f.choices(_("Confirm first"), (), required=False)
    given = f.boolean(_("What the citizen was told already is the answer"), wide=True)
    answer = f.long_text(_("Answer to the citizen"), required=False, max_length=LONG, personal=True,
                         widget=TextAreaWidget(rows=3), description=NOT_SENT, mark=ONE_OF_TWO)
    reason = f.long_text(_("What it waits for"), required=False, max_length=LONG, personal=True,
                         widget=TextAreaWidget(rows=2), description=MAY_READ)
    channel = f.choice(_("Given by"), WAYS, widget=ChoiceWidget(WAYS, radios=False))
    address = f.text(_("To which number or address"), required=False, max_length=SHORT, personal=True,
                     widget=LineWidget(code=True, digits=False))
    note = f.long_text(
        _("Note"), required=False, max_length=LONG, personal=True, widget=TextAreaWidget(rows=2),
        description=_("Colleagues read it, the citizen does not. Who closes without an answer says why."),
    )


class AssignForm(f.Form):
    """Who has it from now on."""

    unit = f.choice(_("Unit"), (), required=False, empty=_("Stays as it is"))
    assignee = f.choice(_("Member of staff"), (), required=False, empty=_("The unit decides"),
                        description=_("Somebody of that unit."))
    note = f.long_text(_("Note"), required=False, max_length=LONG, personal=True, widget=TextAreaWidget(rows=3),
                       description=_("Internal, the citizen does not see it"))


# ── status ───────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="request_status", request_method=("GET", "POST"),
             permission=Permission.REQUEST_CHANGE_STATUS.value, renderer=TEMPLATE)
def change_status(request: Request) -> dict[str, Any] | Response:
    """Change the status; close with an answer or a reason."""
    case = readable_case(request)
    first = sent_before(request)
    if first is not None:
        return first

    def on_valid(submission: Submission) -> Response:
        if submission.revision != case.status:
            raise StaleChange({"status": rows.status_name(request, case.version, case.status)})
        given = parse_id(submission.hidden[GIVEN]) if submission.values.get("given") else None
        _change_status(request, case, submission.values, given)
        waiting = request.services.approvals.waiting_of(case)
        name = rows.status_name(request, case.version, case.status)
        request.ui.flash(_("The status is “${status}” now.", mapping={"status": name}) if waiting is None else _(
            "It waits for the approval of ${who}.", mapping={"who": decider(request, waiting.now_with)}))
        return done(request, submission.submission_key, f"/requests/{case.code}")

    told = request.services.messages.answered_by(case)
    start = reply_words(request, case) | _approved_words(case)
    start |= {"status": words_of(request, "to"), "given": told is not None}
    form = handle(
        request, _status_schema(request, case, told), submit_label=_("Change it"), on_valid=on_valid,
        appstruct={name: value for name, value in start.items() if value},
        hidden={"revision": case.status, GIVEN: str(told.id) if told is not None else ""},
        name="status", action=f"/requests/{case.code}/status",
        look=Look(layout="plain", css="status-form", cancel=f"/requests/{case.code}"),
    )
    page = in_place(request, case, "status", form)
    return page if isinstance(page, Response) else page | {"blocked": blocked(request, case)}


def _approved_words(case: Case) -> dict[str, Any]:
    """What was approved and is still to be done, as it was written when it was asked for."""
    given = [one for one in case.approvals if one.state == ApprovalState.APPROVED]
    said = given[-1].said if given else {}
    return {name: said[name] for name in ("answer", "note", "channel", "address") if said.get(name)}


def reply_words(request: Request, case: Case) -> dict[str, Any]:
    """How and where an answer is given if nobody says otherwise, as the form shows it."""
    reply = request.services.messages.reply_to(case)
    address = request.ui.show.phone(reply.address) if reply.address.startswith("+") else reply.address
    return {"channel": str(reply.channel), "address": address}


def _status_schema(request: Request, case: Case, told: Interaction | None) -> colander.SchemaNode:
    schema = StatusForm().clone()
    show = request.ui.show
    ways = [way for way in request.services.workflows.ways(case) if not way.missing]
    schema["status"].choices = tuple((way.status.name, _way_name(request, way)) for way in ways)
    schema["status"].widget = ChoiceWidget(schema["status"].choices, radios=False)
    lines = _lines(request, ways)
    if lines:
        schema["confirmed"].choices = lines
        schema["confirmed"].widget = ChoicesWidget(lines)
    else:
        del schema["confirmed"]
    schema["channel"].missing = ""
    may_answer = request.has_permission(Permission.INTERACTION_LOG)
    ends = any(way.status.category == Category.DONE for way in ways)
    if not (may_answer and ends):
        for name in ("answer", "channel", "address"):
            del schema[name]
    if not any(way.status.category == Category.WAITING for way in ways):
        del schema["reason"]
    if told is None or not ends:
        del schema["given"]
    else:
        schema["given"].title = _("What the citizen was told ${when} is the answer: “${words}”", mapping={
            "when": f"{show.relative_day(told.started)}{show.text(_(', '))}{show.clock(told.started)}",
            "words": rows.short(" ".join(said(told).split()), 80)})
    return schema


def _way_name(request: Request, way: Way) -> str:
    """The verb of a way with the status it leads to; where it has none, the status."""
    show = request.ui.show
    verb, status = show.text(way.title), show.text(way.status.labels)
    words = status if verb == status else show.text(_("${verb} (${status})", mapping={"verb": verb, "status": status}))
    if not way.waits or way.transition is None:
        return words
    who = deciders(request, way.transition.approval)
    return show.text(_("${way}: needs the approval of ${who}", mapping={"way": words, "who": who}))


def _ask(request: Request, case: Case, values: dict[str, Any], given: int | None) -> None:
    """Ask for the approval that the way to a status needs."""
    status = values["status"]
    try:
        request.services.approvals.ask(
            request.services, case, status, values["note"], answer=values.get("answer") or "",
            channel=values.get("channel") or "", address=values.get("address") or "", given=given,
            confirmed=_confirmed(values, status))
    except Invalid as error:
        if "answer" not in values and "answer" in error.errors:
            raise Invalid({"note": WHY_CLOSED}) from error
        raise


def _confirmed(values: dict[str, Any], status: str) -> set[int]:
    return {int(place) for name, _colon, place in (one.rpartition(":") for one in values.get("confirmed") or ())
            if name == status}


def _lines(request: Request, ways: list[Way]) -> tuple[tuple[str, str], ...]:
    """The lines to be confirmed, each with the status it is for where there are several: ``status:place``."""
    show = request.ui.show
    listed = [way for way in ways if way.checklist]

    def words(way: Way, line: dict[str, str]) -> str:
        said = show.text(line)
        return said if len(ways) == 1 else str(
            show.text(_("For “${status}”: ${line}", mapping={"status": show.text(way.status.labels), "line": said})))

    return tuple((f"{way.status.name}:{place}", words(way, line))
                 for way in listed for place, line in enumerate(way.checklist))


def blocked(request: Request, case: Case) -> list[tuple[str, str]]:
    """(status, why) of the ways that cannot be taken yet."""
    show = request.ui.show
    return [(show.text(way.status.labels), " ".join(show.text(why) for why in way.missing))
            for way in request.services.workflows.ways(case) if way.missing]


def _change_status(request: Request, case: Case, values: dict[str, Any], given: int | None) -> None:
    services, status, note = request.services, values["status"], values["note"]
    if services.workflows.waits(case, status):
        _ask(request, case, values, given)
        return
    confirmed = _confirmed(values, status)
    answer = values.get("answer") or ""
    if services.messages.closes(case, status):
        try:
            services.messages.close(services, case, status, answer=answer, channel=values.get("channel") or "",
                                    address=values.get("address") or "", reason=note, given=given,
                                    confirmed=confirmed)
        except Invalid as error:
            if "answer" not in values and "answer" in error.errors:
                raise Invalid({"note": WHY_CLOSED}) from error
            raise
        return
    if answer.strip():
        raise Invalid({"answer": _("This status does not close the request. Answer the citizen by a message instead.")})
    services.requests.change_status(services, case, status, note, confirmed=confirmed,
                                    reason=values.get("reason") or "")


# ── hands ────────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="request_assign", request_method=("GET", "POST"),
             permission=Permission.REQUEST_ASSIGN.value, renderer=TEMPLATE)
def assign(request: Request) -> dict[str, Any] | Response:
    """Hand it to a unit, or to somebody in it."""
    case = readable_case(request)
    first = sent_before(request)
    if first is not None:
        return first
    hands = f"{case.unit or ''}:{case.assignee or ''}"

    def on_valid(submission: Submission) -> Response:
        if submission.revision != hands:
            raise StaleChange({"unit": rows.unit_name(request, case.unit),
                               "assignee": rows.user_name(request, case.assignee) if case.assignee else ""})
        _assign(request, case, submission.values)
        request.ui.flash(_("It is with ${unit} now.", mapping={"unit": rows.unit_name(request, case.unit)}))
        return done(request, submission.submission_key, f"/requests/{case.code}")

    start = {"unit": str(case.unit or ""), "assignee": str(case.assignee or "")}
    form = handle(
        request, _assign_schema(request, case), submit_label=_("Hand it over"), on_valid=on_valid,
        appstruct={name: value for name, value in start.items() if value}, hidden={"revision": hands},
        name="assign", action=f"/requests/{case.code}/assign",
        look=Look(layout="plain", css="assign-form", cancel=f"/requests/{case.code}"),
    )
    page = in_place(request, case, "assign", form)
    return page if isinstance(page, Response) else page | {"members": members(request)}


def _assign(request: Request, case: Case, values: dict[str, Any]) -> None:
    unit = int(values["unit"]) if values["unit"] else case.unit
    assignee = int(values["assignee"]) if values["assignee"] else None
    try:
        request.services.requests.assign(case, unit=unit, assignee=assignee, note=values["note"])
    except Invalid as error:
        if error.errors.get("assignee") != NOT_OF_THIS_UNIT:
            raise
        names = {"name": rows.user_name(request, assignee), "unit": rows.unit_name(request, unit)}
        raise Invalid({"assignee": _("${name} does not work in ${unit}; choose somebody who does, or nobody.",
                                     mapping=names)}) from error


def _assign_schema(request: Request, case: Case) -> colander.SchemaNode:
    schema = AssignForm().clone()
    schema["unit"].choices = unit_choices(request)
    schema["assignee"].choices = _named_with_unit(request, staff_choices(request, case))
    for name in ("unit", "assignee"):
        schema[name].widget = ChoiceWidget(schema[name].choices, radios=False)
    return schema


def _named_with_unit(request: Request, staff: tuple[tuple[str, Text], ...]) -> tuple[tuple[str, Text], ...]:
    """Members of staff with their unit behind the name, those of one unit together."""
    show = request.ui.show

    def row(id_: str, name: Text) -> tuple[str, str, str]:
        user = request.services.users.find(int(id_))
        unit = rows.unit_name(request, user.units[0]) if user is not None and user.units else ""
        return unit, str(name), id_

    ordered = sorted((row(id_, name) for id_, name in staff),
                     key=lambda found: (collation_key(found[0]), collation_key(found[1])))
    return tuple((id_, show.text(_("${person}, ${unit}", mapping={"unit": unit, "person": name})) if unit else name)
                 for unit, name, id_ in ordered)


def members(request: Request) -> str:
    """Whom a script offers for a unit: ``unit:user,user;unit:user``; who belongs to no unit is offered always."""
    found: dict[int, list[str]] = {unit.id: [] for unit in request.services.units.all()}
    for user in request.services.users.active():
        for unit in request.services.receivers.around(user.units):
            found.setdefault(unit, []).append(str(user.id))
    return ";".join(f"{unit}:{','.join(ids)}" for unit, ids in found.items())
