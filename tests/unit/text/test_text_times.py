"""Times of day as people write them."""

from __future__ import annotations

from datetime import time

import pytest

from crm_core.text.errors import InvalidTime
from crm_core.text.times import parse_time


@pytest.mark.parametrize(
    ("typed", "hour", "minute"),
    [
        ("14:30", 14, 30), ("۱۴:۳۰", 14, 30), ("٠٩:٠٥", 9, 5), ("14.30", 14, 30), ("۱۴٫۳۰", 14, 30), ("1430", 14, 30),
        ("9", 9, 0), ("ساعت ۹", 9, 0), ("۸ صبح", 8, 0), ("۸ و نیم", 8, 30), ("۲:۳۰ بعد از ظهر", 14, 30),
        ("6 عصر", 18, 0),
        ("۸ شب", 20, 0), ("۱۲ شب", 0, 0), ("۲ شب", 2, 0), ("ظهر", 12, 0), ("۱ ظهر", 13, 0), ("8 pm", 20, 0),
        ("12 am", 0, 0), ("12 p.m.", 12, 0), ("noon", 12, 0), ("24:00", 0, 0), ("0:00", 0, 0),
    ],
)
def test_understood(typed: str, hour: int, minute: int) -> None:
    assert parse_time(typed) == time(hour, minute)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"), ("  ", "empty"), ("فردا", "format"), ("14:300", "format"), ("8h", "format"), ("-3", "format"),
        ("25", "hour"), ("13 pm", "hour"), ("12:75", "minute"), ("24:01", "minute"), ("x" * 5000, "format"),
        ("9" * 5000, "format"), ("<script>", "format"), ("14:30; drop", "format"), ("\ud800", "empty"),
    ],
)
def test_refused(typed: str, code: str) -> None:
    with pytest.raises(InvalidTime) as refused:
        parse_time(typed)
    assert refused.value.code == code
