"""Uploaded files on their way: kept in a folder until the form they belong to is accepted, then taken from there.

A file is found again only by the session that sent it and by an unguessable id. Bytes never lie in the session, in the
page or in the database before the form is valid. The folder may be shared by several processes of one machine.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from crm_core.i18n import Text, TextFactory
from crm_views.forms.filenames import isolated, safe_name
from crm_views.forms.filetypes import tell_type

_ = TextFactory("crm_views")

MEGABYTE = 1024 * 1024
_UID = re.compile(r"[A-Za-z0-9_-]{22}")
_CHUNK = 256 * 1024


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
    """Files below ``folder``: each at most ``max_bytes``, ``max_files`` a session, gone after ``ttl`` seconds.

    ``clock`` gives seconds since the epoch.
    """

    def __init__(
        self, folder: Path, *, max_bytes: int = 20 * MEGABYTE, max_files: int = 50, ttl: int = 24 * 3600,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self.max_files = max_files
        self.ttl = ttl
        self._clock = clock

    def put(self, session: str, stream: BinaryIO, filename: str) -> StoredUpload:
        """Keep what ``stream`` holds, from its beginning, for ``session``. Raises `UploadRefused`.

        The stream is rewound first: a request that is tried again after a conflict has already been read to its end.
        """
        drawer = self._drawer(session)
        self.sweep()
        drawer.mkdir(parents=True, exist_ok=True)
        if sum(1 for _file in drawer.glob("*.json")) >= self.max_files:
            raise UploadRefused(_("Too many files are waiting; send the form with the ones there are, then add more."))
        uid = secrets.token_urlsafe(16)
        part = drawer / f"{uid}.part"
        shown = isolated(safe_name(filename))
        try:
            size, sha256 = self._copy(stream, part, shown)
            with part.open("rb") as kept:
                kind = tell_type(kept)
            if kind is None:
                raise UploadRefused(_("“${name}” is not accepted; give a picture or a PDF.", mapping={"name": shown}))
            stored = StoredUpload(
                uid, safe_name(filename, kind.endings), kind.media_type, size, sha256, drawer / f"{uid}.bin"
            )
            part.replace(stored.path)
        finally:
            part.unlink(missing_ok=True)
        facts = {name: value for name, value in asdict(stored).items() if name != "path"}
        (drawer / f"{uid}.json").write_text(json.dumps(facts), encoding="utf-8")
        return stored

    def get(self, session: str, uid: str) -> StoredUpload | None:
        """What ``session`` kept under ``uid``; None when it never did, or when it is gone."""
        if not _UID.fullmatch(uid):
            return None
        drawer = self._drawer(session)
        try:
            facts = json.loads((drawer / f"{uid}.json").read_text(encoding="utf-8"))
            written = (drawer / f"{uid}.bin").stat().st_mtime
        except FileNotFoundError:
            return None
        if written < self._clock() - self.ttl:
            return None
        return StoredUpload(path=drawer / f"{uid}.bin", **facts)

    def remove(self, session: str, uid: str) -> None:
        """Forget ``uid``; nothing happens when there is none."""
        if _UID.fullmatch(uid):
            drawer = self._drawer(session)
            for ending in (".json", ".bin"):
                (drawer / f"{uid}{ending}").unlink(missing_ok=True)

    def sweep(self) -> None:
        """Drop what is older than ``ttl``; called before each new file, so a quiet desk keeps a day's files at most."""
        oldest = self._clock() - self.ttl
        if not self.folder.is_dir():
            return
        for drawer in self.folder.iterdir():
            if not drawer.is_dir():
                continue
            files = list(drawer.iterdir())
            stale = [file for file in files if _written(file) < oldest]
            for file in stale:
                file.unlink(missing_ok=True)
            if len(stale) == len(files) and _written(drawer) < oldest:
                shutil.rmtree(drawer, ignore_errors=True)  # another process may be putting a file there just now

    def _copy(self, stream: BinaryIO, part: Path, shown: str) -> tuple[int, str]:
        stream.seek(0)
        size, sha256 = 0, hashlib.sha256()
        with part.open("wb") as target:
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

    def _drawer(self, session: str) -> Path:
        """The folder of one session; its name tells nothing about the session to who can list the folder."""
        return self.folder / hashlib.sha256(session.encode()).hexdigest()[:40]


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
