"""The public holidays of Iran: in both languages, estimated where they are, none where none is known."""

from __future__ import annotations

from datetime import date

from crm_core.publicholidays import holiday, holidays_of


def test_nowruz_has_its_names_in_both_languages() -> None:
    found = holiday(date(2026, 3, 23))
    assert found is not None
    assert found.names == {"fa": "عید نوروز", "en": "Nowruz Holiday"}
    assert not found.estimated


def test_what_the_moon_decides_is_marked_and_not_part_of_the_name() -> None:
    fitr = [one for one in holidays_of(2031).values() if "Eid al-Fitr" in one.names["en"]]
    assert fitr and all(one.estimated for one in fitr)
    assert not any(mark in name for one in holidays_of(2031).values() for name in one.names.values()
                   for mark in ("تخمینی", "estimated"))


def test_a_weekday_is_none_and_far_years_have_none() -> None:
    assert holiday(date(2026, 11, 24)) is None
    assert holidays_of(1900) == {} and holidays_of(9000) == {}
