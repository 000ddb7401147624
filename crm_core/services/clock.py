"""The desk's clock: days and hours in the organisation's time zone, and the same in words of every language.

Storage keeps milliseconds in UTC; who makes, compares or names a time of day asks here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from crm_core.durations import DAY
from crm_core.i18n import LANGUAGES, Labels
from crm_core.text import jalali
from crm_core.text.digits import is_persian, to_persian


def has_come(at: int, now: int) -> bool:
    """Whether a moment (milliseconds UTC) is one that things happen at: clocks may be a day apart, no more."""
    return 0 <= at <= now + DAY


@dataclass(frozen=True)
class Clock:
    """``now`` is the moment of the transaction (milliseconds UTC), ``timezone`` a name such as ``Asia/Tehran``."""

    now: int
    timezone: str

    def today(self) -> date:
        """The calendar day at the desk."""
        return self.day(self.now)

    def tonight(self) -> int:
        """The moment (milliseconds UTC) when today ends at the desk."""
        return self.moment(self.today() + timedelta(days=1))

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

    def month(self, when: int | date) -> date:
        """The first day of the Jalali month that a day lies in: what a report by month is sorted by."""
        day = self.day(when) if isinstance(when, int) else when
        if not jalali.has_jalali(day):
            return day.replace(day=1)
        year, month, _day = jalali.to_jalali(day)
        return jalali.from_jalali(year, month, 1)

    def month_words(self, when: int | date) -> Labels:
        """That month in every language: آبان ۱۴۰۵ / Aban 1405."""
        first = self.month(when)
        if not jalali.has_jalali(first):
            return {language: f"{jalali.month_name(first.month, language, 'gregorian')} {first.year}"
                    for language in LANGUAGES}
        year, month, _day = jalali.to_jalali(first)
        names = {language: f"{jalali.month_name(month, language)} {year}" for language in LANGUAGES}
        return {language: to_persian(name) if is_persian(language) else name for language, name in names.items()}

    def time_words(self, ms: int) -> Labels:
        """The time of day of a moment in every language: ۱۰:۴۱ / 10:41."""
        return {language: jalali.format_time(ms, language, self.timezone) for language in LANGUAGES}
