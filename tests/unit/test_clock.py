"""Days and hours of the desk, and words that stand inside sentences of every language."""

from __future__ import annotations

from datetime import date

from crm_core.i18n import TextFactory, Translator
from crm_core.services.clock import Clock
from crm_core.text.tracking import code_in_words, new_code, normalise_code

_ = TextFactory("nowhere")
NOON = 1_794_902_400_000  # 2026-11-17 08:00 UTC


def test_a_moment_of_the_desks_day_and_back() -> None:
    clock = Clock(NOON, "Asia/Tehran")
    assert clock.today() == date(2026, 11, 17)
    moment = clock.moment(date(2026, 11, 17), 11, 30)
    assert moment == NOON
    assert clock.time_words(moment) == {"fa": "۱۱:۳۰", "en": "11:30"}
    assert clock.day(clock.moment(date(2026, 11, 18)) - 1) == date(2026, 11, 17)


def test_a_day_in_words_of_every_language() -> None:
    clock = Clock(NOON, "Asia/Tehran")
    assert clock.date_words(NOON, "day") == {"fa": "۲۶ آبان", "en": "17 November"}
    assert clock.date_words(date(2026, 11, 17), "short") == {"fa": "۱۴۰۵/۰۸/۲۶", "en": "2026-11-17"}


def test_words_of_every_language_inside_a_sentence() -> None:
    text = _("On ${day}: ${what}", mapping={"day": {"fa": "۲۶ آبان", "en": "17 November"}, "what": "x"})
    assert Translator([]).labels(text) == {"fa": "On ۲۶ آبان: x", "en": "On 17 November: x"}


def test_a_code_inside_a_sentence_keeps_its_order_and_is_still_a_code() -> None:
    code = new_code()
    words = code_in_words(code)
    assert words["fa"].startswith("\u2066") and words["fa"].endswith("\u2069")
    assert normalise_code(words["fa"]) == normalise_code(words["en"]) == code
