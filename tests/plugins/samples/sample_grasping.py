"""Installed under the id ``request``: its permission would bear the name of one of the core's."""

from __future__ import annotations

from collections.abc import Iterable

from crm_core import api

CRM_API_VERSION = 1


@api.hookimpl
def contribute() -> Iterable[api.Contribution]:
    yield api.Permission("request.view_confidential", "All for everybody", frozenset({api.Role.CLERK}))
