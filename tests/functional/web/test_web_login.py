"""Signing in and out: one page, one answer for every slip, cookies a script cannot read, brakes on guessing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import argon2
import pytest
import time_machine
from limits import RateLimitItemPerMinute
from webtest import TestApp

from crm_core.security import passwords
from crm_core.testing.factories import PASSWORD
from crm_views.app import make_app
from crm_views.installation import installation_secret
from crm_views.testing import form_of, sign_in
from crm_views.throttle import PER_ADDRESS, Throttle

Browse = Callable[..., TestApp]


def attempt(browser: TestApp, login: str, password: str, address: str = "/login", **more: Any) -> Any:
    form = browser.get(address).forms[0]
    form["username"], form["password"] = login, password
    return form.submit(**more)


def without_secrets(page: str) -> str:
    """A page without what is new each time it is drawn, and without the name that was typed."""
    page = re.sub(r'name="(csrf_token|submission_key)" value="[^"]*"', "", page)
    return re.sub(r'value="(clerk|nobody)"', "", page)


def test_the_login_form_is_the_first_one_of_its_page(browse: Browse) -> None:
    form = browse("").get("/login").forms[0]

    assert {"username", "password"} <= set(form.fields)
    assert form["password"].attrs["type"] == "password"
    assert form["username"].attrs["autocomplete"] == "username"


def test_whoever_signs_in_comes_to_the_page_that_was_asked_for(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    browser = browse("")

    asked = browser.get(f"/contacts/{contact}?show=calls", status=303)
    assert asked.location.endswith(f"/login?next=%2Fcontacts%2F{contact}%3Fshow%3Dcalls")
    form = asked.follow().forms[0]
    form["username"], form["password"] = "clerk", PASSWORD
    page = form.submit(status=303).follow()

    assert page.request.path_qs == f"/contacts/{contact}?show=calls"
    page.mustcontain("زهرا رضایی")


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "\\\\x", "x" * 3000,
               "/a\r\nSet-Cookie: x=1", "/%0d%0aX:1\n", "/.//evil.example", "/a/..//evil.example",
               "/%2e%2e/%2Fevil.example"]
)
def test_no_address_leads_to_another_site(browse: Browse, target: str) -> None:
    browser = browse("")
    form = browser.get("/login", {"next": target}).forms[0]
    form["username"], form["password"] = "clerk", PASSWORD

    answer = form.submit(status=303)

    assert answer.location == "/"


def test_unknown_logins_and_wrong_passwords_get_the_same_answer(browse: Browse) -> None:
    known = attempt(browse(""), "clerk", "not this one", status=422)
    unknown = attempt(browse(""), "nobody", "not this one", status=422)

    assert without_secrets(known.text) == without_secrets(unknown.text)
    known.mustcontain("Username or password is not right.", "clerk", no="not this one")
    known.mustcontain("You are not signed in", no="Not saved")


def test_an_unknown_login_costs_a_whole_password_check() -> None:
    assert argon2.extract_parameters(passwords._DUMMY).memory_cost == argon2.DEFAULT_MEMORY_COST
    with pytest.raises(argon2.exceptions.VerifyMismatchError):
        argon2.PasswordHasher().verify(passwords._DUMMY, "anything")


def test_empty_fields_are_said_at_the_fields(browse: Browse) -> None:
    page = attempt(browse(""), "", "", status=422)

    assert [error.text.strip() for error in page.html.select(".field-error")] == ["Fill this in.", "Fill this in."]


@pytest.mark.parametrize("https", [False, True])
def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(open_desk: Callable[..., Any], https: bool) -> None:
    site = "https://localhost" if https else "http://localhost"
    browser = TestApp(make_app(open_desk(https=https).app))

    answer = attempt(browser, "clerk", PASSWORD, f"{site}/login", headers={"Origin": site}, status=303)

    cookies = {cookie.partition("=")[0]: cookie for cookie in answer.headers.getall("Set-Cookie")}
    assert set(cookies) == {"crm_login", "crm_session", "crm_language"}
    for cookie in cookies.values():
        assert "; HttpOnly" in cookie
        assert "; SameSite=Lax" in cookie
        assert ("; secure" in cookie.lower()) is https


def test_the_login_lies_in_the_database_only_as_a_hash(browse: Browse, desk: Any) -> None:
    secret = browse("clerk").cookies["crm_login"]

    def stored(services: Any) -> list[str]:
        return list(services.root.sessions)

    keys = desk.run(stored)
    assert len(keys) == 1
    assert secret not in keys[0]


def test_signing_out_ends_the_login_in_the_database_too(browse: Browse, desk: Any) -> None:
    browser = browse("clerk")
    secret = browser.cookies["crm_login"]

    answer = form_of(browser.get("/"), "/logout").submit(status=303)

    assert answer.location.endswith("/login")
    assert desk.run(lambda services: services.users.session(secret)) is None
    browser.set_cookie("crm_login", secret)
    assert browser.get("/", status=303).location.endswith("/login?next=%2F")


def test_signing_out_is_nothing_a_link_can_do(browse: Browse) -> None:
    assert browse("clerk").get("/logout", status=405).headers["Allow"] == "POST"


def test_a_login_that_was_revoked_is_over_at_once(browse: Browse, desk: Any) -> None:
    browser = browse("clerk")
    desk.run(lambda services: services.users.end_all_sessions(services.users.by_login("clerk")))

    page = browser.get("/", status=303).follow(headers={"Accept-Language": "en"})

    page.mustcontain("Your login has ended.")


def test_a_login_ends_after_the_hours_of_the_setting(browse: Browse) -> None:
    with time_machine.travel("2026-11-22 06:00", tick=False) as clock:
        browser = browse("clerk")
        clock.move_to("2026-11-22 15:59")
        browser.get("/", status=200)
        clock.move_to("2026-11-22 16:01")
        browser.get("/", status=303)


@pytest.mark.parametrize(("again", "works"), [("clerk", True), ("second", False)])
def test_open_forms_stay_usable_for_the_same_user_only(browse: Browse, desk: Any, again: str, works: bool) -> None:
    browser = browse("clerk")
    form = form_of(browser.get("/contacts/new"))
    form["name"] = "زهرا رضایی"
    desk.run(lambda services: services.users.end_all_sessions(services.users.by_login("clerk")))

    attempt(browser, again, PASSWORD, status=303)

    form.submit("submit", status=303 if works else 400)


def test_guessing_one_login_is_braked(browse: Browse) -> None:
    browser = browse("")
    for _try in range(10):
        attempt(browser, "clerk", "wrong", status=422)

    page = attempt(browser, "clerk", PASSWORD, status=429)

    page.mustcontain("Too many tries. Wait 10 minutes")
    assert page.headers["Retry-After"] == "600"
    attempt(browser, "second", PASSWORD, status=303)


def test_guessing_from_one_address_is_braked_whatever_the_login(browse: Browse, web: Any) -> None:
    assert (PER_ADDRESS.amount, PER_ADDRESS.get_expiry()) == (60, 600)
    web.registry.crm_throttle = Throttle(per_address=RateLimitItemPerMinute(5, 10))
    browser = browse("")
    for number in range(5):
        attempt(browser, f"nobody{number}", "wrong", status=422)

    attempt(browser, "clerk", PASSWORD, status=429)
    attempt(browser, "clerk", PASSWORD, status=303, extra_environ={"REMOTE_ADDR": "192.0.2.7"})


def test_a_success_forgives_earlier_slips(browse: Browse) -> None:
    for _round in range(3):
        browser = browse("")
        for _try in range(6):
            attempt(browser, "clerk", "wrong", status=422)
        attempt(browser, "clerk", PASSWORD, status=303)


def test_the_secret_of_the_installation_is_for_its_owner_only_and_stays(desk: Any, web: Any) -> None:
    path: Path = desk.app.settings.data / "web-secret"

    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_bytes()) == 64
    assert installation_secret(desk.app.settings.data) == path.read_bytes()
    # A second process with the same data takes the first one's cookies.
    browser = sign_in(web, "clerk")
    TestApp(make_app(desk.app), cookiejar=browser.cookiejar).get("/", status=200)
