"""The composer and drafts in a real Chromium: counted keys, a closed browser, an ended login, two tabs, no script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from crm_core.services import Services
from crm_core.testing.factories import make_app, make_clerk, make_contact
from crm_views.app import make_app as make_web
from crm_views.testing import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

WORDS = "پرسید چرا چراغ کوچه خاموش است"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A desk with a clerk: ``url``, ``app``."""
    folder = tmp_path_factory.mktemp("composer") / "data"
    with closing(make_app(folder, organisation="شهرداری شهر نمونه")) as app:
        make_clerk(app, name="مریم صادقی")
        with serving(make_web(app)) as url:
            yield SimpleNamespace(url=url, app=app)


@pytest.fixture
def site(desk: Any) -> Any:
    """The desk with a citizen of this test's own: ``url``, ``app``, ``name``, ``phone`` (E.164), ``here``, its page."""

    def work(services: Services) -> tuple[int, str, str]:
        contact = make_contact(services)
        return contact.id, contact.name, contact.identifiers[0].value

    contact, name, phone = desk.app.run(work)
    return SimpleNamespace(url=desk.url, app=desk.app, name=name, phone=phone, here=f"{desk.url}/contacts/{contact}")


@pytest.fixture
def enter(new_page: Callable[..., Page], sign_in: Callable[..., None], site: Any) -> Callable[..., Page]:
    """``enter(path, **context)``: a new browser in which the clerk has signed in, on a page of the citizen."""

    def enter(path: str = "", **more: Any) -> Page:
        page = new_page(site.url, **more)
        sign_in(page, site.here + path)
        page.wait_for_selector("h1")
        return page

    return enter


def kept(page: Page, form: str = "form.composer") -> None:
    """Wait until the words beside the button say that everything is kept."""
    page.wait_for_selector(f"{form} [data-draft-kept]:not(.trouble) [data-draft-words]:text('نگه داشته شد')")


def entries(page: Page) -> list[str]:
    return page.locator(".entry .s").all_text_contents()


def test_a_call_is_logged_with_two_keys_beside_its_words(enter: Callable[..., Page], site: Any) -> None:
    page = enter()
    page.evaluate("window.pressed = []; addEventListener('keydown', event => window.pressed.push(event.code), true)")

    keys = ["KeyC", *WORDS, "Control+Enter"]
    page.keyboard.press(keys[0])
    page.keyboard.type(WORDS)
    page.keyboard.press(keys[-1])

    page.wait_for_selector(".entry.fresh")
    assert entries(page) == [WORDS]
    assert len(keys) - len(WORDS) == 2
    with site.app.reading() as services:
        assert site.phone in [one.address for one in services.root.interactions.values()]
    assert page.is_hidden("form.composer")
    assert page.inner_text(".flashes").count(WORDS) == 1


def test_each_kind_opens_in_place_and_esc_puts_it_aside(enter: Callable[..., Page]) -> None:
    page = enter()
    address = page.url
    for key, kind in (("v", "in_person"), ("o", "note"), ("m", "message"), ("c", "phone")):
        page.keyboard.press(key)
        assert page.get_attribute("[data-composing]", "data-kind") == kind
        assert page.evaluate("document.activeElement.name") == "body"
        assert page.is_visible("[name=channel]") == (kind == "message")
        assert page.is_visible("[name=direction]") == (kind != "note")
        page.keyboard.press("Escape")
        assert page.is_hidden("form.composer")
        assert page.evaluate("document.activeElement.dataset.key") == key.upper()
    assert page.url == address

    page.keyboard.press("c")
    page.keyboard.type("نیمه‌کاره")
    page.keyboard.press("Escape")
    assert page.inner_text("[data-waiting-words]") == "نیمه‌کاره"
    page.keyboard.press("c")
    assert page.input_value("[name=body]") == "نیمه‌کاره"
    page.keyboard.press("Escape")
    kept_by_server = page.locator("form.composer [data-draft-words]")
    kept_by_server.filter(has_text="نگه داشته شد").wait_for(state="attached")
    page.reload()
    assert page.inner_text("[data-waiting-words]") == "نیمه‌کاره"


def test_a_draft_survives_a_closed_browser(enter: Callable[..., Page]) -> None:
    page = enter()
    page.keyboard.press("v")
    page.keyboard.type(WORDS)
    page.click("form.composer .seg label >> nth=1")
    kept(page)
    page.context.close()

    page = enter()
    page.click("[data-compose=draft]")
    assert page.get_attribute("[data-composing]", "data-kind") == "in_person"
    assert page.input_value("[name=body]") == WORDS
    assert page.is_checked("[name=outcome] >> nth=1")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".entry.fresh")
    page.reload()
    assert page.is_hidden("[data-waiting]")
    assert entries(page) == [WORDS]


def test_a_call_does_not_begin_with_the_words_of_a_visit(enter: Callable[..., Page], site: Any) -> None:
    page = enter()
    page.keyboard.press("v")
    page.keyboard.type(WORDS)
    kept(page)
    page.context.close()

    page = enter()
    page.keyboard.press("c")
    page.wait_for_selector("[data-composing][data-kind=phone] form.composer:not([hidden])")
    assert page.input_value("[name=body]") == ""
    page.keyboard.type("تماس")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".entry.fresh")
    assert entries(page) == ["تماس"]

    page.keyboard.press("v")
    assert page.input_value("[name=body]") == WORDS
    page.click(".actions [data-key=O]")  # it was a note after all: its words go along, and its draft
    assert page.input_value("[name=body]") == WORDS
    page.keyboard.type(".")
    with page.expect_response(lambda answer: answer.url.endswith("/drafts") and "kept" in answer.text()):
        page.keyboard.type("!")
    page.goto(site.here)
    assert page.get_attribute("[data-composing]", "data-kind") == "note"
    assert page.locator("[data-kept]").count() == 0


def test_words_of_the_last_second_are_kept_when_the_page_is_left(enter: Callable[..., Page], site: Any) -> None:
    page = enter()
    page.keyboard.press("c")
    page.keyboard.type(WORDS)
    page.goto(f"{site.url}/contacts/new")
    page.goto(site.here)
    expect(page.locator("[data-waiting-words]")).to_have_text(WORDS, use_inner_text=True)


def test_an_ended_login_loses_nothing(
    enter: Callable[..., Page], sign_in: Callable[..., None], site: Any
) -> None:
    page = enter()
    page.keyboard.press("c")
    page.keyboard.type(WORDS)
    kept(page)
    site.app.run(lambda services: services.users.end_all_sessions(services.users.by_login("clerk")))
    page.keyboard.type("، باز")
    page.wait_for_selector(".draft-kept.trouble:has-text('ورود')")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/login?*")
    sign_in(page)
    assert page.input_value("[name=body]") == f"{WORDS}، باز"
    assert page.is_visible("form.composer")
    assert page.inner_text("h1") == site.name
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".entry.fresh")
    assert entries(page) == [f"{WORDS}، باز"]
    page.goto(site.here)
    assert page.is_hidden("[data-waiting]")


def test_two_tabs_do_not_overwrite_each_other_unasked(enter: Callable[..., Page], site: Any) -> None:
    first = enter("/edit")
    second = first.context.new_page()
    second.goto(f"{site.here}/edit")
    first.fill("[name=notes]", "از برگهٔ نخست")
    kept(first, "#form")
    second.fill("[name=notes]", "از برگهٔ دوم")
    second.wait_for_selector(".draft-kept.trouble")
    second.click("[data-draft-force]")
    kept(second, "#form")
    first.reload()
    assert first.input_value("[name=notes]") == "از برگهٔ دوم"
    first.click(".draft-notice button")
    first.wait_for_selector(".flashes")
    assert first.input_value("[name=notes]") == ""


def test_it_works_without_scripts(enter: Callable[..., Page]) -> None:
    page = enter(java_script_enabled=False, expected=["status of 422"])
    page.click(".composer-kinds a >> nth=0")
    assert page.is_visible("[name=channel]")
    page.click("form.composer .form-control ~ .line .btn-primary")
    assert page.is_visible(".composer-errors")
    page.fill("[name=body]", WORDS)
    page.click("form.composer .form-control ~ .line .btn-primary")
    assert entries(page) == [WORDS]


@pytest.mark.parametrize("size", [(1366, 768), (683, 384), (390, 844), (320, 568)])
def test_open_it_fits_every_screen(enter: Callable[..., Page], size: tuple[int, int]) -> None:
    page = enter("?compose=phone", viewport={"width": size[0], "height": size[1]})
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    seen = page.evaluate("document.querySelector('[name=body]').getBoundingClientRect().top")
    assert 0 < seen < size[1]


def test_an_unknown_number_is_two_enters_from_its_citizen(enter: Callable[..., Page]) -> None:
    page = enter()
    page.keyboard.press("/")
    page.keyboard.type("09129999999")
    page.keyboard.press("Enter")
    page.wait_for_url("**/find?*")
    page.wait_for_selector("a.hit:focus")
    page.keyboard.press("Enter")
    page.wait_for_url("**/contacts/new?*")
    expect(page.locator("[name=given]")).to_be_focused()


def test_a_digit_chooses_the_kind_and_the_form_is_ready(enter: Callable[..., Page]) -> None:
    page = enter("/requests/new")
    expect(page.locator("[data-digit='1']")).to_be_focused()
    page.keyboard.press("1")
    page.wait_for_url("**/requests/new/**")
    page.wait_for_selector("form[data-focus] :focus")


def test_on_a_magnified_screen_a_form_begins_with_its_heading_in_sight(enter: Callable[..., Page]) -> None:
    page = enter("/requests/new/core.general", viewport={"width": 683, "height": 384})
    expect(page.locator("[name=text]")).to_be_focused()
    page.wait_for_load_state()
    field = page.evaluate("document.activeElement.getBoundingClientRect().top")
    heading = page.evaluate("document.querySelector('form[data-focus] h1').getBoundingClientRect().top")
    assert 0 <= heading < field < 384
