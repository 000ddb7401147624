"""The calendar against jalaali-js, and dates and times in words."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.text.errors import InvalidDate
from crm_core.text.jalali import (
    day_of,
    format_date,
    format_datetime,
    format_time,
    from_gregorian,
    from_jalali,
    is_leap,
    month_length,
    month_name,
    relative_day,
    to_jalali,
    weekday_name,
)

DAY = 86_400_000
# jalaali-js knows the years -61 to 3177; persiantools, and so we, 1 to 9377. Both refuse what they do not know.
OTHER_RANGE = {
    ("isValidJalaaliDate", (3178, 1, 1)), ("isValidJalaaliDate", (-61, 1, 1)), ("isLeapJalaaliYear", (3178,)),
}  # fmt: skip
# These two rows check jalaali-js's own handling of a JavaScript Date and of object identity (`toBe`).
# jalaaliWeek is a function for week views, which nothing here needs.


def ms(*parts: int) -> int:
    """Milliseconds of a moment given in UTC."""
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc, arg-type]


def is_valid(year: int, month: int, day: int) -> bool:
    try:
        from_jalali(year, month, day)
    except InvalidDate:
        return False
    return True


def as_mapping(names: tuple[str, str, str], values: tuple[int, int, int]) -> dict[str, int]:
    return dict(zip(names, values, strict=True))


def gregorian_of(*jalali: int) -> dict[str, int]:
    day = from_jalali(*jalali)
    return as_mapping(("gy", "gm", "gd"), (day.year, day.month, day.day))


OURS: dict[str, Callable[..., Any]] = {
    "toJalaali": lambda *parts: as_mapping(("jy", "jm", "jd"), to_jalali(date(*parts))),
    "toGregorian": gregorian_of,
    "isValidJalaaliDate": is_valid,
    "isLeapJalaaliYear": is_leap,
    "jalaaliMonthLength": month_length,
}


def test_jalaali_js_rows(vectors: Any) -> None:
    rows = vectors("jalali/jalaali_js.jsonl")
    assert len(rows) == 120
    checked = 0
    differing = set()
    for row in rows:
        if row["fn"] not in OURS or row["expected"] == [{}]:
            continue
        checked += 1
        try:
            answer: Any = OURS[row["fn"]](*row["args"])
        except InvalidDate:
            answer = "refused"
        wanted = "refused" if row["matcher"] == "toThrow" else row["expected"][0]
        if answer != wanted:
            differing.add((row["fn"], tuple(row["args"])))
    assert checked == 117
    assert differing == OTHER_RANGE


@settings(deadline=None)
@given(st.dates(date(1800, 1, 1), date(2200, 12, 31)))
def test_there_and_back(day: date) -> None:
    assert from_jalali(*to_jalali(day)) == day
    assert from_gregorian(day.year, day.month, day.day) == day


def test_lengths_of_months() -> None:
    assert [month_length(1405, month) for month in range(1, 13)] == [31] * 6 + [30] * 5 + [29]
    assert month_length(1403, 12) == 30
    assert [month_length(2024, month, "gregorian") for month in (2, 4, 12)] == [29, 30, 31]
    assert month_length(2100, 2, "gregorian") == 28
    with pytest.raises(InvalidDate) as caught:
        month_length(1405, 13)
    assert (caught.value.code, caught.value.values) == ("month", {"month": 13})


def test_names() -> None:
    assert month_name(8, "fa") == "آبان"
    assert month_name(8, "en") == "Aban"
    assert month_name(11, "fa", "gregorian") == "نوامبر"
    assert month_name(11, "en", "gregorian") == "November"
    assert weekday_name(1, "fa") == "سه‌شنبه"
    assert weekday_name(1, "en") == "Tuesday"


@pytest.mark.parametrize(
    "style, fa, en",
    [
        ("long", "سه‌شنبه ۲۶ آبان ۱۴۰۵", "Tuesday 17 November 2026"),
        ("date", "۲۶ آبان ۱۴۰۵", "17 November 2026"),
        ("weekday", "سه‌شنبه ۲۶ آبان", "Tuesday 17 November"),
        ("day", "۲۶ آبان", "17 November"),
        ("short", "۱۴۰۵/۰۸/۲۶", "2026-11-17"),
    ],
)
def test_dates_in_words(style: Any, fa: str, en: str) -> None:
    assert format_date(date(2026, 11, 17), "fa", style) == fa
    assert format_date(date(2026, 11, 17), "en", style) == en


def test_times_are_those_of_tehran() -> None:
    moment = ms(2026, 11, 17, 22, 45)  # past midnight in Tehran
    assert format_time(moment, "fa") == "۰۲:۱۵"
    assert format_datetime(moment, "fa") == "چهارشنبه ۲۷ آبان ۱۴۰۵، ۰۲:۱۵"
    assert format_datetime(moment, "en", style="day") == "18 November, 02:15"
    assert format_datetime(moment, "en", "UTC", "short") == "2026-11-17, 22:45"
    assert day_of(moment) == date(2026, 11, 18)
    assert format_time(-1, "en", "UTC") == "23:59"


def test_iran_had_summer_time_until_2022() -> None:
    assert format_time(ms(2022, 7, 1, 12), "en") == "16:30"
    assert format_time(ms(2023, 7, 1, 12), "en") == "15:30"


@pytest.mark.parametrize(
    "days, fa, en",
    [
        (0, "امروز", "today"), (-1, "دیروز", "yesterday"), (1, "فردا", "tomorrow"),
        (-2, "یکشنبه ۲۴ آبان", "Sunday 15 November"), (6, "دوشنبه ۲ آذر", "Monday 23 November"),
        (-7, "۱۹ آبان", "10 November"), (-200, "۱۱ اردیبهشت", "1 May"), (-300, "۱ بهمن ۱۴۰۴", "21 January"),
        (100, "۶ اسفند", "25 February 2027"),
    ],
)  # fmt: skip
def test_days_seen_from_today(days: int, fa: str, en: str) -> None:
    now = ms(2026, 11, 17, 6)
    assert relative_day(now + days * DAY, now, "fa") == fa
    assert relative_day(now + days * DAY, now, "en") == en


def test_yesterday_begins_at_midnight_in_tehran() -> None:
    now = ms(2026, 11, 17, 20, 31)  # 00:01 on the 18th
    assert relative_day(now - 2 * 60_000, now, "fa") == "دیروز"
    assert relative_day(now - 2 * 60_000, now, "fa", "UTC") == "امروز"


@settings(deadline=None)
@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), st.sampled_from(["fa", "en"]))
def test_every_moment_has_words(moment: datetime, locale: str) -> None:
    stamp = int((moment - datetime(1970, 1, 1)) / timedelta(milliseconds=1))
    assert format_datetime(stamp, locale)
    assert relative_day(stamp, ms(2026, 11, 17), locale)
