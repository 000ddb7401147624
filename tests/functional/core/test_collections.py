"""Collections: exact, range and unique indexes, duties, and fifty clients for one slot (architecture §5.3, §5.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from types import ModuleType
from typing import Any

import pytest

from crm_core import api, journal
from crm_core.app import App
from crm_core.errors import NotFound, StaleChange, Taken
from crm_core.model.plain import NotPlain
from crm_core.services import Services
from crm_core.services.collections import Records
from crm_core.testing.crowd import together
from crm_core.testing.factories import candidate, make_contact

SLOTS = api.Collection(
    "things.slots", "Slots", exact=("host", "place"), ranges=("starts", "size"), unique=("key", "seat"), person="who",
    on_erase="unlink", on_merge="keep", on_export="include", expires_days=0, fields=(("host", "Host"),),
)


def plugin(*collections: api.Collection) -> dict[str, ModuleType]:
    module = ModuleType("things")
    module.CRM_API_VERSION = 1  # type: ignore[attr-defined]

    @api.hookimpl
    def contribute() -> Iterable[api.Contribution]:
        yield from collections

    module.contribute = contribute  # type: ignore[attr-defined]
    return {"things": module}


def slots(services: Services) -> Records:
    return services.collections[SLOTS.id]


@pytest.fixture
def app(open_app: Callable[..., App]) -> App:
    return open_app(plugin(SLOTS))


def test_records_are_found_by_exact_values_folded(app: App) -> None:
    """§5.3"""
    with app.transaction() as services:
        records = slots(services)
        assert list(records) == list(records.where("host", "x")) == list(records.between("starts")) == []
        assert (len(records), records.get(5), records.holder("key", "x")) == (0, None, None)
        first = records.add({"host": "علي كاظمي", "place": 12})
        second = records.add({"host": "Mayor", "place": "۱۲"})
        records.add({"host": "", "place": None})
        assert list(records.where("host", "علی کاظمی")) == [first]
        assert list(records.where("host", "MAYOR")) == [second]
        assert set(records.where("place", "12")) == {first, second}
        assert list(records.where("host", "may")) == []
        assert len(records) == 3
        with pytest.raises(KeyError):
            list(records.where("starts", 5))
        with pytest.raises(NotFound):
            services.collections["things.unknown"]


def test_records_are_found_by_ranges_in_order(app: App) -> None:
    """§5.3: ISO text and whole numbers; the upper bound is not included."""
    with app.transaction() as services:
        records = slots(services)
        days = ["2026-11-22", "2026-01-05", "2025-12-31", "2027-03-01"]
        for number, day in enumerate(days):
            records.add({"starts": day, "size": number - 2})
        records.add({"starts": "2026-11-22"})
        records.add({"size": 10**12})

        def starts(low: Any = None, high: Any = None) -> list[str]:
            return [item.data["starts"] for item in records.between("starts", low, high)]

        assert starts() == ["2025-12-31", "2026-01-05", "2026-11-22", "2026-11-22", "2027-03-01"]
        assert starts("2026-01-05", "2026-11-22") == ["2026-01-05"]
        assert starts("2026-11-22") == ["2026-11-22", "2026-11-22", "2027-03-01"]
        assert starts(None, "2026") == ["2025-12-31"]
        assert starts("2028") == []
        assert [item.data["size"] for item in records.between("size")] == [-2, -1, 0, 1, 10**12]
        assert [item.data["size"] for item in records.between("size", -1, 1)] == [-1, 0]
        for wrong in (1.5, True, ["x"], 10**19):
            with pytest.raises(NotPlain):
                records.add({"size": wrong})


def test_a_unique_value_has_one_holder_and_is_given_back(app: App) -> None:
    """§5.3: unique is a claim."""
    with app.transaction() as services:
        records = slots(services)
        first = records.add({"key": "a", "seat": 1})
        for taken in ({"key": "a"}, {"key": "b", "seat": "1"}):
            with pytest.raises(Taken):
                records.add(taken)
        assert records.holder("key", "b") is None
        second = records.add({"key": "b", "seat": 2})
        with pytest.raises(Taken):
            records.replace(second, {"key": "c", "seat": 1})
        assert records.holder("key", "c") is None  # a refused change claims nothing
        assert records.holder("key", "b") is second
        records.replace(first, {"key": "a", "seat": "1"})
        records.replace(first, {"seat": 3})
        assert records.holder("key", "a") is records.holder("seat", 1) is None
        assert records.holder("seat", "3") is first
        records.remove(first)
        assert records.holder("seat", 3) is None
        records.add({"key": "a", "seat": 3})
        for gone in (records.remove, lambda item: records.replace(item, {})):
            with pytest.raises(NotFound):
                gone(first)


def test_a_stale_change_of_a_record_shows_both_versions(app: App) -> None:
    """§5.10"""
    with app.transaction() as services:
        records = slots(services)
        item = records.add({"host": "a"})
        records.replace(item, {"host": "b"}, revision=1)
        with pytest.raises(StaleChange) as stale:
            records.replace(item, {"host": "c"}, revision=1)
        assert (stale.value.theirs, stale.value.mine, item.revision) == ({"host": "b"}, {"host": "c"}, 2)
        assert list(records.where("host", "a")) == []


def test_only_plain_data_is_taken(app: App) -> None:
    """§5.1"""
    with app.transaction() as services:
        mine = {"host": "a", "more": [1, {"x": None}]}
        item = slots(services).add(mine)
        mine["more"].append(date(2026, 1, 1))  # type: ignore[attr-defined]
        assert item.data == {"host": "a", "more": [1, {"x": None}]}
        with pytest.raises(NotPlain):
            slots(services).add({"day": date(2026, 1, 1)})
        assert len(slots(services)) == 1


def test_changes_are_in_the_journal_by_name(app: App) -> None:
    """§6: ids, kinds and field names, in the stream of the person."""
    with app.transaction() as services:
        contact = make_contact(services)
        item = slots(services).add({"host": "secret", "who": str(contact.id)})
        slots(services).replace(item, {"host": "secret two"})
        slots(services).remove(item)
        entries, _cursor = journal.read(services.root, journal.Cursor(), 100)
        rows = [(entry.kind, entry.subject, entry.contact, entry.fields) for entry in entries
                if entry.subject[0] == SLOTS.id]
        assert sorted(rows) == sorted([
            ("collection.added", (SLOTS.id, item.id), contact.id, ("host", "who")),
            ("collection.changed", (SLOTS.id, item.id), None, ("host",)),
            ("collection.removed", (SLOTS.id, item.id), None, ()),
        ])


def test_a_new_version_of_the_plugin_may_index_other_fields(open_app: Callable[..., App]) -> None:
    """§5.3: read at once, indexed with the next write; what is declared no more is dropped, not kept stale."""
    old = api.Collection("things.slots", "Slots", exact=("host",))
    new = api.Collection("things.slots", "Slots", exact=("place",), ranges=("starts",), unique=("key",), person="who",
                         fields=(("place", "Place"),), on_merge="keep", on_export="include", on_erase="remove",
                         expires_days=0)
    app = open_app(plugin(old))
    with app.transaction() as services:
        for number in range(20):
            slots(services).add({"host": "a", "place": f"p{number % 2}", "starts": 20 - number, "key": f"k{number}",
                                 "who": 77})
    later = App.open(app.settings, [candidate("things", plugin(new)["things"])], database=app.db)
    with later.reading() as services:
        before = answers(services)
    with later.transaction() as services:
        slots(services).add({"place": "p1", "starts": 0, "key": "new"})
        store = services.root.collections[SLOTS.id]
        assert set(store.exact) == {"place"}
        assert len(store.of_person(77)) == 20
    with later.reading() as services:
        assert answers(services) == before
        assert [item.data["starts"] for item in slots(services).between("starts")] == list(range(21))
        with pytest.raises(KeyError):
            slots(services).where("host", "a")
    with later.transaction() as services, pytest.raises(Taken):
        slots(services).add({"key": "k7"})


def answers(services: Services) -> tuple[Any, ...]:
    records = slots(services)
    holder = records.holder("key", "k3")
    assert holder is not None
    return (sorted(item.id for item in records.where("place", "P0")), holder.id, records.holder("key", "k99"),
            [item.id for item in records.between("starts", 5, 8)])


def test_eight_clients_want_one_slot_and_exactly_one_gets_it(storage_uri: str, open_app: Callable[..., App]) -> None:
    """§5.3, on each storage: the claim is in the transaction; the seven others are told so."""
    app = open_app(plugin(SLOTS), zodburi=storage_uri)

    def claim(client: int) -> str:
        def work(services: Services) -> str:
            slots(services).add({"key": "10:30", "host": f"client {client}"})
            return "got it"

        try:
            return app.run(work)
        except Taken:
            return "taken"

    for _again in range(2):  # the first time the collection itself is made at once, too
        results = together(claim, 8)
        assert sorted(results) == ["got it"] + ["taken"] * 7
        with app.transaction() as services:
            holder = slots(services).holder("key", "10:30")
            assert holder is not None
            assert holder.data["host"] == f"client {results.index('got it')}"
            assert len(slots(services)) == 1
            slots(services).remove(holder)


def test_fifty_slots_for_eight_clients_are_given_out_once_each(open_app: Callable[..., App]) -> None:
    """§5.3: each takes the first free one; none is doubled, none is left."""
    app = open_app(plugin(SLOTS))

    def take(_client: int) -> list[int]:
        def work(services: Services) -> int | None:
            free = next((n for n in range(50) if slots(services).holder("key", n) is None), None)
            if free is not None:
                slots(services).add({"key": free})
            return free

        taken = []
        while True:
            try:
                number = app.run(work)
            except Taken:
                continue
            if number is None:
                return taken
            taken.append(number)

    assert sorted(number for taken in together(take, 3) for number in taken) == list(range(50))
