"""What a check may find, with the way to mend it where it is derived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crm_core.services import Services


@dataclass(frozen=True)
class Mistake:
    """``check``: which look found it; ``message``: for administrators, English; ids only, no words of people.

    ``mend(services)`` derives the thing anew from the objects as they are then, and does nothing where that was done
    already; None: it is no derived thing, so only a backup can help.
    """

    check: str
    message: str
    mend: Callable[[Services], None] | None = None
