"""A plugin of everything that is more than requests: a box on requests, reports, a channel; some of them break."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crm_core import api

CRM_API_VERSION = 1
READ = "working.read"
TEMPLATE = str(Path(__file__).with_name("working.pt"))
COLUMNS = (
    api.Column("name", "Name"), api.Column("count", "How many", "number"), api.Column("paid", "Paid", "money"),
    api.Column("day", "Day", "date"), api.Column("part", "Part", "share"),
)


@api.hookimpl
def contribute() -> Iterable[api.Contribution]:
    yield api.Permission(READ, "Read the reports", frozenset({api.Role.SUPERVISOR}))
    yield api.Channel("working.app", "The city's app", "phone")
    yield api.RequestPanel("working.all", "Seen by all", TEMPLATE, lambda services, request: {"count": 7})
    yield api.RequestPanel("working.other", "Of others", TEMPLATE, lambda services, request: {"count": 8},
                           types=("working.nothing",))
    yield api.RequestPanel("working.none", "Nothing to say", TEMPLATE, lambda services, request: None)
    yield api.RequestPanel("working.guarded", "Guarded", TEMPLATE, lambda services, request: {"count": 9},
                           permission=READ)
    yield api.RequestPanel("working.breaking", "Breaking box", TEMPLATE, _breaking)
    yield api.RequestPanel("working.writing", "Writing box", TEMPLATE, _writing)
    yield api.Report("working.payments", "Payments", COLUMNS, _payments, READ, "What was paid, and by whom.")
    yield api.Report("working.breaking", "Breaking report", COLUMNS, _breaking_rows, READ)
    yield api.Report("working.strange", "Strange report", COLUMNS, _strange_rows, READ)
    yield api.Report("working.writing", "Writing report", COLUMNS, _writing_rows, READ)


def _breaking(services: api.Services, request: api.Request) -> Mapping[str, Any] | None:
    raise ZeroDivisionError("a secret of the plugin")


def _writing(services: api.Services, request: api.Request) -> Mapping[str, Any] | None:
    request.title = "written by a box"
    return {"count": 1}


def _payments(services: api.Services, since: int, until: int) -> Iterable[Mapping[str, Any]]:
    yield {"name": "=HYPERLINK(1)", "count": 1250, "paid": 2_500_000, "day": since, "part": 0.125}
    yield {"name": "<script>alert(1)</script>", "day": "2026-11-17", "count": (until - since) // 86_400_000}
    yield {"name": {"en": "In English", "fa": "به فارسی"}, "day": datetime.date(2026, 11, 18)}


def _breaking_rows(services: api.Services, since: int, until: int) -> Iterable[Mapping[str, Any]]:
    yield {"name": "the first"}
    raise ZeroDivisionError("a secret of the plugin")


def _strange_rows(services: api.Services, since: int, until: int) -> Iterable[Mapping[str, Any]]:
    return [{"day": "soon"}]


def _writing_rows(services: api.Services, since: int, until: int) -> Iterable[Mapping[str, Any]]:
    for contact in services.root.contacts.values():
        contact.notes = "written by a report"
    yield {"name": "the first"}
