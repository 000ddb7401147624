"""Times of day as people write them: 14:30, ۱۴:۳۰, 1430, ۸ صبح, ۲:۳۰ بعدازظهر, 8 pm.

Only the time is read here; which day it belongs to is the business of whoever asks.
"""

from __future__ import annotations

import re
from datetime import time

from crm_core.text.errors import InvalidTime
from crm_core.text.folding import fold, squash

LONGEST = 40

_MORNING = frozenset(map(squash, ("صبح", "بامداد", "قبل از ظهر", "پیش از ظهر", "ق.ظ", "ق ظ", "am", "a.m.")))
_LATER = frozenset(map(squash, ("عصر", "بعدازظهر", "بعد از ظهر", "غروب", "ب.ظ", "ب ظ", "pm", "p.m.")))
_NIGHT = frozenset(map(squash, ("شب", "at night")))
_NOON = frozenset(map(squash, ("ظهر", "noon")))
_HALF = squash("نیم")
_COMPACT = re.compile(r"(\d{2})(\d{2})(?!\d)")
_FIGURES = re.compile(r"(\d{1,2})(?:\s?[:.]\s?(\d{1,2}))?(?!\d)")


def parse_time(text: str) -> time:
    """Return the time of day, to the minute, that ``text`` names, in any digits.

    Understood: hours with or without minutes after a colon or a point, four figures (1430), and beside them the part of
    the day in either language; noon; «۸ و نیم». Without a part of the day hours count to 24.

    Raises InvalidTime: "empty", "format", "hour" (``hour``), "minute" (``minute``).
    """
    plain = fold(text)
    if not plain:
        raise InvalidTime("empty")
    if len(plain) > LONGEST:
        raise InvalidTime("format")
    if squash(plain) in _NOON:
        return time(12)
    plain = re.sub(r"^(?:ساعت|at)\s+", "", plain)
    found = _COMPACT.match(plain) or _FIGURES.match(plain)
    if found is None:
        raise InvalidTime("format")
    hour, minute = int(found[1]), int(found[2] or 0)
    rest = squash(plain[found.end() :])
    if rest.startswith("و" + _HALF) and not minute:
        minute, rest = 30, rest[1 + len(_HALF) :]
    return _checked(hour, minute, rest)


def _checked(hour: int, minute: int, part_of_day: str) -> time:
    parts = _MORNING | _LATER | _NIGHT | _NOON
    if part_of_day and part_of_day not in parts:
        raise InvalidTime("format")
    if hour > (12 if part_of_day else 24) or (hour == 0 and part_of_day):
        raise InvalidTime("hour", hour=hour)
    if minute > 59 or (hour == 24 and minute):
        raise InvalidTime("minute", minute=minute)
    # Night reaches over midnight: ۸ شب is 20:00, ۱۲ شب and ۲ شب are 0:00 and 2:00. Noon too: ۱ ظهر is 13:00.
    afternoon = (
        (part_of_day in _LATER and hour < 12) or (part_of_day in _NIGHT and 6 <= hour < 12)
        or (part_of_day in _NOON and hour < 10)
    )
    if hour == 12 and part_of_day in _MORNING | _NIGHT:
        hour = 0
    return time((hour + 12 if afternoon else hour) % 24, minute)
