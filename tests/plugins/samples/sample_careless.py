"""A plugin that loads well and fails later, in each hook, as the title of a request says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from transaction.interfaces import TransientError

from crm_core import api

CRM_API_VERSION = 1
TRIES: list[str] = []


class Form(api.Form):
    """One word decides what goes wrong."""

    word = api.fields.text("Word")


@api.hookimpl
def contribute() -> Iterable[api.Contribution]:
    yield api.RequestType(
        "careless.thing", "Thing", Form,
        (api.Status("new", api.Category.NEW, "New"), api.Status("done", api.Category.DONE, "Done")),
    )
    yield api.Collection("careless.rows", "Rows")


def _fail(services: api.Services, word: str) -> None:
    services.collections["careless.rows"].add({"word": word})
    TRIES.append(word)
    if word == "crash":
        raise ZeroDivisionError("the plugin divided by nothing")
    if word == "conflict" and TRIES.count(word) < 3:
        raise TransientError("somebody was faster")
    if word == "always conflict":
        raise TransientError("somebody is always faster")
    if word == "veto":
        raise api.Veto("Not today.")


@api.hookimpl
def before_submit(services: api.Services, draft: api.Draft) -> None:
    _fail(services, draft.values["word"])


@api.hookimpl
def before_status(services: api.Services, request: api.Request, change: api.StatusChange) -> None:
    _fail(services, change.note)


@api.hookimpl
def timeline_entry(services: api.Services, request: api.Request, event: api.Event) -> Any:
    raise KeyError("no line")
