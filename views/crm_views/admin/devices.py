"""On what somebody is signed in, in words people know: a guess from what the browser says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_core.i18n import TextFactory
from crm_core.text.filenames import isolated

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
            ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
           ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))
"""Words of the header ``User-Agent`` in the order to look for: later ones are also said by those before."""


def device(request: Request, agent: str) -> str:
    """“Firefox on Windows” of a browser's name for itself; what is not known stays as it is, cut short.

    Latin names in a Persian sentence: each is isolated, and the sentence runs in the direction of the page.
    """
    browser = next((name for word, name in BROWSERS if word in agent), "")
    system = next((name for word, name in SYSTEMS if word in agent), "")
    show = request.ui.show
    if browser and system:
        return str(show.text(_("${browser} on ${system}", mapping={
            "browser": isolated(browser), "system": isolated(system)})))
    return browser or system or (isolated(agent[:60]) if agent else "") or str(show.text(_("an unknown device")))
