"""Ids: 63-bit, time-ordered, with random low bits, so that new objects spread over shards and never collide for long.

Whoever stores an object takes its id with ``insert()`` and draws again when the tree answers 0 (it was there).
"""

from __future__ import annotations

import secrets
import time
from typing import Any

RANDOM_BITS = 20
MAX_ID = (1 << 63) - 1


def now_ms() -> int:
    """Milliseconds since 1970 in UTC."""
    return time.time_ns() // 1_000_000


def new_id(at_ms: int) -> int:
    """A new id for something born at ``at_ms`` (milliseconds UTC); also the form of timeline keys."""
    return max((max(at_ms, 0) << RANDOM_BITS) | secrets.randbits(RANDOM_BITS), 1)


def id_time(id_: int) -> int:
    """The milliseconds in an id or timeline key."""
    return id_ >> RANDOM_BITS


def first_id(at_ms: int) -> int:
    """The smallest id or timeline key of that millisecond: a bound for ranges."""
    return max(at_ms, 0) << RANDOM_BITS


def key_behind(tree: Any, at_ms: int) -> int:
    """A free key of that millisecond in a tree of time keys, behind those of it that are there: facts keep their order.

    Keys begin in the lower half of the millisecond and go on in steps that shrink with the room that is left, so that
    an import of days without times (all of midnight) finds room for tens of thousands. Two transactions draw different
    keys, since they would conflict otherwise.
    """
    first, end = first_id(at_ms), first_id(at_ms + 1)
    try:
        last = int(tree.maxKey(end - 1))
    except ValueError:  # nothing that old
        last = 0
    key = first + secrets.randbelow((end - first) // 2) if last < first else (
        last + 1 + secrets.randbelow(max(1, min(64, (end - last) >> 12))))
    while key in tree:
        key += 1
    return key


def parse_id(text: str) -> int | None:
    """An id written in decimal digits (URLs, JSON), or None where it is none."""
    if not text.isascii() or not text.isdecimal() or len(text) > 19:
        return None
    value = int(text)
    return value if 0 < value <= MAX_ID else None
