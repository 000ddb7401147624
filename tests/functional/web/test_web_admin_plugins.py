"""Plugins as an administrator uses them: seen, put out and in while others work, understood when they fail."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from limits import RateLimitItemPerMinute
from transaction.interfaces import TransientError
from webtest import TestApp

from crm_core.api import Collection, Column, ContactFields, Form, Reader, Report, fields, hookimpl
from crm_core.builtin import GENERAL
from crm_core.cli.plugin import print_switched
from crm_core.errors import CrmError
from crm_core.host import Plugin, State
from crm_core.operations import SWITCH_PLUGIN
from crm_core.readers import readers
from crm_core.security.identity import SYSTEM
from crm_core.services import Services
from crm_core.services.requests import Requests
from crm_core.testing import factories
from crm_views.admin.plugins import pace
from crm_views.app import make_app
from crm_views.swap import Swappable
from crm_views.testing import all_of, form_of, sign_in, speak, words
from crm_views.throttle import Throttle

LoadPlugin = Callable[[str], ModuleType]


@pytest.fixture
def served(open_desk: Callable[..., Any], load_plugin: LoadPlugin) -> Callable[..., Any]:
    """``served(**settings)``: a desk with the plugin "good", and its pages as ``crm serve`` serves them."""

    def serve(**settings: Any) -> tuple[Any, Swappable]:
        desk = open_desk({"good": load_plugin("good")}, **settings)
        return desk, Swappable(desk.app, make_app)

    return serve


def pageless(module: ModuleType) -> ModuleType:
    """The plugin, whose pages cannot be taken any more."""
    def configure(config: Any) -> None:
        raise RuntimeError("no pages today")

    vars(module)["configure"] = hookimpl(configure)
    return module


def wish(desk: Any) -> str:
    """A request of the plugin, its tracking code."""
    def work(services: Services) -> str:
        return factories.submit(services, factories.make_contact(services), "good.wish", {"wish": "a star"}).code

    return str(desk.app.run(work))


def switch(browser: TestApp, enabled: str) -> Any:
    page = browser.get("/admin/plugins/good")
    return form_of(page, "/admin/plugins/good/switch").submit("enabled", value=enabled, status=303).follow()


def test_a_plugin_goes_and_comes_back_while_people_work(served: Any) -> None:
    desk, web = served()
    clerk, admin = sign_in(web, "clerk"), sign_in(web, "admin")
    code = wish(desk)
    menu = next(item.path for _plugin, item in desk.app.registry.menu.values())
    before = web.router
    assert TestApp(web).get(menu, expect_errors=True).status_int != 404

    switch(admin, "0").mustcontain("The plugin is out.", "put out", "1", "open")

    assert web.router is not before
    assert desk.app.host.plugins["good"].state is State.DISABLED
    assert sign_in(web, "admin").get(menu, status=404)
    clerk.get(f"/requests/{code}", status=200)  # the login goes on, and the case is readable
    clerk.get("/", status=200)

    switch(admin, "1").mustcontain("The plugin takes part now.", "takes part")
    assert desk.app.host.plugins["good"].state is State.ENABLED
    assert TestApp(web).get(menu, expect_errors=True).status_int != 404
    trail = [row.select_one("p").text for row in admin.get("/admin/audit?kind=plugin").html.select(".deed")]
    assert "put a plugin in:" in trail[0] and "put a plugin out:" in trail[1]


def test_wrong_passwords_stay_counted_when_a_plugin_goes(served: Any) -> None:
    _desk, web = served()
    admin = sign_in(web, "admin")
    web.router.registry.crm_throttle = Throttle(per_pair=RateLimitItemPerMinute(3, 10))

    def guess() -> int:
        form = TestApp(web, extra_environ={"REMOTE_ADDR": "192.0.2.7"}).get("/login").forms[0]
        form["username"], form["password"] = "clerk", "a guess"
        return int(form.submit(expect_errors=True).status_int)

    before = web.router
    assert [guess() for _time in range(4)] == [422, 422, 422, 429]
    switch(admin, "0")
    assert web.router is not before
    assert guess() == 429


def test_where_nothing_can_be_swapped_a_restart_is_asked_for(open_desk: Any, load_plugin: LoadPlugin) -> None:
    desk = open_desk({"good": load_plugin("good")})
    admin = sign_in(make_app(desk.app), "admin")

    switch(admin, "0").mustcontain("It takes effect when the server is started again.",
                                   "This process does not yet do what was decided about plugins.")

    assert desk.app.host.plugins["good"].state is State.ENABLED


def test_an_application_that_does_not_start_does_not_take_over(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, web = served()
    admin, before = sign_in(web, "admin"), web.router

    def broken(app: Any) -> Any:
        raise RuntimeError("no")

    monkeypatch.setattr(web, "_build", broken)
    switch(admin, "0").mustcontain("the new application does not start")

    assert web.router is before and desk.app.host.plugins["good"].state is State.ENABLED


def test_one_that_does_not_come_up_is_not_told_to_take_part(served: Any, capsys: pytest.CaptureFixture[str]) -> None:
    desk, web = served()
    admin = sign_in(web, "admin")
    module = desk.app.host.plugins["good"].module
    switch(admin, "0")
    pageless(module)

    page = switch(admin, "1")
    page.mustcontain("but the plugin does not take part", "did not come up", "no pages today")
    assert "The plugin takes part now." not in page
    told = SWITCH_PLUGIN.run(desk.app, {"plugin": "good", "enabled": True}, None, lambda _done, _all: None)
    assert told == {"plugin": "good", "enabled": True, "changed": False, "effective": False,
                    "reason": "configure: RuntimeError: no pages today"}
    print_switched(told)
    assert "“good” does not take part: configure: RuntimeError: no pages today" in capsys.readouterr().err


def test_one_that_is_required_stays(served: Any) -> None:
    desk, web = served(plugins_required=("good",))
    admin = sign_in(web, "admin")
    page = admin.get("/admin/plugins/good")
    page.mustcontain("The settings say that the desk may not run without it.")
    form = form_of(page, "/admin/plugins/good/switch")

    form.submit("enabled", value="0", status=303).follow().mustcontain("crm.plugins.required")

    assert desk.app.host.plugins["good"].state is State.ENABLED


def test_a_required_one_without_its_pages_refuses_the_start(open_desk: Any, load_plugin: LoadPlugin) -> None:
    desk = open_desk({"good": pageless(load_plugin("good"))}, plugins_required=("good",))
    with pytest.raises(CrmError) as refused:
        Swappable(desk.app, make_app)
    words = desk.app.translator.translate(refused.value.message, "en")
    assert "The required plugin “good” cannot be loaded: configure: RuntimeError: no pages today" in words


def test_a_required_one_that_lost_its_pages_keeps_the_old_application(served: Any, load_plugin: LoadPlugin) -> None:
    desk, web = served(plugins_required=("good",))
    before = web.router
    pageless(desk.app.host.plugins["good"].module)
    with pytest.raises(CrmError):
        web.rebuild()
    assert web.router is before and desk.app.host.plugins["good"].state is State.ENABLED
    sign_in(web, "admin").get("/admin/plugins").mustcontain("good")


def test_a_failed_one_is_named_with_its_technical_text(open_desk: Any, load_plugin: LoadPlugin) -> None:
    desk = open_desk({"good": load_plugin("good"), "crashing": load_plugin("crashing")})
    admin = sign_in(make_app(desk.app), "admin")
    plugin = desk.app.host.plugins["crashing"]
    try:
        raise ValueError("<b>broken</b>")
    except ValueError as error:
        desk.app.host.refuse(plugin, f"ValueError: {error}")

    page = admin.get("/admin/plugins")
    page.mustcontain("did not come up", "&lt;b&gt;broken&lt;/b&gt;", "everything else went on")
    admin.get("/admin/plugins/crashing").mustcontain("What went wrong", "The technical text")
    admin.get("/profile").mustcontain("The desk works without “crashing”", "Reason and remedy")
    assert "crashing" not in sign_in(admin.app, "clerk").get("/profile")


def test_one_that_is_gone_shows_what_it_left(open_desk: Any, load_plugin: LoadPlugin) -> None:
    desk = open_desk({"good": load_plugin("good")})
    wish(desk)
    desk.app.host.plugins.clear()
    admin = sign_in(make_app(desk.app), "admin")

    admin.get("/admin/plugins").mustcontain(
        "Not here, but with data", "put aside", "1 open request", "crm plugin purge good --export DIR",
        no=["0 closed", "0 records"])
    admin.get("/admin/plugins/good").mustcontain("What stays when it goes", "crm plugin purge good")
    admin.get("/admin/plugins/nothing", status=404)


@pytest.fixture
def fielded() -> ModuleType:
    """A plugin that has no kinds of requests: a group of fields of citizens, and records."""
    class Card(Form):
        number = fields.text("Number", required=False)

    module = ModuleType("fielded")
    offered = [ContactFields("fielded.card", "Library card", Card), Collection("fielded.loans", "Loans"),
               Collection("fielded.fines", "Fines")]
    vars(module).update(CRM_API_VERSION=1, contribute=hookimpl(lambda: offered))
    return module


@pytest.mark.parametrize(("language", "brings", "left"), [
    ("en", "1 group of fields of citizens, 2 kinds of records", "2 records, fields of 1 citizen"),
    ("fa", "یک گروه از فیلدهای شهروندان، ۲ نوع رکورد", "۲ رکورد، فیلدهای یک شهروند"),
])
def test_one_without_kinds_of_requests_is_counted_in_words(
    open_desk: Any, fielded: ModuleType, language: str, brings: str, left: str
) -> None:
    desk = open_desk({"fielded": fielded})

    def fill_in(services: Services) -> None:
        services.contact_fields.edit(factories.make_contact(services), {"fielded.card": {"number": "7"}})
        for book in ("Divan", "Golestan"):
            services.collections["fielded.loans"].add({"book": book})

    desk.app.run(fill_in)
    admin = sign_in(make_app(desk.app), "admin")
    speak(admin, language)
    assert all_of(admin.get("/admin/plugins"), "#fielded .brings") == [brings]
    stored = all_of(admin.get("/admin/plugins/fielded"), "[aria-labelledby=stays] dd")
    assert len(stored) == 2  # none of the collection that holds nothing
    desk.app.host.plugins.clear()
    (said,) = all_of(admin.get("/admin/plugins"), ".plug.parked .brings .small")
    assert said == left


def test_what_is_wrong_with_one_is_said_once(open_desk: Any, load_plugin: LoadPlugin) -> None:
    module = ModuleType("bad")
    column = Column("The Name", "Name")
    report = Report("bad.report", "Report", (column, column), lambda *_given: [], "contact.view")
    vars(module).update(CRM_API_VERSION=1, contribute=hookimpl(lambda: [report]))
    desk = open_desk({"bad": module, "good": load_plugin("good")})
    admin = sign_in(make_app(desk.app), "admin")
    reason = desk.app.host.plugins["bad"].reason
    assert reason.count("has a column") == 1
    for page in (admin.get("/admin/plugins"), admin.get("/admin/plugins/bad")):
        told = [words(line) for line in page.html.select("main p.code")]
        assert told == [reason]
    head = words(admin.get("/admin/plugins/bad").html.select_one(".page-head"))
    assert head.count("bad") == 1  # its name, which is its id here


def test_a_fault_without_a_technical_text_shows_none(open_desk: Any, load_plugin: LoadPlugin) -> None:
    desk = open_desk({"good": load_plugin("good")})
    desk.app.host.refuse(desk.app.host.plugins["good"], "an icon that is not there")
    page = sign_in(make_app(desk.app), "admin").get("/admin/plugins/good")
    page.mustcontain("an icon that is not there", no=["NoneType", "The technical text"])


@pytest.mark.parametrize("login", ["clerk", "supervisor", "executive"])
def test_only_administrators(served: Any, login: str) -> None:
    desk, web = served()
    browser = sign_in(web, login)
    for path in ("/admin/plugins", "/admin/plugins/good"):
        browser.get(path, status=403)
    token = form_of(browser.get("/profile"), "choices")["csrf_token"].value
    browser.post("/admin/plugins/good/switch", {"enabled": "0", "csrf_token": token}, status=403)
    assert desk.app.host.plugins["good"].state is State.ENABLED
    with desk.app.reading(SYSTEM) as services:
        assert services.plugins.disabled() == frozenset()


def test_a_plugin_is_called_the_same_whether_it_takes_part_or_not(served: Any) -> None:
    desk, web = served()
    wish(desk)
    admin = sign_in(web, "admin")
    called = [admin.get("/admin/plugins/good").html.h1.text]
    switch(admin, "0")
    called.append(admin.get("/admin/plugins/good").html.h1.text)
    listed = admin.get("/admin/plugins").html.select_one("#good h2").text
    assert {*called, listed} == {called[0]}
    assert called[0] != "good"


def filled_wish(desk: Any, clerk: TestApp) -> Any:
    page = clerk.get(f"/contacts/{desk.contact()}/requests/new/good.wish")
    form = next(form for form in page.forms.values() if "wish" in form.fields)
    form["wish"] = "a long story the citizen told"
    return form


def test_a_form_whose_plugin_went_meanwhile_shows_what_was_typed(served: Any) -> None:
    desk, web = served()
    clerk, admin = sign_in(web, "clerk"), sign_in(web, "admin")
    form = filled_wish(desk, clerk)
    switch(admin, "0")
    answer = form.submit("submit", status=404)
    answer.mustcontain("Nothing was saved", "a long story the citizen told", "Go on as a general request")
    assert not desk.run(lambda services: list(services.root.requests))
    stranger = TestApp(web).post("/no/such/page", {"wish": "words"}, expect_errors=True)
    assert "words" not in stranger.text


def test_a_request_that_is_tried_again_ends_with_the_pages_it_began_with(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conflict, and meanwhile the plugin is put out: a clear refusal with what was typed, not a page that is gone."""
    desk, web = served()
    clerk = sign_in(web, "clerk")
    form = filled_wish(desk, clerk)
    stored, tries = Requests._store, []

    def store(self: Requests, *arguments: Any) -> None:
        stored(self, *arguments)
        tries.append(self.context.host)
        if len(tries) == 1:
            SWITCH_PLUGIN.run(desk.app, {"plugin": "good", "enabled": False}, None, lambda _done, _all: None)
            raise TransientError

    monkeypatch.setattr(Requests, "_store", store)
    answer = form.submit("submit", expect_errors=True)
    answer.mustcontain("a long story the citizen told")
    assert len(set(map(id, tries))) == 1  # never the new application's
    assert not desk.run(lambda services: list(services.root.requests))


def test_readers_hear_of_the_first_request_after_their_plugin_came(open_desk: Callable[..., Any]) -> None:
    ear = ModuleType("ear")
    reader = Reader("ear.reader", "Listens", frozenset({"request.created"}), lambda services, entry: None)
    vars(ear).update(CRM_API_VERSION=1, contribute=hookimpl(lambda: [reader]))
    desk = open_desk({"ear": ear})
    web = Swappable(desk.app, make_app)
    for enabled in (False, True):
        SWITCH_PLUGIN.run(desk.app, {"plugin": "ear", "enabled": enabled}, None, lambda _done, _all: None)
        web.rebuild()
    desk.run(lambda services: factories.submit(services, factories.make_contact(services), GENERAL,
                                               {"category": "service"}))
    with desk.app.reading() as services:  # before any background work has looked
        assert [row.waiting for row in readers(services.root, desk.app.registry)] == [1]


def test_what_a_plugin_brings_is_told_without_asking_it_again(
    open_desk: Any, load_plugin: LoadPlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk({"good": load_plugin("good")})
    browser = sign_in(make_app(desk.app), "admin")

    def broken(self: Any, *args: Any, **values: Any) -> Any:
        raise RuntimeError("configure is called again")

    monkeypatch.setattr(Plugin, "call", broken)
    browser.get("/admin/plugins/good", status=200).mustcontain("/plugins/good/list", "/plugins/good/write")


@pytest.mark.parametrize(("minutes", "words"), [
    (1, "every minute"), (45, "every 45 minutes"), (60, "every hour"), (90, "every 90 minutes"), (120, "every 2 hours"),
    (1440, "every day"), (10_080, "every 7 days"),
])
def test_how_often_a_job_runs_is_said_in_the_largest_unit(minutes: int, words: str) -> None:
    assert str(pace(minutes).interpolate()) == words
