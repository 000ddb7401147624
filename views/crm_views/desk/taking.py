"""Taking a request oneself: one press for what lies in one's units and nobody has yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core.errors import CrmError, Forbidden, NotFound
from crm_core.i18n import TextFactory
from crm_core.model.request import Request as Case
from crm_core.security.permissions import Permission
from crm_views.desk import rows
from crm_views.desk.things import done, readable_case, sent_before

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")


def may_take(request: Request, case: Case) -> bool:
    """Whether the reader is offered to take it: it is open, nobody has it, and it lies in one of his units."""
    allowed = request.has_permission(Permission.REQUEST_ASSIGN)
    return bool(allowed and case.is_open and case.assignee is None and case.unit in request.services.work.units())


@view_config(route_name="request_take", request_method="POST", permission=Permission.REQUEST_ASSIGN.value)
def take(request: Request) -> Response:
    """Give the request to the one who reads it, if it still is where his page showed it."""
    case = readable_case(request)
    first = sent_before(request)
    if first is not None:
        return first
    here = f"/requests/{case.code}"
    if not may_take(request, case) or request.POST.get("seen", "") != str(case.unit):
        hands = rows.in_hands(request, case.unit, case.assignee)
        request.ui.flash(_("Not taken: it was changed meanwhile, and is with ${hands} now.", mapping={"hands": hands}),
                         "warn")
        return HTTPSeeOther(location=here)
    try:
        request.services.requests.assign(case, unit=case.unit, assignee=request.services.identity.user_id)
    except (NotFound, Forbidden):
        raise
    except CrmError as error:
        request.ui.flash(error.message, "bad")
        return HTTPSeeOther(location=here)
    request.ui.flash(_("It is yours now."))
    key = request.POST.get("submission_key", "")
    return done(request, key if isinstance(key, str) else "", here)

