"""Two records become one citizen by keyboard, and two again: in Chromium, with axe on each page on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from crm_core.testing.factories import make_app, make_clerk, make_contact
from crm_views.app import make_app as make_web
from crm_views.testing import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A desk where somebody was written twice, with two national ids: ``url``, ``first`` (an id)."""
    with closing(make_app(tmp_path_factory.mktemp("doubles") / "data")) as app:

        def work(services: Any) -> int:
            first = make_contact(services, "زهرا رضایی‌پور", "+989120000147", birth_date="1982-05-04")
            second = make_contact(services, "زهره رضائی پور", "+989120000147", birth_date="1982-05-04")
            services.interactions.log(second, channel="phone", body="پرسید زمان بازدید کی است", address="+989120000147")
            return int(first.id)

        first = app.run(work)
        make_clerk(app, name="مریم صادقی")
        with serving(make_web(app)) as url:
            yield SimpleNamespace(url=url, first=first)


@pytest.mark.parametrize("size", [(1366, 768), (390, 844), (683, 384)])
def test_one_person_by_keyboard_and_two_again(
    new_page: Callable[..., Page], sign_in: Callable[..., None], site: Any, axe: str, size: tuple[int, int]
) -> None:
    page = new_page(site.url, viewport={"width": size[0], "height": size[1]}, locale="fa-IR")

    def looked_at() -> None:
        page.evaluate(axe)
        wrong = page.evaluate("axe.run().then(result => result.violations)")
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in wrong] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")

    sign_in(page, f"{site.url}/login")
    assert page.url == f"{site.url}/"
    page.goto(f"{site.url}/contacts/{site.first}")
    page.keyboard.press("d")
    page.wait_for_url("**/compare/*")
    looked_at()
    page.locator("#same textarea").focus()
    page.keyboard.type("همان کارت")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"{site.url}/contacts/{site.first}")
    assert page.locator(".notice.linked").is_visible()
    assert page.get_by_text("پرسید زمان بازدید کی است").first.is_visible()
    page.goto(f"{site.url}/contacts/{site.first}/links")
    looked_at()
    page.locator(".claims a.btn").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/links/*/*")
    looked_at()
    page.locator("form[data-form] .btn-primary").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/contacts/{site.first}")
    assert page.locator(".notice.doubles").is_visible()
