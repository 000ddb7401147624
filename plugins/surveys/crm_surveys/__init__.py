"""Surveys and satisfaction after closing, as a plugin of crm-core.

This module is the table of contents: it holds the hook implementations and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable

from crm_core.api import Contribution, Draft, Event, Request, Services, StatusChange, Text, hookimpl
from crm_surveys import forms, panels, workflow

CRM_API_VERSION = 1


@hookimpl
def contribute() -> Iterable[Contribution]:
    """Satisfaction with a closed request, the ready-made questionnaires, and a panel on the dossier."""
    yield from workflow.PERMISSIONS
    yield workflow.ANSWERS
    yield forms.SATISFACTION
    yield from forms.QUESTIONNAIRES
    yield panels.PANEL


@hookimpl
def before_submit(services: Services, draft: Draft) -> None:
    """A closed request is judged once, by the citizen whose request it was."""
    workflow.check_new(services, draft)


@hookimpl
def before_status(services: Services, request: Request, change: StatusChange) -> None:
    """A withdrawn answer makes room for another one."""
    workflow.check_status(services, request, change)


@hookimpl
def timeline_entry(services: Services, request: Request, event: Event) -> Text | None:
    """The score, beside the registration."""
    return panels.timeline_line(request, event)
