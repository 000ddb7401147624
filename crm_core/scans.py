"""Walks over everything that is stored, in little memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from crm_core.model.root import Root

PORTION = 1_000
"""Things between two looks at the memory."""
Thing = TypeVar("Thing")


def lightly(root: Root, things: Iterable[Thing]) -> Iterator[Thing]:
    """``things`` one by one; what the connection's cache has no room for leaves the memory now and then.

    For reading only: what was changed stays in memory until it is stored (`evolve_steps.portions` sets it down).
    """
    for place, thing in enumerate(things, 1):
        yield thing
        if place % PORTION == 0 and root._p_jar is not None:
            root._p_jar.cacheGC()
