"""Complaints about a service, a place or an official, as a plugin of crm-core.

This module is the table of contents: it holds the hook implementations and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable

from crm_complaints import forms, panels, workflow
from crm_core.api import Contribution, Draft, Event, Request, Services, StatusChange, Text, hookimpl

CRM_API_VERSION = 1


@hookimpl
def contribute() -> Iterable[Contribution]:
    """One request type, its permissions, and a panel on the dossier."""
    yield from workflow.PERMISSIONS
    yield forms.COMPLAINT
    yield panels.PANEL


@hookimpl
def before_submit(services: Services, draft: Draft) -> None:
    """Who complains about staff says about whom or where; the same open complaint is not taken twice."""
    workflow.check_new(services, draft)


@hookimpl
def before_status(services: Services, request: Request, change: StatusChange) -> None:
    """A rejection needs a reason, and the right to reject."""
    workflow.check_status(change)


@hookimpl
def timeline_entry(services: Services, request: Request, event: Event) -> Text | None:
    """What the complaint is about, beside its registration."""
    return panels.timeline_line(request, event)
