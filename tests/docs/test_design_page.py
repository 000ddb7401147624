"""The examples of docs/integrator/design.md are drawn as they stand there; every part and token is on the page."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from pyramid import testing

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "scripts"))
import gallery  # noqa: E402  # a script of the checkout, not a package

SAMPLES = list(gallery.samples())
WITHOUT_EXAMPLE = {
    "layout", "page_head", "omnibox",  # the frame of a page
    "static", "error_note", "error_summary", "flash", "notices", "star", "icon", "csrf_token", "direction", "frame",
    "other_languages", "other_themes",
}
"""What the frame and the forms use themselves, or is too small to stand alone."""


@pytest.fixture
def page_request() -> Iterator[Any]:
    """A request of a bare application in English."""
    with testing.testConfig(settings={}) as config:
        config.include("pyramid_chameleon")
        config.include("crm_views.components")
        config.add_static_view("static", "crm_views:static")
        config.add_translation_dirs("crm_views:locale")
        config.set_locale_negotiator(lambda _request: "en")
        request = testing.DummyRequest(path="/")
        config.begin(request)
        from crm_views.components import Components

        request.ui = Components(request)
        request.path_qs = "/"
        yield request


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.title for sample in SAMPLES])
def test_an_example_is_drawn(sample: Any, page_request: Any) -> None:
    markup = gallery.draw(sample, page_request)
    soup = BeautifulSoup(markup, "html.parser")
    assert soup.get_text(strip=True)
    assert not soup.find_all(style=True)
    assert "${" not in markup


def test_the_gallery_holds_them_all(page_request: Any) -> None:
    page = gallery.gallery(page_request)
    assert all(sample.title in page for sample in SAMPLES if not sample.is_page)


def test_every_part_has_an_example() -> None:
    from crm_views.components import Components

    parts = {name for name, _part in inspect.getmembers(Components) if not name.startswith("_")}
    shown = {name for sample in SAMPLES for name in re.findall(r"ui\.(\w+)", sample.template + sample.python)}
    constants = {"menu_word", "comma"}
    assert parts - shown - WITHOUT_EXAMPLE - constants == set()


def test_every_token_named_exists() -> None:
    sheet = (CHECKOUT / "views/crm_views/static/css/tokens.css").read_text("utf-8")
    for token in re.findall(r"`(--[a-z0-9-]+)`", gallery.PAGE.read_text("utf-8")):
        assert f"{token}:" in sheet, token
