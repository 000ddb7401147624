"""Dates as people type them, and what is said when a day is not in the calendar."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.text.errors import InvalidDate
from crm_core.text.jalali import Style, format_date, parse_date

TODAY = date(2026, 11, 17)  # Tuesday, 26 Aban 1405
STYLES: list[Style] = ["long", "date", "short"]


def refused(text: str) -> tuple[str, dict[str, int | str]]:
    with pytest.raises(InvalidDate) as caught:
        parse_date(text, TODAY)
    return caught.value.code, caught.value.values


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-17", "2026/11/17", "17/11/2026", "20261117", "1405/8/26", "۱۴۰۵/۰۸/۲۶", "١٤٠٥-٨-٢٦", "1405.8.26",
        "1405 8 26",
        "26/8/1405", "14050826", "05/8/26", "۰۵/۰۸/۲۶", "۲۶ آبان ۱۴۰۵", "26 آبان ماه 1405", "26 آبان", "۲۶ آبان 05",
        "۲۶‌ام آبان", "آبان ۲۶", "1405 آبان 26", "سه‌شنبه ۲۶ آبان", "سه شنبه، ۲۶ آبان ۱۴۰۵", "سه‌شنبه ۱۴۰۵/۸/۲۶",
        "26 Aban 1405",
        "17 November 2026", "Nov 17, 2026", "17th of November", "Tuesday 17 November 2026", "۱۷ نوامبر ۲۰۲۶",
        "امروز", "today",
        "TODAY ", "\u200f۱۴۰۵/۸/۲۶",
    ],
)  # fmt: skip
def test_one_day_written_in_many_ways(text: str) -> None:
    assert parse_date(text, TODAY) == TODAY


@pytest.mark.parametrize(
    "text, days",
    [
        ("دیروز", -1), ("فردا", 1), ("پس‌فردا", 2), ("پس فردا", 2), ("پریروز", -2), ("yesterday", -1), ("tomorrow", 1),
        ("چهارشنبه", 1), ("چهار شنبه", 1), ("۴شنبه", 1), ("سه‌شنبه", 7), ("دوشنبه", 6), ("جمعه", 3), ("آدینه", 3),
        ("چهارشنبهٔ گذشته", -6), ("سه شنبه قبل", -7), ("دوشنبه پیش", -1), ("شنبه آینده", 4), ("یک‌شنبه بعد", 5),
        ("این جمعه", 3), ("friday", 3), ("Next Fri", 3), ("last tuesday", -7), ("last wednesday", -6),
    ],
)  # fmt: skip
def test_days_by_their_distance(text: str, days: int) -> None:
    assert parse_date(text, TODAY) == TODAY + timedelta(days)


def test_a_bare_weekday_may_mean_the_last_one() -> None:
    assert parse_date("جمعه", TODAY, prefer="last") == TODAY - timedelta(4)
    assert parse_date("جمعهٔ آینده", TODAY, prefer="last") == TODAY + timedelta(3)


def test_a_day_without_a_year_is_the_nearest() -> None:
    assert parse_date("۵ فروردین", TODAY) == date(2027, 3, 25)
    assert parse_date("۵ مهر", TODAY) == date(2026, 9, 27)
    assert parse_date("۱ فروردین", date(2026, 3, 30)) == date(2026, 3, 21)
    assert parse_date("5 January", TODAY) == date(2027, 1, 5)


@pytest.mark.parametrize(
    "text, year",
    [("99/1/5", 2020), ("05/1/5", 2026), ("25/1/5", 2046), ("26/1/5", 1947), ("5/1/99", 2020), ("45/1/5", 1966)],
)
def test_two_digit_years_are_jalali_and_not_far_ahead(text: str, year: int) -> None:
    assert parse_date(text, TODAY).year == year


def test_a_day_the_month_has_not_got() -> None:
    values = {"day": 31, "month": 8, "length": 30, "year": 1405, "calendar": "jalali"}
    assert refused("۳۱ آبان") == refused("1405/8/31") == refused("31 Aban 1405") == ("day_of_month", values)
    assert refused("۳۰ اسفند ۱۴۰۵")[1]["length"] == 29
    assert parse_date("۳۰ اسفند ۱۴۰۳", TODAY) == date(2025, 3, 20)
    assert refused("2026-02-29") == (
        "day_of_month",
        {"day": 29, "month": 2, "length": 28, "year": 2026, "calendar": "gregorian"},
    )
    assert refused("1405/1/0")[0] == "day_of_month"


def test_other_refusals_have_their_word() -> None:
    assert refused("  \u200c") == ("empty", {})
    assert refused("1405/13/1") == ("month", {"month": 13})
    assert refused("3000/1/1") == ("range", {"year": 3000})
    assert refused("1650/1/1") == ("range", {"year": 1650})
    assert refused("دوشنبه ۲۶ آبان ۱۴۰۵") == ("weekday", {"weekday": 1})
    for text in ("abc", "12:30", "140/5/8", "1405/8", "آبان", "۲۶ آبان آذر", "1405/1405/1405", "جمعه شنبه", "5 nov 6"):
        assert refused(text) == ("format", {}), text


@settings(deadline=None)
@given(st.dates(date(1900, 1, 1), date(2150, 12, 31)), st.sampled_from(["fa", "en"]), st.sampled_from(STYLES))
def test_what_is_shown_can_be_typed(day: date, locale: str, style: Style) -> None:
    assert parse_date(format_date(day, locale, style), TODAY) == day


@settings(deadline=None)
@given(st.dates(TODAY - timedelta(170), TODAY + timedelta(170)), st.sampled_from(["fa", "en"]))
def test_near_days_need_no_year(day: date, locale: str) -> None:
    assert parse_date(format_date(day, locale, "day"), TODAY) == day
    assert parse_date(format_date(day, locale, "weekday"), TODAY) == day


words = st.sampled_from(
    ["امروز", "شنبه", "سه", "آبان", "nov", "last", "گذشته", "۲۶", "1405", "05", "/", "-", ".", ",", "31", "99999", "am"]
)
typed = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.lists(words, max_size=5).map(" ".join),
    st.from_regex(r"[0-9۰-۹/ .-]{1,12}"),
)


def outcome(text: str) -> str:
    """The code with which a text is refused, or "date"; any other error passes through and fails the test."""
    try:
        parse_date(text, TODAY)
    except InvalidDate as error:
        return error.code
    return "date"


@settings(deadline=None, max_examples=300)
@given(typed)
def test_any_text_is_a_date_or_an_invalid_date(text: str) -> None:
    assert outcome(text) in {"date", "empty", "format", "range", "month", "day_of_month", "weekday"}


def test_naughty_strings_are_refused_politely(naughty: list[str]) -> None:
    assert {outcome(text) for text in naughty} <= {"empty", "format", "range", "month", "day_of_month"}
