"""The desk's clock: days and hours in the organisation's time zone, and the same in words of every language.

Storage keeps milliseconds in UTC; who makes, compares or names a time of day asks here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from crm_core.i18n import LANGUAGES, Labels
from crm_core.text import jalali


@dataclass(frozen=True)
class Clock:
    """``now`` is the moment of the transaction (milliseconds UTC), ``timezone`` a name such as ``Asia/Tehran``."""

    now: int
    timezone: str

    def today(self) -> date:
        return self.day(self.now)

    def day(self, ms: int) -> date:
        """The calendar day that a moment falls on at the desk."""
        return jalali.day_of(ms, self.timezone)

    def moment(self, day: date, hour: int = 0, minute: int = 0) -> int:
        """The moment (milliseconds UTC) when the desk's clock shows that day and time."""
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(self.timezone))
        return int(local.timestamp() * 1000)

    def date_words(self, when: int | date, style: jalali.Style = "long") -> Labels:
        """A day in every language: Jalali in Persian, Gregorian in English; styles as in `jalali.format_date`."""
        day = self.day(when) if isinstance(when, int) else when
        return {language: jalali.format_date(day, language, style) for language in LANGUAGES}

    def time_words(self, ms: int) -> Labels:
        """The time of day of a moment in every language: ۱۰:۴۱ / 10:41."""
        return {language: jalali.format_time(ms, language, self.timezone) for language in LANGUAGES}
