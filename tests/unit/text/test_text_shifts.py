"""Shifts as people write them, and back again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.text.errors import InvalidTime
from crm_core.text.shifts import DAY, format_shifts, parse_shifts


@pytest.mark.parametrize(("text", "shifts"), [
    ("8-16", ((480, 960),)), ("۸ تا ۱۶", ((480, 960),)), ("از ۸ صبح تا ۴ بعدازظهر", ((480, 960),)),
    ("8:00–12:30, 13:30–17", ((480, 750), (810, 1020))), ("۸ تا ۱۲ و ۱۴ تا ۱۸", ((480, 720), (840, 1080))),
    ("22-6", ((1320, 1800),)), ("0-24", ((0, 1440),)), ("20 to 24", ((1200, 1440),)), ("", ()), ("  ", ()),
    ("0800 - 1330", ((480, 810),)),
])
def test_what_people_write(text: str, shifts: tuple[tuple[int, int], ...]) -> None:
    assert parse_shifts(text) == shifts


@pytest.mark.parametrize("text", ["8", "8-", "8-12-16", "بسته", "25-26", "8:70-9", "8-16 " * 60])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(InvalidTime):
        parse_shifts(text)


@given(st.lists(st.tuples(st.integers(0, DAY - 1), st.integers(1, DAY)), max_size=6), st.sampled_from(["fa", "en"]))
def test_what_is_written_is_read_again(drawn: list[tuple[int, int]], locale: str) -> None:
    shifts = tuple((begin, begin + length) for begin, length in drawn)
    assert parse_shifts(format_shifts(shifts, locale)) == shifts
