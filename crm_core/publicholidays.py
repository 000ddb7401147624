"""The public holidays of Iran by the library `holidays`, with their names in both languages.

Dates of the Islamic calendar that lie ahead are estimates: the moon may make them a day later, which is what the
exceptions of a calendar are for. The weekend is no matter of theirs: which weekdays are worked, the hours say.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from crm_core.i18n import Labels
from crm_core.text.digits import to_persian

LIBRARY = {"fa": "fa_IR", "en": "en_US"}
ESTIMATED = (" (تخمینی)", " (estimated)")
"""What the library adds to the name of a day that is not certain."""
SPELLED = {"عیدنوروز": "عید نوروز", "؛شهادت": "؛ شهادت", "; ": "، "}


class Holiday(NamedTuple):
    """``names`` in every language; ``estimated``: it may come a day earlier or later."""

    names: Labels
    estimated: bool


@lru_cache(maxsize=64)  # the years of a page or of a deadline are few, and each is asked for again and again
def holidays_of(year: int) -> Mapping[date, Holiday]:
    """The public holidays of a Gregorian year; none where the library knows none (before 1980, behind 2100)."""
    from holidays.countries.iran import Iran  # it loads all countries: a desk that needs none is spared that

    names = {language: Iran(years=year, language=code) for language, code in LIBRARY.items()}
    return {day: _holiday({language: names[language][day] for language in LIBRARY}) for day in sorted(names["fa"])}


def holiday(day: date) -> Holiday | None:
    """The holiday that a day is, None where it is none."""
    return holidays_of(day.year).get(day)


def _holiday(names: Labels) -> Holiday:
    estimated = any(mark in name for name in names.values() for mark in ESTIMATED)
    for mark in ESTIMATED:
        names = {language: name.replace(mark, "") for language, name in names.items()}
    for found, wanted in SPELLED.items():
        names["fa"] = to_persian(names["fa"].replace(found, wanted))
    return Holiday(names, estimated)
