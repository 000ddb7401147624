"""The report tables as a projection, opened by the first who needs them: a process that only answers pages, or has just
begun to, does not wait for SQLAlchemy, which takes as long to load as all of the desk's own modules.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from crm_core.db import Database
from crm_core.i18n import Text, TextFactory
from crm_core.projections import Progress

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from crm_core.reporting.store import Store

_ = TextFactory("crm_core")


class ReportTables:
    """The tables of one installation; a `crm_core.projections.Projection`. ``url``: SQLAlchemy's; ``place`` names the
    store."""

    id = "reports"
    title: Text = _("Report tables")

    def __init__(self, db: Database, url: str, place: str) -> None:
        self.db = db
        self.url = url
        self.place = place
        self._opening = threading.Lock()
        self._store: Store | None = None

    @property
    def store(self) -> Store:
        """The tables; nothing is connected before they are used."""
        with self._opening:
            if self._store is None:
                from crm_core.reporting.store import Store

                self._store = Store(self.db, self.url)
            return self._store

    @property
    def engine(self) -> Engine:
        """For asking: reports and tests."""
        return self.store.engine

    def step(self, progress: Progress | None = None) -> int:
        """Bring in one batch of the journal, or everything when nothing was built; how many entries (things)."""
        return self.store.step(progress)

    def rebuild(self, progress: Progress | None = None) -> int:
        """Build the tables from a scan of everything; how many requests and interactions they hold."""
        return self.store.rebuild(progress)

    def cursor(self) -> str | None:
        """Up to where the journal was read; None where nothing was built, or for another layout of the tables."""
        return self.store.cursor()

    def lag(self) -> int | None:
        """Entries that are not in the tables yet; None: nothing was built."""
        return self.store.lag()

    def forget(self, keys: frozenset[str]) -> None:
        """Take out at once what an erasure emptied; the next step brings back what may stay."""
        self.store.forget(keys)

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
