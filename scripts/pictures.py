"""Takes the pictures of README and docs/ in a real browser, from the demo city, so that they show what the desk shows.

Run it with a browser installed: ``make pictures``. The city is made for one fixed day and thrown away. Every picture
that a page of docs/ shows must be taken here: the tests compare the names.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize

ROOT = Path(__file__).resolve().parent.parent
USER = ROOT / "docs" / "user" / "pictures"
INTEGRATOR = ROOT / "docs" / "integrator" / "pictures"
CRM = (sys.executable, "-c", "from crm_core.cli import main; main(prog_name='crm')")
PASSWORD = "pictures-only"
DESK: ViewportSize = {"width": 1366, "height": 768}
PHONE: ViewportSize = {"width": 390, "height": 844}
CITIZENS = {"fa": "زهرا رضایی‌پور", "en": "Zahra Rezaeipour"}
HEARD = {"fa": "ظهرا رظایی پور", "en": "zahra rezaeipoor"}
LOGINS = {"fa": "clerk", "en": "sara"}
OF_THE_DESK = ("work", "find", "dossier", "call", "keys", "request", "form", "phone")
OF_THE_DESIGN = (("fa", "light", "fa"), ("en", "dark", "en.dark"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Return when the port answers; give up after a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise SystemExit("the server did not start")


def sign_in(page: Page, address: str, login: str) -> None:
    page.goto(f"{address}/login")
    page.fill("[name=username]", login)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: "login" not in url)


def name_for(language: str) -> Callable[[str], Path]:
    """The file of a picture in a language: the Persian ones have no suffix."""
    return lambda name: USER / (f"{name}.png" if language == "fa" else f"{name}.{language}.png")


def pictures() -> set[Path]:
    """Every picture that is taken here."""
    desk = {name_for(language)(name) for language in LOGINS for name in OF_THE_DESK}
    return desk | {USER / "admin.png"} | {INTEGRATOR / f"design.{suffix}.png" for *_look, suffix in OF_THE_DESIGN}


# ── the desk ─────────────────────────────────────────────────────────────────────────────────────────────────


def work(page: Page, address: str, file: Callable[[str], Path]) -> None:
    """What is late in the unit: everybody of the unit has that."""
    page.goto(f"{address}/?view=unit")
    page.screenshot(path=file("work"))


def found(page: Page, address: str, file: Callable[[str], Path], language: str) -> None:
    page.goto(f"{address}/")
    page.keyboard.press("Slash")
    page.keyboard.type(HEARD[language], delay=20)
    page.wait_for_selector("[role=option]")
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(600)
    page.screenshot(path=file("find"))


def dossier(page: Page, address: str, file: Callable[[str], Path], language: str) -> str:
    """The dossier, the call that is being logged, the keys; gives the dossier's address."""
    page.goto(f"{address}/find?q={HEARD[language]}&all=1")
    page.locator("main a", has_text=CITIZENS[language]).first.click()
    page.wait_for_url("**/contacts/*")
    place = page.url.split("?")[0]
    page.screenshot(path=file("dossier"))
    page.keyboard.press("c")
    page.wait_for_timeout(300)
    page.screenshot(path=file("call"))
    page.goto(place)
    page.keyboard.press("Shift+Slash")
    page.wait_for_selector("dialog.keys")
    page.screenshot(path=file("keys"))
    return place


def request(page: Page, place: str, file: Callable[[str], Path]) -> None:
    """The most urgent request of the citizen, and a form with something missing."""
    page.goto(place)
    page.locator(".owe a").first.click()
    page.wait_for_url("**/requests/*")
    page.screenshot(path=file("request"))
    page.goto(f"{place}/requests/new/core.general")
    page.locator("form[data-form] .btn-primary").first.click()
    page.wait_for_selector(".errsum")
    page.screenshot(path=file("form"))


def desk(browser: Browser, address: str) -> None:
    for language, login in LOGINS.items():
        file = name_for(language)
        page = browser.new_context(viewport=DESK, locale=language, device_scale_factor=1).new_page()
        sign_in(page, address, login)
        work(page, address, file)
        found(page, address, file, language)
        place = dossier(page, address, file, language)
        request(page, place, file)
        page.set_viewport_size(PHONE)
        page.goto(place)
        page.screenshot(path=file("phone"))


def administration(browser: Browser, address: str) -> None:
    page = browser.new_context(viewport=DESK, locale="fa").new_page()
    sign_in(page, address, "admin")
    page.goto(f"{address}/admin")
    page.screenshot(path=USER / "admin.png")


# ── the design system ────────────────────────────────────────────────────────────────────────────────────────


def design(browser: Browser, address: str) -> None:
    """The examples of docs/integrator/design.md, with the style sheets that the server serves."""
    for language, theme, suffix in OF_THE_DESIGN:
        page = browser.new_context(viewport=DESK, locale=language).new_page()
        sign_in(page, address, LOGINS[language])
        page.goto(f"{address}/find")
        page.evaluate("(theme) => document.documentElement.dataset.bsTheme = theme", theme)
        page.evaluate("(html) => { document.querySelector('main').innerHTML = html }", drawn(language))
        page.wait_for_timeout(300)
        page.screenshot(path=INTEGRATOR / f"design.{suffix}.png", full_page=True)


def drawn(language: str) -> str:
    """What stands in the page of examples, in the application's own parts."""
    from bs4 import BeautifulSoup
    from gallery import gallery

    soup = BeautifulSoup(gallery(bare_request(language)), "html.parser")
    for use in soup.select("use[href]"):
        use["href"] = "/static/" + served(str(use["href"]))
    main: Any = soup.select_one("main")
    return str(main.decode_contents())


def served(address: str) -> str:
    """A static file's address below ``/static/`` as the product serves it."""
    from crm_views.static_files import StaticFiles, folder

    return f"{StaticFiles(folder()).digest}/{address.partition('/static/')[2]}"


def bare_request(language: str) -> Any:
    """A request of an application with nothing but the parts."""
    from pyramid import testing

    from crm_views.components import Components

    config = testing.setUp(settings={})
    config.include("pyramid_chameleon")
    config.include("crm_views.components")
    config.add_static_view("static", "crm_views:static")
    config.add_translation_dirs("crm_views:locale")
    config.set_locale_negotiator(lambda _request: language)
    blank = testing.DummyRequest(path="/")
    config.begin(blank)
    blank.ui, blank.path_qs = Components(blank), "/"
    return blank


def main() -> None:
    from crm_core.testing.browser import chromium_path, launch

    path = chromium_path()
    if path is None:
        raise SystemExit("Chromium is not installed")
    for folder in (USER, INTEGRATOR):
        folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "CRM_DEMO_PASSWORD": PASSWORD, "CRM_LANGUAGE": "fa"}
    with tempfile.TemporaryDirectory() as folder_name:
        data = str(Path(folder_name) / "city")
        subprocess.run([*CRM, "demo", "--data", data], check=True, env=environment)
        port = free_port()
        server = subprocess.Popen([*CRM, "serve", "--data", data, "--port", str(port)], env=environment)
        try:
            wait_for(port)
            with launch(path) as browser:
                desk(browser, f"http://127.0.0.1:{port}")
                administration(browser, f"http://127.0.0.1:{port}")
                design(browser, f"http://127.0.0.1:{port}")
        finally:
            server.terminate()
            server.wait(20)


if __name__ == "__main__":
    main()
