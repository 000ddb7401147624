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


@pytest.fixture
def kept(form_app: ModuleType) -> Any:
    return form_app.Kept()


@pytest.fixture
def client(form_app: ModuleType, kept: Any, tmp_path: Path) -> Any:
    from webtest import TestApp

    return TestApp(form_app.make_app(tmp_path / "uploads", kept))
