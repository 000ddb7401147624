"""Erasing a person on the page for administrators: looked at before, typed, done once, with a receipt without him."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp

from crm_core.errors import Invalid
from crm_core.services import Services
from crm_views.app import make_app
from crm_views.testing import form_of, sign_in, words

Browse = Callable[..., TestApp]


def send(form: Any, word: str = "erase", reason: str = "asked in writing", status: int = 303) -> Any:
    form["reason"], form["word"] = reason, word
    return form.submit("submit", status=status)


def test_an_administrator_erases_a_citizen_and_gets_a_receipt(browse: Browse, desk: Any) -> None:
    citizen = desk.contact("Zahra Karimi", phone="+989120000001")
    desk.case(citizen, title="A hole")
    browser = browse("admin")
    page = browser.get(f"/contacts/{citizen}")
    page = page.click(href=f"/contacts/{citizen}/erase")
    assert "Open requests, as cases of nobody" in page
    form = form_of(page)
    assert "Type the word that stands below" in send(form, word="yes", status=422)
    assert "without the citizen’s name" in send(form, reason="Zahra asked", status=422)
    receipt = send(form).follow()
    assert "Receipt of an erasure" in receipt
    assert "asked in writing" in receipt
    assert "Zahra" not in receipt
    assert str(citizen) in receipt
    browser.get(f"/contacts/{citizen}", status=404)
    file = browser.get(f"{receipt.request.path}/receipt.json")
    assert file.json["removed"]["records"] == 1
    assert "attachment" in file.headers["Content-Disposition"]
    listed = browser.get("/admin/erasures")
    assert "asked in writing" in listed
    assert listed.click(href=receipt.request.path).status_int == 200
    again = send(form)  # the same form once more: the same receipt, nothing else
    assert again.location.endswith(receipt.request.path)
    for path in (receipt.request.path, "/admin/erasures", f"{receipt.request.path}/receipt.json"):
        browse("clerk").get(path, status=403)


def test_before_the_first_erasure_the_list_says_so(browse: Browse) -> None:
    assert "Nobody was erased yet" in browse("admin").get("/admin/erasures")


def test_what_was_added_meanwhile_is_looked_at_first(browse: Browse, desk: Any) -> None:
    citizen = desk.contact("Zahra Karimi")
    form = form_of(browse("admin").get(f"/contacts/{citizen}/erase"))
    desk.case(citizen)
    assert "changed meanwhile" in send(form, status=422)
    with desk.app.reading() as services:
        assert services.contacts.find(citizen) is not None


def _notes(desk: Any, citizen: int, code: str) -> None:
    desk.run(lambda services: bool(services.contacts.edit(services.contacts.get(citizen), {"notes": "keep her file"})))


def _title(desk: Any, citizen: int, code: str) -> None:
    desk.run(lambda services: bool(services.requests.edit(services.requests.by_code(code), {"title": "Another"})))


@pytest.mark.parametrize("meanwhile", [_notes, _title])
def test_what_was_changed_meanwhile_is_looked_at_first(
    browse: Browse, desk: Any, meanwhile: Callable[[Any, int, str], None],
) -> None:
    """Not one thing more or less, but other words: who erases has not seen them."""
    citizen = desk.contact("Zahra Karimi", phone="+989120000001")
    code = desk.case(citizen, title="A hole")
    form = form_of(browse("admin").get(f"/contacts/{citizen}/erase"))
    meanwhile(desk, citizen, code)
    page = send(form, status=422)
    assert "changed meanwhile" in page
    send(form_of(page))  # seen now


@pytest.mark.parametrize("reason", [
    "of Zahra-Karimi", "Z a h r a asked", "z.a.h.r.a", "asked by ZAHRA_karimi", "K-a-r-i-m-i", "zahrakarimi",
    "KARIMI/ZAHRA", "Ｚａｈｒａ", "Zahra’s wish", "K a r imi", "(0912) 000-0001", "۰۹۱۲ ۰۰۰ ۰۰۰۱",
])
def test_a_reason_holds_no_name_however_it_is_written(desk: Any, reason: str) -> None:
    citizen = desk.contact("Zahra Karimi", phone="+989120000001")
    with desk.app.reading() as services, pytest.raises(Invalid) as raised:
        services.erasure.erase(services.contacts.get(citizen), reason)
    assert "reason" in raised.value.errors


@pytest.mark.parametrize(("name", "reason"), [
    ("رضا سلامی", "بنا بر رأی شورای اسلامی شهر"), ("Ali Brown", "the qualities of a brownish letter, part a b"),
    ("Zahra Karimi", "asked in writing on 12 May, letter 912-0"),
])
def test_a_reason_may_hold_words_that_are_like_a_name(desk: Any, name: str, reason: str) -> None:
    citizen = desk.contact(name, phone="+989120000001")
    receipt = desk.run(lambda services: services.erasure.erase(services.contacts.get(citizen), reason))
    assert receipt["reason"] == reason


def test_nobody_else_sees_the_way(browse: Browse, desk: Any) -> None:
    citizen = desk.contact("Zahra Karimi")
    for login in ("clerk", "supervisor"):
        browser = browse(login)
        assert "/erase" not in browser.get(f"/contacts/{citizen}/identity")
        browser.get(f"/contacts/{citizen}/erase", status=403)


def test_a_shielded_record_is_not_there_and_one_linked_with_it_is_refused(browse: Browse, desk: Any) -> None:
    citizen, other = desk.contact("Zahra Karimi"), desk.contact("Zohre Karimi")

    def link(services: Services) -> None:
        services.linking.link(services.contacts.get(citizen), services.contacts.get(other), "same")

    desk.run(link)
    desk.shield(other)
    browser = browse("admin")
    browser.get(f"/contacts/{other}/erase", status=404)
    page = browser.get(f"/contacts/{citizen}/erase")
    assert "Not all of this citizen is yours to erase" in page
    assert "f-reason" not in page
    browser.get("/admin/erasures/12", status=404)
    browser.get("/admin/erasures/x", status=404)


def test_hostile_reasons_stay_words(browse: Browse, desk: Any) -> None:
    citizen = desk.contact("Zahra Karimi")
    form = form_of(browse("admin").get(f"/contacts/{citizen}/erase"))
    receipt = send(form, reason="<script>alert(1)</script>").follow()
    assert "<script>alert(1)" not in receipt.text


def test_linked_records_that_go_too_are_named_with_when_and_why(browse: Browse, desk: Any) -> None:
    first, second = desk.contact("Zahra Karimi"), desk.contact("Maryam Ahmadi", phone="+989120000009")
    desk.case(second, title="A hole")
    desk.run(lambda services: bool(services.linking.link(
        services.contacts.get(first), services.contacts.get(second), "Looked <the same>")))
    page = browse("admin").get(f"/contacts/{first}/erase")
    going = page.html.select_one(".claims")
    assert going is not None
    told = going.get_text(" ")
    assert "Maryam Ahmadi" in told
    assert "Zahra Karimi" in told
    assert "Looked <the same>" in told
    assert "Open requests, as cases of nobody: 1" in told
    assert "have the link taken back first" in page
    assert page.html.select_one(".form-foot .btn-danger-quiet") is not None
    alone = browse("admin").get(f"/contacts/{desk.contact('Sara Amini')}/erase")
    assert "have the link taken back first" not in alone


def test_the_list_names_the_person_who_erased(browse: Browse, desk: Any) -> None:
    citizen = desk.contact("Zahra Karimi")
    browser = browse("admin")
    send(form_of(browser.get(f"/contacts/{citizen}/erase")))
    row = browser.get("/admin/erasures").html.select_one("tbody tr")
    assert "The admin" in row.text


@pytest.mark.parametrize("parked", [False, True], ids=["takes part", "is away"])
def test_the_receipt_names_titles_and_no_ids(open_desk: Any, load_plugin: Any, parked: bool) -> None:
    """What went and what stays by the titles of its plugin, also later, when that is away; its id stands beside the
    title only where something is left to do by hand."""
    meters = load_plugin("meters")
    meters.FAILING.append("erase")
    desk = open_desk({"meters": meters})
    citizen = desk.contact("Zahra Karimi")

    def read(services: Services) -> None:
        services.collections["meters.readings"].add({"number": "7", "day": "2026-11-01", "value": 3, "who": citizen})
        services.collections["meters.bills"].add({"payer": citizen, "amount": 9})

    desk.run(read)
    browser = sign_in(make_app(desk.app), "admin")
    receipt = send(form_of(browser.get(f"/contacts/{citizen}/erase"))).follow()
    if parked:
        desk.app.host.plugins.clear()
        desk.app.registry.drop("meters")
        receipt = browser.get(receipt.request.path)
    said = words(receipt.html.main).replace(" :", ":")
    assert "Readings 1" in said
    assert "Bills: 1" in said
    assert "The plugin “ Water meter (meters) ” failed" in said
    assert "meters.readings" not in said and "meters.bills" not in said
    assert said.count("meters") == 1
