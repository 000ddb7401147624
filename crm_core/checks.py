"""``crm check``: is what is stored whole and of one mind? Looks only; derived data not built yet is lag, no fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crm_core import evolve, journal
from crm_core.app import App
from crm_core.guard import foreign_globals
from crm_core.services import Services
from crm_core.services.textsearch import SearchUnavailable

Problem = dict[str, str]


def check_app(app: App) -> dict[str, Any]:
    """``{"problems": [{"check", "message"}], "contacts", "requests", "interactions", "lag"}``."""
    problems = [
        _problem("plugins", f"{plugin.id}: {plugin.reason}") for plugin in app.host.failed()
    ]
    problems += [_problem("classes", f"{name} in {len(oids)} records")
                 for name, oids in foreign_globals(app.db.db.storage).items()]
    with app.reading() as services:
        problems += _records(services)
        problems += [_problem("evolve", f"the step {step.id} has not run") for step in evolve.pending(services.root)]
        root = services.root
        return {
            "problems": problems, "contacts": len(root.contacts), "requests": len(root.requests),
            "interactions": len(root.interactions), "lag": _lag(app, services),
        }


def _problem(check: str, message: str) -> Problem:
    return {"check": check, "message": message}


def _lag(app: App, services: Services) -> int:
    try:
        cursor = app.text_search.cursor()
    except SearchUnavailable:
        cursor = None
    return journal.lag(services.root, journal.Cursor.parse(cursor))


def _records(services: Services) -> Iterator[Problem]:
    root = services.root
    for id_, request in root.requests.items():
        if root.indexes.codes.get(request.code) != id_:
            yield _problem("codes", f"request {id_} is not found by its tracking code")
        if request.contact is not None and id_ not in root.contacts[request.contact].requests:
            yield _problem("requests", f"request {id_} is missing in the history of its contact")
        work = services.requests.work(request.unit)
        if (work is not None and id_ in work) != request.is_open:
            yield _problem("work", f"request {id_} is in the wrong work list")
    for id_, contact in root.contacts.items():
        for identifier in contact.active_identifiers():
            if contact not in services.contacts.by_identifier(identifier.scheme, identifier.value):
                yield _problem("identifiers", f"contact {id_} is not found by its {identifier.scheme}")
