"""The page of a request in a real Chromium: from the registration to the answer, by keyboard, by two people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from crm_core.model.workflow import StoredTransition
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.testing.factories import make_app, make_clerk, make_contact
from crm_views.app import make_app as make_web
from crm_views.testing import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A desk with two units, a clerk who reads Persian, one who reads English, an expert, and a citizen."""
    folder = tmp_path_factory.mktemp("request") / "data"
    with closing(make_app(folder, organisation="شهرداری شهر نمونه")) as app:

        def work(services: Services) -> tuple[int, int, int]:
            return (make_contact(services, "زهرا رضایی‌پور", "09120000147").id,
                    services.units.add("پذیرش", name_en="Reception").id,
                    services.units.add("خدمات شهری", name_en="City services").id)

        contact, reception, streets = app.run(work)
        make_clerk(app, "clerk", roles=[Role.CLERK], units=[reception], name="مریم صادقی")
        make_clerk(app, "sara", roles=[Role.CLERK], units=[reception], name="سارا بهرامی")
        make_clerk(app, "expert", roles=[Role.EXPERT], units=[streets], name="کریم نوروزی")
        with serving(make_web(app)) as url:
            yield SimpleNamespace(url=url, app=app, contact=contact, streets=streets)


def case(site: Any, **more: Any) -> str:
    def work(services: Services) -> str:
        contact = services.contacts.get(site.contact)
        values = {"category": "service", "place": ""}
        return services.requests.register(services, contact, "core.general", values, **more).code

    return str(site.app.run(work))


@pytest.fixture
def enter(new_page: Callable[..., Page], sign_in: Callable[..., None], site: Any) -> Callable[..., Page]:
    """``enter(path, login, **more)``: a new browser in which somebody has signed in, on a page of the desk."""

    def enter(path: str, login: str = "clerk", **more: Any) -> Page:
        page = new_page(site.url, **more)
        sign_in(page, site.url + path, login)
        page.wait_for_selector("[data-omnibox]")
        return page

    return enter


def words(page: Page, css: str) -> list[str]:
    return [" ".join(text.split()) for text in page.locator(css).all_inner_texts()]


def test_from_the_registration_to_the_answer_with_keys(enter: Callable[..., Page], site: Any) -> None:
    page = enter(f"/contacts/{site.contact}/requests/new/core.general")
    page.fill("[name=title]", "چراغ کوچهٔ نسترن")
    page.fill("[name=text]", "از شنبه خاموش است")
    page.locator("[name=category]").first.check()
    page.click(".form-foot .btn-primary")
    page.wait_for_url(f"{site.url}/requests/*")
    here = page.url

    # What the citizen is told: the key opens the form below the conversation, the address stays.
    page.keyboard.press("m")
    page.wait_for_selector("#message textarea:focus")
    assert page.url == here
    page.keyboard.type("فردا می‌آییم")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".msg.out")
    # An internal message; Escape keeps what was typed, and the other form takes it over.
    page.keyboard.press("o")
    page.wait_for_selector("#note textarea:focus")
    page.keyboard.type("نردبان بلند ببرید")
    page.wait_for_selector("#note [data-draft-words]:has-text(':')")  # the draft is kept, with the time of day
    page.keyboard.press("Escape")
    page.wait_for_selector("#do", state="detached")
    assert page.evaluate("document.activeElement.dataset.key") == "O"
    page.keyboard.press("o")
    assert page.input_value("#note textarea") == "نردبان بلند ببرید"
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".msg.internal")
    assert "شهروند نمی‌بیند" in page.inner_text(".msg.internal")

    # Hand over: staff follow the unit.
    page.keyboard.press("r")
    page.wait_for_selector("#assign")
    page.select_option("#assign [name=unit]", str(site.streets))
    offered = page.evaluate("[...document.querySelector('#assign [name=assignee]').options]"
                            ".filter(o => o.value && !o.disabled).map(o => o.text)")
    assert [name.partition("،")[0] for name in offered] == ["کریم نوروزی"]
    page.select_option("#assign [name=assignee]", index=[option["value"] != "" for option in page.evaluate(
        "[...document.querySelector('#assign [name=assignee]').options].map(o => ({value: o.disabled ? '' : o.value}))"
    )].index(True))
    page.fill("#assign [name=note]", "لطفاً همین امروز")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".trail .here :text('کریم نوروزی')")

    # The expert finds it, answers and closes in one form.
    expert = enter(here.removeprefix(site.url), "expert")
    assert "نردبان بلند ببرید" in expert.inner_text("[data-messages]")
    expert.keyboard.press("s")
    expert.wait_for_selector("#status")
    assert not expert.is_visible("#status [name=answer]")
    expert.select_option("#status [name=status]", "answered")
    expert.uncheck("#status [name=given]")  # what was said already is offered as the answer; this one says more
    expert.fill("#status [name=answer]", "لامپ عوض شد")
    expert.keyboard.press("Control+Enter")
    expert.wait_for_selector(".flashes")
    assert "لامپ عوض شد" in words(expert, ".msg.out")[-1]
    assert "پاسخ داده شد" in expert.inner_text(".stage[aria-current=step]")


def test_two_people_change_one_request_and_see_each_other(enter: Callable[..., Page], site: Any) -> None:
    code = case(site, title="آسفالت")
    mine, theirs = enter(f"/requests/{code}", expected=["status of 422"]), enter(f"/requests/{code}/edit", "sara")
    mine.keyboard.press("e")
    mine.wait_for_selector("#edit [name=title]")
    theirs.fill("#edit [name=title]", "آسفالت کوچهٔ لاله")
    theirs.click("#edit .btn-primary")
    theirs.wait_for_selector(".flashes")

    mine.fill("#edit [name=title]", "آسفالت کوچهٔ یاس")
    mine.keyboard.press("Control+Enter")
    mine.wait_for_selector(".errsum:focus")
    assert "آسفالت کوچهٔ لاله" in mine.inner_text("#edit .field-error")
    assert mine.input_value("#edit [name=title]") == "آسفالت کوچهٔ یاس"


def test_news_waits_until_it_is_asked_for(enter: Callable[..., Page], site: Any) -> None:
    code = case(site, title="پیاده‌رو")
    page = enter(f"/requests/{code}")
    page.clock.install()
    page.goto(f"{site.url}/requests/{code}")
    page.keyboard.press("m")
    page.wait_for_selector("#message textarea:focus")
    page.keyboard.type("دارم می‌نویسم")

    def colleague(services: Services) -> None:
        request = services.requests.by_code(code)
        services.messages.note(request, "<img src=x onerror=alert(1)>خبر تازه")
        services.requests.change_status(services, request, "working")

    site.app.run(colleague)
    before = page.evaluate("scrollY")
    page.clock.fast_forward(25_000)
    page.wait_for_selector(".news-strip button:visible")
    assert page.locator(".msg.internal").count() == 0
    assert page.evaluate("scrollY") == before
    page.click(".news-strip button")
    assert "خبر تازه" in words(page, ".msg.internal")[0]
    assert "در دست بررسی" in page.inner_text(".stage[aria-current=step]")
    assert page.input_value("#message textarea") == "دارم می‌نویسم"
    assert not page.is_visible(".news-strip button")


def test_only_the_lines_of_the_chosen_status_are_asked_for(enter: Callable[..., Page], site: Any) -> None:
    def strict(services: Services) -> None:
        kind, edit = services.context.registry.types["core.general"], services.workflow_editing
        for target, line in (("answered", "صورت‌جلسه هست"), ("cancelled", "شهروند نوشته است")):
            edit.set_transition(kind, StoredTransition("new", target, {}, checklist=({"fa": line, "en": line},)))
        edit.put_into_force(kind)

    site.app.run(strict)
    try:
        page = enter(f"/requests/{case(site)}/status")
        report, written = (page.locator("label", has_text=words) for words in ("صورت‌جلسه هست", "شهروند نوشته است"))
        expect(report).to_be_hidden()
        page.select_option("select[name=status]", "cancelled")
        expect(written).to_be_visible()
        expect(report).to_be_hidden()
        page.select_option("select[name=status]", "working")
        expect(written).to_be_hidden()
        page.select_option("select[name=status]", "answered")
        report.click()
        page.fill("[name=answer]", "درست شد")
        with page.expect_navigation():
            page.click("#do button[name=submit]")
        expect(page.locator(".badges")).to_contain_text("پاسخ داده شد")
    finally:
        site.app.run(lambda services: services.workflow_editing.back_to_plugin(
            services.context.registry.types["core.general"]))


def test_it_works_without_scripts(enter: Callable[..., Page], site: Any) -> None:
    code = case(site, title="نیمکت")
    page = enter(f"/requests/{code}", java_script_enabled=False)
    page.click(".actions [data-key=O]")
    page.fill("#note [name=body]", "بی‌اسکریپت")
    page.click("#note .btn-primary")
    assert "بی‌اسکریپت" in page.inner_text(".msg.internal")
    page.click(".tabs a >> nth=2")
    assert page.locator(".log li").count() == 1


@pytest.mark.parametrize("size", [(1366, 768), (683, 384), (390, 844), (320, 568)])
def test_no_part_of_it_scrolls_sideways(enter: Callable[..., Page], site: Any, size: tuple[int, int]) -> None:
    code = case(site, title="آ" * 150 + " " + "درازترین عنوانی که کسی نوشته است " * 1, text="حرف‌بی‌فاصله" * 60)
    page = enter(f"/requests/{code}", viewport={"width": size[0], "height": size[1]})
    for tail in ("", "?tab=answers", "?tab=history", "?tab=documents", "/message", "/assign", "/edit", "/receipt"):
        page.goto(f"{site.url}/requests/{code}{tail}")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, (tail, size)
