"""Which files of a data folder belong into a backup beside the database, and how they come back.

Kept: ``crm.ini``; ``web-secret``, without which every login would end; ``looks/``, who opened which dossier.
Left out: what is built from the database (full text, report tables, compiled templates), what lives for a moment
(sockets, locks, uploads), the code and passwords of a first start, and drafts: they are gone after days, and somebody
erased must not come back in one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crm_core.backup.manifest import Chain, Damaged, Hashed, Manifest, digest_of_file
from crm_core.i18n import TextFactory
from crm_core.looks import FOLDER as LOOKS

_ = TextFactory("crm_core")

INI = "crm.ini"
NAMES = (INI, "web-secret")
FOLDERS = (LOOKS,)
PLACE = "data"
"""Folder of these files in a set."""
OUTWARDS = re.compile(r"(?im)^[ \t]*(crm\.(?:zodburi|backup_folder|search_dsn|reports)[ \t]*[=:])")
"""Settings that lead out of the data folder: a restored desk must not work on what the old one works on."""


def found(data: Path) -> Iterator[str]:
    """The paths of the files to keep, from the data folder."""
    for name in NAMES:
        if (data / name).is_file():
            yield name
    for folder in FOLDERS:
        for place, _folders, names in os.walk(data / folder):
            yield from sorted(Path(place, name).relative_to(data).as_posix() for name in names)


def write(data: Path, folder: Path, manifest: Manifest, before: dict[str, dict[str, Any]]) -> None:
    """Copy what has changed since ``before`` (`Manifest.data` of the set before) into a set, and note all of them."""
    for path in found(data):
        try:
            with (data / path).open("rb") as source:
                status = os.fstat(source.fileno())
                facts = digest_of_file(data / path, status.st_size)  # a file of looks may grow while we read
                modified = status.st_mtime_ns // 1_000_000
                old = before.get(path, {})
                if old.get("sha256") == facts["sha256"] and old.get("size") == facts["size"]:
                    manifest.data[path] = {**old, "modified": modified}
                    continue
                with Hashed(folder / PLACE / path) as target:
                    target.copy(source)
                    facts = target.finish()
        except FileNotFoundError:  # looks that have had their time go at any moment
            continue
        manifest.files[f"{PLACE}/{path}"] = facts
        manifest.data[path] = {**facts, "modified": modified, "set": manifest.name}


def restore(chain: Chain, manifest: Manifest, target: Path, storage: str) -> None:
    """Bring the files as they were at a set into the data folder ``target``; ``storage``: the URI it has now, or ""."""
    sets = {one.name: chain.where(one) for one in chain.sets}
    for path, facts in manifest.data.items():
        if facts["set"] not in sets:
            raise Damaged(_("“${set}” needs “${other}”, which is not there.",
                            mapping={"set": manifest.name, "other": facts["set"]}))
        with (sets[facts["set"]] / PLACE / path).open("rb") as source, Hashed(target / path) as copy:
            if path == INI:
                copy.write(_settings(source.read().decode("utf-8-sig", "replace"), storage).encode())
            else:
                copy.copy(source)
            copy.finish()
        os.utime(target / path, ns=(facts["modified"] * 1_000_000,) * 2)
    if storage and INI not in manifest.data:
        with Hashed(target / INI) as copy:
            copy.write(_settings("", storage).encode())
            copy.finish()


def _settings(text: str, storage: str) -> str:
    """The text of a ``crm.ini`` without what leads outside, and with the storage it has now."""
    text = OUTWARDS.sub(r"# not taken over by crm restore: \1", text)
    if storage:
        text = f"{text.rstrip() or '[crm]'}\ncrm.zodburi = {storage}\n"
    return text
