"""Every page of the desk, with a small demo city in Chromium: axe, no sideways scrolling, focus that shows and returns.

Persian and English, light and dark, desk, phone and 200 % zoom. What axe cannot judge (order of focus, live regions,
keys) is asked by the tests themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from crm_core import demo
from crm_core.api import Column, Permission, Report, Role, Setting, fields, hookimpl
from crm_core.services import Services
from crm_core.testing.factories import make_app
from crm_views.app import make_app as make_web
from crm_views.testing import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
PASSWORD = "a demo password"
DESK, PHONE, ZOOMED = (1366, 768), (390, 844), (683, 384)
LOOKS = (("fa", "light", DESK), ("en", "dark", DESK), ("fa", "dark", PHONE), ("en", "light", ZOOMED))


def fees() -> ModuleType:
    """A plugin with something to decide and a report, and nothing else."""
    columns = (Column("zone", "Zone"), Column("paid", "Paid", "number"))
    offered = [
        Setting("fees.fee", fields.integer("Fee", least=0, most=900), 500),
        Setting("fees.name", fields.text("Name on letters", required=False), ""),
        Permission("fees.read", "Read the fees", frozenset({Role.ADMINISTRATOR})),
        Report("fees.paid", "Paid fees", columns, lambda *_given: [{"zone": "A", "paid": 7}], "fees.read"),
    ]
    module = ModuleType("fees")
    vars(module).update(CRM_API_VERSION=1, contribute=hookimpl(lambda: offered))
    return module


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A demo city of some people with years of history: ``url``, ``citizen`` (an id), ``code`` of an open request."""
    with closing(make_app(tmp_path_factory.mktemp("city") / "data", {"fees": fees()})) as app:
        given = {"contacts": 40, "years": 1, "seed": 1, "until": "", "more": False, "password": PASSWORD}
        demo.fill(app, given, lambda _done, _total: None, hash_cost=1)
        with app.reading() as services:
            people = list(services.root.contacts.values())
            citizen = max(people, key=lambda contact: (any(one.is_open for one in contact.requests.values()),
                                                       len(contact.timeline)))
            code = next(request.code for request in citizen.requests.values() if request.is_open)
            here = citizen.id

        def promised(services: Services) -> int:
            contact, case = services.contacts.get(here), services.requests.by_code(code)
            clerk = services.users.by_login("clerk").id
            due = services.now + 3_600_000
            made = [services.promises.make(contact, what, due, words="نتیجهٔ بازدید", request=case, user=clerk)
                    for what in ("call", "other")]
            services.promises.keep(made[1], "گفته شد")
            services.notices.tell([clerk], "request.reopened", request=case, values={"by": clerk, "note": "باز شد"})
            return made[0].id

        def timed(services: Services) -> None:
            services.targets.add({"first": (8, "hours"), "solution": (5, "days")})
            services.targets.add({"type": "core.general", "priority": "urgent", "solution": (1, "days")})
            services.calendars.set_day(None, date(2026, 11, 21), "hours", shifts=[(480, 600)], name="کشیک")
            case = services.requests.by_code(code)
            if case.pause is None:
                services.deadlines.pause(case, "پیمانکار از شنبه می‌آید")

        app.run(timed)
        promise = app.run(promised)
        with serving(make_web(app)) as url:
            yield SimpleNamespace(url=url, citizen=here, code=code, promise=promise)


@pytest.fixture
def enter(new_page: Callable[..., Page], sign_in: Callable[..., None], site: Any) -> Callable[..., Page]:
    """``enter(login, **context)``: a new browser in which somebody of the demo city has signed in."""

    def enter(login: str = "clerk", **context: Any) -> Page:
        page = new_page(site.url, **context)
        sign_in(page, f"{site.url}/login", login, PASSWORD)
        return page

    return enter


def paths(site: Any) -> dict[str, tuple[str, ...]]:
    """The pages to look at, by who looks."""
    here = f"/contacts/{site.citizen}"
    return {
        "clerk": ("/", "/find?q=رضا", "/find?q=zzzz", here, f"{here}?compose=phone", f"{here}/edit", "/contacts/new",
                  f"{here}/identifiers/new", f"{here}/requests/new", f"{here}/requests/new/core.general",
                  f"/requests/{site.code}", f"/requests/{site.code}?tab=history", f"/requests/{site.code}/resume",
                  f"/requests/{site.code}/workflow",
                  "/interactions/new", "/keys", "/profile", "/reports", "/no/such/page",
                  f"{here}/promises/new", f"/promises/{site.promise}", "/work/promises", "/work/approvals", "/notices"),
        "admin": ("/", "/admin", "/admin/units", "/admin/users", "/admin/roles", "/admin/types",
                  "/admin/types/core.general/workflow", "/admin/types/core.general/workflow/status/new/ways",
                  "/admin/types/core.general/workflow/status/new/ways/working", "/admin/settings",
                  "/admin/calendars", "/admin/calendars/0?year=1405", "/admin/calendars/0/hours",
                  "/admin/calendars/0/days/2026-11-21", "/admin/calendars/0/days/new", "/admin/targets",
                  "/admin/targets/new", "/admin/health", "/admin/health/letters", "/admin/audit", "/admin/plugins",
                  "/admin/plugins/fees",
                  "/admin/erasures", f"{here}/erase", "/reports", "/reports/fees.paid",
                  "/reports/fees.paid?since=1405/13/1&until=1405/8/26"),
    }


def choose(page: Page, site: Any, language: str, theme: str) -> None:
    page.goto(f"{site.url}/profile")
    page.check(f"form#choices [name=language][value={language}]")
    page.check(f"form#choices [name=theme][value={theme}]")
    page.click("form#choices .form-foot .btn-primary")
    page.wait_for_selector(f"html[lang={language}][data-bs-theme={theme}]")


@pytest.mark.parametrize("login", ["clerk", "admin"])
@pytest.mark.parametrize(("language", "theme", "size"), LOOKS, ids=lambda value: str(value))
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    enter: Callable[..., Page], site: Any, axe: str, language: str, theme: str, size: tuple[int, int], login: str
) -> None:
    page = enter(login, viewport={"width": size[0], "height": size[1]}, bypass_csp=True)
    choose(page, site, language, theme)
    found = []
    for path in paths(site)[login]:
        if path == "/no/such/page":
            continue  # its status is a complaint of the browser's; asked for below
        page.goto(site.url + path)
        found += faults(page, axe, path)
    assert found == []


@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_settings_that_are_refused(
    enter: Callable[..., Page], site: Any, axe: str, language: str, theme: str
) -> None:
    """The form of a plugin's settings with an error and its summary, on a desk, a phone and at 200 % zoom."""
    page = enter("admin", bypass_csp=True, expected=["status of 422"])
    choose(page, site, language, theme)
    page.goto(f"{site.url}/admin/plugins/fees")
    page.fill("form#settings [name=fee]", "901")
    page.click("form#settings .form-foot .btn-primary")
    expect(page.locator(".errsum")).to_be_focused()
    found = []
    for width, height in (DESK, PHONE, ZOOMED):
        page.set_viewport_size({"width": width, "height": height})
        found += faults(page, axe, f"settings at {width}")
    assert found == []


@pytest.mark.parametrize("language", ["fa", "en"])
def test_figures_of_a_report_stand_at_the_end_of_their_column(
    enter: Callable[..., Page], site: Any, language: str
) -> None:
    page = enter("admin")
    choose(page, site, language, "light")
    page.goto(f"{site.url}/reports/fees.paid")
    ends = page.eval_on_selector_all(".report th:last-child, .report td:last-child", """cells => cells.map(cell => {
        const words = document.createRange(); words.selectNodeContents(cell);
        const room = cell.getBoundingClientRect(), box = words.getBoundingClientRect();
        const before = box.left - room.left, after = room.right - box.right;
        return document.dir === 'rtl' ? before < after : after < before;
    })""")
    assert ends == [True, True]


def faults(page: Page, axe: str, path: str) -> list[tuple[str, str, str]]:
    """What axe says of a page, and whether it scrolls sideways."""
    page.evaluate(axe)
    result = page.evaluate("axe.run().then(result => result.violations)")
    found = [(path, one["id"], node["html"][:160]) for one in result for node in one["nodes"]]
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append((path, "scrolls sideways", ""))
    return found


def test_the_eye_follows_the_keyboard(enter: Callable[..., Page], site: Any) -> None:
    """Every stop of the Tab key is visible, has a ring, and they come in the order of reading, never back and forth."""
    page = enter()
    for path in (f"/contacts/{site.citizen}", f"/requests/{site.code}", "/"):
        page.goto(site.url + path)
        faults = []
        seen: list[str] = []
        for _stop in range(60):
            page.keyboard.press("Tab")
            stop = page.evaluate("""() => {
                const element = document.activeElement;
                if (!element || element === document.body) return null;
                const box = element.getBoundingClientRect(), style = getComputedStyle(element);
                return {html: element.outerHTML.slice(0, 120), tall: box.height, wide: box.width,
                        ring: style.outlineStyle !== 'none' || style.boxShadow !== 'none'};
            }""")
            if stop is None or (seen and stop["html"] == seen[0]):
                break
            seen.append(stop["html"])
            if not (stop["tall"] and stop["wide"]):
                faults.append(("not visible", stop["html"]))
            if not stop["ring"]:
                faults.append(("no ring", stop["html"]))
        assert faults == [], path
        assert len(seen) > 10, path


def test_the_keys_open_over_the_page_and_the_focus_returns(enter: Callable[..., Page], site: Any) -> None:
    page = enter()
    page.goto(f"{site.url}/contacts/{site.citizen}")
    page.focus("[data-keys]")
    page.keyboard.press("Shift+Slash")
    page.wait_for_selector("dialog.keys[open]")
    listed = page.locator("dialog.keys kbd").all_inner_texts()
    for key in page.eval_on_selector_all("main [data-key]", "found => found.map(one => one.dataset.key)"):
        assert key in listed
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog.keys", state="detached")
    assert page.evaluate("document.activeElement.hasAttribute('data-keys')")


def test_keys_of_one_letter_are_silent_once_switched_off(enter: Callable[..., Page], site: Any) -> None:
    page = enter()
    page.goto(f"{site.url}/profile")
    page.uncheck("form#choices [name=single_keys]")
    page.click("form#choices .form-foot .btn-primary")
    page.wait_for_selector("html[data-single-keys=off]")
    dossier = f"{site.url}/contacts/{site.citizen}"
    page.goto(dossier)
    asked: list[str] = []
    page.on("request", lambda request: "/static/" in request.url or asked.append(request.url))
    for key in ("n", "c", "Slash", "Shift+Slash", "j", "x"):
        page.keyboard.press(key)
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    assert asked == []
    assert page.url == dossier
    assert page.locator("dialog").count() == 0
    assert page.evaluate("document.activeElement === document.body")
    page.goto(f"{site.url}/profile")
    page.check("form#choices [name=single_keys]")
    page.click("form#choices .form-foot .btn-primary")
    page.wait_for_selector("html:not([data-single-keys])")


def test_nothing_moves_for_who_wants_less_motion(enter: Callable[..., Page], site: Any) -> None:
    page = enter(reduced_motion="reduce")
    page.goto(f"{site.url}/contacts/{site.citizen}?compose=phone")
    moving = page.evaluate("""() => Array.from(document.querySelectorAll('*')).filter(element => {
        const style = getComputedStyle(element);
        return parseFloat(style.animationDuration) > 0.01 && style.animationName !== 'none'
            || parseFloat(style.transitionDuration) > 0.01;
    }).map(element => element.outerHTML.slice(0, 100))""")
    assert moving == []


def test_the_first_page_is_light_and_later_ones_lighter(
    new_page: Callable[..., Page], sign_in: Callable[..., None], site: Any
) -> None:
    """The first page, below 200 kB with fonts, asks who it is; later ones are below 60 kB (of 1000 bytes, as sent)."""
    page = new_page(site.url, locale="fa-IR")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    carried: list[int] = []
    session.on("Network.loadingFinished", lambda event: carried.append(event["encodedDataLength"]))

    def weight() -> int:
        page.wait_for_load_state("networkidle")
        total = sum(carried)
        carried.clear()
        return total

    page.goto(f"{site.url}/login")
    first = weight()
    sign_in(page, login="expert", password=PASSWORD)  # whose language is that of the login page, whatever ran before
    later = [weight()]
    page.goto(f"{site.url}/contacts/{site.citizen}")
    later.append(weight())
    assert max(later) < 60_000
    assert first < 200_000
