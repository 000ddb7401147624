"""Odd values in the query and in the path of every page that is read: an answer in words, never a failure of ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest
from webtest import TestApp

from crm_views.routes import ROUTES
from crm_views.testing import sign_in

NUMBERS = ("0", "-1", "-" + "9" * 30, "9" * 400, "1e9", "1.5", "٣", "²", "0x10", "NaN", "007", "9223372036854775808")
TEXTS = ("", " ", "\x00", "\u202e", "%", "'\"<b>", "../..", "x" * 5000, "🇮🇷", "a&b=c", "//evil.example",
         "javascript:alert(1)", "None", "[]", "{}")
DATES = ("9999-12-31", "0001-01-01", "1405/13/40", "-1405/1/1", "99999999999/1/1", "yesterday", "10000-01-01")
VALUES = (*NUMBERS, *TEXTS, *DATES)
TURNS = 5

NAMES = (
    "q", "page", "all", "view", "unit", "type", "status", "priority", "channel", "to", "in", "due", "since", "until",
    "words", "sort", "col", "compose", "address", "about", "from", "slot", "kept", "tab", "next", "ended", "lost",
    "before", "after", "at", "do", "c", "text", "phone", "national_id", "email", "name", "state", "role", "user",
    "record", "action", "other", "interaction", "back", "parent", "prefer", "language", "paper", "part", "theme",
    "show", "who", "kind", "field",
)
"""Every parameter that some page reads, and a few that none does."""


def addresses(desk: Any) -> list[tuple[str, str]]:
    """Route and path of every address, with things that are there."""
    contact, other = desk.contact("زهرا رضایی", phone="09120000147"), desk.contact("زهرا رضائی")
    code = desk.case(contact, title="آسفالت")

    def log(services: Any) -> int:
        return int(services.interactions.log(services.contacts.get(contact), channel="phone", body="گفت").id)

    there = {
        "contact": str(contact), "other": str(other), "first": str(contact), "second": str(other), "code": code,
        "interaction": str(desk.run(log, "clerk")), "unit": str(desk.units["streets"]), "place": "0", "kind": "parent",
        "user": str(desk.who["second"].user_id), "view": "1", "file": "1",
    }
    types = {"request_new": "core.general", "admin_type": "core.general"}
    found = []
    for name, pattern in ROUTES:
        values = there | {"type": types.get(name, "")}
        for key, value in values.items():
            pattern = pattern.replace(f"{{{key}}}", value)
        found.append((name, pattern))
    return found


def reads(web: Any, route: str) -> bool:
    """Whether a view of this route is read."""
    views = (entry["introspectable"] for entry in web.registry.introspector.get_category("views"))
    return any(view["route_name"] == route and "GET" in (view["request_methods"] or "GET") for view in views)


def ask(browser: TestApp, address: str) -> None:
    """Any answer but a failure of ours."""
    answer = browser.get(address, expect_errors=True)
    assert answer.status_int < 500, (address[:300], answer.status)


@pytest.fixture
def readers(web: Any) -> list[TestApp]:
    return [sign_in(web, "supervisor"), sign_in(web, "admin")]


def test_every_page_takes_odd_values_of_all_its_parameters(desk: Any, web: Any, readers: list[TestApp]) -> None:
    """Each page is asked a few times, each time with another value for each of the parameters."""
    for number, (name, path) in enumerate(addresses(desk)):
        if not reads(web, name):
            continue
        browser = readers[name.startswith("admin")]
        for turn in range(TURNS):
            first = number * TURNS + turn
            values = [(one, VALUES[(first + place * 7) % len(VALUES)]) for place, one in enumerate(NAMES)]
            ask(browser, f"{path}?{urlencode(values)}")


def test_every_page_takes_parameters_repeated_and_empty(desk: Any, web: Any, readers: list[TestApp]) -> None:
    for name, path in addresses(desk):
        if reads(web, name):
            browser = readers[name.startswith("admin")]
            ask(browser, f"{path}?{'&'.join(NAMES)}")
            ask(browser, f"{path}?{'&'.join(f'{one}=-3&{one}=2&{one}=%D9%A2&{one}' for one in NAMES)}")
            ask(browser, f"{path}?q=%ED%A0%BD&page=%ff")


def test_every_path_takes_odd_parts(desk: Any, web: Any, readers: list[TestApp]) -> None:
    for number, (name, pattern) in enumerate(ROUTES):
        if "{" not in pattern or not reads(web, name):
            continue
        for value in VALUES[number % 4 :: 4]:
            parts = [quote(value, safe="") if part.startswith("{") else part for part in pattern.split("/")]
            ask(readers[name.startswith("admin")], "/".join(parts))
