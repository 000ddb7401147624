"""Pages of plugins: each plugin's ``configure`` is tried on a throw-away configurator before it meets the real one.

All of them are then included beside the core with one commit. An intermediate commit would let a plugin silently
replace what the core has; so would registering at the top. A clash found this way is named, and its plugin refused.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from pyramid.security import NO_PERMISSION_REQUIRED

from crm_core.host import Plugin
from crm_core.security.permissions import Permission

if TYPE_CHECKING:
    from pyramid.request import Request

    from crm_core.app import App

log = logging.getLogger(__name__)

ALLOWED = frozenset({"routes", "views", "static views", "permissions", "templates", "view mappers"})
"""Kinds of configuration a plugin may add. Others reach into requests that are none of its own."""

Build = Callable[[Iterable[Plugin]], Configurator]
"""Gives a configurator of the core and these plugins, nothing committed yet."""

Thing = tuple[str, Any]


class PagesRefused(Exception):
    """A plugin's pages cannot be taken; the message says why in English, for log and administrators."""


class IncludedConfigurator(Configurator):
    """What a plugin's ``configure`` gets: it cannot commit, for what follows would replace the core without a clash."""

    def commit(self) -> None:
        if self.includepath:
            raise PagesRefused("configure() must not commit")
        super().commit()


def prefix(plugin: str) -> str:
    """Where the addresses of a plugin's pages begin."""
    return f"/plugins/{plugin}/"


def plugin_of(request: Request) -> Plugin | None:
    """The plugin whose page was asked for; None for the core's own."""
    route = getattr(request, "matched_route", None)
    if route is None:
        return None
    app: App = request.registry.crm_app
    return next((plugin for plugin in app.host.plugins.values() if _below(route.pattern, plugin.id)), None)


def accepted(app: App, build: Build) -> list[Plugin]:
    """The plugins whose pages can be taken; the others are refused, with the reason kept for administrators."""
    base = build(())
    base.commit()
    known = _things(base)
    taken: list[Plugin] = []
    for plugin in list(app.host.enabled()):
        if "configure" not in plugin.hooks():
            continue
        try:
            trial = build([*taken, plugin])
            trial.commit()
            _check(app, plugin, trial, _things(trial) - known)
        except Exception as error:  # noqa: BLE001  # whatever a plugin raises must not stop the others
            app.host.refuse(plugin, f"configure: {type(error).__name__}: {' '.join(str(error).split())}")
            continue
        known = _things(trial)
        taken.append(plugin)
    return taken


def include(config: Configurator, plugin: Plugin) -> None:
    """Include a plugin's ``configure``, as one of several equals: whatever two of them both define is a clash."""

    def configure(inner: Configurator) -> None:
        plugin.call("configure", config=inner.with_package(plugin.module))

    # Pyramid includes a callable of one name only once.
    configure.__name__ = f"configure_{plugin.id}"
    config.include(configure)


def _things(config: Configurator) -> set[Thing]:
    return {
        (category, entry["introspectable"].discriminator_hash)
        for category, entries in config.introspector.categorized()
        for entry in entries
    }


def _check(app: App, plugin: Plugin, config: Configurator, new: set[Thing]) -> None:
    """Raise PagesRefused when something new is not what a plugin may add."""
    added = [
        entry["introspectable"]
        for category, entries in config.introspector.categorized()
        for entry in entries
        if (category, entry["introspectable"].discriminator_hash) in new
    ]
    for thing in added:
        if thing.category_name not in ALLOWED:
            raise PagesRefused(f"it adds {thing.type_name} {thing.title}, which is not for plugins")
    routes = {thing["name"] for thing in added if thing.category_name == "routes"}
    statics = {f"__{thing['name']}" for thing in added if thing.category_name == "static views"}
    for thing in added:
        if thing.category_name == "routes" and not _below(thing["pattern"], plugin.id):
            raise PagesRefused(f"the route {thing['pattern']!r} leads outside {prefix(plugin.id)}")
        if thing.category_name == "views":
            _check_view(app, plugin, config, thing, routes, statics)


def _check_view(app: App, plugin: Plugin, config: Configurator, view: Any, routes: set[str], statics: set[str]) -> None:
    route = view["route_name"]
    if route not in routes:
        raise PagesRefused(f"{view.title} is not bound to a route of its own below {prefix(plugin.id)}")
    if route in statics:
        return
    named = [related["value"] for related in config.introspector.related(view)
             if related.category_name == "permissions"]
    if not named or NO_PERMISSION_REQUIRED in named:
        raise PagesRefused(f"{view.title} (route {route!r}) names no permission")
    known = {permission.id for permission in app.registry.permissions.values()} | {str(word) for word in Permission}
    for permission in named:
        if permission not in known:
            raise PagesRefused(f"{view.title} asks for the permission {permission!r}, which nobody contributes")
    if view.get("require_csrf") is False:
        raise PagesRefused(f"{view.title} switches the protection against forged forms off")


def _below(pattern: str, plugin: str) -> bool:
    return f"/{pattern.lstrip('/')}".startswith(prefix(plugin))


__all__ = ["ConfigurationError", "IncludedConfigurator", "PagesRefused", "accepted", "include", "plugin_of", "prefix"]
