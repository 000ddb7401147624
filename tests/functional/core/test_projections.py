"""Projections: stepped by one runner at a time, rebuilt beside the work, whatever goes wrong tried again and told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crm_core import builtin, claims, projections
from crm_core.app import App
from crm_core.background import PROJECTION, Background
from crm_core.backup.transactions import last_transaction
from crm_core.checks import check_app
from crm_core.health import Part, health
from crm_core.model.ids import now_ms
from crm_core.projections import Busy, ProjectionRunner
from crm_core.services.textsearch import Document
from crm_core.testing.factories import make_contact, submit
from crm_core.textfeed import JournalSource
from crm_search.indexer import Indexer

OpenApp = Callable[..., App]


class Counting:
    """A projection in memory: how many entries of the journal there were; it fails when told to."""

    id, title, place = "counting", "Counting", "nowhere"

    def __init__(self, app: App) -> None:
        self.source = JournalSource(app.db)
        self.cursor: str | None = None
        self.count = 0
        self.error: BaseException | None = None
        self.stepped = threading.Semaphore(0)
        self.forgotten: list[frozenset[str]] = []

    def step(self, progress: Any = None) -> int:
        self.stepped.release()
        if self.error is not None:
            raise self.error
        if self.cursor is None:
            return self.rebuild(progress) or 1
        entries, self.cursor = self.source.batch(self.cursor, 3)
        self.count += len(entries)
        return len(entries)

    def rebuild(self, progress: Any = None) -> int:
        cursor = self.source.start_cursor()
        self.count = self.source.lag(None)
        if progress is not None:
            progress(self.count)
        self.cursor = cursor
        return self.count

    def lag(self) -> int | None:
        return None if self.cursor is None else self.source.lag(self.cursor)

    def forget(self, keys: frozenset[str]) -> None:
        self.forgotten.append(keys)

    def close(self) -> None:
        self.cursor = None


def give(app: App) -> Counting:
    counting = Counting(app)
    app._projections = (counting,)
    return counting


def register(app: App) -> None:
    app.run(lambda services: submit(services, make_contact(services), builtin.GENERAL, {"category": "service"}))


def part(app: App, name: str) -> Part:
    with app.reading() as services:
        return next(one for one in health(app, services) if one.name == name)


def test_it_is_built_from_what_there_is_and_then_follows(app: App) -> None:
    counting = give(app)
    assert isinstance(counting, projections.Projection)
    register(app)
    assert part(app, "projections").tone == "warn"
    assert check_app(app)["behind"]["counting"] is None
    assert check_app(app)["problems"] == [], "what is not built yet is no fault"
    runner = ProjectionRunner(app, counting)
    assert runner.step() == 2
    assert (runner.step(), counting.lag()) == (0, 0)
    register(app)
    assert check_app(app)["behind"]["counting"] == 2
    assert (runner.step(), runner.step(), counting.count) == (2, 0, 4)
    assert part(app, "projections").tone == "good"
    assert runner.rebuild() == 4


@pytest.mark.file_storage  # with a server the claim of the one that ended lasts a while
def test_an_error_is_told_until_it_is_over(app: App) -> None:
    counting = give(app)
    register(app)
    counting.error = ConnectionError("the tables are away")
    runner = ProjectionRunner(app, counting)
    last = last_transaction(app.db.db.storage)
    for _try in range(3):
        with pytest.raises(ConnectionError):
            runner.step()
    told = last_transaction(app.db.db.storage)
    assert told != last
    found = part(app, "projections")
    assert (found.tone, found.facts["projections"][0]["error"]) == ("bad", "ConnectionError: the tables are away")
    counting.error = None
    ProjectionRunner(app, counting).step()  # another process, after this one ended
    assert part(app, "projections").tone == "good"


def test_what_is_erased_is_told_at_once_and_closing_closes_it(app: App) -> None:
    counting = give(app)
    contact = app.run(lambda services: make_contact(services).id)
    app.run(lambda services: services.erasure.erase(services.contacts.get(contact), "asked for it"))
    assert str(contact) in counting.forgotten[0]
    assert app.beside().projections == (counting,)


@pytest.mark.postgresql
def test_of_two_processes_one_feeds_it_and_gives_it_to_who_asks(postgresql_uri: str, open_app: OpenApp) -> None:
    first, second = open_app(zodburi=postgresql_uri), open_app(zodburi=postgresql_uri)
    counting = give(first)
    runners = [ProjectionRunner(app, counting) for app in (first, second)]
    register(first)
    assert [runner.step() for runner in runners] == [2, 0]
    register(second)
    assert runners[1].step() == 0, "the other one has it"
    assert runners[0].step() == 2
    register(first)
    asking = threading.Thread(target=runners[1].rebuild)
    asking.start()
    while asking.is_alive():
        runners[0].step()  # gives it back
        asking.join(0.05)
    assert counting.count == 6
    register(first)
    assert runners[1].step() == 2, "who asked had it, and gave it back; whoever is first takes it"
    assert runners[0].step() == 0


@pytest.mark.postgresql
def test_who_does_not_give_it_back_is_named_busy_and_who_ended_has_nothing(
    postgresql_uri: str, open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crm_core.processes import Presence, processes

    first, second = open_app(zodburi=postgresql_uri), open_app(zodburi=postgresql_uri)
    counting = give(first)
    presence = Presence(first, "crm worker")
    presence.beat()
    assert ProjectionRunner(first, counting).step() == 1
    monkeypatch.setattr(projections, "PATIENCE", 300)
    with pytest.raises(Busy, match="Counting"):
        ProjectionRunner(second, counting).rebuild()
    with second.reading() as services:
        (row,) = processes(services.root, services.now)
        assert row.what == "crm worker"
    presence.end()
    assert ProjectionRunner(second, counting).rebuild() == 0
    with second.reading() as services:
        assert processes(services.root, services.now) == []


@pytest.mark.file_storage
def test_a_claim_of_a_process_that_never_said_it_lives_lasts(app: App) -> None:
    from crm_core.model.runs import Standing

    state = Standing()
    state.claimed_by, state.claimed_until = "elsewhere:1", now_ms() + 60_000
    assert claims.Claimant(app, 1000).may_take(state), "one process holds the file; another one's claim is over"


class Desk:
    """A source of documents without end."""

    def __init__(self) -> None:
        self.scanning = threading.Event()

    def start_cursor(self) -> str:
        return "{}"

    def batch(self, cursor: str, limit: int) -> tuple[list[Any], str]:
        return [], cursor

    def documents(self, entries: list[Any]) -> tuple[list[Document], list[tuple[str, int]]]:
        return [], []

    def lag(self, cursor: str) -> int:
        return 0

    def scan(self) -> Iterator[Document]:
        number = 0
        while True:
            number += 1
            self.scanning.set()
            yield Document(number, "interaction", None, "", "چراغ", (), number, None)


def test_ending_gives_up_what_takes_long(open_app: OpenApp) -> None:
    app = open_app(search="whoosh")
    desk = Desk()
    app._projections = (Indexer(app.text_search, desk),)
    background = Background(app, idle=(0.01, 0.01))
    background.start()
    assert desk.scanning.wait(30)
    assert app.background is background
    assert background.alive()[f"{PROJECTION}search"]
    background.stop()
    assert not any(background.alive().values())
    assert app.text_search.cursor() is None, "the half index is gone"


def test_a_thread_goes_on_after_errors(app: App) -> None:
    counting = give(app)
    counting.error = ConnectionError("the tables are away")
    register(app)
    with Background(app, idle=(0.01, 0.01)):
        assert counting.stepped.acquire(timeout=30)
        counting.error = None
        assert counting.stepped.acquire(timeout=30), "it tries again"
        while counting.lag() != 0:
            counting.stepped.acquire(timeout=0.02)
    assert counting.count == 2
