"""One way through the desk in a real Chromium, in Persian and in English: from the login to the changed status.

Nothing may be written to the console, break the policy, or be asked of another host; nothing that was typed may run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.testing.factories import PASSWORD, make_app, make_clerk, make_contact

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

WORDS = {
    "fa": {"log": "ثبت تماس", "new": "درخواست تازه", "general": "درخواست عمومی", "status": "در دست بررسی",
           "kind": "خدمت یا محصول", "end": "خروج", "other": "English", "proof": "گفتهٔ خودش، اثبات نشده"},
    "en": {"log": "Log a call", "new": "New request", "general": "General request", "status": "Being worked on",
           "kind": "A service or product", "end": "Sign out", "other": "فارسی", "proof": "Their word, not proven"},
}
ATTACKS = (
    "<script>window.hacked = 1</script>", '"><img src=x onerror="window.hacked = 2">', "<svg onload=window.hacked=3>",
    "javascript:window.hacked=4", "</textarea><script>window.hacked=5</script>", "'-(window.hacked=6)-'",
    '<a href="javascript:window.hacked=7">x</a>', "<style>*{display:none}</style>",
    "{{constructor.constructor('window.hacked=8')()}}",
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Any]:
    """A desk with a clerk and a citizen, served on a spare port: ``url``, ``app``, ``contact``."""
    from waitress.server import create_server

    from crm_views.app import make_app as make_web

    app = make_app(tmp_path / "data", organisation="شهرداری شهر نمونه")

    def work(services: Services) -> int:
        return make_contact(services, "زهرا رضایی‌پور", "09120000147").id

    contact = app.run(work)
    make_clerk(app, "clerk", roles=[Role.CLERK], name="مریم صادقی")
    server = create_server(make_web(app), host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{server.effective_port}", app=app, contact=contact)
    server.close()
    thread.join(10)
    app.close()


@pytest.fixture
def open_page(chromium: Browser, site: Any) -> Iterator[Callable[..., Page]]:
    """``open_page(**context)``: a page that notes every complaint and every request to somebody else."""
    complaints: list[str] = []
    contexts = []

    def open_(**settings: Any) -> Page:
        context = chromium.new_context(**({"viewport": {"width": 1366, "height": 768}} | settings))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: None if request.url.startswith((site.url, "data:"))
                else complaints.append(f"asked of another host: {request.url}"))
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def sign_in(page: Page, site: Any, path: str = "/") -> None:
    page.goto(site.url + path)
    page.fill("[name=username]", "clerk")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)


def speak(page: Page, language: str) -> None:
    if page.get_attribute("html", "lang") != language:
        page.click("details.menu summary.me")
        page.click(f"details.menu button[value={language}]")
        page.wait_for_selector(f"html[lang={language}]")


@pytest.mark.parametrize("language", ["fa", "en"])
def test_from_the_login_to_the_changed_status(open_page: Callable[..., Page], site: Any, language: str) -> None:
    words = WORDS[language]
    page = open_page()
    sign_in(page, site)
    speak(page, language)
    assert page.get_attribute("html", "dir") == ("rtl" if language == "fa" else "ltr")

    # Find by phone, with the keyboard alone.
    page.keyboard.press("/")
    page.keyboard.type("۰۹۱۲ ۰۰۰ ۰۱ ۴۷")
    page.keyboard.press("Enter")
    page.click(".hit:has-text('زهرا رضایی‌پور')")
    assert page.inner_text("h1") == "زهرا رضایی‌پور"
    assert "\u06f0\u06f9\u06f1\u06f2" in page.inner_text(".idchip .v") or language == "en"

    # Log the call.
    page.click(f".actions a:has-text('{words['log']}')")
    page.fill("[name=body]", "پرسید چرا چراغ کوچه خاموش است\nگفتم همین هفته درست می‌شود")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"{site.url}/contacts/{site.contact}")
    assert page.inner_text(".entry .s") == "پرسید چرا چراغ کوچه خاموش است"

    # A general request.
    page.click(f".actions a:has-text('{words['new']}')")
    page.click(f".hit:has-text('{words['general']}')")
    page.fill("[name=title]", "چراغ کوچهٔ نسترن")
    page.fill("[name=text]", "از شنبه خاموش است")
    page.get_by_label(words["kind"]).check()
    page.click(".form-foot .btn-primary")
    page.wait_for_url(f"{site.url}/requests/*")
    assert page.inner_text("h1") == "چراغ کوچهٔ نسترن"
    code = page.url.rpartition("/")[2]

    # It is in the history, and open.
    page.click(".crumbs a")
    assert page.locator(".entry .s").all_inner_texts() == ["چراغ کوچهٔ نسترن", "پرسید چرا چراغ کوچه خاموش است"]
    assert page.inner_text(".owe a") == "چراغ کوچهٔ نسترن"

    # The status is changed.
    page.click(".owe a")
    page.select_option("#status [name=status]", label=words["status"])
    page.fill("#status [name=note]", "همکاران رفتند")
    page.click("#status .btn-primary")
    page.wait_for_selector(f".flashes :text('{words['status']}')")
    assert words["status"] in page.inner_text(".stage[aria-current=step]")
    page.goto(f"{site.url}/contacts/{site.contact}")
    assert page.locator(".entry").count() == 3
    assert "همکاران رفتند" in page.inner_text(".entry >> nth=0")

    # By its code, then out.
    page.goto(f"{site.url}/find?q={code}")
    assert page.locator(".hit").first.get_attribute("href") == f"/requests/{code}"
    page.click("details.menu summary.me")
    page.click(f"details.menu button:has-text('{words['end']}')")
    page.wait_for_url(f"{site.url}/login")


def test_nothing_that_was_typed_runs(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page()
    sign_in(page, site)
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


@pytest.mark.parametrize("size", [(1366, 768), (390, 844), (320, 568)])
def test_no_page_scrolls_sideways(open_page: Callable[..., Page], site: Any, size: tuple[int, int]) -> None:
    page = open_page(viewport={"width": size[0], "height": size[1]})
    sign_in(page, site)
    here = f"/contacts/{site.contact}"
    for path in ("/", "/find?q=x", here, f"{here}/edit", f"{here}/requests/new", f"{here}/requests/new/core.general",
                 f"{here}/interactions/new", "/contacts/new"):
        page.goto(site.url + path)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, (path, size)


def test_the_desk_works_without_scripts(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"{site.url}/contacts/{site.contact}/interactions/new?channel=phone")
    page.fill("[name=username]", "clerk")
    page.fill("[name=password]", PASSWORD)
    page.click(".btn-primary")
    page.fill("[name=body]", "تماس بی‌اسکریپت")
    page.click(".form-foot .btn-primary")
    assert page.inner_text(".entry .s") == "تماس بی‌اسکریپت"
