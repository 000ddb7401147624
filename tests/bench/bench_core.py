"""The core beside the plain work it stands on: saves beside bare commits, a long history beside a dictionary.

Each figure has its measure from the same run, since machines differ. CRM_BENCH_N: saves (default 300). Failed tries are
counted in an office with CRM_BENCH_REQUESTS requests in it (default 20000), on a file and, where there is one, on
PostgreSQL; filling it takes a minute or two each.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import transaction
import ZODB
from BTrees.LOBTree import LOBTree
from persistent.mapping import PersistentMapping
from writers import WRITERS, begin, failed_tries, storages
from ZODB.FileStorage import FileStorage

from crm_core import builtin
from crm_core.app import App
from crm_core.db import root_of
from crm_core.security.identity import SYSTEM
from crm_core.services import Services
from crm_core.services.timeline import Filter
from crm_core.settings import Settings

N = int(os.environ.get("CRM_BENCH_N", "300"))
ENTRIES = 10_000
REQUESTS = int(os.environ.get("CRM_BENCH_REQUESTS", "20000"))
LEAST_SAVES = 800
"""Of these, one failed try more or less is an eighth of one in 100."""
GIVEN = ("محمد", "علی", "حسین", "زهرا", "مریم", "فاطمه", "سعید", "لیلا", "بهرام", "نرگس", "محمدرضا", "ابوالفضل")
FAMILY = ("محمدی", "حسینی", "احمدی", "رضایی", "کریمی", "محمودی", "ذاکری", "نوروزی", "قاسمی", "یزدانی", "پورعلی")


def _register(services: Services, dice: random.Random, unit: int) -> None:
    """What a clerk saves for somebody new: contact, call, request."""
    contact = services.contacts.create(
        given=dice.choice(GIVEN), family=dice.choice(FAMILY),
        identifiers=[("phone", f"+98912{dice.randrange(10**7):07d}")],
    )
    services.interactions.log(contact, channel="phone", body="پرسید کی آسفالت می‌شود", unit=unit)
    services.requests.register(
        services, contact, builtin.GENERAL, {"category": "service", "place": "کوچهٔ لاله"}, unit=unit)


def _open(folder: Path) -> tuple[App, int]:
    app = App.open(Settings(folder, search="none"), plugins=[])
    unit = app.run(lambda services: services.units.add("پذیرش").id)
    app.run(lambda services: _register(services, random.Random(0), unit))
    return app, unit


def _saves(app: App, unit: int) -> tuple[float, float]:
    """(saves per second of one clerk, objects written in one of them)."""
    dice = random.Random(1)
    begun = time.perf_counter()
    for _number in range(N):
        app.run(lambda services: _register(services, dice, unit))
    rate = N / (time.perf_counter() - begun)
    written = []
    for _number in range(20):
        app.run(lambda services: _register(services, dice, unit))
        storage = app.db.db.storage
        written.append(sum(1 for last in storage.iterator(storage.lastTransaction()) for _record in last))
    return rate, median(written)


def _bare_commits(folder: Path, objects: int) -> float:
    """Commits per second of ``objects`` new objects into one tree, and nothing else."""
    db = ZODB.DB(FileStorage(str(folder / "bare.fs")))
    manager = transaction.TransactionManager(explicit=True)
    manager.begin()
    connection = db.open(manager)
    connection.root()["tree"] = tree = LOBTree()
    manager.commit()
    begun = time.perf_counter()
    for number in range(N):
        manager.begin()
        for part in range(objects):
            tree[number * 1000 + part] = PersistentMapping(number=number, text="x" * 200)
        manager.commit()
    rate = N / (time.perf_counter() - begun)
    connection.close()
    db.close()
    return rate


def _tries() -> dict[str, Any]:
    """Failed tries of four clerks in a filled office on each storage, and what most of them met at."""
    figures: dict[str, Any] = {"writers": WRITERS, "requests_in": REQUESTS, "tries_saves": max(N, LEAST_SAVES)}
    with tempfile.TemporaryDirectory() as name, storages(Path(name)) as found:
        for kind, settings in found.items():
            app = App.open(settings, plugins=[])
            try:
                failed, worst, met = failed_tries(app, begin(app, REQUESTS), figures["tries_saves"])
            finally:
                app.close()
            figures |= {
                f"failed_tries_per_100_saves_{kind}": failed, f"most_tries_of_a_save_{kind}": worst,
                f"met_at_{kind}": ", ".join(f"{what} {times}" for what, times in met.most_common(4)) or "nothing",
            }
    return figures


def _best(work: Callable[[], Any], times: int = 7) -> float:
    """Milliseconds of the middle one of several runs."""
    found = []
    for _number in range(times):
        begun = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - begun))
    return median(found)


def _history(app: App, unit: int) -> dict[str, Any]:
    """A page and a filter on ten thousand entries, beside the same questions to a list of dictionaries."""
    channels = ("phone", "email", "in_person", "sms")

    def fill(services: Services) -> int:
        contact = services.contacts.create(name="پرتماس")
        for number in range(ENTRIES):
            services.interactions.log(contact, channel=channels[number % 4], body=f"تماس {number}", unit=unit,
                                      started=services.now - number * 60_000)
        return contact.id

    contact_id = app.run(fill)
    rows = [{"at": number, "channel": channels[number % 4], "unit": unit} for number in range(ENTRIES)]
    which = Filter(channels=frozenset({"phone"}), units=frozenset({unit}))
    with app.db.reading() as connection:
        services = app.services(root_of(connection), SYSTEM)
        contact = services.contacts.get(contact_id)

        def cold(work: Callable[[], Any]) -> float:
            def fresh() -> Any:
                connection.cacheMinimize()
                return work()

            return _best(fresh)

        plain_filter = _best(lambda: [row for row in rows if row["channel"] == "phone" and row["unit"] == unit])
        plain_page = _best(lambda: sorted(rows, key=lambda row: -int(row["at"]))[:50])
        page, counted = lambda: services.timeline.page([contact]), lambda: services.timeline.tally([contact], (), which)
        nothing = Filter(channels=frozenset({"fax"}))
        return {
            "history_entries": ENTRIES, "history_page_warm_ms": _best(page), "history_page_cold_ms": cold(page),
            "history_filter_warm_ms": _best(counted), "history_filter_cold_ms": cold(counted),
            "history_page_of_none_cold_ms": cold(lambda: services.timeline.page([contact], nothing)),
            "history_words_warm_ms": _best(lambda: services.timeline.page([contact], Filter(text="تماس 9999")), 3),
            "history_page_over_sorting_dicts": _best(page) / plain_page,
            "history_filter_over_dicts": _best(counted) / plain_filter,
        }


def registering(folder: Path) -> dict[str, Any]:
    """Saves a second in a filled data folder, beside bare commits of as many objects: `register_over_bare`."""
    app = App.open(Settings(folder, search="none"))
    try:
        with app.reading() as services:
            unit = next(iter(services.context.root.units))
        rate, objects = _saves(app, unit)
    finally:
        app.close()
    with tempfile.TemporaryDirectory() as name:
        bare = _bare_commits(Path(name), round(objects))
    return {"saves": N, "saves_per_s": rate, "objects_a_save": objects, "bare_commits_per_s": bare,
            "register_over_bare": rate / bare, "load": os.getloadavg()[0]}


def run() -> dict[str, Any]:
    """Saves, failed tries and histories, each with what plain ZODB and plain Python do in the same run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app, unit = _open(folder / "desk")
        try:
            rate, objects = _saves(app, unit)
            bare = _bare_commits(folder, round(objects))
            figures: dict[str, Any] = {
                "saves": N, "saves_per_s": rate, "objects_a_save": objects, "bare_commits_per_s": bare,
                "save_over_bare_commit": bare / rate,
            }
            return figures | _history(app, unit) | _tries()
        finally:
            app.close()
