"""Merge as a reversible claim: what contradicts, what is born after, and where it goes (architecture §5.6)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from crm_core import builtin, journal
from crm_core.app import App
from crm_core.contributions import Collection
from crm_core.errors import Forbidden, Invalid, NotFound, StaleChange
from crm_core.model.contact import Contact, Link, Proof
from crm_core.model.ids import now_ms
from crm_core.model.interaction import Interaction
from crm_core.model.request import Request
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.timeline import Entry
from crm_core.testing.factories import make_clerk, make_contact, submit

ASKED = {"category": "service"}


def words(services: Services, contact: Contact) -> list[str]:
    """What stands in the record's own history, newest first."""
    rows = [row for row in services.timeline.page([contact]).rows if isinstance(row, Entry)]
    return [row.thing.subject if isinstance(row.thing, Interaction) else row.thing.kind for row in rows]


def test_a_merge_wants_a_reason_and_copies_nothing(app: App) -> None:
    def work(services: Services) -> None:
        one, two = make_contact(services, "زهرا"), make_contact(services, "زهره")
        services.interactions.log(one, channel="phone", body="از اولی")
        case = submit(services, two, builtin.GENERAL, ASKED, title="از دومی")
        with pytest.raises(Invalid):
            services.linking.merge(one, two, " \n")
        services.linking.merge(one, two, "همان کارت")
        assert len(services.timeline.page(services.contacts.linked(one)).rows) == 2
        assert words(services, one) == ["از اولی"]
        assert (list(one.requests), case.contact) == ([], two.id)
        (link,) = services.linking.claims(two)
        assert (link.first, link.second, link.reason) == (one.id, two.id, "همان کارت")
        with pytest.raises(Invalid):
            services.linking.merge(two, one, "again")

    app.run(work)


@pytest.mark.parametrize(("first", "second", "name"), [
    ({"birth_date": "1980-01-01"}, {"birth_date": "1981-01-01"}, "birth_date"),
    ({"kind": "person"}, {"kind": "organisation"}, "kind"),
    ({"confidentiality": "confidential"}, {}, "confidentiality"),
    ({"national_id": "0499370899"}, {"national_id": "0012345679"}, "national_id"),
    ({"passport": "P1234567"}, {"passport": "P7654321"}, "passport"),
])
def test_what_contradicts_must_be_accepted_by_name(
    app: App, first: dict[str, str], second: dict[str, str], name: str
) -> None:
    def work(services: Services) -> None:
        def make(values: dict[str, str]) -> Contact:
            schemes = {"national_id", "passport"} & set(values)
            contact = make_contact(services, "x", **{key: values[key] for key in set(values) - schemes})
            for scheme in schemes:
                services.contacts.add_identifier(contact, scheme, values[scheme])
            return contact

        one, two, third = make(first), make(second), make({})
        assert [conflict.name for conflict in services.linking.conflicts(one, two)] == [name]
        for accepted in ((), ("other",)):
            with pytest.raises(Invalid) as refused:
                services.linking.merge(one, two, "x", accepted=accepted)
            assert set(refused.value.errors) == {"accepted"}
        services.linking.link(two, third, "x")  # what stands with a linked record contradicts as well
        assert name in {conflict.name for conflict in services.linking.conflicts(one, third)}
        services.linking.merge(one, two, "x", accepted=(name,))

    app.run(work)


def test_a_record_that_changed_meanwhile_is_looked_at_again(app: App) -> None:
    def work(services: Services) -> None:
        one, two, three = (make_contact(services) for _number in range(3))
        seen = services.linking.seen(one, two)
        assert services.linking.seen(two, one) == seen
        services.linking.link(two, three, "x")
        with pytest.raises(StaleChange):
            services.linking.merge(one, two, "x", seen=seen)
        seen = services.linking.seen(one, two)
        services.contacts.edit(one, {"notes": "تازه"})
        with pytest.raises(StaleChange):
            services.linking.merge(one, two, "x", seen=seen)
        services.linking.merge(one, two, "x", seen=services.linking.seen(one, two))

    app.run(work)


def test_who_may_not_read_both_may_not_link_them(app: App) -> None:
    degrees = ("normal", "confidential", "shielded")
    ids = app.run(lambda services: [make_contact(services, confidentiality=degree).id for degree in degrees])
    clerk, admin = make_clerk(app), make_clerk(app, "admin", roles=[Role.ADMINISTRATOR])

    def verbs(services: Services, other: int) -> list[Any]:
        pair = [services.contacts.get(ids[0]), services.contacts.get(ids[other])]
        return [lambda: services.linking.merge(*pair, "x"), lambda: services.duplicates.tell_apart(*pair),
                lambda: services.duplicates.untell(*pair)]

    for other in (1, 2):
        for number in range(3):
            with pytest.raises(NotFound):
                app.run(lambda services, other=other, number=number: verbs(services, other)[number](), clerk)
    with pytest.raises(Forbidden):
        app.run(lambda services: verbs(services, 1)[0](), admin)


def test_a_hidden_record_between_two_leaves_no_claim_and_no_conflict(app: App) -> None:
    def work(services: Services) -> list[int]:
        one, two = make_contact(services, birth_date="1980-01-01"), make_contact(services)
        secret = make_contact(services, confidentiality="shielded", birth_date="1999-01-01")
        services.linking.link(two, secret, "x")
        return [one.id, two.id, secret.id]

    one, two, secret = app.run(work)
    clerk = make_clerk(app)

    def look(services: Services) -> None:
        contacts = [services.contacts.get(id_) for id_ in (one, two)]
        assert services.linking.conflicts(*contacts) == []
        assert services.linking.claims(contacts[1]) == []
        assert services.linking.members(contacts[1]) == [contacts[1]]
        with pytest.raises(NotFound):
            services.linking.claim(contacts[1], two, secret)
        with pytest.raises(NotFound):
            services.linking.take_back(Link(two, secret, services.now, None, "x"), {})
        services.linking.merge(*contacts, "همان کارت")

    app.run(look, clerk)


# ── taking back ──────────────────────────────────────────────────────────────────────────────────────────────


class Linked:
    """Two linked records with something before the link and something after it."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.first, self.second = app.run(self._before)
        app.run(lambda services: services.linking.link(*self.both(services), "همان تلفن"))
        with app.reading() as services:
            linked = self.link(services).at
        while now_ms() <= linked:  # what comes in the very millisecond of the claim is not after it
            time.sleep(0.001)
        app.run(self._after)

    def both(self, services: Services) -> list[Contact]:
        return [services.contacts.get(id_) for id_ in (self.first, self.second)]

    def _before(self, services: Services) -> tuple[int, int]:
        one, two = make_contact(services, "زهرا"), make_contact(services, "زهره")
        services.interactions.log(one, channel="phone", body="پیش از پیوند")
        submit(services, two, builtin.GENERAL, ASKED, title="پیش از پیوند")
        return one.id, two.id

    def _after(self, services: Services) -> None:
        one, two = self.both(services)
        services.interactions.log(two, channel="letter", body="نامهٔ کهنه", started=services.now - 5 * 86_400_000)
        case = submit(services, two, builtin.GENERAL, ASKED, title="درخواست تازه")
        services.requests.change_status(services, case, "working", "می‌رویم")
        services.interactions.log(two, channel="phone", body="دربارهٔ آن", requests=[case])
        services.contacts.add_identifier(two, "email", "z@example.org", Proof.LINK)
        services.contacts.prove(one, one.identifiers[0], Proof.PAPER)  # no new identifier

    def link(self, services: Services) -> Link:
        return services.linking.claim(self.both(services)[0], self.first, self.second)


def titles(services: Services, linked: Linked) -> set[str]:
    rows = services.linking.born_after(linked.link(services)).rows
    return {getattr(row.thing, "subject", "") or getattr(row.thing, "title", "") or getattr(row.thing, "value", "")
            for row in rows}


def test_what_was_born_after_a_link_is_asked_about(app: App) -> None:
    linked = Linked(app)
    with app.reading() as services:
        assert titles(services, linked) == {"z@example.org", "درخواست تازه", "دربارهٔ آن", "نامهٔ کهنه"}


def test_what_belongs_to_the_other_goes_there_with_all_it_has(app: App) -> None:
    """In one transaction: timeline, requests, work lists, look-ups, audit and journal agree."""
    linked = Linked(app)

    def give(services: Services) -> int:
        link = linked.link(services)
        born = services.linking.born_after(link)
        moves = {row.key: linked.first for row in born.rows}
        return services.linking.take_back(link, moves, reason="دو خواهرند", apart=True, seen=born.seen)

    assert app.run(give) == 4
    with app.reading() as services:
        one, two = linked.both(services)
        (case,) = one.requests.values()
        assert (case.title, case.contact, case.id in two.requests) == ("درخواست تازه", one.id, False)
        assert {event.contact for event in case.events.values()} == {one.id}
        assert len(one.timeline) == 5  # the call before, the letter, the call after, two events of the case
        assert len(two.timeline) == 1
        assert words(services, one)[-1] == "نامهٔ کهنه"
        assert services.contacts.by_identifier("email", "z@example.org") == [one]
        assert [identifier.scheme for identifier in two.identifiers] == ["phone"]
        assert one.identifiers[-1].proof == "link"
        work = services.requests.work()
        assert work is not None
        assert case.id in work
        assert (one.group, two.group) == (None, None)
        assert services.duplicates.said_apart(one, two) is not None
        moved = [row["action"] for contact in (one, two) for row in contact.audit.values()]
        assert moved.count("identifier.moved") == 2
        assert [row["changes"] for row in case.audit.values()][-1] == {"contact": [two.id, one.id]}
        assert [row["changes"]["link"][1] for row in one.audit.values() if row["action"] == "unlinked"] == [
            [one.id, two.id, "دو خواهرند"]]
        entries, _cursor = journal.read(services.root, journal.Cursor(), 1000)
        kinds = {(entry.kind, entry.contact) for entry in entries}
        assert {(kind, id_) for kind in ("interaction.moved", "request.moved", "contact.unlinked")
                for id_ in (one.id, two.id)} <= kinds


def test_by_itself_everything_stays_where_it_is(app: App) -> None:
    linked = Linked(app)
    assert app.run(lambda services: services.linking.take_back(linked.link(services), {})) == 0
    with app.reading() as services:
        one, two = linked.both(services)
        assert (len(one.timeline), len(two.timeline), len(two.requests)) == (1, 5, 2)
        assert services.duplicates.said_apart(one, two) is None


def test_nothing_goes_to_a_stranger_and_nothing_half(app: App) -> None:
    linked = Linked(app)
    stranger = app.run(lambda services: make_contact(services).id)

    def give(services: Services) -> None:
        link = linked.link(services)
        keys = [row.key for row in services.linking.born_after(link).rows]
        services.linking.take_back(link, {keys[0]: linked.first, keys[-1]: stranger})

    with pytest.raises(Invalid):
        app.run(give)
    with app.reading() as services:
        one, two = linked.both(services)
        assert one.group is not None
        assert (len(one.timeline), len(two.timeline)) == (1, 5)


def test_something_born_while_the_form_was_open_is_asked_about_too(app: App) -> None:
    linked = Linked(app)
    with app.reading() as services:
        seen = services.linking.born_after(linked.link(services)).seen
    app.run(lambda services: services.interactions.log(linked.both(services)[0], channel="phone", body="همین حالا"))
    with pytest.raises(StaleChange):
        app.run(lambda services: services.linking.take_back(linked.link(services), {}, seen=seen))


def test_what_may_not_be_read_stays_and_is_only_counted(app: App) -> None:
    linked = Linked(app)
    law = app.run(lambda services: services.units.add("حقوقی", confidential=True).id)
    app.run(lambda services: services.interactions.log(linked.both(services)[1], channel="phone", body="راز", unit=law))
    official = make_clerk(app, "official")

    def about(services: Services) -> None:
        case = submit(services, linked.both(services)[1], builtin.GENERAL, ASKED, title="شکایت")
        case.hidden_from = (official.user_id or 0,)

    app.run(about)

    def look(services: Services) -> None:
        link = linked.link(services)
        born = services.linking.born_after(link)
        assert (born.unread, len(born.rows)) == (1, 4)  # the complaint about oneself is not even a number
        services.linking.take_back(link, {row.key: linked.first for row in born.rows})

    app.run(look, official)
    with app.reading() as services:
        one, two = linked.both(services)
        assert [case.title for case in one.requests.values()] == ["درخواست تازه"]
        assert "راز" in words(services, two)


def test_where_other_claims_hold_it_stays_one_citizen(app: App) -> None:
    def work(services: Services) -> None:
        a, b, c = (make_contact(services) for _number in range(3))
        for one, other in ((a, b), (b, c), (c, a)):
            services.linking.link(one, other, "x")
        link = services.linking.claim(a, a.id, b.id)
        assert services.linking.holds_without(link)
        services.linking.take_back(link, {}, apart=True)
        assert set(services.contacts.linked(a)) == {a, b, c}
        assert services.duplicates.said_apart(a, b) is None  # they are one still, so nothing contradicts it
        rest = services.linking.claim(a, b.id, c.id)
        assert not services.linking.holds_without(rest)
        with pytest.raises(NotFound):
            services.linking.take_back(link, {})

    app.run(work)


def test_what_a_plugin_keeps_about_a_request_moves_along(app: App) -> None:
    spec = Collection("core.bookings", "Bookings", unique=("slot", "request"), person="contact", on_erase="remove")
    app.registry.collections[spec.id] = spec
    linked = Linked(app)

    def book(services: Services) -> int:
        two = linked.both(services)[1]
        case = list(two.requests.values())[-1]
        bookings = services.collections[spec.id]
        bookings.add({"slot": "2", "request": "77", "contact": two.id})
        return bookings.add({"slot": "1", "request": str(case.id), "contact": two.id}).id

    booked = app.run(book)

    def give(services: Services) -> None:
        link = linked.link(services)
        rows = services.linking.born_after(link).rows
        services.linking.take_back(link, {row.key: linked.first for row in rows if isinstance(row.thing, Request)})

    app.run(give)
    with app.reading() as services:
        store = services.root.collections[spec.id]
        assert [item.id for item in store.of_person(linked.first)] == [booked]
        assert len(store.of_person(linked.second)) == 1
        assert store.items[booked].data["contact"] == linked.first


# ── replies ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_reply_goes_to_the_address_the_message_came_from(app: App) -> None:
    """A link joins histories, never addresses: each message keeps its own, on the record it came to."""
    def work(services: Services) -> None:
        one, two = make_contact(services, phone="+989120000001"), make_contact(services, phone="+989120000002")
        services.linking.link(one, two, "x")
        services.interactions.log(two, channel="sms", body="سلام", address="+989120000002")
        (row,) = services.timeline.page(services.contacts.linked(one)).rows
        assert isinstance(row, Entry)
        assert isinstance(row.thing, Interaction)
        assert (row.thing.address, row.thing.contact) == ("+989120000002", two.id)

    app.run(work)


# ── found ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_linked_pair_is_one_hit_by_either_name(app: App) -> None:
    def work(services: Services) -> None:
        one = make_contact(services, "زهرا رضایی‌پور", phone="+989120000001")
        two = services.contacts.create(name="زهره رضائی پور", identifiers=[("phone", "+989120000001")])
        third = services.contacts.create(name="رضا رضایی", identifiers=[("phone", "+989120000001")])
        assert {hit.id for hit in services.finder.find("09120000001").hits} == {one.id, two.id, third.id}
        services.linking.link(one, two, "x")
        found = services.finder.find("09120000001").hits
        (joined,) = [hit for hit in found if hit.id in (one.id, two.id)]
        assert len(found) == 2
        assert {joined.title, *joined.also} == {one.name, two.name}
        for name, id_ in ((one.name, one.id), (two.name, two.id)):
            assert services.finder.find(name).hits[0].id == id_
        services.contacts.edit(two, {"confidentiality": "confidential"})

    app.run(work)
    clerk = make_clerk(app)
    with app.reading(clerk) as services:  # that a counted record is linked with this one is not told
        assert len(services.finder.find("09120000001").hits) == 3


def test_a_record_names_all_that_are_one_citizen_with_it(app: App) -> None:
    with app.transaction() as services:
        a, b, c, alone = (make_contact(services, name) for name in "abcd")
        services.linking.link(c, a, "x")
        services.linking.link(c, b, "x")
        assert {one.linked_ids for one in (a, b, c)} == {tuple(sorted((a.id, b.id, c.id)))}
        assert alone.linked_ids == (alone.id,)
