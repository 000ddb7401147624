"""A walk over many stored things that changes them, however many there are, in little memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from crm_core.model.root import Root

PORTION = 1_000
"""Things between two looks at the memory."""
Thing = TypeVar("Thing")


def portions(root: Root, things: Iterable[Thing]) -> Iterator[Thing]:
    """``things`` one by one. After every `PORTION` of them what was changed is set down at a savepoint (still part of
    the step's one transaction), and what the cache has no room for leaves the memory."""
    for place, thing in enumerate(things, 1):
        yield thing
        if place % PORTION == 0 and root._p_jar is not None:
            root._p_jar.transaction_manager.savepoint(optimistic=True)
            root._p_jar.cacheGC()
