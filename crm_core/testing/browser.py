"""A real Chromium for tests, driven by Playwright: the one of the operating system, shut off from the outside.

Playwright's own browser builds are not used: they would have to be downloaded, and the desk is tested with what
an organisation's Debian serves.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = (
    "--no-sandbox",  # tests may run as root in a container; they open pages of their own server only
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    # Loopback only: a page that wants anything else is a bug, and a test must see it fail.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


def chromium_path() -> str | None:
    """Where Chromium is: CRM_CHROMIUM, else the first of the usual names on the path."""
    return os.environ.get("CRM_CHROMIUM") or next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


@contextlib.contextmanager
def launch(path: str) -> Iterator[Browser]:
    """A headless browser of the program at ``path``; each test opens a context of its own in it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
