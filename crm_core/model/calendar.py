"""The business calendar of the organisation, or of one of its units: hours of a week, and days that are exceptions."""

from __future__ import annotations

from typing import Any

from crm_core.model.record import Record


class Calendar(Record):
    """``unit``: whose it is, 0 for the organisation's own. What it leaves open (None) is that of the unit above.

    ``week``: the shifts of the seven days, Monday first, each (from, until) in minutes after midnight; past midnight
    they count on. ``holidays``: whether public holidays are closed. ``days``: ISO date → its exception, plain: ``kind``
    (closed, open: as on any such weekday though it is a holiday, hours: ``shifts``), ``name`` and ``name_en``.
    """

    unit: int = 0
    week: tuple[tuple[tuple[int, int], ...], ...] | None = None
    holidays: bool | None = None

    def __init__(self) -> None:
        self.days: dict[str, dict[str, Any]] = {}

    @property
    def says_something(self) -> bool:
        """Whether anything differs from what is above it."""
        return self.week is not None or self.holidays is not None or bool(self.days)
