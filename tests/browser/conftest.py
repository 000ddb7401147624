"""What browser tests share: the small application of forms, pages that may not complain, a login, axe-core."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from crm_core.testing.factories import PASSWORD
from crm_views.testing import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Waiting is done by locators and `expect`: `wait_for_function` asks a second time inside the page, where its policy
# (no eval) refuses the question, so that such a test passes only where nothing was to wait for.
PATIENCE = 40_000  # milliseconds
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where CRM_BROWSER_RERUNS says how often, a test that failed is run again; pytest's summary names it as rerun."""
    again = int(os.environ.get("CRM_BROWSER_RERUNS", "0"))
    for item in items:
        if again and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=again))


@pytest.fixture(scope="module")
def form_site(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The small application of the functional tests of forms, served: ``url``, and ``kept``, what it was told."""
    spec = importlib.util.spec_from_file_location("form_app", checkout / "tests/functional/forms/form_app.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    kept = module.Kept()
    with serving(module.make_app(tmp_path_factory.mktemp("uploads"), kept)) as url:
        yield SimpleNamespace(url=url, kept=kept)


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """``new_page(url, expected=(), **context)``: a page in a context of its own that may load from ``url`` only.

    At the end none of the context's pages may have complained: no error of a script, no violation of the policy,
    nothing on the console, no dialog. ``expected`` are words of what the console may say nevertheless: Chromium
    notes each answer of 4xx as a failed resource, and a refused form is answered with "status of 422".
    """
    complaints: list[str] = []
    contexts = []

    def open_(url: str, expected: Sequence[str] = (), **settings: Any) -> Page:
        context = chromium.new_context(**({"viewport": {"width": 1366, "height": 768}} | settings))
        contexts.append(context)
        context.set_default_timeout(PATIENCE)

        def said(kind: str, text: str) -> None:
            if not any(words in text for words in expected):
                complaints.append(f"{kind}: {text}")

        def asked(address: str) -> None:
            if not address.startswith((f"{url}/", "data:")):
                complaints.append(f"asked of another host: {address}")

        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("console", lambda message: said(message.type, message.text))
        context.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        context.on("request", lambda request: asked(request.url))
        return context.new_page()

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def sign_in() -> Callable[..., None]:
    """``sign_in(page, url, login="clerk", password=PASSWORD)``: go to a page that asks who one is, and say it.

    Without ``url`` the page asks already. Afterwards the page is the one that was asked for.
    """

    def say(page: Page, url: str = "", login: str = "clerk", password: str = PASSWORD) -> None:
        if url:
            page.goto(url)
        page.fill("[name=username]", login)
        page.fill("[name=password]", password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda address: "/login" not in address)

    return say


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core (MPL 2.0) as the test extra brings it."""
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
