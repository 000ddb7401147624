"""Timers: something is looked at again at its moment, by the handler that its kind has then."""

from __future__ import annotations

from crm_core.model.timers import TimerBook
from crm_core.services.context import Context


class Timers:
    def __init__(self, context: Context) -> None:
        self.context = context

    def at(self, moment: int, kind: str, object_id: int) -> None:
        """Have ``fire`` of the timer ``kind`` called for an object in the minute after ``moment`` (milliseconds UTC).

        It is stored with the transaction, holds nothing but the id, and cannot be taken back: the timer looks first
        whether the object still wants it. The same one for the same minute is one. A moment that is past is now.
        Raises ValueError for a kind that nobody contributed.
        """
        found = self.context.registry.timers.get(kind)
        if found is None:
            raise ValueError(f"there is no timer {kind!r}")
        root = self.context.root
        if root.timers is None:
            root.timers = TimerBook()
        root.timers.add(moment, found[1].id, object_id)
