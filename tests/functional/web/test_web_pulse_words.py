"""The count beside the pulse says how many months it counts: the history may be longer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webtest import TestApp


def test_the_count_says_of_how_long(browse: Callable[..., TestApp], desk: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    desk.case(contact)
    page = browse("clerk").get(f"/contacts/{contact}")
    assert len(page.html.select(".pulse-months tbody th")) == 24
    assert page.html.select_one(".pulse-months summary .muted").get_text(" ", strip=True) == "in 24 months"
