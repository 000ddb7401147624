"""What strangers, other pages of the host and former staff may cost: nothing that stops anybody else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from limits import RateLimitItemPerMinute
from webtest import TestApp

from crm_core.services.users import Users
from crm_core.testing.factories import PASSWORD
from crm_views.app import make_app
from crm_views.keeping import LARGEST_OF_FORMER, MOST_OF_ONE, Keeper
from crm_views.security import SESSION_SECONDS
from crm_views.testing import form_of, sign_in
from crm_views.throttle import CHECKS_AT_ONCE, PER_LOGIN, Throttle

Browse = Callable[..., TestApp]
FAR = {"REMOTE_ADDR": "192.0.2.7"}
FEW = RateLimitItemPerMinute(3, 10)


def try_login(browser: TestApp, login: str, password: str, **more: Any) -> int:
    form = browser.get("/login").forms[0]
    form["username"], form["password"] = login, password
    return int(form.submit(expect_errors=True, **more).status_int)


@pytest.mark.parametrize(
    "cookies", ['other="\\377"', 'crm_language="\\377"; other=1', '\xff\xfe=1', 'x="a\\200;b"', '"\\377"="\\377"']
)
def test_cookies_of_others_that_are_no_text_change_nothing(web: Any, browse: Browse, cookies: str) -> None:
    login = browse("clerk").cookies["crm_login"]
    sheet = next(link["href"] for link in browse("").get("/login").html.select("link[rel=stylesheet]"))

    for header in (f"{cookies}; crm_login={login}", f"crm_login={login}; {cookies}"):
        browser = TestApp(web, lint=False)
        answer = browser.get("/", headers={"Cookie": header}, status=200)
        assert "Content-Security-Policy" in answer.headers
        browser.get(sheet, headers={"Cookie": header}, status=200)
    TestApp(web).get("/login", headers={"Cookie": cookies}, status=200)


def test_a_stranger_cannot_lock_somebody_out(browse: Browse, web: Any) -> None:
    web.registry.crm_throttle = Throttle(per_pair=FEW)
    stranger = browse("")
    assert [try_login(stranger, "clerk", "wrong", extra_environ=FAR) for _ in range(4)] == [422, 422, 422, 429]

    assert try_login(browse(""), "clerk", PASSWORD) == 303


def test_a_known_browser_has_a_counter_of_its_own(browse: Browse, web: Any) -> None:
    web.registry.crm_throttle = Throttle(per_pair=FEW, per_address=FEW, per_login=FEW)
    own, other = browse("clerk"), browse("second")
    for browser in (own, other):
        form_of(browser.get("/"), "/logout").submit(status=303)
    for _try in range(3):
        try_login(browse(""), "clerk", "wrong")
    assert try_login(other, "clerk", PASSWORD) == 429

    assert try_login(own, "clerk", PASSWORD) == 303
    form_of(own.get("/"), "/logout").submit(status=303)
    assert [try_login(own, "clerk", "wrong") for _ in range(4)] == [422, 422, 422, 429]


def test_right_passwords_do_not_count(browse: Browse, web: Any) -> None:
    web.registry.crm_throttle = Throttle(per_address=FEW, per_login=FEW)
    for _time in range(5):
        assert try_login(browse(""), "clerk", PASSWORD) == 303


def test_one_login_is_braked_over_all_addresses(browse: Browse, web: Any) -> None:
    assert (PER_LOGIN.amount, PER_LOGIN.get_expiry()) == (100, 3600)
    web.registry.crm_throttle = Throttle(per_login=FEW)
    for last in range(3):
        try_login(browse(""), "clerk", "wrong", extra_environ={"REMOTE_ADDR": f"192.0.2.{last}"})

    assert try_login(browse(""), "clerk", PASSWORD, extra_environ=FAR) == 429


def test_few_passwords_are_compared_at_the_same_time(
    browse: Browse, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as may compare have come in; the next one waits at the door until one of them is done."""
    leave, inside = threading.Event(), threading.Semaphore(0)
    browse("").get("/login")  # compiled now, and not by all of them
    check = Users.check_password

    def slow(self: Users, login: str, password: str) -> Any:
        inside.release()
        assert leave.wait(60)
        return check(self, login, password)

    monkeypatch.setattr(Users, "check_password", slow)
    threads = [threading.Thread(target=try_login, args=(browse(""), f"nobody{n}", "x")) for n in range(CHECKS_AT_ONCE)]
    for thread in threads:
        thread.start()
    try:
        for _thread in threads:
            assert inside.acquire(timeout=60)
        assert not web.registry.crm_throttle.checking.acquire(blocking=False)
    finally:
        leave.set()
        for thread in threads:
            thread.join(60)
    assert web.registry.crm_throttle.checking.acquire(blocking=False)


def test_one_user_has_a_few_kept_forms(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path)
    theirs = keeper.keep(2, "/a", [("name", "x")])
    tokens = [keeper.keep(1, "/a", [("name", str(number))]) for number in range(MOST_OF_ONE + 5)]

    assert sum(keeper.find(1, "/a", token) is not None for token in tokens) == MOST_OF_ONE
    assert keeper.find(1, "/a", tokens[-1]) == [("name", str(MOST_OF_ONE + 4))]
    assert keeper.find(2, "/a", theirs) is not None


def test_whose_login_ended_may_keep_less_and_whose_account_ended_nothing(browse: Browse, desk: Any) -> None:
    folder = desk.app.settings.data / "kept-forms"
    forms = {login: form_of(browse(login).get("/contacts/new")) for login in ("clerk", "second")}
    for form in forms.values():
        form["notes"] = "x" * LARGEST_OF_FORMER

    def end(services: Any) -> None:
        services.users.end_all_sessions(services.users.by_login("clerk"))
        services.users.edit(services.users.by_login("second"), {"active": False})

    desk.run(end)
    forms["clerk"].submit("submit", status=303)
    forms["second"].submit("submit", status=413)  # a stranger now
    assert list(folder.iterdir()) == []
    for form in forms.values():
        form["notes"] = "x"
        form.submit("submit", status=303)

    (kept,) = folder.iterdir()
    assert kept.name.startswith(f"{desk.who['clerk'].user_id}.")


@pytest.mark.parametrize(("seconds", "kept"), [(SESSION_SECONDS - 1, 1), (SESSION_SECONDS + 1, 0)])
def test_the_session_cookie_is_good_for_a_week(browse: Browse, desk: Any, seconds: int, kept: int) -> None:
    with time_machine.travel("2026-11-22 06:00", tick=False) as clock:
        form = form_of(browse("clerk").get("/contacts/new"))
        form["name"] = "زهرا"
        desk.run(lambda services: services.users.end_all_sessions(services.users.by_login("clerk")))
        clock.shift(seconds)
        form.submit("submit", status="*")
        assert len(list((desk.app.settings.data / "kept-forms").iterdir())) == kept


def test_no_shared_cache_keeps_what_is_below_static_but_is_no_file(browse: Browse) -> None:
    for address in ("/static/nothing", "/static/"):
        answer = browse("").get(address, status=404)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Cookie" in answer.headers["Vary"]


@pytest.mark.parametrize("https", [False, True])
def test_https_is_kept_to(open_desk: Callable[..., Any], https: bool) -> None:
    answer = TestApp(make_app(open_desk(https=https).app)).get("https://localhost/login" if https else "/login")
    assert ("Strict-Transport-Security" in answer.headers) is https


def test_notices_of_any_text_fit_into_their_cookie(web: Any) -> None:
    browser = sign_in(web, "clerk")
    for name in ("ز" * 190, '"\\' * 95, "👩" * 190):
        for _time in range(3):
            form = form_of(browser.get("/contacts/new"))
            form["name"] = name
            form.submit("submit", status=303)
    browser.get("/", status=200)
