"""What the permissions are called, and in a line what each lets people do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_core.i18n import Text, TextFactory
from crm_core.security.permissions import Permission

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

PERMISSIONS: dict[str, tuple[Text, Text]] = {
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


def permission_word(request: Request, id_: str) -> str:
    """What a permission of the core or of a plugin is called; its id while its plugin is away."""
    contributed = request.crm_app.registry.permissions.get(id_)
    word: Text = contributed.title if contributed is not None else PERMISSIONS.get(id_, (id_, ""))[0]
    return str(request.ui.show.text(word))
