"""The history of a citizen: order, filters, pages, linked records, and what is not loaded (architecture §5.6)."""

from __future__ import annotations

import random
from typing import Any

import pytest

from crm_core import builtin
from crm_core.app import App
from crm_core.db import root_of
from crm_core.model.contact import Contact
from crm_core.model.ids import first_id, id_time
from crm_core.model.interaction import Interaction
from crm_core.model.timeline import EntryKind, Event
from crm_core.security.identity import SYSTEM
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.timeline import Entry, Filter, Redacted
from crm_core.testing.factories import make_clerk, make_contact, submit

DAY = 86_400_000
CHANNELS = ("phone", "email", "in_person", "sms")


def all_rows(services: Services, contacts: list[Contact], which: Filter | None = None, limit: int = 7) -> list[Any]:
    """Every row, page by page."""
    rows: list[Any] = []
    before = None
    while True:
        page = services.timeline.page(contacts, which, before, limit)
        rows += page.rows
        before = page.next
        if before is None:
            return rows


def words(rows: list[Any]) -> list[str]:
    return [row.thing.subject for row in rows if isinstance(row.thing, Interaction)]


def test_entries_come_newest_first_by_the_time_they_happened(app: App) -> None:
    """§5.6: the key is the time of occurrence, whenever it was written down."""
    def work(services: Services) -> None:
        contact = make_contact(services)
        days = list(range(1, 40))
        random.Random(3).shuffle(days)
        for day in days:
            services.interactions.log(contact, channel="phone", body=f"{day}", started=services.now - day * DAY)
        assert words(all_rows(services, [contact])) == [str(day) for day in range(1, 40)]

    app.run(work)


def test_facts_of_one_transaction_keep_their_order(app: App) -> None:
    """§5.6: registered, handed over, answered, in one moment; also when thousands share a millisecond."""
    def work(services: Services) -> None:
        for _again in range(60):  # the first key of a millisecond is random
            contact = make_contact(services)
            request = submit(services, contact, builtin.GENERAL, {"category": "service"})
            services.requests.assign(request, unit=services.units.all()[0].id)
            services.requests.change_status(services, request, "working")
            services.requests.change_status(services, request, "answered")
            kinds = [row.thing.data.get("to", row.thing.kind) for row in all_rows(services, [contact])]
            assert kinds == ["answered", "working", EntryKind.ASSIGNED, EntryKind.REGISTERED]
            assert [id_time(key) for key in contact.timeline] == [services.now] * 4
            assert [event.kind for event in request.events.values()] == [
                EntryKind.REGISTERED, EntryKind.ASSIGNED, EntryKind.STATUS, EntryKind.STATUS]

    app.run(lambda services: services.units.add("آب"))
    app.run(work)


def test_a_midnight_full_of_entries_keeps_them_all_in_order(app: App) -> None:
    """§5.6: an import of days without times brings thousands of one millisecond."""
    def work(services: Services) -> None:
        contact = make_contact(services)
        midnight = services.now - services.now % DAY
        for number in range(9000):
            services.interactions.log(contact, channel="note", body=str(number), started=midnight)
        services.interactions.log(contact, channel="note", body="later", started=midnight + 1)
        assert words(all_rows(services, [contact], limit=500)) == ["later", *map(str, reversed(range(9000)))]
        keys = list(contact.timeline.keys())[:-1]
        assert first_id(midnight) <= keys[0]
        assert keys[-1] < first_id(midnight + 1)

    app.run(work)


@pytest.fixture
def citizen(app: App) -> int:
    """A contact with forty touches on four channels in two units, and three requests; the contact's id."""
    def work(services: Services) -> int:
        roads, water = services.units.add("راه").id, services.units.add("آب").id
        contact = make_contact(services)
        for number in range(40):
            services.interactions.log(
                contact, channel=CHANNELS[number % 4], body=f"تماس {number}\nدربارهٔ آسفالت" if number % 5 == 0
                else f"تماس {number}", started=services.now - number * DAY, unit=(roads, water)[number % 2])
        for number in range(3):
            request = submit(services, contact, builtin.GENERAL, {"category": "service"}, unit=roads,
                             title=f"چالهٔ خیابان {number}", at=services.now - number * DAY)
            if number == 0:
                services.requests.change_status(services, request, "answered", "آسفالت شد")
        return contact.id

    return app.run(work)


def test_filters_by_channel_kind_type_unit_period_state_and_words(app: App, citizen: int) -> None:
    """§5.6"""
    with app.reading() as services:
        contact = services.contacts.get(citizen)
        roads, water = (unit.id for unit in services.units.all())
        now = services.now - 3_600_000  # the touches lie whole days before the moment the fixture ran

        def count(which: Filter, limit: int = 7) -> int:
            rows = all_rows(services, [contact], which, limit)
            assert [row.key for row in rows] == sorted((row.key for row in rows), reverse=True)
            if not which.text:
                assert services.timeline.tally([contact], which=which).counts["all"] == len(rows)
            return len(rows)

        assert count(Filter()) == 44
        assert count(Filter(channels=frozenset({"phone"}))) == 10
        assert count(Filter(channels=frozenset({"phone", "sms"}))) == 20
        assert count(Filter(kinds=frozenset({EntryKind.STATUS}))) == 1
        assert count(Filter(types=frozenset({builtin.GENERAL}))) == 4
        assert count(Filter(units=frozenset({water}))) == 20
        assert count(Filter(units=frozenset({roads}))) == 24
        assert count(Filter(open=True)) == 2
        assert count(Filter(open=False)) == 2
        assert count(Filter(since=now - 9 * DAY)) == 14
        assert count(Filter(until=now - 9 * DAY)) == 30
        assert count(Filter(since=now - 9 * DAY, until=now - 4 * DAY)) == 5
        assert count(Filter(text="آسفالت")) == 9  # eight calls, and the note of the answer
        assert count(Filter(text="اسفالت   دربارة")) == 8
        assert count(Filter(text="چاله")) == 4
        assert count(Filter(channels=frozenset({"phone"}), units=frozenset({roads}), text="تماس 20")) == 1
        assert count(Filter(channels=frozenset({"fax"}))) == 0
        assert services.timeline.tally([contact]).counts == {
            "all": 44, "phone": 10, "email": 10, "in_person": 10, "sms": 10, EntryKind.REGISTERED: 3,
            EntryKind.STATUS: 1}


def test_a_history_in_numbers_tells_of_a_filter_what_a_page_of_it_shows(app: App, citizen: int) -> None:
    """Spans are cut by the filter's period; what may only be counted is in no answer to a question for content."""
    with app.reading() as services:
        contact = services.contacts.get(citizen)
        now = services.now
        edges = [now - 30 * DAY, now - 20 * DAY, now - 10 * DAY, now + DAY]
        spans = [sum(span.values()) for span in services.timeline.tally([contact], edges).spans]
        assert sum(spans) == 34
        which = Filter(since=now - 15 * DAY, channels=frozenset({"phone"}))
        found = services.timeline.tally([contact], edges, which)
        assert found.counts == {"all": 4, "phone": 4}
        assert [sum(span.values()) for span in found.spans] == [0, 1, 3]
        unit = next(iter(services.units.all())).id
    expert = make_clerk(app, "expert", roles=[Role.EXPERT], units=[unit])
    with app.reading(expert) as services:
        contact = services.contacts.get(citizen)
        assert services.timeline.tally([contact]).counts["all"] == 44
        which = Filter(channels=frozenset(CHANNELS))
        rows = all_rows(services, [contact], which)
        assert services.timeline.tally([contact], which=which).counts["all"] == len(rows)


def test_pages_join_without_gap_or_repetition(app: App, citizen: int) -> None:
    """§5.6, whatever the size of the page."""
    with app.reading() as services:
        contact = services.contacts.get(citizen)
        whole = [row.key for row in services.timeline.page([contact], limit=1000).rows]
        assert len(whole) == 44
        for limit in (1, 2, 3, 43, 44, 45):
            assert [row.key for row in all_rows(services, [contact], limit=limit)] == whole


def test_linked_contacts_are_read_as_one_and_unlinking_gives_each_his_own_back(app: App) -> None:
    """§5.6: a k-way merge; nothing is copied; a link is dated, reasoned and reversible."""
    def work(services: Services) -> list[int]:
        found = []
        for place in range(3):
            contact = make_contact(services)
            found.append(contact.id)
            for number in range(place, 30, 3):
                when = services.now - number * DAY
                services.interactions.log(contact, channel="phone", body=str(number), started=when)
        return found

    first, second, third = app.run(work)

    def link(services: Services) -> None:
        one, two, three = map(services.contacts.get, (first, second, third))
        services.linking.link(one, two, "همان کد ملی")
        services.linking.link(three, two, "خودش گفت")

    app.run(link)
    with app.reading() as services:
        for id_ in (first, second, third):
            linked = services.contacts.linked(services.contacts.get(id_))
            assert linked[0].id == id_
            assert {one.id for one in linked} == {first, second, third}
            rows = all_rows(services, linked, limit=4)
            assert words(rows) == [str(number) for number in range(30)]
            assert [row.contact.id for row in rows[:3]] == [first, second, third]
        assert [len(services.contacts.get(id_).timeline) for id_ in (first, second, third)] == [10, 10, 10]
        group = services.contacts.get(first).group
        assert group is not None
        assert [(link.reason, link.at > 0) for link in group.links] == [("همان کد ملی", True), ("خودش گفت", True)]

    def unlink(services: Services) -> None:
        group = services.contacts.get(first).group
        assert group is not None
        services.linking.unlink(group.links[0])

    app.run(unlink)
    with app.reading() as services:
        assert services.contacts.get(first).group is None
        assert words(all_rows(services, services.contacts.linked(services.contacts.get(first)))) == [
            str(number) for number in range(0, 30, 3)]
        assert {one.id for one in services.contacts.linked(services.contacts.get(third))} == {second, third}


def test_entries_of_linked_contacts_with_one_key_are_not_lost_between_pages(app: App) -> None:
    """§5.6: two records' keys are drawn independently."""
    def work(services: Services) -> None:
        contacts = [make_contact(services) for _ in range(3)]
        for contact in contacts:
            services.interactions.log(contact, channel="phone", body="same", started=services.now)
            header = contact.timeline.pop(contact.timeline.minKey())
            for number in range(3):
                contact.timeline[first_id(services.now) + number] = header
        for limit in (1, 2, 4):
            assert len(all_rows(services, contacts, limit=limit)) == 9

    app.run(work)


# ── what is not loaded ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def crowded(app: App) -> tuple[App, int, int]:
    """A contact with 10,000 entries; the application, the contact's id and that of one unit."""
    def work(services: Services) -> tuple[int, int]:
        units = [services.units.add(name).id for name in ("راه", "آب")]
        contact = make_contact(services)
        for number in range(10_000):
            services.interactions.log(contact, channel=CHANNELS[number % 4], body=f"{number}", unit=units[number % 2],
                                      started=services.now - number * 60_000)
        return contact.id, units[0]

    return app, *app.run(work)


def loaded(connection: Any) -> int:
    """How many entries' states this connection holds."""
    return sum(1 for _oid, thing in connection._cache.items()
               if isinstance(thing, Interaction | Event) and thing._p_changed is not None)


@pytest.mark.slow
def test_filtering_ten_thousand_entries_loads_none_of_them(crowded: tuple[App, int, int]) -> None:
    """§5.6: filtering reads headers; only the page's own entries are fetched, and those together."""
    app, contact_id, unit = crowded
    expert = make_clerk(app, "expert", roles=[Role.EXPERT], units=[unit])
    for identity in (SYSTEM, expert):
        with app.db.reading() as connection:
            connection.cacheMinimize()
            services = app.services(root_of(connection), identity)
            contact = services.contacts.get(contact_id)
            which = Filter(channels=frozenset({"phone"}), units=frozenset({unit}))
            assert services.timeline.tally([contact]).counts["all"] == 10_000
            assert services.timeline.tally([contact], which=which).counts["phone"] == 2500
            assert loaded(connection) == 0
            page = services.timeline.page([contact], which)
            assert len(page.rows) == 50
            assert loaded(connection) == 0  # fetched, in one question where the storage can, but not yet made objects
            assert [row.thing.channel for row in page.rows if isinstance(row, Entry)] == ["phone"] * 50
            assert loaded(connection) == 50
            mixed = services.timeline.page([contact]).rows
            if identity is expert:  # every second entry is the other unit's: counted by its header
                assert [row.count for row in mixed if isinstance(row, Redacted)] == [1] * 25
            assert len(mixed) == 50


@pytest.mark.slow
@pytest.mark.postgresql
def test_a_page_is_fetched_in_one_question(postgresql_uri: str, open_app: Any) -> None:
    """§5.6: a page prefetches its entries (PostgreSQL: 11 ms to 2 in a trial)."""
    app = open_app(zodburi=postgresql_uri)

    def work(services: Services) -> int:
        contact = make_contact(services)
        for number in range(300):
            services.interactions.log(contact, channel="phone", body=f"{number}", started=services.now - number)
        return contact.id

    contact_id = app.run(work)
    asked: list[int] = []
    with app.db.reading() as connection:
        fetch = connection._storage.prefetch
        connection._storage.prefetch = lambda oids: (asked.append(len(kept := list(oids))), fetch(kept))[1]
        connection.cacheMinimize()
        services = app.services(root_of(connection), SYSTEM)
        contact = services.contacts.get(contact_id)
        page = services.timeline.page([contact])
        assert asked == [50]
        assert len({row.thing.subject for row in page.rows}) == 50
        assert len(services.timeline.page([contact], Filter(text="299")).rows) == 1
        assert sum(asked) == 300
        assert len(asked) == 4
        del connection._storage.prefetch
