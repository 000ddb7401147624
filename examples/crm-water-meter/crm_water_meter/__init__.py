"""Water meters, as a plugin of crm-core: whose meter it is, its readings, wrong bills, consumption by district.

This module is the table of contents: it holds the hook implementations and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crm_core.api import Contact, Contribution, Draft, Event, Plain, Request, Services, StatusChange, Text, hookimpl
from crm_water_meter import bills, gateway, meters, panels, readings, remote, reports

CRM_API_VERSION = 1


@hookimpl
def contribute() -> Iterable[Contribution]:
    """Fields of a contact, a channel, readings, two kinds of requests, jobs, an effect, a box on the dossier, a report.
    """
    yield from meters.PERMISSIONS
    yield meters.METER
    yield readings.READINGS
    yield readings.REGISTER
    yield readings.REGISTERED
    yield remote.CHANNEL
    yield remote.UNCLAIMED
    yield remote.COLLECT
    yield gateway.ANNOUNCE
    yield readings.SILENT
    yield bills.WRONG_BILL
    yield bills.VISIT
    yield panels.PANEL
    yield reports.CONSUMPTION


@hookimpl
def configure(config: Any) -> None:
    """The page that notes a reading; imported here only, so that the plugin works where no web is installed."""
    from crm_water_meter import views

    config.include(views)


@hookimpl
def assign(services: Services, draft: Draft) -> int | None:
    """Each district has its own office."""
    return bills.office_of(services, draft.contact)


@hookimpl
def before_submit(services: Services, draft: Draft) -> None:
    """A wrong bill needs a meter to compare it with."""
    bills.check_new(services, draft)


@hookimpl
def before_status(services: Services, request: Request, change: StatusChange) -> None:
    """The citizen is owed the new amount, or why there is none."""
    bills.check_status(change)


@hookimpl
def contacts_merging(services: Services, kept: Contact, other: Contact) -> None:
    """One citizen has one subsidised meter."""
    meters.check_merge(services, kept, other)


@hookimpl
def export(services: Services, contact: Contact) -> Mapping[str, Plain] | None:
    """What was read of the meter while it was nobody's: it names no person, so the core cannot know whose it is."""
    return remote.exported(services, contact)


@hookimpl
def erase(services: Services, contact: Contact) -> None:
    """The same goes when the person does."""
    remote.forget(services, contact)


@hookimpl
def timeline_entry(services: Services, request: Request, event: Event) -> Text | None:
    """What is wrong with the bill, beside its registration."""
    return panels.timeline_line(request, event)
