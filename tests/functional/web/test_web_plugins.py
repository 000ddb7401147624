"""Plugins on the desk: pages of their own, panels and lines that take no page down with them, absence without loss."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import pytest
from pyramid.response import Response

from crm_core import api
from crm_core.backup.transactions import last_transaction
from crm_core.host import State
from crm_views.app import make_app
from crm_views.testing import fill, form_of, sign_in

OpenDesk = Callable[..., Any]
LoadPlugin = Callable[[str], ModuleType]
Configure = Callable[[Any], None]
MakePlugin = Callable[[str, Configure], ModuleType]


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Configure], ModuleType]:
    """``plugin(id, configure)``: a plugin with a permission ``<id>.see`` and nothing else but pages."""

    def make(id_: str, configure_: Configure) -> ModuleType:
        module = ModuleType(f"web_{id_}")
        monkeypatch.setitem(sys.modules, module.__name__, module)

        @api.hookimpl
        def contribute() -> Iterable[api.Contribution]:
            yield api.Permission(f"{id_}.see", "See", frozenset({api.Role.CLERK}))

        @api.hookimpl
        def configure(config: Any) -> None:
            configure_(config)

        vars(module).update(CRM_API_VERSION=1, contribute=contribute, configure=configure)
        return module

    return make


def page(text: str) -> Callable[[Any], Response]:
    def view(request: Any) -> Response:
        return Response(text)

    return view


def add(config: Any, route: str, pattern: str, permission: str | None = "bad.see", **more: Any) -> None:
    config.add_route(route, pattern)
    config.add_view(page(route), route_name=route, permission=permission, **more)


def outside(config: Any) -> None:
    add(config, "bad.page", "/contacts-of-mine")


def replacing(config: Any) -> None:
    config.add_view(page("mine"), route_name="contact", request_method="GET", permission="bad.see")


def renaming(config: Any) -> None:
    add(config, "contact", "/plugins/bad/contact")


def committing(config: Any) -> None:
    config.commit()
    replacing(config)


def unguarded(config: Any) -> None:
    add(config, "bad.page", "/plugins/bad/page", None)


def open_to_all(config: Any) -> None:
    add(config, "bad.page", "/plugins/bad/page", "__no_permission_required__")


def unknown_permission(config: Any) -> None:
    add(config, "bad.page", "/plugins/bad/page", "good.nothing")


def without_mark(config: Any) -> None:
    add(config, "bad.page", "/plugins/bad/page", require_csrf=False)


def catching(config: Any) -> None:
    config.add_exception_view(page("all is well"), context=Exception)


def without_route(config: Any) -> None:
    config.add_view(page("anywhere"), name="anywhere", permission="bad.see")


def tween(config: Any) -> None:
    config.add_tween("crm_views.tweens.is_static")


def policy(config: Any) -> None:
    config.set_security_policy(object())


def others_prefix(config: Any) -> None:
    add(config, "bad.page", "/plugins/badder/page")


def raising(config: Any) -> None:
    raise ZeroDivisionError("in configure")


BAD: dict[Configure, str] = {
    outside: "leads outside /plugins/bad/",
    replacing: "Conflict",
    renaming: "Conflict",
    committing: "must not commit",
    unguarded: "names no permission",
    open_to_all: "names no permission",
    unknown_permission: "which nobody contributes",
    without_mark: "protection against forged forms",
    catching: "not bound to a route of its own",
    without_route: "not bound to a route of its own",
    tween: "not for plugins",
    policy: "Conflict",
    others_prefix: "leads outside /plugins/bad/",
    raising: "ZeroDivisionError: in configure",
}


@pytest.mark.parametrize("configure", list(BAD), ids=lambda configure: str(configure.__name__))
def test_pages_that_cannot_be_taken_are_named_and_everything_else_starts(
    open_desk: OpenDesk, load_plugin: LoadPlugin, plugin: MakePlugin, configure: Configure
) -> None:
    desk = open_desk({"bad": plugin("bad", configure), "good": load_plugin("good")})

    browser = sign_in(make_app(desk.app), "clerk")

    bad, good = desk.app.host.plugins["bad"], desk.app.host.plugins["good"]
    assert bad.state is State.FAILED
    assert BAD[configure] in bad.reason
    assert "Traceback" in bad.trace
    assert good.state is State.ENABLED
    browser.get("/plugins/good/list").mustcontain("0 stars")
    contact = desk.contact("زهرا رضایی")
    browser.get(f"/contacts/{contact}").mustcontain("زهرا رضایی")
    browser.get("/plugins/bad/page", status=404)
    browser.get("/anywhere", status=404)
    browser.post("/contacts/new", {}, status=400)


def test_two_plugins_that_clash_the_second_one_is_refused(open_desk: OpenDesk, plugin: MakePlugin) -> None:
    first = plugin("one", lambda config: add(config, "list", "/plugins/one/list", "one.see"))
    second = plugin("two", lambda config: add(config, "list", "/plugins/two/list", "two.see"))
    desk = open_desk({"one": first, "two": second})

    browser = sign_in(make_app(desk.app), "clerk")

    assert [one.id for one in desk.app.host.failed()] == ["two"]
    browser.get("/plugins/one/list").mustcontain("list")


def test_two_applications_live_side_by_side(open_desk: OpenDesk, load_plugin: LoadPlugin) -> None:
    plain, rich = open_desk(), open_desk({"good": load_plugin("good")})
    first, second = (sign_in(make_app(desk.app), "clerk") for desk in (plain, rich))

    second.get("/plugins/good/list", status=200)
    first.get("/plugins/good/list", status=404)


def test_a_form_of_a_plugin_with_each_kind_of_field(open_desk: OpenDesk, load_plugin: LoadPlugin) -> None:
    desk = open_desk({"good": load_plugin("good")})
    browser = sign_in(make_app(desk.app), "clerk")
    contact = desk.contact("زهرا رضایی")
    kinds = browser.get(f"/contacts/{contact}/requests/new")
    kinds.mustcontain("answer within 3 days")
    form = form_of(kinds.click("Wish"))

    form = fill(form, wish="نهال", story="خط یک\nخط دو", where="کوچهٔ لاله", count="۷", until="1405/9/10", size="large",
                about=str(desk.who["expert"].user_id), priority="اول", priority_="high", text="می‌خواهم")
    form.set("checkbox", True, 0)
    form.set("loud", True)
    page = form.submit("submit", status=303).follow()

    told = page.click(href="tab=answers$", index=0).html.select("dl.answers dt")
    answers = {term.get_text(strip=True): term.find_next("dd").get_text(strip=True) for term in told}
    assert answers == {
        "Wish": "نهال", "Story": "خط یک\nخط دو", "Where": "کوچهٔ لاله", "How many": "7",
        "Until": "Tuesday 1 December 2026", "Aloud": "Yes", "Size": "Large", "Days": "Saturday",
        "About whom": "The expert", "Rank": "اول",
    }
    page.mustcontain("Priority:", "High")
    dossier = browser.get(f"/contacts/{contact}")
    dossier.mustcontain("Wishes so far: 1", "A star fell.")


def test_what_breaks_in_a_plugin_leaves_the_dossier_whole(
    open_desk: OpenDesk, load_plugin: LoadPlugin, caplog: pytest.LogCaptureFixture
) -> None:
    desk = open_desk({"crashing": load_plugin("crashing"), "good": load_plugin("good")})
    contact = desk.contact("زهرا رضایی")
    desk.case(contact, type_id="crashing.thing", answers={"word": "work"}, title="کار")
    desk.case(contact, type_id="good.wish", answers={"wish": "نهال"})
    browser = sign_in(make_app(desk.app), "clerk")
    before = last_transaction(desk.app.db.db.storage)

    page = browser.get(f"/contacts/{contact}", status=200)

    page.mustcontain("کار", "Wishes so far: 1", "A star fell.", no=["a secret of the plugin", "written by a panel"])
    sheets = [sheet.get_text(" ", strip=True) for sheet in page.html.select(".a-plug .sheet")]
    failed = [sheet for sheet in sheets if "not available" in sheet]
    assert len(failed) == 2
    assert "The plugin “ Thing ” did not answer; the rest of the dossier is complete." in failed[0]
    assert last_transaction(desk.app.db.db.storage) == before
    assert desk.run(lambda services: services.contacts.get(contact).notes) == ""
    assert desk.app.host.plugins["crashing"].state is State.ENABLED
    assert "a secret of the plugin" in caplog.text


@pytest.mark.parametrize("how", ["error", "exit", "cancelled"])
def test_a_page_of_a_plugin_that_breaks_names_the_plugin(
    open_desk: OpenDesk, load_plugin: LoadPlugin, how: str
) -> None:
    desk = open_desk({"crashing": load_plugin("crashing")})
    browser = sign_in(make_app(desk.app), "clerk")

    answer = browser.get(f"/plugins/crashing/page?how={how}", status=500)

    answer.mustcontain("The plugin “Thing” failed.", no="a secret of the plugin")
    assert "crashing.page" in desk.app.host.plugins["crashing"].reason
    browser.get("/", status=200)


def test_a_change_of_status_that_breaks_in_the_plugin_keeps_the_note(
    open_desk: OpenDesk, load_plugin: LoadPlugin
) -> None:
    desk = open_desk({"crashing": load_plugin("crashing")})
    code = desk.case(desk.contact(), type_id="crashing.thing", answers={"word": "work"})
    browser = sign_in(make_app(desk.app), "clerk")

    form = fill(form_of(browser.get(f"/requests/{code}/status"), "status"), status="done", note="یادداشت من")
    page = form.submit("submit", status=422)

    page.mustcontain("The plugin “Thing” failed; nothing was stored.", no="crashing failed")
    said = page.html.select_one("#errors").get_text()
    assert said.count("nothing was stored") == 1 and said.count("still here") == 1
    assert form_of(page, "status")["note"].value == "یادداشت من"


@pytest.mark.parametrize(("title", "words"), [
    ("عنوان من", "The plugin “Thing” failed; nothing was stored."), ("لغو", "This title is taken."),
])
def test_an_edit_that_the_plugin_refuses_or_breaks_keeps_what_was_typed(
    open_desk: OpenDesk, load_plugin: LoadPlugin, title: str, words: str
) -> None:
    desk = open_desk({"crashing": load_plugin("crashing")})
    code = desk.case(desk.contact(), type_id="crashing.thing", answers={"word": "work"}, title="پیش از این")
    browser = sign_in(make_app(desk.app), "clerk")

    form = fill(form_of(browser.get(f"/requests/{code}/edit"), "edit"), title=title, text="متن من")
    page = form.submit("submit", status=422)

    page.mustcontain(words, no="a secret of the plugin")
    assert (form_of(page, "edit")["title"].value, form_of(page, "edit")["text"].value) == (title, "متن من")
    assert desk.run(lambda services: services.requests.by_code(code).title) == "پیش از این"


def test_a_parked_request_is_read_answered_and_handed_over(open_desk: OpenDesk, load_plugin: LoadPlugin) -> None:
    desk = open_desk({"good": load_plugin("good")})
    contact = desk.contact("زهرا رضایی")
    answers = {"wish": "نهال", "size": "large", "until": "2026-12-01", "loud": "true"}
    code = desk.case(contact, type_id="good.wish", answers=answers)
    desk.app.host.refuse(desk.app.host.plugins["good"], "gone")
    browser = sign_in(make_app(desk.app), "clerk")

    page = browser.get(f"/requests/{code}", status=200)

    page.mustcontain("The plugin “<bdi>Wish</bdi>” is absent at present.")
    page.mustcontain("نهال", "Large", "Tuesday 1 December 2026", "Yes")
    page = fill(form_of(page.click("Hand over"), "assign"), unit=str(desk.units["streets"]))
    page = page.submit("submit", status=303).follow().click("Change the status")
    page = fill(form_of(page, "status"), status="granted", note="کاشته شد").submit("submit", status=303).follow()
    page.mustcontain("Granted", "کاشته شد", "City services")
    browser.get(f"/contacts/{contact}").mustcontain("نهال", no="Wishes so far")
    browser.get(f"/contacts/{contact}/requests/new/good.wish", status=404)


