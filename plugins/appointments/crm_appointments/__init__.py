"""Meetings with the mayor: wanted days, slots, outcome, as a plugin of crm-core.

This module is the table of contents: it holds the hook implementations and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm_appointments import forms, panels, slots, workflow
from crm_core.api import Contribution, Draft, Event, Request, Services, StatusChange, Text, hookimpl

CRM_API_VERSION = 1


@hookimpl
def contribute() -> Iterable[Contribution]:
    """One request type, its permissions, slots with their bookings, a panel on the dossier, a page for the slots."""
    yield from workflow.PERMISSIONS
    yield slots.SLOTS
    yield slots.BOOKINGS
    yield forms.MEETING
    yield panels.PANEL
    yield panels.MENU


@hookimpl
def configure(config: Any) -> None:
    """The pages; imported here only, so that the plugin works where no web is installed."""
    from crm_appointments import views

    config.include(views)


@hookimpl
def before_submit(services: Services, draft: Draft) -> None:
    """Whoever chooses a slot gets it alone."""
    workflow.check_new(services, draft)


@hookimpl
def before_status(services: Services, request: Request, change: StatusChange) -> None:
    """A time needs a slot, an outcome needs words, and whoever cancels gives the slot back."""
    workflow.check_status(services, request, change)


@hookimpl
def timeline_entry(services: Services, request: Request, event: Event) -> Text | None:
    """The time of the meeting, where one was set."""
    return panels.timeline_line(services, request, event)
