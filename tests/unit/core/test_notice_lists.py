"""A user's notices when two transactions write at one moment: both stay, what is gone stays gone."""

from __future__ import annotations

from typing import Any

from crm_core.model.notice import MOST, NoticeList, Row


def row(number: int, contact: int = 0) -> Row:
    return (number, number, "request.reopened", 0, contact, "{}")


def state(told: NoticeList) -> dict[str, Any]:
    return {"unseen": told.unseen, "seen": told.seen}


def of(*rows: Row) -> NoticeList:
    told = NoticeList()
    for one in rows:
        told.add(one)
    return told


def test_both_appends_stay_and_seen_is_seen() -> None:
    old, saved, new = (of(row(1), row(2)) for _time in range(3))
    saved.add(row(3))
    saved.mark_seen(frozenset({1}))
    new.add(row(4))
    new.mark_seen(frozenset({2}))
    merged = NoticeList()._p_resolveConflict(state(old), state(saved), state(new))
    assert [one[0] for one in merged["unseen"]] == [3, 4]
    assert sorted(one[0] for one in merged["seen"]) == [1, 2]


def test_what_one_forgot_does_not_come_back() -> None:
    old, saved, new = (of(row(1, contact=7), row(2)) for _time in range(3))
    assert saved.forget(frozenset({7}), frozenset())
    new.mark_seen(frozenset({1}))
    new.add(row(3))
    merged = NoticeList()._p_resolveConflict(state(old), state(saved), state(new))
    assert [one[0] for one in merged["unseen"]] == [2, 3] and not merged["seen"]


def test_the_seen_give_way_first() -> None:
    told = of(*map(row, range(1, MOST + 1)))
    told.mark_seen(frozenset({MOST}))
    told.add(row(MOST + 1))
    assert not told.seen and len(told.unseen) == MOST and told.unseen[0][0] == 1
    assert not told.mark_seen(frozenset({MOST})) and not told.forget(frozenset({5}), frozenset())
