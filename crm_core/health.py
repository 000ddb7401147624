"""How an installation is: what an administrator or a monitoring program looks at, cheap enough for every minute.

Nothing here reads all records; what would need that is left to ``crm check``. Each part has a state (good, warn, bad)
and plain facts; the words stand where they are shown.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from crm_core import effects, evolve, journal, processes, projections, readers, timers
from crm_core.app import App
from crm_core.backup.checking import last_check
from crm_core.backup.manifest import MANIFEST, set_folders
from crm_core.chores import BACKUP, PACK
from crm_core.host import State
from crm_core.model.root import Root
from crm_core.services import Services
from crm_core.services.textsearch import SearchUnavailable
from crm_core.version import API_VERSION

Tone = Literal["good", "warn", "bad"]
MOST_FILES = 20_000
"""Files whose sizes are added up; folders with more are told as "at least"."""
LAG_WARN, LAG_BAD = 500, 20_000
FREE_WARN, FREE_BAD = 2 << 30, 200 << 20
LATE_WARN = 15 * 60_000
"""Milliseconds for which something may wait for a reader, an effect or a timer before it is told."""
BACKUP_BAD = 3
"""A backup so many times as old as it may get is more than late."""
LIBRARIES = (
    "ZODB", "BTrees", "pyramid", "deform", "colander", "Chameleon", "waitress", "Whoosh-Reloaded", "RelStorage",
)


@dataclass(frozen=True)
class Part:
    """One thing looked at. ``facts`` are plain data: sizes in bytes, times in milliseconds UTC."""

    name: str
    tone: Tone
    facts: dict[str, Any] = field(default_factory=dict)


def health(app: App, services: Services) -> list[Part]:
    """All parts, in the order to show them. ``services`` of the transaction in which it is asked."""
    root, now = services.root, services.now
    return [
        _search(app, root), _journal(root), _background(app, root, now), *_projections(app, root),
        _queues(app, root, now), _letters(services), _storage(app), _disk(app), _backup(app, root, now),
        _pack(app, root), _plugins(app), _data(root), _clock(app, now), _versions(),
    ]


def worst(parts: list[Part]) -> Tone:
    """The state of the whole."""
    tones: list[Tone] = [part.tone for part in parts]
    return "bad" if "bad" in tones else "warn" if "warn" in tones else "good"


def as_json(parts: list[Part], now: int) -> dict[str, Any]:
    """``{"status", "at", "parts": {name: {"status", …facts}}}`` for monitoring."""
    return {"status": worst(parts), "at": now,
            "parts": {part.name: {"status": part.tone, **_plain(part.facts)} for part in parts}}


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """Without the titles, which are for pages."""
    return {name: [{key: value for key, value in row.items() if key != "title"} for row in rows]
            if isinstance(rows, list) and rows and isinstance(rows[0], dict) else rows for name, rows in facts.items()}


def _search(app: App, root: Root) -> Part:
    if app.settings.search == "none":
        return Part("search", "good", {"backend": "none"})
    try:
        cursor = app.text_search.cursor()
    except SearchUnavailable as error:
        return Part("search", "bad", {"backend": app.settings.search, "error": str(error), "lag": None})
    if cursor is None:
        return Part("search", "warn", {"backend": app.settings.search, "lag": None})
    lag = journal.lag(root, journal.Cursor.parse(cursor))
    tone: Tone = "bad" if lag >= LAG_BAD else "warn" if lag >= LAG_WARN else "good"
    return Part("search", tone, {"backend": app.settings.search, "lag": lag})


def _journal(root: Root) -> Part:
    facts = {"desk": sum(map(journal.length, root.journal)), "imports": journal.length(root.bulk_journal)}
    return Part("journal", "good", facts)


def _storage(app: App) -> Part:
    data = app.settings.data
    blobs, blobs_cut = folder_size(data / "blobs")
    index, index_cut = folder_size(data / "index")
    facts: dict[str, Any] = {
        "storage": app.settings.zodburi.partition(":")[0] or "FileStorage", "database": app.db.size(), "blobs": blobs,
        "blobs_at_least": blobs_cut, "index": index, "index_at_least": index_cut, "objects": app.db.db.objectCount(),
    }
    return Part("storage", "good", facts)


def _disk(app: App) -> Part:
    data = app.settings.data.absolute()  # where the data lies on a server, nobody may have made the folder yet
    usage = shutil.disk_usage(next(folder for folder in (data, *data.parents) if folder.exists()))
    tone: Tone = "bad" if usage.free < FREE_BAD else "warn" if usage.free < FREE_WARN else "good"
    return Part("disk", tone, {"free": usage.free, "total": usage.total})


def _backup(app: App, root: Root, now: int) -> Part:
    """The newest set, or the newest file where others make the backups; when it was looked through, and how."""
    if not app.settings.backup_folder:
        return Part("backup", "warn", {"folder": "", "newest": None})
    folder = Path(app.settings.backup_folder)
    facts: dict[str, Any] = {"folder": str(folder), "newest": None, "set": "", "kind": "", "verified": None,
                             **_job(root, BACKUP), "at": app.settings.backup_at}
    sets = [path for path in set_folders(folder) if (path / MANIFEST).exists()]
    if sets:
        facts |= {"newest": int((sets[-1] / MANIFEST).stat().st_mtime * 1000), "set": sets[-1].name,
                  "kind": sets[-1].name.partition("-")[2], "verified": last_check(folder)}
    else:
        facts["newest"] = max(islice(_file_times(folder), MOST_FILES), default=None)
    late = app.settings.backup_late_hours * 60 * 60_000
    age = now - facts["newest"] if facts["newest"] is not None else BACKUP_BAD * late
    damaged = facts["verified"] is not None and facts["verified"]["problems"] > 0
    facts["damaged"] = [name for name in (facts["result"] or {}).get("damaged", ()) if (folder / name).exists()]
    tone: Tone = "bad" if age >= BACKUP_BAD * late or damaged or facts["failures"] else (
        "warn" if age >= late or facts["damaged"] else "good")
    return Part("backup", tone, facts)


def _pack(app: App, root: Root) -> Part:
    """When a pack was run at its hour, and what it gave back (bytes)."""
    facts = {**_job(root, PACK), "at": app.settings.pack_at, "days": app.settings.pack_days}
    return Part("pack", "warn" if facts["failures"] else "good", facts)


def _job(root: Root, id_: str) -> dict[str, Any]:
    state = (root.jobs or {}).get(id_)
    if state is None:
        return {"done": None, "result": None, "failures": 0, "error": ""}
    return {"done": state.done or None, "result": state.result, "failures": state.failures, "error": state.error}


def _plugins(app: App) -> Part:
    rows = [{"id": plugin.id, "version": plugin.version, "state": plugin.state.value, "reason": plugin.reason,
             "failures": plugin.failures} for plugin in app.host.plugins.values()]
    failed = any(plugin.state is State.FAILED for plugin in app.host.plugins.values())
    stumbled = any(row["failures"] for row in rows)
    return Part("plugins", "bad" if failed else "warn" if stumbled else "good", {"plugins": rows})


def _background(app: App, root: Root, now: int) -> Part:
    """The threads of this process, or the processes of ``crm worker``; a server of pages alone has neither, and where
    nobody else does it either, all of it waits."""
    served = "crm-control" in {thread.name for thread in threading.enumerate() if thread.is_alive()}
    here = app.background.alive() if app.background is not None else {}
    others = [{"what": row.what, "host": row.host, "pid": row.pid, "since": row.since}
              for row in processes.processes(root, now)]
    mode = app.settings.background
    missing = not others if mode == "worker" else served and mode == "here" and not here
    nobody = mode == "none" and not others
    tone: Tone = "bad" if missing or not all(here.values()) else "warn" if nobody else "good"
    facts = {"mode": mode, "served": served, "threads": here, "processes": others}
    return Part("background", tone, facts)


def _projections(app: App, root: Root) -> Iterator[Part]:
    """What is derived beside full text (which is a part of its own), if anything is."""
    found = [row for row in projections.projections(app, root) if row.id != "search"]
    if not found:
        return
    rows = [{"id": row.id, "title": row.title, "lag": row.lag, "error": row.error, "failing": row.failing}
            for row in found]
    behind = any(row.lag is None or row.lag >= LAG_WARN for row in found)
    tone: Tone = "bad" if any(row.error for row in found) else "warn" if behind else "good"
    yield Part("projections", tone, {"projections": rows})


def _queues(app: App, root: Root, now: int) -> Part:
    """How far readers and effects are behind, and whether timers fire. ``oldest`` and ``retry``: milliseconds UTC."""
    found = [*readers.readers(root, app.registry), *effects.effects(root, app.registry)]
    rows = [{"id": row.id, "title": row.title, "waiting": row.waiting, "more": row.more, "oldest": row.oldest,
             "again": row.again, "dead": row.dead, "uncertain": row.uncertain, "failures": row.failures,
             "error": row.error, "retry": row.retry} for row in found]
    set_ = timers.timers(root, now)
    late = max((now - row.oldest for row in found if row.oldest is not None), default=0)
    overdue = now - set_.overdue if set_.overdue is not None else 0
    slow = late > LATE_WARN or overdue > LATE_WARN or any(row.failures for row in found)
    facts = {"queues": rows, "timers": set_.count, "next_timer": set_.next, "overdue": set_.overdue}
    return Part("queues", "warn" if slow else "good", facts)


def _letters(services: Services) -> Part:
    """What waits for a person."""
    counts = services.dead_letters.counts()
    return Part("letters", "warn" if any(counts.values()) else "good", counts)


def _data(root: Root) -> Part:
    """What is cheap to count: small trees, and whether the layout is the newest."""
    waiting = [step.id for step in evolve.pending(root)]
    facts = {"users": len(root.users), "units": len(root.units), "steps_waiting": waiting}
    return Part("data", "bad" if waiting else "good", facts)


def _clock(app: App, now: int) -> Part:
    return Part("clock", "good", {"now": now, "timezone": app.settings.timezone})


def _versions() -> Part:
    facts: dict[str, Any] = {"python": platform.python_version(), "crm-core": _version("crm-core"), "api": API_VERSION}
    facts |= {name: version for name in LIBRARIES if (version := _version(name))}
    return Part("versions", "good", facts)


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def folder_size(folder: Path) -> tuple[int, bool]:
    """Bytes of the files in a folder and below, and whether there are more files than were counted."""
    total = 0
    for count, size in enumerate(_file_sizes(folder), 1):
        if count > MOST_FILES:
            return total, True
        total += size
    return total, False


def _file_sizes(folder: Path) -> Iterator[int]:
    return (status.st_size for status in _files(folder))


def _file_times(folder: Path) -> Iterator[int]:
    return (int(status.st_mtime * 1000) for status in _files(folder))


def _files(folder: Path) -> Iterator[os.stat_result]:
    for place, _folders, names in os.walk(folder):  # what cannot be read counts nothing
        for name in names:
            try:
                yield os.stat(os.path.join(place, name), follow_symlinks=False)
            except OSError:  # gone again: the indexer and packing work beside us
                continue
