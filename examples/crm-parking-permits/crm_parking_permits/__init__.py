"""Residents' parking permits, as a plugin of crm-core: documents, a fee by zone and vehicle, approval by a supervisor.

This module is the table of contents: it holds the hook implementations and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crm_core.api import Contribution, Draft, Event, Request, Services, StatusChange, Text, hookimpl
from crm_parking_permits import applications, fees, forms, panels, permits, workflow

CRM_API_VERSION = 1


@hookimpl
def contribute() -> Iterable[Contribution]:
    """One request type, who may approve and who takes money, the tariff, fees and permits, a box, a reader."""
    yield from workflow.PERMISSIONS
    yield forms.PERMIT
    yield from fees.TARIFF.values()
    yield fees.BOOKS
    yield workflow.WEEKEND
    yield workflow.HOLIDAYS
    yield fees.FEES
    yield permits.PERMITS
    yield applications.NEWEST
    yield permits.ISSUE
    yield panels.FEE


@hookimpl
def configure(config: Any) -> None:
    """The page for a payment; imported here only, so that the plugin works where no web is installed."""
    from crm_parking_permits import views

    config.include(views)


@hookimpl
def due_date(services: Services, draft: Draft) -> int | None:
    """Ten working days, of a week that begins on Saturday."""
    return workflow.due_date(services, draft.at)


@hookimpl
def before_submit(services: Services, draft: Draft) -> None:
    """One permit for each plate; the fee is fixed on the day of the application."""
    workflow.check_new(services, draft)
    applications.note(services, draft)
    fees.fix(services, draft)


@hookimpl
def before_change(services: Services, request: Request, changes: Mapping[str, Any]) -> None:
    """The day that was promised is moved by whoever approves; answers that decide the fee stay once it is paid."""
    workflow.check_change(services, changes)
    if "answers" in changes:
        fees.follow(services, request, changes["answers"])


@hookimpl
def before_status(services: Services, request: Request, change: StatusChange) -> None:
    """Approval takes documents, the fee and a second person; a rejection takes a reason."""
    workflow.check_status(services, request, change)


@hookimpl
def timeline_entry(services: Services, request: Request, event: Event) -> Text | None:
    """Zone and vehicle, beside the registration."""
    return panels.timeline_line(request, event)
