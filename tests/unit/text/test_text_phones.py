"""Phone numbers: every way people write one number gives one value, and its beginning finds it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.text.errors import InvalidIdentifier
from crm_core.text.phones import display_phone, phone, phone_prefix

mobiles = st.from_regex(r"9[0-79][0-9]{8}", fullmatch=True)


def refused(text: str, region: str = "IR") -> str:
    with pytest.raises(InvalidIdentifier) as caught:
        phone(text, region)
    return caught.value.code


def test_persian_tools_phone_rows(vectors: Any) -> None:
    rows = {row["args"][0]: row for row in vectors("persian_tools_ts.jsonl") if row["file"] == "phoneNumber.spec.ts"}
    differing = set()
    for text, row in rows.items():
        good = not (row["matcher"] == "toThrow" or row["expected"] in ([None], [""]))
        try:
            value = phone(text)
        except InvalidIdentifier:
            value = ""
        if bool(value) != good:
            differing.add(text)
        if row["fn"] == "phoneNumberNormalizer" and good:
            assert value.removeprefix("+98") == row["expected"][0].removeprefix("+98").removeprefix("0")
    assert len(rows) > 12
    assert differing == set()


@pytest.mark.parametrize(
    "text",
    [
        "09120000147", "۰۹۱۲ ۰۰۰ ۰۱ ۴۷", "٠٩١٢٠٠٠٠١٤٧", "+989120000147", "00989120000147", "989120000147", "9120000147",
        "+98 (0)912 000-01-47", "tel:+98-912-000-0147", "\u202a+98 912 000 0147\u202c", "0912‌000‌0147",
        "０９１２００００１４７", "989120000147+",
    ],
)  # fmt: skip
def test_one_number_written_in_many_ways(text: str) -> None:
    assert phone(text) == "+989120000147"


def test_fixed_lines_and_other_countries() -> None:
    assert phone("021 5500 0018") == "+982155000018"
    assert phone("+1 (415) 555-2671") == "+14155552671"
    assert phone("001 415 555 2671") == "+14155552671"
    assert phone("(415) 555-2671", "US") == "+14155552671"


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "empty"), ("سلام", "characters"), ("0912x000147", "characters"), ("1-800-FLOWERS", "characters"),
        ("110", "length"), ("1505", "length"), ("021110", "length"), ("55000018", "length"), ("0912000014", "length"),
        ("091200001477", "length"), ("+98", "length"), ("000989022002580", "length"), ("+999123456789", "prefix"),
        ("+98 98 9120 0001", "prefix"),
        ("0912 000 01 47, 0935 000 11 02", "characters"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused_with_a_word(text: str, reason: str) -> None:
    assert refused(text) == reason


@pytest.mark.parametrize("text", ["0912", "912", "98912", "0098912", "+98912", "۰۹۱۲", "+98 0912", "0098 912", "9 1 2"])
def test_the_beginning_of_a_number(text: str) -> None:
    assert phone_prefix(text) == ["+98912"]


@pytest.mark.parametrize(
    "text, prefixes",
    [
        ("021", ["+9821"]), ("+1415", ["+1415"]), ("001415", ["+1415"]), ("989", ["+989"]),
        ("09120000147", ["+989120000147"]),
        ("09", []), ("98", []), ("+44", []), ("009", []), ("علی", []), ("", []), ("0912 علی", []),
        ("4827193650123", []),
        ("091200001477", []), ("+0912", []),
    ],
)  # fmt: skip
def test_beginnings_that_may_or_may_not_be_a_number(text: str, prefixes: list[str]) -> None:
    assert phone_prefix(text) == prefixes


@settings(deadline=None)
@given(mobiles, st.integers(2, 10), st.sampled_from(["", "0", "98", "0098", "+98"]))
def test_every_beginning_of_three_digits_finds_the_number(national: str, length: int, before: str) -> None:
    typed = before + national[:length]
    if sum(char.isdigit() for char in typed) >= 3:
        assert any(phone("0" + national).startswith(prefix) for prefix in phone_prefix(typed))


@settings(deadline=None)
@given(mobiles)
def test_shown_and_typed_back(national: str) -> None:
    value = phone(national)
    assert value == f"+98{national}"
    assert phone(display_phone(value)) == value


def test_numbers_are_shown_as_iran_writes_them() -> None:
    assert display_phone("+989120000147") == "0912 000 01 47"
    assert display_phone("+982155000018") == "021 5500 00 18"
    assert display_phone("+14155552671") == "+1 415-555-2671"
    assert display_phone("not a number") == "not a number"


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_any_text_has_prefixes_or_none(text: str) -> None:
    for prefix in phone_prefix(text):
        assert prefix[0] == "+"
        assert prefix[1:].isdecimal()
