"""Who looked: every dossier that is opened is noted in a file, because reading pages never writes to the database.

Each process appends to a file of its own in ``DATA/looks/``, a new one every day, one JSON line a look: ``at`` in
milliseconds UTC, the ids ``user`` and ``contact``, and ``part``, true where not the dossier was opened but something of
it read. Ids only: what is erased leaves a number here that leads nowhere. Files are never shortened; one to which
nobody has written for `KEPT_DAYS` is removed by who begins the next, and by every pack.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import logging
import os
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

from crm_core.durations import DAY
from crm_core.model.ids import now_ms, parse_id

log = logging.getLogger(__name__)

FOLDER = "looks"
SUFFIX = ".jsonl"
FILES = 64
"""Files that are read for the last looks: those written to last."""
TAIL = 1 << 18
"""Bytes that are read at once of one file; of a longer piece the end."""
KEPT_DAYS = 365
"""Days for which it can be told who looked."""
KEPT = 50
"""Looks that are remembered of each user."""
AGAIN = 600_000
"""Milliseconds after which who still reads of the same contact is noted again."""
NOTED = 10_000
"""So many users and contacts are remembered not to note them again; when there are more, all are forgotten."""


class Looks:
    """The looks of all processes on one data folder. Safe to use from many threads, and after a fork."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._own: int | None = None
        self._day = 0
        self._pid = 0
        self._torn = False
        self._read: dict[str, int] = {}
        self._last: dict[int, dict[int, int]] = {}
        self._noted: dict[tuple[int, int], int] = {}

    def note(self, user: int | None, contact: int, at: int) -> None:
        """Note that ``user`` opened the dossier of ``contact`` at ``at`` (milliseconds UTC); nobody's look is none.

        A look that cannot be written (a full disk) is said in the log: the desk goes on answering citizens.
        """
        if user is not None:
            with self._lock:
                self._note(user, contact, at, {})

    def note_part(self, user: int | None, contact: int, at: int) -> None:
        """Note that ``user`` read something of ``contact`` on another page than the dossier.

        Once in `AGAIN` of this process, and not behind an opened dossier. It is no dossier opened: `recent` leaves it
        out.
        """
        if user is not None:
            with self._lock:
                if not 0 <= at - self._noted.get((user, contact), -AGAIN) < AGAIN:
                    self._note(user, contact, at, {"part": True})

    def recent(self, user: int | None, most: int) -> list[int]:
        """The ids of the contacts whose dossiers ``user`` opened last, in any process, the last one first.

        As far as they stand in the last `TAIL` bytes of the last files; at most `KEPT`. Whether they are still there,
        and may still be seen, is for the caller to ask.
        """
        if user is None:
            return []
        with self._lock:
            try:
                self._catch_up()
            except OSError:
                log.exception("the looks in %s cannot be read", self.folder)
            seen = self._last.get(user, {})
            return heapq.nlargest(most, seen, key=seen.__getitem__)

    def expire(self, now: int) -> int:
        """Remove the files whose last look was noted more than `KEPT_DAYS` before ``now`` (milliseconds UTC); how many.

        One that cannot be removed is said in the log, and tried again the next time.
        """
        with self._lock:
            return self._expire(now)

    def close(self) -> None:
        """Give the file back; the next look begins another one."""
        with self._lock:
            self._end()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────

    def _note(self, user: int, contact: int, at: int, more: dict[str, bool]) -> None:
        if len(self._noted) >= NOTED:
            self._noted.clear()
        line = json.dumps({"at": at, "user": str(user), "contact": str(contact), **more}).encode() + b"\n"
        try:
            self._append(line, at // DAY)
            self._noted[user, contact] = at
        except OSError:
            log.exception("a look could not be noted in %s", self.folder)

    def _append(self, line: bytes, day: int) -> None:
        if day > self._day or self._pid != os.getpid():  # the parent's file is the parent's
            self._end()
        if self._own is None:
            self._own, self._day, self._pid, self._torn = self._create(), day, os.getpid(), False
            self._expire(now_ms())
        if self._torn:  # a piece of a line stands there: it must not swallow this one
            line = b"\n" + line
        written = os.write(self._own, line)
        self._torn = written < len(line)
        if self._torn:
            log.error("a look was noted only in part in %s", self.folder)

    def _create(self) -> int:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{now_ms():014d}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
        return os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)

    def _end(self) -> None:
        if self._own is not None and self._pid == os.getpid():
            os.close(self._own)
        self._own = None

    def _expire(self, now: int) -> int:
        gone = 0
        for stat, path in self._files():
            if stat.st_mtime_ns // 1_000_000 < now - KEPT_DAYS * DAY:
                try:
                    os.unlink(path)
                except FileNotFoundError:  # another process was faster
                    continue
                except OSError:
                    log.exception("looks that have had their time cannot be removed")
                    continue
                self._read.pop(path, None)
                gone += 1
        return gone

    def _files(self) -> list[tuple[os.stat_result, str]]:
        """All files of looks that are there now; another process may remove one at any moment."""
        found = []
        with contextlib.suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIX):
                    with contextlib.suppress(FileNotFoundError):
                        found.append((entry.stat(), entry.path))
        return found

    def _catch_up(self) -> None:
        """Read what was appended to the files since the last time."""
        for stat, path in heapq.nlargest(FILES, self._files(), key=lambda file: file[0].st_mtime_ns):
            if stat.st_size > self._read.get(path, 0):
                with contextlib.suppress(FileNotFoundError):
                    for at, user, contact in self._new_looks(path, stat.st_size):
                        self._remember(at, user, contact)

    def _new_looks(self, path: str, size: int) -> Iterator[tuple[int, int, int]]:
        known = self._read.get(path, 0)
        start = max(known, size - TAIL)
        with open(path, "rb") as file:
            file.seek(start)
            data = file.read(size - start)
        end = data.rfind(b"\n") + 1  # what comes behind is being written, or was never finished
        self._read[path] = start + end
        lines = data[:end].splitlines()
        for line in lines[1:] if start > known else lines:  # the first one of a tail is cut
            look = _parsed(line)
            if look is not None:
                yield look

    def _remember(self, at: int, user: int, contact: int) -> None:
        seen = self._last.setdefault(user, {})
        seen[contact] = max(at, seen.get(contact, 0))
        if len(seen) > KEPT:
            del seen[min(seen, key=seen.__getitem__)]


def _parsed(line: bytes) -> tuple[int, int, int] | None:
    """(at, user, contact) of a line, or None where it is damaged, or tells of no dossier that was opened."""
    try:
        raw = json.loads(line)
        if raw.get("part"):
            return None
        at, user, contact = raw["at"], parse_id(raw["user"]), parse_id(raw["contact"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if type(at) is not int or user is None or contact is None:
        return None
    return at, user, contact
