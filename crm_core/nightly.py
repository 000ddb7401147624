"""What the chores of the night do: see `crm_core.chores`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from crm_core import operations
from crm_core.app import App
from crm_core.backup import making
from crm_core.backup.checking import Problem
from crm_core.errors import CrmError
from crm_core.i18n import TextFactory

_ = TextFactory("crm_core")
log = logging.getLogger(__name__)


def pack(app: App) -> dict[str, Any]:
    """Give back the space of old revisions. Raises AtWork while a backup reads."""
    return operations.pack(app, app.settings.pack_days)


def sweep(app: App) -> dict[str, Any]:
    """Forget what has had its time, also where nobody packs."""
    return operations.sweep(app)


def back_up(app: App) -> dict[str, Any]:
    """Add a set to the backup in the folder of the settings; what of the sets there is damaged is told. Raises CrmError
    where there is none, and what a backup raises."""
    if not app.settings.backup_folder:
        raise CrmError(_("Say where backups are put: the setting “crm.backup_folder”."))
    damages: list[Problem] = []
    manifest, gone = making.back_up(app.settings, Path(app.settings.backup_folder), db=app.db, tell=damages.append)
    damaged = sorted({one["set"] for one in damages} - set(gone))
    for one in damages:
        log.warning("the backup: %s: %s: %s", one["set"], one["file"], one["problem"])
    return {"set": manifest.name, "kind": manifest.kind, "bytes": manifest.bytes, "removed": len(gone),
            "missing": len(manifest.missing_blobs), "damaged": damaged}
