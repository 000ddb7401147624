"""The dossier while it is open: the history goes on by itself, news come in without moving what is read, keys work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from crm_core.services import Services
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit
from crm_views.app import make_app as make_web
from crm_views.testing import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

ENTRIES = 140
HOUR = 3_600_000


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A desk with a clerk who reads English: ``url``, ``app``, ``clerk``."""
    with closing(make_app(tmp_path_factory.mktemp("dossier") / "data", organisation="City")) as app:
        clerk = make_clerk(app, name="Maryam")
        app.run(lambda services: services.users.set_preferences(services.users.by_login("clerk"), language="en"))
        with serving(make_web(app)) as url:
            yield SimpleNamespace(url=url, app=app, clerk=clerk)


@pytest.fixture
def site(desk: Any) -> Any:
    """The desk with a citizen of this test's own and of many conversations; also ``contact`` (an id) and ``say``."""

    def fill(services: Services) -> int:
        contact = make_contact(services)
        for number in range(ENTRIES):
            services.interactions.log(contact, channel="phone", body=f"Call {number}",
                                      started=services.now - (number + 1) * HOUR)
        return contact.id

    contact = desk.app.run(fill)

    def say(body: str) -> None:
        desk.app.run(lambda services: services.interactions.log(
            services.contacts.get(contact), channel="sms", body=body), desk.clerk)

    return SimpleNamespace(url=desk.url, app=desk.app, clerk=desk.clerk, contact=contact, say=say)


@pytest.fixture
def open_dossier(new_page: Callable[..., Page], sign_in: Callable[..., None], site: Any) -> Callable[..., Page]:
    """``open_dossier(**context)``: the citizen's page in a new browser in which the clerk has signed in."""

    def open_dossier(**more: Any) -> Page:
        page = new_page(site.url, **more)
        sign_in(page, f"{site.url}/contacts/{site.contact}")
        page.wait_for_selector(".who")
        return page

    return open_dossier


def subjects(page: Page) -> list[str]:
    """What entries are about, also of those that are too far away to be drawn."""
    return page.locator(".entry .s").all_text_contents()


def ask_now(page: Page) -> None:
    """Do not wait for the next question about news."""
    with page.expect_response(lambda answer: "/news?" in answer.url):
        page.evaluate("document.dispatchEvent(new Event('desk:changed'))")


def test_the_history_goes_on_to_its_beginning_without_saying_a_day_twice(open_dossier: Callable[..., Page]) -> None:
    page = open_dossier()
    assert page.locator(".entry").count() == 50
    for count in (100, ENTRIES):
        page.keyboard.press("End")
        page.locator(".entry").nth(count - 1).wait_for(state="attached")

    assert subjects(page) == [f"Call {number}" for number in range(ENTRIES)]
    days = page.locator(".tl-day").evaluate_all("rows => rows.map(row => row.dataset.day)")
    assert len(days) == len(set(days))
    assert page.text_content("[data-tl-said]") == "This was the beginning of the history."
    assert page.locator("[data-tl-end] [rel=next]").count() == 0


def test_the_link_to_older_entries_works_by_keyboard_and_without_scripts(open_dossier: Callable[..., Page]) -> None:
    page = open_dossier(viewport={"width": 390, "height": 844})
    page.locator("[rel=next]").press("Enter")
    page.locator(".entry").nth(50).wait_for(state="attached")
    assert page.evaluate("document.activeElement.querySelector('.s').textContent") == "Call 50"
    assert "before" not in page.url

    plain = open_dossier(java_script_enabled=False)
    plain.click("[rel=next]")
    assert plain.locator(".entry .s").first.text_content() == "Call 50"


def test_news_come_in_without_moving_what_is_read(open_dossier: Callable[..., Page], site: Any) -> None:
    page = open_dossier()
    site.say("Shown at once")
    ask_now(page)
    page.wait_for_selector(".entry.fresh :text('Shown at once')")
    assert subjects(page)[0] == "Shown at once"
    assert page.text_content("[data-tl-said]") == "1 new entry"
    assert page.locator(".fchip .n").first.inner_text() == str(ENTRIES + 1)

    page.evaluate("window.scrollTo(0, 1500)")
    site.say("Waits for the reader")
    site.app.run(lambda services: submit(services, services.contacts.get(site.contact), "core.general",
                                         {"category": "service"}, title="A new request"), site.clerk)
    ask_now(page)
    page.wait_for_selector(".tl-new button:visible")
    assert page.inner_text(".tl-new") == "2 new entries"
    assert page.locator(".owe a").first.inner_text() == "A new request"
    assert subjects(page)[0] == "Shown at once"
    page.click(".tl-new button")
    assert subjects(page)[:3] == ["A new request", "Waits for the reader", "Shown at once"]
    assert page.evaluate("document.activeElement.querySelector('.s').textContent") == "A new request"
    assert page.locator(".tl-day").evaluate_all("rows => rows.filter(row => row.dataset.day === 'Today').length") == 1


def test_keys_walk_through_the_history_and_lead_on(open_dossier: Callable[..., Page], site: Any) -> None:
    page = open_dossier()
    for _press in range(2):
        page.keyboard.press("j")
    assert page.evaluate("document.activeElement.querySelector('.s').textContent") == "Call 1"
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.querySelector('.s').textContent") == "Call 0"
    page.keyboard.press("f")
    assert page.locator(".more-filters").get_attribute("open") is not None
    page.keyboard.press("i")
    page.wait_for_url("**/identity")
    page.go_back()
    page.keyboard.press("e")
    page.wait_for_url("**/edit")


@pytest.mark.parametrize("size", [(1366, 768), (683, 384), (390, 844), (320, 568)])
def test_the_head_leaves_room_for_the_rest_and_nothing_scrolls_sideways(
    open_dossier: Callable[..., Page], site: Any, size: tuple[int, int]
) -> None:
    def many(services: Services) -> None:
        contact = services.contacts.get(site.contact)
        place = {"city": "شهر نمونه", "line": "خیابان بهار، کوچهٔ لاله " * 4}
        for number in range(11):
            services.contacts.add_identifier(contact, "phone", f"0912111{number:04d}")
        services.contacts.edit(contact, {"name": "بانوی بسیار محترم زهرا رضایی‌پور عباس‌آبادی اصل",
                                         "notes": "Deaf. " * 90, "addresses": [place]})

    site.app.run(many)
    page = open_dossier(viewport={"width": size[0], "height": size[1]})
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    assert page.locator(".who-ids > .ids > .idchip").count() == 4
    ends = page.evaluate("document.querySelector('.who').getBoundingClientRect().bottom")
    assert ends < size[1] * (0.75 if size[1] < 600 else 0.6)
    page.click(".more-ids summary")
    assert page.locator(".idchip:visible").count() == 12
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
