"""Where a page begins for the keyboard: the first field of a form, the first kind, the first way to go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp

from crm_views.testing import fill, form_of, speak

Browse = Callable[..., TestApp]


@pytest.mark.parametrize(("address", "name"), [
    ("/contacts/new", "given"), ("/contacts/new?name=Zahra", "given"), ("{here}/edit", "given"),
    ("/interactions/new", "body"), ("{here}/requests/new/core.general", "text"), ("/work/views/new", "name"),
    ("/admin/units/new", "name"),
])
def test_a_form_that_fills_its_page_begins_in_a_field(browse: Browse, desk: Any, address: str, name: str) -> None:
    login = "admin" if "admin" in address else "clerk"
    page = browse(login).get(address.format(here=f"/contacts/{desk.contact('زهرا رضایی')}"))
    named = page.html.select_one("form[data-focus]")["data-focus"]
    place = page.html.find(id=named)
    control = place if place.has_attr("name") else place.select_one("[name]:not([type=hidden])")
    assert control["name"] in (name, named)


def test_an_error_summary_keeps_the_focus(browse: Browse, desk: Any) -> None:
    page = fill(form_of(browse("clerk").get("/contacts/new")), phone="0912").submit("submit", status=422)
    assert page.html.select("[data-focus]") == []
    assert page.html.select_one(".errsum").has_attr("autofocus")


def test_kinds_are_chosen_by_digits(browse: Browse, desk: Any) -> None:
    browser = browse("clerk")
    speak(browser, "fa")
    page = browser.get(f"/contacts/{desk.contact()}/requests/new")
    rows = page.html.select("a.hit")
    assert [row.get("data-digit") for row in rows][:2] == ["1", "2"][: len(rows)]
    assert rows[0].select_one("kbd").get_text() == "۱"
    assert [row for row in rows if row.has_attr("data-focus")] == rows[:1]


def test_an_unknown_number_leads_on_to_a_new_citizen(browse: Browse, desk: Any) -> None:
    page = browse("clerk").get("/find", {"q": "09120009999"})
    assert page.html.select_one("[data-focus]")["href"].startswith("/contacts/new?phone=")


def test_the_words_on_an_ended_login_promise_only_what_is_kept(browse: Browse, desk: Any) -> None:
    words = browse("clerk").get("/contacts/new").html.select_one("[data-draft-kept]")["data-ended"]
    assert "nothing is lost" not in words
    assert "if this browser still knows who you are" in words
