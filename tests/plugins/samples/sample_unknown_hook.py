"""A plugin with a hook nobody will ever call."""

from __future__ import annotations

from crm_core import api

CRM_API_VERSION = 1


@api.hookimpl
def before_submitt(services: api.Services, draft: api.Draft) -> None:
    """Misspelt."""
