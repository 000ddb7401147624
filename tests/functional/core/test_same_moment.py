"""What clerks save at the same moment merges, also in databases from before it was stored so (core.0006)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from transaction.interfaces import TransientError

from crm_core import builtin, evolve
from crm_core.app import App
from crm_core.checks import check_app
from crm_core.model.once import OnceRow
from crm_core.model.sharded import shard_of
from crm_core.model.worklist import WorkHeader, WorkList, packed, unpacked
from crm_core.services import Services
from crm_core.testing.factories import make_clerk, make_contact, submit


def at_once(app: App, first: Callable[[Services], object], second: Callable[[Services], object]) -> bool:
    """Whether both can be committed when the second begins before the first has ended."""
    with app.transaction() as slow:
        second(slow)
        app.run(first)
        slow.context.now += 1
    return True


def neighbours(wanted: int) -> list[str]:
    """Keys of one shard, as `Once` files them for the system."""
    found: list[str] = []
    number = 0
    while len(found) < wanted:
        number += 1
        if shard_of(f"meet:{number}") == 7:
            found.append(f"meet:{number}")
    return found


def test_results_of_forms_in_one_leaf_merge(app: App) -> None:
    known, mine, yours = neighbours(3)

    def keep(key: str) -> Callable[[Services], None]:
        def work(services: Services) -> None:
            services.root.once[key] = OnceRow(services.now, "form", {"to": "/somewhere"})
        return work

    app.run(keep(known))
    assert at_once(app, keep(mine), keep(yours))
    with app.reading() as services:
        assert {known, mine, yours} <= set(services.root.once)


def test_the_same_key_at_the_same_moment_does_not(app: App) -> None:
    def meet(services: Services) -> None:
        services.once.meet("phone:+989121234567")

    try:
        at_once(app, meet, meet)
    except TransientError:
        return
    raise AssertionError("two who meet at one number must not both be stored")


def test_a_packed_header_says_the_same(app: App) -> None:
    assignee = make_clerk(app).user_id

    def work(services: Services) -> None:
        request = submit(services, make_contact(services), builtin.GENERAL, {"category": "service"})
        services.requests.assign(request, assignee=assignee)
        request.hidden_from = (5, 7)
        services.work.work.refile(request)
        (found,) = services.root.user_work.values()
        header = found.header(request.id)
        assert header.hidden_from == (5, 7)
        assert header.assignee == assignee
        assert header.request is request
        assert unpacked(packed(header)) == header

    app.run(work)


def as_it_was(services: Services) -> None:
    """Headers with all their fields, and rows of forms as dictionaries, as before core.0006."""
    root = services.root
    lists: tuple[WorkList, ...] = (*root.unit_work.values(), *root.user_work.values())
    for work in lists:
        for part in work._open:
            for id_, row in list(part.items()):
                part[id_] = unpacked(row)
    for key, row in list(root.once.items()):
        root.once[key] = row._asdict()
    root.evolved.remove("core.0006")


def state(app: App) -> tuple[Any, ...]:
    with app.reading() as services:
        root = services.root
        lists = (*root.unit_work.values(), *root.user_work.values())
        headers = sorted(tuple(header[:-1]) for work in lists for header in work.headers())
        stored = {type(row) for work in lists for part in work._open for row in part.values()}
        return headers, stored, sorted(root.once.items())


def test_an_older_database_evolves(app: App) -> None:
    assignee = make_clerk(app).user_id

    def fill(services: Services) -> None:
        for number in range(150):
            request = submit(services, make_contact(services), builtin.GENERAL, {"category": "service"})
            if number % 2:
                services.requests.assign(request, assignee=assignee)
            services.once.remember(f"key {number}", {"number": number}, "form")

    app.run(fill)
    before = state(app)
    app.run(as_it_was)
    with app.reading() as services:
        assert any(isinstance(row, WorkHeader) for work in services.root.unit_work.values()
                   for part in work._open for row in part.values())
    assert [step["id"] for step in evolve.evolve(app.db)] == ["core.0006"]
    assert state(app) == before
    assert before[1] == {tuple}
    assert evolve.evolve(app.db) == []
    assert check_app(app)["problems"] == []
    with app.reading() as services:
        assert services.once.result("key 3", "form") == {"number": 3}
