"""Messages about a request: to the citizen, recorded as given, or internal; and what is new since a page was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.fields import LONG, SHORT
from crm_core.i18n import TextFactory
from crm_core.model.ids import parse_id
from crm_core.model.request import Request as Case
from crm_core.model.timeline import EntryKind
from crm_core.security.permissions import Permission
from crm_views.desk import rows
from crm_views.desk.conversation import drawn, newer
from crm_views.desk.entries import event_words
from crm_views.desk.fields import attached, files
from crm_views.desk.handling import NOT_SENT, WAYS, reply_words
from crm_views.desk.requests import TEMPLATE, head, in_place, token
from crm_views.desk.things import done, readable_case, sent_before
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import ChoiceWidget, LineWidget, TextAreaWidget

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
TOLD = 3
"""Facts that are told of at once when a page learns what is new."""


class MessageForm(f.Form):
    """What the citizen is told, and how."""

    body = f.long_text(_("What the citizen is told"), max_length=LONG, personal=True, widget=TextAreaWidget(rows=4))
    channel = f.choice(_("Given by"), WAYS, description=NOT_SENT, widget=ChoiceWidget(WAYS, radios=False))
    address = f.text(_("To which number or address"), required=False, max_length=SHORT, personal=True,
                     widget=LineWidget(code=True, digits=False))
    attachments = files(_("Files"))


class NoteForm(f.Form):
    """What colleagues should know."""

    body = f.long_text(_("What your colleagues should know"), max_length=LONG, personal=True,
                       widget=TextAreaWidget(rows=4), description=_("Internal, the citizen does not see it"))
    attachments = files(_("Files"))


@view_config(route_name="request_message", request_method=("GET", "POST"),
             permission=Permission.INTERACTION_LOG.value, renderer=TEMPLATE)
def message(request: Request) -> dict[str, Any] | Response:
    """Record what the citizen was told."""
    case = readable_case(request)
    first = sent_before(request)
    if first is not None:
        return first
    services = request.services
    name = rows.contact_name(request, services.contacts.find(case.contact))

    def on_valid(submission: Submission) -> Response:
        values = submission.values
        services.messages.tell(case, values["body"], channel=values["channel"], address=values["address"],
                               files=attached(services, values["attachments"]))
        request.ui.flash(_("Recorded: ${name} was told.", mapping={"name": rows.short(name)}))
        return done(request, submission.submission_key, _last(case))

    start = reply_words(request, case)
    form = handle(
        request, MessageForm(), submit_label=_("Record as told to ${name}", mapping={"name": rows.short(name, 40)}),
        on_valid=on_valid, appstruct={key: value for key, value in start.items() if value}, name="message",
        action=f"/requests/{case.code}/message",
        look=Look(layout="plain", css="message-form", cancel=f"/requests/{case.code}"),
    )
    return in_place(request, case, "message", form)


@view_config(route_name="request_note", request_method=("GET", "POST"),
             permission=Permission.INTERACTION_LOG.value, renderer=TEMPLATE)
def note(request: Request) -> dict[str, Any] | Response:
    """Write an internal message."""
    case = readable_case(request)
    first = sent_before(request)
    if first is not None:
        return first
    services = request.services

    def on_valid(submission: Submission) -> Response:
        services.messages.note(case, submission.values["body"], attached(services, submission.values["attachments"]))
        request.ui.flash(_("Written down for colleagues only."))
        return done(request, submission.submission_key, _last(case))

    form = handle(
        request, NoteForm(), submit_label=_("Keep it among colleagues"), on_valid=on_valid, name="note",
        action=f"/requests/{case.code}/note",
        look=Look(layout="plain", css="message-form", cancel=f"/requests/{case.code}"),
    )
    return in_place(request, case, "note", form)


def _last(case: Case) -> str:
    """The page, at the message that came last."""
    return f"/requests/{case.code}#m-{case.touches.maxKey()}"


# ── what is new ──────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="request_news", request_method="GET", permission=Permission.REQUEST_VIEW.value,
             renderer="json")
def news(request: Request) -> dict[str, Any]:
    """What came since the state ``since`` (`token`): ``{"token"}``, and with news ``text``, ``head``, ``messages``."""
    case = readable_case(request)
    now = token(request, case)
    touch, event = _since(request.GET.get("since", ""))
    if request.GET.get("since") == now or touch is None or event is None:
        return {"token": now}
    messages = newer(request, case, touch, event)
    return {
        "token": now,
        "text": _told(request, case, event, len(messages)),
        "head": head(request, case),
        "messages": drawn(request, case, messages),
    }


def _since(text: str) -> tuple[int | None, int | None]:
    """The time keys of the last message and the last event in a `token`; None where it is none."""
    parts = [0 if part == "0" else parse_id(part) for part in text.split(".")] if len(text) < 80 else []
    return (parts[0], parts[1]) if len(parts) == 3 else (None, None)


def _told(request: Request, case: Case, event: int, messages: int) -> str:
    """The news in a line: what colleagues did, and how many messages there are."""
    show = request.ui.show
    facts = [one for _key, one in case.events.items(event, excludemin=True) if one.kind != EntryKind.REGISTERED]
    lines = [
        show.text(_("${what} (${name})", mapping={"what": event_words(request, case, one)[0],
                                                  "name": rows.user_name(request, one.by)}))
        for one in facts[-TOLD:]
    ]
    if messages:
        lines.append(show.text(_("1 new message") if messages == 1
                               else _("${count} new messages", mapping={"count": messages})))
    return str(show.text(_("; "))).join(lines) or str(show.text(_("Something about this request has changed.")))
