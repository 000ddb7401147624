"""A plugin that is let in and put out in a real Chromium, while a clerk writes a request of its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from crm_core.api import Category, Form, RequestType, Role, Status, fields, hookimpl
from crm_core.testing.factories import make_app, make_clerk, make_contact
from crm_views.app import make_app as make_web
from crm_views.swap import Swappable
from crm_views.testing import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
STORY = "the tree before the school fell on the fence"


class TreeForm(Form):
    story = fields.long_text("What happened")
    kind = fields.choice("Kind of tree", (("elm", "Elm"), ("plane", "Plane tree")))


def trees() -> ModuleType:
    module = ModuleType("trees")
    statuses = Status("new", Category.NEW, "Noted"), Status("done", Category.DONE, "Seen to")
    kind = RequestType("trees.tree", "A tree", TreeForm, statuses)
    vars(module).update(CRM_API_VERSION=1, contribute=hookimpl(lambda: [kind]))
    return module


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A desk that can be built anew while it is served, with a clerk, an administrator and a citizen."""
    with closing(make_app(tmp_path_factory.mktemp("trees") / "data", {"trees": trees()})) as app:
        citizen = app.run(lambda services: make_contact(services, "زهرا رضایی").id)
        make_clerk(app, "clerk", roles=[Role.CLERK])
        make_clerk(app, "admin", roles=[Role.ADMINISTRATOR])
        with serving(Swappable(app, make_web)) as url:
            yield SimpleNamespace(url=url, app=app, citizen=citizen)


def switch(page: Page, site: Any, enabled: str) -> None:
    """Press the button on the page of the plugin; afterwards there is the opposite one."""
    page.goto(f"{site.url}/admin/plugins/trees")
    page.click(f"button[name=enabled][value='{enabled}']")
    expect(page.locator(f"button[name=enabled][value='{1 - int(enabled)}']")).to_be_visible()


def test_what_was_typed_for_a_kind_that_went_goes_on_as_a_general_request(
    new_page: Callable[..., Page], sign_in: Callable[..., None], site: Any
) -> None:
    admin = new_page(site.url, locale="en")
    sign_in(admin, f"{site.url}/login", "admin")
    clerk = new_page(site.url, expected=["status of 404"], locale="en")
    sign_in(clerk, f"{site.url}/login")
    switch(admin, site, "0")
    switch(admin, site, "1")  # just let in, and never used

    clerk.goto(f"{site.url}/contacts/{site.citizen}/requests/new")
    clerk.click("a[href$='/trees.tree']")
    clerk.fill("[name=story]", STORY)
    clerk.check("[name=kind][value=plane]")
    switch(admin, site, "0")
    clerk.click("form#form .form-foot .btn-primary")

    told = clerk.locator("main")
    expect(told).to_contain_text("A tree")
    expect(clerk.locator("dl.typed")).to_contain_text(STORY)
    expect(clerk.locator("dl.typed")).to_contain_text("Plane tree")
    clerk.keyboard.press("g")  # the key that stands on the button: go on as a general request
    expect(clerk.locator("[name=text]")).to_have_value(f"What happened: {STORY}\nKind of tree: Plane tree")
    clerk.click("form#form .form-foot .btn-primary")
    expect(clerk.locator(".answers, main").first).to_contain_text(STORY)
    with site.app.reading() as services:
        (stored,) = services.root.requests.values()
        assert (stored.type, stored.title) == ("core.general", "A tree")
