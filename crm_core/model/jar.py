"""What is asked of the connection that stored things come from, their ``_p_jar``."""

from __future__ import annotations

from typing import Any


def has_changes(jar: Any) -> bool:
    """Whether something was stored or changed in a connection's transaction so far; nothing is without one (None)."""
    return jar is not None and bool(jar._registered_objects or jar._added)
