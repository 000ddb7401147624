"""The search in a real Chromium: type, arrows, Enter, Ctrl+Enter, Esc; nothing is opened that nobody chose.

Nothing may be written to the console, break the policy, or be asked of another host; without scripts it is a form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from crm_core.builtin import GENERAL
from crm_core.services import Services
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit
from crm_views.app import make_app as make_web
from crm_views.testing import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser
PANEL = "[data-omni-panel]"
OPTION = f"{PANEL} [role=option]"
BOX = "[data-omnibox]"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A desk with a clerk and three citizens, served on a spare port: ``url``, ``app``, ``ids`` by name."""
    folder = tmp_path_factory.mktemp("omnibox") / "data"
    with closing(make_app(folder, organisation="شهرداری شهر نمونه")) as app:

        def work(services: Services) -> dict[str, int]:
            zahra = make_contact(services, "زهرا رضایی‌پور", "09120000147", gender="female")
            submit(services, zahra, GENERAL, {"category": "service"}, title="<b>چراغ</b> کوچه", text="خاموش")
            zohre = make_contact(services, "زهره رضائی پور", "02155000018")
            return {"zahra": zahra.id, "zohre": zohre.id, "karim": make_contact(services, "کریم نوروزی").id}

        ids = app.run(work)
        make_clerk(app, name="مریم صادقی")
        with serving(make_web(app)) as url:
            yield SimpleNamespace(url=url, app=app, ids=ids)


@pytest.fixture
def open_page(new_page: Callable[..., Page], sign_in: Callable[..., None], site: Any) -> Callable[..., Page]:
    """``open_page(path, **context)``: a page in a new browser in which the clerk has signed in."""

    def open_page(path: str = "/find", **more: Any) -> Page:
        page = new_page(site.url, **more)
        sign_in(page, site.url + path)
        return page

    return open_page


def chosen(page: Page) -> str:
    """The words of the option that the box points to; "" where none is chosen."""
    id_ = page.get_attribute(BOX, "aria-activedescendant")
    selected = page.locator(f"{PANEL} [aria-selected=true]")
    assert selected.count() == (1 if id_ else 0)
    return page.inner_text(f"#{id_} .hit-t") if id_ else ""


def ask(page: Page, words: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type(words)
    page.wait_for_selector(f"{PANEL} mark, {PANEL} .why, {PANEL} .omni-foot .end")


def test_arrows_choose_enter_opens_and_the_box_says_what_is_chosen(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page()
    assert page.get_attribute(BOX, "role") == "combobox"
    assert page.get_attribute(BOX, "aria-expanded") == "false"

    ask(page, "ظهرا رضایی")
    assert page.get_attribute(BOX, "aria-expanded") == "true"
    assert page.get_attribute(BOX, "aria-controls") == "omni-hits"
    assert chosen(page) == "", "typing chooses nothing"
    assert page.inner_text("[data-omni-said]") == "۲ یافته"
    page.keyboard.press("ArrowDown")
    assert chosen(page) == "زهرا رضایی‌پور"
    page.wait_for_selector(f"{PANEL} .peek h2")
    assert page.inner_text(f"{PANEL} .peek h2") == "زهرا رضایی‌پور"
    assert "<b>چراغ</b> کوچه" in page.inner_text(f"{PANEL} .peek")
    page.keyboard.press("ArrowDown")
    assert chosen(page) == "زهره رضائی پور"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert chosen(page) == ""
    page.keyboard.press("ArrowUp")
    assert "بعد" in chosen(page), "from above the first one the last one is next"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/contacts/{site.ids['zahra']}")


def test_ctrl_enter_opens_and_begins_a_call(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page()
    ask(page, "کریم")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"{site.url}/contacts/{site.ids['karim']}?compose=phone")

    page.goto(f"{site.url}/find")
    page.keyboard.press("/")
    page.keyboard.type("۰۹۱۲۰۰۰۰۱۴۷")
    page.keyboard.press("Control+Enter")  # nothing is chosen, perhaps nothing is shown yet: the server knows
    page.wait_for_url(f"{site.url}/contacts/{site.ids['zahra']}?compose=phone&address=%2B989120000147")


def test_an_arrow_pressed_before_the_answer_counts(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page()
    page.keyboard.press("/")
    page.keyboard.type("کریم نوروزی")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(f"{PANEL} [aria-selected=true]")
    assert chosen(page) == "کریم نوروزی"
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/contacts/{site.ids['karim']}")


def test_an_arrow_is_not_meant_for_an_older_answer(open_page: Callable[..., Page], site: Any) -> None:
    """The answer to no words at all comes after the arrow, and before those that were typed are asked for."""
    page = open_page()
    older: list[Route] = []
    page.route(lambda url: url.endswith("/panel?q="), lambda route: older.append(route))
    page.clock.install()
    with page.expect_request(lambda request: request.url.endswith("/panel?q=")):
        page.keyboard.press("/")
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 30)  # no pause of the typing ends before it is resumed
    page.keyboard.type("کریم نوروزی")
    page.keyboard.press("ArrowDown")
    older[0].continue_()
    expect(page.locator(OPTION).first).to_be_visible()
    expect(page.locator(f"{PANEL} [aria-selected=true]")).to_have_count(0)
    page.clock.resume()
    expect(page.locator(f"{PANEL} [aria-selected=true]")).to_contain_text("کریم نوروزی")


def test_plain_enter_sends_the_form_and_a_name_opens_nobody(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page()
    ask(page, "کریم نوروزی")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/find?*")
    assert page.locator(".page-hits .hit[href^='/contacts/']").count() >= 1
    assert page.locator(PANEL).is_hidden()


def test_esc_closes_keeps_the_words_and_gives_the_focus_back(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page(f"/contacts/{site.ids['karim']}")
    page.locator("main a").first.focus()
    before = page.evaluate("document.activeElement.outerHTML")

    ask(page, "زهرا")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")

    assert page.locator(PANEL).is_hidden()
    assert page.evaluate("document.activeElement.outerHTML") == before
    assert page.input_value(BOX) == "زهرا"
    assert page.get_attribute(BOX, "aria-expanded") == "false"
    assert page.get_attribute(BOX, "aria-activedescendant") is None

    page.click(BOX)
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(OPTION)
    page.mouse.click(20, 700)
    assert page.locator(PANEL).is_hidden(), "a click beside it closes it"
    page.keyboard.press("/")
    page.keyboard.type("زهره")
    page.wait_for_selector(OPTION)
    page.keyboard.press("Tab")
    page.wait_for_selector(PANEL, state="hidden")


def test_an_empty_box_shows_whom_one_opened_last(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page(f"/contacts/{site.ids['zohre']}")
    page.goto(f"{site.url}/contacts/{site.ids['karim']}")
    page.keyboard.press("/")
    page.wait_for_selector(OPTION)

    assert page.locator(f"{OPTION} .hit-t").all_inner_texts()[:2] == ["کریم نوروزی", "زهره رضائی پور"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/contacts/{site.ids['zohre']}")


def test_half_a_word_of_an_input_method_is_not_looked_for(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page()
    page.clock.install()
    page.goto(f"{site.url}/find")
    page.keyboard.press("/")
    page.wait_for_selector(OPTION)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    session = page.context.new_cdp_session(page)
    session.send("Input.imeSetComposition", {"text": "zahr", "selectionStart": 4, "selectionEnd": 4})
    page.clock.run_for(2000)
    for key in ("ArrowDown", "Enter", "Escape"):  # of the input method, which shows a list of its own
        page.dispatch_event(BOX, "keydown", {"code": key, "key": key, "isComposing": True})
    assert asked == []
    assert chosen(page) == ""
    assert page.locator(PANEL).is_visible()
    session.send("Input.insertText", {"text": "زهرا"})
    page.wait_for_selector(f"{PANEL} mark")
    assert len(asked) == 1


def test_an_answer_that_comes_too_late_is_dropped(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page()
    waiting: list[Any] = []
    page.route("**/find/panel?q=%DA%A9*", lambda route: waiting.append(route))  # «ک…»
    page.keyboard.press("/")
    with page.expect_request("**/find/panel?q=%DA%A9*"):
        page.keyboard.type("کریم")
    page.fill(BOX, "زهرا")
    page.wait_for_selector(f"{PANEL} mark:has-text('زهرا')")
    for route in waiting:
        route.abort()
    assert page.locator(f"{PANEL} :text('کریم')").count() == 0


def test_an_ended_login_and_a_silent_server_are_said(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page(expected=["ERR_FAILED"])
    page.route("**/find/panel*", lambda route: route.abort())
    page.keyboard.press("/")
    page.keyboard.type("زهرا")
    page.wait_for_selector(f"{PANEL} :text('سرور پاسخ نمی‌دهد')")
    page.unroute("**/find/panel*")
    page.keyboard.type(" ر")
    page.wait_for_selector(f"{PANEL} mark")

    page.context.clear_cookies()
    page.keyboard.type("ض")
    page.wait_for_selector(f"{PANEL} :text('ورود شما پایان یافته است')")
    assert page.input_value(BOX) == "زهرا رض"


def test_on_a_phone_the_panel_fills_the_width(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.tap(BOX)
    page.fill(BOX, "زهرا")
    page.wait_for_selector(f"{PANEL} mark")
    box = page.locator(PANEL).bounding_box()
    assert box is not None
    assert box["width"] >= 380
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page.tap(f"{OPTION} >> nth=0")
    page.wait_for_url(f"{site.url}/contacts/*")


@pytest.mark.parametrize(("theme", "size"), [("light", (1366, 768)), ("dark", (1366, 768)), ("light", (390, 844))])
def test_axe_finds_nothing_in_the_open_panel(
    open_page: Callable[..., Page], site: Any, axe: str, theme: str, size: tuple[int, int]
) -> None:
    page = open_page(viewport={"width": size[0], "height": size[1]}, bypass_csp=True)
    page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme; }", theme)
    page.evaluate(axe)
    for typed in ("", "ظهرا رضایی", "چراغ", "09129990011", "zzzzqq"):
        with page.expect_response(f"**/find/panel?q={quote(typed)}"):
            page.fill(BOX, typed)
        page.keyboard.press("ArrowDown")
        page.wait_for_selector(f"{PANEL} [aria-selected=true]")
        page.wait_for_function("""() => {  // until there is to see whatever the chosen one lets see
            const box = document.querySelector('[data-peek-box]');
            const peeks = document.querySelector('[data-omni-panel] [aria-selected=true][data-peek]');
            return !box || !peeks || getComputedStyle(box).display === 'none' || box.querySelector('h2');
        }""")
        result = page.evaluate("axe.run('.topbar').then(result => result.violations)")
        assert [(one["id"], node["html"][:160]) for one in result for node in one["nodes"]] == [], typed


def test_without_scripts_it_is_a_form(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page(java_script_enabled=False)
    assert page.get_attribute(BOX, "role") is None
    page.fill(BOX, "ظهرا رضایی")
    page.press(BOX, "Enter")
    page.wait_for_url(f"{site.url}/find?*")
    page.click(".page-hits .hit:has-text('زهرا رضایی‌پور')")
    page.wait_for_url(f"{site.url}/contacts/{site.ids['zahra']}")
    page.fill(BOX, "0912 000 0147")
    page.press(BOX, "Enter")
    page.wait_for_url(f"{site.url}/contacts/{site.ids['zahra']}?address=%2B989120000147")
