"""Named converters: small pure functions that turn one column's text into the value of a field.

Mappings name them (``convert = "time:%d/%m/%Y %H:%M"``); each raises ValueError for a text it cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from crm_core.text.calendars import JALALI_YEARS, from_jalali
from crm_core.text.digits import to_ascii

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_BIRTH, _FIRST_TIME, _LAST_YEAR = 1850, 1900, 2199

_DATE = re.compile(r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})(?:[T ]0{1,2}:00(?::00(?:\.0+)?)?Z?)?", re.IGNORECASE)
_TIME = re.compile(
    r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})"
    r"(?:[T ,]+(\d{1,2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?\s*([AP]M)?\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?",
    re.IGNORECASE,
)
_SEPARATORS = re.compile(r"[;؛\r\n]+")

Texts = Callable[[str], str]

TEXTS: dict[str, Texts] = {
    "text": str,
    "spaces": lambda text: " ".join(text.split()),
    "lower": str.lower,
    "upper": str.upper,
    "title": str.title,
}
"""Converters for texts: as it is, with single spaces, in lower case, in upper case, With Capitals."""

DATES = ("date", "gregorian", "jalali")
"""Converters for dates; also ``date:FORMAT`` with the codes of strptime."""

TIMES = ("time", "gregorian_time", "jalali_time")
"""Converters for times; also ``time:FORMAT`` with the codes of strptime."""


def check(name: str, kind: str) -> bool:
    """Say whether ``name`` is a converter for fields of ``kind`` (text, list, date, time or other)."""
    base, colon, form = name.partition(":")
    if kind in ("date", "time") and colon:
        return base == kind and _usable_format(form)
    known = {"text": tuple(TEXTS), "list": ("split", *TEXTS), "date": DATES, "time": TIMES}.get(kind, ())
    return name in known


def _usable_format(form: str) -> bool:
    if not re.search("%[Yycx]", form):
        return False  # without a year every date would be of 1900
    try:
        sample = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC).strftime(form)
        datetime.strptime(sample, form)  # noqa: DTZ007 - only whether the format can be read back
    except (ValueError, re.error):  # re.error: a code that is there twice
        return False
    return True


def split(text: str) -> list[str]:
    """The parts of ``text`` between ``;``, ``؛`` and line ends, trimmed, without empty ones."""
    return [part for piece in _SEPARATORS.split(text) if (part := piece.strip())]


def iso_date(text: str, converter: str = "date") -> str:
    """``text`` as an ISO date (Gregorian).

    ``date`` reads year-month-day with ``-``, ``/``, ``.`` or nothing between them and any digits, Jalali where the year
    is one of `JALALI_YEARS`; ``gregorian`` and ``jalali`` take the year as theirs.
    """
    if converter.startswith("date:"):
        day = datetime.strptime(to_ascii(text), converter[5:]).date()  # noqa: DTZ007 - a date has no zone
        return _birth(day)
    match = _DATE.fullmatch(to_ascii(text))
    if match is None:
        raise ValueError("not a date")
    return _birth(_day(match[1], match[2], match[3], match[4], converter))


def _birth(day: date) -> str:
    if not _FIRST_BIRTH <= day.year <= _LAST_YEAR:
        raise ValueError("a year nobody was born in")
    return day.isoformat()


def _day(year: str, separator: str, month: str, day: str, converter: str) -> date:
    if not separator and len(month) + len(day) != 4:
        raise ValueError("digits without separators are eight")
    number = int(year)
    told = converter.partition("_")[0]
    if told == "jalali" or (told != "gregorian" and number in JALALI_YEARS):
        return from_jalali(number, int(month), int(day))
    return date(number, int(month), int(day))


def instants(text: str, zone: tzinfo, converter: str = "time") -> tuple[tuple[int, ...], bool]:
    """``text`` as milliseconds UTC, and whether it had no zone of its own.

    There are two values where a local time happens twice (the end of summer time), earlier one first.

    A time without a zone of its own is local time in ``zone``. Dates without a time are midnight. W3 dates with zone
    (``2012-05-23T15:55:28-04:00``) as in Open311 GeoReport v2 are read with theirs. Jalali as in `iso_date`.
    """
    if converter.startswith("time:"):
        moment = datetime.strptime(to_ascii(text), converter[5:])  # noqa: DTZ007 - the zone is added below
    else:
        moment = _moment(text, converter)
    if not _FIRST_TIME <= moment.year <= _LAST_YEAR:
        raise ValueError("a year in which nobody kept a register")
    if moment.tzinfo is not None:
        return (_milliseconds(moment),), False
    first, second = (_milliseconds(moment.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    # fold 1 comes later only where the time happens twice; where it is skipped (spring) it would come earlier.
    return ((first, second) if second > first else (first,)), True


def _moment(text: str, converter: str) -> datetime:
    match = _TIME.fullmatch(to_ascii(text))
    if match is None:
        raise ValueError("not a time")
    day = _day(match[1], match[2], match[3], match[4], converter)
    hour, minute, second = (int(part or 0) for part in match.group(5, 6, 7))
    if match[9]:
        if not 1 <= hour <= 12:
            raise ValueError("not an hour of a 12-hour clock")
        hour = hour % 12 + (12 if match[9].upper() == "PM" else 0)
    moment = datetime(day.year, day.month, day.day, hour, minute, second)  # noqa: DTZ001 - the zone follows
    moment += timedelta(microseconds=int((match[8] or "0").ljust(6, "0")[:6]))
    return moment.replace(tzinfo=_offset(match[10])) if match[10] else moment


def _offset(text: str) -> tzinfo:
    if text.upper() in ("Z", "UTC"):
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 18 or minutes > 59:
        raise ValueError("not an offset from UTC")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def degrees(text: str, limit: float) -> float:
    """``text`` as degrees between ``-limit`` and ``limit``; a decimal comma is understood."""
    number = float(to_ascii(text).replace(",", ".").replace("٫", "."))
    if not -limit <= number <= limit:  # also false for NaN
        raise ValueError("not on this planet")
    return number
