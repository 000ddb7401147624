"""Deadlines on the page of a request: its clock stopped and running on, what moved and why, who was told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp

from crm_core import builtin
from crm_core.durations import DAY, HOUR
from crm_core.testing.factories import submit
from crm_core.timers import TimerRunner
from crm_views.testing import fill, form_of, words

Browse = Callable[..., TestApp]
ALWAYS = (((0, 1440),),) * 7


@pytest.fixture
def always(desk: Any) -> None:
    """Work goes on round the clock, holidays too: no test depends on the hour it is run at."""
    desk.run(lambda services: services.calendars.edit(None, {"week": ALWAYS, "holidays": False}))


def target(desk: Any, **values: Any) -> None:
    desk.run(lambda services: services.targets.add(values))


def case_of(desk: Any, code: str) -> Any:
    return desk.run(lambda services: services.requests.by_code(code))


def head(page: Any) -> str:
    return words(page.html.select_one("section.who"))


@pytest.mark.usefixtures("always")
def test_a_clock_is_stopped_by_hand_with_a_reason_and_runs_on(browse: Browse, desk: Any) -> None:
    code, clerk = desk.case(desk.contact()), browse("clerk")
    page = clerk.get(f"/requests/{code}")
    page.mustcontain("Stop the clock", no="Let the clock run on")

    form = form_of(page.click(href=f"/requests/{code}/pause#do", index=0), "pause")
    page = form.submit("submit", status=422)
    page = fill(form_of(page, "pause"), reason="پیمانکار از شنبه می‌آید").submit("submit").follow()

    page.mustcontain("The clock is stopped.", "Let the clock run on", no="Stop the clock")
    assert "Paused" in head(page) and "since today: پیمانکار از شنبه می‌آید" in head(page)
    assert page.html.select_one(".clock.rest svg") is not None
    clerk.get(f"/requests/{code}/pause")
    page = form_of(clerk.get(f"/requests/{code}/resume"), "resume").submit("submit").follow()
    page.mustcontain("The clock runs on.", "Stop the clock")
    history = words(clerk.get(f"/requests/{code}?tab=history").html.select_one("ol.log"))
    assert "Clock stopped" in history and "Clock runs on" in history and "پیمانکار" in history


@pytest.mark.usefixtures("always")
def test_two_who_stop_it_at_once_are_told(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    form = form_of(browse("clerk").get(f"/requests/{code}/pause"), "pause")
    fill(form_of(browse("second").get(f"/requests/{code}/pause"), "pause"), reason="یک").submit("submit", status=303)
    fill(form, reason="دو").submit("submit", status=422).mustcontain("Its clock stands already.")


@pytest.mark.usefixtures("always")
def test_what_it_waits_for_is_asked_with_the_status(browse: Browse, desk: Any) -> None:
    code, clerk = desk.case(desk.contact()), browse("clerk")
    form = form_of(clerk.get(f"/requests/{code}/status?to=waiting"), "status")
    page = fill(form, reason="نسخهٔ قبض را بیاورید").submit("submit").follow()
    assert "Paused, waits for the citizen" in head(page) and "نسخهٔ قبض را بیاورید" in head(page)
    page.mustcontain(no=["Stop the clock", "Let the clock run on"])
    row = words(clerk.get("/?view=unit").html.select_one("tr .clock, .wl .clock"))
    assert "paused" in row
    form = form_of(clerk.get(f"/requests/{code}/resume"), "resume")
    form.submit("submit", status=422).mustcontain("It waits by its status")
    fill(form_of(clerk.get(f"/requests/{code}/status"), "status"), status="working").submit("submit", status=303)
    assert case_of(desk, code).pause is None


@pytest.mark.usefixtures("always")
def test_what_stands_is_not_late_when_its_time_passes(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())

    def wait(services: Any) -> None:
        case = services.requests.by_code(code)
        services.deadlines.pause(case, "پیمانکار")
        case.pauses = ({**case.pauses[-1], "since": services.now - 3 * DAY},)
        case.created, case.due = services.now - 9 * DAY, services.now - DAY
        services.requests.lists.add(case)

    desk.run(wait)
    clerk = browse("clerk")
    page = clerk.get(f"/requests/{code}")
    assert page.html.select_one(".clock.late") is None and "Late" not in head(page)
    assert "paused" in words(clerk.get("/?view=unit").html.select_one("tr .clock, .wl .clock"))
    clerk.get("/?view=unit-late").mustcontain(no=code)


@pytest.mark.usefixtures("always")
def test_a_deadline_that_moved_says_from_when_to_when_and_why(browse: Browse, desk: Any) -> None:
    target(desk, type=builtin.GENERAL, first=(8, "hours"), solution=(80, "hours"))
    target(desk, priority="urgent", type=builtin.GENERAL, solution=(40, "hours"))
    code, clerk = desk.case(desk.contact()), browse("clerk")
    page = clerk.get(f"/requests/{code}")
    assert "First answer due" in head(page) and "7 hours of working time left" in head(page)
    assert "79 hours of working time left" in words(page.html.select_one(".clock-note"))
    fill(form_of(clerk.get(f"/requests/{code}/edit"), "edit"), priority="urgent").submit("submit", status=303)
    case = case_of(desk, code)
    assert case.due == case.created + 40 * HOUR
    page = clerk.get(f"/requests/{code}?tab=history")
    page.mustcontain("Deadlines moved, for the priority is another one", "Answer: ", "→")


@pytest.mark.usefixtures("always")
def test_who_was_told_stands_in_the_history_and_at_the_bell(browse: Browse, desk: Any) -> None:
    target(desk, first=(1, "hours"), solution=(2, "hours"))

    def old(services: Any) -> str:
        contact = services.contacts.get(of)
        return str(submit(services, contact, builtin.GENERAL, {"category": "service"}, at=services.now - 3 * HOUR,
                          unit=desk.units["reception"], assignee=desk.who["clerk"].user_id).code)

    of = desk.contact()
    code = desk.run(old, "clerk")
    runner = TimerRunner(desk.app)
    while runner.step():
        pass
    clerk = browse("clerk")
    page = clerk.get(f"/requests/{code}?tab=history")
    page.mustcontain("No first answer until", "Not answered until", "Told: The clerk, The supervisor")
    assert "First answer was due" in head(page) and "2 hours of working time past" in head(page)
    assert "1 hour of working time past" in words(page.html.select_one(".clock-note"))
    assert words(clerk.get("/").html.select_one(".why-now.danger")) == "first answer late"
    page = clerk.get("/?view=unit&due=first")
    assert len(page.html.select("a.subj")) == 1
    page.mustcontain("First answer is owed")
    clerk.get("/notices").mustcontain("is late: it was due on")
    browse("supervisor").get("/notices").mustcontain("The first answer to")


def test_a_reason_that_looks_like_markup_stays_text(browse: Browse, desk: Any) -> None:
    code, clerk = desk.case(desk.contact()), browse("clerk")
    form = form_of(clerk.get(f"/requests/{code}/pause"), "pause")
    page = fill(form, reason="<script>alert(1)</script>" + "ب" * 500).submit("submit").follow()
    page.mustcontain("&lt;script&gt;", no="<script>alert")
    assert len(head(page)) < 1000
    clerk.get(f"/requests/{code}?tab=history").mustcontain("ب" * 500)


def test_working_time_is_told_by_the_calendar_of_the_unit(browse: Browse, desk: Any) -> None:
    soon = (desk.run(lambda services: services.clock.today()).weekday() + 3) % 7
    week = tuple(((480, 960),) if day == soon else () for day in range(7))
    desk.run(lambda services: services.calendars.edit(desk.units["reception"], {"week": week, "holidays": False}))
    target(desk, solution=(1, "days"))
    page = browse("clerk").get(f"/requests/{desk.case(desk.contact())}")
    assert words(page.html.select_one(".clock-note")) == "8 hours of working time left"


@pytest.mark.usefixtures("always")
def test_the_receipt_promises_no_day_while_the_clock_stands(browse: Browse, desk: Any) -> None:
    code, clerk = desk.case(desk.contact()), browse("clerk")
    receipt = f"/requests/{code}/receipt"
    clerk.get(receipt).mustcontain("Answer until", no="It has to wait")
    desk.run(lambda services: services.deadlines.pause(services.requests.by_code(code), "پیمانکار"))
    clerk.get(receipt).mustcontain("It has to wait at present.", no=["Answer until", "پیمانکار"])


@pytest.mark.usefixtures("always")
def test_editing_something_else_leaves_what_a_rule_set(browse: Browse, desk: Any) -> None:
    target(desk, solution=(50, "hours"))
    code, clerk = desk.case(desk.contact()), browse("clerk")
    before = case_of(desk, code)
    fill(form_of(clerk.get(f"/requests/{code}/edit"), "edit"), title="عنوان تازه").submit("submit", status=303)
    after = case_of(desk, code)
    assert (after.title, after.due, after.due_by) == ("عنوان تازه", before.due, "target")
