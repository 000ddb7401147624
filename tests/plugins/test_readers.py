"""Readers of plugins: what happened is told after it was stored, at least once, in order, and holds nobody up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_core import builtin, following, readers
from crm_core.app import App
from crm_core.background import Background
from crm_core.contributions import Collection, Reader
from crm_core.host import Candidate
from crm_core.model.journal import JournalEntry
from crm_core.readers import ReaderRow, ReaderRunner
from crm_core.services import Services
from crm_core.testing.factories import make_contact, submit

Made = Callable[..., Candidate]
OpenWith = Any
CREATED = frozenset({"request.created"})
HEARD = Collection("ear.heard", "Heard")


def hear(services: Services, entry: JournalEntry) -> None:
    services.collections["ear.heard"].add({"request": entry.subject[1]})


def register(app: App) -> int:
    """A general request of a new citizen; its id."""
    return app.run(lambda services: submit(services, make_contact(services), builtin.GENERAL,
                                           {"category": "service"}).id)


def heard(app: App) -> list[int]:
    with app.reading() as services:
        return [item.data["request"] for item in services.collections["ear.heard"]]


def row(app: App) -> ReaderRow:
    with app.reading() as services:
        (found,) = readers.readers(services.root, app.registry)
        return found


def read_all(runner: ReaderRunner) -> None:
    while runner.step():
        pass


def retry_now(app: App) -> None:
    def work(services: Services) -> None:
        services.root.readers["ear.reader"].due = 0

    app.run(work)


def listening(made: Made, read: Any = hear) -> Candidate:
    return made("ear", HEARD, Reader("ear.reader", "Listens", CREATED, read))


def test_a_reader_hears_what_happens_from_its_start_on(made: Made, open_with: OpenWith) -> None:
    app = open_with([listening(made)])
    register(app)
    runner = ReaderRunner(app)
    runner.begin()

    ids = [register(app) for _number in range(5)]
    assert (row(app).waiting, row(app).more) == (5, False)
    assert row(app).oldest is not None
    read_all(runner)

    assert sorted(heard(app)) == sorted(ids)
    assert (row(app).waiting, row(app).count, row(app).oldest) == (0, 5, None)


def test_it_goes_on_where_it_stood_when_the_server_starts_again(made: Made, open_with: OpenWith) -> None:
    app = open_with([listening(made)])
    ReaderRunner(app).begin()
    first = register(app)
    read_all(ReaderRunner(app))
    second = register(app)
    open_with.close(app)

    app = open_with([listening(made)])
    runner = ReaderRunner(app)
    runner.begin()
    read_all(runner)

    assert sorted(heard(app)) == sorted([first, second])


def test_one_that_fails_waits_longer_each_time_and_loses_nothing(made: Made, open_with: OpenWith) -> None:
    moods: list[bool] = [False] * 4

    def moody(services: Services, entry: JournalEntry) -> None:
        hear(services, entry)
        if moods and not moods.pop():
            raise ZeroDivisionError("not listening")

    other = made("other", Reader("other.reader", "Counts", CREATED, lambda services, entry: None))
    app = open_with([listening(made, moody), other])
    runner = ReaderRunner(app)
    runner.begin()
    runner.claimant.lease = -1  # each try takes longer than its claim, and nobody else begins
    ids = [register(app) for _number in range(3)]

    waits = []
    for _try in range(4):
        read_all(runner)
        with app.reading() as services:
            mine, others = readers.readers(services.root, app.registry)
        assert (others.waiting, others.failures) == (0, 0)
        assert (mine.waiting, mine.error) == (3, "ZeroDivisionError: not listening")
        assert mine.retry is not None
        with app.reading() as services:
            waits.append(round((mine.retry - services.root.readers["ear.reader"].tried) / 1000))
        assert heard(app) == []
        retry_now(app)
    read_all(runner)

    assert waits == [2, 4, 8, 16]
    assert sorted(heard(app)) == sorted(ids)
    with app.reading() as services:
        mine = readers.readers(services.root, app.registry)[0]
    assert (mine.failures, mine.error, mine.retry, mine.waiting) == (0, "", None, 0)
    assert app.host.plugins["ear"].failures == 4
    assert app.host.plugins["other"].failures == 0


def test_what_fails_too_often_is_laid_aside_and_the_reader_goes_on(made: Made, open_with: OpenWith) -> None:
    broken = [True]

    def read(services: Services, entry: JournalEntry) -> None:
        if broken[0] and entry.subject[1] == first:
            raise ZeroDivisionError("not this one")
        hear(services, entry)

    app = open_with([listening(made, read)])
    runner = ReaderRunner(app)
    runner.begin()
    contact = app.run(lambda services: make_contact(services).id)
    first, second = (app.run(lambda services: submit(
        services, services.contacts.get(contact), builtin.GENERAL, {"category": "service"}).id) for _number in range(2))
    for _try in range(following.TRIES):
        assert heard(app) == []
        read_all(runner)
        retry_now(app)
    read_all(runner)
    assert heard(app) == [second]
    assert (row(app).dead, row(app).failures, row(app).waiting) == (1, 0, 0)

    def letter() -> Any:
        with app.reading() as services:
            return next(iter(services.dead_letters.rows()), None)

    assert (letter().of, letter().owner, letter().tries) == ("reader", "ear.reader", following.TRIES)
    app.run(lambda services: services.dead_letters.retry(letter().id))
    read_all(runner)  # in vain
    assert (row(app).again, row(app).dead) == (1, 0)

    def at_once(services: Services) -> None:
        desk = services.root.readers["ear.reader"].desk()
        (waiting,) = desk.waiting.values()
        desk.take(waiting)
        desk.wait(waiting, 0)

    app.run(at_once)
    broken[0] = False
    read_all(runner)
    assert (set(heard(app)), letter(), row(app).again) == ({first, second}, None, 0)


def test_a_reader_whose_plugin_was_away_begins_anew_and_one_that_only_failed_goes_on(
    made: Made, open_with: OpenWith
) -> None:
    def broken() -> Any:
        raise ImportError("a half-done upgrade")

    app = open_with([listening(made)])
    ReaderRunner(app).begin()
    open_with.close(app)
    for candidates, missed in (([], False), ([Candidate("ear", broken)], True)):
        app = open_with(candidates)
        ReaderRunner(app).begin()
        id_ = register(app)
        open_with.close(app)

        app = open_with([listening(made)])
        runner = ReaderRunner(app)
        runner.begin()
        read_all(runner)
        assert (id_ in heard(app)) is missed
        open_with.close(app)


def test_a_plugin_that_one_process_lacks_is_not_away_while_another_one_reads_for_it(
    made: Made, open_with: OpenWith
) -> None:
    app = open_with([listening(made)])
    runner = ReaderRunner(app)
    runner.begin()
    lacking = App(app.settings, app.db, app.text_search, list, app.looks)
    ReaderRunner(lacking).begin()  # a web process beside the worker, on a machine without the plugin
    first = register(app)
    read_all(runner)
    second = register(app)  # while the worker is started again

    again = ReaderRunner(app)
    again.begin()
    again.claimant.name = runner.claimant.name
    read_all(again)

    assert sorted(heard(app)) == sorted([first, second])


def test_what_nobody_wanted_is_looked_at_once(
    made: Made, open_with: OpenWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries of other kinds cost no transaction each; after many of them the place is stored."""
    monkeypatch.setattr(readers, "SKIPPED", 8)
    app = open_with([made("ear", HEARD, Reader("ear.reader", "Listens", frozenset({"user.login"}), hear))])
    runner = ReaderRunner(app)
    runner.begin()
    last = app.db.db.lastTransaction()
    assert runner.step() == 0
    assert app.db.db.lastTransaction() == last

    for _number in range(6):
        register(app)
        runner.step()
    with app.reading() as services:
        assert not services.root.readers["ear.reader"].count
    assert row(app).waiting == 0
    register(app)
    read_all(runner)
    assert app.host.plugins["ear"].failures == 0


def test_two_runners_do_not_read_the_same(made: Made, open_with: OpenWith) -> None:
    app = open_with([listening(made)])
    first, second = ReaderRunner(app), ReaderRunner(app)
    first.begin()
    second.begin()
    ids = [register(app) for _number in range(4)]

    assert first.step() == 1
    assert second.step() == 0
    read_all(first)

    assert sorted(heard(app)) == sorted(ids)


def test_the_server_lets_them_read_and_goes_on_with_another_application(made: Made, open_with: OpenWith) -> None:
    import threading

    told = threading.Event()
    plugins: list[Candidate] = []
    empty = open_with([])
    app = App(empty.settings, empty.db, empty.text_search, lambda: plugins, empty.looks)
    with Background(app, idle=(0.01, 0.01)):
        plugins.append(made("ear", Reader("ear.reader", "Listens", CREATED, lambda services, entry: told.set())))
        app.adopt(app.beside())
        for _try in range(3000):
            with app.reading() as services:
                if services.root.readers is not None:
                    break
            threading.Event().wait(0.01)
        register(app)
        assert told.wait(30)
