"""What may be stored: plain data only (architecture §5.1), and one digest for equal data."""

from __future__ import annotations

import datetime
import json
from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.i18n import TextFactory
from crm_core.model.contact import ContactKind
from crm_core.model.plain import MAX_DEPTH, NotPlain, NotText, check, digest

_ = TextFactory("crm_core")

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


class Marked(str):
    """Text that would be pickled by a plugin's class."""


@given(plain)
def test_plain_data_passes_unchanged_and_survives_json(value: Any) -> None:
    """§5.1"""
    assert check(value) == value
    assert json.loads(json.dumps(check(value))) == value


@pytest.mark.parametrize(
    "value",
    [
        datetime.date(2026, 11, 22), datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC), b"bytes", {1, 2},
        ContactKind.PERSON, Marked("x"), _("a lazy sentence"), OrderedDict(a=1), len, int, float("nan"),
        float("inf"), {1: "number as key"}, {Marked("k"): 1}, 1j,
    ],
    ids=repr,
)
def test_what_is_not_plain_is_refused_wherever_it_lies(value: Any) -> None:
    """§5.1: enum members, lazy strings and dates would be pickled by their class."""
    for nested in (value, [value], {"a": {"b": [0, value]}}, (value,)):
        with pytest.raises(NotPlain):
            check(nested)


@pytest.mark.parametrize("text", ["\ud800", "name\udfff"])
def test_half_a_character_is_no_text(text: str) -> None:
    """§5.1: it could be stored, but neither shown nor exported; only a broken or hostile sender sends it."""
    with pytest.raises(NotText):
        check({"deep": [text]})
    with pytest.raises(NotText):
        check({text: 1})
    with pytest.raises(NotText):
        check(text)


def test_the_message_names_the_place() -> None:
    with pytest.raises(NotPlain, match=r"answers\.days\[1\] is datetime\.date"):
        check({"days": ["2026-11-22", datetime.date(2026, 11, 22)]}, "answers")


def test_tuples_become_lists_and_containers_are_copied() -> None:
    """What the caller does with its own list afterwards does not reach the stored one."""
    mine = {"rows": [(1, 2)]}
    stored = check(mine)
    mine["rows"].append((3, 4))
    assert stored == {"rows": [[1, 2]]}


def test_nesting_has_an_end() -> None:
    deep: Any = []
    for _level in range(MAX_DEPTH + 1):
        deep = [deep]
    with pytest.raises(NotPlain, match="nested deeper"):
        check(deep)
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(NotPlain):
        check(loop)


@given(st.dictionaries(st.text(max_size=4), plain, max_size=4))
def test_the_digest_does_not_depend_on_the_order_of_keys(value: dict[str, Any]) -> None:
    """§5.2: versions are addressed by content."""
    assert digest(value) == digest(dict(reversed(list(value.items()))))
    assert digest(value) != digest({**value, "one more key": 1})
