"""What each role may do, as a table from the policy: the core's permissions and those of the plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.view import view_config

from crm_core.i18n import Text, TextFactory
from crm_core.security.permissions import Permission, Role
from crm_core.security.policy import POLICY, ROLE_TITLES
from crm_views.admin.column import views

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

WORDS: dict[str, tuple[Text, Text]] = {
    Permission.CONTACT_FIND: (_("Find citizens"), _("See that a record is there, and its name.")),
    Permission.CONTACT_VIEW: (_("Read dossiers"), _("Who a citizen is and what happened, as far as units allow it.")),
    Permission.CONTACT_EDIT: (_("Change records of citizens"), _("New citizens, names, numbers, proofs, relations.")),
    Permission.CONTACT_VIEW_CONFIDENTIAL: (
        _("Read confidential citizens"), _("Others see only that a record is there.")),
    Permission.CONTACT_VIEW_SHIELDED: (
        _("Know of shielded citizens"), _("For everybody else they do not exist. No role has this from the start.")),
    Permission.INTERACTION_LOG: (_("Log conversations"), _("Calls, visits, notes, letters.")),
    Permission.REQUEST_CREATE: (_("Register requests"), _("Of the kinds that are offered to the role.")),
    Permission.REQUEST_VIEW: (_("Read requests"), _("Of the own units, and what was handed to oneself.")),
    Permission.REQUEST_VIEW_ALL_UNITS: (_("Read requests of all units"), _("To say what became of anything.")),
    Permission.REQUEST_VIEW_CONFIDENTIAL: (
        _("Read confidential requests"), _("Also those of confidential units.")),
    Permission.REQUEST_CHANGE_STATUS: (_("Work on requests"), _("Change the status, correct, answer, close.")),
    Permission.REQUEST_ASSIGN: (_("Hand requests over"), _("To a unit or a colleague.")),
    Permission.DATA_IMPORT: (_("Bring data in"), _("Contacts and requests from files.")),
    Permission.AUDIT_VIEW: (_("Read the audit trail"), _("Who did what; as far as the records may be read.")),
    Permission.ADMIN: (_("Administer"), _("Units, users, kinds of requests, health. It opens no citizen's content.")),
}


@view_config(route_name="admin_roles", request_method="GET", permission=Permission.ADMIN.value,
             renderer="crm_views:templates/admin/roles.pt")
def roles(request: Request) -> dict[str, Any]:
    """The whole policy on one page, to be read and printed."""
    active = request.services.users.active()
    own = [_row(permission.value, *WORDS.get(permission, (permission.value, "")),
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
