"""How values look in both languages."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crm_core.i18n import TextFactory, Translator
from crm_views.display import Display, remembering

_ = TextFactory("crm_views")
NOW = 1_795_000_000_000  # Wednesday 18 November 2026, 14:36 in Tehran
DAY = 86_400_000


@pytest.fixture(scope="module")
def fa() -> Display:
    translator = Translator(["crm_views"])
    return Display("fa", remembering(lambda text: translator.translate(text, "fa")), "Asia/Tehran", NOW)


@pytest.fixture(scope="module")
def en() -> Display:
    translator = Translator(["crm_views"])
    return Display("en", remembering(lambda text: translator.translate(text, "en")), "Asia/Tehran", NOW)


def test_numbers(fa: Display, en: Display) -> None:
    assert (fa.number(1_234_567), en.number(1_234_567)) == ("۱٬۲۳۴٬۵۶۷", "1,234,567")
    assert (fa.number(Decimal("12.50")), en.number(2.5, 1)) == ("۱۲٫۵۰", "2.5")
    assert (fa.number(-1200), fa.digits("a1٢")) == ("-۱٬۲۰۰", "a۱۲")


def test_money(fa: Display, en: Display) -> None:
    assert (fa.money(1_250_000), en.money(12_345, "EUR")) == ("۱٬۲۵۰٬۰۰۰ ریال", "123.45 euros")
    assert en.money(5, "XAU") == "5 XAU"


@pytest.mark.parametrize(
    "count, shown", [(0, "۰ بایت"), (900, "۹۰۰ بایت"), (1024, "۱ کیلوبایت"), (215_000, "۲۱۰ کیلوبایت"),
                     (5_600_000, "۵٫۳ مگابایت"), (20 << 20, "۲۰ مگابایت"), (3 << 30, "۳ گیگابایت")])
def test_sizes(fa: Display, count: int, shown: str) -> None:
    assert fa.size(count) == shown


def test_codes(fa: Display, en: Display) -> None:
    assert (fa.phone("+989120000147"), en.phone("+989120000147")) == ("۰۹۱۲ ۰۰۰ ۰۱ ۴۷", "0912 000 01 47")
    assert fa.code("4827193650") == "۴۸۲۷-۱۹۳۶-۵۰"
    assert fa.identifier("email", "user1@example.org") == "user1@example.org"


def test_dates(fa: Display, en: Display) -> None:
    assert fa.date("2026-11-17") == "سه‌شنبه ۲۶ آبان ۱۴۰۵"
    assert (fa.other_date("2026-11-17"), en.other_date("2026-11-17")) == ("17 November 2026", "۲۶ آبان ۱۴۰۵")
    assert (fa.clock(NOW), en.datetime(NOW)) == ("۱۴:۳۶", "Wednesday 18 November 2026, 14:36")
    # Tehran is 3.5 hours ahead: late in the evening in UTC it is the next day there.
    assert fa.day(1_794_951_000_000).isoformat() == "2026-11-18"


@pytest.mark.parametrize(
    "back, in_persian, in_english",
    [(0, "۱۴:۳۶", "14:36"), (1, "۱۴:۳۶", "14:36"), (3, "یکشنبه ۲۴", "Sun 15"), (40, "جمعه ۱۷", "Fri 9"),
     (400, "مهر", "Oct"), (-1, "پنجشنبه ۲۸", "Thu 19")])
def test_the_time_of_an_entry(fa: Display, en: Display, back: int, in_persian: str, in_english: str) -> None:
    assert (fa.time_of_entry(NOW - back * DAY), en.time_of_entry(NOW - back * DAY)) == (in_persian, in_english)


def test_a_time_has_the_other_calendar_a_hover_away(fa: Display) -> None:
    assert fa.time(NOW, "entry") == (
        '<time datetime="2026-11-18T11:06:40Z" title="چهارشنبه ۲۷ آبان ۱۴۰۵، ۱۴:۳۶ · 18 November 2026">۱۴:۳۶</time>')


def test_texts(fa: Display, en: Display) -> None:
    assert (fa.text(_("Yes")), en.text(_("Yes")), fa.text("Yes"), fa.text(None)) == ("بله", "Yes", "Yes", "")
    assert (fa.text({"fa": "آب", "en": "Water"}), en.text({"fa": "آب"})) == ("آب", "آب")
    assert fa.text(_("Not saved; look at ${count} fields", mapping={"count": 12})) == "ثبت نشد؛ ۱۲ بخش را ببینید"
    assert fa.text(_("Another ${item}", mapping={"item": _("Yes")})) == "بله دیگر"


def test_names_inside_a_sentence_are_escaped_and_isolated(fa: Display) -> None:
    nasty = "<b>\ue0000\ue000</b>"
    shown = fa.sentence(_("${count} entries of ${unit} you may not read", mapping={"count": 1000, "unit": nasty}))
    assert shown == (
        "<bdi>۱٬۰۰۰</bdi> مورد از <bdi>&lt;b&gt;\ue0000\ue000&lt;/b&gt;</bdi> که اجازهٔ خواندنشان را ندارید")
    assert fa.sentence(_("Not saved")) == "ثبت نشد"


@pytest.mark.parametrize("number", ["۰۹۱۲ ۱۱۱ ۲۲ ۳۳", "۴۸۲۷-۱۹۳۶-۵۰", "+44 20 7946 0000", "0912 000 01 47"])
def test_numbers_in_groups_are_isolated_in_a_sentence(fa: Display, en: Display, number: str) -> None:
    flashed = _("${value} belongs to this record now.", mapping={"value": number})
    for show in (fa, en):
        assert f"\u2066{number}\u2069" in show.text(flashed)
    inner = fa.text(flashed)
    assert fa.text(_("“${title}” is there.", mapping={"title": inner})).count("\u2066") == 1
    assert f"<bdi>{number}</bdi>" in fa.sentence(flashed)


@pytest.mark.parametrize("words", ["زهرا رضایی", "۱۰:۴۱", "۱۲", "۱٬۲۵۰", "Call 50-1", "2026/11/18", "a1@example.org"])
def test_what_stands_in_order_by_itself_is_not_isolated(fa: Display, words: str) -> None:
    assert "\u2066" not in fa.text(_("${value} belongs to this record now.", mapping={"value": words}))


def test_groups_of_digits_keep_their_order_behind_persian_words(fa: Display) -> None:
    """By UAX 9, W2 and W4: digits behind an Arabic letter are joined by no hyphen nor space; behind LRI they are."""
    line = fa.text(_("“${title}” is registered; tracking code ${code}.",
                     mapping={"title": "خرابی", "code": "۴۸۲۷-۱۹۳۶-۵۰"}))
    depth = 0
    for char in line:
        depth += (char == "\u2066") - (char == "\u2069")
        assert depth == 1 or char != "-"
    assert depth == 0


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u2067", "\u2069"])
def test_marks_that_turn_words_are_taken_out_of_values(fa: Display, mark: str) -> None:
    assert mark not in fa.text(_("“${title}” is there.", mapping={"title": f"{mark}زهرا{mark}12"}))
