"""A new citizen with a number somebody has: said before a second record is made, and made when it is somebody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webtest import TestApp

from crm_views.testing import fill, form_of, speak

Browse = Callable[..., TestApp]
PHONE = "09120000147"


def records(desk: Any) -> int:
    return int(desk.run(lambda services: len(services.root.contacts)))


def new(browser: TestApp, status: int, address: str = "/contacts/new", **values: str) -> Any:
    return fill(form_of(browser.get(address)), **values).submit("submit", status=status)


def test_a_known_number_is_said_before_a_double_is_made(browse: Browse, desk: Any) -> None:
    known = desk.contact("زهرا رضایی", phone=PHONE)
    before = records(desk)
    browser = browse("clerk")

    page = new(browser, 422, given="زهره", family="رضایی", phone="0912 000 0147", notes="یادداشت")

    assert records(desk) == before
    page.mustcontain("belongs to", "زهرا رضایی", "Perhaps this citizen is in the records already.")
    assert page.html.select_one("[data-holder]")["href"] == f"/contacts/{known}"
    form = form_of(page)
    assert (form["given"].value, form["phone"].value, form["notes"].value) == ("زهره", "0912 000 0147", "یادداشت")
    assert form_of(form.submit("submit", status=422))["given"].value == "زهره"  # the same button asks again
    assert records(desk) == before

    form.submit("submit", value="somebody-else", status=303).follow().mustcontain("is in the records now")
    assert records(desk) == before + 1


def test_an_unknown_number_and_a_typing_error_are_no_question(browse: Browse, desk: Any) -> None:
    desk.contact("زهرا رضایی", phone=PHONE)
    page = browse("clerk").get("/contacts/new")
    assert "It is somebody else" not in page.text
    page = new(browse("clerk"), 422, name="زهره", phone="0912")
    assert "It is somebody else" not in page.text
    new(browse("clerk"), 303, name="زهره", phone="09120000150")


def test_a_hidden_record_leaves_no_trace(browse: Browse, desk: Any) -> None:
    desk.shield(desk.contact("زهرا رضایی", phone=PHONE))
    new(browse("clerk"), 303, name="زهره", phone=PHONE)


def test_of_a_record_that_may_only_be_counted_nothing_is_said(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی", phone=PHONE)
    desk.run(lambda services: bool(
        services.contacts.edit(services.contacts.get(contact), {"confidentiality": "confidential"})))
    page = new(browse("clerk"), 422, name="زهره", phone=PHONE)
    page.mustcontain("A record you may not read has this already.")
    assert "زهرا رضایی" not in page.text
    assert page.html.select("[data-holder]") == []
    form_of(page).submit("submit", value="somebody-else", status=303)


def test_a_waiting_call_goes_to_whom_the_number_belongs(browse: Browse, desk: Any) -> None:
    desk.contact("زهرا رضایی", phone=PHONE)
    call = desk.run(lambda services: services.interactions.log(None, channel="phone", direction="in", body="تماس").id,
                    as_="clerk")
    page = new(browse("clerk"), 422, f"/contacts/new?interaction={call}", name="زهره", phone=PHONE)
    assert page.html.select_one("[data-holder]")["href"].startswith(f"/interactions/{call}/identify?q=")


def test_it_is_said_in_persian_and_nothing_in_a_name_runs(browse: Browse, desk: Any) -> None:
    desk.contact("<script>x()</script>", phone=PHONE)
    browser = browse("clerk")
    speak(browser, "fa")
    page = new(browser, 422, name="زهره", phone=PHONE)
    assert "<script>x()" not in page.text
