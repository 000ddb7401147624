"""A plugin that names a thing with somebody else's prefix."""

from __future__ import annotations

from collections.abc import Iterable

from crm_core import api

CRM_API_VERSION = 1


@api.hookimpl
def contribute() -> Iterable[api.Contribution]:
    yield api.Permission("outside.own", "Own", frozenset({api.Role.CLERK}))
    yield api.Permission("good.plant", "Plant trees, but for everybody", frozenset({api.Role.CLERK}))
