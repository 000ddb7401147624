"""What all records share: an id, a revision, and the audit of who changed what from what to what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from BTrees.LOBTree import LOBTree
from persistent import Persistent

from crm_core.model.ids import key_behind


class Record(Persistent):
    """A stored thing with an id. ``revision`` grows by one with every change; times are milliseconds UTC.

    New attributes get their default on the class, so that older records read well.
    """

    id: int = 0
    revision: int = 1
    created: int = 0
    created_by: int | None = None
    modified: int = 0
    audit: Any = None
    """LOBTree of time key → ``{"by": user id, "action": word, "changes": {field: [old, new]}}``; made when needed.

    Old and new values live here, below the record, where erasure finds them; never in the journal.
    """

    def remember(self, at: int, row: dict[str, Any]) -> None:
        """Add an audit row at a time (milliseconds UTC), behind those of the same moment."""
        if self.audit is None:
            self.audit = LOBTree()
        self.audit[key_behind(self.audit, at)] = row

    def rewrite_audit(self, keep: Callable[[str, Any], Any]) -> None:
        """Replace each change in the audit by ``keep(field name, [old, new])``; where that is None, it is gone."""
        for key, row in list(self.audit.items()) if self.audit is not None else ():
            kept = {name: keep(name, change) for name, change in row["changes"].items()}
            changes = {name: change for name, change in kept.items() if change is not None}
            if changes != row["changes"]:
                self.audit[key] = {**row, "changes": changes}
