"""Identifiers: the normal form, what is refused and with which word, and vectors of persian-tools."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.text import identifiers
from crm_core.text.identifiers import SCHEMES, InvalidIdentifier, display, normalise

typed = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.text("0123456789۰۱۲۳٤+-() ./", max_size=20),
    st.from_regex(r"@?[A-Za-z0-9_./:-]{1,30}"),
    st.emails(),
)


def accepts(function: Callable[[str], str], text: str) -> bool:
    """Whether a function takes the text; any error but its own passes through and fails the test."""
    try:
        function(text)
    except InvalidIdentifier as error:
        return not error.code  # a refusal always has its word
    return True


def refused(function: Callable[[str], str], text: str) -> str:
    with pytest.raises(InvalidIdentifier) as caught:
        function(text)
    return caught.value.code


def test_persian_tools_national_id_rows(vectors: Any) -> None:
    rows = [row for row in vectors("persian_tools_ts.jsonl") if row["fn"] == "verifyIranianNationalId"]
    # "9990419904" is refused there by its prefix alone, with a list of birth places we do not keep: the registry
    # gives out new prefixes. Its checksum is right.
    by_prefix = {"9990419904"}
    differing = {
        str(row["args"][0])
        for row in rows
        if accepts(identifiers.national_id, str(row["args"][0] or "")) != row["expected"][0]
    }
    assert len(rows) == 16
    assert differing <= by_prefix


def test_persian_tools_ids_with_a_known_birth_place_are_valid(vectors: Any) -> None:
    # That function looks at the first three digits only; the weighted sum of this one is 197, so its last should be 1.
    wrong_check_digit = {"0084545943"}
    rows = vectors("persian_tools_ts.jsonl")
    known = {row["args"][0] for row in rows if row["fn"] == "getPlaceByIranNationalId" and row["expected"]}
    assert len(known) == 8
    assert {text for text in known if not accepts(identifiers.national_id, text)} == wrong_check_digit


def test_persian_tools_legal_id_rows(vectors: Any) -> None:
    rows = [row for row in vectors("persian_tools_ts.jsonl") if row["fn"] == "verifyIranianLegalId"]
    assert len(rows) == 5
    for row in rows:
        assert accepts(identifiers.legal_id, str(row["args"][0])) == (row["matcher"] == "toBeTruthy"), row


def test_persian_tools_sheba_rows(vectors: Any) -> None:
    rows = [row for row in vectors("persian_tools_ts.jsonl") if row["fn"] in {"isShebaValid", "getShebaInfo"}]
    assert len(rows) == 5
    for row in rows:
        assert accepts(identifiers.sheba, row["args"][0]) == (row["matcher"] != "toBeFalsy"), row


def test_national_id() -> None:
    assert identifiers.national_id("۰۴۹۹۳۷۰۸۹۹") == "0499370899"
    assert identifiers.national_id("049-937089-9") == "0499370899"
    assert identifiers.national_id("499370899") == "0499370899"
    assert refused(identifiers.national_id, "1111111111") == "repeated"
    assert refused(identifiers.national_id, "0499370898") == "checksum"
    assert refused(identifiers.national_id, "1234567") == "length"
    assert refused(identifiers.national_id, "04993a0899") == "characters"
    assert refused(identifiers.national_id, " ") == "empty"


@settings(deadline=None)
@given(st.integers(1, 10**9 - 1), st.integers(0, 9), st.integers(0, 9))
def test_a_wrong_digit_in_a_national_id_is_caught(number: int, place: int, digit: int) -> None:
    body = f"{number:09}"
    rest = sum(int(char) * weight for char, weight in zip(body, range(10, 1, -1), strict=True)) % 11
    right = f"{body}{rest if rest < 2 else 11 - rest}"
    if len(set(right)) == 1:
        return
    assert identifiers.national_id(right) == right
    wrong = right[:place] + str(digit) + right[place + 1 :]
    # Only the remainders 1 and 10 have the same check digit (1), so nearly every changed digit shows.
    if wrong != right and accepts(identifiers.national_id, wrong):
        changed = sum(int(char) * weight for char, weight in zip(wrong[:9], range(10, 1, -1), strict=True)) % 11
        assert {rest, changed} == {1, 10}


def test_legal_id() -> None:
    assert identifiers.legal_id("۱۰۳۸۰۲۸۴۷۹۰") == "10380284790"
    assert refused(identifiers.legal_id, "1038028479") == "length"
    assert refused(identifiers.legal_id, "10380284791") == "checksum"
    assert refused(identifiers.legal_id, "11111111111") == "repeated"


@pytest.mark.parametrize("code", ["1417614411", "1591634311", "8415683111", "1458889694"])
def test_postal_codes_of_iranian_universities(code: str) -> None:
    assert identifiers.postal_code(f"{code[:5]}-{code[5:]}") == code
    assert display("postal_code", code) == f"{code[:5]}-{code[5:]}"


def test_postal_codes_that_are_not_given_out() -> None:
    assert refused(identifiers.postal_code, "1111134567") == "repeated"
    assert refused(identifiers.postal_code, "1217614411") == "prefix"
    assert refused(identifiers.postal_code, "1417514411") == "prefix"
    assert refused(identifiers.postal_code, "141761441") == "length"


def test_sheba() -> None:
    right = "IR820540102680020817909002"
    assert identifiers.sheba("ir82 0540 1026 8002 0817 9090 02") == right
    assert identifiers.sheba("۸۲۰۵۴۰۱۰۲۶۸۰۰۲۰۸۱۷۹۰۹۰۰۲") == right
    assert refused(identifiers.sheba, right[:-1]) == "length"
    assert refused(identifiers.sheba, right[:-1] + "3") == "checksum"
    assert refused(identifiers.sheba, "DE82054010268002081790900") == "prefix"


def test_passport_and_external() -> None:
    assert identifiers.passport(" k-۱۲۳۴۵۶۷۸ ") == "K12345678"
    assert refused(identifiers.passport, "ABCDEF") == "characters"
    assert refused(identifiers.passport, "A123") == "length"
    assert identifiers.external("  SR\u200f ۱۲ \n x ") == "SR 12 x"
    assert refused(identifiers.external, "x" * 201) == "length"


@pytest.mark.parametrize("text", ["@Ali_Rezaei", "ali_rezaei", "https://t.me/Ali_Rezaei/", "ble.ir/ali_rezaei"])
def test_messenger_names(text: str) -> None:
    assert identifiers.messenger(text) == "ali_rezaei"
    assert display("bale", "ali_rezaei") == "@ali_rezaei"


def test_messenger_numbers_and_what_is_neither() -> None:
    assert normalise("telegram", "۱۲۳۴۵۶۷") == "1234567"
    assert display("telegram", "1234567") == "1234567"
    assert refused(identifiers.messenger, "علی") == "characters"
    assert refused(identifiers.messenger, "ab") == "length"


def test_schemes() -> None:
    assert set(SCHEMES) == {
        "phone", "email", "national_id", "legal_id", "passport", "telegram", "bale", "eitaa", "whatsapp", "external",
        "postal_code",
    }  # fmt: skip
    assert normalise("whatsapp", "0912 000 01 47") == "+989120000147"
    assert refused(lambda text: normalise("fax", text), "1") == "scheme"
    assert display("national_id", "0499370899") == "049 937089 9"
    assert display("no such scheme", "x") == "x"


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(SCHEMES), typed)
def test_normal_forms_are_stable_and_nothing_else_is_raised(scheme: str, text: str) -> None:
    try:
        value = normalise(scheme, text)
    except InvalidIdentifier:
        return
    assert normalise(scheme, value) == value
    value.encode("utf-8")
    assert display(scheme, value)


@settings(deadline=None)
@given(st.sampled_from(SCHEMES), typed)
def test_whatever_is_stored_can_be_shown(scheme: str, text: str) -> None:
    assert isinstance(display(scheme, text), str)


@settings(deadline=None)
@given(typed)
def test_sheba_raises_its_own_error_only(text: str) -> None:
    accepts(identifiers.sheba, text)


def test_naughty_strings_are_taken_or_refused(naughty: list[str]) -> None:
    for text in naughty:
        for scheme in SCHEMES:
            accepts(partial(normalise, scheme), text)
            assert isinstance(display(scheme, text), str)
        accepts(identifiers.sheba, text)
