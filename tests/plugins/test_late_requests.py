"""Pages that began before a plugin was put out store nothing of it behind that (architecture §5.2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ZODB.POSException import ConflictError

from crm_core.app import App
from crm_core.errors import NotFound
from crm_core.host import Candidate
from crm_core.operations import PURGE_PLUGIN, SWITCH_PLUGIN
from crm_core.purgecopy import export
from crm_core.purging import remove
from crm_core.security.identity import SYSTEM
from crm_core.services import Services
from crm_core.testing.beside import beside
from crm_core.testing.factories import make_contact, submit

TREE = {"kind": "elm", "place": "the yard"}


def no_progress(done: int, total: int) -> None:
    """Nobody looks."""


def put_out(app: App) -> App:
    SWITCH_PLUGIN.run(app, {"plugin": "good", "enabled": False}, None, no_progress)
    return app.beside()


def purge(app: App, folder: Path) -> dict[str, Any]:
    return PURGE_PLUGIN.run(app, {"plugin": "good", "folder": str(folder)}, None, no_progress)


def plant(services: Services) -> int:
    return submit(services, make_contact(services), "good.tree", TREE).id


@pytest.fixture
def app(install: Callable[..., list[Candidate]], open_with: Any) -> App:
    app: App = open_with(install("good"))
    app.run(plant)
    return app


def test_a_request_that_was_being_registered_begins_again(app: App, tmp_path: Path) -> None:
    with pytest.raises(ConflictError), beside(app) as services:  # noqa: PT012  # the end of the block stores
        plant(services)
        purge(put_out(app), tmp_path / "out")
    with app.reading() as services:
        assert not services.root.requests
    with pytest.raises(NotFound):
        app.run(plant)


def test_what_is_registered_behind_the_copy_keeps_its_definitions(app: App, tmp_path: Path) -> None:
    """As where another process still has the plugin, and nobody has put it out."""
    other = App.open(app.settings, [], database=app.db)
    _counts, seen = export(other, "good", tmp_path / "out")
    code = app.run(plant)
    assert remove(other, "good", seen, SYSTEM, no_progress)["requests"] == 1
    with app.reading() as services:
        request = services.requests.get(code)
        assert services.forms.form_version(request.submission.form) is not None
        assert services.plugins.stored() == ["good"]


def test_a_change_of_a_request_that_was_purged_is_not_stored(app: App, tmp_path: Path) -> None:
    with pytest.raises(ConflictError), beside(app) as services:  # noqa: PT012
        (request,) = services.root.requests.values()
        services.requests.edit(request, {"title": "late"})
        purge(put_out(app), tmp_path / "out")


def test_two_who_register_at_once_do_not_meet(app: App) -> None:
    one, two = (app.run(lambda services: make_contact(services).id) for _number in range(2))
    for who in (one, two):  # the first of each makes what the others share
        app.run(lambda services, who=who: submit(services, services.contacts.get(who), "good.tree", TREE).id)
    with beside(app) as services:
        submit(services, services.contacts.get(one), "good.tree", TREE)
        app.run(lambda other: submit(other, other.contacts.get(two), "good.tree", TREE).id)
    with app.reading() as services:
        assert len(services.root.requests) == 5
