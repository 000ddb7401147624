"""The pytest plugin of crm-core: fixtures for real storages and a real browser, for our own tests and a plugin's.

It is found through the entry point group ``pytest11`` and imports nothing heavy until a fixture is used.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--storage``; CRM_TEST_STORAGE in the environment says the same."""
    parser.addoption("--storage", choices=("file", "postgres"), default=os.environ.get("CRM_TEST_STORAGE") or "file",
                     help="where applications of tests keep their data: file (the default) or postgres")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "file_storage: is about the file itself, so it is left out on other storages")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL leave out what is about the file itself, and what names its own server: that is the same there."""
    if config.getoption("--storage") == "postgres":
        own = [item for item in items if any(map(item.get_closest_marker, ("file_storage", "zeo", "postgresql")))]
        config.hook.pytest_deselected(items=own)
        items[:] = [item for item in items if item not in set(own)]


@pytest.fixture(scope="session", autouse=True)
def storage_of_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    """Lets tests begin their databases on PostgreSQL where ``--storage=postgres`` says so."""
    if request.config.getoption("--storage") != "postgres":
        yield
        return
    from crm_core.testing import onserver

    os.environ[onserver.SERVER] = request.getfixturevalue("postgresql_dsn")
    yield
    del os.environ[onserver.SERVER]


@pytest.fixture(autouse=True)
def databases_of_tests(storage_of_tests: None, request: pytest.FixtureRequest) -> Iterator[None]:
    """Drops the databases that a test began; those of fixtures for several tests stay."""
    if request.config.getoption("--storage") != "postgres":
        yield
        return
    from crm_core.testing import onserver

    before = onserver.databases()
    yield
    onserver.drop(onserver.databases() - before)


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
    require(importlib.util.find_spec("psycopg2"), "psycopg2 is not installed (extra `postgres`)")
    require(importlib.util.find_spec("relstorage"), "RelStorage is not installed (extra `postgres`)")
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
