"""What people type, as it is stored: without the space around it that nobody meant."""

from __future__ import annotations

from typing import Any


def normal_value(value: Any) -> Any:
    """A value as it is stored and compared: a text without space around it, a plain one also where it was a word of an
    enumeration; whatever is no text as it is."""
    return str(value).strip() if isinstance(value, str) else value
