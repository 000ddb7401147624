"""Folding is an equivalence: what people would call the same text folds to the same string."""

import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.text.folding import fold, squash, tokens

anything = st.text(st.characters(exclude_categories=()))

# Rows that ask for more than "the same text", with the reason. All others must fold alike.
NOT_FOLDING = {
    ("test_normalize", "اِعلاممممم کَرد : « زمین لرزه ای به بُزرگیِ 6 دهم ریشتر ...»"): "drops repeated letters",
    ("test_remove_specials_chars", "پیامبر اکرم ﷺ"): "drops a whole phrase written as one sign",
}
# Rows that correct spacing: equal without spaces, which is what squash is for.
ONLY_SPACING = {
    "مسافت ۹کیلومتر": "a space between number and word",
    "جمعهها مطالعه کنید": "a half-space before ها",
    "و...": "a space before the dots",
    "نمیدانم چه میگفت": "half-spaces after می",
}


def differing(rows: list[dict[str, Any]], same: Any) -> set[tuple[str, str]]:
    """The (test, input) of rows whose input and expected form are not the same under `same`."""
    found = set()
    for row in rows:
        sides = (row["input"], row["expected"])
        given_text, wanted = (" ".join(side) if isinstance(side, list) else side for side in sides)
        if same(given_text) != same(wanted):
            found.add((row["test"], given_text))
    return found


def test_lucene_persian_normalizer_rows_fold_alike(vectors: Any) -> None:
    rows = vectors("lucene_persian_normalizer.jsonl")
    assert len(rows) == 6
    assert differing(rows, fold) == set()


def test_lucene_arabic_normalization_rows_fold_alike(vectors: Any) -> None:
    rows = [row for row in vectors("lucene_arabic.jsonl") if row["file"] == "TestArabicNormalizationFilter.java"]
    assert len(rows) == 14
    assert differing(rows, fold) == set()


def test_hazm_normalizer_rows_fold_alike(vectors: Any) -> None:
    rows = [row for row in vectors("hazm_normalizer_stemmer.jsonl") if row["file"] == "test_normalizer.py"]
    assert len(rows) > 20
    assert {text for _, text in differing(rows, fold)} == set(ONLY_SPACING) | {text for _, text in NOT_FOLDING}
    assert differing(rows, squash) == set(NOT_FOLDING)


def test_persian_tools_character_and_half_space_rows(vectors: Any) -> None:
    rows = [row for row in vectors("persian_tools_ts.jsonl") if row["fn"] in {"toPersianChars", "halfSpace"}]
    checked = [row for row in rows if row["expected"] and row["args"]]
    assert len(checked) == 8
    for row in checked:
        assert squash(row["args"][0]) == squash(row["expected"][0])


@pytest.mark.parametrize(
    "one, other",
    [
        ("علي", "علی"), ("كتاب", "کتاب"), ("فاطمة", "فاطمه"), ("ۀ", "ه"), ("هٔ", "ه"), ("أحمد", "احمد"), ("آرش", "ارش"),
        ("مؤمن", "مومن"), ("رئیس", "رییس"), ("علاءالدین", "علاالدین"), ("مُحَمَّد", "محمد"), ("رحمٰن", "رحمن"),
        ("محمـــد", "محمد"), ("ﻣﺤﻤﺪ", "محمد"), ("می‌شود", "می شود"), ("می\u200fشود", "می شود"),
        ("می\u00adشود", "می شود"),
        ("José", "JOSE"), ("Łódź", "lodz"), ("Straße", "STRASSE"), ("İstanbul", "istanbul"), ("Ærø", "aero"),
        ("۱۲۳", "١٢٣"), ("۱۲۳", "123"), ("१२", "12"), ("１２", "12"), ("سلام،", "سلام,"), ("  a \t b\n", "a b"),
        ("“x”—y’s", "\"x\"-y's"), ("ﷲ", "الله"), ("\ufeffx", "x"), ("Й", "и"), ("한글", "한글"),
    ],
)  # fmt: skip
def test_the_same_text(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize("one, other", [("ب", "پ"), ("ک", "گ"), ("が", "か"), ("کی", "کا"), ("o", "0")])
def test_other_texts(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_joined_and_split_words_are_one_when_squashed() -> None:
    assert squash("محمد رضا") == squash("محمد‌رضا") == squash("محمدرضا") == "محمدرضا"


def test_every_character_of_unicode_folds_to_something_stable_and_visible() -> None:
    blank = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"}
    wrong = []
    # Planes 3 to 13 are ideographs and unassigned: nothing there folds in its own way.
    for code in (*range(0x20000), *range(0xE0000, 0xE0200)):
        char = chr(code)
        folded = fold(char)
        category = unicodedata.category(char)
        if (
            fold(folded) != folded
            or (category in blank and folded)
            or (category == "Nd" and folded != str(unicodedata.decimal(char)))
        ):
            wrong.append(f"U+{code:04X}")
    assert wrong == [], sys.version


@settings(deadline=None)
@given(anything)
def test_folding_twice_changes_nothing(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert fold(squash(text)) == squash(text)
    assert fold(f" {text}\u200c") == folded
    folded.encode("utf-8")


@settings(deadline=None)
@given(anything)
def test_tokens_are_folded_and_hold_no_space(text: str) -> None:
    for token in tokens(text):
        assert token
        assert not any(char.isspace() for char in token)
    assert tokens(fold(text)) == tokens(text)


@pytest.mark.parametrize(
    "text, words",
    [
        ("کتاب‌های (نو)، و «قدیمی»؟", ["کتاب", "های", "نو", "و", "قدیمی"]),
        ("کد ۴۸۲۷-۱۹۳۶-۵۰ را گم کردم.", ["کد", "4827-1936-50", "را", "گم", "کردم"]),
        ("به Ali.R+x@Example.com بنویسید.", ["به", "ali.r+x@example.com", "بنویسید"]),
        ("تاریخ ۱۴۰۵/۸/۲۶ ساعت ۱۰:۳۰", ["تاریخ", "1405/8/26", "ساعت", "10:30"]),
        ("پلاک ۱۲الف، طبقهٔ۳", ["پلاک", "12", "الف", "طبقه", "3"]),
        ("نامهٔ A-12/B و SR_77", ["نامه", "a-12/b", "و", "sr_77"]),
        ("محمد-رضا O’Brien well-known", ["محمد", "رضا", "obrien", "well", "known"]),
        ("+989120000147", ["+989120000147"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("...!؟", []),
    ],
)
def test_tokens(text: str, words: list[str]) -> None:
    assert tokens(text) == words


def test_folding_survives_naughty_strings(naughty: list[str]) -> None:
    for text in naughty:
        assert fold(fold(text)) == fold(text)
        assert isinstance(tokens(text), list)
