"""The test kit: fixtures for pytest, real servers on loopback, and what a plugin's author needs to prove a plugin.

Nothing in here is imported by the running application; heavy libraries are imported when a fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crm_core.testing.contract import PluginContract

__all__ = ["PluginContract"]


def __getattr__(name: str) -> Any:
    """`PluginContract`, imported when it is asked for: the plugin of pytest lives in here too and must stay light."""
    if name != "PluginContract":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from crm_core.testing.contract import PluginContract

    return PluginContract
