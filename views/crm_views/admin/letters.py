"""What could not be done: dead letters and those of which nobody knows whether they were done, with what to decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import CrmError, NotFound
from crm_core.i18n import Text, TextFactory
from crm_core.model.ids import parse_id
from crm_core.model.request import Request as Case
from crm_core.security.permissions import Permission
from crm_core.services.deadletters import REASON_LENGTH, DeadLetter
from crm_core.services.documents import find_object
from crm_core.services.visibility import Visibility
from crm_views.admin import audit_words
from crm_views.admin.column import views
from crm_views.admin.plugins import title_of
from crm_views.admin.units import FORM_PAGE
from crm_views.desk import rows
from crm_views.desk.things import done, sent_before
from crm_views.forms import Look, Submission, handle

if TYPE_CHECKING:
    from pyramid.request import Request

    from crm_views.components.ui import Category

_ = TextFactory("crm_views")
ADMIN = Permission.ADMIN.value
HERE = "/admin/health/letters"
SHOWN = 200
SHORT = 90
"""Characters of an error in the list."""
TITLE = _("What could not be done")
CRUMBS = (("/admin/health", _("Health")), (HERE, TITLE))
STATES: dict[str, tuple[Category, Text, str]] = {
    "dead": ("late", _("failed"), "exclamation-circle"),
    "uncertain": ("waiting", _("uncertain"), "question-circle"),
}
KINDS: dict[str, Text] = {"reader": _("read inside the desk"), "effect": _("done outside of the desk"),
                          "timer": _("inside the desk, at its moment")}


class GiveUpForm(f.Form):
    """Why it need not be done any more."""

    reason = f.text(_("Why it need not be done any more"), max_length=REASON_LENGTH,
                    description=_("It is kept in the audit trail; write it without names and numbers of people."))


@view_config(route_name="admin_letters", request_method="GET", permission=ADMIN,
             renderer="crm_views:templates/admin/letters.pt")
def page(request: Request) -> dict[str, Any]:
    """The list; each row leads to its page."""
    found = request.services.dead_letters.rows(SHOWN + 1)
    return {"title": TITLE, "views": views(request), "rows": [_row(request, one) for one in found[:SHOWN]],
            "cut": len(found) > SHOWN, "shown": SHOWN}


@view_config(route_name="admin_letter", request_method="GET", permission=ADMIN,
             renderer="crm_views:templates/admin/letter.pt")
def one(request: Request) -> dict[str, Any]:
    """One of them, and what can be decided."""
    letter = letter_of(request)
    return {"title": request.ui.show.text(letter.title), "views": views(request), "row": _row(request, letter),
            "letter": letter, "facts": _facts(request, letter), "about": _about(request, letter)}


@view_config(route_name="admin_letter_retry", request_method="POST", permission=ADMIN)
def retry(request: Request) -> Response:
    """Have it tried again."""
    try:
        request.services.dead_letters.retry(_id(request))
    except NotFound:
        request.ui.flash(_("Somebody has decided about it already."), "warn")
    except CrmError as error:
        request.ui.flash(error.message, "bad")
        return HTTPSeeOther(location=f"{HERE}/{_id(request)}")
    else:
        request.ui.flash(_("It is tried again soon. If it fails too often, it comes back here."))
    return HTTPSeeOther(location=HERE)


@view_config(route_name="admin_letter_give_up", request_method=("GET", "POST"), permission=ADMIN, renderer=FORM_PAGE)
def give_up(request: Request) -> dict[str, Any] | Response:
    """Take it out for good, with a reason."""
    first = sent_before(request)
    if first is not None:
        return first
    letter = letter_of(request)
    here = f"{HERE}/{letter.id}"

    def on_valid(submission: Submission) -> Response:
        request.services.dead_letters.give_up(letter.id, submission.values["reason"])
        request.ui.flash(_("It is given up; the audit trail keeps why."))
        return done(request, submission.submission_key, HERE)

    heading = _("It was done") if letter.state == "uncertain" else _("Give it up")
    form = handle(request, GiveUpForm().clone(), submit_label=_("Take it out for good"), on_valid=on_valid,
                  look=Look(heading=heading, note=request.ui.show.text(letter.title), cancel=here))
    if isinstance(form, Response):
        return form
    return form | {"title": heading, "crumbs": (*CRUMBS, (here, request.ui.show.text(letter.title)))}


def letter_of(request: Request) -> DeadLetter:
    """The letter of the address. Raises NotFound."""
    found: DeadLetter = request.services.dead_letters.get(_id(request))
    return found


def _id(request: Request) -> int:
    id_ = parse_id(request.matchdict["letter"])
    if id_ is None:
        raise NotFound
    return id_


def _row(request: Request, letter: DeadLetter) -> dict[str, Any]:
    show = request.ui.show
    category, words, icon = STATES[letter.state]
    return {
        "href": f"{HERE}/{letter.id}", "title": show.text(letter.title), "known": letter.may_retry,
        "badge": request.ui.status(category, words, icon=icon), "what": _what(letter),
        "error": rows.short(letter.error, SHORT), "since": show.date(letter.since, "date") if letter.since else "",
        "tries": letter.tries,
    }


def _what(letter: DeadLetter) -> Text:
    """What happened, in words."""
    return _("its moment came") if letter.of == "timer" else audit_words.what(letter.kind)


def _facts(request: Request, letter: DeadLetter) -> list[tuple[Text, str, bool]]:
    """(label, words, whether they are a code)"""
    show = request.ui.show
    plugin = title_of(request, letter.plugin)
    facts: list[tuple[Text, str, bool]] = [
        (_("Plugin"), plugin, plugin == letter.plugin), (_("Where"), show.text(KINDS[letter.of]), False),
        (_("What happened"), show.text(_what(letter)), False),
    ]
    if letter.happened is not None:
        facts.append((_("When it happened"), show.datetime(letter.happened), False))
    if letter.since:
        facts.append((_("First failed"), show.datetime(letter.since), False))
    return [*facts, (_("Tries"), show.number(letter.tries), False), (_("Last error"), letter.error, True)]


def _about(request: Request, letter: DeadLetter) -> tuple[str, str, bool]:
    """(address, words, whether they are a code) of the request or citizen it is about; empty where there is none, or
    the reader may not read it."""
    root, eyes, (kind, id_) = request.services.root, request.services.eyes, letter.subject
    thing = find_object(root, kind, id_)
    if thing is not None and eyes.of(thing) is not Visibility.FULL:
        return "", "", False  # whom it is about would tell that there is something
    if isinstance(thing, Case):
        return f"/requests/{thing.code}", request.ui.show.code(thing.code), True
    contact = root.contacts.get(letter.contact) if letter.contact is not None else None
    if contact is not None and eyes.of_contact(contact) is Visibility.FULL:
        return f"/contacts/{contact.id}", rows.contact_name(request, contact), False
    return "", "", False
