"""Pages of plugins: each plugin's ``configure`` is tried on a throw-away configurator before it meets the real one.

All of them are included beside the core with one commit. An intermediate commit would let a plugin silently
replace what the core has; so would registering at the top. A clash found this way is named, and its plugin refused.
"""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from importlib import resources
from typing import TYPE_CHECKING, Any

from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from pyramid.security import NO_PERMISSION_REQUIRED

from crm_core.claims import one_line
from crm_core.errors import contained, line_of
from crm_core.host import Plugin
from crm_core.i18n import choose
from crm_core.offers import KIND
from crm_core.security.permissions import Permission

if TYPE_CHECKING:
    from pyramid.request import Request

    from crm_core.app import App

log = logging.getLogger(__name__)
SPRITE = "static/vendor/bootstrap-icons/icons.svg"

ALLOWED = frozenset({"routes", "views", "static views", "permissions", "templates", "view mappers"})
"""Kinds of configuration a plugin may add. Others reach into requests that are none of its own."""

Build = Callable[[Iterable[Plugin]], Configurator]
"""Gives a configurator of the core and these plugins, nothing committed yet."""

Thing = tuple[str, Any]
Added = dict[tuple[str, ...], list[Iterable[Any]]]


BETWEEN = "; "
"""What stands between the reasons of a refusal."""


class PagesRefused(Exception):
    """A plugin's pages cannot be taken; the message says all that is wrong in English, for log and administrators."""


class IncludedConfigurator(Configurator):
    """What a plugin's ``configure`` gets: it cannot commit, for what follows would replace the core without a clash.

    What is added is noted by the first include it came from.
    """

    def commit(self) -> None:
        if self.includepath:
            raise PagesRefused("configure() must not commit")
        super().commit()

    def action(self, discriminator: Any, *arguments: Any, introspectables: Any = (), **more: Any) -> None:
        added: Added = self.registry.__dict__.setdefault("crm_added", {})
        # The list itself: Pyramid puts something in while it commits.
        added.setdefault(self.includepath[:1], []).append(introspectables)
        super().action(discriminator, *arguments, introspectables=introspectables, **more)


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


def title_of(request: Request, id_: str) -> str:
    """What people call a plugin, whether it takes part or not, in the language of the page."""
    return choose(request.services.plugins.title(id_), request.ui.show.locale)


def accepted(app: App, build: Build) -> Configurator:
    """The configurator, committed, with the pages of all plugins that can be taken; the others are refused, with the
    reason kept for administrators."""
    for plugin in list(app.host.enabled()):
        if complaint := strange_icon(plugin):
            app.host.refuse(plugin, complaint)
    wanted = [plugin for plugin in app.host.enabled() if "configure" in plugin.hooks()]
    return _together(app, build, wanted) or _one_by_one(app, build, wanted)


def _together(app: App, build: Build, wanted: list[Plugin]) -> Configurator | None:
    """All of them at once, as nearly always nothing is wrong; None where something is, whoever did it."""
    try:
        with contained():
            config = build(wanted)
            config.commit()
            for plugin in wanted:
                _check(app, plugin, config, _things(config) - _of_others(config, plugin))
    except Exception as error:  # noqa: BLE001  # whatever one raises is found out and named below
        log.info("the pages of plugins are tried one by one: %s", line_of(error))
        return None
    return config


def _one_by_one(app: App, build: Build, wanted: list[Plugin]) -> Configurator:
    good = build(())
    good.commit()
    taken: list[Plugin] = []
    for plugin in wanted:
        try:
            with contained():
                trial = build([*taken, plugin])
                trial.commit()
                _check(app, plugin, trial, _things(trial) - _things(good))
        except Exception as error:  # noqa: BLE001  # what one raises must not stop the others
            app.host.refuse(plugin, f"configure: {one_line(error)}")
            continue
        good = trial
        taken.append(plugin)
    return good


def strange_icon(plugin: Plugin) -> str:
    """What is wrong with the icons a plugin names, in English; "" where the desk has all of them."""
    known = icons()
    for one in plugin.contributions:
        name = getattr(one, "icon", "")
        if name and name not in known:
            near = ", ".join(difflib.get_close_matches(name, known, 3))
            return (f"the {KIND[type(one)]} {one.id!r} has the icon {name!r}, which the desk does not have"
                    f"{f' (near it: {near})' if near else ''}; there are: {', '.join(sorted(known))}")
    return ""


def icons() -> frozenset[str]:
    """The names of the desk's icons."""
    sprite = resources.files("crm_views").joinpath(SPRITE).read_text("utf-8")
    return frozenset(re.findall(r'<symbol id="([^"]+)"', sprite))


def pages(plugin: Plugin) -> list[str]:
    """The addresses a plugin would add, found on a configurator of their own. Raises what its ``configure`` raises, and
    PagesRefused for an icon that the desk does not have."""
    if complaint := strange_icon(plugin):
        raise PagesRefused(complaint)
    config = IncludedConfigurator()
    config.include("crm_views.page_templates")
    include(config, plugin)
    config.commit()
    return sorted(route["introspectable"]["pattern"] for route in config.introspector.get_category("routes") or ())


def served(request: Request, plugin: Plugin) -> list[str]:
    """The addresses a plugin has in the application that answers now; its ``configure`` is not asked again."""
    routes = request.registry.introspector.get_category("routes") or ()
    patterns = (route["introspectable"]["pattern"] for route in routes)
    return sorted(pattern for pattern in patterns if _below(pattern, plugin.id))


def include(config: Configurator, plugin: Plugin) -> None:
    """Include a plugin's ``configure``, as one of several equals: whatever two of them both define is a clash."""

    def configure(inner: Configurator) -> None:
        plugin.call("configure", config=inner.with_package(plugin.module))

    # Pyramid includes a callable of one name only once.
    configure.__name__ = _name(plugin)
    config.include(configure)


def _things(config: Configurator) -> set[Thing]:
    return {
        (category, entry["introspectable"].discriminator_hash)
        for category, entries in config.introspector.categorized()
        for entry in entries
    }


def _source(plugin: Plugin) -> tuple[str, ...]:
    """What Pyramid calls the include of `include`."""
    return (f"{__name__}:{_name(plugin)}",)


def _name(plugin: Plugin) -> str:
    return f"configure_{plugin.id}"


def _of_others(config: Configurator, plugin: Plugin) -> set[Thing]:
    """What the core and other plugins added."""
    added: Added = config.registry.crm_added
    return {(thing.category_name, thing.discriminator_hash)
            for source, lists in added.items() if source != _source(plugin) for things in lists for thing in things}


def _check(app: App, plugin: Plugin, config: Configurator, new: set[Thing]) -> None:
    """Raise PagesRefused with all that is new and is not what a plugin may add."""
    added = [
        entry["introspectable"]
        for category, entries in config.introspector.categorized()
        for entry in entries
        if (category, entry["introspectable"].discriminator_hash) in new
    ]
    wrong = [f"it adds {thing.type_name} {thing.title}, which is not for plugins"
             for thing in added if thing.category_name not in ALLOWED]
    routes = {thing["name"] for thing in added if thing.category_name == "routes"}
    statics = {f"__{thing['name']}" for thing in added if thing.category_name == "static views"}
    for thing in added:
        if thing.category_name == "routes" and not _below(thing["pattern"], plugin.id):
            wrong.append(f"the route {thing['pattern']!r} leads outside {prefix(plugin.id)}")
        if thing.category_name == "views":
            wrong += _wrong_with_view(app, plugin, config, thing, routes, statics)
    if wrong:
        raise PagesRefused(BETWEEN.join(wrong))


def _wrong_with_view(
    app: App, plugin: Plugin, config: Configurator, view: Any, routes: set[str], statics: set[str]
) -> Iterator[str]:
    route = view["route_name"]
    if route not in routes:
        yield f"{view.title} is not bound to a route of its own below {prefix(plugin.id)}"
    if route in statics:
        return
    named = [related["value"] for related in config.introspector.related(view)
             if related.category_name == "permissions"]
    if not named or NO_PERMISSION_REQUIRED in named:
        yield f"{view.title} (route {route!r}) names no permission"
    known = {permission.id for permission in app.registry.permissions.values()} | {str(word) for word in Permission}
    for permission in named:
        if permission not in {*known, NO_PERMISSION_REQUIRED}:
            yield f"{view.title} asks for the permission {permission!r}, which nobody contributes"
    if view.get("require_csrf") is False:
        yield f"{view.title} switches the protection against forged forms off"


def _below(pattern: str, plugin: str) -> bool:
    return f"/{pattern.lstrip('/')}".startswith(prefix(plugin))


__all__ = ["ConfigurationError", "IncludedConfigurator", "PagesRefused", "accepted", "include", "plugin_of", "prefix",
           "title_of"]
