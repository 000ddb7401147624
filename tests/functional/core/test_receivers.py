"""Whom a request may go to: one rule, asked when one is handed over and when many are."""

from __future__ import annotations

from typing import Any

import pytest

from crm_core.errors import Invalid
from crm_core.services import Services
from crm_core.services.receivers import NOT_OF_THIS_UNIT, TAKES_NONE
from crm_core.services.workbulk import Order

NOT_TO_HIM = "This request must not go to this person."


def one_by_one(desk: Any, code: str, unit: int | None, assignee: int) -> str:
    """Why the single form's verb refuses; "" when it does it."""

    def work(services: Services) -> None:
        services.requests.assign(services.requests.by_code(code), unit=unit, assignee=assignee)

    try:
        desk.run(work, "supervisor")
    except Invalid as error:
        return str(error.errors["assignee"])
    return ""


def many(desk: Any, code: str, unit: int | None, assignee: int) -> str:
    """Why an order for several refuses; "" when it does it."""

    def work(services: Services) -> str:
        done = services.bulk.apply(services.bulk.requests([code]), Order("assign", unit, assignee), {})
        return str(done.lines[0].refusal)

    def preview(services: Services) -> str:
        (line,) = services.bulk.preview(services.bulk.requests([code]), Order("assign", unit, assignee))
        return str(line.refusal)

    said = desk.run(preview, "supervisor")
    try:
        done = desk.run(work, "supervisor")
    except Invalid as error:
        return str(error.errors["assignee"])
    assert done == said
    return str(done)


WAYS = pytest.mark.parametrize("give", [one_by_one, many], ids=["one", "many"])


def hands(desk: Any, code: str) -> tuple[int | None, int | None]:
    def look(services: Services) -> tuple[int | None, int | None]:
        request = services.requests.by_code(code)
        return request.unit, request.assignee

    found: tuple[int | None, int | None] = desk.run(look)
    return found


@WAYS
def test_a_request_goes_only_to_whom_it_may_go(desk: Any, give: Any) -> None:
    citizen = desk.contact()
    code = desk.case(citizen)
    ids = {login: one.user_id for login, one in desk.who.items()}
    streets, reception = desk.units["streets"], desk.units["reception"]
    before = hands(desk, code)

    assert give(desk, code, streets, ids["lawyer"]) == NOT_OF_THIS_UNIT
    assert give(desk, code, None, ids["admin"]) == TAKES_NONE
    desk.run(lambda services: services.users.edit(services.users.get(ids["second"]), {"active": False}))
    assert give(desk, code, reception, ids["second"]) == TAKES_NONE
    assert hands(desk, code) == before

    assert give(desk, code, streets, ids["executive"]) == ""  # of no unit: works everywhere
    assert give(desk, code, streets, ids["expert"]) == ""
    assert hands(desk, code) == (streets, ids["expert"])


@WAYS
def test_where_a_unit_stays_its_people_are_meant(desk: Any, give: Any) -> None:
    code = desk.case(desk.contact(), unit=desk.units["streets"])
    unit = desk.units["streets"] if give is one_by_one else None
    assert give(desk, code, unit, desk.who["lawyer"].user_id) == NOT_OF_THIS_UNIT


@WAYS
def test_nobody_is_given_what_he_may_not_know_of(desk: Any, give: Any) -> None:
    streets, expert = desk.units["streets"], desk.who["expert"].user_id
    about_him = desk.case(desk.contact())

    def hide(services: Services) -> None:
        services.requests.by_code(about_him).hidden_from = (expert,)

    desk.run(hide)
    assert give(desk, about_him, streets, expert) == NOT_TO_HIM

    protected = desk.contact()
    code = desk.case(protected)
    desk.shield(protected)

    def see_shielded(services: Services) -> str:
        try:
            services.requests.assign(services.requests.by_code(code), unit=streets, assignee=expert)
        except Invalid as error:
            return str(error.errors["assignee"])
        return ""

    assert desk.run(see_shielded) == NOT_TO_HIM


def test_a_unit_below_ones_own_counts_where_one_takes_it_oneself(desk: Any) -> None:
    below = desk.run(lambda services: services.units.add("شعبه", parent=desk.units["reception"]).id)
    code = desk.case(desk.contact(), unit=below)
    chief = desk.who["supervisor"]
    assert one_by_one(desk, code, below, desk.who["second"].user_id) == NOT_OF_THIS_UNIT
    identity = desk.run(lambda services: services.users.identity(services.users.get(chief.user_id)))

    def take(services: Services) -> list[str]:
        done = services.bulk.apply(services.bulk.requests([code]), Order("take"), {})
        return [str(line.refusal) for line in done.lines]

    assert desk.app.run(take, identity) == [""]
    assert hands(desk, code) == (below, chief.user_id)


def test_imports_tell_of_the_past_and_are_not_asked(desk: Any) -> None:
    code = desk.case(desk.contact())

    def work(services: Services) -> None:
        services.requests.assign(services.requests.by_code(code), unit=desk.units["streets"],
                                 assignee=desk.who["lawyer"].user_id)

    desk.app.run(work, bulk=True)
    assert hands(desk, code) == (desk.units["streets"], desk.who["lawyer"].user_id)


def test_who_may_not_have_it_does_not_keep_it_when_his_unit_is_closed(desk: Any) -> None:
    expert = desk.who["expert"].user_id
    old = desk.run(lambda services: services.units.add("کهنه").id)
    desk.run(lambda services: services.users.edit(services.users.get(expert), {"units": (desk.units["streets"], old)}))
    citizen = desk.contact()
    code = desk.case(citizen, unit=old, assignee=expert)
    desk.shield(citizen)
    desk.run(lambda services: services.handover.close_unit(
        services.units.find(old), services.units.find(desk.units["streets"]), note="بسته شد"))
    assert hands(desk, code) == (desk.units["streets"], None)


def registered(desk: Any, contact: int, unit: int | None, assignee: int, **more: Any) -> dict[str, str]:
    """Why a new request cannot be somebody's at once; empty when it can."""
    try:
        desk.case(contact, as_="supervisor", unit=unit, assignee=assignee, **more)
    except Invalid as error:
        return {field: str(words) for field, words in error.errors.items()}
    return {}


def test_a_new_request_goes_only_to_whom_it_may_go(desk: Any) -> None:
    citizen, ids = desk.contact(), {login: one.user_id for login, one in desk.who.items()}
    streets, reception = desk.units["streets"], desk.units["reception"]
    closed = desk.run(lambda services: services.units.add("کهنه").id)
    desk.run(lambda services: services.handover.close_unit(services.units.find(closed)))
    desk.run(lambda services: services.users.edit(services.users.get(ids["second"]), {"active": False}))

    assert registered(desk, citizen, reception, ids["second"]) == {"assignee": TAKES_NONE}
    assert registered(desk, citizen, None, ids["admin"]) == {"assignee": TAKES_NONE}
    assert registered(desk, citizen, streets, ids["lawyer"]) == {"assignee": NOT_OF_THIS_UNIT}
    assert registered(desk, citizen, None, ids["expert"]) == {"assignee": NOT_OF_THIS_UNIT}  # it lands in reception
    both = registered(desk, citizen, closed, ids["second"], priority="x")
    assert {field: both[field] for field in ("unit", "assignee")} == {
        "unit": "This unit is closed.", "assignee": TAKES_NONE}
    assert "priority" in both
    assert registered(desk, citizen, streets, ids["expert"]) == {}

    desk.shield(citizen)
    assert registered(desk, citizen, streets, ids["expert"]) == {"assignee": NOT_TO_HIM}
    assert len(desk.run(lambda services: list(services.root.requests))) == 1
