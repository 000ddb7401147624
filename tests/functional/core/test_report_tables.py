"""The report tables in SQLite and PostgreSQL: what they hold, whatever way it came there; nothing of the erased."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select, text

from crm_core import builtin
from crm_core.api import Category, Form, RequestType, Services, Status, TextFactory, fields, hookimpl
from crm_core.app import App
from crm_core.errors import CrmError
from crm_core.model.ids import now_ms
from crm_core.reporting.projection import FILE, projection, url_of
from crm_core.reporting.schema import (
    ABOUT,
    ANSWER,
    INTERACTION,
    METADATA,
    OF_INTERACTION,
    OF_REQUEST,
    REQUEST,
    SHIELD,
    STAGE,
    STATE,
)
from crm_core.reporting.tables import ReportTables
from crm_core.settings import Settings
from crm_core.testing.factories import make_contact, submit

_ = TextFactory("crm_core")
HOUR = 3_600_000
YESTERDAY = now_ms() - 24 * HOUR


class TreeForm(Form):
    """A form with an answer of each kind."""

    trees = fields.integer("Trees")
    fee = fields.money("Fee")
    kinds = fields.choices("Kinds", (("oak", "Oak"), ("plane", "Plane")))
    day = fields.date("Day")
    alive = fields.boolean("Alive")
    words = fields.text("In your words")
    owner = fields.choice("Owner", (("me", "Me"), ("others", "Others")), personal=True)


ANSWERS = {"trees": "12", "fee": "250000", "kinds": ["oak", "plane"], "day": "2026-03-21", "alive": "true",
           "words": "کنار خانهٔ سارینا", "owner": "me"}


def trees() -> ModuleType:
    module = ModuleType("trees")
    statuses = (Status("new", Category.NEW, "New"), Status("cut", Category.DONE, "Cut"))
    vars(module).update(CRM_API_VERSION=1, contribute=hookimpl(lambda: [
        RequestType("trees.cut", "Cutting of a tree", TreeForm, statuses)]))
    return module


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def uri(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgresql_uri"))


@pytest.fixture
def app(uri: str, open_app: Callable[..., App]) -> App:  # the server first: it ends last
    return open_app({"trees": trees()}, zodburi=uri)


@pytest.fixture
def tables(app: App) -> ReportTables:
    return next(one for one in app.projections if isinstance(one, ReportTables))


def caught_up(tables: ReportTables) -> dict[str, list[Any]]:
    """Everything in the tables once nothing is left to read, in order."""
    while tables.step():
        pass
    assert tables.lag() == 0
    with tables.engine.connect() as store:
        return {table.name: sorted(map(tuple, store.execute(select(table))), key=repr)
                for table in METADATA.tables.values() if table is not STATE}


def rows(tables: ReportTables, table: Any, *columns: str) -> list[tuple[Any, ...]]:
    with tables.engine.connect() as store:
        found = store.execute(select(*(table.c[name] for name in columns)).order_by(*table.primary_key.columns))
        return [tuple(row) for row in found]


def live(app: App) -> dict[str, int]:
    """One request through two units: registered yesterday, handed over, answered, closed, open again, withdrawn."""
    ids: dict[str, int] = {}

    def work(services: Services) -> None:
        roads, parks = services.units.add("Roads"), services.units.add("Parks")
        contact = make_contact(services)
        request = submit(services, contact, builtin.GENERAL, {"category": "service", "place": "Sarina's house"},
                         at=YESTERDAY, unit=roads.id)
        submit(services, contact, "trees.cut", ANSWERS)
        ids.update(contact=contact.id, request=request.id, roads=roads.id, parks=parks.id)

    def move(services: Services) -> None:
        request = services.root.requests[ids["request"]]
        services.requests.change_status(services, request, "working", at=YESTERDAY + HOUR)
        services.requests.change_status(services, request, "answered", at=YESTERDAY + 3 * HOUR)
        services.requests.change_status(services, request, "working", at=YESTERDAY + 4 * HOUR)
        services.requests.assign(request, unit=ids["parks"], note="to Sarina's neighbours")
        contact = services.root.contacts[ids["contact"]]
        said = services.interactions.log(contact, channel="phone", direction="out", body="Soon, Sarina",
                                         started=YESTERDAY + 2 * HOUR, duration=90, requests=(request,))
        ids["interaction"] = said.id

    app.run(work)
    app.run(move)
    return ids


def test_a_request_is_told_with_its_stages_and_answers(app: App, tables: ReportTables) -> None:
    assert tables.lag() is None
    ids = live(app)
    caught_up(tables)
    roads, parks = ids["roads"], ids["parks"]
    assert rows(tables, REQUEST, "id", "contact", "type", "category", "unit", "created", "first_answer", "reopened",
                "handed", "confidential")[0] == (
        ids["request"], ids["contact"], builtin.GENERAL, "open", parks, YESTERDAY, YESTERDAY + 2 * HOUR, 1, 1, False)
    stages = [row[1:] for row in rows(tables, STAGE, "request", "status", "category", "unit", "began", "ended")
              if row[0] == ids["request"]]
    moved = stages[-1][3]
    assert stages == [
        ("new", "new", roads, YESTERDAY, YESTERDAY + HOUR),
        ("working", "open", roads, YESTERDAY + HOUR, YESTERDAY + 3 * HOUR),
        ("answered", "done", roads, YESTERDAY + 3 * HOUR, YESTERDAY + 4 * HOUR),
        ("working", "open", roads, YESTERDAY + 4 * HOUR, moved),
        ("working", "open", parks, moved, None),
    ]
    assert rows(tables, INTERACTION, "id", "contact", "channel", "direction", "duration") == [
        (ids["interaction"], ids["contact"], "phone", "out", 90)]
    assert rows(tables, ABOUT, "interaction", "request") == [(ids["interaction"], ids["request"])]
    answers = {(field, number): (word, amount) for field, number, word, amount
               in rows(tables, ANSWER, "field", "number", "word", "amount")}
    assert answers == {
        ("category", 0): ("service", None), ("trees", 0): (None, 12.0), ("fee", 0): (None, 250000.0),
        ("kinds", 0): ("oak", None), ("kinds", 1): ("plane", None), ("day", 0): ("2026-03-21", None),
        ("alive", 0): (None, 1.0),
    }  # nothing personal, no free words


def test_steps_and_a_scan_come_to_the_same(app: App, tables: ReportTables) -> None:
    caught_up(tables)  # built from nothing: all that follows comes in by steps
    live(app)
    stepped = caught_up(tables)
    assert tables.rebuild() == 3
    assert caught_up(tables) == stepped


def test_whoever_is_erased_is_in_no_row_from_that_moment_on(app: App, tables: ReportTables, tmp_path: Path) -> None:
    ids = live(app)
    caught_up(tables)
    app.run(lambda services: services.privacy.erase(services.root.contacts[ids["contact"]]))
    for table, column in (*OF_REQUEST, *OF_INTERACTION):
        with tables.engine.connect() as store:  # before any step
            assert list(store.execute(select(column))) == [], table.name
    found = caught_up(tables)
    assert len(found["request"]) == 2  # the cases stay, of nobody
    assert found["interaction"] == found["about"] == []
    assert str(ids["contact"]) not in repr(found)
    if tables.engine.dialect.name == "sqlite":
        names = [path for path in app.settings.data.iterdir() if path.name.startswith(FILE)]
        assert names
        assert not any(ids["contact"].to_bytes(8, "big") in path.read_bytes() for path in names)


def test_a_rebuild_that_ends_early_leaves_what_was_there(app: App, tables: ReportTables) -> None:
    live(app)
    before = caught_up(tables)

    def killed(_done: int) -> None:
        with tables.engine.connect() as other:  # everybody reads on meanwhile
            assert len(list(other.execute(select(REQUEST)))) == 2
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tables.rebuild(killed)
    assert caught_up(tables) == before


def test_two_who_read_the_same_entries_store_them_once(app: App, tables: ReportTables) -> None:
    caught_up(tables)
    live(app)
    other = projection(app)
    assert other is not None
    behind = other.cursor()
    assert behind is not None
    stepped = caught_up(tables)
    with other.engine.begin() as store:
        assert not other.store._move(store, "{}", behind)
    assert caught_up(other) == stepped
    other.close()


def test_tables_of_another_layout_are_built_anew(app: App, tables: ReportTables) -> None:
    live(app)
    before = caught_up(tables)
    with tables.engine.begin() as store:
        store.execute(STATE.update().values(layout=0))
    assert tables.lag() is None
    assert caught_up(tables) == before


def test_for_whom_a_request_does_not_exist_is_told(app: App, tables: ReportTables) -> None:
    ids = live(app)

    def shield(services: Services) -> None:
        services.root.requests[ids["request"]].hidden_from = (7, 8)

    app.run(shield)
    caught_up(tables)
    tables.rebuild()
    assert rows(tables, SHIELD, "request", "user") == [(ids["request"], 7), (ids["request"], 8)]


def test_where_the_tables_lie(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    assert url_of(settings) == f"sqlite:///{tmp_path}/{FILE}"
    on_server = Settings(data=tmp_path, zodburi="postgres://u:p%40ss@host:5433/city?sslmode=require&driver=psycopg2")
    assert url_of(on_server) == "postgresql+psycopg2://u:p%40ss@host:5433/city?sslmode=require"
    assert url_of(Settings(data=tmp_path, reports="none")) == ""
    several = Settings(data=tmp_path, zodburi="postgres:///city?host=one,two&port=5432,5433&blob_dir=/c")
    assert url_of(several) == "postgresql+psycopg2:///city?host=one%2Ctwo&port=5432%2C5433"
    assert url_of(Settings(data=tmp_path, reports="postgresql://u:p@h/d")) == "postgresql+psycopg2://u:p@h/d"
    for wrong in ("mysql://u:secret@h/d", "secret", "postgresql://u:secret@h:port/d"):
        with pytest.raises(CrmError) as refused:
            url_of(Settings(data=tmp_path, reports=wrong))
        assert "secret" not in str(refused.value)


@pytest.mark.postgresql  # no server is asked, but its library
def test_no_password_is_told_when_the_server_does_not_answer(tmp_path: Path, open_app: Callable[..., App]) -> None:
    app = open_app(reports="postgresql://u:secret@127.0.0.1:1/d")
    tables = projection(app)
    assert tables is not None
    with pytest.raises(Exception, match="127.0.0.1") as refused:
        tables.step()
    assert "secret" not in str(refused.value)
    assert tables.lag() is None


@pytest.mark.file_storage  # else the storage misses it first
def test_a_library_that_is_missing_is_named(open_app: Callable[..., App], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(CrmError, match="postgres"):
        projection(open_app(reports="postgresql://u@127.0.0.1:1/d"))


def test_the_file_is_its_owners_alone(app: App, tables: ReportTables) -> None:
    live(app)
    caught_up(tables)
    if tables.engine.dialect.name == "sqlite":
        modes = {path.stat().st_mode & 0o077 for path in app.settings.data.glob(f"{FILE}*")}
        assert modes == {0}
    else:
        with tables.engine.connect() as store:
            assert store.execute(text("SELECT count(*) FROM crm_reports.request")).scalar() == 2
