"""Taking back what was just done to several requests: a strip above the list while it is possible, and its button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core.errors import NotFound
from crm_core.i18n import Text, TextFactory
from crm_core.services.once import new_key
from crm_core.services.workbulk import Done, Line
from crm_views.desk.things import done, sent_before
from crm_views.errors import local_path
from crm_views.security import SIGNED_IN

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")


def undo_strip(request: Request, query: str) -> dict[str, Any] | None:
    """What can be taken back: ``id``, ``words``, ``back``, ``key``; None when there is nothing."""
    row = request.services.bulk.pending()
    if row is None:
        return None
    return {"id": row["id"], "words": _words(request, row), "back": f"/?{query}" if query else "/", "key": new_key()}


def _words(request: Request, row: dict[str, Any]) -> Text:
    values = {"time": request.ui.show.clock(row["at"]), "count": len(row["rows"])}
    one = values["count"] == 1
    if row["action"] == "take":
        return _("1 request taken over at ${time}.", mapping=values) if one else _(
            "${count} requests taken over at ${time}.", mapping=values)
    if row["action"] == "assign":
        return _("1 request handed over at ${time}.", mapping=values) if one else _(
            "${count} requests handed over at ${time}.", mapping=values)
    if row["action"] == "priority":
        return _("1 request has another priority since ${time}.", mapping=values) if one else _(
            "${count} requests have another priority since ${time}.", mapping=values)
    return _("1 request has another status since ${time}.", mapping=values) if one else _(
        "${count} requests have another status since ${time}.", mapping=values)


@view_config(route_name="work_undo", request_method="POST", permission=SIGNED_IN)
def undo(request: Request) -> Response:
    """Bring back what an order changed, where nobody changed it since."""
    first = sent_before(request)
    if first is not None:
        return first
    id_, back, key = (str(request.POST.get(name, "")) for name in ("undo", "back", "submission_key"))
    try:
        result = request.services.bulk.undo(id_)
    except NotFound:
        request.ui.flash(_("It is too late to take this back."), "warn")
        return HTTPSeeOther(location=local_path(back))  # nothing was done: sent again, it is nothing again
    count = len(result.changed)
    request.ui.flash(_("1 request is as it was before.") if count == 1 else
                     _("${count} requests are as they were before.", mapping={"count": count}))
    tell_refused(request, result)
    return done(request, key, local_path(back))


def tell_refused(request: Request, result: Done) -> None:
    """Say how many were left as they are, and the reason of the first."""
    refused = result.refused
    if not refused:
        return
    reasons: dict[str, Line] = {request.ui.show.text(line.refusal): line for line in refused}
    values = {"count": len(refused), "reason": " ".join(reasons)}
    request.ui.flash(_("1 was left as it is: ${reason}", mapping=values) if len(refused) == 1 else
                     _("${count} were left as they are: ${reason}", mapping=values), "warn")
