"""The default full text: two Whoosh indexes (contacts, texts) in one folder, committed together.

The folder is a cache: what is damaged, missing or of another version is thrown away and reported by `cursor()` being
None, which makes the indexer build it anew. Reading never takes the writer's lock and works beside a writing process.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from crm_core.services.textsearch import KINDS, Document, Kind, Progress, SearchUnavailable
from crm_search.asking import Asking, Found
from crm_search.fields import key, kind_of
from crm_search.query import Question
from crm_search.whoosh_collect import collect
from crm_search.whoosh_files import Damaged, Folder, Manifest, close_files
from crm_search.whoosh_query import Builder, Lexicons
from crm_search.whoosh_schema import CONTACTS, INDEXES, TEXTS, index_of, values

log = logging.getLogger(__name__)

DEADLINE = 0.8
"""Seconds one question may take; what was found until then is the answer."""
READERS = 4
"""Questions answered at the same time by one process."""
REBUILD_BATCH = 20_000
"""Documents of one segment when everything is built: every question opens each segment, and costs less in few."""
REPORT_EVERY = 200
LOCK_SECONDS = 10.0
OPEN_TRIES = 20

Answer = TypeVar("Answer")


def open_search(path: Path, read_only: bool = False) -> WhooshSearch:
    """The index in the folder ``path``, made when it is not there. ``read_only`` never writes below ``path``."""
    return WhooshSearch(path, read_only)


@dataclass
class _View:
    """One committed state, opened. Used by one thread at a time: Whoosh readers share file positions."""

    signature: object
    manifest: Manifest
    searchers: dict[str, Any]

    def close(self) -> None:
        for searcher in self.searchers.values():
            close_files(searcher)


class WhooshSearch(Asking):
    """`TextSearch` on Whoosh. Threads may share it; a process opens its own (nothing here survives a fork)."""

    def __init__(self, path: Path, read_only: bool = False, deadline: float = DEADLINE) -> None:
        super().__init__(read_only)
        self.path = Path(path)
        self.deadline = deadline
        self._folder = Folder(self.path)
        self._writing = threading.Lock()
        self._changed = threading.Condition()
        self._idle: list[_View] = []
        self._lent = 0
        self._lexicons = Lexicons()
        self._suspect = False
        self._closed = False
        self._manifest: tuple[object, Manifest | None] = (None, None)
        if not read_only:
            try:
                with self._exclusively():
                    self._sound()
            except SearchUnavailable:
                log.info("Another process writes the full text index in %s; it is taken as sound", self.path)
            else:
                self._suspect = True  # all of it is read before the first step of the indexer, while pages answer

    # -- asking ------------------------------------------------------------------------------------------------------

    def _matching(self, question: Question, kind: Kind | None, contact: int | None, limit: int) -> Found:
        """As in `Asking`; after the deadline the answer is what was found so far."""

        def ask(view: _View) -> Found:
            until = monotonic() + self.deadline
            found: Found = []
            if kind in (None, "contact"):
                searcher = view.searchers[CONTACTS]
                found += collect(searcher, Builder(searcher).contacts(question, contact), limit, until)
            if kind != "contact":
                searcher = view.searchers[TEXTS]
                found += collect(searcher, Builder(searcher).texts(question, kind, contact), limit, until)
            return found

        return self._ask(ask)

    def _named_like(self, names: list[str], limit: int) -> Found:
        def ask(view: _View) -> Found:
            searcher = view.searchers[CONTACTS]
            wanted = Builder(searcher).names(names, self._lexicons.of(searcher))
            return collect(searcher, wanted, limit, monotonic() + self.deadline)

        return self._ask(ask)

    def count(self) -> dict[str, int]:
        """Documents by kind; answers without opening the index."""
        try:
            manifest = self._published()
        except Damaged as error:
            self._suspect = True
            raise SearchUnavailable(f"the full text index is damaged: {error}") from error
        return dict(manifest.counts) if manifest is not None else dict.fromkeys(KINDS, 0)

    def cursor(self) -> str | None:
        """See `TextSearch.cursor`. A writer that has reason to doubt its files checks them first."""
        if self._suspect and not self.read_only:
            try:
                with self._exclusively(wait=False):
                    self._sound()
            except SearchUnavailable:
                log.info("The full text index is being written; it is checked later")
        try:
            manifest = self._published()
        except Damaged:
            self._suspect = True
            return None
        return self._noted(None if manifest is None else manifest.cursor)

    def _ask(self, ask: Callable[[_View], Answer]) -> Answer:
        view = self._borrow()
        try:
            return ask(view)
        except Exception as error:  # a damaged file makes Whoosh raise anything
            self._suspect = True
            log.exception("Full text could not answer")
            raise SearchUnavailable(f"the full text index could not be read: {error}") from error
        finally:
            self._give_back(view)

    # -- views: one committed state each, lent to one thread at a time -------------------------------------------------

    def _borrow(self) -> _View:
        until = monotonic() + self.deadline
        with self._changed:
            while not self._closed and self._lent >= READERS:
                if not self._changed.wait(until - monotonic()):
                    raise SearchUnavailable("full text has too many questions at once")
            if self._closed:
                raise SearchUnavailable("the full text index is closed")
            self._lent += 1
            signature = self._folder.signature()
            stale = [view for view in self._idle if view.signature != signature]
            self._idle = [view for view in self._idle if view.signature == signature]
            view = self._idle.pop() if self._idle else None
        try:
            for old in stale:
                old.close()
            return view or self._open()
        except BaseException:
            self._give_back(None)
            raise

    def _give_back(self, view: _View | None) -> None:
        with self._changed:
            self._lent -= 1
            keep = view is not None and not self._closed and not self._suspect
            if view is not None and keep:
                self._idle.append(view)
            self._changed.notify()
        if view is not None and not keep:
            view.close()

    def _open(self) -> _View:
        for _ in range(OPEN_TRIES):
            signature = self._folder.signature()
            try:
                manifest = self._folder.read()
                if manifest is None or manifest.cursor is None:
                    raise SearchUnavailable("there is no full text index yet")
                self._folder.check(manifest, checksums=False)
                view = _View(signature, manifest, self._folder.searchers(manifest))
                self._suspect = self._suspect and not self.read_only
                return view
            except SearchUnavailable:
                raise
            except Exception as error:  # as above
                if self._folder.signature() != signature:
                    continue  # a commit came in between and took old files away
                self._suspect = True
                raise SearchUnavailable(f"the full text index could not be opened: {error}") from error
        raise SearchUnavailable("the full text index changes too fast to be opened")

    # -- writing -----------------------------------------------------------------------------------------------------

    def apply(self, upserts: Iterable[Document], deletes: Iterable[tuple[str, int]], cursor: str) -> None:
        """See `TextSearch.apply`. Raises SearchUnavailable when the index turns out to be gone or damaged."""
        documents = {key(document.kind, document.id): document for document in upserts}
        gone = {key(kind, id_) for kind, id_ in deletes if kind in KINDS} | set(documents)
        with self._exclusively():
            manifest = self._sound()
            if manifest is None:
                raise SearchUnavailable("the full text index had to be thrown away")
            self._demand_past(manifest.cursor)
            self._folder.sweep(manifest)
            try:
                changed = self._write(manifest, documents.values(), gone)
            except Exception:
                self._suspect = True  # merging reads old segments; they are checked before the next step
                raise
            self._folder.publish(replace(changed, cursor=cursor))
            self._begun = True

    def replace(self, documents: Iterable[Document], cursor: str, progress: Progress | None = None) -> int:
        """See `TextSearch.replace`: builds a new folder, then swaps. Later documents win over earlier ones."""
        with self._exclusively():
            self._folder.sweep(self._sound())
            manifest = self._folder.begin()
            batch: dict[str, Document] = {}
            done = 0
            for done, document in enumerate(documents, start=1):
                batch[key(document.kind, document.id)] = document
                if len(batch) >= REBUILD_BATCH:
                    manifest = self._write(manifest, batch.values(), set(batch))
                    batch.clear()
                if progress is not None and done % REPORT_EVERY == 0:
                    progress(done)
            manifest = self._write(manifest, batch.values(), set(batch))
            if progress is not None:
                progress(done)
            self._folder.publish(replace(manifest, cursor=cursor))
            self._begun = True
            return sum(manifest.counts.values())

    def reset(self) -> None:
        """Throw the index away and begin with an empty one without a cursor."""
        with self._exclusively():
            self._renew()
            self._begun = False

    def close(self) -> None:
        """Close all files; questions still running end first, later ones raise SearchUnavailable."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for view in idle:
            view.close()

    def _write(self, manifest: Manifest, documents: Iterable[Document], gone: set[str]) -> Manifest:
        """New segments on top of ``manifest``, not yet published: ``gone`` taken out, ``documents`` put in."""
        added: dict[str, list[Document]] = {index: [] for index in INDEXES}
        for document in documents:
            added[index_of(document.kind)].append(document)
        counts = dict(manifest.counts)
        for index in INDEXES:
            old = {key_ for key_ in gone if index_of(kind_of(key_)) == index}
            if not added[index] and not old:
                continue
            writer = self._folder.writer(manifest, index)
            try:
                for key_ in _delete(writer, old):
                    counts[kind_of(key_)] -= 1
                for document in added[index]:
                    writer.add_document(**values(document))
                    counts[document.kind] += 1
            except BaseException:
                writer.cancel()
                raise
            manifest = self._folder.commit_writer(manifest, index, writer)
        return replace(manifest, counts=counts)

    def _published(self) -> Manifest | None:
        """The published manifest, read again only after a commit. Raises Damaged."""
        signature = self._folder.signature()
        known, manifest = self._manifest
        if signature is None or known != signature:
            manifest = self._folder.read()
            self._manifest = (signature, manifest)
        return manifest

    @contextmanager
    def _exclusively(self, wait: bool = True) -> Iterator[None]:
        self._demand_writing()
        if self._closed:
            raise SearchUnavailable("the full text index is closed")
        if not self._writing.acquire(blocking=wait):
            raise SearchUnavailable("the full text index is being written")
        try:
            with self._folder.lock(LOCK_SECONDS if wait else 0):
                yield
        finally:
            self._writing.release()

    def _sound(self) -> Manifest | None:
        """The published manifest; None when there was none to use, and an empty index took its place."""
        try:
            manifest = self._folder.read()
            if manifest is not None and self._suspect:
                self._folder.check(manifest)
        except Damaged as error:
            log.warning("The full text index in %s is thrown away: %s", self.path, error)
            manifest = None
        self._suspect = False
        if manifest is None:
            self._renew()
        return manifest

    def _renew(self) -> None:
        self._folder.clear()
        self._folder.publish(self._folder.begin())


def _delete(writer: Any, keys: set[str]) -> Iterator[str]:
    """Delete the documents ``keys`` from the segments below ``writer``; yields those that were there."""
    reader = writer.reader()
    try:
        for leaf, offset in reader.leaf_readers():
            for key_ in keys:
                if ("key", key_) in leaf:
                    for number in leaf.postings("key", key_).all_ids():
                        writer.delete_document(offset + number)
                        yield key_
    finally:
        reader.close()
