"""Working time by a week of shifts and its exceptions: adding, counting, asking, in the time zone of the desk.

Days are walked, never minutes. A shift belongs to the day on which it begins, also where it goes on past midnight; its
moments are those of the local clock, so that the hours of a day on which clocks are changed are the real ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm_core.durations import MINUTE
from crm_core.text.jalali import day_of

DAY_MINUTES = 24 * 60
SEARCHED = 4_000
"""Days that are looked at for the next opening: a calendar that has none in ten years has none."""

Shift = tuple[int, int]
"""Minutes after midnight: from, and until before. Past midnight the end counts on (22:00 to 6:00 is 1320 to 1800)."""
Shifts = tuple[Shift, ...]


class NeverOpen(ValueError):
    """No working time is left in the calendar within years."""


@dataclass(frozen=True)
class OfficeHours:
    """``timezone`` is a name such as ``Asia/Tehran``; ``shifts(day)`` are those that begin on a day, in order."""

    timezone: str
    shifts: Callable[[date], Shifts]

    def add_time(self, at: int, length: int) -> int:
        """The moment at which ``length`` of working time has passed since ``at`` (all milliseconds; UTC).

        That is the end of a shift where it just suffices, not the beginning of the next one. Raises NeverOpen.
        """
        if length <= 0:
            return at
        left = length
        for begin, end in self._spans(at):
            if end - begin >= left:
                return begin + left
            left -= end - begin
        raise NeverOpen

    def add_days(self, at: int, days: int) -> int:
        """The end of the ``days``-th working day behind the day of ``at`` (milliseconds UTC). Raises NeverOpen."""
        day, left = day_of(at, self.timezone), days
        for _searched in range(SEARCHED + days * 7):
            day = _next(day)
            ends = [end for _begin, end in self._moments(day)]
            left -= bool(ends)
            if ends and left <= 0:
                return max(ends)
        raise NeverOpen

    def working_time(self, since: int, until: int) -> int:
        """How much working time lies between two moments (milliseconds); 0 where the second is not the later one."""
        if until <= since:
            return 0
        return sum(max(0, min(end, until) - begin) for begin, end in self._spans(since, until))

    def is_open(self, at: int) -> bool:
        """Whether a moment lies in a shift: its first one does, its last one does not."""
        return any(begin <= at < end for begin, end in self._spans(at, at + 1))

    def next_opening(self, at: int) -> int:
        """``at`` where that is working time, else when the next shift begins. Raises NeverOpen."""
        for begin, _end in self._spans(at):
            return begin
        raise NeverOpen

    def _spans(self, since: int, until: int | None = None) -> Iterator[tuple[int, int]]:
        """Working time from ``since`` on as moments (from, until before) in order, no moment in two of them; up to the
        day of ``until``, else until no shift has come for `SEARCHED` days."""
        day = day_of(since, self.timezone) - timedelta(days=1)  # its last shift may go on past midnight
        last = None if until is None else day_of(until, self.timezone)
        reached, empty = since, 0
        while empty < SEARCHED and (last is None or day <= last):
            empty += 1
            for begin, end in self._moments(day):
                if end > reached:
                    begin = max(begin, reached)
                    reached, empty = end, 0
                    yield begin, end
            day = _next(day)

    def _moments(self, day: date) -> list[tuple[int, int]]:
        zone = ZoneInfo(self.timezone)
        return [(_moment(day, begin, zone), _moment(day, end, zone)) for begin, end in self.shifts(day)]


def _next(day: date) -> date:
    if day == date.max:
        raise NeverOpen
    return day + timedelta(days=1)


def _moment(day: date, minutes: int, zone: ZoneInfo) -> int:
    """When the local clock shows that time of a day, the first time where it does so twice."""
    days, minutes = divmod(minutes, DAY_MINUTES)
    if days and day > date.max - timedelta(days=days):
        raise NeverOpen
    local = datetime.combine(day + timedelta(days=days), time(minutes // 60, minutes % 60), zone)
    return int(local.timestamp()) * 1000


def shifts_fault(shifts: Sequence[Shift]) -> str:
    """What is wrong with the shifts of one day: "" nothing, ``order``, ``overlap`` or ``long``."""
    for begin, end in shifts:
        if not 0 <= begin < DAY_MINUTES or end <= begin:
            return "order"
        if end - begin > DAY_MINUTES:
            return "long"
    ordered = sorted(shifts)
    if list(shifts) != ordered or any(one[1] > two[0] for one, two in zip(ordered, ordered[1:], strict=False)):
        return "overlap"
    return "long" if shifts and shifts[-1][1] - shifts[0][0] > DAY_MINUTES else ""


def week_fault(week: Sequence[Sequence[Shift]]) -> str:
    """The same of seven days, Monday first; also ``never`` where none has a shift."""
    for shifts in week:
        fault = shifts_fault(shifts)
        if fault:
            return fault
    if not any(week):
        return "never"
    following = [*week[1:], week[0]]
    over = any(one and two and one[-1][1] - DAY_MINUTES > two[0][0] for one, two in zip(week, following, strict=True))
    return "overlap" if over else ""


def minutes_of(length: int) -> int:
    """Whole minutes of a length in milliseconds."""
    return length // MINUTE
