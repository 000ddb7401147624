"""Feeds a full text backend from a journal: small batches, the cursor committed with the documents, rebuilt when lost.

`Indexer` does the steps, `IndexerThread` does them in the background of a serving process and survives every error.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from crm_core.services.textsearch import Document, Progress, TextSearch

log = logging.getLogger(__name__)

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
    """Drains ``source`` into ``search``. One at a time for a backend; its methods may be called from any thread."""

    def __init__(self, search: TextSearch, source: Source[Entry], batch: int = BATCH) -> None:
        self.search = search
        self.source = source
        self.batch = batch
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
        """Entries that full text does not know yet; None: there is no index at all."""
        cursor = self.search.cursor()
        return None if cursor is None else self.source.lag(cursor)

    def _rebuild(self, progress: Progress | None) -> int:
        # First the cursor, then the scan: an entry between them is indexed twice, never missed.
        cursor = self.source.start_cursor()
        return self.search.replace(self.source.scan(), cursor, progress)


class IndexerThread:
    """Keeps an index up to date in the background of one process.

    It looks for new entries every ``idle`` seconds, or at once after `wake`. After an error it waits (1 s, doubling up
    to ``longest``), says so in the log and in `last_error`, and tries again; the desk never notices.
    """

    def __init__(self, indexer: Indexer[Entry], idle: float = 2.0, first: float = 1.0, longest: float = 60.0) -> None:
        self.indexer = indexer
        self.idle = idle
        self.first = first
        self.longest = longest
        self.last_error: BaseException | None = None
        """Why the last step failed; None since it worked again."""
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; does nothing when it runs already."""
        if self.running:
            return
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="crm-indexer", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 30.0) -> None:
        """End after the batch at work (a rebuild is given up); waits at most ``timeout`` seconds."""
        self._stopping.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def wake(self) -> None:
        """Something was committed: look now."""
        self._wanted.set()

    @property
    def running(self) -> bool:
        """Whether the thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        pause = self.first
        while not self._stopping.is_set():
            self._wanted.clear()
            try:
                while self.indexer.step(self._check):
                    self._check(0)
            except _Stopped:
                return
            except Exception as error:  # whatever it is, indexing must go on when it is over
                log.exception("Indexing failed; next try in %.0f s", pause)
                self.last_error = error
                self._stopping.wait(pause)
                pause = min(2 * pause, self.longest)
            else:
                self.last_error = None
                pause = self.first
                self._wanted.wait(self.idle)

    def _check(self, _done: int) -> None:
        if self._stopping.is_set():
            raise _Stopped


class _Stopped(Exception):
    pass
