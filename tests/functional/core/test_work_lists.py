"""Work lists: what is counted, filtered and sorted without loading agrees with asking each request, whoever asks."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from BTrees.LOBTree import LOBTree
from BTrees.OOBTree import OOTreeSet

from crm_core import builtin, evolve
from crm_core.app import App
from crm_core.db import root_of
from crm_core.model.request import Category, Priority, Request
from crm_core.model.worklist import WorkList
from crm_core.rehearsal import rehearse
from crm_core.security.identity import SYSTEM, Identity
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.visibility import Eyes, Visibility
from crm_core.services.worklists import Place, Tally, Wanted
from crm_core.testing.factories import make_clerk, make_contact, submit
from crm_core.text.folding import fold
from crm_core.verification import filing

DAY = 86_400_000
ROLES = {"clerk": Role.CLERK, "expert": Role.EXPERT, "supervisor": Role.SUPERVISOR, "executive": Role.EXECUTIVE,
         "admin": Role.ADMINISTRATOR}


class Town:
    """Two units, somebody of each role in the first of them, and some hundred requests that were changed at random."""

    def __init__(self, app: App, seed: int) -> None:
        self.app = app
        self.random = random.Random(seed)
        names = (("آب", False), ("حقوقی", True))
        self.units = [app.run(lambda services, name=name, closed=closed: services.units.add(
            name, confidential=closed).id) for name, closed in names]
        self.who: dict[str, Identity] = {
            login: make_clerk(app, login, roles=[role], units=[self.units[0]]) for login, role in ROLES.items()
        }
        self.users = [identity.user_id for identity in self.who.values()]
        app.run(self._people)
        for _some in range(6):
            app.run(self._requests, self.random.choice((SYSTEM, self.who["clerk"], self.who["expert"])))
            app.run(self._changes, bulk=True)  # whoever it may go to: that is asked elsewhere

    def _people(self, services: Services) -> None:
        self.contacts = [make_contact(services, f"شهروند {number}").id for number in range(12)]

    def _requests(self, services: Services) -> None:
        for number in range(20):
            of = services.contacts.find(self.random.choice((None, *self.contacts)))
            submit(services, of, builtin.GENERAL, {"category": "service"}, title=f"کار {number}",
                   unit=self.random.choice(self.units), priority=self.random.choice(list(Priority)),
                   confidential=self.random.random() < 0.2, channel=self.random.choice(("phone", "email")))

    def _changes(self, services: Services) -> None:
        rng = self.random
        for request in list(services.root.requests.values()):
            deed = rng.randrange(9)
            others = [status.name for status in request.version.statuses if status.name != request.status]
            if deed == 0:
                services.requests.change_status(services, request, rng.choice(others))
            elif deed in (1, 2):
                free = [None, *(user for user in self.users if user not in request.hidden_from)]
                services.requests.assign(request, unit=rng.choice((None, *self.units)), assignee=rng.choice(free))
            elif deed == 3:
                due = rng.choice((None, services.now - DAY, services.now + 60_000, services.now + 9 * DAY))
                services.requests.edit(request, {"due": due, "priority": rng.choice(list(Priority))})
            elif deed == 4 and request.assignee is None and request.is_open:
                self._hide(services, request, rng.choice(self.users))
            elif deed == 5 and request.contact is not None:
                services.interactions.log(services.contacts.get(request.contact), channel="email", body="خبر",
                                          requests=[request])
        for id_ in rng.sample(self.contacts, 2):
            degree = rng.choice(("normal", "confidential", "shielded"))
            services.contacts.edit(services.contacts.get(id_), {"confidentiality": degree})

    @staticmethod
    def _hide(services: Services, request: Request, user: int) -> None:
        request.hidden_from = (user,)
        services.work.work.refile(request)

    def places(self) -> list[Place]:
        of_users = [Place(user=user) for user in self.users]
        return [*of_users, Place(units=(self.units[0],)), Place(units=(self.units[1],)), Place(units=(0,)),
                Place(units=(*self.units, 0))]


def lies_in(request: Request, place: Place) -> bool:
    if not request.is_open:
        return False
    return request.assignee == place.user if place.user is not None else (request.unit or 0) in place.units


def by_hand(services: Services, place: Place) -> Tally:
    """The same counts, by asking every request there is."""
    now, tonight = services.now, services.clock.tonight()
    eyes = Eyes(services.root, services.identity)
    there = [request for request in services.root.requests.values() if lies_in(request, place)]
    known = [request for request in there if eyes.of_request(request) is not Visibility.HIDDEN]
    full = [request for request in there if eyes.of_request(request) is Visibility.FULL]
    return Tally(
        all=len(known),
        today=sum(1 for one in full if one.owed_by is not None and now <= one.owed_by < tonight),
        late=sum(1 for one in full if one.owed_by is not None and one.owed_by < now),
        waiting=sum(1 for one in full if one.category == Category.WAITING),
        free=sum(1 for one in full if one.assignee is None),
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_and_rows_are_what_asking_each_request_gives(open_app: Callable[..., App], seed: int) -> None:
    town = Town(open_app(), seed)
    for identity in (SYSTEM, *town.who.values()):
        with town.app.reading(identity) as services:
            eyes = Eyes(services.root, identity)
            for place in town.places():
                assert services.work.tally(place) == by_hand(services, place), (identity.login, place)
                there = [one for one in services.root.requests.values() if lies_in(one, place)]
                seen = {one.id: eyes.of_request(one) for one in there}
                found = services.work.find(Wanted(place), size=10_000)
                assert {one.id for one in found.requests} == {id_ for id_, how in seen.items() if how == 2}
                assert found.counted == sum(1 for how in seen.values() if how == 1)
                assert found.total == len(found.requests)


def test_what_contacts_have_open_is_counted_without_loading_a_request(open_app: Callable[..., App]) -> None:
    town = Town(open_app(), 8)
    one, two, three = town.contacts[:3]
    for other in (two, three):
        town.app.run(lambda services, other=other: services.linking.link(
            services.contacts.get(one), services.contacts.get(other), "همان است"))

    def by_requests(identity: Identity) -> list[int]:
        with town.app.reading(identity) as services:
            eyes = Eyes(services.root, identity)
            return [sum(1 for one in services.contacts.linked(services.root.contacts[id_])
                        for request in one.requests.values() if request.is_open and eyes.of_request(request))
                    for id_ in town.contacts]

    def age(services: Services) -> None:
        for contact in services.root.contacts.values():
            contact.__dict__.pop("open", None)
            contact._p_changed = True
        services.root.evolved.remove("core.0005")

    for again in (False, True):
        asked = [by_requests(identity) for identity in town.who.values()]
        assert len({tuple(counts) for counts in asked}) > 1  # not everybody may know of everything
        for identity, counts in zip(town.who.values(), asked, strict=True):
            with town.app.db.reading() as connection:
                connection.cacheMinimize()
                services = town.app.services(root_of(connection), identity)
                assert counts == [services.requests.count_open(services.contacts.linked(services.root.contacts[id_]))
                                  for id_ in town.contacts]
                assert not any(isinstance(one, Request) and one._p_changed is not None
                               for _oid, one in connection._cache.items())
        if not again:
            town.app.run(age)
            assert [step["id"] for step in evolve.evolve(town.app.db)] == ["core.0005"]
            with town.app.reading() as services:
                assert list(filing.requests(services.root)) == []


def test_filters_and_order_are_those_of_the_requests(open_app: Callable[..., App]) -> None:
    town = Town(open_app(), 7)
    place = Place(units=(*town.units, 0))
    with town.app.reading(town.who["supervisor"]) as services:
        eyes = Eyes(services.root, services.identity)
        all_ = [one for one in services.root.requests.values()
                if lies_in(one, place) and eyes.of_request(one) is Visibility.FULL]

        def found(**more: Any) -> list[Request]:
            return services.work.find(Wanted(place, **more), size=10_000).requests

        def same(given: list[Request], fits: Callable[[Request], bool]) -> None:
            assert {one.id for one in given} == {one.id for one in all_ if fits(one)}

        user = town.who["clerk"].user_id or 0
        late = services.now
        same(found(categories=frozenset({"waiting", "new"})), lambda one: one.category in ("waiting", "new"))
        same(found(priorities=frozenset({"urgent"})), lambda one: one.priority == "urgent")
        same(found(channels=frozenset({"email"})), lambda one: one.channel == "email")
        same(found(assignees=frozenset({0, user})), lambda one: one.assignee in (None, user))
        same(found(units=frozenset({town.units[1]})), lambda one: one.unit == town.units[1])
        same(found(types=frozenset({"other.kind"})), lambda one: False)
        same(found(due="none"), lambda one: one.owed_by is None)
        same(found(state="late"), lambda one: one.owed_by is not None and one.owed_by < late)
        end = late + 10 * DAY
        same(found(since=late, until=end), lambda one: one.owed_by is not None and late <= one.owed_by < end)
        same(found(words="شهروند كار ۱۱"), lambda one: one.contact == town.contacts[11] or (  # an Arabic kaf
            one.title == "کار 11" and one.contact is not None))
        same(found(words=all_[0].code[:4]), lambda one: all_[0].code[:4] in one.code)
        assert [one.id for one in found(sort="arrival")] == sorted((one.id for one in all_), reverse=True)
        dues = [one.owed_by or 1 << 62 for one in found()]
        assert dues == sorted(dues)
        news = [one.last_news for one in found(sort="news")]
        assert news == sorted(news, reverse=True)
        ranks = [list(Priority).index(Priority(one.priority)) for one in found(sort="priority")]
        assert ranks == sorted(ranks, reverse=True)


def test_pages_are_bounded_and_hold_everything_once(open_app: Callable[..., App]) -> None:
    app = open_app()
    app.run(lambda services: [submit(services, None, builtin.GENERAL, {"category": "service"}) for _one in range(23)])
    with app.reading() as services:
        wanted = Wanted(Place(units=(0,)))
        pages = [services.work.find(wanted, number, size=10) for number in (1, 2, 3)]
        assert [len(page.requests) for page in pages] == [10, 10, 3]
        assert len({one.id for page in pages for one in page.requests}) == 23
        assert (pages[0].total, pages[0].pages) == (23, 3)
        assert services.work.find(wanted, 10**9, size=10).number == 3
        assert services.work.find(wanted, -5, size=10).number == 1


def test_words_are_made_ready_once_and_not_for_each_request(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    folded: list[str] = []

    def counting(text: str) -> str:
        folded.append(text)
        return fold(text)

    monkeypatch.setattr("crm_core.services.worklists.fold", counting)
    with app.transaction() as services:
        for number in range(7):
            submit(services, None, builtin.GENERAL, {"category": "service"}, title=f"آسفالت کوچهٔ {number}")
        found = services.work.find(Wanted(Place(units=(0,)), words="آسفالت  كوچه"))
        assert (found.total, len(folded)) == (7, 2 + 7)


def test_a_word_of_the_citizen_is_news_until_somebody_acts(app: App) -> None:
    with app.transaction() as services:
        contact = make_contact(services)
        request = submit(services, contact, builtin.GENERAL, {"category": "service"}, at=services.now - DAY)
        services.interactions.log(contact, channel="email", body="چه شد؟", requests=[request])
        header = services.work.work.find().header(request.id)  # type: ignore[union-attr]
        assert (header.heard, header.news) == ("email", services.now)
        services.requests.change_status(services, request, "working")
        header = services.work.work.find().header(request.id)  # type: ignore[union-attr]
        assert (header.heard, request.heard) == ("", "")


def test_old_words_filed_late_are_no_news(app: App) -> None:
    with app.transaction() as services:
        contact = make_contact(services)
        request = submit(services, contact, builtin.GENERAL, {"category": "service"}, at=services.now - DAY)

        def log(days: int, direction: str) -> tuple[str, int]:
            services.interactions.log(contact, channel="email", body="چه شد؟", requests=[request], direction=direction,
                                      started=services.now - days * DAY)
            header = services.work.work.find().header(request.id)  # type: ignore[union-attr]
            assert (header.heard, header.news) == (request.heard, request.last_news)
            return request.heard, services.now - request.last_news

        assert log(2, "in") == ("", DAY)  # before it was registered
        assert log(0, "internal") == ("", DAY)
        assert log(1, "in") == ("email", DAY)
        assert log(0, "out") == ("", 0)
        assert log(1, "in") == ("", 0)


def test_kinds_are_counted_for_whoever_asks_without_loading_a_request(open_app: Callable[..., App]) -> None:
    town = Town(open_app(), 5)
    for identity in (SYSTEM, *town.who.values()):
        with town.app.db.reading() as connection:
            services = town.app.services(root_of(connection), identity)
            eyes = Eyes(services.root, identity)
            asked = Counter(one.type for one in services.root.requests.values() if one.is_open and eyes.of_request(one))
            connection.cacheMinimize()
            services = town.app.services(root_of(connection), identity)
            assert services.requests.count_types(1_000) == (asked, False)
            assert not any(isinstance(one, Request) and one._p_changed is not None
                           for _oid, one in connection._cache.items())
            some, cut = services.requests.count_types(10)
            assert cut
            assert sum(some.values()) <= 10


def news_of(services: Services) -> dict[int, tuple[int, str]]:
    """What is known of the last news of each open request."""
    return {one.id: (one.last_news, one.heard) for one in services.root.requests.values() if one.is_open}


class OldList:
    """A list as it lay before core.0002: two trees a part, and no headers."""

    @staticmethod
    def of(work: WorkList) -> WorkList:
        old = WorkList.__new__(WorkList)
        opened, due = LOBTree(), OOTreeSet()
        for request in work.by_due():
            opened[request.id] = request
            due.add((request.owed_by or 0, request.id))
        old.__dict__.update(_open=(opened,), _due=(due,), _veiled=LOBTree())
        return old


def test_a_database_of_the_old_layout_gets_its_lists_anew(open_app: Callable[..., App]) -> None:
    town = Town(open_app(), 4)
    with town.app.reading() as services:
        before = {place: services.work.tally(place) for place in town.places()}
        news = news_of(services)

    def age(services: Services) -> None:
        root = services.root
        for tree in (root.unit_work, root.user_work):
            for key, work in list(tree.items()):
                tree[key] = OldList.of(work)
        for request in root.requests.values():
            request.__dict__.pop("news", None)
            request.__dict__.pop("heard", None)
            request._p_changed = True
        root.evolved.remove("core.0002")

    town.app.run(age)
    assert [step["id"] for step in rehearse(town.app.settings).steps] == ["core.0002"]
    assert [step["id"] for step in evolve.evolve(town.app.db)] == ["core.0002"]
    with town.app.reading() as services:
        assert {place: services.work.tally(place)._replace(today=0, late=0) for place in town.places()} == {
            place: tally._replace(today=0, late=0) for place, tally in before.items()}
        assert news_of(services) == news
        assert {heard for _at, heard in news.values()} == {"", "email"}
