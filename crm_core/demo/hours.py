"""When people come: the working days of the demo's period, their rush and their quiet, and moments of a day.

All moments are milliseconds UTC; the calendar is the desk's: Friday off, half a Thursday, the fixed holidays of the
Iranian solar year (those of the lunar year move and are left out), busy weeks before Nowruz.
"""

from __future__ import annotations

from bisect import bisect
from datetime import date, timedelta
from itertools import accumulate

from crm_core.demo.draw import Dice
from crm_core.durations import DAY, MINUTE
from crm_core.services.clock import Clock
from crm_core.text.calendars import to_jalali

THURSDAY, FRIDAY = 3, 4
HOLIDAYS = frozenset({(1, 1), (1, 2), (1, 3), (1, 4), (1, 12), (1, 13), (3, 14), (3, 15), (11, 22), (12, 29), (12, 30)})
"""(month, day) of the Jalali calendar."""

RUSH = {1: 0.7, 2: 1.0, 3: 1.0, 4: 0.95, 5: 0.8, 6: 1.05, 7: 1.15, 8: 1.05, 9: 1.0, 10: 1.0, 11: 1.2, 12: 1.7}
"""Jalali month → how busy it is."""

COUNTER = {7: 3, 8: 6, 9: 10, 10: 11, 11: 9, 12: 6, 13: 4, 14: 1}
ANY_TIME = {0: 1, 1: 0.5, 6: 0.5, 7: 1, 8: 2, 9: 3, 10: 3, 11: 3, 12: 2, 13: 2, 14: 3, 15: 3, 16: 3, 17: 4, 18: 4,
            19: 5, 20: 6, 21: 7, 22: 5, 23: 3}  # fmt: skip
"""Hour → how many come in it: to the counter, and to the letter boxes that never close."""


class Hours:
    """The days from ``first`` up to but not including ``until``."""

    def __init__(self, first: date, until: date, timezone: str) -> None:
        self.clock = Clock(0, timezone)
        self.days = [first + timedelta(days) for days in range((until - first).days)]
        self.start, self.end = self.clock.moment(first), self.clock.moment(until)
        self._sums = list(accumulate(self._rush(day) for day in self.days))

    def _rush(self, day: date) -> float:
        if not is_working(day):
            return 0
        _year, month, number = to_jalali(day)
        rush = RUSH[month] * (0.4 if (month, number) < (1, 15) else 1) * (0.45 if day.weekday() == THURSDAY else 1)
        past = (self.days[-1] - day).days
        # The desk is better known from year to year, and what came last is what lies open.
        return rush * (1.6 - 0.6 * past / len(self.days)) * (2.4 if past < 40 else 1)

    def some_day(self, dice: Dice) -> date:
        """A working day of the period, busy ones more often."""
        place = bisect(self._sums, dice.random() * self._sums[-1])
        return self.days[min(place, len(self.days) - 1)]

    def at_counter(self, dice: Dice, day: date) -> int:
        """A moment of a working day when the counter is open: 7:30 to 14:30, on Thursdays to 12:30."""
        closing = closing_minutes(day)
        while True:
            minutes = 60 * dice.weigh(COUNTER) + dice.randrange(60)
            if 7 * 60 + 30 <= minutes < closing - 5:
                return self.clock.moment(day, *divmod(minutes, 60)) + dice.randrange(60) * 1000

    def any_time(self, dice: Dice, day: date) -> int:
        """A moment when somebody writes, at home or at work."""
        return self.clock.moment(day, dice.weigh(ANY_TIME), dice.randrange(60)) + dice.randrange(60) * 1000

    def later(self, dice: Dice, moment: int, least: float, most: float) -> int:
        """A moment at the counter between ``least`` and ``most`` days behind ``moment``, or soon after that."""
        target = moment + int(dice.uniform(least, most) * DAY)
        day = self.clock.day(target)
        if is_working(day):
            opening, closing = self.clock.moment(day, 7, 30), self.clock.moment(day, *divmod(closing_minutes(day), 60))
            earliest = max(opening, moment + 4 * MINUTE)
            if earliest < closing - 5 * MINUTE:
                return dice.randrange(earliest, closing - MINUTE)
        return self.at_counter(dice, self.next_working(day))

    def when_read(self, dice: Dice, moment: int) -> int:
        """When the desk reads what arrived at ``moment``: within the hour when it is open, else the next morning."""
        day = self.clock.day(moment)
        if is_working(day):
            opening, closing = self.clock.moment(day, 7, 35), self.clock.moment(day, *divmod(closing_minutes(day), 60))
            if moment < closing - 30 * MINUTE:
                return max(moment, opening) + dice.randrange(2 * MINUTE, 25 * MINUTE)
        return self.clock.moment(self.next_working(day), 7, 35) + dice.randrange(50 * MINUTE)

    @staticmethod
    def next_working(day: date) -> date:
        """The first working day after ``day``."""
        day += timedelta(1)
        while not is_working(day):
            day += timedelta(1)
        return day


def is_working(day: date) -> bool:
    """Whether the desk is open that day."""
    return day.weekday() != FRIDAY and to_jalali(day)[1:] not in HOLIDAYS


def closing_minutes(day: date) -> int:
    """When the counter closes, in minutes after midnight."""
    return (12 if day.weekday() == THURSDAY else 14) * 60 + 30
