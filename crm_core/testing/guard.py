"""The pickle guard for tests: what a test stored must be of the core's own classes.

``foreign_globals(storage)`` tells what is not, by name; a plugin's author ends a functional test with
`only_core_classes`.
"""

from __future__ import annotations

from crm_core.app import App
from crm_core.guard import foreign_globals
from crm_core.testing.begun import last_of_beginning

__all__ = ["foreign_globals", "only_core_classes"]


def only_core_classes(app: App) -> None:
    """Fail unless everything in the database of ``app`` is of classes the core may store (architecture §5.1).

    Where it began as a copy of an empty database (`crm_core.testing.begun`), what came after that is looked through.
    """
    storage = app.db.db.storage
    foreign = foreign_globals(storage, last_of_beginning(storage))
    assert not foreign, f"stored by classes that are not of crm_core.model: {sorted(foreign)}"
