"""The one who acts: a member of staff, or the system itself (command line, import, demo)."""

from __future__ import annotations

from dataclasses import dataclass, field

from crm_core.errors import Forbidden
from crm_core.security.permissions import Permission


@dataclass(frozen=True)
class Identity:
    """Passed to every service. ``user_id`` is None for the system; ``permissions`` are the words that decide."""

    user_id: int | None = None
    login: str = ""
    name: str = ""
    roles: frozenset[str] = frozenset()
    units: frozenset[int] = frozenset()
    permissions: frozenset[str] = frozenset()
    is_system: bool = field(default=False)

    def has(self, permission: str) -> bool:
        return self.is_system or permission in self.permissions

    def demand(self, permission: Permission | str) -> None:
        """Raise Forbidden unless the permission is held."""
        if not self.has(permission):
            raise Forbidden(str(permission))


SYSTEM = Identity(login="system", name="system", is_system=True)
"""Command line, import and demo: sees and may do everything; written down as nobody in particular."""
