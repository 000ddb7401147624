"""What was typed survives an ended login, a lost mark, a plugin that fails, a fault of ours; sent twice counts once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from pyramid.request import Request
from transaction.interfaces import TransientError
from webtest import TestApp

from crm_core.model.contact import Contact
from crm_core.services.contacts import Contacts
from crm_core.testing.factories import PASSWORD
from crm_views.app import make_app
from crm_views.keeping import HOURS, Keeper
from crm_views.testing import fill, form_of, sign_in

Browse = Callable[..., TestApp]


def end_logins(desk: Any, login: str = "clerk") -> None:
    desk.run(lambda services: services.users.end_all_sessions(services.users.by_login(login)))


def sign_in_again(page: Any, login: str, **more: Any) -> Any:
    form = page.forms[0]
    form["username"], form["password"] = login, PASSWORD
    return form.submit(**more)


def typed(browser: TestApp, contact: int) -> Any:
    form = form_of(browser.get(f"/contacts/{contact}/interactions/new?channel=sms"))
    return fill(form, body="خط نخست\nخط «دوم» <b>", direction="out", outcome="informed", minutes="۱۲")


def check_filled(form: Any) -> None:
    assert form["body"].value == "خط نخست\nخط «دوم» <b>"
    assert (form["channel"].value, form["direction"].value, form["outcome"].value) == ("sms", "out", "informed")
    assert form["minutes"].value in ("12", "۱۲")


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_a_form_comes_back_filled_after_the_login_had_ended(browse: Browse, desk: Any, how: str) -> None:
    contact = desk.contact()
    with time_machine.travel("2026-11-22 06:00", tick=False) as clock:
        browser = browse("clerk")
        form = typed(browser, contact)
        if how == "revoked":
            end_logins(desk)
        else:
            clock.move_to("2026-11-22 17:00")

        login = form.submit("submit", status=303).follow(headers={"Accept-Language": "en"})
        login.mustcontain("Your login has ended.", "What you typed is kept", "Files must be chosen again.")
        assert "خط" not in login.text
        page = sign_in_again(login, "clerk", status=303).follow(status=200)

        page.mustcontain("What you had typed is still here.", no="Only files must be chosen again.")
        check_filled(form_of(page))
        form_of(page).submit("submit", status=303).follow().mustcontain("خط نخست")
        words = json.dumps("خط").strip('"')
        left = [file.read_text("utf-8") for file in (desk.app.settings.data / "kept-forms").iterdir()]
        assert not any(words in text for text in left)  # what stays says only that this form was sent


def test_what_one_typed_is_never_shown_to_another(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    browser = browse("clerk")
    form = typed(browser, contact)
    end_logins(desk)

    page = sign_in_again(form.submit("submit", status=303).follow(), "second", status=303).follow(status=200)

    assert "خط" not in page.text
    assert form_of(page)["body"].value == ""
    address = page.request.path_qs
    assert "kept=" in address
    page = browse("clerk").get(address)  # it waits for the one who typed it
    check_filled(form_of(page))
    assert form_of(browse("clerk").get(address.replace("interactions/new", "edit")))["notes"].value == ""


def test_kept_forms_lie_where_only_the_owner_reads_and_not_for_long(browse: Browse, desk: Any) -> None:
    form = typed(browse("clerk"), desk.contact())
    end_logins(desk)
    form.submit("submit", status=303)

    folder = desk.app.settings.data / "kept-forms"
    (file,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600
    user, path = desk.who["clerk"].user_id, form.action or ""
    keeper = Keeper(folder, clock=lambda: os.stat(file).st_mtime + HOURS * 3600 + 1)
    assert keeper.find(user, path, file.name) is None
    keeper.sweep()
    assert not file.exists()


@pytest.mark.parametrize("token", ["../../etc/passwd", "x" * 22, "", "..%2f", "\0" * 22])
def test_nothing_else_is_found_by_a_token(browse: Browse, desk: Any, token: str) -> None:
    browse("clerk").get("/contacts/new", {"kept": token}, status=200)


def test_passwords_and_marks_are_not_kept(browse: Browse, desk: Any) -> None:
    browser = browse("clerk")
    form = browser.get("/contacts/new").forms["form"]
    form["csrf_token"].force_value("lost")
    form["name"] = "زهرا"
    form.submit("submit", status=400)

    (file,) = (desk.app.settings.data / "kept-forms").iterdir()
    assert "csrf_token" not in file.read_text("utf-8")
    assert "lost" not in file.read_text("utf-8")


def test_a_lost_mark_is_explained_and_the_form_opens_again(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    form = typed(browse("clerk"), contact)
    form["csrf_token"].force_value("0" * 40)

    page = form.submit("submit", status=400)

    page.mustcontain("Nothing was saved yet", "lost the mark", "خط «دوم» &lt;b&gt;")
    page = page.click("Open the form again, filled in")
    check_filled(form_of(page))
    form_of(page).submit("submit", status=303)


def test_a_plugin_that_fails_is_named_nothing_is_stored_everything_is_kept(
    open_desk: Callable[..., Any], load_plugin: Callable[[str], Any]
) -> None:
    desk = open_desk({"crashing": load_plugin("crashing")})
    contact = desk.contact()
    browser = sign_in(make_app(desk.app), "clerk")
    form = form_of(browser.get(f"/contacts/{contact}/requests/new/crashing.thing"))

    page = fill(form, word="crash", story="همه‌چیز", text="حرف شهروند").submit("submit", status=422)

    page.mustcontain("The plugin “Thing” failed; nothing was stored.", no="a secret of the plugin")
    form = form_of(page)
    assert [form[name].value for name in ("word", "story", "text")] == ["crash", "همه‌چیز", "حرف شهروند"]
    assert desk.run(lambda services: len(services.collections["crashing.rows"])) == 0
    assert desk.run(lambda services: len(services.root.requests)) == 0
    assert desk.app.host.plugins["crashing"].failures == 1
    fill(form, word="work").submit("submit", status=303)


def test_a_plugins_refusal_stands_at_its_field(
    open_desk: Callable[..., Any], load_plugin: Callable[[str], Any]
) -> None:
    desk = open_desk({"good": load_plugin("good")})
    browser = sign_in(make_app(desk.app), "clerk")
    form = form_of(browser.get(f"/contacts/{desk.contact()}/requests/new/good.wish"))

    page = fill(form, wish="the moon", story="شب بود").submit("submit", status=422)

    assert page.html.select_one("#f-wish-e").get_text(strip=True) == "The moon is not ours to give."
    assert form_of(page)["story"].value == "شب بود"


def test_a_fault_of_ours_shows_no_trace_and_keeps_what_was_typed(
    browse: Browse, desk: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: Any, **_values: Any) -> Contact:
        raise ZeroDivisionError("a secret of ours")

    form = fill(form_of(browse("clerk").get("/contacts/new")), name="زهرا رضایی")
    with monkeypatch.context() as patch:
        patch.setattr(Contacts, "create", broken)
        page = form.submit("submit", status=500)

    page.mustcontain("The fault is ours, not yours.", "زهرا رضایی", no=["a secret of ours", "Traceback", "ZeroDiv"])
    assert page.headers["X-Request-Id"] in page.text
    assert f"request {page.headers['X-Request-Id']} POST /contacts/new failed" in caplog.text
    assert "a secret of ours" in caplog.text
    again = page.click("Open the form again, filled in")
    assert form_of(again)["name"].value == "زهرا رضایی"


def test_an_error_page_that_cannot_be_drawn_is_still_an_answer(
    browse: Browse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    browser = browse("clerk")

    def broken(*_args: Any, **_values: Any) -> str:
        raise ZeroDivisionError("even the page")

    monkeypatch.setattr("crm_views.errors.render", broken)
    answer = browser.get("/nothing", status=404)
    answer.mustcontain("</html>", no="even the page")
    assert "the error page could not be drawn" in caplog.text


def test_conflicts_are_tried_again_unseen(browse: Browse, desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []
    create = Contacts.create

    def meeting_others(self: Contacts, **values: Any) -> Contact:
        tries.append(1)
        if len(tries) < 6:
            raise TransientError("somebody was faster")
        return create(self, **values)

    form = fill(form_of(browse("clerk").get("/contacts/new")), name="زهرا رضایی")
    monkeypatch.setattr(Contacts, "create", meeting_others)
    form.submit("submit", status=303)
    assert len(tries) == 6
    assert desk.run(lambda services: len(services.root.contacts)) == 1


def test_conflicts_without_end_are_said_and_the_form_is_kept(
    browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def always(*_args: Any, **_values: Any) -> Contact:
        raise TransientError("somebody is always faster")

    form = fill(form_of(browse("clerk").get("/contacts/new")), name="زهرا رضایی")
    monkeypatch.setattr(Contacts, "create", always)
    page = form.submit("submit", status=503)
    page.mustcontain("Too many people are writing this at once", "زهرا رضایی")
    assert page.headers["Retry-After"] == "3"


FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "contact": ("/contacts/new", {"name": "زهرا"}),
    "edit": ("{here}/edit", {"notes": "یادداشت"}),
    "identifier": ("{here}/identifiers/new", {"value": "09120000001"}),
    "interaction": ("{here}/interactions/new", {"body": "تماس"}),
    "unknown": ("/interactions/new", {"body": "تماس"}),
    "request": ("{here}/requests/new/core.general", {"category": "service"}),
    "status": ("{case}/status", {"status": "working"}),
    "assign": ("{case}/assign", {"note": "یادداشت", "unit": ""}),
}


@pytest.mark.parametrize("name", list(FORMS))
def test_a_form_sent_twice_answers_with_the_first_result(browse: Browse, desk: Any, name: str) -> None:
    contact = desk.contact()
    case = desk.case(contact)
    address, values = FORMS[name]
    page = browse("clerk").get(address.format(here=f"/contacts/{contact}", case=f"/requests/{case}"))
    form = fill(form_of(page, name if name in ("status", "assign") else "form"), **values)
    sizes: list[dict[str, int]] = []

    def count() -> None:
        sizes.append(desk.run(lambda services: {
            "contacts": len(services.root.contacts), "requests": len(services.root.requests),
            "interactions": len(services.root.interactions),
            "events": len(services.requests.by_code(case).events),
            "revision": services.contacts.get(contact).revision,
        }))

    first = form.submit("submit", status=303)
    count()
    second = form.submit("submit", status=303)
    count()

    assert first.location == second.location
    assert sizes[0] == sizes[1]


def test_a_key_is_good_for_its_user_only(browse: Browse, desk: Any) -> None:
    forms = [fill(form_of(browse(login).get("/contacts/new")), name="زهرا") for login in ("clerk", "second")]
    forms[1]["submission_key"].force_value(forms[0]["submission_key"].value)

    places = {form.submit("submit", status=303).location for form in forms}

    assert len(places) == 2


def test_two_sendings_at_once_store_once(desk: Any, web: Any) -> None:
    """The second one meets the first in the database: it conflicts, runs again, and finds the first result."""
    browser = sign_in(web, "clerk")
    form = fill(form_of(browser.get("/contacts/new")), name="زهرا")
    body, cookie = form.submit_fields("submit"), browser.cookies["crm_login"]
    session = browser.cookies["crm_session"]
    create = Contacts.create
    inner: list[Any] = []

    def send() -> Any:
        request = Request.blank("/contacts/new", POST=dict(body))
        request.headers["Cookie"] = f"crm_login={cookie}; crm_session={session}"
        return request.get_response(web)

    def slowly(self: Contacts, **values: Any) -> Contact:
        contact = create(self, **values)
        if not inner:
            inner.append(None)
            inner[0] = send()
        return contact

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Contacts, "create", slowly)
        outer = send()

    assert outer.status_int == inner[0].status_int == 303
    assert outer.location == inner[0].location
    assert desk.run(lambda services: len(services.root.contacts)) == 1


def test_what_nobody_can_get_back_is_said(browse: Browse, desk: Any) -> None:
    """Both cookies are gone: the form belongs to nobody who is known, and the login page says so."""
    browser = browse("")
    page = browser.post("/contacts/new", {"name": "زهرا"}, status=303).follow()
    assert "could not be kept" in page.text or "نگه داشته نشد" in page.text
    assert "could not be kept" not in browser.get("/login?ended=1").text


def test_rights_taken_while_somebody_typed_leave_the_words_to_copy(browse: Browse, desk: Any) -> None:
    browser = browse("clerk")
    form = typed(browser, desk.contact())
    desk.run(lambda services: services.users.edit(services.users.by_login("clerk"), {"roles": ["administrator"]}))
    page = form.submit("submit", status=403)
    page.mustcontain("You may not do this", "خط «دوم» &lt;b&gt;", no="csrf_token</bdi>")
