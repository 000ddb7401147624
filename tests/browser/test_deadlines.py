"""Deadlines in a real Chromium, by the keyboard alone: a target is set, a clock stopped with its reason and let run on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from crm_core import builtin
from crm_core.security.permissions import Role
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit
from crm_views.app import make_app as make_web
from crm_views.testing import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
ALWAYS = (((0, 1440),),) * 7
REASON = "پیمانکار از شنبه می‌آید"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A desk that works round the clock; its clerk runs it too: ``url``, ``app``, ``new`` (gives the code
    of a new request)."""
    with closing(make_app(tmp_path_factory.mktemp("deadlines") / "data")) as app:
        who = make_clerk(app, roles=[Role.CLERK, Role.ADMINISTRATOR], name="مریم صادقی")
        app.run(lambda services: services.calendars.edit(None, {"week": ALWAYS, "holidays": False}))

        def new() -> str:
            return str(app.run(lambda services: submit(
                services, make_contact(services), builtin.GENERAL, {"category": "service"}, priority="urgent",
                assignee=who.user_id).code, who))

        with serving(make_web(app)) as url:
            yield SimpleNamespace(url=url, app=app, new=new)


def case_of(desk: Any, code: str) -> Any:
    return desk.app.run(lambda services: services.requests.by_code(code))


def test_a_target_is_set_and_its_clock_stopped_without_a_mouse(
    new_page: Callable[..., Page], sign_in: Callable[..., None], desk: Any
) -> None:
    page = new_page(desk.url)
    sign_in(page, f"{desk.url}/admin/targets")

    page.keyboard.press("n")
    solution = page.locator("[name=solution]")
    expect(solution).to_be_visible()
    solution.fill("۴۰")
    page.locator("[name=first]").fill("۸")
    page.locator("[name=first]").press("Enter")
    page.wait_for_url(f"{desk.url}/admin/targets")
    expect(page.locator("table.targets td.own")).to_have_count(1)

    code = desk.new()
    page.goto(f"{desk.url}/requests/{code}")
    expect(page.locator(".clock .clock-note")).to_be_visible()
    page.keyboard.press("w")
    reason = page.locator("[name=reason]")
    expect(reason).to_be_visible()
    reason.fill(REASON)
    reason.press("Control+Enter")
    expect(page.locator(".clock.rest .clock-note")).to_contain_text(REASON)
    assert case_of(desk, code).pause["reason"] == REASON

    page.keyboard.press("w")
    page.locator(".resume-form [type=submit]").first.press("Enter")
    expect(page.locator(".clock.rest")).to_have_count(0)
    assert case_of(desk, code).pause is None


def test_what_is_late_fits_a_phone(new_page: Callable[..., Page], sign_in: Callable[..., None], desk: Any) -> None:
    page = new_page(desk.url)
    page.set_viewport_size({"width": 390, "height": 844})
    code = desk.new()

    def late(services: Any) -> None:
        case = services.requests.by_code(code)
        case.created, case.first_due = services.now - 1000 * 3_600_000, services.now - 900 * 3_600_000
        case.due, case.due_by = services.now - 800 * 3_600_000, "target"

    desk.app.run(late)
    sign_in(page, f"{desk.url}/requests/{code}")
    expect(page.locator(".facts .sentence.late")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
