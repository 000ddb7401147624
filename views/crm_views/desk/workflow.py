"""The way of a request: its workflow as a drawing and a table, what citizens read of it, going on by a newer one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from chameleon.utils import Markup
from pyramid.renderers import render
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.fields import SHORT
from crm_core.i18n import TextFactory
from crm_core.model.request import Category, StoredStatus
from crm_core.model.request import Request as Case
from crm_core.model.workflow import StoredTransition
from crm_core.registry import Published
from crm_core.security.permissions import Permission
from crm_core.workflow import FIELD, REQUIREMENTS
from crm_views.desk import rows
from crm_views.desk.approvalrows import deciders
from crm_views.desk.flowchart import drawing
from crm_views.desk.things import done, readable_case, sent_before
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import ChoiceWidget
from crm_views.permission_words import permission_word

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")


class MoveForm(f.Form):
    """By which status a running request goes on in the newer workflow."""

    status = f.choice(_("Its status there"), ())
    note = f.text(_("Note"), required=False, max_length=SHORT, description=_("Colleagues read it in the history."))


@view_config(route_name="request_workflow", request_method=("GET", "POST"), permission=Permission.REQUEST_VIEW.value,
             renderer="crm_views:templates/request_workflow.pt")
def workflow_page(request: Request) -> dict[str, Any] | Response:
    """The workflow a request goes by, and the form that moves it to a newer one."""
    case = readable_case(request)
    first = sent_before(request)
    if first is not None:
        return first
    newer = request.services.workflows.newer(case)
    may = bool(request.has_permission(Permission.REQUEST_CHANGE_STATUS))
    page = _move(request, case, newer) if newer is not None and may else {"form": None, "error_count": 0}
    if isinstance(page, Response):
        return page
    version = case.version
    return page | {
        "title": _("The way of “${title}”", mapping={"title": rows.short(case.title)}),
        "heading": rows.short(case.title),
        "here": f"/requests/{case.code}", "code": request.ui.show.code(case.code),
        "kind": rows.type_name(request, case), "number": version.number,
        "drawing": drawing(request, version.statuses, version.transitions, case.status),
        "table": drawn_table(request, version.statuses, version.transitions, case), "free": not version.transitions,
        "stages": citizen_stages(request, version.statuses),
        "newer": newer,
    }


def _move(request: Request, case: Case, newer: Published) -> dict[str, Any] | Response:
    show = request.ui.show
    schema = MoveForm().clone()
    choices = tuple((one.name, show.text(one.labels)) for one in newer.statuses
                    if Category(one.category).is_open == case.is_open)
    schema["status"].choices = choices
    schema["status"].widget = ChoiceWidget(choices, radios=False)

    def on_valid(submission: Submission) -> Response:
        request.services.workflows.move(case, submission.values["status"], submission.values["note"])
        request.ui.flash(_("It goes on by the newer workflow, as “${status}”.", mapping={
            "status": rows.status_name(request, case.version, case.status)}))
        return done(request, submission.submission_key, f"/requests/{case.code}")

    start = {"status": case.status} if case.status in dict(choices) else {}
    return handle(request, schema, submit_label=_("Go on by the newer one"), on_valid=on_valid,
                  appstruct=start, name="move", look=Look(layout="plain"))


def drawn_table(
    request: Request, statuses: Sequence[StoredStatus], transitions: Sequence[StoredTransition],
    case: Case | None = None, *, edit: str = "", mark: str = "", own: Collection[str] = (),
) -> Markup:
    """The table of a workflow; ``edit`` is the address below which it is changed, ``mark`` what was seen of it then;
    statuses of the plugin's ``own`` stay."""
    values = {"rows": table(request, statuses, transitions, case), "free": not transitions, "edit": edit, "mark": mark,
              "own": own}
    return Markup(render("crm_views:templates/workflow_table.pt", values, request=request))


def table(
    request: Request, statuses: Sequence[StoredStatus], transitions: Sequence[StoredTransition],
    case: Case | None = None,
) -> list[dict[str, Any]]:
    """A row for each status: its badge, the citizen's word, and the ways out with what each asks for."""
    show = request.ui.show
    labels = {one.name: one.labels for one in statuses}
    return [
        {
            "name": one.name, "badge": request.ui.status(one.category, one.labels),
            "here": case is not None and one.name == case.status,
            "stage": show.text(one.stage) if one.stage else "",
            "ways": [
                {"status": show.text(labels.get(way.target, way.target)), "target": way.target,
                 "verb": show.text(way.labels) if way.labels else "",
                 "asks": asked_for(request, way, case),
                 "checklist": [show.text(line) for line in way.checklist]}
                for way in transitions if way.source == one.name
            ],
        }
        for one in statuses
    ]


def asked_for(request: Request, way: StoredTransition, case: Case | None = None) -> list[str]:
    """What a way asks for, in words: a permission, what must be there."""
    show = request.ui.show
    words = [show.text(_("the permission “${permission}”", mapping={
        "permission": permission_word(request, way.permission)}))] if way.permission else []
    words += [requirement_word(request, one, case) for one in way.requires]
    if way.approval:
        words.append(show.text(_("the approval of ${who}", mapping={"who": deciders(request, way.approval)})))
    return words


def requirement_word(request: Request, required: str, case: Case | None = None) -> str:
    """What a way requires, as the end of a sentence."""
    show = request.ui.show
    if not required.startswith(FIELD):
        known = REQUIREMENTS.get(required)
        return str(show.text(known.title if known is not None else required))
    name = required.removeprefix(FIELD)
    form = None if case is None else request.services.forms.form_version(case.version.form)
    fields = form.fields if form is not None else ()
    labels: Any = next((one["labels"] for one in fields if one["name"] == name), name)
    return str(show.text(_("“${field}” is answered", mapping={"field": show.text(labels)})))


def citizen_stages(request: Request, statuses: Sequence[StoredStatus]) -> list[str]:
    """What citizens read of a workflow: the words of its statuses in their order, each once, the ends last."""
    drawn = [one for one in statuses if Category(one.category) not in (Category.WAITING, Category.CANCELLED)]
    words = [request.ui.show.text(one.stage or one.labels)
             for one in sorted(drawn, key=lambda one: one.category == Category.DONE)]
    return list(dict.fromkeys(words))
