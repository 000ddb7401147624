"""A plugin that fails while saying what it adds, after having said a part of it."""

from __future__ import annotations

from collections.abc import Iterable

from crm_core import api

CRM_API_VERSION = 1


@api.hookimpl
def contribute() -> Iterable[api.Contribution]:
    yield api.Permission("crashing_contribute.half", "Half", frozenset({api.Role.CLERK}))
    raise LookupError("no such thing")
