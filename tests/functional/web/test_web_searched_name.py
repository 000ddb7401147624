"""A name that was searched for stands in the fields for it; a panel without citizens leads nobody to one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_views.testing import form_of

Browse = Callable[..., Any]


@pytest.mark.parametrize(("typed", "given", "family", "name"), [
    ("رضا رضایی", "رضا", "رضایی", ""), (" رضا  رضایی ", "رضا", "رضایی", ""), ("رضایی", "", "", "رضایی"),
    ("خانم رضایی", "", "", "خانم رضایی"), ("شركت آب", "", "", "شركت آب"), ("رضا رضایی پور", "", "", "رضا رضایی پور"),
])
def test_a_searched_name_is_typed_once(browse: Browse, desk: Any, typed: str, given: str, family: str,
                                       name: str) -> None:
    form = form_of(browse("clerk").get("/contacts/new", {"name": typed}))
    assert (form["given"].value, form["family"].value, form["name"].value) == (given, family, name)


def test_only_where_somebody_is_found_the_panel_says_how_to_look(browse: Browse, desk: Any) -> None:
    desk.contact("زهرا رضایی")
    clerk = browse("clerk")
    assert clerk.get("/find/panel", {"q": "زهرا"}).html.select_one(".peek p") is not None
    assert clerk.get("/find/panel", {"q": "qqqxxx"}).html.select_one(".peek p") is None
