"""Dates as people type and say them: 1405/8/26, ۲۶ آبان, 2026-11-17, امروز, شنبهٔ آینده, last friday.

What is typed in a Jalali year is Jalali, in a Gregorian year Gregorian; a date without a year is the nearest one.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Literal

from crm_core.text import calendars
from crm_core.text.calendars import Calendar
from crm_core.text.errors import InvalidDate
from crm_core.text.folding import fold, squash

LONGEST = 60  # characters; no date needs more


def _by_word(*names: Iterable[str]) -> dict[str, int]:
    """Return folded names without spaces → their place in each tuple."""
    return {squash(name): place for group in names for place, name in enumerate(group) if name}


_DAYS: Mapping[str, int] = MappingProxyType(
    {
        "امروز": 0, "today": 0, "دیروز": -1, "yesterday": -1, "پریروز": -2, "فردا": 1, "tomorrow": 1, "پسفردا": 2,
        "dayaftertomorrow": 2, "daybeforeyesterday": -2,
    }
)  # fmt: skip
_WEEKDAYS: Mapping[str, int] = MappingProxyType(
    {
        **_by_word(calendars.WEEKDAYS_FA, calendars.WEEKDAYS_EN, [name[:3] for name in calendars.WEEKDAYS_EN]),
        squash("آدینه"): 4, "tues": 1, "thurs": 3,
        "1شنبه": 6, "2شنبه": 0, "3شنبه": 1, "4شنبه": 2, "5شنبه": 3,
    }
)  # fmt: skip
_NEXT = frozenset(map(squash, ("آینده", "بعد", "بعدی", "دیگر", "next", "coming")))
_LAST = frozenset(map(squash, ("گذشته", "پیش", "قبل", "قبلی", "last", "past", "previous")))
_THIS = frozenset(map(squash, ("این", "همین", "this", "on", "روز", "ماه", "سال", "مورخ", "of", "the")))  # say nothing

_JALALI_MONTHS: Mapping[str, int] = MappingProxyType(
    {
        **_by_word(calendars.JALALI_MONTHS_FA, calendars.JALALI_MONTHS_EN),
        squash("امرداد"): 4, "dai": 9, "abaan": 7, "esphand": 11,
    }
)  # fmt: skip
_GREGORIAN_MONTHS: Mapping[str, int] = MappingProxyType(
    {
        **_by_word(
            calendars.GREGORIAN_MONTHS_FA,
            calendars.GREGORIAN_MONTHS_EN,
            [name[:3] for name in calendars.GREGORIAN_MONTHS_EN],
        ),
        squash("می"): 4, squash("جون"): 5, squash("جولای"): 6, squash("آگوست"): 7, squash("اگوست"): 7, "sept": 8,
    }
)  # fmt: skip

_NUMERIC = re.compile(r"(\d{1,4})\s?[-/. ]\s?(\d{1,2})\s?[-/. ]\s?(\d{1,4})")
_COMPACT = re.compile(r"([12]\d{3})(\d{2})(\d{2})")
_WORD = re.compile(r"\d+|[^\W\d_]+")
_ORDINAL = frozenset(("م", "ام", "st", "nd", "rd", "th"))


def parse_date(text: str, today: date, prefer: Literal["next", "last"] = "next") -> date:
    """Return the date that a text names, seen from `today`.

    Understood: ISO and other numeric Gregorian dates (2026-11-17, 17/11/2026); Jalali ones with any digits (1405/8/26,
    ۱۴۰۵-۸-۲۶, 26/8/1405, 14050826); two-digit years, which are Jalali and lie at most 20 years ahead (05/8/26 is 1405);
    month names of both calendars in both languages with or without a year (then the nearest such day); today,
    yesterday, tomorrow and their neighbours; weekdays, which mean the next or the last such day by their word (آینده,
    گذشته, next, last), else by `prefer`, never today itself. A weekday beside a date must be its weekday.

    Raises InvalidDate, whose codes and values stand there.
    """
    plain = fold(text)
    if not plain:
        raise InvalidDate("empty")
    if len(plain) > LONGEST:
        raise InvalidDate("format")
    numeric = _NUMERIC.fullmatch(plain) or _COMPACT.fullmatch(plain)
    if numeric:
        return _numeric(numeric[1], int(numeric[2]), numeric[3], today)
    if squash(plain) in _DAYS:
        return _shifted(today, _DAYS[squash(plain)])
    return _in_words(_WORD.findall(plain), today, prefer)


def _numeric(first: str, month: int, last: str, today: date) -> date:
    """Return the date of three numbers; the year is the one with four digits, or over 31, else the first as in Iran."""
    if len(first) == 3 or len(last) == 3 or len(first) == len(last) == 4:
        raise InvalidDate("format")
    year_last = len(last) == 4 or (len(first) < 4 and int(last) > 31 and int(first) <= 31)
    year, day = (last, first) if year_last else (first, last)
    return _dated(_full_year(year, today), month, int(day), None)


def _full_year(year: str, today: date) -> int:
    """Return a year of four digits; two digits are the Jalali year of this century of theirs, or of the last one."""
    if len(year) == 4:
        return int(year)
    if len(year) > 2:
        raise InvalidDate("format")
    this_year = calendars.to_jalali(today)[0]
    latest = this_year + 20
    return latest - (latest - int(year)) % 100


def _dated(year: int, month: int, day: int, calendar: Calendar | None) -> date:
    """Return the date of a year that people can mean; where no calendar is given the year tells it."""
    if calendar is None:
        calendar = "jalali" if year in calendars.JALALI_YEARS else "gregorian"
    years = calendars.JALALI_YEARS if calendar == "jalali" else calendars.GREGORIAN_YEARS
    if year not in years:
        raise InvalidDate("range", year=year)
    make = calendars.from_jalali if calendar == "jalali" else calendars.from_gregorian
    return make(year, month, day)


def _in_words(words: list[str], today: date, prefer: Literal["next", "last"]) -> date:
    """Return the date of words and numbers: a month with its day and perhaps year, or a weekday, or both agreeing."""
    weekday, rest = _take_weekday(words)
    numbers = [word for word in rest if word.isdecimal()]
    names = [word for word in rest if not word.isdecimal() and word not in _THIS and word not in _ORDINAL]
    found: date
    if not numbers and weekday is not None:
        direction = {**dict.fromkeys(_NEXT, "next"), **dict.fromkeys(_LAST, "last")}
        if any(name not in direction for name in names) or len(names) > 1:
            raise InvalidDate("format")
        return _weekday(weekday, today, direction[names[0]] if names else prefer)
    if len(numbers) == 3 and not names:
        if len(numbers[1]) > 2:
            raise InvalidDate("format")
        found = _numeric(numbers[0], int(numbers[1]), numbers[2], today)
    else:
        found = _month_date(names, numbers, today)
    if weekday is not None and found.weekday() != weekday:
        raise InvalidDate("weekday", weekday=found.weekday())
    return found


def _take_weekday(words: list[str]) -> tuple[int | None, list[str]]:
    """Return the weekday that one word or two in a row (سه شنبه) name, and the other words."""
    for size in (2, 1):
        for at in range(len(words) - size + 1):
            name = "".join(words[at : at + size])
            if name in _WEEKDAYS:
                return _WEEKDAYS[name], words[:at] + words[at + size :]
    return None, words


def _month_date(names: list[str], numbers: list[str], today: date) -> date:
    """Return the date of one month name with a day and perhaps a year of two or four digits, in any order."""
    if len(names) != 1 or not 1 <= len(numbers) <= 2 or any(len(number) > 4 for number in numbers):
        raise InvalidDate("format")
    calendar: Calendar
    if names[0] in _JALALI_MONTHS:
        calendar, month = "jalali", _JALALI_MONTHS[names[0]] + 1
    elif names[0] in _GREGORIAN_MONTHS:
        calendar, month = "gregorian", _GREGORIAN_MONTHS[names[0]] + 1
    else:
        raise InvalidDate("format")
    if len(numbers) == 1:
        return _nearest(month, int(numbers[0]), calendar, today)
    day, year = numbers if len(numbers[0]) < 3 else reversed(numbers)
    if len(year) < 4 and calendar == "gregorian":
        raise InvalidDate("format")  # 17 nov 26: no telling which century people mean
    return _dated(_full_year(year, today), month, int(day), calendar)


def _nearest(month: int, day: int, calendar: Calendar, today: date) -> date:
    """Return the day of that month nearest to today; a day the month has not got in that year is an error."""
    this_year = calendars.to_jalali(today)[0] if calendar == "jalali" else today.year
    make = calendars.from_jalali if calendar == "jalali" else calendars.from_gregorian

    def distance(year: int) -> int:
        length = calendars.month_length(year, month, calendar)
        return abs((make(year, month, max(1, min(day, length))) - today).days)

    return make(min(range(this_year - 1, this_year + 2), key=distance), month, day)


def _weekday(weekday: int, today: date, direction: str) -> date:
    if direction == "next":
        return _shifted(today, (weekday - today.weekday() - 1) % 7 + 1)
    return _shifted(today, -((today.weekday() - weekday - 1) % 7 + 1))


def _shifted(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError as error:
        raise InvalidDate("range", year=day.year) from error
