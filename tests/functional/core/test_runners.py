"""Many runners on each storage: one of them runs a job, and each entry is read once, whoever comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import ModuleType
from typing import Any

from crm_core import builtin
from crm_core.api import Collection, Job, JournalEntry, Reader, Services, hookimpl
from crm_core.app import App
from crm_core.readers import ReaderRunner
from crm_core.schedule import JobRunner
from crm_core.testing.crowd import together
from crm_core.testing.factories import make_contact, submit

RUNNERS = 4
STEPS = 60


def hear(services: Services, entry: JournalEntry) -> None:
    services.collections["ear.heard"].add({"request": entry.subject[1]})


def sweep(services: Services) -> None:
    services.collections["ear.swept"].add({"at": services.now})


def plugin() -> ModuleType:
    module = ModuleType("ear")
    vars(module).update(CRM_API_VERSION=1, contribute=hookimpl(lambda: [
        Collection("ear.heard", "Heard"), Collection("ear.swept", "Swept"), Job("ear.job", "Sweep", 60, sweep),
        Reader("ear.reader", "Listens", frozenset({"request.created"}), hear),
    ]))
    return module


def apps_on(uri: str, open_app: Callable[..., App]) -> list[App]:
    """One application for each runner: as many processes; of one file there is one only."""
    if not uri:
        return [open_app({"ear": plugin()})] * RUNNERS
    first = open_app({"ear": plugin()}, zodburi=uri)
    return [first, *(open_app({"ear": plugin()}, zodburi=uri) for _number in range(RUNNERS - 1))]


def test_no_entry_is_read_twice_and_none_is_left(storage_uri: str, open_app: Callable[..., App]) -> None:
    apps = apps_on(storage_uri, open_app)
    runners = [ReaderRunner(app) for app in apps]
    together(lambda number: runners[number].begin(), RUNNERS)

    def send(number: int, step: int) -> int:
        phone = f"+98912{number:03}{step:04}"  # one's own: two of one number would meet

        def work(services: Services) -> int:
            return submit(services, make_contact(services, phone=phone), builtin.GENERAL, {"category": "service"}).id

        return apps[number].run(work)

    def work(number: int) -> list[int]:
        ids: list[int] = []
        for step in range(STEPS):
            if step < 5:
                ids.append(send(number, step))
            runners[number].step()
        return ids

    ids = {id_ for found in together(work, RUNNERS) for id_ in found}
    for runner in runners:  # whoever holds the claim reads what came last
        while runner.step():
            pass

    with apps[0].reading() as services:
        heard: Counter[Any] = Counter(item.data["request"] for item in services.collections["ear.heard"])
        assert services.root.readers["ear.reader"].count == len(ids)
    assert set(heard) == ids
    assert set(heard.values()) == {1}
    assert all(app.host.plugins["ear"].failures == 0 for app in apps)


def test_a_job_that_is_due_runs_once(storage_uri: str, open_app: Callable[..., App]) -> None:
    apps = apps_on(storage_uri, open_app)

    ran = together(lambda number: [one.id for one in JobRunner(apps[number]).run_due()], RUNNERS)

    assert Counter(id_ for found in ran for id_ in found)["ear.job"] == 1
    with apps[0].reading() as services:
        assert len(services.collections["ear.swept"]) == 1
