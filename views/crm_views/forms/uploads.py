"""Uploaded files on their way: kept in a folder until the form they belong to is accepted, then taken from there.

A file is found again only by the user and session that sent it and by an unguessable id. What is kept is counted for
the user: new sessions give no more room. Bytes never lie in the session, in the page or in the database before the form
is valid. The folder may be shared by several processes of one machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from crm_core.i18n import Text, TextFactory
from crm_core.text.filenames import isolated, safe_name
from crm_views.forms.filetypes import tell_type

_ = TextFactory("crm_views")

MEGABYTE = 1024 * 1024
_UID = re.compile(r"[A-Za-z0-9_-]{22}")
_CHUNK = 256 * 1024
SWEPT_AFTER = 3600
"""Seconds between two looks of a process through everybody's files."""


class UploadRefused(Exception):
    """A file that is not taken; ``message`` is a sentence for the person who sent it."""

    def __init__(self, message: Text) -> None:
        super().__init__(str(message))
        self.message = message


@dataclass(frozen=True)
class StoredUpload:
    """One kept file: ``name`` is safe, ``media_type`` told from the content, ``size`` in bytes.

    Take the bytes from ``path`` (or `open`) while saving, by a hard link or a copy: the transaction may run again.
    """

    uid: str
    name: str
    media_type: str
    size: int
    sha256: str
    path: Path

    def open(self) -> BinaryIO:
        """The bytes; the caller closes the file."""
        return self.path.open("rb")


class UploadStore:
    """Files below ``folder``: each at most ``max_bytes``, gone after ``ttl`` seconds.

    A user keeps ``max_files`` of ``max_total`` bytes together (as many as 25 of the largest, when None is given). Who
    keeps a file is told as ``session``: the user, a dot, and the secret of the session; without a dot it is both.
    ``clock`` gives seconds since the epoch.
    """

    def __init__(
        self, folder: Path, *, max_bytes: int = 20 * MEGABYTE, max_files: int = 50, max_total: int | None = None,
        ttl: int = 24 * 3600, clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self.max_files = max_files
        self.max_total = 25 * max_bytes if max_total is None else max_total
        self.ttl = ttl
        self._clock = clock
        self._swept: float | None = None
        self._counting = threading.Lock()

    def put(self, session: str, stream: BinaryIO, filename: str) -> StoredUpload:
        """Keep what ``stream`` holds, from its beginning, for ``session``. Raises `UploadRefused`.

        The stream is rewound first: a request that is tried again after a conflict has already been read to its end.
        """
        uid = secrets.token_urlsafe(16)
        place = self._place(session, uid)
        drawer, part = place.parent, place.with_suffix(".part")
        shown = isolated(safe_name(filename))
        self._sweep_some(drawer)
        try:
            self._take_room(drawer, part, stream)
            size, sha256 = self._copy(stream, part, shown)
            with part.open("rb") as kept:
                kind = tell_type(kept)
            if kind is None:
                limit = max(1, self.max_bytes // MEGABYTE)
                raise UploadRefused(_(
                    "“${name}” is not accepted; give a picture, PDF, Word, Excel, text, sound, film or ZIP file of"
                    " up to ${limit} MB.", mapping={"name": shown, "limit": limit}))
            stored = StoredUpload(
                uid, safe_name(filename, kind.endings), kind.media_type, size, sha256, place.with_suffix(".bin")
            )
            part.replace(stored.path)
        finally:
            part.unlink(missing_ok=True)
        facts = {name: value for name, value in asdict(stored).items() if name != "path"}
        place.with_suffix(".json").write_text(json.dumps(facts), encoding="utf-8")
        return stored

    def get(self, session: str, uid: str) -> StoredUpload | None:
        """What ``session`` kept under ``uid``; None when it never did, or when it is gone."""
        if not _UID.fullmatch(uid):
            return None
        place = self._place(session, uid)
        try:
            facts = json.loads(place.with_suffix(".json").read_text(encoding="utf-8"))
            written = place.with_suffix(".bin").stat().st_mtime
        except FileNotFoundError:
            return None
        if written < self._clock() - self.ttl:
            return None
        return StoredUpload(path=place.with_suffix(".bin"), **facts)

    def remove(self, session: str, uid: str) -> None:
        """Forget ``uid``; nothing happens when there is none."""
        if _UID.fullmatch(uid):
            for ending in (".json", ".bin"):
                self._place(session, uid).with_suffix(ending).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Drop what is older than ``ttl``, whoever sent it."""
        for drawer in self.folder.iterdir() if self.folder.is_dir() else ():
            if drawer.is_dir() and not self._sweep(drawer):
                shutil.rmtree(drawer, ignore_errors=True)  # another process may be putting a file there just now

    def _sweep_some(self, drawer: Path) -> None:
        """Before each file the drawer it goes into, and now and then all: a quiet desk keeps a day's files at most."""
        now = self._clock()
        if self._swept is None or now - self._swept >= SWEPT_AFTER:
            self._swept = now
            self.sweep()
        elif drawer.is_dir():
            self._sweep(drawer)

    def _sweep(self, drawer: Path) -> bool:
        """Drop the old files of a drawer; whether anything young is left, be it the drawer itself."""
        oldest = self._clock() - self.ttl
        files = list(drawer.iterdir())
        stale = [file for file in files if _written(file) < oldest]
        young = len(stale) < len(files) or _written(drawer) >= oldest
        for file in stale:
            file.unlink(missing_ok=True)
        return young

    def _take_room(self, drawer: Path, part: Path, stream: BinaryIO) -> None:
        """Begin the file ``part``, as large as it will be, so that others sent at once count it. Raises UploadRefused.
        """
        stream.seek(0, os.SEEK_END)
        size = min(stream.tell(), self.max_bytes + 1)
        with self._counting:
            drawer.mkdir(parents=True, exist_ok=True)
            sizes = [_size(file) for file in drawer.iterdir() if file.suffix != ".json"]
            if len(sizes) >= self.max_files or (size <= self.max_bytes and sum(sizes) + size > self.max_total):
                raise UploadRefused(
                    _("Too many files are waiting; send the form with the ones there are, then add more."))
            with part.open("wb") as room:
                room.truncate(min(size, self.max_bytes))

    def _copy(self, stream: BinaryIO, part: Path, shown: str) -> tuple[int, str]:
        stream.seek(0)
        size, sha256 = 0, hashlib.sha256()
        with part.open("r+b") as target:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > self.max_bytes:
                    raise UploadRefused(
                        _("“${name}” is larger than ${limit} MB.",
                          mapping={"name": shown, "limit": max(1, self.max_bytes // MEGABYTE)})
                    )
                sha256.update(chunk)
                target.write(chunk)
        if not size:
            raise UploadRefused(_("“${name}” is empty.", mapping={"name": shown}))
        return size, sha256.hexdigest()

    def _place(self, session: str, uid: str) -> Path:
        """Where ``uid`` lies, without its ending: a folder of the user, in which the session begins each name.

        Names tell nothing about user and session to who can list the folder.
        """
        user = session.partition(".")[0]
        return self.folder / _digest(user)[:40] / f"{_digest(session)[:40]}-{uid}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
