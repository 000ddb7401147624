"""The fixtures for real storages and the browser do what they promise."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import transaction
import zodburi
from ZODB import DB
from ZODB.blob import Blob


@contextlib.contextmanager
def opened(uri: str) -> Iterator[Any]:
    factory, arguments = zodburi.resolve_uri(uri)
    db = DB(factory(), **arguments)
    try:
        yield db
    finally:
        db.close()


def write_then_read(uri: str) -> None:
    """Commit a value and a blob by one client, read both by another."""
    with opened(uri) as db:
        manager = transaction.TransactionManager(explicit=True)
        connection = db.open(manager)
        manager.begin()
        connection.root()["word"] = "سلام"
        connection.root()["blob"] = Blob("نامه".encode())
        manager.commit()
        connection.close()
    with opened(uri) as db, db.transaction() as connection:
        assert connection.root()["word"] == "سلام"
        with connection.root()["blob"].open("r") as blob:
            assert blob.read().decode() == "نامه"


@pytest.mark.postgresql
def test_postgresql_uri_keeps_objects_and_blobs(postgresql_uri: str) -> None:
    write_then_read(postgresql_uri)


@pytest.mark.postgresql
def test_postgresql_databases_are_new_for_each_test(postgresql_uri: str) -> None:
    with opened(postgresql_uri) as db, db.transaction() as connection:
        assert "word" not in connection.root()


@pytest.mark.zeo
def test_zeo_uri_keeps_objects_and_blobs(zeo_uri: str) -> None:
    write_then_read(zeo_uri)


@pytest.mark.zeo
def test_zeo_server_resolves_conflicts_with_the_cores_classes(zeo_uri: str) -> None:
    """Two clients append to one segment of the journal at once; the server merges them, so it can import crm_core."""
    from crm_core.model.journal import Segment

    first, second = (transaction.TransactionManager(explicit=True) for _ in range(2))
    with opened(zeo_uri) as db, contextlib.closing(db.open(first)) as one, contextlib.closing(db.open(second)) as two:
        first.begin()
        one.root()["segment"] = Segment()
        first.commit()
        first.begin()
        second.begin()
        one.root()["segment"].items += ("first",)
        two.root()["segment"].items += ("second",)
        first.commit()
        second.commit()
        first.begin()
        assert one.root()["segment"].items == ("first", "second")
        first.abort()


@pytest.mark.browser
def test_chromium_opens_a_page_of_loopback_and_nothing_else(chromium: Any) -> None:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write("<title>میز خدمت</title>".encode())

        def log_message(self, format: str, *args: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        context = chromium.new_context()
        try:
            page = context.new_page()
            page.goto(f"http://127.0.0.1:{server.server_address[1]}/")
            assert page.title() == "میز خدمت"
            with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
                page.goto("http://example.org/")
        finally:
            context.close()
            server.shutdown()


def test_require_skips_on_a_users_machine_and_fails_where_all_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    from crm_core.testing.required import require

    require("found", "not needed")
    monkeypatch.delenv("CRM_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no such server"):
        require(None, "no such server")
    monkeypatch.setenv("CRM_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="no such server"):
        require(None, "no such server")
