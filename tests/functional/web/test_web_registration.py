"""Registering: what the kind asks first, what it leaves out, what may be the same; dates and files of the scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from webtest import TestApp, Upload

from crm_core.api import Category, Contribution, Form, RequestType, Status, fields, hookimpl
from crm_views.app import make_app
from crm_views.testing import fill, form_of, sign_in

Browse = Callable[..., TestApp]
PDF = b"%PDF-1.4\n" + b"x" * 500
STATUSES = (Status("open", Category.NEW, "Open"), Status("done", Category.DONE, "Done"))


class ShortForm(Form):
    title = fields.text("Its own title")
    area = fields.choice("Area", (("north", "North"), ("south", "South")), required=False)
    street = fields.dependent_choice("Street", "area", {"north": (("first", "First Street"),),
                                                        "south": (("last", "Last Street"),)}, required=False)


def contribute() -> Iterator[Contribution]:
    yield RequestType("short.own", "Short", ShortForm, STATUSES, common=("channel",), title_from=("title",))
    yield RequestType("short.bare", "Bare", ShortForm, STATUSES, common=(), title_from=("title",))


@pytest.fixture
def short(open_desk: Callable[..., Any]) -> tuple[Any, TestApp]:
    """A desk with two kinds that ask little, and its clerk's browser."""
    module = ModuleType("short_plugin")
    module.CRM_API_VERSION = 1  # type: ignore[attr-defined]
    module.contribute = hookimpl(contribute)  # type: ignore[attr-defined]
    desk = open_desk({"short": module})
    return desk, sign_in(make_app(desk.app), "clerk")


def names(form: Any) -> list[str]:
    hidden = {"csrf_token", "submission_key", "submit", "upload"}
    return [name for name in form.fields if name and not name.startswith("_") and name not in hidden
            and "draft" not in name and "writer" not in name]


def test_what_the_kind_asks_comes_first_and_the_rest_is_folded(browse: Browse, desk: Any) -> None:
    page = browse("clerk").get(f"/contacts/{desk.contact()}/requests/new/core.general")
    assert names(form_of(page)) == ["text", "category", "place", "title", "channel", "unit", "priority"]
    fold = page.html.select_one("details.fold")
    assert fold is not None and fold.get("open") is None
    assert fold.select_one("[data-fold-says]").get_text() == "In person, Normal"
    assert [one["name"] for one in fold.select("select")] == ["channel", "unit"]


def test_a_kind_leaves_out_what_makes_no_sense(short: tuple[Any, TestApp]) -> None:
    desk, clerk = short
    contact = desk.contact()
    page = clerk.get(f"/contacts/{contact}/requests/new/short.own")
    assert names(form_of(page)) == ["title", "area", "street", "channel"]
    fill(form_of(page), title="kept", channel="phone").submit("submit", status=303)
    bare = clerk.get(f"/contacts/{contact}/requests/new/short.bare")
    assert bare.html.select_one("details.fold") is None
    fill(form_of(bare), title="bare").submit("submit", status=303)

    def stored(services: Any) -> list[tuple[str, str, str]]:
        return sorted((one.title, one.channel, one.priority) for one in services.root.requests.values())

    assert desk.run(stored) == [("bare", "in_person", "normal"), ("kept", "phone", "normal")]


def test_kinds_stand_where_an_administrator_put_them_then_by_name(short: tuple[Any, TestApp]) -> None:
    desk, clerk = short
    path = f"/contacts/{desk.contact()}/requests/new"

    def kinds() -> list[tuple[str, str]]:
        rows = clerk.get(path).html.select(".hit")
        return [(row["data-digit"], row.select_one(".hit-t").text) for row in rows]

    by_name = [title for _digit, title in kinds()]
    assert by_name == sorted(by_name) and by_name[0] == "Bare"
    admin = sign_in(clerk.app, "admin")
    for kind, place in (("short.own", "۱"), ("core.general", "2")):
        fill(form_of(admin.get(f"/admin/types/{kind}"), "form"), place=place).submit("submit", status=303)
    assert [title for _digit, title in kinds()][:1] == ["Short"]
    assert kinds()[-1] == ("3", "Bare")
    fill(form_of(admin.get("/admin/types/short.own"), "form"), place="100").submit("submit", status=422)


def test_what_does_not_belong_is_refused_with_all_that_is_wrong(short: tuple[Any, TestApp]) -> None:
    desk, clerk = short
    page = clerk.get(f"/contacts/{desk.contact()}/requests/new/short.own")
    refused = fill(form_of(page), area="north", street="last").submit("submit", status=422)
    assert [link["href"] for link in refused.html.select(".errsum a")] == ["#f-title", "#f-street"]
    refused.mustcontain("This does not belong to “North”; choose one that does.", "look at 2 fields")
    assert form_of(refused)["street"].value == "last"
    assert ", 2 to correct" in refused.html.title.get_text()


def test_open_requests_of_the_same_kind_are_shown_if_they_may_be_read(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    desk.case(contact, title="چراغ کوچه")
    desk.case(contact, title="پنهان", as_="lawyer")
    clerk = browse("clerk")
    page = clerk.get(f"/contacts/{contact}/requests/new/core.general")
    (alike,) = page.html.select(".alike .owe")
    assert "چراغ کوچه" in alike.get_text()
    assert "پنهان" not in page.text
    other = clerk.get(f"/contacts/{desk.contact()}/requests/new/core.general")
    assert not other.html.select(".alike")


def test_an_address_may_bring_words_along_but_never_many(browse: Browse, desk: Any) -> None:
    here = f"/contacts/{desk.contact()}/requests/new/core.general"
    clerk = browse("clerk")
    form = form_of(clerk.get(here, {"channel": "phone", "text": "line\r\nline <b>", "about": "x" * 900}))
    assert (form["channel"].value, form["text"].value) == ("phone", "line\nline <b>")
    assert len(form["title"].value) <= 200
    assert len(form_of(clerk.get(here, {"text": "x" * 5000}))["text"].value) == 2000
    assert form_of(clerk.get(here, {"text": "a\x00b", "channel": "<script>"}))["text"].value == ""


def test_a_fold_with_a_mistake_is_open(browse: Browse, desk: Any) -> None:
    form = form_of(browse("clerk").get(f"/contacts/{desk.contact()}/requests/new/core.general"))
    form["category"] = "service"
    form["channel"].force_value("made up")
    page = form.submit("submit", status=422)
    assert page.html.select_one("details.fold").get("open") is not None


# What the scripts ask


def test_a_date_is_read_back(browse: Browse) -> None:
    clerk = browse("clerk")
    answer = clerk.get("/forms/date", {"text": "26 Aban 1405"}).json
    assert answer == {"iso": "2026-11-17", "words": "Tuesday 17 November 2026", "other": "26 Aban 1405",
                      "short": "2026-11-17"}
    assert clerk.get("/forms/date").json == {}
    assert "30 days" in clerk.get("/forms/date", {"text": "31 Aban 1405"}).json["error"]
    for text in ("<script>", "9" * 9000, "\x00", "٣" * 300):
        assert set(clerk.get("/forms/date", {"text": text}).json) == {"error"} or text == "\x00"
    browse("").get("/forms/date", {"text": "1405/1/1"}, status=303)


def upload(browser: TestApp, mark: str, **parts: Any) -> Any:
    return browser.post("/forms/files", list(parts.items()), headers={"X-CSRF-Token": mark}, status="*",
                        content_type="multipart/form-data")


def test_a_file_sent_ahead_comes_with_the_form_of_its_session_only(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    clerk = browse("clerk")
    here = f"/contacts/{contact}/requests/new/core.general"
    form = form_of(clerk.get(here))
    mark = form["csrf_token"].value
    answer = upload(clerk, mark, upload=Upload("نامه.pdf", PDF))
    assert (answer.status_int, answer.json["name"]) == (200, "نامه.pdf")
    fields_ = [pair for pair in fill(form, category="service").submit_fields("submit") if pair[0] != "upload"]
    place = fields_.index(("__start__", "attachments:sequence"))
    fields_.insert(place + 1, ("upload", answer.json["uid"]))
    page = clerk.post(here, fields_, status=303).follow()
    page.mustcontain("نامه.pdf")

    other = browse("second")
    strange = upload(other, form_of(other.get(here))["csrf_token"].value, drop=answer.json["uid"])
    assert strange.json == {}


def test_what_is_no_file_is_refused_in_words(browse: Browse, desk: Any) -> None:
    clerk = browse("clerk")
    mark = form_of(clerk.get(f"/contacts/{desk.contact()}/requests/new/core.general"))["csrf_token"].value
    answer = upload(clerk, mark, upload=Upload("page.html", b"<html><script>alert(1)</script>"))
    assert answer.status_int == 422
    assert "PDF" in answer.json["error"] and "MB" in answer.json["error"]
    assert upload(clerk, mark, upload="no file").status_int == 422
    assert upload(clerk, mark, drop="../../etc/passwd").json == {}
    assert upload(clerk, "wrong", upload=Upload("a.pdf", PDF)).status_int == 400
    assert not list((desk.app.settings.data / "uploads").rglob("*.bin"))


# ── after a call ─────────────────────────────────────────────────────────────────────────────────────────────


def test_after_a_call_it_came_by_phone_and_its_words_are_offered(browse: Callable[..., TestApp], desk: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    here = f"/contacts/{contact}/requests/new/core.general"

    def call(services: Any) -> int:
        logged = services.interactions.log(services.contacts.get(contact), channel="phone",
                                           body="چراغ کوچه\nخاموش است", started=services.now - 60_000)
        return int(logged.id)

    said = desk.run(call, as_="clerk")
    page = browse("clerk").get(here)
    assert form_of(page)["channel"].value == "phone"
    link = page.html.select_one(".from-call a")
    assert "From your call at" in page.html.select_one(".from-call").get_text()
    assert link["href"] == f"{here}?from={said}"
    page = page.click("Take its words")
    assert "خاموش است" in form_of(page)["text"].value
    assert page.html.select(".from-call") == []
    other = browse("second").get(here)  # a call of somebody else is not mine
    assert (form_of(other)["channel"].value, other.html.select(".from-call")) == ("in_person", [])


def test_a_call_of_this_morning_says_nothing_of_now(browse: Callable[..., TestApp], desk: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    desk.run(lambda services: services.interactions.log(
        services.contacts.get(contact), channel="phone", body="تماس", started=services.now - 16 * 60_000) and None,
        as_="clerk")
    page = browse("clerk").get(f"/contacts/{contact}/requests/new/core.general")
    assert (form_of(page)["channel"].value, page.html.select(".from-call")) == ("in_person", [])
