"""A hundred requests of the city of Boston with their real deadlines: which were kept, and how they were counted."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crm_core.app import App
from crm_core.durations import DAY, MINUTE
from crm_core.model.request import Request
from crm_core.officehours import OfficeHours, Shifts
from crm_core.operations import IMPORT

BOSTON = "America/New_York"
FILE = "1_service_requests/boston_311_2022_100.csv"
OFFICE: Shifts = ((8 * 60 + 30, 17 * 60),)
"""What the deadlines show: half past eight to five, Monday to Friday, holidays too."""
LOOKED = int(datetime(2022, 5, 31, tzinfo=ZoneInfo(BOSTON)).timestamp()) * 1000
"""Behind every moment in the file: what was open then and due stayed open too long."""


@pytest.fixture
def rows(shared_data: Path) -> dict[str, dict[str, str]]:
    """The rows of the file by their id."""
    with (shared_data / FILE).open(encoding="utf-8", newline="") as file:
        return {row["case_enquiry_id"]: row for row in csv.DictReader(file)}


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text.strip()).replace(tzinfo=ZoneInfo(BOSTON)).timestamp()) * 1000


def in_time(request: Request) -> bool:
    if request.is_open:
        return not request.is_late(LOOKED)
    return request.due is None or (request.closed is not None and request.closed <= request.due)


def test_what_was_on_time_comes_out_from_the_dates(
    app: App, shared_data: Path, rows: dict[str, dict[str, str]]
) -> None:
    arguments = {"kind": "requests", "mapping": "boston311", "language": "en"}
    IMPORT.run(app, arguments, shared_data / FILE, lambda done, total: None)
    with app.reading() as services:
        found = {request.external.partition(":")[2]: in_time(request) for request in services.root.requests.values()}
    assert found == {key: row["ontime"] == "ONTIME" for key, row in rows.items()}
    assert sorted(found.values()).index(True) == 17  # so many were not


def test_working_time_gives_the_deadlines_that_were_set(rows: dict[str, dict[str, str]]) -> None:
    """Each is some whole working days of eight and a half hours, going over to the next opening at the end of a day;
    the few others are whole days of the calendar."""
    office = OfficeHours(BOSTON, lambda day: OFFICE if day.weekday() < date(2022, 1, 8).weekday() else ())
    length = (OFFICE[0][1] - OFFICE[0][0]) * MINUTE
    by_work, others = 0, []
    for row in rows.values():
        if not row["target_dt"].strip():
            continue
        opened, due = moment(row["open_dt"]), moment(row["target_dt"])
        passed = office.working_time(opened, due)
        days = round(passed / length)
        if days and abs(office.next_opening(office.add_time(opened, days * length)) - due) < MINUTE:
            by_work += 1
        else:
            others.append((due - opened) / DAY)
    assert by_work == 81
    assert len(others) == 8 and all(abs(days - round(days)) < 0.05 for days in others)
