"""The way of an application: its statuses, who may do what, how long it may take.

The checks refuse with sentences for the clerk and change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from crm_core.api import (
    Category,
    Draft,
    Permission,
    Plain,
    Request,
    Role,
    Services,
    Setting,
    Status,
    StatusChange,
    TextFactory,
    Veto,
    code_in_words,
    fields,
    fold,
)
from crm_parking_permits import fees, permits

_ = TextFactory("crm_parking_permits")

TYPE = permits.TYPE
APPLY, COLLECT, APPROVE = "parking_permits.apply", "parking_permits.collect", "parking_permits.approve"
REJECTED = "rejected"
WORKING_DAYS = 10
CLOSING_HOUR = 14
WEEK = (
    ("saturday", _("Saturday")), ("sunday", _("Sunday")), ("monday", _("Monday")), ("tuesday", _("Tuesday")),
    ("wednesday", _("Wednesday")), ("thursday", _("Thursday")), ("friday", _("Friday")),
)
"""Days of the week in Iran's order, two days before that of `date.weekday`."""
WEEKEND: Setting[tuple[str, ...]] = Setting(
    "parking_permits.weekend", fields.choices(_("Days of the week when the office is closed"), WEEK, required=False),
    ("thursday", "friday"))
HOLIDAYS: Setting[tuple[str, ...]] = Setting(
    "parking_permits.holidays", fields.dates(_("Holidays"), required=False), ())
NEEDED = {"identity", "vehicle", "residence"}

STATUSES = (
    Status("received", Category.NEW, _("Received")),
    Status("examining", Category.OPEN, _("Documents are examined")),
    Status("incomplete", Category.WAITING, _("Documents or the fee are missing")),
    Status(permits.APPROVED, Category.DONE, _("Approved")),
    Status(REJECTED, Category.DONE, _("Rejected with a reason")),
    Status("withdrawn", Category.CANCELLED, _("Withdrawn")),
)

PERMISSIONS = (
    Permission(APPLY, _("Register parking permits"), frozenset({Role.CLERK, Role.EXPERT, Role.SUPERVISOR})),
    Permission(COLLECT, _("Note payments of parking permits"), frozenset({Role.CLERK, Role.SUPERVISOR})),
    Permission(APPROVE, _("Approve or reject parking permits"), frozenset({Role.SUPERVISOR})),
)


def due_date(services: Services, at: int) -> int | None:
    """The closing hour of the tenth working day after the moment ``at``; both milliseconds UTC. None where every day is
    closed."""
    closed, holidays = services.settings.value(WEEKEND), services.settings.value(HOLIDAYS)
    if len(closed) == len(WEEK):
        return None
    day, left = services.clock.day(at), WORKING_DAYS
    while left:
        day += timedelta(days=1)
        left -= WEEK[(day.weekday() + 2) % 7][0] not in closed and day.isoformat() not in holidays
    return services.clock.moment(day, CLOSING_HOUR)


def check_new(services: Services, draft: Draft) -> None:
    """Refuse a second application or permit for the same plate of the same citizen."""
    plate = draft.values["plate"]
    if permits.valid_for(services, plate) is not None:
        raise Veto(_("There is a permit for this plate that is still valid for more than a month."), "plate")
    for request in services.requests.readable_of(draft.contact, TYPE) if draft.contact is not None else ():
        if request.is_open and fold(str(answers(request).get("plate"))) == fold(plate):
            raise Veto(
                _("An application for this plate is open already, with the tracking code ${code}.",
                  mapping={"code": code_in_words(request.code)}), "plate",
            )


def check_change(services: Services, changes: Mapping[str, Any]) -> None:
    """The day was promised to the citizen."""
    if "due" in changes and not services.identity.has(APPROVE):
        raise Veto(_("Only who approves permits may promise another day."), "due")


def check_status(services: Services, request: Request, change: StatusChange) -> None:
    """What an approval or a rejection needs; everything else is the clerk's own business."""
    if change.new not in (permits.APPROVED, REJECTED):
        return
    services.identity.demand(APPROVE)
    if change.new == REJECTED:
        if not change.note:
            raise Veto(_("Write why there is no permit; the citizen is owed the reason."), "note")
        return
    if request.created_by is not None and request.created_by == services.identity.user_id:
        raise Veto(_("You registered this application yourself; a colleague approves it."))
    missing = NEEDED - set(answers(request).get("documents") or ())
    if missing and len(request.attachments) < len(NEEDED):
        raise Veto(_("Documents are missing: identity card, vehicle card, and deed or tenancy contract are needed."))
    if not fees.is_settled(fees.of(services, request)):
        raise Veto(_("The fee is not paid yet."))


def answers(request: Request) -> dict[str, Plain]:
    """Field → value of a stored application."""
    if request.submission is None:
        return {}
    return {name: answer.get("value") for name, answer in request.submission.answers.items()}
