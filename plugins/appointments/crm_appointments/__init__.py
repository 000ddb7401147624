"""Meetings with the mayor: wanted days, slots, outcome, as a plugin of crm-core.

This module is the table of contents: it holds the hook implementations and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm_appointments import forms, panels, reminders, slots, workflow
from crm_core.api import Contribution, DayTime, Draft, Event, Request, Services, StatusChange, Text, hookimpl

CRM_API_VERSION = 1


@hookimpl
def contribute() -> Iterable[Contribution]:
    """One request type, its permissions, slots with bookings and reminders, panels on dossier and request, a page."""
    yield from workflow.PERMISSIONS
    yield slots.CLOSED
    yield slots.SLOTS
    yield slots.BOOKINGS
    yield reminders.REMINDER
    yield forms.MEETING
    yield panels.PANEL
    yield panels.BOOKED
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


@hookimpl
def day_times(services: Services, user_id: int, since: int, until: int) -> list[DayTime]:
    """The meetings of the day that this person has in hand."""
    return slots.day_times(services, user_id, since, until)
