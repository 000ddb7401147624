"""The page of a request: where it stands, what was said, asked, changed and handed in, and every action with its key.

It is drawn from the frozen form and status versions alone, so that it reads the same when the plugin has changed or
gone. The forms of its actions stand on the same page, each at an address of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chameleon.utils import Markup
from pyramid.renderers import render
from pyramid.response import Response
from pyramid.view import view_config

from crm_core.i18n import Text, TextFactory
from crm_core.model.request import Priority
from crm_core.model.request import Request as Case
from crm_core.security.permissions import Permission
from crm_core.services.once import new_key
from crm_core.services.visibility import Visibility
from crm_views import words
from crm_views.channels import channel_icon, channel_word
from crm_views.desk import approvalrows, promised, rows
from crm_views.desk.answers import answers
from crm_views.desk.attachments import download
from crm_views.desk.conversation import drawn, talk
from crm_views.desk.course import can_stand, deadline, first_answer, may_run_on, stages
from crm_views.desk.find import words_of
from crm_views.desk.history import hands, history
from crm_views.desk.panels import request_panels
from crm_views.desk.papers import papers
from crm_views.desk.taking import may_take
from crm_views.desk.things import case_of, file_of, readable_case
from crm_views.desk.turns import turn_strip
from crm_views.plugin_pages import title_of

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
TEMPLATE = "crm_views:templates/request.pt"

TABS: tuple[tuple[str, Text], ...] = (
    ("talk", _("Conversation")), ("answers", _("Answers of the form")), ("history", _("Changes")),
    ("documents", _("Documents")),
)
ANSWERS_BESIDE = 8
"""Answers that stand beside the conversation; the others are behind their tab."""


@view_config(route_name="request", request_method="GET", permission=Permission.REQUEST_VIEW.value, renderer=TEMPLATE)
def request_page(request: Request) -> dict[str, Any]:
    """Everything about one request; of one that may only be counted, the unit and the month."""
    case, seen = case_of(request)
    if seen is Visibility.FULL:
        return page(request, case)
    request.override_renderer = "crm_views:templates/request_counted.pt"
    request.response.status_int = 403
    return {
        "title": _("A request you may not read"),
        "unit": rows.unit_name(request, case.unit),
        "when": request.ui.show.date(case.created, "date"),
    }


def page(request: Request, case: Case, doing: str = "", form: dict[str, Any] | None = None) -> dict[str, Any]:
    """The values of the page, with the form of the action ``doing`` opened in it where one is given."""
    tab = words_of(request, "tab")
    tab = tab if tab in dict(TABS) and not form else "talk"
    here = f"/requests/{case.code}"
    given = answers(request, case)
    spoken = talk(request, case, whole="all" in request.GET)
    documents = papers(request, case)
    counts = {"talk": spoken.count, "answers": len(given), "history": len(case.events), "documents": len(documents)}
    acts = actions(request, case, doing)
    return {
        "title": case.title,
        "case": case,
        "here": here,
        "body_class": "desk has-actions",
        "code": request.ui.show.code(case.code),
        "kind": rows.type_name(request, case),
        "head": head(request, case), "turn": "" if form else turn_strip(request, case),
        "token": token(request, case),
        "actions": acts,
        "take": {"key": new_key(), "seen": str(case.unit)},
        "doing": doing,
        "heading": next((act["text"] for act in acts if act["name"] == doing), ""),
        "form": form["form"] if form else None,
        "error_count": form["error_count"] if form else 0,
        "tab": tab,
        "tabs": [{"name": name, "text": text, "count": counts[name], "href": f"{here}?tab={name}" if name != "talk"
                  else here} for name, text in TABS],
        "talk": spoken,
        "messages": drawn(request, case, [spoken.first]), "later": drawn(request, case, spoken.messages),
        "answers": given,
        "asked": asked_with(request, case) if tab == "answers" else None,
        "history": history(request, case) if tab == "history" else [],
        "documents": documents,
        "hands": hands(request, case),
        "approval": approvalrows.of_case(request, case),
        "promised": promised.of_case(request, case),
        "absent": absent_plugin(request, case),
        "panels": request_panels(request, case),
        "edition": case.version.number,
        "beside": given[:ANSWERS_BESIDE], "more_answers": max(0, len(given) - ANSWERS_BESIDE),
    }


def head(request: Request, case: Case) -> Markup:
    """The head of the page: title, states, until when, facts, stages. It is drawn anew when there is news."""
    show = request.ui.show
    contact = request.services.contacts.find(case.contact)
    place = next((answer["words"] for answer in answers(request, case) if answer["type"] == "place"), "")
    values = {
        "case": case,
        "title": case.title,
        "kind": rows.type_name(request, case),
        "code": show.code(case.code),
        "badges": rows.status_badges(request, case),
        "is_confidential": case.confidentiality != "normal",
        "deadline": deadline(request, case),
        "first_answer": first_answer(request, case),
        "contact_name": rows.contact_name(request, contact),
        "contact_href": f"/contacts/{contact.id}" if contact is not None else "",
        "place": place,
        "channel": channel_word(request, case.channel),
        "channel_icon": channel_icon(request, case.channel),
        "when": show.time(case.created),
        "hands": rows.in_hands(request, case.unit, case.assignee),
        "priority": words.PRIORITIES.get(case.priority, case.priority),
        "is_pressing": case.priority in (Priority.HIGH, Priority.URGENT),
        "stages": stages(request, case),
    }
    return Markup(render("crm_views:templates/request_head.pt", values, request=request))


def token(request: Request, case: Case) -> str:
    """What the page shows of the request, in short: the last message, the last event, the revision.

    Of messages the last one that may be read: what is hidden moves nothing.
    """
    event = case.events.maxKey() if case.events else 0
    return f"{_last_message(request, case)}.{event}.{case.revision}"


def _last_message(request: Request, case: Case) -> int:
    """The time key of the last message that may be read; 0 without one."""
    touches, eyes = case.touches, request.services.eyes
    key = touches.maxKey() if touches else 0
    while key and eyes.of_interaction(touches[key]) is not Visibility.FULL:
        before = touches.keys(max=key, excludemax=True)
        key = before[-1] if before else 0
    return int(key)


def actions(request: Request, case: Case, doing: str = "") -> list[dict[str, Any]]:
    """What this reader may do here, each with its key and address; the first is the one to do. ``doing``: what he does
    now, also where that is not offered any more."""
    may = request.has_permission
    log, change = may(Permission.INTERACTION_LOG), may(Permission.REQUEST_CHANGE_STATUS)
    offered: tuple[tuple[bool, str, Text, str, str], ...] = (
        (bool(log), "message", _("Answer the citizen"), "reply", "M"),
        (may_take(request, case), "take", _("To me"), "box-arrow-in-down", "T"),
        (bool(may(Permission.REQUEST_ASSIGN)), "assign", _("Hand over"), "arrow-left-right", "R"),
        (bool(change and request.services.workflows.ways(case)), "status", _("Change the status"), "signpost", "S"),
        (bool(log), "note", _("Internal message"), "lock", "O"),
        (bool(change and (doing == "pause" or can_stand(case))), "pause", _("Stop the clock"), "pause-circle", "W"),
        (bool(change and (doing == "resume" or may_run_on(case))), "resume", _("Let the clock run on"), "clock", "W"),
        (bool(change), "edit", _("Edit"), "pencil", "E"),
        (bool(change), "attach", _("Add documents"), "paperclip", "D"),
        (True, "receipt", _("Print the receipt"), "printer", "P"),
    )
    allowed = [act for act in offered if act[0]]
    return [
        {"name": name, "text": text, "icon": icon, "key": key, "href": f"/requests/{case.code}/{name}",
         "look": "primary" if place == 0 and name != "receipt" and case.is_open else "quiet",
         "is_page": name == "receipt",
         "is_minor": name in ("pause", "resume", "edit", "attach", "receipt")}
        for place, (_may, name, text, icon, key) in enumerate(allowed)
    ]


def in_place(request: Request, case: Case, doing: str, form: dict[str, Any] | Response) -> dict[str, Any] | Response:
    """The page with an action's form on it, or what the form led to."""
    if isinstance(form, Response):
        return form
    values = page(request, case, doing, form)
    return values | {"title": _("${action}: ${title}", mapping={
        "action": request.ui.show.text(values["heading"]), "title": case.title})}


def asked_with(request: Request, case: Case) -> dict[str, Any] | None:
    """Which form was answered: its kind's name then, the beginning of its version's id, whether there is a newer."""
    if case.submission is None:
        return None
    published = request.crm_app.registry.types.get(case.type)
    return {
        "title": rows.type_name(request, case),
        "version": case.submission.form[:8],
        "when": request.ui.show.date(case.created, "date"),
        "is_old": published is not None and published.form_id != case.submission.form,
    }


def absent_plugin(request: Request, case: Case) -> str:
    """What people call the plugin that this kind of request came with, when it is not here at present; else ""."""
    return "" if case.type in request.crm_app.registry.types else title_of(request, case.type.partition(".")[0])


@view_config(route_name="request_file", request_method="GET", permission=Permission.REQUEST_VIEW.value)
def file(request: Request) -> Response:
    """A document of a request."""
    return download(file_of(request, readable_case(request).attachments))
