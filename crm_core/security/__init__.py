"""Who may do what: permissions, roles, the policy on one page, and the identity of the one who acts."""

from crm_core.security.identity import SYSTEM, Identity
from crm_core.security.permissions import Permission, Role

__all__ = ["SYSTEM", "Identity", "Permission", "Role"]
