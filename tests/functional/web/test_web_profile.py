"""One's own page: choices, password, logins; and the page of keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webtest import TestApp

from crm_core.testing.factories import PASSWORD
from crm_views.testing import fill, form_of, sign_in, speak

Browse = Callable[..., TestApp]


def test_choices_are_kept_and_hold_at_once(browse: Browse) -> None:
    clerk = browse("clerk")
    form = form_of(clerk.get("/profile"), "choices")
    form["single_keys"].checked = False
    form["theme"] = "dark"
    page = form.submit("submit", status=303).follow()
    assert "Your choices are kept." in page
    assert 'data-single-keys="off"' in page and 'data-bs-theme="dark"' in page
    form = form_of(page, "choices")
    form["language"] = "fa"
    page = form.submit("submit", status=303).follow()
    assert 'lang="fa"' in page and 'data-single-keys="off"' in page


def test_a_password_is_changed_only_with_the_present_one(browse: Browse, web: Any) -> None:
    clerk, elsewhere = browse("clerk"), browse("clerk")
    new = {"new_password": "a new password", "password_again": "a new password"}
    wrong = fill(form_of(clerk.get("/profile"), "/profile/password"), present_password="guess", **new)
    refused = wrong.submit("submit", status=422)
    assert "This is not your password." in refused
    assert "a new password" not in refused
    unlike = fill(form_of(refused, "/profile/password"), present_password=PASSWORD,
                  new_password="a new password", password_again="another one")
    assert "The two are not the same." in unlike.submit("submit", status=422)
    short = fill(form_of(refused, "/profile/password"), present_password=PASSWORD,
                 new_password="short", password_again="short")
    assert "characters at least" in short.submit("submit", status=422)
    right = fill(form_of(refused, "/profile/password"), present_password=PASSWORD, **new)
    assert "The new password holds" in right.submit("submit", status=303).follow()
    assert elsewhere.get("/profile").status_int == 303  # signed out there
    assert sign_in(web, "clerk", "a new password").get("/profile").status_int == 200


def test_guessing_the_present_password_is_slowed_down(browse: Browse) -> None:
    clerk = browse("clerk")
    page = clerk.get("/profile")
    for _try in range(12):
        form = fill(form_of(page, "/profile/password"), present_password="guess",
                    new_password="a new password", password_again="a new password")
        page = form.submit("submit", status=422)
    assert "Too many tries" in page


def test_a_login_elsewhere_is_ended_and_nobody_elses(browse: Browse) -> None:
    clerk, elsewhere, second = browse("clerk"), browse("clerk"), browse("second")
    page = clerk.get("/profile")
    assert page.text.count("Another browser") == 1
    form_of(page, "/profile/logins").submit(status=303)
    assert elsewhere.get("/profile").status_int == 303
    key = form_of(sign_again(browse, second), "/profile/logins")["login"].value
    token = form_of(clerk.get("/profile"), "/preferences")["csrf_token"].value
    clerk.post("/profile/logins", {"login": key, "csrf_token": token}, status=303)
    assert second.get("/profile").status_int == 200
    assert second.get("/profile").text.count("Another browser") == 1


def sign_again(browse: Browse, second: TestApp) -> Any:
    """The profile of a user who is signed in twice."""
    browse("second")
    return second.get("/profile")


def test_the_keys_are_a_page_and_a_part_of_one(browse: Browse) -> None:
    clerk = browse("clerk")
    page, part = clerk.get("/keys"), clerk.get("/keys?part=1")
    assert "Log a call" in page and "<html" in page
    assert "Log a call" in part and "<html" not in part


def test_a_device_is_named_in_the_order_of_the_readers_language(web: Any) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0 Safari/537.36"
    clerk = TestApp(web, extra_environ={"HTTP_USER_AGENT": agent})
    fill(clerk.get("/login").forms[0], username="clerk", password=PASSWORD).submit(status=303)
    for language, direction in (("en", "ltr"), ("fa", "rtl")):
        speak(clerk, language)
        name = clerk.get("/profile").html.select_one(".login-row bdi")
        assert name["dir"] == direction
        assert name.text.startswith("\u2068Chrome\u2069 ") and name.text.endswith(" \u2068Linux\u2069")
