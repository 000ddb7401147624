"""One rule for parts a machine may lack: a skip with its reason on a user's machine, a failure where all is required.

The continuous integration sets ``CRM_REQUIRE_ALL=1``, so that a missing browser, server or data set cannot pass unseen.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def all_required() -> bool:
    """True where the environment says that nothing may be skipped."""
    return os.environ.get("CRM_REQUIRE_ALL") == "1"


def missing(reason: str) -> NoReturn:
    """Skip the running test because of ``reason``, or fail it where everything is required."""
    if all_required():
        pytest.fail(f"required here (CRM_REQUIRE_ALL=1): {reason}", pytrace=False)
    pytest.skip(reason)


def require(found: object, reason: str) -> None:
    """Go on when ``found`` is true, else call `missing` with ``reason``."""
    if not found:
        missing(reason)
