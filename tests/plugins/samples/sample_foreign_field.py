"""A plugin whose form has a field the core knows nothing about."""

from __future__ import annotations

from collections.abc import Iterable

import colander

from crm_core import api

CRM_API_VERSION = 1


class Form(api.Form):
    """Its field says neither what it means nor what erasure does with it."""

    secret = colander.SchemaNode(colander.String())


@api.hookimpl
def contribute() -> Iterable[api.Contribution]:
    yield api.RequestType("foreign_field.x", "X", Form, (api.Status("new", api.Category.NEW, "New"),))
