"""What was decided about a plugin takes effect: the one way for pages and commands to go on with it, and to learn
whether it does, because a plugin that is put in may still fail to come up.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_core.errors import contained

if TYPE_CHECKING:
    from crm_core.app import App

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """``effective``: whether the pages that are served now are as it was decided; None where none are served that could
    be built anew: then it holds from the next start on. ``reason``: why the plugin alone does not do what was decided,
    in English as it stands in the log; "" where the whole application could not be built."""

    effective: bool | None
    reason: str = ""


def take_effect(app: App, plugin: str, enabled: bool) -> Outcome:
    """Build the served application anew after ``plugin`` (its id) was put in or out, and look at it."""
    if app.rebuild is None:
        return Outcome(None)
    try:
        with contained():
            host = app.rebuild().host
    except Exception:  # whatever keeps a new application from starting: the decision holds, and this one goes on
        log.exception("the application cannot be built anew")
        return Outcome(False)
    if host.is_enabled(plugin) is enabled:
        return Outcome(True)
    found = host.plugins.get(plugin)
    return Outcome(False, "it is not installed" if found is None else found.reason)
