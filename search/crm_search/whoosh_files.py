"""One folder with two Whoosh indexes and a manifest that says which of their files count: one atomic commit for both.

Whoosh commits each index by itself and never calls fsync. Here a commit writes new segments and tables of contents
beside the old ones, then replaces `manifest.json` (generations, cursor, size and checksum of every file): before that
moment nothing has happened, after it everything has. What the manifest does not name is swept by the next commit.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import whoosh
from whoosh.filedb.filestore import FileStorage
from whoosh.index import TOC, FileIndex
from whoosh.reading import SegmentReader
from whoosh.util.filelock import FileLock
from whoosh.writing import SegmentWriter

from crm_core.services.textsearch import KINDS, SearchUnavailable
from crm_search import analysis, whoosh_schema
from crm_search.whoosh_schema import INDEXES, schema
from crm_search.whoosh_scoring import LengthSearcher

FORMAT = f"{whoosh_schema.VERSION}.{analysis.VERSION}-whoosh-{'.'.join(map(str, whoosh.__version__))}"
MANIFEST = "manifest.json"
LOCK = "writer.lock"

MANY_SEGMENTS = 12
"""More small segments than this are merged, most of them into one: searching opens and asks every segment."""
MERGED_SEGMENTS = 8
BIG_SEGMENT = 20_000
"""Documents from which on a segment is never rewritten beside people at work."""
MEGABYTES = {"contacts": 64, "texts": 256}


class Damaged(Exception):
    """The files are not what the manifest says, or the manifest is not readable or of another version."""


@dataclass(frozen=True)
class Manifest:
    """What is committed. ``files``: name → (size, crc32) of every file in the folder ``build`` that counts."""

    build: str
    generations: dict[str, int]
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    files: dict[str, list[int]] = field(default_factory=dict)
    cursor: str | None = None
    format: str = FORMAT


class Folder:
    """The files below ``path``. Only who holds `lock` may call what writes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    # -- reading -----------------------------------------------------------------------------------------------------

    def signature(self) -> tuple[int, int, int] | None:
        """Changes with every commit; None: there is no manifest."""
        try:
            status = os.stat(self.path / MANIFEST)
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def read(self) -> Manifest | None:
        """The manifest, None when there is none. Raises Damaged."""
        try:
            text = (self.path / MANIFEST).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise Damaged(str(error)) from error
        try:
            raw = json.loads(text)
            if raw.get("format") != FORMAT:
                raise Damaged(f"format {raw.get('format')}, not {FORMAT}")
            return Manifest(**raw)
        except (ValueError, TypeError, AttributeError) as error:
            raise Damaged(f"manifest: {error}") from error

    def check(self, manifest: Manifest, checksums: bool = True) -> None:
        """Raise Damaged unless every file is there with its size and, when asked for, its content."""
        for name, (size, checksum) in manifest.files.items():
            try:
                found = _stamp(self.path / manifest.build / name) if checksums else [
                    (self.path / manifest.build / name).stat().st_size, checksum]
            except OSError as error:
                raise Damaged(f"{name}: {error}") from error
            if found != [size, checksum]:
                raise Damaged(f"{name}: size or checksum differs")

    def searchers(self, manifest: Manifest) -> dict[str, LengthSearcher]:
        """A new searcher of each index, or none at all; `close_files` ends each.

        Every file it will ever need is already open, so that a later sweep does not hurt it.
        """
        found: dict[str, LengthSearcher] = {}
        generations = [_Generation(self.path / manifest.build, index, manifest.generations[index]) for index in INDEXES]
        try:
            for generation in generations:
                searcher = LengthSearcher(generation.reader(), fromindex=generation)
                found[generation.indexname] = searcher
                for leaf, _ in searcher.reader().leaf_readers():
                    if leaf.doc_count_all():
                        leaf.stored_fields(0)
                        for name in leaf.schema.scorable_names():
                            searcher.lengths(leaf, name)
        except BaseException:
            for generation in generations:
                generation.storage.close_all()
            raise
        return found

    # -- writing -----------------------------------------------------------------------------------------------------

    @contextmanager
    def lock(self, seconds: float) -> Iterator[None]:
        """Hold the writer's lock, across processes. Raises SearchUnavailable when another one keeps it for long."""
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(str(self.path / LOCK))
        until = monotonic() + seconds
        while not lock.acquire():
            if monotonic() > until:
                raise SearchUnavailable("another process is writing the full text index")
            sleep(0.05)
        try:
            yield
        finally:
            lock.release()

    def begin(self) -> Manifest:
        """A new, empty build, not yet published."""
        manifest = Manifest(f"build-{secrets.token_hex(6)}", dict.fromkeys(INDEXES, 0))
        storage = FileStorage(str(self.path / manifest.build)).create()
        for index in INDEXES:
            TOC(schema(index), [], 0).write(storage, index)
        return self._stamped(manifest)

    def writer(self, manifest: Manifest, index: str) -> SegmentWriter:
        """A writer on top of ``manifest``; `commit_writer` or its ``cancel()`` ends it."""
        generation = _Generation(self.path / manifest.build, index, manifest.generations[index])
        return _Writer(generation, _lk=False, compound=False, limitmb=MEGABYTES[index])

    def commit_writer(self, manifest: Manifest, index: str, writer: SegmentWriter) -> Manifest:
        """Write the segment and table of contents of ``writer``; the manifest that comes back is not yet published."""
        writer.commit(mergetype=_merge_small)
        return self._stamped(replace(manifest, generations={**manifest.generations, index: writer.generation}))

    def publish(self, manifest: Manifest) -> None:
        """The moment of the commit: from here on ``manifest`` counts."""
        temporary = self.path / f"{MANIFEST}.new"
        temporary.write_text(json.dumps(asdict(manifest)), encoding="utf-8")
        temporary.replace(self.path / MANIFEST)

    def sweep(self, manifest: Manifest | None) -> None:
        """Delete what ``manifest`` (the published one) does not name: leftovers of a crash, of merges, of builds."""
        for entry in sorted(self.path.iterdir()):
            if entry.name in (MANIFEST, LOCK):
                continue
            if manifest is not None and entry.name == manifest.build:
                for file in entry.iterdir():
                    if file.name not in manifest.files:
                        _delete(file)
            else:
                _delete(entry)

    def clear(self) -> None:
        """Delete everything; the manifest first, so that a crash in between leaves no half of an index."""
        (self.path / MANIFEST).unlink(missing_ok=True)
        self.sweep(None)

    def _stamped(self, manifest: Manifest) -> Manifest:
        """``manifest`` with the list of its files; only those it did not know yet are read."""
        folder = self.path / manifest.build
        files: dict[str, list[int]] = {}
        present = {entry.name for entry in folder.iterdir()}
        for index in INDEXES:
            generation = _Generation(folder, index, manifest.generations[index])
            names = {TOC._filename(index, generation.number)}
            for segment in generation.segments():
                names.update(name for name in present if name.startswith(f"{segment.segment_id()}."))
            for name in names:
                files[name] = manifest.files.get(name) or _stamp(folder / name)
        return replace(manifest, files=files)


def close_files(searcher: LengthSearcher) -> None:
    """Close everything ``searcher`` has open."""
    searcher._ix.storage.close_all()


class _Storage(FileStorage):
    """Remembers what it opened: Whoosh itself leaves files open when opening an index fails half-way."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self._opened: list[Any] = []

    def open_file(self, name: str, **options: Any) -> Any:
        self._opened.append(super().open_file(name, **options))
        return self._opened[-1]

    def close_all(self) -> None:
        """Close what is still open."""
        for file in self._opened:
            if not file.is_closed:
                file.close()
        self._opened.clear()


class _Generation(FileIndex):
    """A Whoosh index pinned to the generation the manifest names, in place of the newest in the folder."""

    def __init__(self, folder: Path, index: str, number: int) -> None:
        # Not Whoosh's own, which would read the newest table of contents, published or not.
        self.storage = _Storage(folder)
        self.indexname = index
        self.number = number
        self._schema = schema(index)

    def latest_generation(self) -> int:
        return self.number

    def _read_toc(self) -> TOC:
        return TOC.read(self.storage, self.indexname, gen=self.number, schema=self._schema)

    def segments(self) -> list[Any]:
        return list(self._read_toc().segments)

    def reader(self, reuse: Any = None) -> Any:
        """A reader of its own. Nothing is reused: Whoosh 2.7.5 would keep stale deletions and merged-away segments."""
        toc = self._read_toc()
        return self._reader(self.storage, toc.schema, toc.segments, toc.generation)


class _Writer(SegmentWriter):
    """Leaves the old files alone: readers of the published generation still need them."""

    def _commit_toc(self, segments: Sequence[Any]) -> None:
        TOC(self.schema, segments, self.generation).write(self.storage, self.indexname)


def _merge_small(writer: SegmentWriter, segments: list[Any]) -> list[Any]:
    """Whoosh merge policy: when there are many small segments, the smallest of them become part of the new one."""
    kept = [segment for segment in segments if segment.doc_count() > 0]
    small = sorted((segment for segment in kept if segment.doc_count_all() < BIG_SEGMENT),
                   key=lambda segment: segment.doc_count_all())
    if len(small) < MANY_SEGMENTS:
        return kept
    for segment in small[:MERGED_SEGMENTS]:
        reader = SegmentReader(writer.storage, writer.schema, segment)
        try:
            writer.add_reader(reader)
        finally:
            reader.close()
        kept.remove(segment)
    return kept


def _stamp(path: Path) -> list[int]:
    size = checksum = 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            size += len(block)
            checksum = zlib.crc32(block, checksum)
    return [size, checksum]


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
