"""Editing what is said of a request, and adding documents to it. Only what was really changed is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import Invalid
from crm_core.fields import LONG, SHORT
from crm_core.i18n import TextFactory
from crm_core.model.request import Request as Case
from crm_core.security.permissions import Permission
from crm_views import words
from crm_views.desk.fields import attached, files
from crm_views.desk.requests import TEMPLATE, in_place
from crm_views.desk.things import done, readable_case, saved, sent_before
from crm_views.forms import Look, Submission, handle
from crm_views.forms.revisions import OTHERS_VALUE, Fields
from crm_views.forms.widgets import TextAreaWidget

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

FIELDS = Fields("title", "text", "priority", "due")


class EditForm(f.Form):
    """What every request has beside its kind's own form."""

    title_ = f.text(_("Title"), max_length=SHORT, name="title", personal=True)
    text = f.long_text(_("In the citizen’s words"), required=False, max_length=LONG, personal=True,
                       widget=TextAreaWidget(rows=6))
    priority = f.choice(_("Priority"), tuple((str(priority), text) for priority, text in words.PRIORITIES.items()))
    due = f.date(_("Deadline"), required=False, description=_("The answer is owed until the end of that day."))


class AttachForm(f.Form):
    """Documents, and what they are."""

    attachments = files(_("Documents"))
    note = f.long_text(_("Note"), required=False, max_length=LONG, personal=True, widget=TextAreaWidget(rows=2),
                       description=_("Internal, the citizen does not see it"))


# ── edit ─────────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="request_edit", request_method=("GET", "POST"),
             permission=Permission.REQUEST_CHANGE_STATUS.value, renderer=TEMPLATE)
def edit(request: Request) -> dict[str, Any] | Response:
    """Change title, words, priority and deadline; a field two people changed shows both versions."""
    case = readable_case(request)
    first = sent_before(request)
    if first is not None:
        return first
    stored = stored_values(request, case)

    def on_valid(submission: Submission) -> Response:
        typed = typed_values(submission.values)
        changed = FIELDS.change(
            submission.revision, stored, typed, lambda seen: _edit(request, case, typed, seen),
            lambda theirs: {name: stored[name] for name in theirs},
        )
        return saved(request, changed, submission.submission_key, f"/requests/{case.code}")

    shown = {name: value for name, value in stored.items() if value}
    if stored["due"]:
        shown["due"] = request.ui.show.day(stored["due"])
    form = handle(
        request, EditForm(), submit_label=_("Save"), on_valid=on_valid, appstruct=shown,
        hidden={"revision": FIELDS.revision(stored)}, name="edit",
        action=f"/requests/{case.code}/edit",
        look=Look(layout="plain", css="edit-form", cancel=f"/requests/{case.code}"),
    )
    return in_place(request, case, "edit", form)


def stored_values(request: Request, case: Case) -> dict[str, Any]:
    """The fields of the form as they are stored; the deadline as the ISO date of its day."""
    due = request.ui.show.day(case.due).isoformat() if case.due is not None else ""
    return {"title": case.title, "text": case.text, "priority": case.priority, "due": due}


def typed_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """The form's values as `stored_values` writes them."""
    typed: dict[str, Any] = {name: (values.get(name) or "") for name in FIELDS.names}
    typed["due"] = typed["due"].isoformat() if typed["due"] else ""
    return {name: str(value).strip() for name, value in typed.items()}


def _edit(request: Request, case: Case, typed: dict[str, Any], seen: dict[str, Any]) -> tuple[str, ...]:
    """`Requests.edit` with the deadline as a moment: that of its day, which keeps its hour while the day stays."""
    now = stored_values(request, case)["due"]

    def moment(day: Any) -> Any:
        if day is OTHERS_VALUE or not day:
            return day or None
        if day == now:
            return case.due
        return request.services.clock.moment(request.ui.show.day(day), 23, 59)

    changes, before = typed | {"due": moment(typed["due"])}, seen | {"due": moment(seen["due"])}
    changed: tuple[str, ...] = request.services.requests.edit(case, changes, before)
    return changed


# ── documents ────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="request_attach", request_method=("GET", "POST"),
             permission=Permission.REQUEST_CHANGE_STATUS.value, renderer=TEMPLATE)
def attach(request: Request) -> dict[str, Any] | Response:
    """Add documents."""
    case = readable_case(request)
    first = sent_before(request)
    if first is not None:
        return first

    def on_valid(submission: Submission) -> Response:
        uploads, services = submission.values["attachments"], request.services
        try:
            services.requests.attach(case, attached(services, uploads), submission.values["note"])
        except Invalid as error:
            raise Invalid({"attachments" if name == "files" else name: text
                           for name, text in error.errors.items()}) from error
        request.ui.flash(_("1 document added.") if len(uploads) == 1
                         else _("${count} documents added.", mapping={"count": len(uploads)}))
        return done(request, submission.submission_key, f"/requests/{case.code}?tab=documents")

    form = handle(
        request, AttachForm(), submit_label=_("Add them"), on_valid=on_valid, name="attach",
        action=f"/requests/{case.code}/attach",
        look=Look(layout="plain", css="attach-form", cancel=f"/requests/{case.code}"),
    )
    return in_place(request, case, "attach", form)
