"""The Jalali and the Gregorian calendar: conversion, lengths of months, and the names of months and weekdays.

Conversion is persiantools' (checked against jalaali-js in the tests); the names are kept here in both languages,
because display, input and error sentences must use the same ones.
"""

from datetime import date
from functools import lru_cache
from typing import Literal

from persiantools.jdatetime import JalaliDate

from crm_core.text.digits import is_persian
from crm_core.text.errors import InvalidDate

Calendar = Literal["jalali", "gregorian"]

JALALI_MONTHS_FA = (
    "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
)  # fmt: skip
JALALI_MONTHS_EN = (
    "Farvardin", "Ordibehesht", "Khordad", "Tir", "Mordad", "Shahrivar", "Mehr", "Aban", "Azar", "Dey", "Bahman",
    "Esfand",
)  # fmt: skip
GREGORIAN_MONTHS_FA = (
    "ژانویه", "فوریه", "مارس", "آوریل", "مه", "ژوئن", "ژوئیه", "اوت", "سپتامبر", "اکتبر", "نوامبر", "دسامبر",
)  # fmt: skip
GREGORIAN_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
# Monday first, as date.weekday() counts.
WEEKDAYS_FA = ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه")
WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# Years that a person can mean at a service desk; dates outside are slips of the pen.
JALALI_YEARS = range(1200, 1600)
GREGORIAN_YEARS = range(1800, 2221)

JALALI_FIRST = JalaliDate(1, 1, 1).to_gregorian()
JALALI_LAST = JalaliDate(9377, 12, 29).to_gregorian()


def month_name(month: int, locale: str, calendar: Calendar = "jalali") -> str:
    """Return the name of month 1 to 12 of a calendar in Persian or English."""
    if calendar == "jalali":
        names = JALALI_MONTHS_FA if is_persian(locale) else JALALI_MONTHS_EN
    else:
        names = GREGORIAN_MONTHS_FA if is_persian(locale) else GREGORIAN_MONTHS_EN
    return names[month - 1]


def weekday_name(weekday: int, locale: str) -> str:
    """Return the name of a weekday, 0 = Monday as `date.weekday()` counts, in Persian or English."""
    return (WEEKDAYS_FA if is_persian(locale) else WEEKDAYS_EN)[weekday]


@lru_cache(maxsize=4096)  # the days of a page are few, and each is asked for again and again
def to_jalali(day: date) -> tuple[int, int, int]:
    """Return the Jalali year, month and day of a date (from 622-03-22 on, the first day of year 1)."""
    jalali = JalaliDate.to_jalali(day)
    return jalali.year, jalali.month, jalali.day


def has_jalali(day: date) -> bool:
    """Say whether a date is in the Jalali calendar's table; the first centuries and the last days of ours are not."""
    return JALALI_FIRST <= day <= JALALI_LAST


def is_meant(day: date) -> bool:
    """Say whether a person at a service desk can mean a date, in the year of either calendar."""
    return has_jalali(day) and (day.year in GREGORIAN_YEARS or to_jalali(day)[0] in JALALI_YEARS)


def from_jalali(year: int, month: int, day: int) -> date:
    """Return the date of a Jalali year, month and day.

    Raises InvalidDate "range" (`year` not 1 to 9377), "month" (`month`) or "day_of_month" (`day`, `month`, `length`,
    `year`, `calendar`).
    """
    _check(year, month, day, "jalali")
    return JalaliDate(year, month, day).to_gregorian()


def from_gregorian(year: int, month: int, day: int) -> date:
    """Return the date of a Gregorian year, month and day; raises InvalidDate as `from_jalali` does."""
    _check(year, month, day, "gregorian")
    return date(year, month, day)


def is_leap(year: int, calendar: Calendar = "jalali") -> bool:
    """Say whether a year is a leap year; raises InvalidDate "range" for a year outside the calendar's table."""
    _check_year(year, calendar)
    if calendar == "jalali":
        return bool(JalaliDate.is_leap(year))
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int, calendar: Calendar = "jalali") -> int:
    """Return the number of days of a month; raises InvalidDate "range" or "month"."""
    _check_year(year, calendar)
    if not 1 <= month <= 12:
        raise InvalidDate("month", month=month)
    if calendar == "jalali":
        return int(JalaliDate.days_in_month(month, year))
    if month == 2:
        return 29 if is_leap(year, "gregorian") else 28
    return 30 if month in {4, 6, 9, 11} else 31


def _check_year(year: int, calendar: Calendar) -> None:
    if not 1 <= year <= (9377 if calendar == "jalali" else 9999):
        raise InvalidDate("range", year=year)


def _check(year: int, month: int, day: int, calendar: Calendar) -> None:
    length = month_length(year, month, calendar)
    if not 1 <= day <= length:
        raise InvalidDate("day_of_month", day=day, month=month, length=length, year=year, calendar=calendar)
