"""Persian alphabetical order."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.text.collation import ALPHABET, collation_key


def test_the_alphabet_has_thirty_two_letters_and_alef_with_madda() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 33
    assert sorted(ALPHABET, key=collation_key) == list(ALPHABET)


def test_names_in_the_order_of_a_persian_list() -> None:
    wanted = [
        "", "آذر", "آرش", "ابراهیم", "اکبر", "بابک", "پرویز", "تقی", "ثریا", "جواد", "چنگیز", "حسن", "خسرو", "داریوش",
        "رضا", "ژاله", "سارا", "شیرین", "علی آبادی", "علی‌اکبر", "علی رضا", "علیا", "فاطمه", "کاوه", "كوروش", "گلی",
        "لیلا",
        "مریم", "ناهید", "وحید", "هاله", "یاسر", "۲", "10", "۱۱", "Adam", "Élise", "Zahra", "Юрий",
    ]  # fmt: skip
    shuffled = wanted[:]
    random.Random(1).shuffle(shuffled)
    assert sorted(shuffled, key=collation_key) == wanted


def test_forms_of_a_letter_do_not_separate_names() -> None:
    assert collation_key("علي")[0] == collation_key("علی")[0]
    assert collation_key("كريم")[0] == collation_key("کریم")[0]
    assert collation_key("آ") == (((2, 0, ""),), "آ")
    assert collation_key("\u0627\u0653")[0] == collation_key("آ")[0]


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=())), max_size=6))
def test_any_texts_sort_and_always_the_same_way(texts: list[str]) -> None:
    backwards = texts[::-1]
    assert sorted(texts, key=collation_key) == sorted(backwards, key=collation_key)


def test_naughty_strings_sort(naughty: list[str]) -> None:
    assert len(sorted(naughty, key=collation_key)) == len(naughty)
