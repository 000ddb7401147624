"""Which citizen a member of staff is himself: found by search, so that a complaint about him can be kept from him."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core.errors import NotFound
from crm_core.i18n import TextFactory
from crm_core.model.contact import Contact
from crm_core.model.ids import parse_id
from crm_core.security.permissions import Permission
from crm_core.services.visibility import Visibility
from crm_views.admin.users import CRUMBS, user_of
from crm_views.desk import rows
from crm_views.desk.find import hit_row, words_of

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
MOST = 20


@view_config(route_name="admin_user_contact", request_method="GET", permission=Permission.ADMIN.value,
             renderer="crm_views:templates/admin/official.pt")
def choose(request: Request) -> dict[str, Any]:
    """Search for the official's own record."""
    user = user_of(request)
    query = words_of(request)
    found = request.services.finder.find(query, limit=MOST) if query else None
    hits = [hit for hit in (found.hits if found is not None else ()) if isinstance(hit.thing, Contact)]
    return {
        "title": _("Own record of ${name}", mapping={"name": rows.user_name(request, user.id)}),
        "crumbs": (*CRUMBS, (f"/admin/users/{user.id}", rows.user_name(request, user.id))),
        "path": f"/admin/users/{user.id}/contact",
        "back": f"/admin/users/{user.id}",
        "query": query,
        "hits": [hit_row(request, hit) | {"id": str(hit.id)} for hit in hits],
        "has_one": user.official_contact is not None,
        "seen": str(user.official_contact or ""),
    }


@view_config(route_name="admin_user_contact", request_method="POST", permission=Permission.ADMIN.value)
def choose_it(request: Request) -> Response:
    """Tie the account to that record, or to none, unless somebody tied it to another one meanwhile."""
    user = user_of(request)
    typed, before = request.POST.get("contact", ""), request.POST.get("seen")
    id_ = parse_id(typed) if isinstance(typed, str) else None
    if typed and (id_ is None or not _may_know(request, id_)):
        raise NotFound
    seen = {"official_contact": parse_id(before)} if isinstance(before, str) else None
    request.services.users.edit(user, {"official_contact": id_}, seen)
    request.ui.flash(_("Saved."))
    return HTTPSeeOther(location=f"/admin/users/{user.id}")


def _may_know(request: Request, id_: int) -> bool:
    contact = request.services.contacts.find(id_)
    return contact is not None and request.services.eyes.of_contact(contact) is not Visibility.HIDDEN
