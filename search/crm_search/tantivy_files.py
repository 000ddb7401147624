"""The folder of a tantivy index: ``build-…`` folders, the file ``current`` that names the one that counts, a lock.

What the files hold can be looked over: tantivy ends each with a checksum, and reads it only when it is asked to.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from zc.lockfile import LockError, LockFile

from crm_core.services.textsearch import SearchUnavailable
from crm_search.tantivy_schema import FORMAT

log = logging.getLogger(__name__)

CURRENT = "current"
LOCK = "writer.lock"
TAIL, MAGIC = 8, 1337
"""A file of a segment ends in a footer (JSON with the CRC-32 of what stands before it), the footer's length, and this
number, both in four bytes, the lowest first (tantivy, src/directory/footer.rs)."""


@contextmanager
def faults(what: str, on_fault: Callable[[], object] = lambda: None) -> Iterator[None]:
    """SearchUnavailable for what tantivy raises: the index ``what``.

    Damaged files make it panic, which comes as a BaseException of no module (pyo3, "panic"): left alone it would pass
    by every handler, and end the thread that indexes.
    """
    try:
        yield
    except BaseException as error:
        if not isinstance(error, ValueError | OSError) and type(error).__name__ != "PanicException":
            raise
        on_fault()
        raise SearchUnavailable(f"the full text index {what}: {error}") from error


class Folder:
    """The files below ``path``. Only who holds `lock` may call what writes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def named(self) -> Path | None:
        """The build that counts, as far as it is of our format."""
        try:
            said = json.loads((self.path / CURRENT).read_text("utf-8"))
            build = self.path / said["build"]
            return build if said["format"] == FORMAT and build.is_dir() else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("The full text index in %s cannot be used: %s", self.path, error)
            return None

    def signature(self, build: Path) -> object:
        """Changes with every commit into ``build``, and with every swap."""
        return _stamp(self.path / CURRENT), _stamp(build / "meta.json")

    @contextmanager
    def lock(self, seconds: float) -> Iterator[None]:
        """Hold the writer's lock, across processes. Raises SearchUnavailable when another one keeps it for long."""
        self.path.mkdir(parents=True, exist_ok=True)
        until = monotonic() + seconds
        while True:
            try:
                lock = LockFile(str(self.path / LOCK))
                break
            except LockError as error:
                if monotonic() > until:
                    raise SearchUnavailable("the full text index is being written by another process") from error
                sleep(0.05)
        try:
            yield
        finally:
            lock.close()

    def begin(self) -> Path:
        """A new, empty folder for a build that does not count yet."""
        build = self.path / f"build-{secrets.token_hex(6)}"
        build.mkdir()
        return build

    def name(self, build: Path) -> None:
        """From here on ``build`` is the one that counts."""
        new = self.path / f"{CURRENT}.new"
        with new.open("w", encoding="utf-8") as file:
            json.dump({"build": build.name, "format": FORMAT}, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path / CURRENT)

    def forget(self) -> None:
        """From here on none counts."""
        (self.path / CURRENT).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what does not count: a build that was given up, the one before, files of another backend."""
        named = self.named()
        for entry in self.path.iterdir():
            if entry.name in (CURRENT, LOCK) or entry == named:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)


def damage(build: Path) -> str:
    """The name of a file in ``build`` that is not as it was written; "" where there is none. Reads all of them."""
    try:
        segments = json.loads((build / "meta.json").read_text("utf-8"))["segments"]
        ids = tuple(f"{segment['segment_id'].replace('-', '')}." for segment in segments)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "meta.json"
    files = (file for file in sorted(build.iterdir()) if file.name.startswith(ids))
    return next((file.name for file in files if not _is_whole(file)), "")


def _is_whole(file: Path) -> bool:
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            stream.seek(max(0, size - TAIL))
            tail = stream.read()
            length = int.from_bytes(tail[:4], "little")
            body = size - TAIL - length
            if int.from_bytes(tail[4:], "little") != MAGIC or body < 0:
                return False
            stream.seek(body)
            footer: dict[str, Any] = json.loads(stream.read(length))
            stream.seek(0)
            return footer["crc"] == _checksum(stream, body)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _checksum(stream: Any, left: int) -> int:
    checksum = 0
    while left and (block := stream.read(min(left, 1 << 20))):
        checksum = zlib.crc32(block, checksum)
        left -= len(block)
    return checksum


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
