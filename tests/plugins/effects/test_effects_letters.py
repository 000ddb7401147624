"""What became of nothing, or of nobody knows what: effects that wait for another try, or for a person."""

from __future__ import annotations

from typing import Any

import pytest

from crm_core import effects
from crm_core.contributions import NotDone
from crm_core.errors import CrmError, Forbidden, Invalid, NotFound
from crm_core.services import Services
from crm_core.services.audit_trail import Asked
from crm_core.testing.factories import make_clerk


def test_after_many_tries_it_is_a_dead_letter_that_people_decide_about(
    open_post: Any, outside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "TRIES", 3)
    post = open_post()
    outside.moods = [NotDone("busy")] * 4
    id_ = post.register()
    for _try in range(3):
        post.act_all()
        post.make_due()
    (letter,) = post.letters()
    assert (letter.state, letter.tries, letter.error, letter.subject) == (
        "dead", 3, "NotDone: busy", ("request", id_))
    assert (post.row().again, post.row().dead) == (0, 1)

    post.retry(letter)
    post.act_all()
    assert (post.letters(), post.row().again) == ([], 1), "it is tried as often as a new one"
    post.make_due()
    post.act_all()
    assert outside.ids == [id_]

    outside.moods = [NotDone("refused", final=True)]
    post.register()
    post.act_all()
    (letter,) = post.letters()
    with pytest.raises(Invalid):
        post.give_up(letter, "  ")
    clerk = make_clerk(post.app)
    for wrong in (lambda services: services.dead_letters.retry(letter.id),
                  lambda services: services.dead_letters.give_up(letter.id, "because"),
                  lambda services: services.dead_letters.rows()):
        with pytest.raises(Forbidden):
            post.app.run(wrong, clerk)
    post.give_up(letter, "told on the phone")
    with pytest.raises(NotFound):
        post.retry(letter)
    assert post.letters() == []
    with post.app.reading() as services:
        (told, *_before) = services.audit_trail.page(Asked(kinds=frozenset({"plugin"}))).rows
        assert (told.entry.kind, told.changes["reason"]) == ("plugin.gave_up", ["", "told on the phone"])


@pytest.mark.parametrize("removes_doubles", [True, False])
def test_an_error_in_the_middle_leaves_open_whether_it_was_done(
    open_post: Any, outside: Any, removes_doubles: bool
) -> None:
    post = open_post(removes_doubles=removes_doubles)
    outside.moods = [ConnectionResetError("it hung up")]
    id_ = post.register()
    post.act_all()
    assert post.sent() == []
    if removes_doubles:
        post.make_due()
        post.act_all()
        (first, second) = outside.arrived
        assert first == second, "the same key, so that the other side knows it has it"
        assert (post.sent(), post.letters()) == ([id_], [])
        return
    post.make_due()
    post.act_all()
    assert len(outside.arrived) == 1, "nobody but a person may do it again"
    (letter,) = post.letters()
    assert (letter.state, letter.error) == ("uncertain", "ConnectionResetError: it hung up")
    post.retry(letter)
    post.act_all()
    assert outside.arrived[0] == outside.arrived[1]


class Killed(KeyboardInterrupt):
    """What ends the program as a crash would: the one thing that is not taken for a failure of the plugin."""


@pytest.mark.parametrize("removes_doubles", [True, False])
def test_a_process_that_ended_in_the_middle_is_found_by_the_next_one(
    open_post: Any, outside: Any, removes_doubles: bool
) -> None:
    post = open_post(removes_doubles=removes_doubles)
    outside.moods = [Killed()]
    id_ = post.register()
    with pytest.raises(Killed):
        post.act_all()
    open_post.close(post)

    post = open_post(removes_doubles=removes_doubles)
    post.act_all()
    if removes_doubles:
        post.make_due()
        post.act_all()
        assert outside.arrived == [outside.arrived[0]] * 2 and post.sent() == [id_]
    else:
        assert len(outside.arrived) == 1
        assert [(one.state, one.error) for one in post.letters()] == [("uncertain", effects.LEFT)]


def test_what_an_absent_plugin_left_undone_waits_for_a_person(open_post: Any, outside: Any) -> None:
    post = open_post()
    outside.moods = [NotDone("busy")]
    post.register()
    post.act_all()
    open_post.close(post)
    open_post.close(open_post.without_plugin())
    post = open_post()
    (letter,) = post.letters()
    assert (letter.state, letter.error) == ("dead", "NotDone: busy")
    open_post.close(post)

    post = open_post.without_plugin()
    (letter,) = post.letters()
    assert (letter.title, letter.may_retry) == ("post.tell", False)
    with pytest.raises(CrmError, match="does not take part"):
        post.retry(letter)
    post.give_up(letter, "its plugin is gone")


def test_an_erased_citizen_is_told_of_no_more(open_post: Any, outside: Any) -> None:
    post = open_post()
    contact = post.person()
    outside.moods = [NotDone("busy"), NotDone("refused: 0912…", final=True)]
    post.register(contact)
    post.act_all()
    second = post.register(contact)
    post.make_due()
    post.act_all()
    assert post.row().dead == 1

    post.app.run(lambda services: services.erasure.erase(services.contacts.get(contact), "asked for it"))
    post.make_due()
    post.act_all()
    assert (post.letters(), post.row().again) == ([], 0)
    assert second in set(outside.ids), "that was before"


def test_a_person_who_decided_meanwhile_is_right(open_post: Any, outside: Any) -> None:
    """The process lost its claim while it acted; another one called it uncertain, and a person gave it up."""
    post = open_post()
    id_ = post.register()
    others = post.another()

    def meanwhile() -> None:
        def lose(services: Services) -> None:
            services.root.effects["post.tell"].claimed_until = 0

        post.app.run(lose)
        others.act_all()
        (letter,) = post.letters()
        assert letter.state == "uncertain"
        post.give_up(letter, "seen there")

    outside.before = meanwhile
    post.runner.step()
    assert (outside.arrived[0][0], post.sent(), post.letters()) == (id_, [], [])


def test_one_that_is_had_tried_again_goes_behind_what_waits_of_the_same_contact(
    open_post: Any, outside: Any
) -> None:
    post = open_post()
    contact = post.person()
    outside.moods = [NotDone("refused", final=True), NotDone("busy")]
    first, second = post.register(contact), post.register(contact)
    post.act_all()
    (letter,) = post.letters()
    post.retry(letter)
    post.act_all()
    assert outside.arrived == [] and post.row().again == 2
    post.make_due()
    post.act_all()
    post.act_all()
    assert outside.ids == [second, first], "each once"


def test_after_a_restore_nothing_is_done_that_may_have_been_done_since(open_post: Any, outside: Any) -> None:
    post = open_post(removes_doubles=True)
    outside.moods = [NotDone("busy"), Killed()]
    for _number in range(3):
        post.register()
    with pytest.raises(Killed):
        post.act_all()
    assert post.app.run(effects.hold_after_restore) == 3
    last = post.app.db.db.lastTransaction()
    assert (post.app.run(effects.hold_after_restore), post.app.db.db.lastTransaction()) == (0, last)
    assert {(letter.state, letter.error) for letter in post.letters()} == {("uncertain", effects.RESTORED)}
    arrived = list(outside.arrived)
    post.act_all()
    assert (outside.arrived, post.row().waiting, post.row().again) == (arrived, 0, 0)
    later = post.register()
    post.act_all()
    assert outside.arrived[-1][0] == later


def test_what_a_restore_met_without_its_plugin_is_not_done_when_the_plugin_comes(
    open_post: Any, open_with: Any, outside: Any
) -> None:
    post = open_post()
    outside.moods = [NotDone("busy")]
    for _number in range(2):
        post.register()
    post.runner.step()
    open_post.close(post)

    app = open_with([])  # on a machine on which the plugin is put in before the first start
    app.run(effects.hold_after_restore)
    open_with.close(app)

    post = open_post()
    post.make_due()
    post.act_all()
    assert (outside.arrived, post.row().waiting, post.row().again) == ([], 0, 0)
    assert [letter.state for letter in post.letters()] == ["dead"]
    later = post.register()
    post.act_all()
    assert outside.ids == [later]
