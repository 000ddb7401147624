"""Which part of a typed name is whose: only where that is plain."""

from __future__ import annotations

import pytest

from crm_core.text.names import in_parts


@pytest.mark.parametrize(("typed", "parts"), [
    ("رضا رضایی", {"given": "رضا", "family": "رضایی"}),
    ("  رضا   رضایی ", {"given": "رضا", "family": "رضایی"}),
    ("رضا", {"name": "رضا"}),
    ("محمد رضا رضایی", {"name": "محمد رضا رضایی"}),
    ("سید رضا", {"name": "سید رضا"}),
    ("شركت نمونه", {"name": "شركت نمونه"}),
    ("", {}),
])
def test_two_plain_words_are_given_and_family_name(typed: str, parts: dict[str, str]) -> None:
    assert in_parts(typed) == parts
