"""Stopping the clock of a request for a reason the citizen may read, and letting it run on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.fields import LONG
from crm_core.i18n import TextFactory
from crm_core.model.request import Request as Case
from crm_core.security.permissions import Permission
from crm_views.desk.requests import TEMPLATE, in_place
from crm_views.desk.things import done, readable_case, sent_before
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import TextAreaWidget

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
MAY_READ = _("The citizen may read it.")


class PauseForm(f.Form):
    """Why the clock stands."""

    reason = f.long_text(_("What it waits for"), max_length=LONG, personal=True, widget=TextAreaWidget(rows=2),
                         description=MAY_READ)


class ResumeForm(f.Form):
    """Nothing is asked."""


@view_config(route_name="request_pause", request_method=("GET", "POST"),
             permission=Permission.REQUEST_CHANGE_STATUS.value, renderer=TEMPLATE)
def pause(request: Request) -> dict[str, Any] | Response:
    """Stop the clock, with a reason."""
    case = readable_case(request)

    def stop(submission: Submission) -> None:
        request.services.deadlines.pause(case, submission.values["reason"])
        request.ui.flash(
            _("The clock is stopped. The deadlines move by the working time that passes until it runs on."))

    return _act(request, case, "pause", PauseForm(), _("Stop the clock"), stop)


@view_config(route_name="request_resume", request_method=("GET", "POST"),
             permission=Permission.REQUEST_CHANGE_STATUS.value, renderer=TEMPLATE)
def resume(request: Request) -> dict[str, Any] | Response:
    """Let the clock run on."""
    case = readable_case(request)

    def run(submission: Submission) -> None:
        request.services.deadlines.resume(case)
        request.ui.flash(_("The clock runs on."))

    return _act(request, case, "resume", ResumeForm(), _("Let it run on"), run)


def _act(
    request: Request, case: Case, name: str, schema: f.Form, label: Any, act: Any
) -> dict[str, Any] | Response:
    first = sent_before(request)
    if first is not None:
        return first
    here = f"/requests/{case.code}"

    def on_valid(submission: Submission) -> Response:
        act(submission)
        return done(request, submission.submission_key, here)

    form = handle(request, schema, submit_label=label, on_valid=on_valid, name=name, action=f"{here}/{name}",
                  look=Look(layout="plain", css=f"{name}-form", cancel=here))
    return in_place(request, case, name, form)
