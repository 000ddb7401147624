"""What a connection remembers is bounded, however much a page or a walk has looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core import builtin
from crm_core.app import App
from crm_core.db import CACHE_BYTES, CACHE_OBJECTS, Database, root_of
from crm_core.model.contact import Confidentiality
from crm_core.model.journal import JournalEntry
from crm_core.model.root import Root
from crm_core.scans import PORTION, lightly
from crm_core.services import Services
from crm_core.settings import Settings
from crm_core.testing.factories import make_clerk, make_contact, submit

MANY = 6 * PORTION
ROOM = 500


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Database]:
    """A database with far more in it than its connections may remember."""
    settings = Settings(tmp_path / "data", search="none")
    db = Database.open(settings)
    with db.transaction() as connection:
        root = root_of(connection)
        for number in range(MANY):
            root.contacts[number + 1] = JournalEntry(number, "contact.created", number + 1, ("contact", 1), None, ())
    db.close()
    db = Database.open(settings)
    db.db.setCacheSize(ROOM)
    yield db
    db.close()


def remembered(root: Root) -> int:
    assert root._p_jar is not None
    return int(root._p_jar._cache.cache_non_ghost_count)


def test_connections_have_a_bound_in_objects_and_one_in_bytes(app: App) -> None:
    with app.db.reading() as connection:
        assert connection._cache.cache_size == CACHE_OBJECTS
        assert connection._cache.cache_size_bytes == CACHE_BYTES


def test_a_walk_over_everything_leaves_the_memory_as_it_goes(small: Database) -> None:
    with small.reading() as connection:
        root, most, seen = root_of(connection), 0, 0
        for entry in lightly(root, root.contacts.values()):
            seen += len((entry.kind,))
            most = max(most, remembered(root))
        assert seen == MANY
        assert most <= ROOM + 2 * PORTION


def test_what_a_page_looked_at_leaves_the_memory_after_it(small: Database) -> None:
    """The next page gets the connection with what there is room for, though this one looked at everything at once."""
    with small.reading() as connection:
        root = root_of(connection)
        assert {entry.kind for entry in root.contacts.values()} == {"contact.created"}
        assert remembered(root) > MANY
    with small.reading() as after:
        assert after is connection
        assert remembered(root_of(after)) <= ROOM + 1


def test_open_requests_are_told_of_without_loading_one(app: App) -> None:
    unit = app.run(lambda services: services.units.add("پذیرش").id)
    clerk = make_clerk(app, units=[unit])

    def fill(services: Services) -> int:
        contact = make_contact(services)
        for days in (5, 1, 3, None):
            due = None if days is None else services.now + days * 86_400_000
            request = submit(services, contact, builtin.GENERAL, {"category": "service"}, unit=unit, due=due)
            services.requests.edit(request, {"due": due})
        secret = submit(services, contact, builtin.GENERAL, {"category": "service"}, unit=unit, confidential=True)
        closed = submit(services, contact, builtin.GENERAL, {"category": "service"}, unit=unit)
        services.requests.change_status(services, closed, "answered")
        assert contact.confidentiality == Confidentiality.NORMAL
        assert secret.is_open
        return int(contact.id)

    contact_id = app.run(fill)
    with app.reading(clerk) as services:
        assert services.root._p_jar is not None
        services.root._p_jar.cacheMinimize()
        contact = services.contacts.get(contact_id)
        told = services.requests.open_of([contact])
        assert [one.request._p_changed for one in told] == [None] * 4
        dues = [one.request.due for one in told]
        assert dues == [*sorted(due for due in dues if due is not None), None]
    with app.reading() as services:
        assert len(services.requests.open_of([services.contacts.get(contact_id)])) == 5
