"""Full text by tantivy, in this process: for one machine with more texts than Whoosh answers quickly (extra `tantivy`).

One index lies in a folder ``build-…`` that the file ``current`` names. The cursor is stored in a document of the index,
which is replaced in the commit of what it tells of; building anew fills another folder and then replaces ``current``.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import tantivy

from crm_core.services.textsearch import KINDS, Document, Kind, Progress, SearchUnavailable, TextHit
from crm_search.asking import Asking, Found
from crm_search.fields import key
from crm_search.formula import of_contacts, of_texts
from crm_search.query import Question
from crm_search.tantivy_files import Folder, damage, faults
from crm_search.tantivy_schema import STATE_KEY, Render, document_of, schema, state_document

log = logging.getLogger(__name__)

SPARE = 30
"""Hits fetched beside twice those wanted: among equals the newest come first, and those are chosen afterwards."""
LOCK_SECONDS = 10.0
HEAP, REBUILD_HEAP = 20_000_000, 128_000_000
"""Bytes that a commit, and building anew, may collect before they are written to a segment."""
REPORT_EVERY = 200
COLUMNS = ("kind_id", "id", "contact_id", "when")


def open_search(path: Path, read_only: bool = False) -> TantivySearch:
    """The index in the folder ``path``, made when it is not there. ``read_only`` never writes below ``path``."""
    return TantivySearch(path, read_only)


@dataclass(frozen=True)
class _State:
    """What the commit at hand says of itself."""

    cursor: str | None = None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))


@dataclass(frozen=True)
class _View:
    """One committed state. Threads may share it."""

    signature: object
    build: Path
    index: Any
    searcher: Any
    state: _State


class TantivySearch(Asking):
    """`TextSearch` on tantivy. Threads may share it; a process opens its own."""

    def __init__(self, path: Path, read_only: bool = False) -> None:
        super().__init__(read_only)
        self._folder = Folder(Path(path))
        self._writing = threading.Lock()
        self._opening = threading.Lock()
        self._view: _View | None = None
        self._suspect = False
        self._closed = False

    # -- asking ------------------------------------------------------------------------------------------------------

    def _matching(self, question: Question, kind: Kind | None, contact: int | None, limit: int) -> Found:
        view = self._current()
        render = Render(view.index.schema)
        found: Found = []
        with self._faults("could not be read"):
            if kind in (None, "contact") and (formula := of_contacts(question)) is not None:
                found += _matches(view, render.within(render.query(formula), ("c",), contact), limit)
            if kind != "contact" and (formula := of_texts(question)) is not None:
                kinds = ("i", "r") if kind is None else (kind[0],)
                found += _matches(view, render.within(render.query(formula), kinds, contact), limit)
        return found

    def _named_like(self, names: list[str], limit: int) -> Found:
        view = self._current()
        render = Render(view.index.schema)
        with self._faults("could not be read"):
            return _matches(view, render.within(render.names(names), ("c",), None), limit)

    def count(self) -> dict[str, int]:
        """Documents by kind, as the last commit counted them."""
        view = self._newest()
        return dict(view.state.counts) if view is not None else dict.fromkeys(KINDS, 0)

    def cursor(self) -> str | None:
        """See `TextSearch.cursor`. A writer that has reason to doubt its files looks them over first."""
        if self._suspect and not self.read_only:
            self._look_over()
        try:
            view = self._newest()
        except SearchUnavailable:
            return None
        return self._noted(None if view is None else view.state.cursor)

    def _look_over(self) -> None:
        """Let go of an index whose files are not as they were written: the next step of the indexer builds it anew."""
        try:
            with self._exclusively(wait=False):
                build = self._folder.named()
                if build is not None and (file := damage(build)):
                    log.warning("The full text index in %s is thrown away: %s is damaged", build, file)
                    self._folder.forget()
                self._suspect = False
        except SearchUnavailable:
            log.info("The full text index is being written; it is looked over later")

    def _doubt(self) -> None:
        log.exception("The full text index failed")
        self._suspect, self._view = True, None

    @contextmanager
    def _faults(self, what: str) -> Iterator[None]:
        with faults(what, self._doubt):
            yield

    # -- views: the newest commit, opened once -------------------------------------------------------------------------

    def _current(self) -> _View:
        if self._closed:
            raise SearchUnavailable("the full text index is closed")
        view = self._newest()
        if view is None or view.state.cursor is None:
            raise SearchUnavailable("there is no full text index yet")
        return view

    def _newest(self) -> _View | None:
        """The newest commit of the folder that counts; None: there is none. Raises SearchUnavailable."""
        with self._opening:
            for _attempt in range(3):  # a swap may take the folder away between two looks
                build = self._folder.named()
                if build is None:
                    return None
                known, signature = self._view, self._folder.signature(build)
                if known is not None and known.signature == signature:
                    return known
                try:
                    with self._faults("could not be opened"):
                        self._view = _opened(build, signature, known)
                except SearchUnavailable:
                    if self._folder.named() != build:
                        continue
                    raise
                return self._view
        raise SearchUnavailable("the full text index changes too fast to be opened")

    def close(self) -> None:
        """Let go of the files; later questions raise SearchUnavailable."""
        with self._opening:
            self._closed = True
            self._view = None

    # -- writing -----------------------------------------------------------------------------------------------------

    def apply(self, upserts: Iterable[Document], deletes: Iterable[tuple[str, int]], cursor: str) -> None:
        """See `TextSearch.apply`. Raises SearchUnavailable when the index turns out to be gone or damaged."""
        documents = {key(document.kind, document.id): document for document in upserts}
        gone = {key(kind, id_) for kind, id_ in deletes if kind in KINDS} | set(documents)
        with self._exclusively():
            view = self._newest()
            self._demand_past(None if view is None else view.state.cursor)
            if view is None:
                view = self._begin_anew()
            counts = dict(view.state.counts)
            with self._faults("could not be read"):
                for kind in KINDS:
                    old = [key_ for key_ in gone if key_[0] == kind[0]]
                    if old:
                        there = tantivy.Query.term_set_query(view.index.schema, "key", old)
                        counts[kind] -= int(view.searcher.search(there, limit=1).count)
            for document in documents.values():
                counts[document.kind] += 1
            with self._commit(view.index, HEAP) as writer:
                for key_ in (*gone, STATE_KEY):
                    writer.delete_documents_by_term("key", key_)
                for document in documents.values():
                    writer.add_document(document_of(document))
                writer.add_document(state_document(json.dumps([cursor, counts])))
            self._begun = True

    def replace(self, documents: Iterable[Document], cursor: str, progress: Progress | None = None) -> int:
        """See `TextSearch.replace`: fills a new folder, then names it. Each document must come once only."""
        with self._exclusively():
            self._folder.sweep()
            counts = dict.fromkeys(KINDS, 0)
            build = self._folder.begin()
            index = _made(build)
            done = 0
            with self._commit(index, REBUILD_HEAP) as writer:
                for done, document in enumerate(documents, start=1):
                    writer.add_document(document_of(document))
                    counts[document.kind] += 1
                    if progress is not None and done % REPORT_EVERY == 0:
                        progress(done)
                if progress is not None:
                    progress(done)
                writer.add_document(state_document(json.dumps([cursor, counts])))
            self._folder.name(build)
            self._begun = True
            self._folder.sweep()
            return sum(counts.values())

    def reset(self) -> None:
        """Throw the index away; what is left is an empty one without a cursor."""
        with self._exclusively():
            self._folder.forget()
            self._folder.sweep()
            self._begun = False

    @contextmanager
    def _commit(self, index: Any, heap: int) -> Iterator[Any]:
        """A writer whose work is committed at the end, merges waited for; when something is raised nothing was done."""
        with self._faults("could not be written"):  # its own lock may be held by a process that does not know ours
            writer = index.writer(heap_size=heap, num_threads=1)
            yield writer
            writer.commit()
            writer.wait_merging_threads()

    @contextmanager
    def _exclusively(self, wait: bool = True) -> Iterator[None]:
        self._demand_writing()
        if self._closed:
            raise SearchUnavailable("the full text index is closed")
        if not self._writing.acquire(timeout=LOCK_SECONDS if wait else 0):
            raise SearchUnavailable("the full text index is being written")
        try:
            with self._folder.lock(LOCK_SECONDS if wait else 0):
                yield
        finally:
            self._writing.release()

    def _begin_anew(self) -> _View:
        build = self._folder.begin()
        _made(build)
        self._folder.name(build)
        view = self._newest()
        assert view is not None
        return view


def _made(build: Path) -> Any:
    """An empty index in the folder ``build``."""
    return tantivy.Index(schema(), str(build), sort_by_field="when", sort_order=tantivy.Order.Desc)


def _opened(build: Path, signature: object, known: _View | None) -> _View:
    """The newest commit in ``build``; of an index that is ``known`` only what is new is opened."""
    if known is not None and known.build == build:
        index = known.index
    else:
        index = tantivy.Index.open(str(build))
        index.config_reader("manual")
    index.reload()
    searcher = index.searcher()
    return _View(signature, build, index, searcher, _state_of(searcher, index.schema))


def _matches(view: _View, wanted: Any, limit: int) -> Found:
    hits = view.searcher.search(wanted, limit=2 * limit + SPARE, count=False).hits
    places = [place for _score, place in hits]
    columns = [view.searcher.fast_field_values(name, places) for name in COLUMNS]
    return [
        (TextHit(cast("Kind", KINDS[kind]), id_, None if of is None else of - 1, score), when)
        for (score, _place), kind, id_, of, when in zip(hits, *columns, strict=True)
    ]


def _state_of(searcher: Any, schema_: Any) -> _State:
    hits = searcher.search(tantivy.Query.term_query(schema_, "key", STATE_KEY, "basic"), limit=1).hits
    if not hits:
        return _State()
    cursor, counts = json.loads(searcher.doc(hits[0][1]).get_first("state"))
    return _State(cursor, counts)
