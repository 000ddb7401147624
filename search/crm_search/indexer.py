"""Feeds a full text backend from a journal: small batches, the cursor committed with the documents, rebuilt when lost.

`crm_core.projections` lets it step, in the background of whatever process does that.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from crm_core.i18n import Text, TextFactory
from crm_core.model.journal import JournalEntry
from crm_core.projections import local_place
from crm_core.services.textsearch import Document, Progress, SearchUnavailable, TextSearch
from crm_core.textfeed import JournalSource

if TYPE_CHECKING:
    from crm_core.app import App

_ = TextFactory("crm_search")
BATCH = 200
"""Journal entries of one commit: about a second of work, so that what was saved is soon found."""

Entry = TypeVar("Entry")


class Source(Protocol[Entry]):
    """Where documents come from: a journal in commit order, and the objects it speaks of.

    Every call sees what was committed when it began (a fresh transaction each); cursors are short JSON strings that
    only the source understands.
    """

    def start_cursor(self) -> str:
        """The cursor behind everything committed so far."""
        ...

    def batch(self, cursor: str, limit: int) -> tuple[list[Entry], str]:
        """Up to ``limit`` entries behind ``cursor``, and the cursor behind them."""
        ...

    def documents(self, entries: list[Entry]) -> tuple[Iterable[Document], Iterable[tuple[str, int]]]:
        """What the entries' objects are now: documents to put in, (kind, id) of those that are gone."""
        ...

    def scan(self) -> Iterator[Document]:
        """Every document there is."""
        ...

    def lag(self, cursor: str) -> int:
        """How many entries lie behind ``cursor``."""
        ...


class Indexer(Generic[Entry]):
    """Drains ``source`` into ``search``. One at a time for a backend; its methods may be called from any thread.

    It is a `crm_core.projections.Projection`; ``place`` names the store of the backend.
    """

    id = "search"
    title: Text = _("Full text")

    def __init__(self, search: TextSearch, source: Source[Entry], batch: int = BATCH, place: str = "") -> None:
        self.search = search
        self.source = source
        self.batch = batch
        self.place = place
        self._stepping = threading.Lock()

    def step(self, progress: Progress | None = None) -> int:
        """Index one batch, or everything when there is no index; returns the number of entries (documents) done.

        0 means caught up. Raises SearchUnavailable, and whatever the source raises; a later step goes on where this
        one began.
        """
        with self._stepping:
            cursor = self.search.cursor()
            if cursor is None:
                return self._rebuild(progress) or 1
            entries, behind = self.source.batch(cursor, self.batch)
            if not entries:
                return 0
            upserts, deletes = self.source.documents(entries)
            self.search.apply(upserts, deletes, behind)
            return len(entries)

    def run_until_caught_up(self, progress: Progress | None = None) -> int:
        """Step until nothing is left; ``progress`` hears the entries (documents) done. Returns their number."""
        done = 0
        while step := self.step(progress):
            done += step
            if progress is not None:
                progress(done)
        return done

    def rebuild(self, progress: Progress | None = None) -> int:
        """Build the index anew from a scan while the old one answers, then swap; returns the number of documents.

        What is changed meanwhile lies behind the new cursor: the next steps bring it in.
        """
        with self._stepping:
            return self._rebuild(progress)

    def lag(self) -> int | None:
        """Entries that full text does not know yet; None: there is no index at all, or none that can be read."""
        try:
            cursor = self.search.cursor()
        except SearchUnavailable:
            return None
        return None if cursor is None else self.source.lag(cursor)

    def forget(self, keys: frozenset[str]) -> None:
        """Nothing: what is gone is found no more (`Finder` shows objects only), and the next step takes it out."""

    def close(self) -> None:
        """Nothing: the backend is closed by whoever opened it."""

    def _rebuild(self, progress: Progress | None) -> int:
        # First the cursor, then the scan: an entry between them is indexed twice, never missed.
        cursor = self.source.start_cursor()
        return self.search.replace(self.source.scan(), cursor, progress)


def projection(app: App) -> Indexer[JournalEntry] | None:
    """The indexer of an installation's full text; what the entry point group ``crm.projections`` takes from here."""
    if app.settings.search == "none":
        return None
    place = "postgresql" if app.settings.search == "postgres" else local_place(app.settings.data / "index")
    return Indexer(app.text_search, JournalSource(app.db), place=place)
