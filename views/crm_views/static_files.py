"""Our static files: their address holds a digest of all of them, so that browsers may keep them for a year.

Style sheets name fonts and drawings relative to themselves, therefore the digest stands before the path and covers all.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyramid.config import Configurator

PREFIX = "/static/"
YEAR = 365 * 86_400


def folder() -> Path:
    """Where the files lie."""
    return Path(str(resources.files("crm_views"))) / "static"


def digest() -> str:
    """Twelve hex digits over the names and contents of all static files; the same in every process of one release."""
    summary = hashlib.sha256()
    root = folder()
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        summary.update(path.relative_to(root).as_posix().encode())
        summary.update(b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return summary.hexdigest()[:12]


def includeme(config: Configurator) -> None:
    """Serve ``crm_views:static/`` below ``/static/<digest>/``."""
    config.add_static_view(f"static/{digest()}", "crm_views:static/", cache_max_age=YEAR)
