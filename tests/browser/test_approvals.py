"""Approvals in a real Chromium: decided by the keyboard alone at a desk, and by the thumb on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from crm_core.builtin import GENERAL
from crm_core.model.workflow import Level, StoredTransition
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit
from crm_views.app import make_app as make_web
from crm_views.testing import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
THUMB = 44
"""Pixels that a button for a thumb is high at least."""


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A desk whose executive finds three questions of a clerk: ``url`` and ``app``."""
    with closing(make_app(tmp_path_factory.mktemp("approvals") / "data")) as app:
        asker, admin = make_clerk(app, "asker"), make_clerk(app, "head", roles=[Role.ADMINISTRATOR])
        make_clerk(app, roles=[Role.EXECUTIVE])

        def edit(services: Services) -> None:
            kind = services.context.registry.types[GENERAL]
            services.workflow_editing.set_transition(
                kind, StoredTransition("new", "working", {}, approval=(Level(role=Role.EXECUTIVE.value),)))
            services.workflow_editing.put_into_force(kind)

        def ask(services: Services) -> None:
            for number in range(3):
                request = submit(services, make_contact(services), GENERAL, {"category": "service"},
                                 title=f"question {number}")
                services.approvals.ask(services, request, "working", "please")

        app.run(edit, admin)
        app.run(ask, asker)
        with serving(make_web(app)) as url:
            yield SimpleNamespace(url=url, app=app)


def states(desk: Any) -> list[str]:
    with desk.app.reading() as services:
        return sorted(one.state for request in services.root.requests.values() for one in request.approvals)


def test_decided_without_a_mouse(
    new_page: Callable[..., Page], sign_in: Callable[..., None], desk: Any
) -> None:
    page = new_page(desk.url, ["422"])  # the page says what is missing
    sign_in(page, f"{desk.url}/work/approvals")
    asks = page.locator(".ask")
    expect(asks).to_have_count(3)
    page.keyboard.press("j")
    expect(page.locator(".ask[aria-current] .subj")).to_be_focused()
    page.keyboard.press("a")
    expect(asks).to_have_count(2)
    for _row in range(2):
        page.keyboard.press("j")
        page.keyboard.press("x")
    page.keyboard.press("r")
    expect(page.locator(".ask-bar [role=alert]")).to_be_visible()
    reason = page.locator(".ask-bar [name=reason]")
    expect(reason).to_be_focused()
    reason.fill("not this year")
    page.locator("[name=do][value=reject]").press("Enter")
    expect(asks).to_have_count(0)
    assert states(desk) == ["done", "rejected", "rejected"]


def test_decided_with_a_thumb(new_page: Callable[..., Page], sign_in: Callable[..., None], desk: Any) -> None:
    page = new_page(desk.url)
    page.set_viewport_size(PHONE)
    sign_in(page, f"{desk.url}/work/approvals")
    asks = page.locator(".ask")
    expect(asks).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for button in asks.first.locator(".ask-foot > .btn, .ask-foot summary").all():
        box = button.bounding_box()
        assert box is not None and box["height"] >= THUMB and box["width"] >= 3 * THUMB
    asks.first.locator("[name=approve]").click()
    expect(asks).to_have_count(2)
    asks.first.locator("summary").click()
    asks.first.locator("textarea").fill("not this year")
    asks.first.locator("[name=reject]").click()
    expect(asks).to_have_count(1)
    assert states(desk) == ["done", "rejected", "waiting"]
