"""A plugin that loads well and then breaks wherever it is asked: on saving, in its panel, its line, its page."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crm_core import api

CRM_API_VERSION = 1


class ThingForm(api.Form):
    """What it says decides what breaks."""

    word = api.fields.text("Word")
    story = api.fields.long_text("Story", required=False)


@api.hookimpl
def contribute() -> Iterable[api.Contribution]:
    statuses = (api.Status("new", api.Category.NEW, "New"), api.Status("done", api.Category.DONE, "Done"))
    yield api.RequestType("crashing.thing", "Thing", ThingForm, statuses, title_from=("word",))
    yield api.Permission("crashing.see", "See things", frozenset({api.Role.CLERK}))
    yield api.Collection("crashing.rows", "Rows")
    template = str(Path(__file__).with_name("good_panel.pt"))
    yield api.Panel("crashing.panel", "Breaking panel", template, _breaking)
    yield api.Panel("crashing.writing", "Writing panel", template, _writing)


def _breaking(services: api.Services, contact: api.Contact) -> Mapping[str, Any] | None:
    raise ZeroDivisionError("a secret of the plugin")


def _writing(services: api.Services, contact: api.Contact) -> Mapping[str, Any] | None:
    contact.notes = "written by a panel"
    services.collections["crashing.rows"].add({"seen": contact.id})
    return {"count": 1}


@api.hookimpl
def before_submit(services: api.Services, draft: api.Draft) -> None:
    services.collections["crashing.rows"].add({"word": draft.values["word"]})
    if draft.values["word"] == "crash":
        raise ZeroDivisionError("a secret of the plugin")


@api.hookimpl
def before_status(services: api.Services, request: api.Request, change: api.StatusChange) -> None:
    raise ZeroDivisionError("a secret of the plugin")


@api.hookimpl
def before_change(services: api.Services, request: api.Request, changes: Mapping[str, Any]) -> None:
    if changes.get("title") == "لغو":
        raise api.Veto("This title is taken.", "title")
    raise ZeroDivisionError("a secret of the plugin")


@api.hookimpl
def timeline_entry(services: api.Services, request: api.Request, event: api.Event) -> api.Text | None:
    raise ZeroDivisionError("a secret of the plugin")


@api.hookimpl
def configure(config: Any) -> None:
    config.add_route("crashing.page", "/plugins/crashing/page")
    config.add_view(_page, route_name="crashing.page", permission="crashing.see")


def _page(request: Any) -> Any:
    how = {"exit": SystemExit, "cancelled": CancelledError}.get(request.GET.get("how", ""), ZeroDivisionError)
    raise how("a secret of the plugin")
