"""The page behind the search: straight to what is meant, more pages, and who an unknown caller was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_views.testing import all_of, fill, form_of

Browse = Callable[..., Any]


def panel(browser: Any, query: str = "", status: int = 200) -> Any:
    return browser.get("/find/panel", {"q": query}, status=status)


# ── straight there ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_whole_number_leads_straight_there(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی", phone="09120000147")
    code = desk.case(contact, title="چراغ")
    clerk = browse("clerk")

    for query in ("09120000147", "۰۹۱۲ ۰۰۰ ۰۱ ۴۷", "+98 912 000 0147"):
        location = clerk.get("/find", {"q": query}, status=303).location
        assert location.partition("?address=%2B98")[0] == f"/contacts/{contact}"
    for query in (code, f"{code[:4]}-{code[4:8]}-{code[8:]}"):
        assert clerk.get("/find", {"q": query}, status=303).location == f"/requests/{code}"
    call = clerk.get("/find", {"q": "09120000147", "compose": "phone"}, status=303)
    assert call.location.partition("&address=%2B98")[0] == f"/contacts/{contact}?compose=phone"
    assert clerk.get("/find", {"q": code, "compose": "phone"}, status=303).location == f"/requests/{code}"
    seen = browse("executive").get("/find", {"q": "09120000147", "compose": "phone"}, status=303)
    assert seen.location.partition("?address")[0] == f"/contacts/{contact}", "who may not log begins no call"


@pytest.mark.parametrize("query", ["زهرا رضایی", "زهرا", "0912000", "000147", "0147", "چراغ", "", "09120000148"])
def test_nothing_else_does(browse: Browse, desk: Any, query: str) -> None:
    contact = desk.contact("زهرا رضایی", phone="09120000147")
    desk.case(contact, title="چراغ")

    browse("clerk").get("/find", {"q": query}, status=200)


def test_the_list_can_be_asked_for_all_the_same(browse: Browse, desk: Any) -> None:
    desk.contact("زهرا رضایی", phone="09120000147")

    page = browse("clerk").get("/find", {"q": "09120000147", "all": "1"}, status=200)
    assert all_of(page, ".why") == ["Phone"]


def test_a_number_of_two_leaves_the_choice_and_of_one_linked_citizen_does_not(browse: Browse, desk: Any) -> None:
    first, second = (desk.contact(name, phone="09120000147") for name in ("زهرا رضایی", "زهره رضایی"))
    clerk = browse("clerk")
    assert len(clerk.get("/find", {"q": "09120000147"}, status=200).html.select(".why")) == 2

    desk.run(lambda services: services.linking.link(
        services.contacts.get(first), services.contacts.get(second), "same person"))
    location = clerk.get("/find", {"q": "09120000147"}, status=303).location.partition("?address=%2B98")[0]
    assert location in (f"/contacts/{first}", f"/contacts/{second}")


def test_many_hits_come_in_pages(browse: Browse, desk: Any) -> None:
    for number in range(35):
        desk.contact(f"زهرا رضایی {number}")
    clerk = browse("clerk")

    first = clerk.get("/find", {"q": "زهرا"})
    first.mustcontain("the first 20; type more to narrow it down")
    second = first.click("More hits")
    second.mustcontain("21 to 35", no="More hits")
    names = all_of(first, "a.hit[href^='/contacts/'] .why") + all_of(second, "a.hit[href^='/contacts/'] .why")
    assert len(names) == 35
    hrefs = {link["href"] for page in (first, second) for link in page.html.select("a.hit[href^='/contacts/']")}
    assert len({href for href in hrefs if "new" not in href}) == 35
    assert second.click("Better hits").html.select(".hit")
    for page in ("0", "-1", "x", "99999", "۲", "7"):
        clerk.get("/find", {"q": "زهرا", "page": page}, status=200).mustcontain("the first 20")


# ── who was it? ──────────────────────────────────────────────────────────────────────────────────────────────


def unknown_call(desk: Any, address: str) -> int:
    return int(desk.run(lambda services: services.interactions.log(
        None, channel="phone", body="پرسید چرا نیامدند", address=address).id, "clerk"))


@pytest.mark.parametrize("address", ["+989120000147", "0912 000 01 47", "۰۹۱۲۰۰۰۰۱۴۷"])
def test_the_holder_of_the_callers_number_is_listed_without_typing(browse: Browse, desk: Any, address: str) -> None:
    contact = desk.contact("زهرا رضایی", phone="09120000147")
    page = browse("clerk").get(f"/interactions/{unknown_call(desk, address)}/identify")

    page.mustcontain("This number belongs to", "Somebody else: new citizen with this number")
    assert all_of(page, ".hit-t")[0] == "زهرا رضایی"
    assert page.html.select_one("button[name=contact]")["value"] == str(contact)


def test_a_new_citizen_takes_the_conversation_along(browse: Browse, desk: Any) -> None:
    clerk = browse("clerk")
    call = unknown_call(desk, "09129998877")

    page = clerk.get(f"/interactions/{call}/identify")
    page.mustcontain("Nobody has this number yet.")
    form = form_of(page.click("New citizen with this number"))
    assert form["phone"].value == "+989129998877"
    dossier = fill(form, name="زهرا رضایی").submit("submit", status=303).follow()

    dossier.mustcontain("This belongs to the history of زهرا رضایی now.", "پرسید چرا نیامدند")
    assert len(dossier.html.select("ol.tl .entry")) == 1
    assert not desk.run(lambda services: list(services.root.unidentified))


def test_an_interaction_that_waits_no_more_is_left_alone(browse: Browse, desk: Any) -> None:
    other = desk.contact("کریم نوروزی")
    call = unknown_call(desk, "09129998877")
    desk.run(lambda services: services.interactions.identify(
        services.interactions.get(call), services.contacts.get(other)))
    clerk = browse("clerk")

    for value in (str(call), "x", "0", "99999999999999999999"):
        form = form_of(clerk.get("/contacts/new", {"name": "زهرا", "interaction": value}))
        form.submit("submit", status=303)
    assert desk.run(lambda services: services.interactions.get(call).contact) == other


def test_who_may_only_be_counted_cannot_be_chosen(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی", phone="09120000147")
    desk.run(lambda services: services.contacts.edit(
        services.contacts.get(contact), {"confidentiality": "confidential"}))

    page = browse("clerk").get(f"/interactions/{unknown_call(desk, '09120000147')}/identify")
    assert not page.html.select("button[name=contact]")


@pytest.mark.parametrize(("query", "title", "advice"), [
    ("4827193651", "No request has the tracking code 4827-1936-51", "Have it read aloud again"),
    ("۴۸۲۷-۱۹۳۶-۵۱", "No request has the tracking code 4827-1936-51", "Have it read aloud again"),
    ("4827193650", "Nobody has the phone number 048 2719 36 50", "one of the digits is wrong"),
    ("0499370898", "Nobody and nothing found for “ 0499370898 ”", "one of the digits is wrong"),
    ("0499370899", "Nobody has the national id 049 937089 9", "Have it read aloud again"),
    ("نام‌ناشناس", "Nobody and nothing found for “ نام‌ناشناس ”", "Try less"),
])
def test_what_is_not_found_is_said_with_what_it_was_taken_for(
    browse: Browse, query: str, title: str, advice: str
) -> None:
    page = browse("clerk").get("/find", {"q": query})

    assert all_of(page, ".notice b") == [title]
    assert advice in all_of(page, ".notice p")[0]


def test_a_code_that_is_hidden_is_said_as_one_that_is_none(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    code = desk.case(contact, title="محرمانه")
    desk.shield(contact)

    page = browse("clerk").get("/find", {"q": code})
    assert all_of(page, ".notice b")[0].startswith("No request has the tracking code")
    page.mustcontain(no="محرمانه")
