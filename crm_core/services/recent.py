"""What the one who acts did a moment ago: orders that can be taken back, and what “the next one” gave.

It lies beside his record and is pruned whenever something is added. The system has nothing of the kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm_core.model.user import User
from crm_core.services.context import Context

UNDO_TIME = 1_200_000
"""Milliseconds during which an order can be taken back."""
MOST_UNDO = 3
TURN_TIME = 900_000
"""Milliseconds during which what `Bulk.next` gave is not given again."""
MOST_TURNS = 50

Row = dict[str, Any]
"""Plain data with the time ``at`` (ms UTC)."""


class Recent:
    def __init__(self, context: Context) -> None:
        self.context = context

    @property
    def user(self) -> User | None:
        """The one who acts; None for the system."""
        return self.context.root.users.get(self.context.identity.user_id or 0)

    def orders(self) -> tuple[Row, ...]:
        """What can still be taken back, last one last."""
        return () if self.user is None else self._since(self.user.kept().undo, UNDO_TIME)

    def turns(self) -> tuple[Row, ...]:
        """What “the next one” gave and does not give again yet, last one last."""
        return () if self.user is None else self._since(self.user.kept().turns, TURN_TIME)

    def keep(self, *, orders: Iterable[Row] | None = None, turns: Iterable[Row] | None = None) -> None:
        """Keep these orders or turns from now on, the last ones of them; what is too old goes from both."""
        if self.user is None:
            return
        keeping = self.user.keeping()
        keeping.undo = (self.orders() if orders is None else tuple(orders))[-MOST_UNDO:]
        keeping.turns = (self.turns() if turns is None else tuple(turns))[-MOST_TURNS:]

    def _since(self, rows: tuple[Row, ...], time: int) -> tuple[Row, ...]:
        return tuple(row for row in rows if row["at"] + time > self.context.now)
