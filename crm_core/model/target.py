"""Targets: until when requests are answered first and solved, by kind and priority; every edition is kept, plain."""

from __future__ import annotations

from typing import Any

from BTrees.LOBTree import LOBTree

from crm_core.model.record import Record


class TargetTable(Record):
    """``rows`` is the table in force, each row plain and never changed in place:

    ``id``; ``type`` (request type id) and ``priority``, "" for any; ``first`` and ``solution``: ``[amount, unit]`` with
    the unit ``hours`` or ``days`` of working time, or None; ``warn``: per cent of the time after which is warned, 0 for
    never; ``tell``: user ids told beside the others when a deadline is missed.
    """

    rows: tuple[dict[str, Any], ...] = ()

    def __init__(self) -> None:
        self.editions = LOBTree()
        """number, from 1 → ``{"at": ms, "by": user id, "rows": rows}``; the last one is in force"""

    @property
    def number(self) -> int:
        """The edition in force; 0 before the first."""
        return int(self.editions.maxKey()) if self.editions else 0
