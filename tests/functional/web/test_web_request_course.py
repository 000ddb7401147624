"""What the page of a request says of its course: stages never entered, and who closed it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webtest import TestApp

from crm_core.services import Services
from crm_views.testing import words

Browse = Callable[..., TestApp]


def move(desk: Any, code: str, *statuses: str, as_: str = "clerk") -> None:
    def work(services: Services) -> None:
        for status in statuses:
            services.requests.change_status(services, services.requests.by_code(code), status)

    desk.run(work, as_)


def test_a_stage_that_was_never_entered_is_skipped_not_done(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    move(desk, code, "answered")
    first, skipped, last = browse("clerk").get(f"/requests/{code}").html.select(".stage")

    assert first["class"] == ["stage", "d"] and last["class"] == ["stage", "d"]
    assert skipped["class"] == ["stage", "s"]
    assert words(skipped) == "Being worked on not needed"
    assert not skipped.select("small, path, circle")


def test_the_short_stages_count_no_waiting(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")
    code = desk.case(contact)
    move(desk, code, "working", "waiting")
    page = browse("clerk").get(f"/contacts/{contact}")
    assert [mark.get("class", []) for mark in page.html.select(".mini-stages i")] == [["d"], ["c"], []]


def test_a_closed_request_says_who_closed_it_and_not_that_nobody_took_it(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), unit=desk.units["reception"])
    clerk = browse("clerk")
    clerk.get(f"/requests/{code}").mustcontain("Nobody has taken it yet")
    move(desk, code, "answered", as_="supervisor")

    page = clerk.get(f"/requests/{code}")
    here = words(page.html.select_one("aside .trail li.here"))
    assert "Answered , by The supervisor , today" in here
    assert "Nobody has taken it yet" not in page.text

    move(desk, code, "working")
    clerk.get(f"/requests/{code}").mustcontain("Nobody has taken it yet", no="by The supervisor")
