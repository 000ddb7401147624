"""Which backend an installation gets, and what happens to the old one when it is another than before."""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from crm_core.app import App
from crm_core.cli import main
from crm_core.errors import CrmError
from crm_core.health import health
from crm_core.services.textsearch import NullSearch, SearchUnavailable
from crm_core.settings import Settings
from crm_search.backend import dsn, open_search
from crm_search.whoosh_index import WhooshSearch

POSTGRES = "postgres://clerk:p%40ss%27w@db.example:5433/city?driver=psycopg2&blob_dir=/c&connect_timeout=3"


def test_the_setting_names_the_backend(tmp_path: Path) -> None:
    assert isinstance(open_search(Settings(tmp_path)), WhooshSearch)
    assert isinstance(open_search(Settings(tmp_path, search="none")), NullSearch)
    with pytest.raises(CrmError, match="elastic"):
        open_search(Settings(tmp_path, search="elastic"))


@pytest.mark.parametrize(("backend", "module"), [("tantivy", "tantivy"), ("postgres", "psycopg2")])
def test_a_missing_library_is_named_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(CrmError, match=rf"{module}.*crm-core\[{backend}\]"):
        open_search(Settings(tmp_path, search=backend))


def test_the_database_is_that_of_the_storage_or_its_own(tmp_path: Path) -> None:
    parse = pytest.importorskip("psycopg2.extensions").parse_dsn
    assert parse(dsn(Settings(tmp_path, zodburi=POSTGRES))) == {
        "host": "db.example", "port": "5433", "user": "clerk", "password": "p@ss'w", "dbname": "city",
        "connect_timeout": "3"}
    assert dsn(Settings(tmp_path, zodburi=POSTGRES, search_dsn="host=x")) == "host=x"
    for uri in ("", "zeo://localhost:8100", "postgres://h:port/db"):
        with pytest.raises(CrmError):
            dsn(Settings(tmp_path, zodburi=uri))


def test_several_servers_of_the_storage_are_those_of_full_text(tmp_path: Path) -> None:
    """Without them libpq would take the server of this machine, which is another one."""
    parse = pytest.importorskip("psycopg2.extensions").parse_dsn
    several = "postgres:///city?host=one,two&port=5432,5433&target_session_attrs=read-write&blob_dir=/c"
    assert parse(dsn(Settings(tmp_path, zodburi=several))) == {
        "host": "one,two", "port": "5432,5433", "dbname": "city", "target_session_attrs": "read-write"}
    assert parse(dsn(Settings(tmp_path, zodburi="postgres:///city?host=/run/pg")))["host"] == "/run/pg"


@pytest.mark.parametrize("words", ["postgresq://clerk:secret@host/db", "host=x password=a secret",
                                   "postgresql://clerk:secret@[host/db", "postgresql://clerk:secr/et@host/db"])
def test_words_that_cannot_be_read_are_not_repeated_with_their_password(tmp_path: Path, words: str) -> None:
    pytest.importorskip("psycopg2")
    with pytest.raises(CrmError, match=r"crm\.search_dsn cannot be read") as refused:
        open_search(Settings(tmp_path, search="postgres", search_dsn=words))
    said = "".join(traceback.format_exception(refused.value))
    assert "secr" not in said


def test_a_server_that_is_away_is_no_error_of_a_page(tmp_path: Path) -> None:
    pytest.importorskip("psycopg2")
    search = open_search(Settings(tmp_path, search="postgres", search_dsn="host=127.0.0.1 port=1 dbname=nothing"))
    for ask in (lambda: search.search("چراغ"), lambda: search.fuzzy_names("سارا"), search.cursor, search.count):
        with pytest.raises(SearchUnavailable, match="PostgreSQL cannot be reached"):
            ask()


def test_switching_is_the_setting_and_a_reindex(tmp_path: Path, postgresql_uri: str) -> None:
    pytest.importorskip("tantivy")
    rows, data = tmp_path / "people.csv", tmp_path / "data"
    rows.write_text("name,phone,city,external_id\nسارا کریمی,09121234567,اصفهان,a1\n", "utf-8")
    server = dsn(Settings(data, zodburi=postgresql_uri))
    settings = {"CRM_SEARCH_DSN": server, "CRM_LANGUAGE": "en"}

    def crm(search: str, *arguments: str) -> Any:
        words = [*arguments, "--data", str(data), "--json"]
        result = CliRunner().invoke(main, words, env={**settings, "CRM_SEARCH": search})
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def found(search: str, words: str) -> list[str]:
        return [hit["title"] for hit in crm(search, "find", words)]

    crm("whoosh", "import", "contacts", str(rows))
    assert found("whoosh", "اصفهان") == ["سارا کریمی"]
    for search in ("tantivy", "postgres", "whoosh"):
        assert found(search, "09121234567") == ["سارا کریمی"], "exact look-ups need no full text"
        assert found(search, "کریمی") == ["سارا کریمی"]
        opened = open_search(Settings(data, search=search, search_dsn=server), read_only=True)
        assert opened.cursor() is None, "nothing was built for this one yet"
        opened.close()
        assert crm(search, "reindex")["count"] == {"contact": 1, "interaction": 0, "request": 0}
        assert found(search, "اصفهان") == ["سارا کریمی"]
        assert found(search, "کریمب") == ["سارا کریمی"], "one letter wrong"
        names = {entry.name.partition("-")[0] for entry in (data / "index").glob("*")}
        assert names == {"tantivy": {"current", "build", "writer.lock"}, "postgres": set(),
                         "whoosh": {"manifest.json", "build", "writer.lock"}}[search], "no words are left of the other"


def test_health_says_that_nothing_was_built(tmp_path: Path) -> None:
    pytest.importorskip("tantivy")
    app = App.open(Settings(tmp_path, search="tantivy"), plugins=())
    try:
        with app.reading() as services:
            part = next(part for part in health(app, services) if part.name == "search")
        assert (part.tone, part.facts["lag"]) == ("warn", None)
    finally:
        app.close()
