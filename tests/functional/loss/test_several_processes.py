"""PostgreSQL that is restarted under a server, a worker that is killed, two servers that write to one contact at once:
nothing lost, nothing twice."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from webtest import TestResponse

from crm_core.app import App
from crm_core.testing.crowd import together
from crm_core.testing.factories import make_app, make_clerk, make_contact
from crm_core.testing.storages import PostgreSQL, postgresql_programs

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]
ALONE = "complaints surveys appointments"
EDITS = 3


@pytest.fixture
def cluster(postgresql_dsn: str) -> Iterator[PostgreSQL]:  # that one is asked for what must be installed
    """A cluster of this test alone, which keeps what it acknowledged when it is stopped without warning."""
    programs = postgresql_programs()
    assert programs is not None
    server = PostgreSQL(programs, survives=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def begin(folder: Path, uri: str) -> list[int]:
    """A new database with two clerks; ids of its contacts."""
    app = make_app(folder, zodburi=uri)
    try:
        make_clerk(app, "clerk")
        make_clerk(app, "second")
        return [app.run(lambda services: make_contact(services).id) for _number in range(3)]
    finally:
        app.close()


def test_postgresql_is_restarted_under_the_server(
    cluster: PostgreSQL, tmp_path: Path, processes: Callable[..., Any], outside: Any, open_again: Callable[..., App],
    loss: Any,
) -> None:
    query = urlencode({"driver": "psycopg2", "shared_blob_dir": "false", "blob_dir": str(tmp_path / "blobs")})
    uri = f"postgres://crm@127.0.0.1:{cluster.port}/postgres?{query}"
    data = tmp_path / "data"
    contacts = begin(data, uri)
    words = {"CRM_ZODBURI": uri, "CRM_SEARCH": "none", "CRM_TEST_POST": outside.address,
             "CRM_PLUGINS_DISABLED": ALONE}
    server = processes(data, "serve", **words)
    server.start()
    clerks = [loss.Clerk(server, login) for login in ("clerk", "second")]
    for clerk in clerks:
        clerk.sign_in()
    path, pairs = clerks[0].request(contacts[0], "zq9w00001")
    with loss.Office(clerks, contacts) as office:
        office.wait_for_more(3)
        cluster.restart()
        office.wait_for_more(3)
        cluster.halt()
        refused = clerks[0].ask("POST", path, pairs)
        assert refused.status == 503 and refused.headers["Retry-After"], refused.text
        assert "zq9w00001" in refused.text
        cluster.go_on()
        office.wait_for_more(3)
        office.close()
        office.demand_well()
    answer = clerks[0].insist("POST", path, pairs)
    assert answer.status == 303, answer.text
    office.written[0].requests["zq9w00001"] = urlsplit(answer.location).path
    server.stop()
    app = open_again(data, **words)
    proof = loss.Proof(app)
    proof.catch_up()
    proof.whole()
    proof.every_one_once(office)
    proof.reports_as_rebuilt()
    proof.every_letter(outside.posts)
    app.close()


def test_a_worker_is_killed_at_random_moments(
    postgresql_uri: str, tmp_path: Path, processes: Callable[..., Any], outside: Any, open_again: Callable[..., App],
    loss: Any,
) -> None:
    seed = secrets.token_hex(4)
    print(f"\nseed {seed}")
    rng = random.Random(seed)
    data = tmp_path / "data"
    contacts = begin(data, postgresql_uri)
    words = {"CRM_ZODBURI": postgresql_uri, "CRM_SEARCH": "none", "CRM_TEST_POST": outside.address,
             "CRM_PLUGINS_DISABLED": ALONE}
    server = processes(data, "serve", CRM_BACKGROUND="worker", **words)
    server.start()
    worker = processes(data, "worker", "--silence", "1", **words)
    worker.start()
    clerk = loss.Clerk(server, "clerk")
    clerk.sign_in()
    with loss.Office([clerk], contacts) as office:
        for _round in range(2):
            posted = len(outside.posts) + rng.randint(1, 4)
            loss.wait_for(lambda posted=posted: len(outside.posts) >= posted, "the worker does not work")
            worker.kill()
            worker.start()
        office.close()
        office.demand_well()
    worker.kill()
    server.stop()
    proof = loss.Proof(open_again(data, **words))
    proof.catch_up()
    proof.whole()
    proof.every_one_once(office)
    proof.reports_as_rebuilt()
    print(proof.every_letter(outside.posts))


def test_two_servers_write_to_the_same_contact(
    postgresql_uri: str, tmp_path: Path, processes: Callable[..., Any], outside: Any, open_again: Callable[..., App],
    loss: Any,
) -> None:
    data = tmp_path / "data"
    contact = begin(data, postgresql_uri)[0]
    words = {"CRM_ZODBURI": postgresql_uri, "CRM_SEARCH": "none", "CRM_TEST_POST": outside.address,
             "CRM_PLUGINS_DISABLED": ALONE}
    servers = [processes(data, "serve", **words) for _number in range(2)]
    for server in servers:
        server.start()
    clerks = [loss.Clerk(server, login) for server, login in zip(servers, ("clerk", "second"), strict=True)]
    for clerk in clerks:
        clerk.sign_in()

    def edit(which: int) -> int:
        """Write a line of one's own behind what stands in the notes; how often somebody else was faster."""
        clerk, path, refused = clerks[which], f"/contacts/{contact}/edit", 0
        for number in range(EDITS):
            while True:
                page = clerk.insist("GET", path)
                form = TestResponse(page.text, content_type="text/html", charset="utf-8").forms["form"]
                pairs = [(name, f"{value}\nline {which} {number}".strip() if name == "notes" else value)
                         for name, value in form.submit_fields("submit") if isinstance(value, str)]
                answer = clerk.insist("POST", path, pairs)
                if answer.status == 303:
                    break
                assert answer.status == 409 or "revision" in answer.text, (answer.status, answer.text)
                refused += 1
        return refused

    callers = [loss.Clerk(server, login) for server, login in zip(servers, ("clerk", "second"), strict=True)]
    for caller in callers:
        caller.sign_in()
    with loss.Office(callers, [contact]) as office:
        together(edit, 2)
        office.close()
    for server in servers:
        server.stop()
    app = open_again(data, **words)
    with app.reading() as services:
        notes = services.contacts.get(contact).notes.splitlines()
    assert sorted(notes) == sorted(f"line {which} {number}" for which in range(2) for number in range(EDITS))
    proof = loss.Proof(app)
    proof.catch_up()
    proof.whole()
    proof.every_one_once(office)
    proof.every_letter(outside.posts)
