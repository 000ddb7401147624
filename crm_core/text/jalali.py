"""Dates and times for people: Jalali with Persian digits in Persian, Gregorian in English, in the desk's time zone.

Storage keeps milliseconds since 1970 in UTC and ISO dates; only these functions turn them into words, and `parse_date`
turns words back.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from crm_core.text.calendars import (
    from_gregorian,
    from_jalali,
    has_jalali,
    is_leap,
    is_meant,
    month_length,
    month_name,
    to_jalali,
    weekday_name,
)
from crm_core.text.dates import parse_date
from crm_core.text.digits import is_persian, to_persian
from crm_core.text.errors import InvalidDate

__all__ = [
    "TEHRAN", "InvalidDate", "Style", "day_of", "format_date", "format_datetime", "format_time", "from_gregorian",
    "from_jalali", "has_jalali", "is_leap", "is_meant", "month_length", "month_name", "parse_date", "relative_day",
    "to_jalali", "weekday_name",
]  # fmt: skip

TEHRAN = "Asia/Tehran"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Style = Literal["long", "date", "weekday", "day", "short"]


def day_of(ms: int, tz: str = TEHRAN) -> date:
    """Return the calendar day that a moment (milliseconds since 1970, UTC) falls on in a time zone."""
    return _local(ms, tz).date()


@lru_cache(maxsize=4096)
def format_date(day: date, locale: str, style: Style = "long") -> str:
    """Return a date in words. Styles, for 2026-11-17 in `fa` and `en`:

    long: سه‌شنبه ۲۶ آبان ۱۴۰۵ / Tuesday 17 November 2026; date: without the weekday; weekday: without the year;
    day: ۲۶ آبان / 17 November; short: ۱۴۰۵/۰۸/۲۶ / 2026-11-17. A date that the Jalali calendar does not have is given
    in ours in Persian too.
    """
    if is_persian(locale) and has_jalali(day):
        year, month, number = to_jalali(day)
        name = month_name(month, "fa")
        short = f"{year:04}/{month:02}/{number:02}"
    else:
        year, month, number = day.year, day.month, day.day
        name = month_name(month, locale, "gregorian")
        short = day.isoformat()
    weekday = weekday_name(day.weekday(), locale)
    words = {
        "long": f"{weekday} {number} {name} {year}",
        "date": f"{number} {name} {year}",
        "weekday": f"{weekday} {number} {name}",
        "day": f"{number} {name}",
        "short": short,
    }[style]
    return to_persian(words) if is_persian(locale) else words


def format_time(ms: int, locale: str, tz: str = TEHRAN) -> str:
    """Return the time of day of a moment as `10:41` or ۱۰:۴۱."""
    words = _local(ms, tz).strftime("%H:%M")
    return to_persian(words) if is_persian(locale) else words


def format_datetime(ms: int, locale: str, tz: str = TEHRAN, style: Style = "long") -> str:
    """Return date and time of a moment: سه‌شنبه ۲۶ آبان ۱۴۰۵، ۱۰:۴۱ / Tuesday 17 November 2026, 10:41."""
    comma = "، " if is_persian(locale) else ", "
    return f"{format_date(day_of(ms, tz), locale, style)}{comma}{format_time(ms, locale, tz)}"


def relative_day(ms: int, now_ms: int, locale: str, tz: str = TEHRAN) -> str:
    """Return the day of a moment as seen from now: today, yesterday, tomorrow, else the date.

    Within six days the weekday is given too, the year only when it is another one (of the calendar shown).
    """
    day, today = day_of(ms, tz), day_of(now_ms, tz)
    distance = (day - today).days
    near = {
        -1: ("دیروز", "yesterday"),
        0: ("امروز", "today"),
        1: ("فردا", "tomorrow"),
    }
    if distance in near:
        return near[distance][0 if is_persian(locale) else 1]
    if abs(distance) < 7:
        return format_date(day, locale, "weekday")
    jalali = is_persian(locale) and has_jalali(day)
    years = (to_jalali(day)[0], to_jalali(today)[0]) if jalali else (day.year, today.year)
    return format_date(day, locale, "day" if years[0] == years[1] else "date")


@lru_cache(maxsize=4096)  # a list asks four times what one moment is here
def _local(ms: int, tz: str) -> datetime:
    return (EPOCH + timedelta(milliseconds=ms)).astimezone(ZoneInfo(tz))
