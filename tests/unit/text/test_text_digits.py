"""Digits of all scripts in, ASCII kept, Persian shown."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.text.digits import localise, to_ascii, to_persian

# Functions of persian-tools that convert from one script only leave the other one alone; ours read any.
ONE_SCRIPT_ONLY = {("digitsArToEn", "0123۴۵۶789"), ("digitsEnToFa", "٤٥٦")}
SAME_TASK = {
    "digitsArToEn": to_ascii, "digitsFaToEn": to_ascii, "digitsArToFa": to_persian, "digitsEnToFa": to_persian,
}  # fmt: skip


def test_persian_tools_digit_rows(vectors: Any) -> None:
    rows = [row for row in vectors("persian_tools_ts.jsonl") if row["fn"] in SAME_TASK and row["args"] != [None]]
    assert len(rows) == 11 - 2
    differing = {
        (row["fn"], row["args"][0]) for row in rows if SAME_TASK[row["fn"]](str(row["args"][0])) != row["expected"][0]
    }
    assert differing == ONE_SCRIPT_ONLY


def test_digits_of_other_scripts() -> None:
    assert to_ascii("۱۲ ٣٤ ५६ ７８ ²") == "12 34 56 78 ²"
    assert to_persian("a1 ٢") == "a۱ ۲"


def test_localise_follows_the_language_of_the_locale() -> None:
    assert localise("10:41", "fa") == localise("10:41", "fa_IR") == localise("10:41", "fa-IR") == "۱۰:۴۱"
    assert localise("۱۰:۴۱", "en") == "10:41"


@settings(deadline=None)
@given(st.text())
def test_there_and_back(text: str) -> None:
    assert to_ascii(to_persian(text)) == to_ascii(text)
    assert to_ascii(to_ascii(text)) == to_ascii(text)
    assert len(to_ascii(text)) == len(text)
