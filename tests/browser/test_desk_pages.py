"""What every page of the desk owes: nothing that was typed runs, the narrowest screen is wide enough, no script needed.

The whole way of a request is in test_whole_journey.py, axe and the wider screens in test_accessibility.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from crm_core.testing.factories import make_app, make_clerk, make_contact
from crm_views.app import make_app as make_web
from crm_views.testing import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

ATTACKS = (
    "<script>window.hacked = 1</script>", '"><img src=x onerror="window.hacked = 2">', "<svg onload=window.hacked=3>",
    "javascript:window.hacked=4", "</textarea><script>window.hacked=5</script>", "'-(window.hacked=6)-'",
    '<a href="javascript:window.hacked=7">x</a>', "<style>*{display:none}</style>",
    "{{constructor.constructor('window.hacked=8')()}}",
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A desk with a clerk: ``url``, ``app``."""
    folder = tmp_path_factory.mktemp("pages") / "data"
    with closing(make_app(folder, organisation="شهرداری شهر نمونه")) as app:
        make_clerk(app, name="مریم صادقی")
        make_clerk(app, "admin", roles=["administrator"])
        with serving(make_web(app)) as url:
            yield SimpleNamespace(url=url, app=app)


@pytest.fixture
def site(desk: Any) -> Any:
    """The desk with a citizen of this test's own: ``url``, ``contact`` (an id)."""
    contact = desk.app.run(lambda services: make_contact(services).id)
    return SimpleNamespace(url=desk.url, contact=contact)


@pytest.fixture
def enter(new_page: Callable[..., Page], sign_in: Callable[..., None], site: Any) -> Callable[..., Page]:
    """``enter(path, **context)``: a new browser in which the clerk has signed in, on a page of the desk."""

    def enter(path: str = "/", **more: Any) -> Page:
        page = new_page(site.url, **more)
        sign_in(page, site.url + path)
        return page

    return enter


def test_nothing_that_was_typed_runs(enter: Callable[..., Page], site: Any) -> None:
    page = enter()
    for attack in ATTACKS:
        page.goto(f"{site.url}/contacts/{site.contact}/requests/new/core.general")
        page.fill("[name=title]", attack)
        page.fill("[name=text]", attack)
        page.fill("[name=place]", attack)
        page.locator("[name=category]").first.check()
        page.click(".form-foot .btn-primary")
        page.wait_for_url(f"{site.url}/requests/*")
        assert page.inner_text("h1") == attack
        page.goto(f"{site.url}/contacts/new?name={attack.replace('#', '')}")
        page.fill("[name=notes]", attack)
        page.click(".form-foot .btn-primary")
        page.wait_for_selector(".who")
        page.fill(".omni [name=q]", attack)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site.url}/find*")
        assert page.evaluate("window.hacked") is None
    page.goto(f"{site.url}/contacts/{site.contact}")
    assert page.evaluate("window.hacked") is None
    assert page.locator(".entry").count() == len(ATTACKS)


def test_no_page_scrolls_sideways_on_the_narrowest_screen(enter: Callable[..., Page], site: Any) -> None:
    page = enter(viewport={"width": 320, "height": 568})
    here = f"/contacts/{site.contact}"
    for path in ("/", "/find?q=x", here, f"{here}/edit", f"{here}/requests/new", f"{here}/requests/new/core.general",
                 f"{here}/interactions/new", "/contacts/new"):
        page.goto(site.url + path)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path


def test_the_desk_works_without_scripts(enter: Callable[..., Page], site: Any) -> None:
    page = enter(f"/contacts/{site.contact}/interactions/new?channel=phone", java_script_enabled=False)
    page.fill("[name=body]", "تماس بی‌اسکریپت")
    page.click(".form-foot .btn-primary")
    assert page.text_content(".entry .s") == "تماس بی‌اسکریپت"


@pytest.mark.parametrize("locale", ["fa-IR", "en-GB"])
def test_the_page_one_is_on_is_in_sight_among_those_of_the_administration(
    new_page: Callable[..., Page], sign_in: Callable[..., None], site: Any, locale: str
) -> None:
    page = new_page(site.url, viewport={"width": 390, "height": 844}, locale=locale)
    sign_in(page, f"{site.url}/admin/plugins", "admin")
    shown = page.locator(".views [aria-current=page]")
    assert page.evaluate("() => { const s = document.querySelector('.views'); return s.scrollWidth > s.clientWidth }")
    expect(shown).to_be_in_viewport(ratio=1)
