"""Fixtures of this checkout's own tests; those for storages and the browser come from ``crm_core.testing.plugin``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of this checkout."""
    return CHECKOUT


@pytest.fixture(scope="session")
def shared_data(require: Callable[[object, str], None]) -> Path:
    """The folder with real data sets: CRM_SHARED_DATA, else ``../shared/data`` beside the checkout."""
    folder = Path(os.environ.get("CRM_SHARED_DATA") or CHECKOUT.parent / "shared" / "data")
    require(folder.is_dir(), f"no data sets: {folder} is not a folder (set CRM_SHARED_DATA)")
    return folder
