"""What a set of a backup holds, told by the ``manifest.json`` in it, and which sets follow upon each other.

A set is a folder ``000001-full`` or ``000002-increment``. It gets its name when it is complete and on the disk: what
was interrupted has another name and is no set. An increment names the manifest before it by its hash.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from calendar import timegm
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from persistent.timestamp import TimeStamp

from crm_core.errors import CrmError
from crm_core.i18n import TextFactory

_ = TextFactory("crm_core")

FORMAT = 1
"""Version of the layout of a set."""
MANIFEST = "manifest.json"
TRANSACTIONS = "transactions.fs"
ERASED = "erased.json"
FULL, INCREMENT = "full", "increment"
NAME = re.compile(r"(\d{6})-(full|increment)")
PIECE = 1 << 20
MINUTE = 60_000
"""Milliseconds: the second half of a transaction's id is a fraction of a minute, of 2**32."""


class Damaged(CrmError):
    """Something of a backup is not as it was written."""


@dataclass
class Manifest:
    """One set. Transaction ids (``first``, ``last``, ``thinned``) are 16 hex digits, "" for none; times ms UTC."""

    name: str
    kind: str
    made: int
    first: str
    """the first transaction in this set"""
    last: str
    """the last transaction that is known after this set, in it or before"""
    thinned: str = ""
    """the last transaction in this set of whose time a pack had already given back old revisions"""
    transactions: int = 0
    records: int = 0
    blobs: int = 0
    bytes: int = 0
    previous: dict[str, str] | None = None
    """name and hash of the manifest before, for an increment"""
    versions: dict[str, str] = field(default_factory=dict)
    storage: str = ""
    timezone: str = "UTC"
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    """path in this set → ``sha256``, ``size``"""
    data: dict[str, dict[str, Any]] = field(default_factory=dict)
    """path in the data folder → ``sha256``, ``size``, ``modified`` (ms) and the ``set`` of this chain it lies in"""
    missing_blobs: list[str] = field(default_factory=list)
    """files that the storage itself did not have, as ``object-transaction``"""

    @property
    def number(self) -> int:
        return int(self.name[:6])

    def write(self, folder: Path) -> None:
        """Put it into its folder, with a hash of itself."""
        content = {"format": FORMAT, **asdict(self)}
        text = json.dumps({"sha256": digest_of(content), **content}, ensure_ascii=False, indent=1)
        with (folder / MANIFEST).open("x", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())


def digest_of(content: dict[str, Any]) -> str:
    """The hash of plain data, the same however it is laid out."""
    plain = json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def read(folder: Path) -> tuple[Manifest, str]:
    """The manifest in the folder of a set, and its hash. Raises Damaged where it is missing or not as it was written.
    """
    try:
        content = json.loads((folder / MANIFEST).read_text("utf-8"))
        said = content.pop("sha256")
        if digest_of(content) != said:
            raise ValueError("its hash does not fit")
        if content.pop("format") != FORMAT:
            raise Damaged(_("“${set}” was made by another version of this program.", mapping={"set": folder.name}))
        manifest = Manifest(**content)
        _check(manifest, folder)
    except FileNotFoundError as error:
        raise Damaged(_("“${set}” has no manifest.", mapping={"set": folder.name})) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Damaged(_("The manifest of “${set}” cannot be read: ${reason}",
                        mapping={"set": folder.name, "reason": str(error)})) from error
    return manifest, str(said)


def _check(manifest: Manifest, folder: Path) -> None:
    if manifest.name != folder.name or manifest.kind != folder.name[7:]:
        raise ValueError("it is of another set")
    for path in (*manifest.files, *manifest.data):
        parts = PurePosixPath(path).parts
        if not parts or parts[0] == "/" or ".." in parts:
            raise ValueError("it names a file outside")


def set_folders(folder: Path) -> list[Path]:
    """The folders of all sets, in order of their numbers."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name) and path.is_dir())


@dataclass
class Chain:
    """A full set and the increments that follow upon it."""

    folder: Path
    sets: list[Manifest]
    digests: list[str]

    @property
    def last(self) -> Manifest:
        return self.sets[-1]

    def where(self, manifest: Manifest) -> Path:
        return self.folder / manifest.name


def chains(folder: Path) -> tuple[list[Chain], list[tuple[str, Damaged]]]:
    """The chains in a backup folder, oldest first, and what is wrong with their manifests as (set, error).

    A chain ends before the first set that does not follow upon the one before it; what comes behind is in none.
    """
    found: list[Chain] = []
    wrong: list[tuple[str, Damaged]] = []
    open_ = False
    for path in set_folders(folder):
        try:
            manifest, digest = read(path)
            if manifest.kind == FULL:
                found.append(Chain(folder, [], []))
                open_ = True
            elif not open_:
                raise Damaged(_("“${set}” follows upon a set that is missing or damaged.", mapping={"set": path.name}))
            elif not _follows(manifest, found[-1]):
                raise Damaged(_("“${set}” does not follow upon “${last}”: a set between them is missing or another.",
                                mapping={"set": path.name, "last": found[-1].last.name}))
        except Damaged as error:
            wrong.append((path.name, error))
            open_ = False
            continue
        found[-1].sets.append(manifest)
        found[-1].digests.append(digest)
    return found, wrong


def _follows(manifest: Manifest, chain: Chain) -> bool:
    before = {"name": chain.last.name, "sha256": chain.digests[-1]}
    return manifest.previous == before and manifest.number == chain.last.number + 1


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────


class Hashed:
    """A new file that is hashed while it is written: ``write``, then `finish`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file: BinaryIO = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._sha = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._sha.update(data)
        self.size += len(data)

    def copy(self, source: Any) -> None:
        """Write all that ``source.read`` gives."""
        while piece := source.read(PIECE):
            self.write(piece)

    def finish(self) -> dict[str, Any]:
        """Bring it to the disk; ``{"sha256", "size"}``."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return {"sha256": self._sha.hexdigest(), "size": self.size}

    def __enter__(self) -> Hashed:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._file.close()


def digest_of_file(path: Path, most: int | None = None) -> dict[str, Any]:
    """``{"sha256", "size"}`` of a file as it lies on the disk; of its first ``most`` bytes only where that is given."""
    sha, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        if hasattr(os, "posix_fadvise"):  # what is looked at must be the disk, not the memory of having written it
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while piece := file.read(PIECE if most is None else min(PIECE, most - size)):
            sha.update(piece)
            size += len(piece)
    return {"sha256": sha.hexdigest(), "size": size}


def sync_tree(folder: Path) -> None:
    """Bring the names of all files below a folder to the disk."""
    for place, _folders, _names in os.walk(folder):
        sync(Path(place))


def sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def files_below(folder: Path) -> Iterator[str]:
    """The paths of all files below a folder, from there, with slashes."""
    for place, _folders, names in os.walk(folder):
        for name in names:
            yield Path(place, name).relative_to(folder).as_posix()


def hex_of(tid: bytes) -> str:
    return tid.hex()


def tid_of(text: str) -> bytes:
    return bytes.fromhex(text)


def moment_of(tid: str) -> int:
    """When a transaction was committed, milliseconds UTC (the one that had begun); 0 for none.

    Counted in whole numbers: `TimeStamp.timeTime` rounds the last nanoseconds of a millisecond into the next one.
    """
    if not tid:
        return 0
    at = TimeStamp(bytes.fromhex(tid))
    minute = timegm((at.year(), at.month(), at.day(), at.hour(), at.minute(), 0))
    return minute * 1000 + (int(tid[8:], 16) * MINUTE >> 32)


def last_of(moment: int) -> bytes:
    """The greatest id that a transaction of a moment (milliseconds UTC) can have."""
    at = time.gmtime(moment // 1000)
    minute = TimeStamp(*at[:5], 0).raw()[:4]
    within = (at.tm_sec * 1000 + moment % 1000 + 1 << 32) - 1
    return bytes(minute + (within // MINUTE).to_bytes(4, "big"))
