"""The small application of `form_app`, with a browser-like client that keeps cookies."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture(scope="session")
def form_app() -> ModuleType:
    """The module `form_app` beside this file, which no package holds."""
    path = Path(__file__).with_name("form_app.py")
    spec = importlib.util.spec_from_file_location("form_app", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def _served(form_app: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """One application for all tests, for its templates take seconds to compile, and what it is told."""
    kept = form_app.Kept()
    return form_app.make_app(tmp_path_factory.mktemp("uploads"), kept), kept


@pytest.fixture
def kept(_served: tuple[Any, Any]) -> Any:
    """What the application was told in this test."""
    told = _served[1]
    told.clear()
    return told


@pytest.fixture
def client(_served: tuple[Any, Any], kept: Any) -> Any:
    """A client with cookies of its own."""
    from webtest import TestApp

    return TestApp(_served[0])
