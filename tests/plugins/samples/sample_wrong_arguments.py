"""A plugin whose hook asks for an argument that is never given."""

from __future__ import annotations

from typing import Any

from crm_core import api

CRM_API_VERSION = 1


@api.hookimpl
def before_submit(services: api.Services, draft: api.Draft, request: Any) -> None:
    """There is no request yet."""
