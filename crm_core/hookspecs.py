"""Every hook of the product, by phase of life. What is not here or in ``crm_core.api`` is not the API.

A plugin is one module that implements some of these with ``@hookimpl``. Each plugin is called alone, in order of
its id, so that one that fails never discards what the others said.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

from crm_core.contributions import Contribution, Draft, StatusChange
from crm_core.i18n import Text

if TYPE_CHECKING:
    from crm_core.model.request import Request
    from crm_core.model.timeline import Event
    from crm_core.services import Services

PROJECT = "crm"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """The hook specifications."""

    # ── start ────────────────────────────────────────────────────────────────────────────────────────────

    @hookspec
    def contribute(self) -> Iterable[Contribution]:  # type: ignore[empty-body]  # a specification has no body
        """Say what the plugin adds: request types, permissions, collections, panels, menu items.

        Called once at start. Returns frozen dataclasses of ``crm_core.api``; their ids start with the plugin's id and a
        dot. Raising, or an id that somebody else has, keeps the plugin out of this start; administrators see it named.
        Since API 1.
        """

    @hookspec
    def configure(self, config: Any) -> None:
        """The one imperative hatch for the web: add routes and views with a Pyramid ``Configurator``.

        Called once at start of the web application, first on a throw-away configurator. Routes lie below
        ``/plugins/<id>/`` and every view names a permission. Raising or clashing keeps the plugin's pages out; its
        requests stay. Since API 1.
        """

    # ── inside the transaction ───────────────────────────────────────────────────────────────────────────

    @hookspec
    def before_submit(self, services: Services, draft: Draft) -> None:
        """Look at a request before it is stored; claim what it needs; refuse with ``Veto("a sentence")``.

        Called in the transaction of the registration, for request types of this plugin only, and again when a conflict
        makes the transaction run again: touch nothing but ``services``. Any other exception aborts the registration,
        names the plugin, and keeps what was typed. Since API 1.
        """

    @hookspec
    def before_status(self, services: Services, request: Request, change: StatusChange) -> None:
        """Look at a change of status before it is stored; refuse with ``Veto``.

        Same rules as ``before_submit``. Not called while the plugin is absent: statuses change without it. Since API 1.
        """

    # ── pages ────────────────────────────────────────────────────────────────────────────────────────────

    @hookspec
    def timeline_entry(self, services: Services, request: Request, event: Event) -> Text | None:
        """One more line for a timeline entry of this plugin's requests, or None for nothing to add.

        Called for each shown entry; must be quick and must not write. It adds to what the core shows, it never replaces
        it. Raising leaves the line out. Since API 1.
        """
