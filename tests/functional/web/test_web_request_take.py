"""Taking a request with one press: who is offered it, what a second press and a page that has grown old do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webtest import TestApp

from crm_core.services import Services
from crm_views.testing import form_of

Browse = Callable[..., TestApp]


def case_of(desk: Any, code: str) -> Any:
    return desk.run(lambda services: services.requests.by_code(code))


def offered(browse: Browse, login: str, code: str) -> bool:
    return bool(browse(login).get(f"/requests/{code}").html.select("button[data-key=T]"))


def test_who_works_in_the_unit_takes_what_nobody_has(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), unit=desk.units["reception"])
    form = form_of(browse("clerk").get(f"/requests/{code}"), "/take")

    form.submit(status=303).follow().mustcontain("It is yours now.")
    assert case_of(desk, code).assignee == desk.who["clerk"].user_id
    assert case_of(desk, code).unit == desk.units["reception"]
    events = len(case_of(desk, code).events)
    form.submit(status=303)
    assert len(case_of(desk, code).events) == events
    assert not offered(browse, "clerk", code)
    assert not offered(browse, "second", code)


def test_it_is_offered_for_open_requests_of_ones_own_units_only(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), unit=desk.units["streets"])
    assert offered(browse, "expert", code)
    assert not offered(browse, "clerk", code)
    desk.run(lambda services: services.requests.change_status(
        services, services.requests.by_code(code), "answered"), "expert")
    assert not offered(browse, "expert", code)


def test_who_comes_second_is_told_and_changes_nothing(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), unit=desk.units["reception"])
    mine, theirs = (form_of(browse(login).get(f"/requests/{code}"), "/take") for login in ("clerk", "second"))
    theirs.submit(status=303)

    mine.submit(status=303).follow().mustcontain(
        "Not taken: it was changed meanwhile, and is with Reception, The second now.")
    assert case_of(desk, code).assignee == desk.who["second"].user_id


def test_a_request_that_was_moved_meanwhile_is_not_taken(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), unit=desk.units["reception"])
    form = form_of(browse("clerk").get(f"/requests/{code}"), "/take")

    def moved(services: Services) -> None:
        services.requests.assign(services.requests.by_code(code), unit=desk.units["streets"])

    desk.run(moved)
    form.submit(status=303)
    assert case_of(desk, code).assignee is None
    browse("clerk").get(f"/requests/{code}/take", status=405)


def test_handing_over_many_knows_who_works_where(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    clerk = browse("clerk")
    single, many = (clerk.get(address).html.select_one("[data-members]")["data-members"]
                    for address in (f"/requests/{code}/assign", f"/work/change?do=assign&c={code}"))
    assert single == many != ""
    assert not clerk.get(f"/work/change?do=priority&c={code}").html.select("[data-members]")
