"""What the full text indexer drains: the journal's entries as documents, and a scan of everything for building anew."""

from __future__ import annotations

from collections.abc import Iterator

from crm_core import journal
from crm_core.db import Database, root_of
from crm_core.model.journal import JournalEntry
from crm_core.services.documents import changed, scan
from crm_core.services.textsearch import Document


class JournalSource:
    """Reads one database for an indexer; every call looks at what is committed at that moment."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def batch(self, cursor: str | None, limit: int) -> tuple[list[JournalEntry], str]:
        """Up to ``limit`` entries behind ``cursor``, and the cursor behind them."""
        with self.db.reading() as connection:
            entries, after = journal.read(root_of(connection), journal.Cursor.parse(cursor), limit)
            for entry in entries:
                _load(entry)
            return entries, str(after)

    def documents(self, entries: list[JournalEntry]) -> tuple[list[Document], list[tuple[str, int]]]:
        """What to put in and what to take out after these entries."""
        with self.db.reading() as connection:
            return changed(root_of(connection), entries)

    def scan(self) -> Iterator[Document]:
        """Every document there is."""
        with self.db.reading() as connection:
            yield from scan(root_of(connection))

    def start_cursor(self) -> str:
        """The cursor behind everything committed now: take it before `scan`."""
        with self.db.reading() as connection:
            return str(journal.end(root_of(connection)))

    def lag(self, cursor: str | None) -> int:
        """How many entries lie behind ``cursor``."""
        with self.db.reading() as connection:
            return journal.lag(root_of(connection), journal.Cursor.parse(cursor))


def _load(entry: JournalEntry) -> None:
    """Load the entry's state while its connection is open: it is read after that was closed."""
    entry._p_activate()
