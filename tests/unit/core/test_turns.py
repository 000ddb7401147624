"""The right of way of whoever others outran (`crm_core.turns`)."""

from __future__ import annotations

import threading

import pytest

from crm_core import turns as module
from crm_core.turns import FIRST_WITH_RIGHT, Turns


def outrun(turns: Turns) -> module.Turn:
    """One that was outrun often enough to have the right of way."""
    turn = turns.one()
    for attempt in range(1, FIRST_WITH_RIGHT + 1):
        turn.before(attempt)
    return turn


def newcomer(turns: Turns, order: list[str]) -> threading.Thread:
    """Somebody else, who begins a first try in another thread and says so in ``order``."""

    def work() -> None:
        with turns.one() as turn:
            turn.before(1)
            order.append("newcomer")

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_newcomers_wait_for_the_one_that_was_outrun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 60.0)
    turns, order = Turns(), list[str]()
    with outrun(turns) as turn:
        thread = newcomer(turns, order)
        turn.before(FIRST_WITH_RIGHT + 1)  # it keeps it when it was outrun once more
        thread.join(0.05)
        order.append("outrun")
    thread.join(60)
    assert order == ["outrun", "newcomer"]


def test_nobody_waits_for_one_that_was_outrun_once() -> None:
    turns, order = Turns(), list[str]()
    with turns.one() as turn:
        turn.before(1)
        turn.before(FIRST_WITH_RIGHT - 1)
        newcomer(turns, order).join(60)
        assert order == ["newcomer"]


def test_nobody_stands_still_behind_a_long_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.01)
    turns, order = Turns(), list[str]()
    with outrun(turns):
        newcomer(turns, order).join(60)
        assert order == ["newcomer"]


def test_what_is_begun_within_a_try_does_not_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 60.0)
    turns, order = Turns(), list[str]()
    with outrun(turns):
        with outrun(turns):
            pass
        thread = newcomer(turns, order)
        thread.join(0.05)
        assert order == [], "the way was not given back by what was within"
    thread.join(60)


def test_the_way_is_given_back_when_it_fails() -> None:
    turns, order = Turns(), list[str]()
    with pytest.raises(ValueError, match="wrong"), outrun(turns):
        raise ValueError("wrong")
    newcomer(turns, order).join(60)
    assert order == ["newcomer"]
