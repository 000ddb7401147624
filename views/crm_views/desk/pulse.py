"""The pulse of a dossier: how often the citizen and we met in each of the last 24 months, as bars and as a table.

Months are those of the reader's calendar; a click on one filters the timeline. What is hidden is in no bar; what may
only be counted has a bar of its own, for who spoke in it is not told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from crm_core.i18n import TextFactory
from crm_core.text.calendars import from_jalali, month_length, month_name, to_jalali
from crm_core.text.digits import is_persian, localise

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

MONTHS = 24
STEP, HEIGHT, BASE = 20, 27, 26
"""Units of the drawing: a month's width, the whole height, where the bars stand."""
KINDS = (("citizen", "b-in", 3, 6), ("we", "b-out", 10, 6), ("counted", "b-off", 16, 2))
"""What a month's bars count, their class, their place in it and their width."""


@dataclass(frozen=True)
class Bar:
    """A ``<rect>``: class, then x, y, width and height as text."""

    css: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Month:
    """One month: its first and last day, its name, its counts, where a click leads, and how it is drawn."""

    first: date
    last: date
    name: str
    citizen: int
    we: int
    counted: int
    href: str
    x: str
    bars: tuple[Bar, ...]
    current: bool

    @property
    def all(self) -> int:
        return self.citizen + self.we + self.counted


@dataclass(frozen=True)
class Pulse:
    """The last 24 months, oldest first; ``current`` is the one the timeline is filtered to."""

    months: tuple[Month, ...]
    total: int
    current: Month | None
    has_counted: bool


def month_days(locale: str, day: date) -> tuple[date, date]:
    """The first and the last day of the month a day lies in, in the calendar of a language."""
    if is_persian(locale):
        year, month, _day = to_jalali(day)
        return from_jalali(year, month, 1), from_jalali(year, month, month_length(year, month))
    return day.replace(day=1), day.replace(day=month_length(day.year, day.month, "gregorian"))


def month_title(locale: str, day: date) -> str:
    """The month a day lies in, with its year: مهر ۱۴۰۵ / October 2026."""
    if is_persian(locale):
        year, month, _day = to_jalali(day)
        return f"{month_name(month, locale)} {localise(str(year), locale)}"
    return f"{month_name(day.month, locale, 'gregorian')} {day.year}"


def month_starts(request: Request) -> list[date]:
    """The first days of the last 24 months and of the next one, in the reader's calendar."""
    today = request.services.clock.today()
    persian = is_persian(request.ui.show.locale)
    year, month, _day = to_jalali(today) if persian else (today.year, today.month, today.day)
    found = []
    for back in range(MONTHS - 1, -2, -1):
        years, place = divmod(year * 12 + month - 1 - back, 12)
        found.append(from_jalali(years, place + 1, 1) if persian else date(years, place + 1, 1))
    return found


def edges(request: Request, starts: Sequence[date]) -> list[int]:
    """The moments (ms UTC) at which those days begin at the desk."""
    return [request.services.clock.moment(day) for day in starts]


def pulse(
    request: Request, starts: Sequence[date], spans: Sequence[Counter[str]], path: str,
    chosen: tuple[date, date] | None,
) -> Pulse:
    """``spans`` as `Timeline.tally` counts them between ``starts``; ``chosen``: the days the timeline is kept to."""
    counted = [(span["citizen"], span["we"] + span["internal"], span["counted"]) for span in spans]
    most = max((max(counts) for counts in counted), default=0)
    forward = request.ui.direction == "ltr"
    months = []
    for place, counts in enumerate(counted):
        first, last = starts[place], starts[place + 1] - timedelta(days=1)
        left = STEP * (place if forward else MONTHS - 1 - place)
        current = chosen == (first, last)
        asked = {} if current else {"since": _typed(request, first), "until": _typed(request, last)}
        months.append(Month(
            first, last, month_title(request.ui.show.locale, first), *counts, href=_href(path, asked), x=str(left),
            bars=_bars(counts, most, left, forward), current=current,
        ))
    chosen_month = next((month for month in months if month.current), None)
    return Pulse(tuple(months), sum(map(sum, counted)), chosen_month, any(month.counted for month in months))


def _href(path: str, query: dict[str, str]) -> str:
    return path + (f"?{urlencode(query)}" if query else "") + "#timeline"


def _typed(request: Request, day: date) -> str:
    """A day as somebody types it into the filter: 1405/8/26 or 2026-11-17."""
    return "{}/{}/{}".format(*to_jalali(day)) if is_persian(request.ui.show.locale) else day.isoformat()


def _bars(counts: tuple[int, int, int], most: int, left: int, forward: bool) -> tuple[Bar, ...]:
    if not any(counts):
        return (Bar("b-out", str(left + 3), str(BASE - 1), "13", "1"),)
    bars = []
    for (_kind, css, place, width), count in zip(KINDS, counts, strict=True):
        if count:
            height = max(2.0, 23 * count / most)
            x = left + place if forward else left + STEP - place - width
            bars.append(Bar(css, str(x), f"{BASE - height:.1f}", str(width), f"{height:.1f}"))
    return tuple(bars)
