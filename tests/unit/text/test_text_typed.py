"""Typed values in the form they are stored."""

from __future__ import annotations

from typing import Any

import pytest

from crm_core.model.request import Priority
from crm_core.text.typed import normal_value


@pytest.mark.parametrize(("typed", "stored"), [
    ("  چراغ خاموش\n", "چراغ خاموش"), ("می\u200cشود", "می\u200cشود"), (" \t\u2003", ""),
    (Priority.HIGH, "high"), (None, None), (5, 5), (False, False), (("a ",), ("a ",)),
])
def test_a_text_is_plain_and_has_no_space_around_it(typed: Any, stored: Any) -> None:
    found = normal_value(typed)
    assert found == stored
    assert type(found) is type(stored)
