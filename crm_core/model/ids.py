"""Ids: 63-bit, time-ordered, with random low bits, so that new objects spread over shards and never collide for long.

Whoever stores an object takes its id with ``insert()`` and draws again when the tree answers 0 (it was there).
"""

from __future__ import annotations

import secrets
import time

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


def parse_id(text: str) -> int | None:
    """An id written in decimal digits (URLs, JSON), or None where it is none."""
    if not text.isascii() or not text.isdecimal() or len(text) > 19:
        return None
    value = int(text)
    return value if 0 < value <= MAX_ID else None
