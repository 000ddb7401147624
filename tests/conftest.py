"""Fixtures of this checkout's own tests; those for storages and the browser come from ``crm_core.testing.plugin``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

CHECKOUT = Path(__file__).resolve().parent.parent
# Chameleon, imported with the first page, keeps compiled templates there between tests and runs.
os.environ.setdefault("CHAMELEON_CACHE", str(CHECKOUT / ".pytest_cache" / "chameleon"))
Path(os.environ["CHAMELEON_CACHE"]).mkdir(parents=True, exist_ok=True)


# What takes long on a busy machine proves nothing about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


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
