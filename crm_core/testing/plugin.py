"""The pytest plugin of crm-core: fixtures for real storages and a real browser, for our own tests and a plugin's.

It is found through the entry point group ``pytest11`` and imports nothing heavy until a fixture is used.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def require() -> Callable[[object, str], None]:
    """``require(found, reason)``: skip with the reason when nothing was found, fail where CRM_REQUIRE_ALL=1."""
    from crm_core.testing import required

    return required.require


@pytest.fixture(scope="session")
def postgresql_dsn(require: Callable[[object, str], None]) -> Iterator[str]:
    """Connection words of a PostgreSQL cluster that lives as long as the test session (one per xdist worker)."""
    from crm_core.testing.storages import PostgreSQL, postgresql_programs

    programs = postgresql_programs()
    require(programs, "PostgreSQL's server programs (Debian: postgresql) are not installed")
    require(importlib.util.find_spec("psycopg2"), "psycopg2 is not installed (extra `postgresql`)")
    require(importlib.util.find_spec("relstorage"), "RelStorage is not installed (extra `postgresql`)")
    assert programs is not None
    cluster = PostgreSQL(programs)
    try:
        cluster.start()
        yield cluster.dsn
    finally:
        cluster.stop()


@pytest.fixture
def postgresql_uri(postgresql_dsn: str, tmp_path: Path) -> Iterator[str]:
    """The zodburi of a new empty PostgreSQL database, for this test alone."""
    from crm_core.testing.storages import postgresql_database

    with postgresql_database(postgresql_dsn, tmp_path / "postgresql-blobs") as uri:
        yield uri


@pytest.fixture
def zeo_uri(tmp_path: Path) -> Iterator[str]:
    """The zodburi of a new ZEO server (a process of its own), for this test alone."""
    from crm_core.testing.storages import zeo_server

    folder = tmp_path / "zeo"
    folder.mkdir()
    with zeo_server(folder) as uri:
        yield uri


@pytest.fixture(scope="session")
def chromium(require: Callable[[object, str], None]) -> Iterator[Browser]:
    """Playwright's ``Browser`` of the installed Chromium; open a new context in it for each test and close it."""
    from crm_core.testing import browser

    path = browser.chromium_path()
    require(path, "Chromium (Debian: chromium) is not installed")
    require(importlib.util.find_spec("playwright"), "playwright is not installed (extra `testing`)")
    assert path is not None
    with browser.launch(path) as running:
        yield running
