"""Deciding: the list of all that waits for one's decision, from which one or many are decided; withdrawing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core.errors import CrmError, Invalid, NotFound, PluginFailed
from crm_core.i18n import Text, TextFactory
from crm_core.model.approval import Approval
from crm_core.model.ids import parse_id
from crm_core.security.permissions import Permission
from crm_core.services.fitting import says_something
from crm_views.desk import rows, worknav
from crm_views.desk.approvalrows import row
from crm_views.desk.things import readable_case
from crm_views.desk.workasked import asked
from crm_views.errors import local_path
from crm_views.security import SIGNED_IN

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

HERE = "/work/approvals"
MOST = 100
"""Approvals of one page, and of one order."""
WHY = _("Say why; whoever asked reads it.")


@view_config(route_name="work_approvals", request_method="GET", permission=SIGNED_IN,
             renderer="crm_views:templates/work_approvals.pt")
def work(request: Request) -> dict[str, Any]:
    """All that waits for the reader's decision, oldest first."""
    return _page(request)


@view_config(route_name="work_approvals", request_method="POST", permission=SIGNED_IN,
             renderer="crm_views:templates/work_approvals.pt")
def decide(request: Request) -> dict[str, Any] | Response:
    """Approve or refuse one (by its own button) or those that are chosen; each is decided by itself."""
    verb, ids, reason = _order(request)
    if verb == "reject" and ids and not says_something(reason):
        request.response.status_int = 422
        return _page(request, chosen=ids, missing=True)
    if not ids:
        request.ui.flash(_("Nothing is chosen."), "warn")
    done = 0
    for id_ in ids:
        why = _decide(request, id_, verb, reason)
        done += not why
        if why:
            request.ui.flash(why, "warn")
    if done:
        words = {("approve", True): _("Approved."), ("reject", True): _("Refused; whoever asked is told why."),
                 ("approve", False): _("Approved: ${count}", mapping={"count": done}),
                 ("reject", False): _("Refused: ${count}", mapping={"count": done})}
        request.ui.flash(words[verb, done == 1])
    return HTTPSeeOther(location=local_path(request.POST.get("back", HERE)))


def _order(request: Request) -> tuple[str, list[str], str]:
    """What shall be done to which, and why."""
    post = request.POST
    for verb in ("approve", "reject"):
        if verb in post:
            return verb, [post[verb]], post.get(f"reason-{post[verb]}", "")
    return "reject" if post.get("do") == "reject" else "approve", post.getall("c")[:MOST], post.get("reason", "")


def _decide(request: Request, id_: str, verb: str, reason: str) -> Text:
    """Decide one, whole or not at all; why it could not be, "" when it was."""
    approvals, seen = request.services.approvals, request.POST.get(f"seen-{id_}", "")
    savepoint = request.tm.savepoint(optimistic=True)
    try:
        approval: Approval = approvals.get(parse_id(id_) or 0)
        revision = int(seen) if seen.isdecimal() else None
        getattr(approvals, verb)(approval, reason, seen=revision)
    except NotFound:
        return _("One of them was decided meanwhile, or does not wait any more.")
    except PluginFailed:
        raise
    except CrmError as error:
        savepoint.rollback()
        return next(iter(error.errors.values()), error.message) if isinstance(error, Invalid) else error.message
    return ""


def _page(request: Request, chosen: list[str] | None = None, missing: bool = False) -> dict[str, Any]:
    services, user = request.services, request.login.user
    approvals = services.approvals.seated(MOST + 1)
    found = [row(request, one, seat) for one, seat in approvals[:MOST]]
    for one in found:
        one["chosen"] = one["id"] in (chosen or ())
    stands = [rows.user_name(request, one.id) for one in services.approvals.deciders.principals(user.id)]
    return {
        "title": _("Waits for your decision"), "rows": found, "more": len(approvals) > MOST, "missing": missing,
        "why": WHY, "groups": worknav.views(request, asked(request), here=worknav.APPROVALS),
        "stands": request.ui.show.text(_(", ")).join(stands), "error_count": 1 if missing else 0,
        "several": chosen is None or len(chosen) != 1,
    }


@view_config(route_name="request_approval_withdraw", request_method="POST",
             permission=Permission.REQUEST_CHANGE_STATUS.value)
def withdraw(request: Request) -> Response:
    """Ask no more for what a request waits for."""
    case = readable_case(request)
    approval = request.services.approvals.waiting_of(case)
    if approval is None or str(approval.id) != request.POST.get("approval"):
        request.ui.flash(_("It does not wait for an approval any more."), "warn")
    else:
        request.services.approvals.withdraw(approval, request.POST.get("reason", ""))
        request.ui.flash(_("The approval is not asked for any more."))
    return HTTPSeeOther(location=f"/requests/{case.code}")
