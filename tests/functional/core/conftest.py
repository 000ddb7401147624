"""An application on each storage; whatever a test stored is of the core's own classes (architecture §5.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crm_core.app import App
from crm_core.testing import onserver
from crm_core.testing.begun import begin
from crm_core.testing.factories import make_app
from crm_core.testing.guard import only_core_classes
from crm_core.testing.storages import postgresql_database, zeo_server

STORAGES = ["file", pytest.param("zeo", marks=pytest.mark.zeo),
            pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture
def open_app(tmp_path: Path) -> Iterator[Callable[..., App]]:
    """``open_app(plugins, **settings)``: an application in a folder of its own; checked and closed at the end."""
    opened: list[App] = []

    def open_(plugins: Any = None, **settings: Any) -> App:
        app = make_app(tmp_path / f"data{len(opened)}", plugins, **settings)
        opened.append(app)
        return app

    yield open_
    for app in opened:
        try:
            only_core_classes(app)
        finally:
            app.close()


@pytest.fixture
def app(open_app: Callable[..., App]) -> App:
    """An application of the core alone on FileStorage."""
    return open_app()


@pytest.fixture
def begun_zeo_uri(tmp_path: Path) -> Iterator[str]:
    """The zodburi of a ZEO server over a database in which nothing was done yet."""
    folder = tmp_path / "begun-zeo"
    begin(folder)
    with zeo_server(folder) as uri:
        yield uri


@pytest.fixture
def begun_postgresql_uri(postgresql_dsn: str, tmp_path: Path) -> Iterator[str]:
    """The zodburi of a PostgreSQL database in which nothing was done yet."""
    with postgresql_database(postgresql_dsn, tmp_path / "begun-blobs", onserver.template(postgresql_dsn)) as uri:
        yield uri


@pytest.fixture(params=STORAGES)
def storage_uri(request: pytest.FixtureRequest) -> str:
    """The zodburi of a storage of each kind in which nothing was done yet; empty text means FileStorage in the data
    folder."""
    return "" if request.param == "file" else str(request.getfixturevalue(f"begun_{request.param}_uri"))


@pytest.fixture
def app_on_each(storage_uri: str, open_app: Callable[..., App]) -> App:  # the server first: it ends last
    """An application of the core alone on FileStorage, on ZEO and on PostgreSQL."""
    return open_app(zodburi=storage_uri)
