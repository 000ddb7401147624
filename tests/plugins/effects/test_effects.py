"""Effects: acts outside of the desk are said before and after, done with one key, and block nobody."""

from __future__ import annotations

import threading
from typing import Any

from crm_core import effects, following
from crm_core.app import App
from crm_core.background import Background
from crm_core.cli.worker import _follow_decisions
from crm_core.contributions import Effect, NotDone
from crm_core.model.journal import JournalEntry
from crm_core.model.plain import Plain
from crm_core.services import Services


def test_it_acts_from_its_start_on_once_for_each_and_keeps_the_answer(
    open_post: Any, outside: Any
) -> None:
    open_post.close(open_post())
    post = open_post()
    ids = [post.register() for _number in range(3)]
    assert (post.row().waiting, post.row().count) == (3, 0)
    post.act_all()
    post.another().act_all()
    assert sorted(outside.ids) == sorted(ids) == sorted(post.sent())
    assert len({key for _id, key in outside.arrived}) == 3
    assert (post.row().waiting, post.row().count, post.letters()) == (0, 3, [])


def test_what_was_before_its_start_is_never_told(open_post: Any, outside: Any) -> None:
    before = open_post.without_plugin()
    before.register()
    open_post.close(before)
    open_post().act_all()
    assert outside.arrived == []


def test_what_is_not_wanted_any_more_is_left_and_costs_no_transaction(open_post: Any, outside: Any) -> None:
    post = open_post(prepare=lambda services, entry: None)
    post.register()
    last = post.app.db.db.lastTransaction()
    post.act_all()
    assert outside.arrived == []
    assert post.app.db.db.lastTransaction() == last


def test_one_that_is_surely_not_done_waits_for_its_next_try_and_others_go_on(open_post: Any, outside: Any) -> None:
    post = open_post()
    outside.moods = [NotDone("busy")]
    first, second = post.register(), post.register()
    post.act_all()
    assert len(outside.arrived) == 1, "the other one is done"
    assert (post.row().again, post.row().failures) == (1, 0)
    with post.app.reading() as services:
        (waiting,) = services.root.effects["post.tell"].letters.waiting.values()
        assert 1_500 <= waiting.due - waiting.since <= 2_500
        key = waiting.key
    post.make_due()
    post.act_all()
    assert set(outside.ids) == {first, second}
    assert outside.arrived[-1][1] == key, "the key is the same at each try"
    assert (post.row().again, post.row().count) == (0, 2)


def test_of_one_contact_the_later_waits_until_the_earlier_is_done_or_held(open_post: Any, outside: Any) -> None:
    post = open_post()
    contact = post.person()
    first, second, third = post.register(contact), post.register(contact), post.register(contact)
    other = post.register()
    outside.moods_of[first] = [NotDone("busy"), NotDone("busy")]
    post.act_all()
    assert outside.ids == [other]
    assert post.row().again == 3
    post.make_due()
    post.act_all()  # again the first one fails
    assert outside.ids == [other]
    post.make_due()
    post.act_all()
    assert outside.ids == [other, first, second, third]

    first, second = post.register(contact), post.register(contact)
    outside.moods_of[first] = [NotDone("no such number", final=True)]
    post.act_all()
    assert outside.arrived[-1][0] == second, "whoever waits for a person holds up nobody"
    assert [letter.subject[1] for letter in post.letters()] == [first]


def test_what_could_not_be_prepared_or_kept_is_tried_again(
    open_post: Any, outside: Any, prepare: Any, keep: Any
) -> None:
    moods = [ZeroDivisionError("prepare")]

    def moody(services: Services, entry: JournalEntry) -> Plain | None:
        if moods:
            raise moods.pop()
        return prepare(services, entry)

    def fails(services: Services, entry: JournalEntry, answer: Plain) -> None:
        keep(services, entry, answer)
        if answer["number"] == 1:
            raise ZeroDivisionError("done")

    post = open_post(prepare=moody, done=fails, removes_doubles=True)
    id_ = post.register()
    post.act_all()
    assert outside.arrived == []
    post.make_due()
    post.act_all()
    assert (len(outside.arrived), post.sent()) == (1, [])
    post.make_due()
    post.act_all()
    assert (len(outside.arrived), post.sent()) == (2, [id_])
    assert post.app.host.plugins["post"].failures == 1


def test_while_the_other_side_is_down_nothing_new_is_begun(open_post: Any, outside: Any) -> None:
    post = open_post()
    outside.moods = [NotDone("down")] * 100
    for _number in range(effects.IN_A_ROW + 3):
        post.register()
    post.act_all()
    assert len(outside.moods) == 100 - effects.IN_A_ROW
    assert (post.row().again, post.row().waiting) == (effects.IN_A_ROW, 3)
    assert post.row().retry is not None
    outside.moods = []
    post.make_due()
    post.act_all()
    assert len(outside.arrived) == effects.IN_A_ROW + 3
    assert (post.row().failures, post.row().retry) == (0, None)


def test_two_runners_do_not_do_the_same(open_post: Any, outside: Any) -> None:
    first = open_post()
    second = first.another()
    ids = [first.register() for _number in range(3)]
    assert first.runner.step() == 1
    assert second.runner.step() == 0
    first.act_all()
    assert sorted(outside.ids) == sorted(ids)


def test_waits_grow_up_to_an_hour_and_differ() -> None:
    assert [following.wait_before(tries) for tries in (1, 2, 3, 40)] == [2000, 4000, 8000, 3_600_000]
    waits = {following.with_jitter(100_000) for _number in range(50)}
    assert len(waits) > 10 and min(waits) >= 80_000 and max(waits) <= 120_000


def test_each_has_a_thread_of_its_own_and_comes_and_goes_with_its_plugin(
    made: Any, open_post: Any, posting: Any, prepare: Any, outside: Any
) -> None:
    slow, arrived, going_on = type(outside)(), threading.Event(), threading.Event()
    slow.before = lambda: going_on.wait(30)
    outside.before = arrived.set
    created = frozenset({"request.created"})
    plugins = [posting(), made("slow", Effect("slow.tell", "Tell them slowly", created, prepare, slow.act))]
    post = open_post.without_plugin()
    app = App(post.app.settings, post.app.db, post.app.text_search, lambda: plugins, post.app.looks)
    with Background(app, idle=(0.01, 0.01)):
        post.register()
        assert arrived.wait(30), "whoever is slow holds up nobody"
        assert slow.arrived == []
        app.run(lambda services: services.plugins.switch("post", False))
        _follow_decisions(app)
        assert sorted(app.registry.effects) == ["slow.tell"]
        going_on.set()
        while not slow.arrived:
            going_on.wait(0.01)
        while "crm-effect-post.tell" in {thread.name for thread in threading.enumerate()}:
            arrived.wait(0.01)
    assert len(outside.arrived) == len(slow.arrived) == 1
    _follow_decisions(app)
    assert sorted(app.registry.effects) == ["slow.tell"], "nothing was decided since"
