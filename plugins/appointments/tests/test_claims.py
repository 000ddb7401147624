"""Many clerks, one slot: real transactions in threads, on a FileStorage, a ZEO server and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import crm_appointments
from crm_appointments import slots
from crm_core.app import App
from crm_core.errors import CrmError, Veto
from crm_core.model.collection import Item
from crm_core.services import Services
from crm_core.testing.factories import make_app, make_clerk, make_contact
from crm_core.testing.guard import only_core_classes

TYPE = "appointments.mayor"
CLERKS = 6


@pytest.fixture(params=[
    "file", pytest.param("zeo", marks=pytest.mark.zeo), pytest.param("postgresql", marks=pytest.mark.postgresql),
])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[App]:
    uri = "" if request.param == "file" else request.getfixturevalue(f"{request.param}_uri")
    app = make_app(tmp_path / "data", {"appointments": crm_appointments}, zodburi=uri)
    yield app
    app.close()


def new_slot(services: Services, hours: int) -> Item:
    starts = services.now + hours * 3_600_000
    return services.collections["appointments.slots"].add(
        {"starts": starts, "ends": starts + 1_800_000, "place": "سالن", "host": "شهردار"}
    )


def all_at_once(works: list[Callable[[Callable[[], None]], Any]]) -> list[Any]:
    """Run each in a thread; ``meet()`` is given to each to wait for the others on its first try. Results or errors."""
    together = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(number: int) -> None:
        first = iter([True])

        def meet() -> None:
            if next(first, False):
                together.wait(60)

        try:
            results[number] = works[number](meet)
        except CrmError as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    return results


def test_exactly_one_of_many_gets_the_slot_and_the_others_a_sentence(app: App) -> None:
    clerks = [make_clerk(app, f"clerk{number}") for number in range(CLERKS)]
    with app.transaction() as services:
        contacts = [make_contact(services).id for _clerk in clerks]
        slot, other = new_slot(services, 30).id, new_slot(services, 40).id

    def values(chosen: int) -> dict[str, Any]:
        return {"subject": "دیدار", "reason": "", "companions": 0, "wanted_days": [], "slot": str(chosen)}

    def clerk(number: int) -> Callable[[Callable[[], None]], int]:
        def choose(meet: Callable[[], None]) -> int:
            def work(services: Services) -> int:
                contact = services.contacts.get(contacts[number])
                request = services.requests.register(services, contact, TYPE, values(slot))
                meet()
                return request.id

            return app.run(work, clerks[number])

        return choose

    results = all_at_once([clerk(number) for number in range(CLERKS)])
    winners = [result for result in results if isinstance(result, int)]
    refused = [result for result in results if isinstance(result, Veto)]
    assert (len(winners), len(refused)) == (1, CLERKS - 1), results
    assert {veto.field for veto in refused} == {"slot"}
    assert "به کس دیگری داده شد" in app.translator.translate(refused[0].message, "fa")
    with app.reading() as services:
        assert [request.id for request in services.root.requests.values()] == winners
        assert len(services.collections["appointments.bookings"]) == 1
    # What the others typed is still theirs: with another slot the same values go through.
    loser = next(number for number, result in enumerate(results) if isinstance(result, Veto))
    with app.transaction(clerks[loser]) as services:
        contact = services.contacts.get(contacts[loser])
        assert services.requests.register(services, contact, TYPE, values(other)).status == "scheduled"
    only_core_classes(app)


def test_a_slot_is_never_removed_under_a_booking(app: App) -> None:
    with app.transaction() as services:
        contact, slot = make_contact(services).id, new_slot(services, 30).id

    def book(meet: Callable[[], None]) -> str:
        def work(services: Services) -> str:
            values = {"subject": "دیدار", "reason": "", "companions": 0, "wanted_days": [], "slot": str(slot)}
            services.requests.register(services, services.contacts.get(contact), TYPE, values)
            meet()
            return "booked"

        return app.run(work)

    def remove(meet: Callable[[], None]) -> str:
        def work(services: Services) -> str:
            found = services.collections["appointments.slots"].get(slot)
            assert found is not None
            slots.remove(services, found)
            meet()
            return "removed"

        return app.run(work)

    results = all_at_once([book, remove])
    done = [result for result in results if isinstance(result, str)]
    assert len(done) == 1 and isinstance(results[1 - results.index(done[0])], Veto), results
    with app.reading() as services:
        found = services.collections["appointments.slots"].get(slot)
        assert (found is not None) == (done == ["booked"])
        assert len(services.collections["appointments.bookings"]) == (1 if done == ["booked"] else 0)
