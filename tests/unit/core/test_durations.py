"""How long a day is, and how far clocks may be apart, is said once."""

from __future__ import annotations

import pytest

from crm_core.durations import DAY, HOUR, MINUTE
from crm_core.services.clock import has_come

NOW = 1_790_000_000_000


def test_lengths_are_milliseconds() -> None:
    assert (MINUTE, HOUR, DAY) == (60_000, 3_600_000, 86_400_000)


@pytest.mark.parametrize(("at", "so"), [
    (0, True), (-1, False), (NOW, True), (NOW + DAY, True), (NOW + DAY + 1, False), (1 << 62, False),
])
def test_a_moment_has_come_when_it_is_no_more_than_a_day_ahead(at: int, so: bool) -> None:
    assert has_come(at, NOW) is so
