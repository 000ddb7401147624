"""The next request to work at: the button that opens it, and the strip on its page that says why it is this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chameleon.utils import Markup
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render
from pyramid.response import Response
from pyramid.view import view_config

from crm_core.i18n import Text, TextFactory
from crm_core.model.request import Request as Case
from crm_core.security.permissions import Permission
from crm_core.services.once import new_key
from crm_core.services.workbulk import Turn
from crm_views.desk.things import done, sent_before

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")


@view_config(route_name="work_next", request_method="POST", permission=Permission.REQUEST_VIEW.value)
def next_one(request: Request) -> Response:
    """Open what is most urgent of one's own and of what nobody has, which is taken."""
    first = sent_before(request)
    if first is not None:
        return first
    turn = request.services.bulk.next()
    if turn is None:
        request.ui.flash(_("There is nothing to do: nothing of yours is open, and the unit’s work is in hands."))
        return HTTPSeeOther(location="/")
    key = request.POST.get("submission_key", "")
    return done(request, key if isinstance(key, str) else "", f"/requests/{turn.request.code}")


def turn_strip(request: Request, case: Case) -> Markup | str:
    """Why this request was given, with the button for the one after it; empty where it was not given just now."""
    turn = request.services.bulk.turn_of(case)
    if turn is None:
        return ""
    values: dict[str, Any] = {"why": _why(turn), "taken": turn.taken, "more": turn.count > 1, "key": new_key()}
    return Markup(render("crm_views:templates/turn.pt", values, request=request))


def _why(turn: Turn) -> Text:
    numbers = {"count": turn.count, "passed": turn.passed}
    if turn.count == 1:
        return _("The only one there is to do.")
    if turn.passed == 0:
        return _("The most urgent of ${count}: late first, then the nearest deadline.", mapping=numbers)
    if turn.passed == 1:
        return _("The most urgent of ${count}, after one you had just now.", mapping=numbers)
    return _("The most urgent of ${count}, after ${passed} you had just now.", mapping=numbers)
