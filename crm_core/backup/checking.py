"""Is a backup what was written? Every file against its hash, each transaction in its order, each set upon the last."""

from __future__ import annotations

import errno
import json
import os
import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ZODB.blob import is_blob_record
from ZODB.FileStorage.format import CorruptedError

from crm_core.backup.manifest import (
    FULL,
    MANIFEST,
    Manifest,
    chains,
    digest_of_file,
    files_below,
    hex_of,
    set_folders,
    tid_of,
)
from crm_core.backup.transactions import blob_name, stored
from crm_core.errors import CrmError, NotFound
from crm_core.i18n import TextFactory, Translator
from crm_core.model.ids import now_ms

_ = TextFactory("crm_core")

VERIFIED = "verified.json"
"""Beside the sets: when which was last looked through."""
Problem = dict[str, str]
"""``set``, ``file`` ("" for the whole) and ``problem``, a sentence in English."""


@dataclass
class Verdict:
    """What became of looking through a backup folder; ``sets`` are those whose manifests can be read, oldest first."""

    problems: list[Problem] = field(default_factory=list)
    sets: list[Manifest] = field(default_factory=list)


def verify(folder: Path, progress: Callable[[int, int], None] = lambda done, total: None) -> Verdict:
    """Look through every set in a backup folder. Raises NotFound where there is none at all."""
    found, wrong = chains(folder)
    if not found and not wrong:
        raise NotFound(_("There is no backup in “${folder}”.", mapping={"folder": str(folder)}))
    verdict = Verdict([problem(name, "", error) for name, error in wrong])
    verdict.sets = [one for chain in found for one in chain.sets]
    for number, manifest in enumerate(verdict.sets, 1):
        verdict.problems += check_set(folder / manifest.name, manifest)
        progress(number, len(verdict.sets))
    for chain in found:
        for before, one in zip(chain.sets, chain.sets[1:], strict=False):
            if one.first and one.first <= before.last:
                verdict.problems.append(problem(one.name, "", "it begins before the set before it ends"))
    note_check(folder, set_folders(folder)[-1].name, verdict.problems, whole=True)
    return verdict


def problem(name: str, file: str, what: object) -> Problem:
    """What is wrong with a set, or one file of it, as it is told."""
    words = Translator(["crm_core"]).translate(what.message, "en") if isinstance(what, CrmError) else str(what)
    return {"set": name, "file": file, "problem": words}


def check_set(folder: Path, manifest: Manifest) -> list[Problem]:
    """What is wrong with the files of one set, and with the transactions in them."""
    return check_files(folder, manifest) or _transactions(folder, manifest)


def check_files(folder: Path, manifest: Manifest) -> list[Problem]:
    """Which files of a set are not as they were written."""
    problems = []
    for path, facts in manifest.files.items():
        try:
            there = digest_of_file(folder / path)
        except OSError as error:
            problems.append(problem(manifest.name, path, f"it cannot be read: {error.strerror}"))
            continue
        if there != {"sha256": facts["sha256"], "size": facts["size"]}:
            problems.append(problem(manifest.name, path, f"it is not as it was written ({there['size']} bytes of"
                                                         f" {facts['size']})"))
    strangers = sorted(set(files_below(folder)) - set(manifest.files) - {MANIFEST})
    return problems + [problem(manifest.name, path, "it is not of this backup") for path in strangers]


def _transactions(folder: Path, manifest: Manifest) -> list[Problem]:
    """Whether the transactions, looked at one by one, are those of the manifest, with a file for each blob."""
    lost = set(manifest.missing_blobs)
    count, records, last = 0, 0, b""
    try:
        for one in stored(folder):
            if one.tid <= last:
                return [problem(manifest.name, "", "its transactions are not in order")]
            last = one.tid
            count += 1
            for record in one:
                records += 1
                name = blob_name(record.oid, one.tid)
                if record.data is not None and is_blob_record(record.data) and name not in manifest.files and (
                        f"{record.oid.hex()}-{one.tid.hex()}" not in lost):
                    return [problem(manifest.name, name, "a record needs this file, and it is not in the set")]
    except (CorruptedError, ValueError, struct.error) as error:
        return [problem(manifest.name, "", f"its transactions cannot be read: {error}")]
    whole = (count, records) == (manifest.transactions, manifest.records) and (
        not last or last <= tid_of(manifest.last)) and (manifest.kind != FULL or hex_of(last) == manifest.last)
    return [] if whole else [problem(manifest.name, "", "it holds other transactions than its manifest says")]


def note_check(folder: Path, name: str, problems: list[Problem], *, whole: bool) -> None:
    """Keep beside the sets when one, or the ``whole`` folder, was looked through. A folder that cannot be written to
    stays as it is."""
    content: dict[str, Any] = {"set": name, "at": now_ms(), "whole": whole, "problems": len(problems)}
    part = folder / f".{VERIFIED}.{secrets.token_hex(4)}"
    try:
        part.write_text(json.dumps(content) + "\n", "utf-8")
        os.replace(part, folder / VERIFIED)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            part.unlink(missing_ok=True)
            raise


def last_check(folder: Path) -> dict[str, Any] | None:
    """What `note_check` kept last: ``set``, ``at`` (ms UTC), ``whole``, ``problems``; None where nothing is kept."""
    try:
        content = json.loads((folder / VERIFIED).read_text("utf-8"))
        return {"set": str(content["set"]), "at": int(content["at"]), "whole": bool(content["whole"]),
                "problems": int(content["problems"])}
    except (OSError, ValueError, TypeError, KeyError):
        return None
