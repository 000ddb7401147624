"""The PostgreSQL backend: the conformance suite on a real server, and what only a server can do wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("psycopg2", reason="psycopg2 is not installed (extra `postgres`)")

for module in ("crm_search.testing", "crm_search.testing_commits"):
    pytest.register_assert_rewrite(module)

import psycopg2  # noqa: E402

from crm_core.services.textsearch import SearchUnavailable  # noqa: E402
from crm_search import postgres_index  # noqa: E402
from crm_search.postgres_index import PostgresSearch  # noqa: E402
from crm_search.testing import TextSearchContract  # noqa: E402 (after the assertions are made readable)
from crm_search.testing_kit import keys, text  # noqa: E402
from crm_search.testing_postgres import DSN_FILE, open_search, schema_of, spoil  # noqa: E402


@pytest.fixture(autouse=True)
def server(tmp_path: Path, postgresql_dsn: str) -> None:
    (tmp_path / DSN_FILE).write_text(postgresql_dsn, "utf-8")


class TestPostgres(TextSearchContract):
    opener = "crm_search.testing_postgres:open_search"

    def damage(self, folder: Path) -> None:
        spoil(folder)


@pytest.fixture
def search(tmp_path: Path, server: None) -> Iterator[PostgresSearch]:
    search = open_search(tmp_path / "index")
    yield search
    search.close()


def test_a_question_ends_at_its_deadline(search: PostgresSearch, tmp_path: Path, postgresql_dsn: str) -> None:
    """Whatever the server waits for: here for a table that somebody else holds."""
    search.apply([text(1, "پل")], [], "a")
    impatient = PostgresSearch(postgresql_dsn, schema=schema_of(tmp_path / "index"), deadline=0.05)
    holder = psycopg2.connect(postgresql_dsn)
    holder.cursor().execute(f"LOCK TABLE {search.schema}.texts_1 IN ACCESS EXCLUSIVE MODE")
    with pytest.raises(SearchUnavailable, match="statement timeout"):
        impatient.search("پل", kind="interaction")
    holder.close()
    assert keys(impatient.search("پل")) == [("interaction", 1)]
    impatient.close()


def test_a_server_that_was_away_is_asked_again(search: PostgresSearch, postgresql_dsn: str) -> None:
    """Connections kept open died with it: nobody has to ask twice."""
    search.apply([text(1, "پل")], [], "a")
    search.search("پل")
    other = psycopg2.connect(postgresql_dsn)
    other.cursor().execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
                           ("crm full text",))
    other.close()
    assert keys(search.search("پل")) == [("interaction", 1)]
    search.apply([text(2, "پل")], [], "b")
    assert len(search.search("پل")) == 2


def test_of_a_very_common_word_the_newest_come_first(search: PostgresSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranking a million matches takes seconds; their order says nothing anyway."""
    others = (text(number, "", "پل کوچه", when=number) for number in range(2, 12))
    search.apply([text(1, "پل پل", "پل پل پل", when=1), *others], [], "a")
    assert search.search("پل")[0].id == 1
    monkeypatch.setattr(postgres_index, "MOST", 10)
    assert [hit.id for hit in search.search("پل")] == list(range(11, 1, -1))


def test_tables_of_a_build_that_was_given_up_are_dropped(search: PostgresSearch, postgresql_dsn: str) -> None:
    search.apply([text(1, "پل")], [], "a")
    with pytest.raises(ZeroDivisionError):
        search.replace((text(1 // (3 - number), "پل") for number in range(4)), "b")
    search.replace([text(2, "پل")], "c")
    connection = psycopg2.connect(postgresql_dsn)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", (search.schema,))
        tables = [name for (name,) in cursor.fetchall()]
    connection.close()
    assert len(tables) == 3, tables
    assert tables[1] == "state"


def test_a_schema_is_a_plain_name(postgresql_dsn: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        PostgresSearch(postgresql_dsn, schema='x"; DROP SCHEMA public')
