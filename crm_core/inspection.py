"""What a plugin would bring, or take along when it goes: shown before anything is done.

Looks at a plugin in a host and registry of its own, so that one that is disabled, broken or not yet part of an
installation can be looked at without touching the one that runs.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from crm_core import builtin
from crm_core.app import CORE_PACKAGES, App
from crm_core.claims import one_line
from crm_core.contributions import (
    Channel,
    Collection,
    ContactFields,
    Effect,
    Job,
    MenuItem,
    Panel,
    Permission,
    Reader,
    Report,
    RequestPanel,
    RequestType,
    Setting,
    Timer,
)
from crm_core.errors import contained
from crm_core.host import Candidate, Plugin, PluginHost, State
from crm_core.i18n import Labels, Text, Translator, choose
from crm_core.registry import Registry
from crm_core.services.plugins import Held

PAGES = "crm.plugin_pages"
"""Entry point group of what knows pages: ``pages(plugin)`` gives the addresses a plugin would add."""


def look_at(candidate: Candidate) -> tuple[Plugin, Registry]:
    """A plugin loaded on its own, and what it contributed; its state says whether it could be taken."""
    translator = Translator([*CORE_PACKAGES, *([candidate.package] if candidate.package else [])])
    registry = Registry(translator)
    registry.take("core", builtin.contribute())
    host = PluginHost(registry)
    host.load([candidate])
    return host.plugins[candidate.id], registry


def plugin_row(plugin: Plugin) -> dict[str, Any]:
    """One plugin in plain data, as ``crm plugins --json`` and the page of administrators say it."""
    return {
        "id": plugin.id, "distribution": plugin.distribution, "version": plugin.version, "state": plugin.state.value,
        "reason": plugin.reason, "trace": plugin.trace, "failures": plugin.failures, "hooks": plugin.hooks(),
        "contributions": [f"{type(one).__name__} {one.id}" for one in plugin.contributions],
    }


GONE = "gone"
"""The state of a plugin that is not installed and has left data."""


def plugin_rows(app: App) -> list[dict[str, Any]]:
    """All plugins that are installed by `plugin_row`, then those that are gone and left data: ``left`` counts it, and
    ``next`` is the command that exports and removes it."""
    with app.reading() as services:
        gone = [
            {"id": id_, "distribution": "", "version": "", "state": GONE, "reason": "", "trace": "", "failures": 0,
             "hooks": [], "contributions": [], "title": services.plugins.title(id_), "left": asdict(left),
             "next": purge_command(id_)}
            for id_, left in services.plugins.left().items()
        ]
    return [*(plugin_row(plugin) for plugin in app.host.plugins.values()), *gone]


def purge_command(plugin: str) -> str:
    """What an operator types to take a plugin's data out for good."""
    return f"crm plugin purge {plugin} --export DIR"


def brings(candidate: Candidate, language: str) -> dict[str, Any]:
    """What a plugin would add, as `describe` says it; its state is "ready" where it could take part."""
    plugin, registry = look_at(candidate)
    pages = pages_of(plugin)
    found = describe(plugin, registry, pages, language)
    return found | {"state": "ready" if plugin.state is State.ENABLED else plugin.state.value}


def describe(plugin: Plugin, registry: Registry, pages: list[str], language: str) -> dict[str, Any]:
    """What a plugin adds: kinds of requests, permissions with their roles, pages, hooks, personal fields."""
    say = lambda text: registry.translator.translate(text, language)  # noqa: E731  # one word for one call
    return {
        **plugin_row(plugin),
        "request_types": [
            {"id": one.id, "title": say(one.title), "permission": one.permission,
             "personal": [choose(field["labels"], language) for field in registry.types[one.id].form["fields"]
                          if field["personal"]]}
            for one in of_kind(plugin, RequestType)
        ],
        "permissions": [{"id": one.id, "title": say(one.title), "roles": sorted(one.roles)}
                        for one in of_kind(plugin, Permission)],
        "collections": [{"id": one.id, "title": say(one.title), "person": bool(one.person), "on_erase": one.on_erase}
                        for one in of_kind(plugin, Collection)],
        "contact_fields": [
            {"id": one.id, "title": say(one.title),
             "personal": [choose(field["labels"], language) for field in registry.contact_fields[one.id].form["fields"]
                          if field["personal"]]}
            for one in of_kind(plugin, ContactFields)
        ],
        "panels": titles([*of_kind(plugin, Panel), *of_kind(plugin, RequestPanel)], say),
        "reports": titles(of_kind(plugin, Report), say),
        "channels": titles(of_kind(plugin, Channel), say),
        "background": titles([one for kind in (Job, Reader, Effect, Timer) for one in of_kind(plugin, kind)], say),
        "settings": titles(of_kind(plugin, Setting), say),
        "menu": titles(of_kind(plugin, MenuItem), say),
        "pages": pages,
    }


def of_kind(plugin: Plugin, kind: type) -> list[Any]:
    return [one for one in plugin.contributions if isinstance(one, kind)]


def titles(things: Iterable[Any], say: Any) -> list[str]:
    return [say(one.title) for one in things]


def pages_of(plugin: Plugin) -> list[str]:
    """The addresses it would add; when its ``configure`` fails, the plugin is one that would be refused."""
    if plugin.state is not State.ENABLED:
        return []
    try:
        with contained():
            return [path for point in importlib.metadata.entry_points(group=PAGES) for path in point.load()(plugin)]
    except Exception as error:  # noqa: BLE001  # whatever a plugin raises is what was asked for
        plugin.fail(f"configure: {one_line(error)}")
        plugin.state = State.FAILED
        return []


def leaves(held: Held, language: str) -> dict[str, Any]:
    """What stays stored of a plugin when it goes, in plain data with counts."""

    def title(id_: str) -> str:
        labels: Labels | Text = held.titles.get(id_, id_)
        return choose(labels, language) if isinstance(labels, dict) else str(labels)

    types = sorted({*held.open, *held.closed})
    return {
        "requests": [{"id": id_, "title": title(id_), "open": held.open.get(id_, 0), "closed": held.closed.get(id_, 0)}
                     for id_ in types],
        "collections": [{"id": id_, "title": title(id_), "records": count} for id_, count in held.records.items()],
        "contact_fields": [{"id": id_, "title": title(id_), "contacts": count}
                           for id_, count in held.contact_fields.items()],
        "settings": [{"id": id_, "title": choose(labels, language)} for id_, labels in held.settings.items()],
        "personal": [{"id": id_, "title": title(id_), "fields": [choose(one, language) for one in labels]}
                     for id_, labels in held.personal.items()],
    }
