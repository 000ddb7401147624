"""Drafts: kept on the server while somebody types, found again, gone when sent; never another user's."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from webtest import TestApp

from crm_views.desk.drafts import PER_USER
from crm_views.keeping import DRAFT_HOURS, LARGEST_DRAFT, MOST_DRAFTS, Draft, Keeper
from crm_views.testing import fill, form_of, send_draft, typed

Browse = Callable[..., TestApp]

FORMS = {
    "composer": ("{here}?compose=phone", "composer-form", "body"),
    "new citizen": ("/contacts/new", "form", "notes"),
    "edit": ("{here}/edit", "form", "notes"),
    "request": ("{here}/requests/new/core.general", "form", "text"),
    "unknown": ("/interactions/new", "form", "body"),
}


@pytest.mark.parametrize("which", list(FORMS))
def test_every_form_comes_back_as_it_was_left(browse: Browse, desk: Any, which: str) -> None:
    address, name, field = FORMS[which]
    address = address.format(here=f"/contacts/{desk.contact()}")
    browser = browse("clerk")
    page = typed(browser, address, name, **{field: "نیمه‌کاره «ن»\nو <b>"})
    kept = send_draft(browser, page, name)
    assert (kept["state"], kept["words"][:5]) == ("kept", "Kept ")

    page = browse("clerk").get(address)  # another browser, another day
    form = form_of(page, name)
    assert form[field].value.replace("\r\n", "\n") == "نیمه‌کاره «ن»\nو <b>"
    page.mustcontain("Your draft, kept", kept["words"][5:])
    assert form_of(browse("second").get(address), name)[field].value == ""

    page = form_of(page, f"{'composer' if which == 'composer' else 'form'}-discard").submit(status=303).follow()
    page.mustcontain("The draft is thrown away.")
    assert form_of(browser.get(address), name)[field].value == ""


def test_the_idle_composer_says_what_waits(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    browser = browse("clerk")
    page = typed(browser, f"/contacts/{contact}?compose=message", "composer-form", body="پیامک زد\nدوباره")
    send_draft(browser, page, "composer-form")

    page = browser.get(f"/contacts/{contact}")
    waiting = page.html.select_one("[data-waiting]")
    assert not waiting.has_attr("hidden")
    assert waiting.select_one("bdi").get_text() == "پیامک زد"
    page = page.click("Go on with your draft")
    assert page.html.select_one("[data-composing]")["data-kind"] == "message"
    assert form_of(page, "composer-form")["body"].value.startswith("پیامک زد")


def test_what_was_sent_does_not_come_back(browse: Browse, desk: Any) -> None:
    address = f"/contacts/{desk.contact()}?compose=phone"
    browser = browse("clerk")
    page = typed(browser, address, "composer-form", body="تماس")
    send_draft(browser, page, "composer-form")
    form_of(page, "composer-form").submit("submit", status=303)

    late = send_draft(browser, page, "composer-form")  # the last save was still under way

    assert late["state"] == "taken"
    assert form_of(browser.get(address), "composer-form")["body"].value == ""
    again = typed(browser, address, "composer-form", body="تماس دیگر")
    assert send_draft(browser, again, "composer-form")["state"] == "kept"
    assert send_draft(browser, page, "composer-form")["state"] == "taken"


def test_a_form_that_was_refused_keeps_its_draft(browse: Browse, desk: Any) -> None:
    address = f"/contacts/{desk.contact()}/interactions/new"
    browser = browse("clerk")
    page = typed(browser, address, body="تماس", minutes="خیلی")
    send_draft(browser, page)
    page = form_of(page).submit("submit", status=422)

    assert "data-draft-typed" in page.html.find("form", id="form").attrs
    fill(form_of(page), body="تماس، تازه")
    assert send_draft(browser, page)["state"] == "kept"  # the same page wrote it: no other is in the way
    assert form_of(browser.get(address))["body"].value == "تماس، تازه"


def test_of_two_pages_the_later_does_not_overwrite_unasked(browse: Browse, desk: Any) -> None:
    address = f"/contacts/{desk.contact()}/edit"
    browser = browse("clerk")
    first, second = (typed(browser, address, notes=words) for words in ("نخست", "دوم"))
    send_draft(browser, first)

    answer = send_draft(browser, second)
    assert answer["state"] == "other"
    assert "on another page" in answer["words"]
    assert form_of(browser.get(address))["notes"].value == "نخست"
    assert send_draft(browser, second, force=True)["state"] == "kept"
    assert form_of(browser.get(address))["notes"].value == "دوم"
    third = browser.get(address)  # opened from the newest: it goes on with it
    fill(form_of(third), notes="سوم")
    assert send_draft(browser, third)["state"] == "kept"
    assert send_draft(browser, first)["state"] == "other"


def test_an_old_draft_of_an_edit_still_meets_what_others_changed(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")
    address = f"/contacts/{contact}/edit"
    browser = browse("clerk")
    page = typed(browser, address, notes="یادداشت من")
    send_draft(browser, page)
    other = fill(form_of(browse("second").get(address)), notes="یادداشت همکار")
    other.submit("submit", status=303)

    page = form_of(browser.get(address)).submit("submit", status=422)

    page.mustcontain("یادداشت همکار", "یادداشت من")
    assert desk.run(lambda services: services.contacts.get(contact).notes) == "یادداشت همکار"


def test_emptied_again_it_is_no_draft(browse: Browse, desk: Any) -> None:
    browser = browse("clerk")
    page = typed(browser, "/contacts/new", notes="چیزی")
    send_draft(browser, page)
    assert send_draft(browser, page, pairs=[])["state"] == "dropped"
    assert "Your draft" not in browser.get("/contacts/new").text


def test_a_number_that_was_searched_has_a_form_of_its_own(browse: Browse, desk: Any) -> None:
    browser = browse("clerk")
    page = typed(browser, "/contacts/new?phone=%2B989120000147", name="زهرا")
    send_draft(browser, page)
    assert form_of(browser.get("/contacts/new?phone=%2B989120000150"))["name"].value == ""
    assert form_of(browser.get("/contacts/new?phone=%2B989120000147"))["name"].value == "زهرا"


def test_secrets_marks_and_other_users_are_left_out(browse: Browse, desk: Any) -> None:
    browser = browse("clerk")
    page = typed(browser, "/contacts/new", name="زهرا")
    pairs = [["__formid__", "form"], ["name", "زهرا"], ["csrf_token", "mark"], ["new_password", "hidden-word"]]
    send_draft(browser, page, pairs=pairs)

    files = [file for file in (desk.app.settings.data / "kept-forms").iterdir() if ".draft." in file.name]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600]
    assert all(word not in files[0].read_text("utf-8") for word in ("mark", "hidden-word"))
    assert "data-draft" not in browse("").get("/login").text
    assert "زهرا" not in browse("second").get("/contacts/new").text


def test_the_door_for_drafts_is_narrow(browse: Browse, desk: Any) -> None:
    browser = browse("clerk")
    page = typed(browser, "/contacts/new", name="زهرا")
    for wrong in ({"place": "//elsewhere"}, {"place": "x"}, {"pairs": [["a"]]}, {"pairs": "a"}, {"seen": "1"},
                  {"name": "n" * 101}, {"pairs": [["a", 1]]}, {"pairs": [["a", "\ud800"]]}, {"title": "t" * 501},
                  {"pairs": [["a", "b"]] * 2001}):
        send_draft(browser, page, status=400, **wrong)
    token = form_of(page)["csrf_token"].value
    for body in (b"", b"{", b"[]", b"[" * 100_000, b"\xff"):
        browser.post("/drafts", body, content_type="application/json", headers={"X-CSRF-Token": token}, status=400)
    browser.post("/drafts", b"{}", content_type="application/json", status=400)  # without its mark
    answer = browse("").post("/drafts", b"{}", content_type="application/json", status=303)
    assert "/login" in answer.location
    long = [["__formid__", "form"], ["notes", "x" * LARGEST_DRAFT]]
    assert send_draft(browser, page, pairs=long)["state"] == "too_large"
    assert send_draft(browser, page, page="//elsewhere")["state"] == "kept"


def test_nobody_is_kept_from_typing_by_too_many_drafts(browse: Browse, desk: Any, web: Any) -> None:
    browser = browse("clerk")
    page = typed(browser, "/contacts/new", name="زهرا")
    for _time in range(PER_USER.amount):
        web.registry.crm_draft_brake.hit(PER_USER, str(desk.who["clerk"].user_id))
    send_draft(browser, page, status=429)
    form_of(page).submit("submit", status=303)


def test_the_start_page_lists_what_waits(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    browser = browse("clerk")
    page = typed(browser, f"/contacts/{contact}?compose=phone", "composer-form", body="پرسید چه شد")
    send_draft(browser, page, "composer-form", page=page.html.find("form", id="composer-form")["data-draft-page"])
    send_draft(browser, typed(browser, "/contacts/new", notes="یادداشت"))

    start = browser.get("/")
    start.mustcontain("Log a conversation", "زهرا رضایی", "New citizen")
    link = start.html.find("a", href=f"/contacts/{contact}?compose=phone")
    assert form_of(browser.get(link["href"]), "composer-form")["body"].value == "پرسید چه شد"
    assert "compose=phone" not in browse("second").get("/").text


def test_drafts_are_few_and_end(tmp_path: Path) -> None:
    now = [1_000_000.0]
    keeper = Keeper(tmp_path, clock=lambda: now[0])

    def save(place: str, user: int = 7, words: str = "x") -> None:
        keeper.save(user, Draft(place, "form", [("notes", words)], key="k", writer="w"), 0)

    for number in range(MOST_DRAFTS + 3):
        save(f"/p/{number}")
        os.utime(max(tmp_path.glob("7.draft.*"), key=lambda file: file.stat().st_ctime_ns), (number, number))
    assert len(list(tmp_path.glob("7.draft.*"))) == MOST_DRAFTS
    save("/p/1", user=8)
    assert keeper.draft(8, "/p/1", "form") is not None
    assert keeper.draft(9, "/p/1", "form") is None
    now[0] += DRAFT_HOURS * 3600 + 1
    assert keeper.draft(8, "/p/1", "form") is None
    assert keeper.drafts(8) == []


def test_forms_that_were_sent_push_no_draft_out(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, clock=lambda: 1000.0)
    keeper.save(7, Draft("/first", "form", [("a", "1")], key="k", writer="w"), 0)
    for number in range(2 * MOST_DRAFTS + 2):
        keeper.save(7, Draft(f"/p/{number}", "form", [("a", "1")], key="k", writer="w"), 0)
        keeper.take(7, f"/p/{number}", "form", "k")
    assert [draft.place for draft in keeper.drafts(7)] == ["/first"]
    assert len(list(tmp_path.glob("7.draft.*"))) <= MOST_DRAFTS + 3


def test_forms_that_were_sent_are_not_read_at_each_sending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Keeper(tmp_path, clock=lambda: 1000.0)
    for number in range(10):
        keeper.take(7, f"/p/{number}", "form", f"k{number}")
    assert keeper.drafts(7) == []
    read: list[Path] = []
    monkeypatch.setattr(Path, "read_text", lambda file, *_args, _read=Path.read_text, **_named: (
        read.append(file), _read(file, encoding="utf-8"))[1])
    assert keeper.drafts(7) == []
    assert read == []
    elsewhere = Keeper(tmp_path, clock=lambda: 1001.0)  # another process
    elsewhere.save(7, Draft("/p/3", "form", [("a", "1")], key="new", writer="w"), 0)
    assert [draft.place for draft in keeper.drafts(7)] == ["/p/3"]
    keeper.take(7, "/p/3", "form", "new")
    assert keeper.drafts(7) == []


def test_of_two_saves_at_once_none_is_later_than_both(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, clock=lambda: 1000.0)
    first = keeper.save(7, Draft("/p", "form", [("a", "1")], key="k", writer="w"), 0)[1]
    second = keeper.save(7, Draft("/p", "form", [("a", "2")], key="k", writer="w"), 0)[1]
    assert second.at > first.at
    keeper.take(7, "/p", "form", "k")
    assert keeper.draft(7, "/p", "form") is None
    assert json.loads(next(tmp_path.glob("7.draft.*")).read_text())["pairs"] == []


# ── a draft of each kind ─────────────────────────────────────────────────────────────────────────────────────


def test_a_draft_of_one_kind_does_not_slip_into_another(browse: Browse, desk: Any) -> None:
    here = f"/contacts/{desk.contact()}"
    browser = browse("clerk")
    with time_machine.travel("2026-11-22T08:00:00Z", tick=False):
        visit = typed(browser, f"{here}?compose=in_person", "composer-form", body="سر زد\nو رفت")
        send_draft(browser, visit, "composer-form")
    with time_machine.travel("2026-11-22T08:30:00Z", tick=False):
        call = browser.get(f"{here}?compose=phone")
        form = form_of(call, "composer-form")
        assert (form["body"].value, form["channel"].value) == ("", "phone")
        assert "Discard the draft" not in call.text
        link = call.html.select_one("form.composer [data-kept=in_person]")
        assert "Unfinished visit" in link.get_text() and "سر زد" in link.get_text()
        page = fill(form, body="زنگ زد").submit("submit", status=303).follow()

    (one,) = desk.run(lambda services: [(one.body or one.subject, one.channel, one.duration)
                                        for one in services.root.interactions.values()])
    assert one == ("زنگ زد", "phone", 0)
    assert "سر زد" in page.html.select_one("[data-idle]").get_text()  # and the visit still waits
    assert form_of(browser.get(link["href"]), "composer-form")["body"].value.startswith("سر زد")


def test_of_several_kinds_each_waits(browse: Browse, desk: Any) -> None:
    here = f"/contacts/{desk.contact()}"
    browser = browse("clerk")
    for kind, words in (("phone", "تماس"), ("note", "یادداشت")):
        send_draft(browser, typed(browser, f"{here}?compose={kind}", "composer-form", body=words), "composer-form")

    page = browser.get(here)
    idle = page.html.select_one("[data-idle]").get_text(" ", strip=True)
    assert "تماس" in idle and "یادداشت" in idle
    for kind, words in (("phone", "تماس"), ("note", "یادداشت")):
        assert form_of(browser.get(f"{here}?compose={kind}"), "composer-form")["body"].value == words
    assert "compose=phone" in browser.get("/").text


def test_a_call_that_became_a_visit_leaves_no_draft(browse: Browse, desk: Any) -> None:
    here = f"/contacts/{desk.contact()}"
    browser = browse("clerk")
    page = typed(browser, f"{here}?compose=phone", "composer-form", body="سر زد")
    send_draft(browser, page, "composer-form")
    form = form_of(page, "composer-form")
    form["channel"].force_value("in_person")
    page = form.submit("submit", status=303).follow()
    assert page.html.select_one("[data-waiting]").has_attr("hidden")
    assert page.html.select("[data-kept]") == []


def test_a_page_takes_away_the_draft_it_was_opened_with(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, clock=lambda: 1000.0)
    kept = keeper.save(7, Draft("/p", "form", [("a", "1")], key="k", writer="w"), 0)[1]
    keeper.discard(7, "/p", "form", "other", kept.at - 1)
    assert keeper.draft(7, "/p", "form") is not None
    keeper.discard(7, "/p", "form", "other", kept.at)
    assert keeper.draft(7, "/p", "form") is None
