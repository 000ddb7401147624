"""``crm worker`` as real processes beside each other: nothing twice, nothing lost, also when one is killed."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm_core import builtin
from crm_core.app import App
from crm_core.health import health
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.testing.factories import make_clerk, make_contact, submit
from crm_core.testing.processes import CRM, PATIENCE, Process, wait_for

ALONE = "complaints surveys appointments"


@pytest.fixture
def words(outside: Any) -> Callable[[str], dict[str, str]]:
    """``words(uri)``: the environment of all processes of a test."""
    return lambda uri: {"CRM_ZODBURI": uri, "CRM_SEARCH": "none", "CRM_TEST_POST": outside.address,
                        "CRM_PLUGINS_DISABLED": ALONE}


@pytest.fixture
def work(tmp_path: Path, processes: Callable[..., Process], words: Any) -> Callable[[str], Process]:
    """``work(uri)``: one more worker, at work."""

    def start(uri: str) -> Process:
        worker = processes(tmp_path / "worker", "worker", "--silence", "4", **words(uri))
        worker.start()
        assert worker.said.startswith("The worker is at work: "), worker.said
        assert "effect works.sure" in worker.said
        return worker

    return start


def register(app: App) -> str:
    def work(services: Services) -> str:
        return str(submit(services, make_contact(services), builtin.GENERAL, {"category": "service"}).id)

    return app.run(work)


def kept(app: App, name: str) -> list[str]:
    """What the plugin has kept, by request or by object."""
    with app.reading() as services:
        return sorted(str(item.data.get("request") or item.data.get("object")) for item in services.collections[name])


def set_timers(app: App) -> None:
    def work(services: Services) -> None:
        for number in (1, 2, 3):
            services.timers.at(services.now - 60_000, "works.timer", number)

    app.run(work)


def alive(app: App) -> tuple[str, list[str]]:
    """What the page of health says of the background, and of which processes."""
    with app.reading() as services:
        (part,) = (part for part in health(app, services) if part.name == "background")
        return part.tone, [process["what"] for process in part.facts["processes"]]


def held(app: App) -> dict[str, int]:
    with app.reading() as services:
        return services.dead_letters.counts()


@pytest.mark.postgresql
@pytest.mark.slow
def test_two_workers_and_what_a_kill_leaves_in_the_middle(
    postgresql_uri: str, words: Any, open_again: Callable[..., App], outside: Any, work: Any, tmp_path: Path
) -> None:
    app = open_again(tmp_path / "data", CRM_BACKGROUND="worker", **words(postgresql_uri))
    assert alive(app) == ("bad", []), "no worker is there yet"

    set_timers(app)
    workers = [work(postgresql_uri), work(postgresql_uri)]
    ids = sorted(register(app) for _number in range(4))
    wait_for(lambda: len(outside.posts) >= 2 * len(ids) and len(kept(app, "works.heard")) >= len(ids)
             and len(kept(app, "works.told")) >= len(ids) and len(kept(app, "works.rung")) >= 3)
    assert Counter(post["request"] for post in outside.posts) == dict.fromkeys(ids, 2), "once for each effect"
    assert kept(app, "works.heard") == kept(app, "works.told") == ids
    assert kept(app, "works.rung") == ["1", "2", "3"]
    assert len(kept(app, "works.swept")) == 1
    wait_for(lambda: alive(app) == ("good", ["crm worker"] * 2))  # on a busy machine a sign of life may be late

    outside.open.clear()
    last = register(app)
    wait_for(lambda: sum(post["request"] == last for post in outside.posts) == 2)
    for worker in workers:
        worker.kill()
    outside.open.set()
    third = work(postgresql_uri)
    wait_for(lambda: last in kept(app, "works.told"))
    wait_for(lambda: held(app) == {"dead": 0, "uncertain": 1})
    posts = [post["key"] for post in outside.posts if post["request"] == last]
    assert sorted(Counter(posts).values()) == [1, 2], "again with the same key where that does no harm, else never"
    with app.reading() as services:
        (letter,) = services.dead_letters.rows()
        assert (letter.owner, letter.state) == ("works.unsure", "uncertain")

    third.stop()
    log = "".join(one.log.read_text("utf-8") for one in (*workers, third))
    assert "effect works.sure: one" in log and "readers: 1 entries" in log and "ended" in log


@pytest.mark.zeo
@pytest.mark.slow
def test_a_server_leaves_it_to_the_workers_beside_it(
    zeo_uri: str, words: Any, open_again: Callable[..., App], outside: Any, processes: Callable[..., Process],
    work: Any, tmp_path: Path,
) -> None:
    app = open_again(tmp_path / "data", CRM_BACKGROUND="worker", **words(zeo_uri))
    server = processes(tmp_path / "web", "serve", CRM_BACKGROUND="worker", **words(zeo_uri))
    server.start()
    early = register(app)  # the plugin is there from the start of the server on, whenever its first worker comes
    assert alive(app) == ("bad", [])
    workers = [work(zeo_uri), work(zeo_uri)]
    ids = sorted([early, *(register(app) for _number in range(4))])
    wait_for(lambda: kept(app, "works.heard") == ids and kept(app, "works.told") == ids
             and len(outside.posts) >= 2 * len(ids))
    assert Counter(post["request"] for post in outside.posts) == dict.fromkeys(ids, 2), "once for each effect"
    for one in (*workers, server):
        one.stop()
    assert kept(app, "works.heard") == ids
    assert "works" not in server.log.read_text("utf-8"), "the server did nothing of it"
    assert "readers:" in "".join(worker.log.read_text("utf-8") for worker in workers)


@pytest.mark.zeo
def test_a_server_of_pages_alone_does_nothing_and_says_who_does(
    zeo_uri: str, words: Any, open_again: Callable[..., App], outside: Any, processes: Callable[..., Process],
    work: Any, loss: Any, tmp_path: Path,
) -> None:
    """``crm.background = none``: what is written there is read by the worker beside it, and by nobody before."""
    app = open_again(tmp_path / "data", CRM_BACKGROUND="none", **words(zeo_uri))
    make_clerk(app, "admin", roles=[Role.ADMINISTRATOR])
    make_clerk(app, "clerk")
    contact = app.run(lambda services: make_contact(services).id)
    server = processes(tmp_path / "web", "serve", CRM_BACKGROUND="none", **words(zeo_uri))
    server.start()
    clerk, admin = loss.Clerk(server, "clerk"), loss.Clerk(server, "admin")
    clerk.sign_in()
    admin.sign_in()

    def said() -> dict[str, Any]:
        part: dict[str, Any] = json.loads(admin.ask("GET", "/admin/health.json").text)["parts"]["background"]
        return part

    path, pairs = clerk.request(contact, "zq0w00001")
    assert clerk.insist("POST", path, pairs).status == 303
    nobody = said()
    assert (nobody["status"], nobody["mode"], nobody["threads"], nobody["processes"]) == ("warn", "none", {}, [])
    assert "crm worker" in admin.ask("GET", "/admin/health").text, "what to do, in the words of the reader"
    assert outside.posts == [] and kept(app, "works.heard") == []

    worker = work(zeo_uri)
    wait_for(lambda: len(kept(app, "works.heard")) == 1 and len(kept(app, "works.told")) == 1)
    assert [one["what"] for one in said()["processes"]] == ["crm worker"]
    assert (said()["status"], said()["threads"]) == ("good", {})
    for one in (worker, server):
        one.stop()
    assert said_nothing(server)


def said_nothing(server: Process) -> bool:
    """Whether nothing of what is done in the background stands in the log of a server."""
    return not any(word in server.log.read_text("utf-8") for word in ("works", "readers:", "effect "))


def test_a_worker_refuses_what_one_process_holds(tmp_path: Path) -> None:
    done = subprocess.run(
        [*CRM, "worker", "--data", str(tmp_path)], capture_output=True, text=True, timeout=PATIENCE,
        env={**os.environ, "LC_ALL": "C.UTF-8", "CRM_LANGUAGE": "en"},
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "A worker needs a storage server" in done.stderr
