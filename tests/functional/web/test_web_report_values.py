"""Reports whose rows hold what no page can show, and periods at the ends of the calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from types import ModuleType
from typing import Any

import pytest

from crm_core import api
from crm_views.app import make_app
from crm_views.testing import sign_in

READ = "odd.read"
ODD: list[tuple[str, Any]] = [
    ("date", 10**17), ("date", -10**17), ("date", 10**400), ("date", "1-1-1"), ("date", date.max), ("date", date.min),
    ("date", datetime(2026, 11, 22)), ("number", float("inf")), ("number", float("nan")), ("number", 10**400),
    ("number", 1e300), ("money", 10**400), ("money", -10**30), ("share", float("-inf")), ("share", 10**400),
    ("text", {}), ("text", {"en": 5}), ("text", "\ud800"),
]


@pytest.fixture(scope="module")
def odd() -> ModuleType:
    module = ModuleType("odd")

    def contribute() -> Any:
        yield api.Permission(READ, "Read", frozenset({api.Role.SUPERVISOR}))
        for place, (kind, value) in enumerate(ODD):
            yield api.Report(f"odd.report_{place}", "Odd", (api.Column("a", "A", kind, currency="IRR"),),
                             lambda services, since, until, value=value: [{"a": value}], READ)

    vars(module).update({"CRM_API_VERSION": 1, "contribute": api.hookimpl(contribute)})
    return module


def test_what_no_page_can_show_is_the_plugins_failure(open_desk: Callable[..., Any], odd: ModuleType) -> None:
    desk = open_desk({"odd": odd})
    assert not desk.app.host.failed(), desk.app.host.plugins["odd"].reason
    supervisor = sign_in(make_app(desk.app), "supervisor")
    fell = []
    for place, (kind, value) in enumerate(ODD):
        for language in ("fa", "en"):
            page = supervisor.get(f"/reports/odd.report_{place}", headers={"Accept-Language": language},
                                  expect_errors=True)
            if page.status_int != 200:
                fell.append((kind, str(value)[:20] if not isinstance(value, int) else "int", page.status_int))
        table = supervisor.get(f"/reports/odd.report_{place}.csv", expect_errors=True)
        if table.status_int not in (200, 502, 503) and "could not make this report" not in table.text:
            fell.append((kind, "csv", table.status_int))
    assert fell == []


def test_a_period_at_the_end_of_the_calendar_is_no_error(open_desk: Callable[..., Any], odd: ModuleType) -> None:
    supervisor = sign_in(make_app(open_desk({"odd": odd}).app), "supervisor")
    for since, until in (("0001-01-01", "0001-01-02"), ("2026-01-01", "9999-12-31"), ("2026-01-01", "9378/10/10")):
        assert supervisor.get("/reports/odd.report_0", {"since": since, "until": until}).status_int == 200
