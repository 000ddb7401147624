"""The shifts of a day as people write them: «۸ تا ۱۶», 8-12:30, 13:30-17; 22-6 goes on past midnight."""

from __future__ import annotations

import re
from datetime import time
from typing import TypeAlias

from crm_core.text.digits import is_persian, to_persian
from crm_core.text.errors import InvalidTime
from crm_core.text.times import parse_time

Shift: TypeAlias = tuple[int, int]
"""From and until, in minutes after midnight; past midnight the end counts on."""
DAY = 24 * 60
LONGEST = 200
_BETWEEN = re.compile(r"[,،;؛\n]|\s(?:and|و)\s")
_UNTIL = re.compile(r"\s*(?:[-–—]|\s(?:to|until|till|تا)\s)\s*", re.IGNORECASE)


def parse_shifts(text: str) -> tuple[Shift, ...]:
    """The shifts that ``text`` names, in its order; none for nothing. Whether they go together, others decide.

    Raises InvalidTime as `parse_time` does, and "format" where something is no span between two times.
    """
    if len(text) > LONGEST:
        raise InvalidTime("format")
    parts = [part.strip() for part in _BETWEEN.split(text) if part.strip()]
    return tuple(_shift(part) for part in parts)


def _shift(text: str) -> Shift:
    ends = [end for end in _UNTIL.split(re.sub(r"^(?:از|from)\s+", "", text)) if end]
    if len(ends) != 2:
        raise InvalidTime("format")
    begin, end = (_minutes(parse_time(one)) for one in ends)
    if end <= begin:  # until midnight (24, 0) or past it
        end += DAY
    return begin, end


def _minutes(of: time) -> int:
    return of.hour * 60 + of.minute


def format_shifts(shifts: tuple[Shift, ...] | list[list[int]], locale: str) -> str:
    """``8:00–12:30, 13:30–17:00`` in the digits of the reader, as `parse_shifts` reads it again."""
    comma, until = ("، ", " تا ") if is_persian(locale) else (", ", "–")
    words = comma.join(f"{_clock(begin)}{until}{_clock(end)}" for begin, end in shifts)
    return to_persian(words) if is_persian(locale) else words


def _clock(minutes: int) -> str:
    if minutes == DAY:
        return "24:00"
    return f"{minutes % DAY // 60}:{minutes % 60:02}"
