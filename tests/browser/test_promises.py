"""A promise in a real Chromium, by the keyboard alone: made from the dossier, found in the list of work, and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from crm_core.model.promise import PromiseState
from crm_core.testing.factories import make_app, make_clerk, make_contact
from crm_views.app import make_app as make_web
from crm_views.testing import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
WORDS = "نتیجهٔ بازدید"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A desk with a clerk and a citizen: ``url``, ``app``, ``contact`` (an id)."""
    with closing(make_app(tmp_path_factory.mktemp("promises") / "data")) as app:
        make_clerk(app, name="مریم صادقی")
        contact = app.run(lambda services: make_contact(services, "نرگس سلامت").id)
        with serving(make_web(app)) as url:
            yield SimpleNamespace(url=url, app=app, contact=contact)


def test_promised_and_kept_without_a_mouse(
    new_page: Callable[..., Page], sign_in: Callable[..., None], desk: Any
) -> None:
    page = new_page(desk.url)
    here = f"{desk.url}/contacts/{desk.contact}"
    sign_in(page, here)

    page.keyboard.press("p")
    words = page.locator("#promise-words")
    expect(words).to_be_visible()
    words.fill(WORDS)
    words.press("Escape")  # put aside: the draft stays
    expect(page.locator("[data-idle]")).to_be_visible()
    page.keyboard.press("p")
    expect(words).to_have_value(WORDS)
    page.locator("[name=day]").fill("فردا")
    page.locator("[name=hour]").fill("۸ صبح")
    page.locator("[name=hour]").press("Control+Enter")

    expect(page.locator(".vow .subj")).to_have_text(f"تماس: {WORDS}")
    expect(page.locator(".entry .s").first).to_have_text(f"وعده: تماس: {WORDS}")
    page.goto(f"{desk.url}/work/promises")
    page.keyboard.press("j")
    expect(page.locator(".vow[aria-current] .subj")).to_be_focused()
    for _stop in range(2):  # over the citizen to the button
        page.keyboard.press("Tab")
    expect(page.locator(".vow button")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator(".vow")).to_have_count(0)
    expect(page.locator(".flashes")).to_contain_text(WORDS)
    with desk.app.reading() as services:
        (promise,) = services.promises.of_contact([services.contacts.get(desk.contact)])
        assert (promise.state, promise.words) == (PromiseState.KEPT, WORDS)
