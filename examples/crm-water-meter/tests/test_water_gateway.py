"""The gateway is told over HTTP which meters are in use: once, whatever happens on the way."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import crm_water_meter
from crm_core.api import Contact, Services
from crm_core.app import App
from crm_core.effects import EffectRunner
from crm_core.testing.background import Background
from crm_core.testing.factories import make_app, make_contact
from crm_water_meter import gateway, meters


class Gateway(ThreadingHTTPServer):
    """A gateway on loopback. ``moods``: how it treats the next posts: a status, or "hang up" after it took one."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.moods: list[int | str] = []
        self.told: dict[str, dict[str, Any]] = {}
        """what it knows, by the key that it came with"""
        self.posts = 0


class Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        self.server.posts += 1
        mood = self.server.moods.pop(0) if self.server.moods else 204
        data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if mood in (204, "hang up"):
            self.server.told.setdefault(self.headers["Idempotency-Key"], data)
        if isinstance(mood, str):
            self.close_connection = True
            return
        self.send_response(mood)
        self.end_headers()

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    server = Gateway()
    monkeypatch.setenv(gateway.GATEWAY, f"http://127.0.0.1:{server.server_port}/meters")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path / "data", {"water_meter": crm_water_meter})
    assert not app.host.failed(), app.host.plugins["water_meter"].trace
    yield app
    app.close()


def give_meter(services: Services, number: str) -> Contact:
    contact = make_contact(services)
    services.contact_fields.edit(contact, {meters.METER.id: {"number": number, "area": "north"}})
    return contact


def due(app: App) -> None:
    """Whatever waits for its next try is due."""
    def work(services: Services) -> None:
        desk = services.root.effects[gateway.ANNOUNCE.id].desk()
        for letter in list(desk.waiting.values()):
            desk.take(letter)
            desk.wait(letter, 0)

    app.run(work)


def test_it_is_told_of_meters_and_of_nobody(app: App, outside: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    background = Background(app)
    with app.transaction() as services:
        contact = give_meter(services, "W-100")
        day = services.clock.today().isoformat()
    with app.transaction() as services:
        services.contacts.edit(services.contacts.get(contact.id), {"notes": "بیمار است"})
    background.act_all()
    assert list(outside.told.values()) == [{"number": "W-100", "district": "north", "since": day}]
    monkeypatch.delenv(gateway.GATEWAY)
    with app.transaction() as services:
        give_meter(services, "W-101")
    background.act_all()
    assert outside.posts == 1, "where no gateway is set up, nothing is told"


@pytest.mark.parametrize("mood", [503, 429, "hang up"])
def test_it_is_told_again_until_it_knows_and_once_only(app: App, outside: Gateway, mood: int | str) -> None:
    runner = EffectRunner(app)
    runner.begin()
    outside.moods = [mood]
    with app.transaction() as services:
        give_meter(services, "W-1")
    runner.step()
    due(app)
    runner.step()
    assert (outside.posts, [told["number"] for told in outside.told.values()]) == (2, ["W-1"])


def test_what_it_refuses_waits_for_a_person_and_what_is_not_there_for_its_return(
    app: App, outside: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = EffectRunner(app)
    runner.begin()
    outside.moods = [422]
    with app.transaction() as services:
        give_meter(services, "W-1")
    runner.step()
    with app.reading() as services:
        (letter,) = services.dead_letters.rows()
        assert letter.error == "NotDone: the gateway answers 422"

    address = f"http://127.0.0.1:{outside.server_port}/meters"
    monkeypatch.setenv(gateway.GATEWAY, "http://127.0.0.1:9/")  # the port of "discard": nobody listens
    app.run(lambda services: services.dead_letters.retry(letter.id))
    runner.step()
    assert outside.posts == 1
    monkeypatch.setenv(gateway.GATEWAY, address)
    due(app)
    runner.step()
    assert [told["number"] for told in outside.told.values()] == ["W-1"]
