"""The whole policy on one page: which role has which permission.

What a permission does not decide (this unit's content, this shielded person) is decided by
`crm_core.services.visibility`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crm_core.i18n import Text, TextFactory
from crm_core.security.permissions import Permission as P
from crm_core.security.permissions import Role

_ = TextFactory("crm_core")

_DESK = frozenset({P.CONTACT_FIND, P.CONTACT_VIEW, P.CONTACT_EDIT, P.INTERACTION_LOG, P.REQUEST_VIEW, P.REQUEST_CREATE})

POLICY: Mapping[Role, frozenset[P]] = {
    # Receives citizens: must be able to say what became of anything, whichever unit has it.
    Role.CLERK: _DESK | {P.REQUEST_VIEW_ALL_UNITS, P.REQUEST_CHANGE_STATUS, P.REQUEST_ASSIGN},
    # Answers the requests of the own unit.
    Role.EXPERT: _DESK | {P.REQUEST_CHANGE_STATUS, P.REQUEST_ASSIGN},
    # Sees that every item is registered, referred and answered in time.
    Role.SUPERVISOR: _DESK
    | {
        P.CONTACT_VIEW_CONFIDENTIAL, P.REQUEST_VIEW_ALL_UNITS, P.REQUEST_VIEW_CONFIDENTIAL,
        P.REQUEST_CHANGE_STATUS, P.REQUEST_ASSIGN, P.AUDIT_VIEW,
    },
    # Approves and reads; does not do the desk's work.
    Role.EXECUTIVE: frozenset({
        P.CONTACT_FIND, P.CONTACT_VIEW, P.CONTACT_VIEW_CONFIDENTIAL, P.REQUEST_VIEW, P.REQUEST_VIEW_ALL_UNITS,
        P.REQUEST_VIEW_CONFIDENTIAL, P.REQUEST_CHANGE_STATUS, P.REQUEST_ASSIGN, P.AUDIT_VIEW,
    }),
    # Runs the installation; reads citizens' content only with another role beside this one.
    Role.ADMINISTRATOR: frozenset({P.CONTACT_FIND, P.DATA_IMPORT, P.AUDIT_VIEW, P.ADMIN}),
}

ROLE_TITLES: Mapping[Role, Text] = {
    Role.CLERK: _("Desk clerk"),
    Role.EXPERT: _("Expert"),
    Role.SUPERVISOR: _("Supervisor"),
    Role.EXECUTIVE: _("Executive"),
    Role.ADMINISTRATOR: _("Administrator"),
}


def permissions_of(roles: Iterable[str], granted: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """All permissions of ``roles``. ``granted``: plugin permission → the roles it was declared for."""
    own = {role for role in roles if role in POLICY}
    core = {permission.value for role in own for permission in POLICY[Role(role)]}
    return frozenset(core | {permission for permission, to in granted.items() if own & to})
