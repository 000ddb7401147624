"""A plugin with an effect, a timer, a reader and a job, for workers that are processes of their own.

Its effects post to the address in CRM_TEST_POST.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from http.client import HTTPConnection
from urllib.parse import urlsplit

from crm_core.api import (
    Collection,
    Contribution,
    Effect,
    Job,
    JournalEntry,
    NotDone,
    Plain,
    Reader,
    Services,
    Timer,
    hookimpl,
)

CRM_API_VERSION = 1
POST = "CRM_TEST_POST"


def prepare(services: Services, entry: JournalEntry) -> Plain | None:
    return {"request": str(entry.subject[1])}


def act(data: Plain, key: str) -> Plain:
    place = urlsplit(os.environ[POST])
    connection = HTTPConnection(place.hostname or "", place.port, timeout=30)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise NotDone(type(error).__name__) from error
        connection.request("POST", "/", json.dumps({**data, "key": key}))
        return {"status": connection.getresponse().status}
    finally:
        connection.close()


def told(services: Services, entry: JournalEntry, answer: Plain) -> None:
    services.collections["works.told"].add({"request": str(entry.subject[1])})


def hear(services: Services, entry: JournalEntry) -> None:
    services.collections["works.heard"].add({"request": str(entry.subject[1])})


def ring(services: Services, object_id: int) -> None:
    services.collections["works.rung"].add({"object": str(object_id)})


def sweep(services: Services) -> None:
    services.collections["works.swept"].add({"at": services.now})


@hookimpl
def contribute() -> Iterable[Contribution]:
    created = frozenset({"request.created"})
    for name in ("told", "heard", "rung", "swept"):
        yield Collection(f"works.{name}", name)
    yield Effect("works.sure", "Sure", created, prepare, act, told, removes_doubles=True)
    yield Effect("works.unsure", "Unsure", created, prepare, act)
    yield Reader("works.reader", "Reader", created, hear)
    yield Timer("works.timer", "Timer", ring)
    yield Job("works.job", "Job", 60, sweep)
