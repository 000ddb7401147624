"""What each role may do, as a table from the policy: the core's permissions and those of the plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.view import view_config

from crm_core.i18n import Text, TextFactory
from crm_core.security.permissions import Permission, Role
from crm_core.security.policy import POLICY, ROLE_TITLES
from crm_views.admin.column import views
from crm_views.permission_words import PERMISSIONS

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

@view_config(route_name="admin_roles", request_method="GET", permission=Permission.ADMIN.value,
             renderer="crm_views:templates/admin/roles.pt")
def roles(request: Request) -> dict[str, Any]:
    """The whole policy on one page, to be read and printed."""
    active = request.services.users.active()
    own = [_row(permission.value, *PERMISSIONS.get(permission, (permission.value, "")),
                {role for role in Role if permission in POLICY[role]}) for permission in Permission]
    plugins = [
        _row(permission.id, permission.title, "", {role for role in Role if role in permission.roles})
        for permission in sorted(request.crm_app.registry.permissions.values(), key=lambda one: one.id)
    ]
    return {
        "title": _("Roles"),
        "views": views(request),
        "roles": [
            {"id": role.value, "title": ROLE_TITLES[role], "people": sum(role in user.roles for user in active)}
            for role in Role
        ],
        "groups": [(_("Of the core"), own), *([(_("Of plugins"), plugins)] if plugins else [])],
    }


def _row(id_: str, title: Text, note: Text, holders: set[Role]) -> dict[str, Any]:
    return {"id": id_, "title": title, "note": note, "holders": [role in holders for role in Role]}
