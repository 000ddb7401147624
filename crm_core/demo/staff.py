"""The municipality's units and staff, made when they are not there, and the identities that act in the demo."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from crm_core.demo.places import City
from crm_core.durations import MINUTE
from crm_core.model.user import UnitKind, User
from crm_core.security.identity import Identity
from crm_core.services import Services


@dataclass
class Staff:
    """Unit key → id, login of the plan → identity, and who of them can log in: (login, name, role).

    ``has_password``: at least one account was made, so that the password given is somebody's.
    """

    units: dict[str, int] = field(default_factory=dict)
    identities: dict[str, Identity] = field(default_factory=dict)
    open: list[dict[str, str]] = field(default_factory=list)
    has_password: bool = False

    def identity(self, login: str) -> Identity:
        """The identity of a member of the demo's staff."""
        return self.identities[login]


def hire(at: Callable[[int], Services], founded: int, city: City, password: str, hash_cost: int | None = None) -> Staff:
    """Make units and accounts; those that exist with the same name, or login and roles, are taken as they are.

    ``at``: services at a moment (milliseconds UTC); each unit and account is made at a moment of its own, from
    ``founded`` on, for their order is that of their moments. Only accounts marked as open get ``password``; that of the
    others nobody knows. ``hash_cost`` is as in `Users.add`.
    """
    staff = Staff()
    moment = founded
    for row in city.units:
        services, moment = at(moment), moment + MINUTE
        known = services.units.by_name(row["name"])
        unit = known or services.units.add(
            row["name"], name_en=row["name_en"], confidential=row.get("confidential", False),
            kind=UnitKind.GEOGRAPHY if row.get("geography") else UnitKind.FUNCTION,
            parent=staff.units[row["parent"]] if row.get("parent") else None,
        )
        staff.units[row["key"]] = unit.id
    for row in city.staff:
        services, moment = at(moment), moment + MINUTE
        user, is_new = _account(services, row, staff.units[row["unit"]], password, hash_cost)
        staff.identities[row["login"]] = services.users.identity(user)
        if row.get("open"):
            staff.has_password = staff.has_password or is_new
            staff.open.append({"login": user.login, "name": user.name, "role": row["roles"][0]})
    return staff


def _account(
    services: Services, row: dict[str, Any], unit: int, password: str, hash_cost: int | None
) -> tuple[User, bool]:
    """The account of a row, and whether it was made now."""
    login, number = row["login"], 1
    while (known := services.users.by_login(login)) is not None:
        if known.roles == tuple(row["roles"]) and known.name == row["name"]:
            return known, False
        number += 1
        login = f"{row['login']}{number}"
    is_open = row.get("open", False)
    user = services.users.add(
        login, name=row["name"], name_en=row["name_en"], roles=row["roles"], units=[unit],
        language=row.get("language", "fa"), password=password if is_open else secrets.token_urlsafe(24),
        # A random password of 24 bytes needs no slow hash: it cannot be guessed, and nobody is told it.
        hash_cost=hash_cost if is_open else 1,
    )
    return user, True
