"""Timers: what is looked at again at its moment, by one runner, once, or after it failed later and later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import time_machine

from crm_core import timers
from crm_core.app import App
from crm_core.contributions import Collection, Timer
from crm_core.host import Candidate
from crm_core.model.ids import now_ms
from crm_core.model.timers import MINUTE, PARTS, TimerBook
from crm_core.services import Services
from crm_core.timers import TimerRunner, TimersRow

Made = Callable[..., Candidate]
OpenWith = Any
RUNG = Collection("bell.rung", "Rung")
HOUR = 60 * MINUTE


def ring(services: Services, object_id: int) -> None:
    services.collections["bell.rung"].add({"object": object_id})


def ringing(made: Made, fire: Any = ring) -> Candidate:
    return made("bell", RUNG, Timer("bell.ring", "Ring", fire))


def set_(app: App, object_id: int, minutes: int) -> None:
    app.run(lambda services: services.timers.at(services.now + minutes * MINUTE, "bell.ring", object_id))


def rung(app: App) -> list[int]:
    with app.reading() as services:
        return sorted(item.data["object"] for item in services.collections["bell.rung"])


def row(app: App) -> TimersRow:
    with app.reading() as services:
        return timers.timers(services.root, services.now)


def test_each_fires_once_when_its_minute_has_come(made: Made, open_with: OpenWith) -> None:
    app = open_with([ringing(made)])
    runner = TimerRunner(app)
    assert (runner.step(), row(app)) == (0, TimersRow(0, None, None, 0))
    with time_machine.travel(now_ms() / 1000, tick=False) as clock:
        for number, minutes in ((1, 90), (2, 30), (2 + PARTS, 30), (2, 30), (3, -5)):
            set_(app, number, minutes)
        assert row(app).count == 4, "the same one twice is one"
        assert (runner.step(), rung(app)) == (1, [3])
        assert (runner.step(), row(app).overdue) == (0, None)
        clock.shift(31 * 60)
        assert row(app).overdue is not None
        assert (runner.step(), rung(app)) == (2, [2, 3, 2 + PARTS])
        clock.shift(3600)
        assert (runner.step(), rung(app)) == (1, [1, 2, 3, 2 + PARTS])
    assert row(app) == TimersRow(0, None, None, 0)


def test_one_that_fails_comes_again_and_is_a_dead_letter_in_the_end(
    made: Made, open_with: OpenWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "TRIES", 3)
    moods = [True] * 3

    def moody(services: Services, object_id: int) -> None:
        ring(services, object_id)
        if object_id == 1 and moods and moods.pop():
            raise ZeroDivisionError("cracked")

    app = open_with([ringing(made, moody)])
    runner = TimerRunner(app)
    with time_machine.travel(now_ms() / 1000, tick=False) as clock:
        set_(app, 1, 0)
        set_(app, 2, 0)
        clock.shift(60)
        runner.step()
        assert rung(app) == [2], "the other one is not held up"
        for _try in range(2):
            clock.shift(3600)
            runner.step()
        assert (rung(app), row(app).count, row(app).dead) == ([2], 0, 1)
        with app.reading() as services:
            (letter,) = services.dead_letters.rows()
        assert (letter.of, letter.owner, letter.subject, letter.error) == (
            "timer", "bell.ring", ("bell.ring", 1), "ZeroDivisionError: cracked")
        app.run(lambda services: services.dead_letters.retry(letter.id))
        clock.shift(60)
        runner.step()
    assert rung(app) == [1, 2]


def test_one_that_is_set_again_for_its_minute_while_it_fires_is_looked_at_again(
    made: Made, open_with: OpenWith
) -> None:
    """Somebody changed the object at that moment; the handler began before that."""
    seen: list[int] = []

    def fire(services: Services, object_id: int) -> None:
        seen.append(len(services.collections["bell.rung"]))
        if len(seen) == 1:
            app.run(change)

    def change(services: Services) -> None:
        ring(services, 7)
        services.timers.at(now - MINUTE, "bell.ring", 7)

    now = now_ms()
    app = open_with([ringing(made, fire)])
    app.run(lambda services: services.timers.at(now - MINUTE, "bell.ring", 7))
    runner = TimerRunner(app)
    while runner.step():
        pass
    assert seen == [0, 1]
    assert row(app).count == 0


def test_one_of_an_absent_plugin_waits_for_it(made: Made, open_with: OpenWith) -> None:
    app = open_with([ringing(made)])
    with time_machine.travel(now_ms() / 1000, tick=False) as clock:
        set_(app, 1, 0)
        open_with.close(app)
        app = open_with([])
        clock.shift(60)
        runner = TimerRunner(app)
        assert (runner.step(), row(app).count, row(app).overdue) == (1, 1, None)
        assert runner.step() == 0
        open_with.close(app)
        app = open_with([ringing(made)])
        clock.shift(2 * 3600)
        assert (TimerRunner(app).step(), rung(app)) == (1, [1])


def test_two_runners_do_not_fire_the_same(made: Made, open_with: OpenWith) -> None:
    app = open_with([ringing(made)])
    set_(app, 1, -1)
    first, second = TimerRunner(app), TimerRunner(app)
    assert first.step() == 1
    set_(app, 2, -1)
    assert (second.step(), first.step(), rung(app)) == (0, 1, [1, 2])


def test_a_kind_that_nobody_contributed_cannot_be_set(open_with: OpenWith) -> None:
    app = open_with([])
    with pytest.raises(ValueError, match=r"there is no timer 'bell\.ring'"):
        set_(app, 1, 0)


def test_what_meets_in_one_minute_and_one_place_is_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    from crm_core.model import timers as stored

    monkeypatch.setattr(stored, "crc32", lambda _data: 7)
    book = TimerBook()
    for object_id in (1, 1 + PARTS, 1):
        book.add(HOUR, "bell.ring", object_id)
    assert [row[1] for _key, _part, row in book.due(HOUR)] == [1, 1 + PARTS]
    book.forget(lambda kind: kind == "bell.ring")
    assert len(book) == 0
