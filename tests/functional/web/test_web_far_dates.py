"""Dates that one calendar has and the other does not: refused in words, never a page that cannot be opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp

from crm_views.keeping import FORM_FIELD, Draft
from crm_views.testing import fill, form_of

Browse = Callable[..., TestApp]
FAR = ("9999-12-31", "0001-01-01", "9999-03-20", "0622-03-21", "1599-12-31")


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_far_date_is_refused_and_stays_as_it_was_typed(browse: Browse, desk: Any, language: str) -> None:
    contact = desk.contact()
    code = desk.case(contact)
    desk.run(lambda services: services.users.edit(services.users.by_login("supervisor"), {"language": language}))
    browser = browse("supervisor")
    forms = ((f"/requests/{code}/edit", "edit", "due"), (f"/contacts/{contact}/edit", "form", "birth_date"))
    for typed in FAR:
        for address, form, name in forms:
            page = fill(form_of(browser.get(address), form), **{name: typed}).submit("submit", status=422)
            assert form_of(page, form)[name].value == typed
            assert page.html.select(".field.has-error")


@pytest.mark.parametrize("typed", FAR[:2])
def test_a_draft_with_a_far_date_opens_and_can_be_thrown_away_from_the_list(
    browse: Browse, desk: Any, web: Any, typed: str
) -> None:
    address = f"/contacts/{desk.contact('زهرا رضایی')}/edit"
    browser = browse("clerk")
    draft = Draft(place=address, name="form", pairs=[(FORM_FIELD, "form"), ("birth_date", typed)], key="k", writer="w",
                  page=address, title="Edit")
    assert web.registry.crm_keeper.save(desk.who["clerk"].user_id, draft, 0, force=False)[0] == "kept"

    assert form_of(browser.get(address))["birth_date"].value == typed
    work = browser.get("/")
    assert "زهرا رضایی" in work.html.find("section", attrs={"aria-labelledby": "drafts"}).text
    work = form_of(work, "/drafts/discard").submit(status=303).follow()
    work.mustcontain("The draft is thrown away.")
    assert work.html.find("section", attrs={"aria-labelledby": "drafts"}) is None
    assert form_of(browser.get(address))["birth_date"].value == ""


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_far_date_is_read_back_as_one_that_cannot_be_meant(browse: Browse, desk: Any, language: str) -> None:
    desk.run(lambda services: services.users.edit(services.users.by_login("clerk"), {"language": language}))
    browser = browse("clerk")
    for typed in FAR:
        assert list(browser.get("/forms/date", {"text": typed}).json) == ["error"]


@pytest.mark.parametrize("language", ["en", "fa"])
@pytest.mark.parametrize("stored", ["9999-12-31", "0001-01-01"])
def test_a_stored_far_date_is_shown_somehow(browse: Browse, desk: Any, language: str, stored: str) -> None:
    contact, other = desk.contact("زهرا"), desk.contact("مینا")

    def put(services: Any) -> None:
        services.contacts.get(contact).birth_date = stored
        services.users.edit(services.users.by_login("clerk"), {"language": language})

    desk.run(put)
    for address in ("", "/edit", "/identity", f"/compare/{other}"):
        browse("clerk").get(f"/contacts/{contact}{address}", status=200)
    browse("clerk").get(f"/find/peek/{contact}", status=200)
