"""The boxes that plugins add to a dossier: each drawn on its own, the first three open, the others folded below."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from chameleon.utils import Markup
from pyramid.renderers import render
from transaction.interfaces import TransientError

from crm_core.contributions import Panel, RequestPanel
from crm_core.errors import contained
from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.request import Request as Case
from crm_views.connection import go_on, has_changes
from crm_views.plugin_pages import title_of

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

OPEN = 3
"""Panels that are open at once; the others show their titles."""


class WroteInPanel(RuntimeError):
    """A plugin's panel changed the database while a page was read."""


@dataclass(frozen=True)
class Drawn:
    """A panel as the dossier shows it; without a ``body`` its plugin failed."""

    title: Text
    icon: str
    plugin: str
    """what people call the plugin that failed"""
    body: Markup | None


@dataclass(frozen=True)
class Panels:
    """``open`` ones as sheets, ``folded`` ones below them, their titles to be opened one by one."""

    open: tuple[Drawn, ...]
    folded: tuple[Drawn, ...]

    def __bool__(self) -> bool:
        return bool(self.open)


def panels(request: Request, contact: Contact, first: Sequence[Drawn] = ()) -> Panels:
    """The boxes for this reader behind ``first``: one that fails says so and takes nothing else with it."""
    drawn = [found for plugin_id, panel in list(request.crm_app.registry.panels.values())
             if request.has_permission(panel.permission)
             if (found := _drawn(request, plugin_id, panel, partial(panel.data, request.services, contact)))]
    working = [panel for panel in drawn if panel.body is not None]
    ordered = [*first, *working] + [panel for panel in drawn if panel.body is None]
    return Panels(tuple(ordered[:OPEN]), tuple(ordered[OPEN:]))


def request_panels(request: Request, case: Case) -> list[Drawn]:
    """The boxes on the page of a request, for this reader; those that fail stand last and say so.

    None of them while something is being changed: they only read, and what is not stored yet is not theirs to tell.
    """
    if has_changes(request):
        return []
    drawn = [found for plugin_id, panel in list(request.crm_app.registry.request_panels.values())
             if (not panel.types or case.type in panel.types) and request.has_permission(panel.permission)
             if (found := _drawn(request, plugin_id, panel, partial(panel.data, request.services, case)))]
    return sorted(drawn, key=lambda panel: panel.body is None)


def _drawn(
    request: Request, plugin_id: str, panel: Panel | RequestPanel, ask: Callable[[], Mapping[str, Any] | None]
) -> Drawn | None:
    body: Markup | None = None
    try:
        with contained():
            values = ask()
            if values is not None:
                body = Markup(render(panel.template, dict(values), request=request))
                body.encode()  # here, where its plugin is named, not with the whole page
            if has_changes(request):
                raise WroteInPanel(panel.id)
    except TransientError:
        raise
    except Exception as error:  # noqa: BLE001  # a page must not fall because of a plugin
        request.crm_app.host.note(plugin_id, f"panel {panel.id}", error)
        go_on(request)
        return Drawn(panel.title, panel.icon, title_of(request, plugin_id), None)
    return None if body is None else Drawn(panel.title, panel.icon, "", body)
