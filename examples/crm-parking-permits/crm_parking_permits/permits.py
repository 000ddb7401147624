"""Permits that were issued: written once an approval is stored, one an application, kept a year after their end."""

from __future__ import annotations

from datetime import timedelta

from crm_core.api import (
    Collection,
    Item,
    JournalEntry,
    NotFound,
    Reader,
    Request,
    Services,
    TextFactory,
)

_ = TextFactory("crm_parking_permits")

TYPE = "parking_permits.permit"
APPROVED = "approved"
DAYS = {"half_year": 183, "year": 365}
RENEWABLE = 30
"""Days before its end from which a permit may be asked for again."""

PERMITS = Collection(
    "parking_permits.permits", _("Parking permits"), exact=("plate",), ranges=("valid_until",),
    unique=("request", "number"), person="contact",
    fields=(
        ("number", _("Number of the permit")), ("plate", _("Number plate")), ("zone", _("Parking zone")),
        ("valid_from", _("Valid from")), ("valid_until", _("Valid until")),
    ),
    on_merge="move", on_export="include", on_erase="remove", expires_days=365, expires_by="valid_until",
)


def issue(services: Services, entry: JournalEntry) -> None:
    """Write the permit of an approved application. An entry may come again, so a permit that is there stays."""
    try:
        request = services.requests.get(entry.subject[1])
    except NotFound:  # erased since
        return
    if request.type != TYPE or request.status != APPROVED or request.submission is None:
        return
    if request.contact is None or of(services, request) is not None:  # erased since, or told again
        return
    answers = request.submission.answers
    first = services.clock.day(request.closed or entry.at)
    last = first + timedelta(days=DAYS[answers["term"]["value"]])
    services.collections[PERMITS.id].add({
        "number": request.code, "request": str(request.id),
        "contact": str(request.contact),
        "plate": answers["plate"]["value"], "zone": answers["zone"]["text"],
        "valid_from": first.isoformat(), "valid_until": last.isoformat(),
    })


def of(services: Services, request: Request) -> Item | None:
    """The permit that an application led to."""
    return services.collections[PERMITS.id].holder("request", str(request.id))


def valid_for(services: Services, plate: str) -> Item | None:
    """A permit of that plate that is valid too long to be renewed."""
    soon = (services.clock.today() + timedelta(days=RENEWABLE)).isoformat()
    found = services.collections[PERMITS.id].where("plate", plate)
    return next((permit for permit in found if permit.data["valid_until"] > soon), None)


ISSUE = Reader("parking_permits.issue", _("Issue approved parking permits"), frozenset({"request.status"}), issue)
