"""A plugin that gives one id to two things."""

from __future__ import annotations

from collections.abc import Iterable

from crm_core import api

CRM_API_VERSION = 1


@api.hookimpl
def contribute() -> Iterable[api.Contribution]:
    yield api.Permission("twice.same", "One", frozenset({api.Role.CLERK}))
    yield api.Permission("twice.same", "Two", frozenset({api.Role.EXPERT}))
