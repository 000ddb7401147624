"""A plugin that contributes what is no contribution."""

from __future__ import annotations

from typing import Any

from crm_core import api

CRM_API_VERSION = 1


@api.hookimpl
def contribute() -> Any:
    return [{"id": "strange.thing"}]
