"""What an organisation decides about a plugin, beside what is installed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from crm_core.model.record import Record


class PluginSettings(Record):
    """Settings of one plugin. ``enabled``: whether it takes part; what is not enabled is parked, its data stays.

    ``values``: name of a setting → ``{"field": frozen field, "value": plain, "text": words shown then}``, of those that
    were decided; a mapping that is replaced, never changed in place.
    """

    plugin: str = ""
    enabled: bool = True
    values: Mapping[str, dict[str, Any]] = MappingProxyType({})
