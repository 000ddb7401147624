"""A small demo city, made once for all tests that only look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crm_core import demo
from crm_core.app import App
from crm_core.testing.factories import make_app
from crm_core.testing.guard import only_core_classes

UNTIL = "2026-11-22"


def quiet(done: int, total: int) -> None:
    """Nobody watches."""


def fill(app: App, **arguments: Any) -> dict[str, Any]:
    """The demo with small arguments, the given ones instead of some of them."""
    given = {"contacts": 25, "years": 1, "seed": 1, "until": UNTIL, "more": False, "password": "a demo password"}
    return demo.fill(app, {**given, **arguments}, quiet, hash_cost=1)


@pytest.fixture(scope="session")
def fill_demo() -> Callable[..., dict[str, Any]]:
    """``fill_demo(app, contacts=…)``: the report of `crm_core.demo.fill`."""
    return fill


@pytest.fixture
def empty_app(tmp_path: Path) -> Iterator[App]:
    """An application of the core alone, without anything in it."""
    app = make_app(tmp_path / "empty")
    try:
        yield app
        only_core_classes(app)
    finally:
        app.close()


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A demo of 120 contacts with the core alone; ``fill`` was asked for a password of its own."""
    app = make_app(tmp_path_factory.mktemp("city") / "data")
    try:
        fill(app, contacts=120, years=2)
        yield app
        only_core_classes(app)
    finally:
        app.close()
