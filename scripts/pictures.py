"""Takes the pictures of docs/user from the demo city in a real browser, so that they show what the desk shows.

Run it with a browser installed: ``python scripts/pictures.py``. The city is made for one fixed day and thrown away.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "user" / "pictures"
CRM = (sys.executable, "-c", "from crm_core.cli import main; main(prog_name='crm')")
PASSWORD = "pictures-only"
CITIZEN = "زهرا رضایی‌پور"


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


def shoot(page: Page, address: str) -> None:
    """Every picture, in the order of the guide."""
    page.goto(f"{address}/login")
    page.fill("[name=username]", "clerk")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: "login" not in url)
    page.goto(f"{address}/find?q=ظهرا رظایی پور")
    page.screenshot(path=PICTURES / "find.png")
    page.locator("main a", has_text=CITIZEN).first.click()
    page.wait_for_url("**/contacts/*")
    dossier = page.url
    page.screenshot(path=PICTURES / "dossier.png")
    page.locator(".owe a").first.click()
    page.wait_for_url("**/requests/*")
    page.screenshot(path=PICTURES / "request.png")
    page.goto(f"{dossier}/requests/new/core.general")
    page.press("[name=title]", "Control+Enter")
    page.wait_for_selector("[role=alert]")
    page.screenshot(path=PICTURES / "form.png")


def main() -> None:
    from crm_core.testing.browser import chromium_path, launch

    path = chromium_path()
    if path is None:
        raise SystemExit("Chromium is not installed")
    PICTURES.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "CRM_DEMO_PASSWORD": PASSWORD, "CRM_LANGUAGE": "fa"}
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "city")
        subprocess.run([*CRM, "demo", "--data", data], check=True, env=environment)
        port = free_port()
        server = subprocess.Popen([*CRM, "serve", "--data", data, "--port", str(port)], env=environment)
        try:
            wait_for(port)
            with launch(path) as browser:
                page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="fa-IR")
                shoot(page, f"http://127.0.0.1:{port}")
        finally:
            server.terminate()
            server.wait(20)


if __name__ == "__main__":
    main()
