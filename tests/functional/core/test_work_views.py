"""Lists of work that are kept: few, one's own, each with a name of its own."""

from __future__ import annotations

from typing import Any

import pytest

from crm_core.errors import Invalid, NotFound
from crm_core.services import Services
from crm_core.services.workviews import MOST_VIEWS


def test_a_list_is_kept_renamed_and_forgotten_by_its_owner_alone(desk: Any) -> None:
    id_ = desk.run(lambda services: services.work_views.keep("  پسماند   ناحیهٔ ۲ ", "view=mine")["id"], "clerk")
    names = desk.run(lambda services: [view["name"] for view in services.work_views.all()], "clerk")
    assert names == ["پسماند ناحیهٔ ۲"]
    assert desk.run(lambda services: services.work_views.all(), "second") == ()
    with pytest.raises(NotFound):
        desk.run(lambda services: services.work_views.rename(id_, "x"), "second")
    desk.run(lambda services: services.work_views.rename(id_, "دیگر"), "clerk")
    assert desk.run(lambda services: services.work_views.get(id_)["name"], "clerk") == "دیگر"
    desk.run(lambda services: services.work_views.drop(id_), "clerk")
    desk.run(lambda services: services.work_views.drop(id_), "clerk")
    assert desk.run(lambda services: services.work_views.all(), "clerk") == ()


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "a\ud800", "یكی"])
def test_a_name_that_cannot_be_is_refused(desk: Any, name: str) -> None:
    desk.run(lambda services: services.work_views.keep("یکی", ""), "clerk")
    with pytest.raises(Invalid):
        desk.run(lambda services: services.work_views.keep(name, ""), "clerk")


def test_nobody_keeps_more_than_a_dozen(desk: Any) -> None:
    for number in range(MOST_VIEWS):
        desk.run(lambda services, number=number: services.work_views.keep(f"n{number}", ""), "clerk")
    with pytest.raises(Invalid):
        desk.run(lambda services: services.work_views.keep("one more", ""), "clerk")


def test_what_lay_in_the_record_itself_is_read_and_moves_out_with_the_first_change(desk: Any) -> None:
    old = ({"id": "a1", "name": "کهنه", "query": "view=mine"}, {"id": "b2", "name": "دیگر", "query": "view=unit"})
    clerk = desk.who["clerk"].user_id

    def age(services: Services) -> None:
        user = services.users.get(clerk)
        user.work_views, user.work_undo, user.work_turns = old, ({"id": "x", "at": 1, "rows": []},), ()

    desk.run(age)
    assert desk.run(lambda services: services.work_views.all(), "clerk") == old
    assert desk.run(lambda services: services.users.get(clerk).own_work) is None
    desk.run(lambda services: services.work_views.drop("a1"), "clerk")

    def left(services: Services) -> tuple[object, set[str]]:
        user = services.users.get(clerk)
        views = user.kept().views
        return views, {"work_views", "work_undo", "work_turns"} & vars(user).keys()

    assert desk.run(left) == (old[1:], set())
    assert desk.run(lambda services: services.work_views.all(), "clerk") == old[1:]
