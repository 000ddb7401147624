"""Histories of older databases, whose headers held a reference to their entry, read the same after evolving."""

from __future__ import annotations

from typing import Any

from BTrees.LOBTree import LOBTree

from crm_core import builtin, evolve
from crm_core.app import App
from crm_core.checks import check_app, repair
from crm_core.model.interaction import Interaction
from crm_core.model.timeline import Event, Header
from crm_core.rehearsal import rehearse
from crm_core.services import Services
from crm_core.services.timeline import Entry, Filter
from crm_core.testing.factories import make_contact, submit

PEOPLE = 5


def fill(services: Services) -> None:
    for _one in range(PEOPLE):
        contact = make_contact(services)
        for number in range(70):
            services.interactions.log(contact, channel=("phone", "sms")[number % 2], body=f"{number}",
                                      started=services.now - number * 60_000)
        submit(services, contact, builtin.GENERAL, {"category": "service"})
    make_contact(services)  # of whom nothing was heard yet


def as_it_was(services: Services) -> None:
    """One tree of headers with their references, as before core.0004."""
    for contact in services.root.contacts.values():
        contact._p_activate()
        contact.__dict__["timeline"] = LOBTree(list(contact.timeline.items()))
        del contact.headers, contact.things
    services.root.evolved.remove("core.0004")


def read(services: Services, which: Filter) -> list[tuple[Any, ...]]:
    """What the pages of all histories show."""
    rows: list[tuple[Any, ...]] = []
    for contact in services.root.contacts.values():
        before = None
        while True:
            page = services.timeline.page([contact], which, before)
            rows += [(row.key, row.header, row.thing.id, row.thing._p_oid) for row in page.rows
                     if isinstance(row, Entry)]
            if (before := page.next) is None:
                break
        rows.append((contact.id, services.timeline.tally([contact]).counts))
    return rows


def everything(app: App) -> list[list[tuple[Any, ...]]]:
    with app.reading() as services:
        return [read(services, which) for which in (
            Filter(), Filter(channels=frozenset({"sms"})), Filter(open=True), Filter(text="12"))]


def test_an_old_history_reads_the_same_after_evolving(app: App, monkeypatch: Any) -> None:
    monkeypatch.setattr("crm_core.evolve_steps.portions.PORTION", 2)
    app.run(fill)
    before = everything(app)
    app.run(as_it_was)
    assert [step["id"] for step in rehearse(app.settings).steps] == ["core.0004"]
    assert [step["id"] for step in evolve.evolve(app.db)] == ["core.0004"]
    assert everything(app) == before
    with app.reading() as services:
        for contact in services.root.contacts.values():
            assert "timeline" not in contact.__getstate__()
            assert all(type(row) is tuple for row in contact.headers.values())
    assert check_app(app)["problems"] == []
    app.run(fill)  # and goes on
    assert len(everything(app)[0]) == 2 * len(before[0])


def test_half_an_entry_is_named_and_told_anew(app: App) -> None:
    app.run(fill)
    before = [row[1:] for row in everything(app)[0]]

    def break_it(services: Services) -> None:
        contact = next(one for one in services.root.contacts.values() if one.timeline)
        del contact.headers[contact.headers.maxKey()]

    app.run(break_it)
    assert "entries that are halves" in check_app(app)["problems"][0]["message"]
    assert repair(app)
    assert check_app(app)["problems"] == []
    assert [row[1:] for row in everything(app)[0]] == before


def test_a_history_as_one_tree(app: App) -> None:
    """What is put, changed and taken out lies under one key in both trees."""
    app.run(fill)

    def work(services: Services) -> None:
        history = next(one for one in services.root.contacts.values() if one.timeline).timeline
        size = len(history)
        key = history.maxKey()
        header = history[key]
        assert isinstance(header, Header)
        assert isinstance(header.ref, Event | Interaction)
        assert list(history.values(key, key)) == [header] == [one for at, one in history.items() if at == key]
        history[key] = header._replace(unit=7)
        assert history[key] == header._replace(unit=7)
        assert history.pop(key).ref is header.ref
        assert key not in history
        assert list(history.headers) == list(history.things) == list(history) == list(history.keys())
        assert len(history) == size - 1
        history.clear()
        assert not history

    app.run(work)
