"""A plugin's channel on the desk: in the composer, the timeline, its filters, the work lists; also when it has gone."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from crm_views.app import make_app
from crm_views.testing import form_of, sign_in

OpenDesk = Callable[..., Any]
LoadPlugin = Callable[[str], ModuleType]


@pytest.fixture
def working(open_desk: OpenDesk, load_plugin: LoadPlugin) -> Any:
    """A desk with the plugin ``working``, which has the channel “The city's app”."""
    return open_desk({"working": load_plugin("working")})


def test_something_is_logged_found_and_registered_on_it(working: Any) -> None:
    contact = working.contact("زهرا رضایی")
    browser = sign_in(make_app(working.app), "clerk")

    form = form_of(browser.get(f"/contacts/{contact}?compose=working.app"), "composer-form")
    assert form["channel"].value == "working.app"
    form["body"] = "لامپ سوخته"
    page = form.submit("submit", status=303).follow()

    page.mustcontain("The city's app")
    assert "working.app" in [option["value"] for option in page.html.select("select[name='channel'] option")]
    for query in ("channel=working.app", "show=messages"):
        found = browser.get(f"/contacts/{contact}?{query}")
        assert len(found.html.select(".entry")) == 1
    assert not browser.get(f"/contacts/{contact}?show=calls").html.select(".entry")
    said = browser.get(f"/contacts/{contact}/requests/new/core.general?channel=working.app")
    assert form_of(said, "form")["channel"].value == "working.app"


def test_it_keeps_its_word_when_the_plugin_has_gone(working: Any) -> None:
    contact = working.contact("زهرا رضایی")
    working.run(lambda services: services.interactions.log(
        services.contacts.get(contact), channel="working.app", body="لامپ سوخته"))
    code = working.case(contact, channel="working.app")
    working.app.host.refuse(working.app.host.plugins["working"], "gone")
    browser = sign_in(make_app(working.app), "clerk")

    page = browser.get(f"/contacts/{contact}?channel=working.app")
    page.mustcontain("The city's app", "لامپ سوخته", no="working.app</")
    assert not [one for one in form_of(page, "composer-form")["channel"].options if one[0] == "working.app"]
    browser.get(f"/requests/{code}").mustcontain("The city's app")
    browser.get("/?channel=working.app").mustcontain("The city's app")
