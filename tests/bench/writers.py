"""Four clerks who save at once in an office that has work in it, on a file and on PostgreSQL: how often one must try
again, and at which of the stored objects they met.

A save is all of what a clerk does for somebody new: contact, call, request, with history, indexes, work lists, journal.
The measure is tries that failed per 100 saves; each clerk thinks while its transaction is open.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transaction.interfaces import TransientError
from ZODB.utils import u64

from crm_core import builtin
from crm_core.app import App
from crm_core.db import back_off
from crm_core.demo.draw import Dice
from crm_core.demo.names import Names
from crm_core.services import Services
from crm_core.settings import Settings
from crm_core.testing.storages import PostgreSQL, postgresql_database, postgresql_programs

WRITERS = 4
THINK = 0.05
"""Seconds between the snapshot and the commit of a clerk's save."""
BATCH = 500
"""Requests of one transaction while the office is filled."""


class Register:
    """Saves for somebody new each time, with the names of a city: a fifth of them begin alike."""

    def __init__(self, seed: int, unit: int) -> None:
        self.random, self.dice, self.names, self.unit = random.Random(seed), Dice("register", seed), Names(), unit

    def __call__(self, services: Services) -> None:
        given, family = self.names.given(self.dice, self.dice.choice("mf"), 1980)[0], self.names.family(self.dice)[0]
        contact = services.contacts.create(
            given=given, family=family, identifiers=[("phone", f"+98912{self.random.randrange(10**7):07d}")])
        services.interactions.log(contact, channel="phone", body="پرسید کی آسفالت می‌شود", unit=self.unit)
        services.requests.register(
            services, contact, builtin.GENERAL, {"category": "service", "place": "کوچهٔ لاله"}, unit=self.unit)


def begin(app: App, requests: int) -> int:
    """Put an office with that many open requests of one unit into an empty database; the unit's id."""
    unit = app.run(lambda services: services.units.add("پذیرش").id)
    app.run(Register(0, unit))
    save = Register(1, unit)
    for start in range(0, requests, BATCH):
        with app.transaction(bulk=True) as services:
            for _number in range(min(BATCH, requests - start)):
                save(services)
    return unit


def failed_tries(app: App, unit: int, saves: int) -> tuple[float, int, Counter[str]]:
    """(failed tries per 100 saves, most tries of one save, what the clerks met at and how often)."""
    each = max(saves // WRITERS, 1)
    tries: list[int] = []
    met: list[tuple[str, int]] = []

    def clerk(number: int) -> None:
        save, dice = Register(100 + number, unit), random.Random(number)
        for _round in range(each):
            count = 1
            while not _saved(app, save, dice.uniform(0, THINK), met):
                count += 1
                back_off(min(count, 6))
            tries.append(count)

    threads = [threading.Thread(target=clerk, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 100 * (sum(tries) - len(tries)) / len(tries), max(tries), _named(app, met)


def _saved(app: App, save: Callable[[Services], None], think: float, met: list[tuple[str, int]]) -> bool:
    try:
        with app.transaction() as services:
            time.sleep(think)
            save(services)
            time.sleep(THINK - think)
    except TransientError as error:
        oid = getattr(error, "oid", None)
        met.append((str(getattr(error, "class_name", "")) or type(error).__name__, u64(oid) if oid else 0))
        return False
    return True


def _named(app: App, met: list[tuple[str, int]]) -> Counter[str]:
    """What the objects belong to that saves met at."""
    owners: dict[int, str] = {}
    if met:
        with app.reading() as services:
            _walk(services.root, owners, "root", 6)
    return Counter(f"{owners.get(oid, '?')} ({kind.rpartition('.')[2]})" for kind, oid in met)


def _walk(thing: Any, owners: dict[int, str], path: str, depth: int) -> None:
    """Note in ``owners`` whose parts the stored things below ``thing`` are, by their number in the storage."""
    if isinstance(thing, tuple):
        for one in thing:
            _walk(one, owners, path, depth)
        return
    if getattr(thing, "_p_oid", None) is None or u64(thing._p_oid) in owners or not depth:
        return
    owners[u64(thing._p_oid)] = path
    thing._p_activate()
    if hasattr(thing, "_bucket_type"):
        state = thing.__getstate__()
        for node in _nodes(state):
            owners.setdefault(u64(node._p_oid), path)
            _walk_node(node, owners, path)
        if path.endswith(("segments", "unit_work")):
            for value in thing.values():
                _walk(value, owners, path, depth - 1)
        return
    for name, value in thing.__dict__.items():
        _walk(value, owners, f"{path}.{name}".removeprefix("root."), depth - 1)


def _walk_node(node: Any, owners: dict[int, str], path: str) -> None:
    if hasattr(node, "_bucket_type"):
        for below in _nodes(node.__getstate__()):
            owners.setdefault(u64(below._p_oid), path)
            _walk_node(below, owners, path)


def _nodes(state: Any) -> Iterator[Any]:
    """The stored nodes right below the state of a tree's node."""
    if state is None or len(state) == 1:  # nothing in it, or one small leaf that lies inside
        return
    yield from (part for part in state[0][::2] if getattr(part, "_p_oid", None) is not None)


@contextmanager
def storages(folder: Path) -> Iterator[dict[str, Settings]]:
    """Settings of an empty database on each kind of storage there is here: ``file``, ``postgresql``."""
    settings = {"file": Settings(folder / "file", search="none")}
    programs = postgresql_programs()
    if programs is None:
        sys.stderr.write("  no PostgreSQL here: only a file is measured\n")
        yield settings
        return
    cluster = PostgreSQL(programs)
    try:
        cluster.start()
        with postgresql_database(cluster.dsn, folder / "blobs") as uri:
            yield settings | {"postgresql": Settings(folder / "postgresql", zodburi=uri, search="none")}
    finally:
        cluster.stop()
