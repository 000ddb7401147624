"""One order for several requests: said before, done to each that still is so, taken back where nobody touched it."""

from __future__ import annotations

from typing import Any

import pytest

from crm_core.errors import Invalid, NotFound
from crm_core.model.timeline import EntryKind
from crm_core.services import Services
from crm_core.services.recent import MOST_UNDO, TURN_TIME, UNDO_TIME
from crm_core.services.workbulk import Order, state_of
from crm_core.services.worklists import PAGE
from crm_core.testing.factories import submit

DAY = 86_400_000


def codes(desk: Any, count: int = 3, **more: Any) -> list[str]:
    return [desk.case(desk.contact(), title=f"کار {number}", **more) for number in range(count)]


def seen_of(services: Services, given: list[str]) -> dict[str, dict[str, Any]]:
    return {code: state_of(services.requests.by_code(code)) for code in given}


def give(desk: Any, given: list[str], order: Order, as_: str = "clerk") -> tuple[str, list[str], list[str]]:
    """(undo id, codes changed, codes refused)."""

    def work(services: Services) -> tuple[str, list[str], list[str]]:
        requests = services.bulk.requests(given)
        done = services.bulk.apply(requests, order, seen_of(services, given))
        return done.undo, [line.request.code for line in done.changed], [line.request.code for line in done.refused]

    result: tuple[str, list[str], list[str]] = desk.run(work, as_)
    return result


def test_a_preview_says_what_will_change_and_changes_nothing(desk: Any) -> None:
    given = codes(desk)
    expert = desk.who["expert"].user_id

    def work(services: Services) -> None:
        services.requests.change_status(services, services.requests.by_code(given[0]), "answered")
        services.requests.by_code(given[1]).hidden_from = (expert,)

    desk.run(work)

    def look(services: Services) -> list[tuple[str, tuple[str, ...]]]:
        lines = services.bulk.preview(services.bulk.requests(given), Order("assign", desk.units["streets"], expert))
        return [(str(line.refusal), line.changes) for line in lines]

    assert desk.run(look, "clerk") == [
        ("It is closed.", ()), ("This request must not go to this person.", ()), ("", ("unit", "assignee"))]
    assert desk.run(lambda services: [services.requests.by_code(code).assignee for code in given]) == [None] * 3


def test_who_will_not_read_it_there_is_told(desk: Any) -> None:
    given = codes(desk, 1, as_="clerk", unit=desk.units["streets"])

    def look(services: Services) -> str:
        (line,) = services.bulk.preview(services.bulk.requests(given), Order("assign", desk.units["law"]))
        return str(line.warning)

    assert desk.run(look, "expert") == "You will not be able to read it there."
    assert desk.run(look, "supervisor") == ""


def test_an_order_is_carried_out_and_taken_back(desk: Any) -> None:
    given = codes(desk)
    expert = desk.who["expert"].user_id
    undo, changed, refused = give(desk, given, Order("assign", desk.units["streets"], expert, note="به خیابان"))
    assert (changed, refused) == (given, [])

    def theirs(services: Services) -> None:
        services.requests.assign(services.requests.by_code(given[1]), unit=desk.units["law"])

    desk.run(theirs)

    def back(services: Services) -> list[str]:
        return [str(line.refusal) for line in services.bulk.undo(undo).lines]

    assert desk.run(back, "clerk") == ["", "It was changed meanwhile.", ""]

    def now(services: Services) -> list[tuple[int | None, int | None, str]]:
        cases = [services.requests.by_code(code) for code in given]
        return [(one.unit, one.assignee, list(one.events.values())[-1].data["note"]) for one in cases]

    home = desk.units["reception"]
    first, second, third = desk.run(now)
    assert first == third == (home, None, "پس گرفته شد")
    assert first[:2] == third[:2] == (home, None)
    assert second[:2] == (desk.units["law"], None)
    with pytest.raises(NotFound):
        desk.run(back, "clerk")


def test_only_ones_own_order_and_only_for_a_while_can_be_taken_back(desk: Any) -> None:
    given = codes(desk, 1)
    undo, _changed, _refused = give(desk, given, Order("take"))
    for login in ("second", "supervisor"):
        with pytest.raises(NotFound):
            desk.run(lambda services: services.bulk.undo(undo), login)
    with desk.app.db.transaction() as connection:
        later = desk.run(lambda services: services.now) + UNDO_TIME + 1
        services = desk.app.services(connection.root()["crm"], desk.who["clerk"], at=later)
        assert services.bulk.pending() is None
        with pytest.raises(NotFound):
            services.bulk.undo(undo)


def test_what_changed_since_it_was_seen_is_left_alone(desk: Any) -> None:
    given = codes(desk, 2)
    seen = desk.run(lambda services: seen_of(services, given))
    desk.run(lambda services: services.requests.edit(services.requests.by_code(given[0]), {"priority": "low"}))

    def work(services: Services) -> list[str]:
        done = services.bulk.apply(services.bulk.requests(given), Order("priority", priority="urgent"), seen)
        return [str(line.refusal) for line in done.lines]

    assert desk.run(work, "clerk") == ["It was changed meanwhile.", ""]
    assert desk.run(lambda services: [services.requests.by_code(code).priority for code in given]) == ["low", "urgent"]


def test_a_status_goes_only_where_the_kind_has_it_and_comes_back(desk: Any) -> None:
    given = codes(desk, 2)
    undo, changed, _refused = give(desk, given, Order("status", status="waiting", note="سند بیاورد"))
    assert changed == given
    desk.run(lambda services: services.bulk.undo(undo), "clerk")
    assert desk.run(lambda services: [services.requests.by_code(code).status for code in given]) == ["new", "new"]
    assert give(desk, given, Order("status", status="invented"))[1] == []
    assert give(desk, given, Order("status", status="new"))[1] == []  # they have it


def test_who_may_not_assign_one_may_not_assign_many(desk: Any) -> None:
    given = codes(desk, 2)
    assert give(desk, given, Order("take"), "admin")[1] == []
    for order in (Order("assign"), Order("assign", unit=5), Order("assign", assignee=5), Order("priority")):
        with pytest.raises(Invalid):
            give(desk, given, order)


def test_the_next_one_is_the_most_urgent_and_is_taken_when_nobody_has_it(desk: Any) -> None:
    now = desk.run(lambda services: services.now)
    later, sooner = (desk.case(desk.contact(), due=now + days * DAY) for days in (5, 2))
    mine = desk.case(desk.contact(), due=now + 3 * DAY, assignee=desk.who["clerk"].user_id)
    elsewhere = desk.case(desk.contact(), due=now + DAY, unit=desk.units["streets"])

    def take(services: Services) -> str:
        turn = services.bulk.next()
        return turn.request.code if turn is not None else ""

    assert desk.run(take, "clerk") == sooner
    assert desk.run(lambda services: services.requests.by_code(sooner).assignee) == desk.who["clerk"].user_id
    assert desk.run(take, "clerk") == mine
    assert desk.run(take, "second") == later
    assert desk.run(take, "expert") == elsewhere
    assert desk.run(take, "admin") == ""


def test_the_next_ones_come_late_first_each_once_and_then_from_the_top_again(desk: Any) -> None:
    now, clerk = desk.run(lambda services: services.now), desk.who["clerk"].user_id
    three, nine, soon = (
        desk.case(desk.contact(), due=now + days * DAY, assignee=clerk) for days in (-3, -9, 1))
    four = desk.case(desk.contact(), due=now - 4 * DAY, assignee=clerk)
    urgent = desk.case(desk.contact(), due=now - 4 * DAY, assignee=clerk, priority="urgent")
    waits = desk.case(desk.contact(), due=now + DAY // 2, assignee=clerk)
    desk.run(lambda services: services.requests.change_status(services, services.requests.by_code(nine), "waiting"))
    desk.run(lambda services: services.requests.change_status(services, services.requests.by_code(waits), "waiting"))

    def take(services: Services) -> tuple[str, int, int]:
        turn = services.bulk.next()
        assert turn is not None
        assert services.bulk.turn_of(turn.request) == turn
        return turn.request.code, turn.count, turn.passed

    given = [desk.run(take, "clerk") for _number in range(7)]
    order = [nine, urgent, four, three, soon, waits]
    assert [row[0] for row in given] == [*order, nine]
    assert {row[1] for row in given} == {6}
    assert [row[2] for row in given] == [0, 1, 2, 3, 4, 5, 0]


def test_the_next_one_is_found_behind_a_page_of_what_waits_or_was_dealt_with(desk: Any) -> None:
    now, clerk = desk.run(lambda services: services.now), desk.who["clerk"].user_id

    def fill(services: Services) -> None:
        citizen = services.contacts.create(name="زهرا رضایی", identifiers=[("phone", "+989120000147")])
        for number in range(PAGE + 5):
            case = submit(services, citizen, "core.general", {"category": "service"}, assignee=clerk,
                          unit=desk.units["reception"], due=now + DAY + number)
            services.requests.change_status(services, case, "waiting")

    desk.run(fill)
    later = desk.case(desk.contact(), due=now + 5 * DAY, assignee=clerk)
    never = desk.case(desk.contact(), as_="clerk", due=None, assignee=clerk, unit=desk.units["reception"])
    desk.run(lambda services: services.requests.edit(services.requests.by_code(never), {"due": None}))

    def take(services: Services) -> tuple[str, int, int]:
        turn = services.bulk.next()
        assert turn is not None
        return turn.request.code, turn.count, turn.passed

    assert desk.run(take, "clerk") == (later, PAGE + 7, 0)
    assert desk.run(take, "clerk") == (never, PAGE + 7, 1)


def test_a_priority_taken_back_says_so(desk: Any) -> None:
    given = codes(desk, 1)
    undo, _changed, _refused = give(desk, given, Order("priority", priority="high"))
    desk.run(lambda services: services.bulk.undo(undo), "clerk")

    def last(services: Services) -> Any:
        return list(services.requests.by_code(given[0]).events.values())[-1]

    event = desk.run(lambda services: (last(services).kind, last(services).data))
    assert event[0] == EntryKind.CHANGED
    assert event[1]["fields"] == ["priority"]
    assert event[1]["note"]


def test_what_one_did_lies_beside_the_record_and_what_is_too_old_goes(desk: Any) -> None:
    given = codes(desk, 1)
    clerk = desk.who["clerk"].user_id
    desk.case(desk.contact(), assignee=clerk, unit=desk.units["reception"])

    def serial() -> bytes:
        with desk.app.reading() as services:
            user = services.users.get(clerk)
            assert user.name  # loads it
            return bytes(user._p_serial)

    desk.run(lambda services: services.bulk.next(), "clerk")
    before = serial()
    for number in range(MOST_UNDO + 2):
        give(desk, given, Order("priority", priority=("high", "low")[number % 2]))
        desk.run(lambda services: services.bulk.next(), "clerk")
    assert serial() == before

    def kept(services: Services) -> tuple[int, int]:
        own = services.users.get(clerk).kept()
        return len(own.undo), len(own.turns)

    undo, turns = desk.run(kept)
    assert (undo, bool(turns)) == (MOST_UNDO, True)

    def later(minutes: int, work: Any) -> tuple[int, int]:
        with desk.app.db.transaction() as connection:
            now = desk.run(lambda services: services.now) + minutes * 60_000
            services = desk.app.services(connection.root()["crm"], desk.who["clerk"], at=now)
            work(services)
            return kept(services)

    def order(services: Services) -> None:
        services.bulk.apply(services.bulk.requests(given), Order("priority", priority="urgent"), {})

    assert later(TURN_TIME // 60_000 + 1, order) == (MOST_UNDO, 0)
    assert later(UNDO_TIME // 60_000 + 1, lambda services: services.bulk.next()) == (1, 1)
