"""The composer of a dossier without scripts: opened by its address, sent, refused in place, logged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from webtest import TestApp

from crm_core.model.contact import Relation
from crm_views.desk.composer import LONGEST, duration
from crm_views.testing import fill, form_of, speak

Browse = Callable[..., TestApp]


def composer_of(browser: TestApp, contact: int, kind: str = "phone", **query: str) -> Any:
    return form_of(browser.get(f"/contacts/{contact}", {"compose": kind, **query}), "composer-form")


def logged(desk: Any) -> list[Any]:
    def work(services: Any) -> list[dict[str, Any]]:
        names = ("channel", "direction", "subject", "body", "outcome", "duration", "address", "speaker", "contact",
                 "requests", "started")
        return [{name: getattr(one, name) for name in names} for one in services.root.interactions.values()]

    return list(desk.run(work))


def test_idle_it_is_one_line_of_choices(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    page = browse("clerk").get(f"/contacts/{contact}")

    idle = page.html.select_one("[data-idle]")
    words = [link.get_text(" ", strip=True) for link in idle.select(".composer-kinds a")]
    assert words == ["Call C", "Visit V", "Note O", "Letter", "Message M", "Promise P"]
    assert not idle.has_attr("hidden")
    assert page.html.select_one("form.composer").has_attr("hidden")
    assert page.click("Letter", index=1).html.select_one("[data-composing]")["data-kind"] == "letter"


@pytest.mark.parametrize(("kind", "channel"), [
    ("phone", "phone"), ("in_person", "in_person"), ("note", "note"), ("letter", "letter"), ("message", "sms"),
    ("email", "email"),
])
def test_it_stands_open_without_scripts(browse: Browse, desk: Any, kind: str, channel: str) -> None:
    contact = desk.contact()
    form = composer_of(browse("clerk"), contact, kind)
    assert form["channel"].value == channel
    page = fill(form, body="خط نخست\nو دومی").submit("submit", status=303).follow()

    (entry,) = page.html.select(".entry")
    assert "fresh" in entry["class"]
    assert entry.select_one(".s").get_text() == "خط نخست"
    page.mustcontain("“خط نخست” is logged.")
    (one,) = logged(desk)
    assert (one["channel"], one["subject"], one["body"]) == (channel, "خط نخست", "و دومی")
    assert one["direction"] == ("internal" if kind == "note" else "in")
    assert one["outcome"] == ("answered" if kind in ("phone", "in_person") else "")
    assert "fresh" not in page.test_app.get(f"/contacts/{contact}").html.select_one(".entry")["class"]


def test_what_nobody_knows_opens_nothing(browse: Browse, desk: Any) -> None:
    query = {"compose": "<script>", "about": "x", "address": "\0'<b>"}
    page = browse("clerk").get(f"/contacts/{desk.contact()}", query)
    assert page.html.select_one("form.composer").has_attr("hidden")


def test_a_refused_one_comes_back_in_place(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    case = desk.case(contact, title="چراغ کوچه")
    form = fill(composer_of(browse("clerk"), contact), about=case, direction="out", outcome="follow_up", minutes="خیلی")
    page = form.submit("submit", status=422)

    assert page.html.select_one("h1").get_text() == "زهرا رضایی"
    assert not page.html.select_one("form.composer").has_attr("hidden")
    assert len(page.html.select(".composer-errors .field-error")) == 2
    assert page.html.select_one("textarea[name=body]")["aria-invalid"] == "true"
    again = form_of(page, "composer-form")
    typed = [again[name].value for name in ("about", "direction", "outcome", "minutes", "channel")]
    assert typed == [case, "out", "follow_up", "خیلی", "phone"]
    fill(again, body="تماس", minutes="۳").submit("submit", status=303)
    (one,) = logged(desk)
    assert (one["duration"], one["outcome"], len(one["requests"])) == (180, "follow_up", 1)


def test_open_requests_stand_before_closed_ones(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    codes = [desk.case(contact, title=title) for title in ("نخست", "دوم", "سوم")]
    desk.run(lambda services: services.requests.change_status(
        services, services.requests.by_code(codes[2]), "answered", ""), "clerk")

    values = [value for value, _chosen, _text in composer_of(browse("clerk"), contact)["about"].options]
    assert values[0] == ""
    assert values[-1] == codes[2]
    assert set(values[1:3]) == set(codes[:2])


def test_the_only_number_is_chosen_and_of_several_none(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا", phone="09120000147")
    browser = browse("clerk")
    fill(composer_of(browser, contact), body="تماس").submit("submit", status=303)
    assert logged(desk)[0]["address"] == "+989120000147"
    desk.run(lambda services: services.contacts.add_identifier(
        services.contacts.get(contact), "phone", "02155000018", "said"), "clerk")

    form = composer_of(browser, contact)
    assert form["address"].value == ""
    assert len(form["address"].options) == 3
    assert composer_of(browser, contact, address="+982155000018")["address"].value == "+982155000018"
    fill(composer_of(browser, contact, "in_person"), body="آمد").submit("submit", status=303)
    assert {one["channel"]: one["address"] for one in logged(desk)}["in_person"] == ""


def test_who_exactly_spoke_is_asked_where_it_can_be_somebody_else(browse: Browse, desk: Any) -> None:
    person, other = desk.contact("زهرا رضایی"), desk.contact("کریم احمدی")
    browser = browse("clerk")
    assert "speaker" not in composer_of(browser, person).fields

    def relate(services: Any) -> None:
        contact = services.contacts.get(person)
        contact.relations = (Relation("spouse", other, 0),)

    desk.run(relate)
    page = browser.get(f"/contacts/{person}?compose=phone")
    assert [option["value"] for option in page.html.select("datalist option")] == ["کریم احمدی"]
    fill(form_of(page, "composer-form"), body="همسرش زنگ زد", speaker="کریم احمدی").submit("submit", status=303)
    assert logged(desk)[0]["speaker"] == "کریم احمدی"
    assert "کریم احمدی" in browser.get(f"/contacts/{person}").html.select_one(".entry .meta").get_text()
    desk.shield(other)
    assert "کریم" not in str(browser.get(f"/contacts/{person}").html.select_one(".composing"))


def test_it_lasts_from_opening_to_logging(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    with time_machine.travel("2026-11-22 06:00", tick=False) as clock:
        browser = browse("clerk")
        form = composer_of(browser, contact)
        clock.shift(130)
        fill(form, body="تماس").submit("submit", status=303)
        assert logged(desk)[0]["duration"] == 130
        form = composer_of(browser, contact)
        clock.shift(LONGEST // 1000 + 1)
        fill(form, body="صفحه باز مانده بود").submit("submit", status=303)
    assert sorted(one["duration"] for one in logged(desk)) == [0, 130]


@pytest.mark.parametrize(("minutes", "channel", "opened", "seconds"), [
    (None, "phone", "940000", 60), (None, "phone", "۹۴۰۰۰۰", 60), (5, "phone", "940000", 300), (0, "phone", "1", 0),
    (None, "sms", "940000", 0), (None, "phone", "", 0), (None, "phone", "later", 0), (None, "phone", "2000000", 0),
    (None, "phone", "9" * 50, 0), (7, "letter", "", 420),
])
def test_how_long(minutes: int | None, channel: str, opened: str, seconds: int) -> None:
    assert duration(minutes, channel, opened, 1_000_000) == seconds


def test_sent_twice_it_is_logged_once(browse: Browse, desk: Any) -> None:
    form = fill(composer_of(browse("clerk"), desk.contact()), body="تماس")
    assert form.submit("submit", status=303).location == form.submit("submit", status=303).location
    assert len(logged(desk)) == 1


def test_a_request_can_be_made_of_what_was_said(browse: Browse, desk: Any) -> None:
    contact, stranger = desk.contact("زهرا"), desk.contact("کریم")
    browser = browse("clerk")
    page = fill(composer_of(browser, contact), body="چراغ خاموش است\nاز شنبه").submit("submit", status=303).follow()
    types = page.click("Register a request from this")
    form = form_of(types.click("General request"), "form")
    assert (form["title"].value, form["text"].value) == ("چراغ خاموش است", "چراغ خاموش است\nاز شنبه")
    assert form["channel"].value == "phone"
    said = types.request.GET["from"]
    other = browser.get(f"/contacts/{stranger}/requests/new/core.general", {"from": said})
    assert "چراغ" not in other.text


def test_who_may_not_log_has_no_composer(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    page = browse("executive").get(f"/contacts/{contact}", {"compose": "phone"})
    assert page.html.select_one(".composing") is None
    token = form_of(page, "/preferences")["csrf_token"].value
    page.test_app.post(f"/contacts/{contact}/interactions/new",
                       {"csrf_token": token, "__formid__": "composer", "body": "x"}, status=403)


def test_a_page_of_its_own_has_the_same_fields(browse: Browse, desk: Any) -> None:
    browser = browse("clerk")
    for address in (f"/contacts/{desk.contact()}/interactions/new?channel=fax", "/interactions/new?address=%2B98912"):
        form = form_of(browser.get(address), "form")
        assert {"channel", "outcome", "body", "direction", "minutes", "opened"} <= set(form.fields)
    assert form["address"].value == "+98912"
    fill(form, body="کسی زنگ زد").submit("submit", status=303)
    assert logged(desk)[0]["contact"] is None


def test_nothing_typed_runs(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    attack = '"><img src=x onerror=alert(1)></textarea><script>alert(2)</script>'
    page = fill(composer_of(browse("clerk"), contact), body=attack, minutes=attack).submit("submit", status=422)
    assert page.html.select_one("form.composer img") is None
    assert page.html.select_one("form.composer script") is None
    assert form_of(page, "composer-form")["body"].value == attack


def test_it_speaks_persian(browse: Browse, desk: Any) -> None:
    browser = browse("clerk")
    speak(browser, "fa")
    form = browser.get(f"/contacts/{desk.contact()}?compose=phone").html.select_one("form.composer")
    assert [label.get_text(strip=True) for label in form.select(".seg label")][0] == "پاسخ داده شد"
    assert "کنار گذاشتن" in form.get_text()


# ── the number somebody calls from ───────────────────────────────────────────────────────────────────────────


def test_who_is_found_by_a_number_calls_from_it(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی", phone="09120000147")
    desk.run(lambda services: services.contacts.add_identifier(services.contacts.get(contact), "phone", "02188001122")
             and None)
    browser = browse("clerk")
    assert composer_of(browser, contact)["address"].value == ""  # of two numbers none is known to be the one

    page = browser.get("/find", {"q": "۰۲۱ ۸۸۰۰ ۱۱۲۲"}, status=303).follow()
    assert form_of(page, "composer-form")["address"].value == "+982188001122"
    call = page.html.select_one(".actions [data-key=C]")["href"]
    form = form_of(browser.get(call), "composer-form")
    assert form["address"].value == "+982188001122"
    fill(form, body="تماس").submit("submit", status=303)
    assert logged(desk)[-1]["address"] == "+982188001122"
    called = browser.get("/find", {"q": "09120000147", "compose": "phone"}, status=303)
    assert form_of(called.follow(), "composer-form")["address"].value == "+989120000147"
    assert "address=" not in browser.get("/find", {"q": "زهرا رضایی"}).text


def test_a_number_in_the_address_is_for_channels_that_have_one(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی", phone="09120000147")
    form = composer_of(browse("clerk"), contact, "in_person", address="+989120000147")
    fill(form, body="آمد").submit("submit", status=303)
    assert logged(desk)[-1]["address"] == ""
