"""A plugin that would keep what it knows of people whatever erasure says."""

from __future__ import annotations

from collections.abc import Iterable

from crm_core import api

CRM_API_VERSION = 1


class Form(api.Form):
    """Its field is personal and does not go."""

    name = api.fields.text("Name", personal=True, on_erase="keep")


@api.hookimpl
def contribute() -> Iterable[api.Contribution]:
    yield api.RequestType("hoarding.x", "X", Form, (api.Status("new", api.Category.NEW, "New"),))
