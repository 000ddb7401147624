"""Installed under the id ``core``: it would replace the core's own request type."""

from __future__ import annotations

from collections.abc import Iterable

from crm_core import api

CRM_API_VERSION = 1


@api.hookimpl
def contribute() -> Iterable[api.Contribution]:
    yield api.RequestType("core.general", "Mine", api.Form, (api.Status("new", api.Category.NEW, "New"),))
