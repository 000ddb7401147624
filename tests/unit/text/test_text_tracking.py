"""Tracking codes: ten digits that a slip of the finger never turns into somebody else's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.text.errors import InvalidIdentifier
from crm_core.text.tracking import check_digit, group_code, is_code, new_code, normalise_code

codes = st.integers(10**8, 10**9 - 1).map(lambda number: f"{number}{check_digit(str(number))}")


def test_the_published_example_of_damm() -> None:
    assert check_digit("572") == "4"


def test_new_codes_are_ten_digits_and_never_begin_with_zero() -> None:
    made = {new_code() for _ in range(500)}
    assert len(made) > 490
    for code in made:
        assert len(code) == 10
        assert code.isascii()
        assert code.isdecimal()
        assert code[0] != "0"
        assert is_code(code)


@settings(deadline=None)
@given(codes, st.integers(0, 9), st.integers(0, 9))
def test_a_single_wrong_digit_is_caught(code: str, place: int, digit: int) -> None:
    wrong = code[:place] + str(digit) + code[place + 1 :]
    assert is_code(wrong) == (wrong == code)


@settings(deadline=None)
@given(codes, st.integers(0, 8))
def test_swapped_neighbours_are_caught(code: str, place: int) -> None:
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert is_code(swapped) == (swapped == code)


def test_all_slips_in_two_digits_are_caught() -> None:
    """The property that makes Damm's table: exhaustive over what two neighbours can be after any interim digit."""
    for before in range(10):
        for first in range(10):
            for second in range(10):
                if first != second:
                    assert check_digit(f"{before}{first}{second}") != check_digit(f"{before}{second}{first}")
                    assert check_digit(f"{before}{first}") != check_digit(f"{before}{second}")


@settings(deadline=None)
@given(codes)
def test_grouped_and_typed_back(code: str) -> None:
    grouped = group_code(code)
    assert [len(part) for part in grouped.split("-")] == [4, 4, 2]
    persian = grouped.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    for typed in (grouped, persian, persian.replace("-", "–"), f" \u200f{code} ", " ".join(code)):
        assert normalise_code(typed) == code


@pytest.mark.parametrize(
    "text, reason",
    [
        (" -", "empty"), ("48271936", "length"), ("4827193651234", "length"), ("0123456789", "length"),
        ("abc", "characters"),
    ],
)  # fmt: skip
def test_refused_with_a_stable_word(text: str, reason: str) -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        normalise_code(text)
    assert caught.value.code == reason
    assert isinstance(caught.value, ValueError)


def test_a_wrong_check_digit_is_named() -> None:
    code = new_code()
    with pytest.raises(InvalidIdentifier) as caught:
        normalise_code(code[:-1] + str((int(code[-1]) + 1) % 10))
    assert caught.value.code == "checksum"


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_a_code_or_is_not(text: str) -> None:
    assert is_code(text) in {True, False}
