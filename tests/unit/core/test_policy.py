"""Which role may do what: the whole policy, said once more."""

from __future__ import annotations

from crm_core.security.identity import SYSTEM
from crm_core.security.permissions import Permission, Role
from crm_core.security.policy import POLICY, ROLE_TITLES, permissions_of


def test_the_whole_policy() -> None:
    """Who may do what, once more in words: a change of rights must be meant."""
    assert {role.value: sorted(permissions) for role, permissions in POLICY.items()} == {
        "clerk": ["contact.edit", "contact.find", "contact.view", "interaction.log", "request.assign",
                  "request.change_status", "request.create", "request.view", "request.view_all_units"],
        "expert": ["contact.edit", "contact.find", "contact.view", "interaction.log", "request.assign",
                   "request.change_status", "request.create", "request.view"],
        "supervisor": ["audit.view", "contact.edit", "contact.find", "contact.view", "contact.view_confidential",
                       "interaction.log", "request.assign", "request.change_status", "request.create", "request.view",
                       "request.view_all_units", "request.view_confidential"],
        "executive": ["audit.view", "contact.find", "contact.view", "contact.view_confidential", "request.assign",
                      "request.change_status", "request.view", "request.view_all_units", "request.view_confidential"],
        "administrator": ["admin", "audit.view", "contact.find", "data.import"],
    }
    assert set(POLICY) == set(ROLE_TITLES) == set(Role)


def test_permissions_of_plugins_go_to_the_roles_they_name() -> None:
    granted = {"x.do": frozenset({Role.EXPERT.value}), "x.all": frozenset({"expert", "clerk"})}
    assert {"x.do", "x.all"} <= permissions_of(["expert"], granted)
    assert permissions_of(["clerk"], granted) & set(granted) == {"x.all"}
    assert permissions_of(["invented"], {"x": frozenset({"invented"})}) == frozenset()
    assert permissions_of([], granted) == frozenset()
    assert SYSTEM.has(Permission.CONTACT_VIEW_SHIELDED)
    assert not any(Permission.CONTACT_VIEW_SHIELDED in permissions for permissions in POLICY.values())
