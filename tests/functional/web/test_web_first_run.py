"""The first page of a new installation: only with the setup code, only once, also when two come at once."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from crm_core.app import App
from crm_core.errors import Taken
from crm_core.security.permissions import Role
from crm_core.testing import factories
from crm_core.testing.crowd import together
from crm_views.admin.setup_code import FILE, fits, setup_code
from crm_views.app import make_app
from crm_views.testing import fill, form_of, sign_in

PASSWORD = factories.PASSWORD


@pytest.fixture
def new(tmp_path: Path) -> Iterator[App]:
    """An installation without anybody in it."""
    app = factories.make_app(tmp_path / "new")
    yield app
    app.close()


@pytest.fixture
def stranger(new: App) -> TestApp:
    return TestApp(make_app(new), extra_environ={"HTTP_ACCEPT_LANGUAGE": "en"})


def filled(page: Any, app: App, **more: str) -> Any:
    values = {"code": setup_code(app.settings.data), "login": "boss", "name": "پیمان رحیمی", "password": PASSWORD,
              "password_again": PASSWORD, "unit": "میز خدمت"}
    return fill(form_of(page, "form"), **(values | more))


def test_every_page_leads_there_while_nobody_is(stranger: TestApp) -> None:
    for address in ("/", "/find?q=x", "/admin", "/contacts/new", "/login"):
        answer = stranger.get(address)
        while answer.status_int == 303:
            answer = answer.follow()
        assert answer.request.path == "/first-run", address


def test_the_first_administrator_is_made_and_signed_in(new: App, stranger: TestApp) -> None:
    page = filled(stranger.get("/first-run"), new).submit("submit").follow()

    assert page.request.path == "/admin"
    page.mustcontain("Welcome", "What is still to do", "Add your colleagues")
    with new.reading() as services:
        (user,) = services.users.all()
        assert user.roles == (Role.ADMINISTRATOR.value,)
        assert [services.units.get(id_).name for id_ in user.units] == ["میز خدمت"]
    assert not (new.settings.data / FILE).exists()
    assert stranger.get("/first-run").location == "/"
    other = TestApp(make_app(new))
    assert other.get("/first-run").location == "/"
    assert other.get("/login").status_int == 200
    sign_in(make_app(new), "boss")


def test_nothing_without_the_code(new: App, stranger: TestApp) -> None:
    for code in ("", "AAAA-AAAA-AAAA-AAAA", "<script>", "\u06f1\u06f2"):
        filled(stranger.get("/first-run"), new, code=code).submit("submit", status=422)
    with new.reading() as services:
        assert services.users.all() == services.units.all() == []


def test_the_code_is_typed_as_people_type(new: App) -> None:
    data = new.settings.data
    code = setup_code(data)
    assert code == setup_code(data)
    assert stat.S_IMODE((data / FILE).stat().st_mode) == 0o600
    for typed in (code.lower(), code.replace("-", ""), code.replace("-", " "), f"  {code} "):
        assert fits(data, typed)
    assert not fits(data, "") and not fits(data, code[:-1]) and not fits(data, "\ud800")


def test_guessing_is_slowed_down(new: App, stranger: TestApp) -> None:
    page = stranger.get("/first-run")
    for _try in range(10):
        filled(page, new, code="WRONG").submit("submit", status=422)
    refused = filled(page, new).submit("submit", status=429)
    refused.mustcontain("Too many tries")
    assert int(refused.headers["Retry-After"]) > 0
    with new.reading() as services:
        assert services.users.all() == []


@pytest.mark.parametrize(("values", "words"), [
    ({"password_again": "something else entirely"}, "The two are not the same."),
    ({"password": "short", "password_again": "short"}, "8 characters at least"),
    ({"login": "two words"}, "one word"),
    ({"name": ""}, "Fill this in"),
    ({"name": "<script>alert(1)</script>", "login": ""}, "Fill this in"),
])
def test_what_does_not_fit_is_said(new: App, stranger: TestApp, values: dict[str, str], words: str) -> None:
    page = filled(stranger.get("/first-run"), new, **values).submit("submit", status=422)
    page.mustcontain(words, no="<script>alert")
    with new.reading() as services:
        assert services.users.all() == services.units.all() == []


def test_nobody_can_come_second(new: App, stranger: TestApp) -> None:
    page = stranger.get("/first-run")
    late = filled(page, new, login="late")
    factories.make_clerk(new, "first", roles=[Role.ADMINISTRATOR])

    assert late.submit("submit", status=303).location == "/"

    with new.reading() as services:
        assert [user.login for user in services.users.all()] == ["first"]


def test_of_two_at_once_one_becomes_administrator(new: App) -> None:
    def begin(number: int) -> str:
        def work(services: Any) -> str:
            user = services.users.add_first(f"boss{number}", name="Boss", password=PASSWORD, hash_cost=1)
            return str(user.login)

        try:
            return new.run(work)
        except Taken:
            return ""

    made = together(begin, 4)

    assert len([login for login in made if login]) == 1
    with new.reading() as services:
        assert len(services.users.all()) == len(services.root.logins) == 1


def test_the_server_says_the_code_and_the_command(new: App, capsys: Callable[..., Any]) -> None:
    from crm_views.cli import say_who_may_come

    say_who_may_come(new, new.settings.data)

    said = capsys.readouterr().err  # type: ignore[attr-defined]
    assert setup_code(new.settings.data) in said and "crm user add" in said


def test_the_code_goes_with_the_first_account_however_it_comes(new: App) -> None:
    from crm_core.operations import ADD_USER
    from crm_views.cli import say_who_may_come

    data = new.settings.data
    setup_code(data)
    ADD_USER.run(new, {"login": "boss", "password": PASSWORD, "roles": ["administrator"]}, None, lambda *_done: None)
    assert not (data / FILE).exists()

    setup_code(data)  # one that an older version left behind
    say_who_may_come(new, data)
    assert not (data / FILE).exists()
