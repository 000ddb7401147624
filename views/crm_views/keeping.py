"""What was typed and is not in the records yet: kept for its user, so that the form comes back filled in.

Kept *forms* are those that could not be taken (the login ran out, the form's mark was lost, something broke): each is
asked for by a token. *Drafts* are what a form held while it was being written: one a form, asked for by its place.
Files are not kept with either: they must be chosen again.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import logging
import os
import re
import secrets
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote_plus

from crm_core.text.digits import to_ascii
from crm_core.text.tracking import is_code, normalise_code

log = logging.getLogger(__name__)

Pairs = list[tuple[str, str]]
"""Names and values of a form in the order they came."""

PARAMETER = "kept"
FORM_FIELD = "__formid__"
LOST_FILES = "__lost_files__"
"""Stands among the pairs of a form with which files came that are not kept."""
LARGEST = 1 << 20
LARGEST_OF_FORMER = 100_000
LARGEST_DRAFT = 200_000
"""Characters of a form that is kept; fewer of one whose login has ended, and of a draft."""
MOST_OF_ONE = 20
MOST_DRAFTS = 50
"""Forms and drafts kept for one user; the oldest goes."""
HOURS = 12
DRAFT_HOURS = 7 * 24
"""How long a form is kept, and a draft after its last word."""
TAKEN = 5
"""Submissions of one place whose late drafts are refused."""
SWEEP_EVERY = 600
"""Seconds between two looks for drafts that are too old."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_NAME = re.compile(r"[0-9]+\.(draft\.)?[A-Za-z0-9_-]{22}")
_LOCK = ".lock"
_FORM: dict[str, type] = {"user": int, "path": str, "pairs": list}
_DRAFT: dict[str, type] = {"user": int, "place": str, "name": str, "pairs": list, "key": str, "writer": str, "at": int,
                           "page": str, "title": str, "taken": list}

Saved = Literal["kept", "other", "taken", "too_large"]


@dataclass(frozen=True)
class Draft:
    """What somebody is still writing into the form ``name`` whose address is ``place``.

    ``key`` is the submission it will become, ``writer`` the page (a tab) it is typed in, ``at`` when it was kept last,
    in milliseconds UTC and never the same twice, ``page`` where it can be gone on with, ``title`` what the form is.
    """

    place: str
    name: str
    pairs: Pairs
    key: str = ""
    writer: str = ""
    at: int = 0
    page: str = ""
    title: str = ""

    def value(self, field: str) -> str:
        """What stands in a field; "" where it has none."""
        return next((value for name, value in self.pairs if name == field), "")


class Keeper:
    """Kept forms and drafts as files in ``folder``, readable by the owner only, gone after `HOURS` or `DRAFT_HOURS`.

    One is given back only to the user and for the page it was typed on. ``clock`` gives seconds since the epoch.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._clock = clock
        self._swept = 0.0
        self._only_sent: dict[str, tuple[int, int, int]] = {}

    def keep(self, user: int, path: str, pairs: Pairs, largest: int = LARGEST) -> str:
        """Keep a form; gives the token to ask for it with, "" where it is too large to keep."""
        text = json.dumps({"user": user, "path": path, "pairs": pairs})
        if len(text) > largest:
            return ""
        self.sweep()
        self._make_room(user)
        token = secrets.token_urlsafe(16)
        _write(self._file(user, token), text)
        return token

    def find(self, user: int, path: str, token: str) -> Pairs | None:
        """What ``user`` had typed on the page ``path``; None for anybody else, any other page, or when it is gone."""
        if not _TOKEN.fullmatch(token):
            return None
        try:
            file = self._file(user, token)
            if file.stat().st_mtime < self._oldest():
                return None
        except FileNotFoundError:
            return None
        kept = self._content(file)
        if not kept or (kept["user"], kept["path"]) != (user, path):
            return None
        return [(name, value) for name, value in kept["pairs"]]

    def drop(self, user: int, path: str, token: str) -> None:
        """Forget a kept form once it was taken; nothing happens when it is another's."""
        if self.find(user, path, token) is not None:
            self._file(user, token).unlink(missing_ok=True)

    # Drafts

    def save(self, user: int, draft: Draft, seen: int, *, force: bool = False) -> tuple[Saved, Draft]:
        """Keep what stands in a form now; the draft as it was kept, or the one that stands in the way.

        ``seen`` is the ``at`` of the draft the form was opened with (0 for none). "other": another page has written a
        later one, which only ``force`` replaces. "taken": this submission was sent, or thrown away, already.
        """
        with self._locked():
            stored, taken = self._read_draft(user, draft.place, draft.name)
            if draft.key in taken:
                return "taken", draft
            if stored is not None and not force and stored.writer != draft.writer and stored.at != seen:
                return "other", stored
            before = stored.at if stored is not None else 0
            draft = replace(draft, at=max(int(self._clock() * 1000), before + 1))
            if len(_draft_text(user, draft, taken)) > LARGEST_DRAFT:
                return "too_large", draft
            if stored is None:
                self._make_room(user, MOST_DRAFTS, drafts=True)
            self._write_draft(user, draft, taken)
        if self._clock() - self._swept > SWEEP_EVERY:
            self._swept = self._clock()
            self.sweep()
        return "kept", draft

    def draft(self, user: int, place: str, name: str) -> Draft | None:
        """The draft of one form; None for anybody else, or when there is none."""
        return self._read_draft(user, place, name)[0]

    def drafts(self, user: int) -> list[Draft]:
        """All drafts of one user, newest first."""
        own = [file for file in self._files() if _is_draft_of(user, file)]
        found = [draft for file in own if (draft := self._unsent(user, file)) is not None]
        return sorted(found, key=lambda draft: -draft.at)

    def _unsent(self, user: int, file: Path) -> Draft | None:
        """The draft in a file, if there is one. Most files of a busy clerk only say that their form was sent; such a
        file is not read again in this process until it is written anew, since each sending of a form asks for all."""
        try:
            state = file.stat()
        except FileNotFoundError:
            return None
        mark = state.st_ino, state.st_mtime_ns, state.st_size
        if self._only_sent.get(file.name) == mark:
            return None
        draft = self._parsed(user, file)[0]
        if draft is None:
            self._only_sent[file.name] = mark
        return draft

    def take(self, user: int, place: str, name: str, key: str = "") -> None:
        """The form was sent or its draft thrown away: forget it, and what of it still comes in late.

        ``key`` is the submission's; without one, that of the draft.
        """
        with self._locked():
            stored, taken = self._read_draft(user, place, name)
            key = key or (stored.key if stored is not None else "")
            if stored is None and not key:
                return
            keys = [*(one for one in taken if one != key), *([key] if key else [])][-TAKEN:]
            self._write_draft(user, Draft(place, name, []), keys)

    def discard(self, user: int, place: str, name: str, writer: str, seen: int = 0) -> None:
        """Everything was taken out of a form again: drop its draft, if no page but this one has written what it saw.

        ``seen`` is the ``at`` of the draft that the page had before it.
        """
        with self._locked():
            stored, taken = self._read_draft(user, place, name)
            if stored is not None and (stored.writer == writer or stored.at == seen):
                self._write_draft(user, Draft(place, name, []), taken)

    def forget(self, parts: Collection[str]) -> int:
        """Drop everybody's forms and drafts of pages with one of ``parts`` in their address; how many.

        For what is erased: ids of contacts and interactions, codes of requests.
        """
        gone = 0
        with self._locked():
            self._drop_parts()
            for file in list(self._files()):
                kept = self._content(file)
                pages = [str(kept.get(name, "")) for name in ("path", "place", "page")] if kept else []
                if any(part in parts for page in pages for part in address_parts(page)):
                    file.unlink(missing_ok=True)
                    gone += 1
        return gone

    def _read_draft(self, user: int, place: str, name: str) -> tuple[Draft | None, list[str]]:
        draft, taken = self._parsed(user, self._draft_file(user, place, name))
        if draft is not None and (draft.place, draft.name) != (place, name):
            return None, []
        return draft, taken

    def _parsed(self, user: int, file: Path) -> tuple[Draft | None, list[str]]:
        kept = self._content(file)
        if not kept or kept["user"] != user:
            return None, []
        values = {name: kept[name] for name in ("place", "name", "key", "writer", "at", "page", "title")}
        draft = Draft(pairs=[(name, value) for name, value in kept["pairs"]], **values)
        fresh = draft.pairs and draft.at / 1000 >= self._clock() - DRAFT_HOURS * 3600
        return draft if fresh else None, list(kept["taken"])

    @staticmethod
    def _content(file: Path) -> dict[str, Any]:
        """What a file holds; nothing when another request has just dropped it, or when it cannot be read (then it goes:
        nobody can have it back, and nobody could say any more whom it tells of)."""
        try:
            kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            if not _fits(kept, _DRAFT if ".draft." in file.name else _FORM):
                raise ValueError
        except FileNotFoundError:
            return {}
        except (ValueError, RecursionError):
            log.warning("a kept form that is damaged was thrown away: %s", file.name)
            file.unlink(missing_ok=True)
            return {}
        return kept

    def _write_draft(self, user: int, draft: Draft, taken: list[str]) -> None:
        _write(self._draft_file(user, draft.place, draft.name), _draft_text(user, draft, taken))

    def _draft_file(self, user: int, place: str, name: str) -> Path:
        digest = hashlib.sha256(json.dumps([place, name]).encode()).digest()[:16]
        return self.folder / f"{user}.draft.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer of drafts at a time, in all processes: what was sent must not come back by a save that is late."""
        with open(os.open(self.folder / _LOCK, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    # Both

    def sweep(self) -> None:
        """Drop what is too old; called before each new form, and now and then after a draft."""
        now = self._clock()
        self._only_sent.clear()
        self._drop_parts()
        for file in self._files():
            hours = DRAFT_HOURS if ".draft." in file.name else HOURS
            if _age_mark(file) < now - hours * 3600:
                file.unlink(missing_ok=True)

    def _make_room(self, user: int, most: int = MOST_OF_ONE, *, drafts: bool = False) -> None:
        belongs = _is_draft_of if drafts else _is_form_of
        own = sorted((file for file in self._files() if belongs(user, file)), key=_age_mark)
        if drafts:  # what only says that a form was sent goes first: many are sent in a day
            sent = [file for file in own if self._unsent(user, file) is None]
            for file in sent[: max(0, len(sent) - MOST_DRAFTS)]:
                file.unlink(missing_ok=True)
            own = [file for file in own if file not in sent]
        for file in own[: max(0, len(own) - most + 1)]:
            file.unlink(missing_ok=True)

    def _file(self, user: int, token: str) -> Path:
        return self.folder / f"{user}.{token}"

    def _files(self) -> Iterator[Path]:
        return (file for file in self.folder.iterdir() if _NAME.fullmatch(file.name))

    def _drop_parts(self) -> None:
        """What was half written when its process was ended."""
        for part in self.folder.glob(f"*{PART}"):
            if _age_mark(part) < self._clock() - WRITING:
                part.unlink(missing_ok=True)

    def _oldest(self) -> float:
        return self._clock() - HOURS * 3600


PART = ".part"
"""How a file is called at its end while it is written."""
WRITING = 60
"""Seconds after which nobody can be at it any more."""


def _write(file: Path, text: str) -> None:
    """Put a file in place, complete or not at all. Nobody else writes this one: it is new, or the lock is held."""
    part = file.with_name(f"{file.name}{PART}")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(text)
        part.replace(file)
    except OSError:  # a full disk: what is there of it is none
        part.unlink(missing_ok=True)
        raise


def _fits(kept: Any, shape: dict[str, type]) -> bool:
    """Whether a file holds what this version writes; one of another version may not."""
    return isinstance(kept, dict) and all(isinstance(kept.get(name), kind) for name, kind in shape.items()) and all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)
        for pair in kept["pairs"])


def _is_draft_of(user: int, file: Path) -> bool:
    return file.name.startswith(f"{user}.draft.")


def _is_form_of(user: int, file: Path) -> bool:
    return file.name.startswith(f"{user}.") and not _is_draft_of(user, file)


def _draft_text(user: int, draft: Draft, taken: list[str]) -> str:
    values = {name: getattr(draft, name) for name in Draft.__dataclass_fields__}
    return json.dumps({"user": user, **values, "taken": taken})


def address_parts(page: str) -> list[str]:
    """The parts of an address between slashes, those of its query too; tracking codes as they are stored."""
    written = (part for quoted in re.split(r"[/?&=]", page) for part in re.split(r"[/?&=]", unquote_plus(quoted)))
    return [normalise_code(part) if is_code(part) else to_ascii(part).strip() for part in written if part]


def _age_mark(file: Path) -> float:
    """When a file was written, in seconds since the epoch; 0 when another request has just dropped it."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0
