"""Working time against a reference that looks at every minute, over changes of clocks and Nowruz."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.durations import DAY, HOUR, MINUTE
from crm_core.officehours import NeverOpen, OfficeHours, Shifts, shifts_fault, week_fault

WEEK: tuple[Shifts, ...] = (((480, 960),), ((480, 960),), ((480, 960),), ((480, 780),), (), ((480, 960),),
                            ((480, 960),))
"""Monday first: until 16:00, on Thursday until 13:00, on Friday closed."""
STARTS = (
    ("Asia/Tehran", date(2026, 3, 17)), ("Asia/Tehran", date(2022, 3, 19)), ("Asia/Tehran", date(2021, 9, 19)),
    ("America/New_York", date(2026, 3, 6)), ("America/New_York", date(2026, 10, 29)),
    ("Europe/Berlin", date(2026, 3, 27)), ("Australia/Lord_Howe", date(2026, 4, 3)), ("UTC", date(2024, 2, 27)),
)
"""Zones, and days some of them change their clocks after (Iran did until 2022) or the Persian year begins after."""


def hours(zone: str, week: tuple[Shifts, ...] = WEEK, days: Mapping[date, Shifts] | None = None) -> OfficeHours:
    special = days or {}
    return OfficeHours(zone, lambda day: special.get(day, week[day.weekday()]))


def moment(zone: str, *at: int) -> int:
    return int(datetime(*at, tzinfo=ZoneInfo(zone)).timestamp()) * 1000  # type: ignore[misc,arg-type]


def open_minutes(zone: str, shifts_of: dict[date, Shifts], first: int, count: int) -> list[bool]:
    """The reference: of each minute whether it lies between the first and the last moment of any shift."""
    tz = ZoneInfo(zone)
    edges = [
        [int((datetime(day.year, day.month, day.day) + timedelta(minutes=edge)).replace(tzinfo=tz).timestamp()) * 1000
         for edge in shift]
        for day, shifts in shifts_of.items() for shift in shifts
    ]
    return [any(begin <= now < end for begin, end in edges) for now in range(first, first + count * MINUTE, MINUTE)]


@st.composite
def day_shifts(draw: st.DrawFn) -> Shifts:
    edges = sorted(draw(st.sets(st.integers(0, 95), max_size=4)))
    shifts = [(begin * 15, end * 15) for begin, end in zip(edges[::2], edges[1::2], strict=False)]
    if shifts and draw(st.booleans()):  # the last one goes on past midnight, but not over the next one of its kind
        shifts[-1] = (shifts[-1][0], max(shifts[-1][0] + 15, 1440 + draw(st.integers(0, shifts[0][0] // 15)) * 15))
    return tuple(one for one in shifts if one[1] - one[0] <= 1440)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(STARTS), st.tuples(*[day_shifts()] * 7), st.dictionaries(st.integers(0, 7), day_shifts()),
       st.integers(0, 3 * 1440), st.integers(0, 3 * 1440), st.integers(0, 2000))
def test_as_the_minutes_say(
    start: tuple[str, date], week: tuple[Shifts, ...], special: dict[int, Shifts], since: int, length: int, wanted: int
) -> None:
    zone, day = start
    days = {day + timedelta(days=number): shifts for number, shifts in special.items()}
    office = hours(zone, week, days)
    first = moment(zone, day.year, day.month, day.day)
    known = {one: days.get(one, week[one.weekday()]) for one in (day + timedelta(days=n) for n in range(-2, 9))}
    minutes = open_minutes(zone, known, first, 6 * 1440 + 200)
    at = first + since * MINUTE

    assert office.is_open(at) == minutes[since]
    assert office.working_time(at, at + length * MINUTE) == sum(minutes[since:since + length]) * MINUTE
    following = next((number for number in range(since, len(minutes)) if minutes[number]), None)
    if following is not None:
        assert office.next_opening(at) == first + following * MINUTE
    passed = 0
    for number in range(since, len(minutes)):
        passed += minutes[number]
        if wanted and passed == wanted:
            assert office.add_time(at, wanted * MINUTE) == first + (number + 1) * MINUTE
            break


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(STARTS), st.integers(0, 40 * DAY), st.integers(1, 400 * HOUR), st.integers(0, 400 * HOUR))
def test_adding_and_counting_belong_together(start: tuple[str, date], at: int, length: int, more: int) -> None:
    zone, day = start
    office = hours(zone)
    at += moment(zone, day.year, day.month, day.day)
    end = office.add_time(at, length)
    assert office.working_time(at, end) == length
    assert office.add_time(end, more) == office.add_time(at, length + more)


def test_the_week_of_an_iranian_office() -> None:
    office, tehran = hours("Asia/Tehran"), "Asia/Tehran"
    wednesday = moment(tehran, 2026, 11, 25, 15, 0)
    assert office.add_time(wednesday, HOUR) == moment(tehran, 2026, 11, 25, 16, 0)  # the end of the day, not Thursday
    assert office.add_time(wednesday, 2 * HOUR) == moment(tehran, 2026, 11, 26, 9, 0)
    assert office.add_time(wednesday, 7 * HOUR) == moment(tehran, 2026, 11, 28, 9, 0)  # over the closed Friday
    assert not office.is_open(moment(tehran, 2026, 11, 26, 13, 0))
    assert office.next_opening(moment(tehran, 2026, 11, 26, 13, 0)) == moment(tehran, 2026, 11, 28, 8, 0)


def test_working_days_end_with_the_day_and_the_first_one_does_not_count() -> None:
    office, tehran = hours("Asia/Tehran"), "Asia/Tehran"
    for hour in (0, 9, 20):  # before, in and after the hours of Wednesday
        came = moment(tehran, 2026, 11, 25, hour, 0)
        assert office.add_days(came, 1) == moment(tehran, 2026, 11, 26, 13, 0)
        assert office.add_days(came, 2) == moment(tehran, 2026, 11, 28, 16, 0)
    assert office.add_days(moment(tehran, 2026, 11, 27, 9, 0), 1) == moment(tehran, 2026, 11, 28, 16, 0)


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    week: tuple[Shifts, ...] = ((),) * 3 + (((1320, 1800),),) + ((),) * 3
    office, tehran = hours("Asia/Tehran", week), "Asia/Tehran"
    friday = moment(tehran, 2026, 11, 27, 5, 0)
    assert office.is_open(friday)
    assert office.add_time(friday, 2 * HOUR) == moment(tehran, 2026, 12, 3, 23, 0)
    closed = hours("Asia/Tehran", week, {date(2026, 11, 26): ()})
    assert not closed.is_open(friday)


def test_the_hours_of_a_day_on_which_clocks_change_are_the_real_ones() -> None:
    night: tuple[Shifts, ...] = (((0, 360),),) * 7
    office = hours("America/New_York", night)
    spring, autumn = date(2026, 3, 8), date(2026, 11, 1)
    for day, length in ((spring, 5 * HOUR), (autumn, 7 * HOUR)):
        first = moment("America/New_York", day.year, day.month, day.day)
        assert office.working_time(first, first + 20 * HOUR) == length


def test_years_ahead_are_days_not_minutes() -> None:
    looked: list[date] = []
    office = OfficeHours("Asia/Tehran", lambda day: looked.append(day) or WEEK[day.weekday()])  # type: ignore[func-returns-value]
    at = moment("Asia/Tehran", 2026, 11, 23, 8, 0)
    end = office.add_time(at, 10 * 300 * 8 * HOUR)
    assert len(looked) <= (end - at) // DAY + 3
    assert office.working_time(at, end) == 10 * 300 * 8 * HOUR


def test_round_the_clock_has_no_gap() -> None:
    always: tuple[Shifts, ...] = (((0, 1440),),) * 7
    office = hours("Europe/Berlin", always)
    at = moment("Europe/Berlin", 2026, 3, 20, 13, 7)
    assert office.add_time(at, 400 * HOUR) == at + 400 * HOUR
    assert office.working_time(at, at + 100 * DAY) == 100 * DAY


def test_what_never_opens_says_so() -> None:
    office = hours("UTC", ((),) * 7)
    for ask in (office.next_opening, lambda at: office.add_time(at, HOUR), lambda at: office.add_days(at, 1)):
        with pytest.raises(NeverOpen):
            ask(0)
    assert office.working_time(0, 365 * DAY) == 0


@pytest.mark.parametrize("shifts, fault", [
    ([(480, 960)], ""), ([], ""), ([(480, 720), (780, 960)], ""), ([(1320, 1800)], ""), ([(0, 1440)], ""),
    ([(960, 480)], "order"), ([(480, 480)], "order"), ([(-10, 20)], "order"), ([(1440, 1500)], "order"),
    ([(480, 720), (700, 960)], "overlap"), ([(780, 960), (480, 720)], "overlap"), ([(0, 1500)], "long"),
    ([(480, 720), (1320, 1930)], "long"),
])
def test_what_is_wrong_with_shifts(shifts: list[tuple[int, int]], fault: str) -> None:
    assert shifts_fault(shifts) == fault


def test_a_night_must_not_run_into_the_next_morning() -> None:
    assert week_fault([[(1320, 1800)], [(480, 960)], *[[]] * 5]) == ""
    assert week_fault([[(1320, 1980)], [(480, 960)], *[[]] * 5]) == "overlap"
    assert week_fault([[(480, 960)], *[[]] * 5, [(1320, 1980)]]) == "overlap"  # Sunday into Monday
    assert week_fault([[]] * 7) == "never"
