"""Words, stems and codes as full text sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crm_core.text.folding import squash
from crm_search.analysis import MAX_LETTERS, Terms, Word, code_key, searchable, stems, words
from crm_search.lexicon import SINGULARS, STOP_WORDS


def _joined(text: str) -> list[str]:
    return [word.joined for word in words(text)]


@pytest.mark.parametrize("text", ["می‌شود", "می شود", "میشود", "مي‌شود", "می\u00adشود"])
def test_a_verb_is_one_word_however_it_is_written(text: str) -> None:
    assert _joined(f"نامه {text} پس") == ["نامه", "میشود", "پس"]


@pytest.mark.parametrize("text", ["کتاب‌های", "كتاب‌هاي", "کتابهای", "کتاب های", "کتاب\u200bهای"])
def test_a_plural_is_one_word_however_it_is_written(text: str) -> None:
    assert _joined(text) == ["کتابهای"]
    assert stems(next(words(text)))[0] == "کتاب"


def test_parts_stand_beside_the_joined_word() -> None:
    assert list(words("پیش‌فرض")) == [Word("پیشفرض", ("پیش", "فرض"))]
    terms = Terms()
    terms.add("پیش‌فرض سامانه")
    assert terms.positions == {"پیشفرض": [0], "پیش": [0], "فرض": [1], "سامانه": [2]}


def test_affixes_are_no_terms_of_their_own() -> None:
    terms = Terms()
    terms.add("می‌روم خانه‌های")
    assert set(terms.positions) == {"میروم", "روم", "خانههای", "خانه"}
    assert terms.stems["خانه"] == 1.0


def test_punctuation_ends_what_a_half_space_holds_together() -> None:
    assert _joined("(کتاب‌ها)، و/یا") == ["کتابها", "و", "یا"]
    assert _joined("\u200cکتاب\u200c") == ["کتاب"]


def test_identifiers_keep_together_and_come_apart() -> None:
    assert list(words("4827-1936-50")) == [Word("4827193650", ("4827", "1936", "50"))]
    assert list(words("۱۴۰۵/۰۸/۲۶")) == [Word("14050826", ("1405", "08", "26"))]
    assert list(words("Ali@Example.com")) == [Word("ali@example.com", ("ali", "example", "com"))]
    assert list(words("+۹۸۹۱۲")) == [Word("98912", ("98912",))]


@pytest.mark.parametrize("form,stem", [
    ("کتابی", "کتاب"), ("کتاب‌هایی", "کتاب"), ("اندیشه‌اش", "اندیشه"), ("نویسندگان", "نویسنده"), ("جراحان", "جراح"),
    ("امکانات", "امکان"), ("متخصصین", "متخصص"), ("نیازی", "نیاز"), ("کتابهایشان", "کتاب"), ("بزرگترین", "بزرگ"),
    ("requests", "request"), ("cities", "city"), ("boxes", "box"), ("buses", "buse"),
    ("دوستان", "دوست"), ("معنای", "معنا"), ("جایی", "جا"), ("کسی", "کس"), ("کسانی", "کس"), ("قطعات", "قطعه"),
    ("خدمات", "خدمت"), ("ایرانیان", "ایرانی"), ("افراد", "فرد"), ("افرادی", "فرد"), ("مدارک", "مدرک"),
])
def test_light_stems(form: str, stem: str) -> None:
    assert stem in stems(next(words(form)))


@pytest.mark.parametrize("word", ["آب", "ماه", "تهران", "glass", "bus", "is", "12", "ها", "می"])
def test_short_or_simple_words_lose_nothing_essential(word: str) -> None:
    assert all(len(stem) >= 2 for stem in stems(Word(squash(word), (squash(word),))))


def test_stop_words_are_few_and_folded() -> None:
    assert len(STOP_WORDS) < 200
    assert all(word == squash(word) for word in STOP_WORDS)
    assert not {"یک", "شهر", "علی", "کوچه", "خیابان", "میشود"} & STOP_WORDS


def test_broken_plurals_are_folded_and_lead_somewhere_else() -> None:
    assert len(SINGULARS) > 100
    for plural, singular in SINGULARS.items():
        assert plural == squash(plural)
        assert singular == squash(singular) != plural
        assert singular in stems(Word(plural, (plural,)))


def test_what_is_worth_a_place() -> None:
    assert searchable("کوچه")
    assert searchable("۵".translate({ord("۵"): "5"}))
    assert not searchable("و")
    assert not searchable("ق")


def test_code_keys() -> None:
    assert code_key("4827-1936-50") == code_key("۴۸۲۷ ۱۹۳۶ ۵۰") == "4827193650"
    assert code_key("۱۲/۳۴/ب") == "1234ب"
    assert code_key("«»‌ -") == ""


def test_titles_weigh_more_and_phrases_stay_inside_one_text() -> None:
    terms = Terms()
    terms.add("برق", 2.0)
    terms.add("برق آب")
    assert terms.weights == {"برق": 3.0, "آب".replace("آ", "ا"): 1.0}
    assert terms.positions["برق"][1] - terms.positions["برق"][0] > 50


@pytest.mark.parametrize("text", ["", " ", "\x00\ud800", "٪" * 9, "ا" * 5000, "a" * 5000, "\u200c" * 50, "‌ها", "می",
                                  "می می می", "ها ها", "می‌", "نمی می‌شود", "👩‍👩‍👧", "ไทย हिन्दी 漢字"])
def test_any_text_has_words(text: str) -> None:
    for word in words(text):
        assert 1 <= len(word.joined) <= MAX_LETTERS
        assert all(word.parts)
        stems(word)


def test_equal_for_lucene_are_equal_here(shared_data: Path) -> None:
    folder = shared_data / "3_persian"
    rows = [json.loads(line) for name in ("lucene_persian_normalizer.jsonl", "lucene_arabic.jsonl")
            for line in (folder / name).read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if "Normaliz" in row.get("file", "Normaliz")]
    assert len(rows) > 12
    assert [row for row in rows if _joined(row["input"]) != _joined(row["expected"])] == []
