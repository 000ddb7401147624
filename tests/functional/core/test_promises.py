"""The promise ledger: kept in time or late, broken and counted, reminded of in time; and its duties to the citizen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from crm_core import builtin
from crm_core.app import App
from crm_core.checks import derived, repair
from crm_core.errors import CrmError, Invalid, NotFound
from crm_core.model.contact import Contact
from crm_core.model.ids import now_ms
from crm_core.model.promise import Promise, PromiseState
from crm_core.model.timeline import PROMISES
from crm_core.security.identity import Identity
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.promises import DAY, HOUR, MINUTE, Counts, remind_at
from crm_core.services.timeline import Entry, Filter
from crm_core.testing.factories import make_clerk, make_contact, submit
from crm_core.timers import TimerRunner

ASKED = {"category": "service"}
LONG = 1 << 60


class Office:
    """An app with a unit of two clerks and an expert elsewhere; a clock that stands still and can be moved."""

    def __init__(self, app: App, clock: Any) -> None:
        self.app, self.clock = app, clock
        self.unit, self.other = app.run(lambda services: tuple(
            services.units.add(name=name).id for name in ("پذیرش", "خدمات")))
        self.clerk = make_clerk(app, "clerk", units=[self.unit])
        self.second = make_clerk(app, "second", units=[self.unit])
        self.expert = make_clerk(app, "expert", roles=[Role.EXPERT], units=[self.other])

    def run(self, work: Any, who: Identity | None = None) -> Any:
        return self.app.run(work, who or self.clerk)

    def contact(self, name: str = "") -> int:
        return int(self.run(lambda services: make_contact(services, name).id))

    def promise(self, contact: int, hours: float = 2, *, who: Identity | None = None, **more: Any) -> int:
        def work(services: Services) -> int:
            more.setdefault("what", "call")
            due = services.now + int(hours * HOUR)
            return services.promises.make(services.contacts.get(contact), due=due, **more).id

        return int(self.run(work, who))

    def do(self, verb: str, id_: int, *arguments: Any, who: Identity | None = None, **more: Any) -> Any:
        return self.run(lambda services: getattr(services.promises, verb)(services.promises.get(id_), *arguments,
                                                                          **more), who)

    def later(self, hours: float) -> None:
        """Let time pass, and the timers with it."""
        self.clock.shift(hours * 3600)
        runner = TimerRunner(self.app)
        while runner.step():
            pass

    def told(self, who: Identity) -> list[str]:
        with self.app.reading(who) as services:
            return [str(notice.kind.text).partition(" ")[0] for notice in services.notices.all()]

    def counts(self, **owner: int) -> Counts:
        with self.app.reading(self.clerk) as services:
            return services.promises.counts(0, LONG, **owner)

    def whole(self) -> None:
        with self.app.reading() as services:
            assert [mistake.message for mistake in derived(services.root)] == []


@pytest.fixture
def office(app: App) -> Iterator[Office]:
    with time_machine.travel(now_ms() // MINUTE * 60, tick=False) as clock:
        made = Office(app, clock)
        yield made
        made.whole()


def kinds(services: Services, contact: Contact) -> list[str]:
    rows = services.timeline.page([contact], Filter(kinds=PROMISES)).rows
    return [row.thing.kind for row in rows if isinstance(row, Entry)]


def test_a_promise_is_owed_reminded_of_and_kept(office: Office) -> None:
    contact = office.contact()
    id_ = office.promise(contact, 8, words=" زمان  بازدید ")
    with office.app.reading(office.clerk) as services:
        (mine,) = services.promises.due_of_user(office.clerk.user_id)
        assert (mine.words, mine.user, mine.unit, mine.made_in) == ("زمان بازدید", office.clerk.user_id, None,
                                                                    office.unit)
        assert services.promises.due_of_user(office.second.user_id) == []
        assert services.promises.words(mine) == {"en": "Call: زمان بازدید", "fa": services.promises.words(mine)["fa"]}
    office.later(5.9)
    assert office.told(office.clerk) == []
    office.later(0.2)
    assert office.told(office.clerk) == ["Promised"] and office.told(office.second) == []
    office.do("keep", id_, "گفتم", who=office.second)
    office.later(10)
    assert office.told(office.clerk) == ["Promised"]
    with office.app.reading(office.clerk) as services:
        found = services.promises.get(id_)
        assert (found.state, found.broke, found.note, found.ended_by) == (
            PromiseState.KEPT, None, "گفتم", office.second.user_id)
        assert services.promises.due_of_user(office.clerk.user_id) == []
        assert kinds(services, services.contacts.get(contact)) == ["promise.kept", "promise.made"]
    assert office.counts(user=office.clerk.user_id) == Counts(kept=1)


def test_that_it_broke_is_noted_once_and_stays_when_it_is_kept_late(office: Office) -> None:
    contact = office.contact()
    id_ = office.promise(contact, 1, unit=office.unit)
    office.later(0.8)
    office.later(1)
    assert office.told(office.clerk) == office.told(office.second) == ["Not", "Promised"]
    assert office.told(office.expert) == []
    office.later(24)
    assert office.told(office.clerk) == ["Not", "Promised"]
    assert office.counts(unit=office.unit) == Counts(open=1, past=1)
    office.do("keep", id_)
    with office.app.reading(office.clerk) as services:
        found = services.promises.get(id_)
        assert found.state == PromiseState.KEPT and found.broke == found.due and found.is_broken(services.now)
        assert kinds(services, services.contacts.get(contact)) == ["promise.kept", "promise.broken", "promise.made"]
    assert office.counts(unit=office.unit) == Counts(late=1)
    with pytest.raises(CrmError, match="ended already"):
        office.do("keep", id_)


def test_a_break_is_noted_also_while_no_timer_ran(office: Office) -> None:
    first, second, third = (office.promise(office.contact(), 1) for _number in range(3))
    office.clock.shift(2 * 3600)
    office.do("keep", first)
    office.do("withdraw", second, "شماره اشتباه بود")
    new = office.do("move", third, now_ms() + HOUR)
    assert office.counts(user=office.clerk.user_id) == Counts(open=1, late=1, broken=2)
    with office.app.reading(office.clerk) as services:
        old, moved = services.promises.get(third), services.promises.get(new.id)
        assert (old.replaced_by, moved.replaces, old.state) == (moved.id, old.id, PromiseState.BROKEN)
    office.later(0)
    assert "Not" not in office.told(office.clerk)


def test_moved_or_withdrawn_in_time_is_not_broken(office: Office) -> None:
    first, second = (office.promise(office.contact(), 3, unit=office.unit) for _number in range(2))
    office.do("move", first, now_ms() + 5 * HOUR, user=office.second.user_id)
    with pytest.raises(Invalid) as refused:
        office.do("withdraw", second, " \u200c")
    assert set(refused.value.errors) == {"note"}
    office.do("withdraw", second, "خودش آمد")
    assert office.counts(unit=office.unit) == Counts(withdrawn=2)
    assert office.counts(user=office.second.user_id) == Counts(open=1)
    with pytest.raises(Invalid):
        office.do("move", office.promise(office.contact()), now_ms() - 1)


def test_what_cannot_be_promised(office: Office) -> None:
    contact, stranger = office.contact(), office.contact()
    code = office.run(lambda services: submit(services, services.contacts.get(stranger), builtin.GENERAL, ASKED).code)

    def work(services: Services) -> None:
        def refused(**more: Any) -> set[str]:
            values = {"what": "call", "due": services.now + HOUR} | more
            with pytest.raises(Invalid) as error:
                services.promises.make(services.contacts.get(contact), **values)
            return set(error.value.errors)

        assert refused(what="moon") == {"what"}
        assert refused(what="other") == {"words"}
        assert refused(words="x" * 2000) == {"words"}
        assert refused(due=services.now) == {"due"} == refused(due=services.now + 800 * DAY)
        assert refused(user=office.clerk.user_id, unit=office.unit) == {"owner"} == refused(user=1) == refused(unit=1)
        assert refused(request=services.requests.by_code(code)) == {"request"}
        assert not services.contacts.get(contact).promises

    office.run(work)


@pytest.mark.parametrize(("minutes", "before"), [(8 * 60, 120), (40, 15), (10, 15), (60 * 24 * 30, 24 * 60)])
def test_a_quarter_of_the_time_before(minutes: int, before: int) -> None:
    assert remind_at(0, minutes * MINUTE) == (minutes - before) * MINUTE


def test_who_may_know_of_it(office: Office) -> None:
    contact = office.contact("پنهان")
    case = office.run(lambda services: submit(services, services.contacts.get(contact), builtin.GENERAL, ASKED,
                                              unit=office.unit).code)
    own = office.promise(contact, unit=office.unit)
    lent = office.promise(contact, user=office.expert.user_id)

    def about(services: Services) -> int:
        return services.promises.make(services.contacts.get(contact), "answer", services.now + HOUR, unit=office.other,
                                      request=services.requests.by_code(case)).id

    tied = office.run(about)
    with office.app.reading(office.expert) as services:
        assert services.promises.get(lent).user == office.expert.user_id  # who owes it reads it
        for hidden in (own, tied):  # another unit's, and about a request of another unit
            with pytest.raises(NotFound):
                services.promises.get(hidden)
        assert [one.id for one in services.promises.of_contact([services.contacts.get(contact)])] == [lent]
        assert services.promises.due_of_unit(office.other) == []
    with pytest.raises(Invalid) as refused:  # nobody owes what he may not read
        office.run(lambda services: services.promises.make(
            services.contacts.get(contact), "answer", services.now + HOUR, user=office.expert.user_id,
            request=services.requests.by_code(case)))
    assert set(refused.value.errors) == {"owner"}
    office.app.run(lambda services: services.contacts.edit(services.contacts.get(contact),
                                                           {"confidentiality": "shielded"}))
    with office.app.reading(office.clerk) as services:
        assert services.promises.of_contact([services.contacts.get(contact)]) == []
        assert services.promises.due_of_unit(office.unit) == []
    assert office.counts(unit=office.unit) == Counts()
    office.later(3)
    assert office.told(office.clerk) == office.told(office.expert) == []


def test_linked_records_show_each_others_and_part_again(office: Office) -> None:
    first, other = office.contact("زهرا"), office.contact("زهره")
    office.promise(first)
    office.run(lambda services: services.linking.link(services.contacts.get(first), services.contacts.get(other), "x"))
    office.clock.shift(60)
    born = office.promise(first, 4)

    def check(services: Services) -> None:
        linked = services.contacts.linked(services.contacts.get(other))
        assert len(services.promises.of_contact(linked)) == 2
        link = services.contacts.get(first).group.links[0]
        keys = {row.key for row in services.linking.born_after(link).rows}
        assert keys == {f"p{born}"}
        services.linking.take_back(link, {f"p{born}": other})
        assert [one.id for one in services.promises.of_contact([services.contacts.get(other)])] == [born]
        assert kinds(services, services.contacts.get(other)) == ["promise.made"]
        assert kinds(services, services.contacts.get(first)) == ["promise.made"]

    office.run(check)


def test_it_follows_its_request(office: Office) -> None:
    first, other = office.contact(), office.contact()
    office.run(lambda services: services.linking.link(services.contacts.get(first), services.contacts.get(other), "x"))
    office.clock.shift(60)

    def work(services: Services) -> None:
        case = submit(services, services.contacts.get(first), builtin.GENERAL, ASKED)
        promise = services.promises.make(services.contacts.get(other), "answer", services.now + HOUR, request=case)
        assert promise.contact == first  # it stands with the record that has the request
        link = services.contacts.get(first).group.links[0]
        services.linking.take_back(link, {f"r{case.id}": other})
        assert promise.contact == other and services.promises.of_request(case) == [promise]
        assert not services.contacts.get(first).promises

    office.run(work)


def test_nobody_owes_what_was_promised_by_who_left(office: Office) -> None:
    contact = office.contact()
    id_ = office.promise(contact, 8)
    lent = office.promise(contact, 8, user=office.expert.user_id)
    office.app.run(lambda services: services.users.edit(services.users.get(office.clerk.user_id), {"active": False}))
    with office.app.reading(office.second) as services:
        assert [one.id for one in services.promises.due_of_unit(office.unit)] == [id_]
        assert services.promises.get(lent).user == office.expert.user_id
    office.later(7)
    assert office.told(office.second) == ["Promised"] and office.told(office.clerk) == []


def test_a_unit_that_is_closed_leaves_its_promises_to_its_successor(office: Office) -> None:
    id_ = office.promise(office.contact(), 8, unit=office.unit)

    def close(services: Services) -> None:
        unit, other = services.units.get(office.unit), services.units.get(office.other)
        with pytest.raises(Invalid) as refused:
            services.handover.close_unit(unit)
        assert set(refused.value.errors) == {"successor"}
        services.handover.close_unit(unit, other)

    office.app.run(close)
    with office.app.reading(office.expert) as services:
        assert [one.id for one in services.promises.due_of_unit(office.other)] == [id_]
        assert services.promises.due_of_unit(office.unit) == []


def test_export_and_erasure(office: Office) -> None:
    contact = office.contact("نرگس سلامت")
    ended, still = office.promise(contact, words="نتیجهٔ بازدید"), office.promise(contact, 5, unit=office.unit)
    office.do("keep", ended, "همکار گفت")
    office.later(4.5)
    assert office.told(office.clerk)

    def work(services: Services) -> None:
        data = services.export.person(services.contacts.get(contact), language="en").data
        assert {row["state_words"] for row in data["promises"]} == {"Kept", "Open"}
        assert data["left_out"]["notes"] == 1 and "همکار" not in str(data)
        assert "همکار" in str(services.export.person(services.contacts.get(contact), internal=True).data)
        extent = services.erasure.extent(services.contacts.get(contact))
        assert extent.promises == 2
        services.erasure.erase(services.contacts.get(contact), "خواست خودش", seen=extent.seen)
        assert len(services.root.promises.promises) == 0
        for owed in services.root.promises.lists():
            assert not owed.open and not owed.ended

    office.app.run(work)
    assert office.told(office.clerk) == []
    office.later(10)
    with office.app.reading() as services:
        assert services.root.promises.promises.get(still) is None


def test_the_check_finds_and_mends_what_is_misfiled(office: Office) -> None:
    contact = office.contact()
    first, second = office.promise(contact), office.promise(contact, 3, unit=office.unit)

    def spoil(services: Services) -> None:
        book, one = services.promises.book(), services.contacts.get(contact)
        book.users[office.clerk.user_id].open.clear()
        book.units[office.unit].open[1, 1] = book.promises[first]
        del one.promises[second]
        key = next(iter(one.timeline.keys()))
        del one.timeline[key]

    office.app.run(spoil)
    with office.app.reading() as services:
        assert len(list(derived(services.root))) >= 4
    repair(office.app)


def test_four_clerks_promise_at_once(office: Office) -> None:
    """Two transactions over one state: both promises stand in the unit's list."""
    contacts = [office.contact() for _number in range(2)]
    made: list[Promise] = []

    def outer(services: Services) -> None:
        if not made:
            made.append(services.promises.make(services.contacts.get(contacts[0]), "call", services.now + HOUR,
                                               unit=office.unit))
            office.promise(contacts[1], unit=office.unit, who=office.second)
        else:
            services.promises.make(services.contacts.get(contacts[0]), "call", services.now + HOUR, unit=office.unit)

    office.promise(office.contact(), unit=office.unit)  # the list is there
    office.run(outer)
    with office.app.reading(office.clerk) as services:
        assert len(services.promises.due_of_unit(office.unit)) == 3
