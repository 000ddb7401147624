"""The workflow of a kind, edited in the browser: a draft beside the one in force, its faults in words, its editions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import CrmError, NotFound
from crm_core.fields import SHORT
from crm_core.i18n import Text, TextFactory
from crm_core.registry import Published
from crm_core.security.permissions import Permission
from crm_core.workflow import statuses_of, transitions_of
from crm_views.admin.column import views
from crm_views.admin.types import COUNTED, type_of
from crm_views.desk import rows
from crm_views.desk.flowchart import drawing
from crm_views.desk.things import done, sent_before
from crm_views.desk.workflow import citizen_stages, drawn_table
from crm_views.forms import Look, Submission, handle

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
ADMIN = Permission.ADMIN.value
PORTION = 200
"""Running requests that are moved at once."""


class ForceForm(f.Form):
    """Why the draft becomes what new requests get."""

    note = f.text(_("What is different"), required=False, max_length=SHORT,
                  description=_("Whoever looks at the editions reads it."))


def here(published: Published) -> str:
    """The address of a kind's workflow."""
    return f"/admin/types/{published.type.id}/workflow"


def crumbs(request: Request, published: Published, *more: tuple[str, Text]) -> tuple[tuple[str, Text], ...]:
    """Where a page of the editor is."""
    title = request.ui.show.text(published.labels)
    return (("/admin/types", _("Kinds of requests")), (f"/admin/types/{published.type.id}", title),
            (here(published), _("Workflow")), *more)


@view_config(route_name="admin_workflow", request_method=("GET", "POST"), permission=ADMIN,
             renderer="crm_views:templates/admin/workflow.pt")
def workflow(request: Request) -> dict[str, Any] | Response:
    """The draft, or what is in force: drawing, table, faults, editions; and the form that puts the draft into force."""
    published = type_of(request)
    first = sent_before(request)
    if first is not None:
        return first
    services, show = request.services, request.ui.show
    editing = services.workflow_editing
    page = _force(request, published)
    if isinstance(page, Response):
        return page
    shown = editing.shown(published)
    statuses, transitions = statuses_of(shown), transitions_of(shown)
    settings = services.types.settings(published.type.id)
    running = services.workflows.count_older(published.type.id, COUNTED)
    return page | {
        "title": _("Workflow of “${kind}”", mapping={"kind": published.labels}),
        "kind": show.text(published.labels), "type_id": published.type.id,
        "views": views(request),
        "here": here(published),
        "drawing": drawing(request, statuses, transitions),
        "table": drawn_table(request, statuses, transitions, edit=here(published),
                             mark=editing.mark(published), own=editing.own(published)),
        "free": not transitions,
        "stages": citizen_stages(request, statuses),
        "has_draft": settings.draft is not None,
        "faults": [show.text(one.text) for one in editing.faults(published)],
        "mark": editing.mark(published),
        "number": settings.workflow["number"] if settings.workflow else 0,
        "is_outdated": editing.is_outdated(published),
        "editions": _editions(request, settings.workflows),
        "running": running, "portion": PORTION,
    }


def _force(request: Request, published: Published) -> dict[str, Any] | Response:
    """The form that puts a draft into force; none without a draft that can work."""
    editing = request.services.workflow_editing

    def on_valid(submission: Submission) -> Response:
        number = editing.put_into_force(published, submission.values["note"], seen=submission.revision)
        request.ui.flash(_("Edition ${number} is in force: new requests of this kind go by it.",
                           mapping={"number": number}))
        return done(request, submission.submission_key, here(published))

    if request.method != "POST" and (editing.draft(published) is None or editing.faults(published)):
        return {"form": None, "error_count": 0}
    return handle(request, ForceForm().clone(), submit_label=_("Put it into force"), on_valid=on_valid,
                  hidden={"revision": editing.mark(published)}, look=Look(layout="plain"))


def _editions(request: Request, editions: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    """Editions, newest first: number, when, by whom, why, whether it is the plugin's own again."""
    show = request.ui.show
    return [{"number": one["number"], "when": show.date(one["at"]), "by": rows.user_name(request, one["by"]),
             "note": one["note"], "is_own": one["definition"] is not None} for one in reversed(editions)]


@view_config(route_name="admin_workflow_act", request_method="POST", permission=ADMIN)
def act(request: Request) -> Response:
    """What needs no form: throw the draft away, go back to the plugin's, move or remove a status, move running ones."""
    published = type_of(request)
    editing, seen = request.services.workflow_editing, request.POST.get("seen", "")
    status = request.POST.get("status", "")
    acts = {
        "discard": lambda: editing.discard(published, seen=seen),
        "own": lambda: editing.back_to_plugin(published),
        "up": lambda: editing.move_status(published, status, -1, seen=seen),
        "down": lambda: editing.move_status(published, status, 1, seen=seen),
        "remove": lambda: editing.remove_status(published, status, seen=seen),
        "running": lambda: _running(request, published),
    }
    chosen = acts.get(request.matchdict["act"])
    if chosen is None:
        raise NotFound
    try:
        chosen()
    except NotFound:
        request.ui.flash(_("This is done already."), "warn")
    except CrmError as error:
        request.tm.doom()
        request.ui.flash(error.message, "bad")
    return HTTPSeeOther(location=here(published))


def _running(request: Request, published: Published) -> None:
    moved, left = request.services.workflows.move_older(published.type.id, PORTION)
    request.ui.flash(_("Moved to the new workflow: ${moved}.", mapping={"moved": moved}))
    if left:
        request.ui.flash(_("Left where they were, for it does not know their status: ${left}. "
                           "Move them on their own pages.", mapping={"left": left}), "warn")
