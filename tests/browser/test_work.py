"""The work list with the keyboard alone: move, select, hand over after a preview, take it back, give me the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from crm_core import builtin
from crm_core.services import Services
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit
from crm_views.app import make_app as make_web
from crm_views.testing import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
DAY = 86_400_000
ATTACK = '"><img src=x onerror="window.hacked=1"><script>window.hacked=2</script>'


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A desk where nobody works yet: ``url``, ``app``, ``numbers`` for names that no other test has."""
    folder = tmp_path_factory.mktemp("work") / "data"
    with closing(make_app(folder, organisation="شهرداری شهر نمونه")) as app, serving(make_web(app)) as url:
        yield SimpleNamespace(url=url, app=app, numbers=count(1))


@pytest.fixture
def site(town: Any) -> Any:
    """The desk with two units and a clerk of this test's own, and work: three requests of the clerk, one of nobody.

    ``login``, ``clerk`` (an identity), ``desk`` and ``streets`` (units), ``codes`` in the order of their dates.
    """
    number = next(town.numbers)
    desk, streets = (town.app.run(lambda services, name=f"{name} {number}": services.units.add(name).id)
                     for name in ("پذیرش", "خیابان"))
    clerk = make_clerk(town.app, login := f"clerk{number}", units=[desk], name="مریم صادقی")

    def fill(services: Services) -> list[str]:
        codes = []
        for place in range(4):
            contact = make_contact(services, ATTACK if place == 1 else f"شهروند {place}")
            case = submit(services, contact, builtin.GENERAL, {"category": "service"}, unit=desk,
                          title=ATTACK if place == 1 else f"کار {place}", due=services.now + (place + 1) * DAY,
                          assignee=None if place == 3 else clerk.user_id)
            codes.append(case.code)
        return codes

    return SimpleNamespace(url=town.url, app=town.app, login=login, clerk=clerk, desk=desk, streets=streets,
                           codes=town.app.run(fill))


@pytest.fixture
def open_page(new_page: Callable[..., Page], sign_in: Callable[..., None], site: Any) -> Callable[..., Page]:
    """``open_page(**context)``: the work list in a new browser in which the clerk has signed in."""

    def open_page(**more: Any) -> Page:
        page = new_page(site.url, **more)
        sign_in(page, f"{site.url}/", site.login)
        page.wait_for_selector(".wl")
        return page

    return open_page


def state(site: Any, code: str) -> tuple[int | None, int | None]:
    with site.app.reading() as services:
        case = services.requests.by_code(code)
        return case.unit, case.assignee


def current(page: Page) -> list[str]:
    rows: list[str] = page.eval_on_selector_all(".wl tr[aria-current]", "rows => rows.map(row => row.dataset.row)")
    return rows


def test_move_select_hand_over_and_take_back(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page()
    assert page.locator(".wl tbody tr").count() == 3

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert current(page) == [site.codes[0]]
    assert page.evaluate("document.activeElement.classList.contains('subj')")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator(".bulk-bar.some").count() == 1
    assert "۲" in page.inner_text("[data-bulk-count]")
    page.keyboard.press("r")

    page.select_option("[name=unit]", str(site.streets))
    page.fill("[name=note]", "با شما")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".preview")
    assert page.locator(".preview-t tbody tr").count() == 2
    assert page.evaluate("window.hacked") is None
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".undo-strip")
    assert page.locator(".wl tbody tr").count() == 1
    assert state(site, site.codes[0]) == (site.streets, None)

    page.click(".undo-strip button")
    expect(page.locator(".wl tbody tr")).to_have_count(3)
    assert state(site, site.codes[0]) == state(site, site.codes[1]) == (site.desk, site.clerk.user_id)
    assert page.evaluate("window.hacked") is None


def test_the_row_in_hand_is_meant_where_nothing_is_selected(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page()
    page.keyboard.press("j")
    page.keyboard.press("r")
    page.wait_for_selector("[name=unit]")
    assert f"c={site.codes[0]}" in page.url


def test_enter_opens_and_g_gives_the_next(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/requests/{site.codes[0]}")
    for code in site.codes[:3]:
        site.app.run(lambda services, code=code: services.requests.change_status(
            services, services.requests.by_code(code), "waiting"), site.clerk)
    page.goto(site.url + "/")
    page.keyboard.press("g")
    page.wait_for_url(f"**/requests/{site.codes[3]}")
    assert state(site, site.codes[3]) == (site.desk, site.clerk.user_id)


def test_a_list_that_changed_is_said_and_not_turned_over(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page()
    page.keyboard.press("j")
    before = page.eval_on_selector_all(".wl [data-row]", "rows => rows.map(row => row.dataset.row)")
    site.app.run(lambda services: services.requests.assign(
        services.requests.by_code(site.codes[3]), unit=site.desk, assignee=site.clerk.user_id))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # looked at again: asks at once
    page.wait_for_selector("[data-changed]:not([hidden])")
    assert page.eval_on_selector_all(".wl [data-row]", "rows => rows.map(row => row.dataset.row)") == before
    assert page.inner_text('[data-count="mine"]') == "۴"
    page.click("[data-changed] a")
    expect(page.locator(".wl tbody tr")).to_have_count(4)


def test_axe_finds_nothing_in_the_list_the_choice_and_the_preview(
    open_page: Callable[..., Page], site: Any, axe: str
) -> None:
    page = open_page()

    def judge() -> None:
        page.evaluate(axe)
        found = page.evaluate("axe.run().then(result => result.violations.map(one => [one.id, one.nodes[0].html]))")
        assert found == []

    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("f")
    page.wait_for_selector("details.fmenu[open]")
    judge()
    page.goto(f"{site.url}/work/change?do=assign&c={site.codes[0]}")
    judge()
    page.goto(f"{site.url}/work/change?do=take&c={site.codes[0]}&c={site.codes[3]}")
    judge()
    page.click(".preview button[type=submit]")
    page.wait_for_selector(".undo-strip")
    judge()


@pytest.mark.parametrize("settings", [
    {"viewport": {"width": 390, "height": 844}}, {"viewport": {"width": 683, "height": 384}},
    {"java_script_enabled": False},
], ids=["phone", "zoom", "no scripts"])
def test_nothing_is_wider_than_the_screen(open_page: Callable[..., Page], site: Any, settings: dict[str, Any]) -> None:
    page = open_page(**settings)
    if settings.get("java_script_enabled", True):
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.click("details.fmenu summary")
    assert page.is_visible("details.fmenu[open] .fmenu-list button")
    page.check("details.fmenu[open] .fmenu-options input >> nth=0")
    page.click("details.fmenu[open] .fmenu-list button")
    page.wait_for_url("**type=core.**")
