"""Which processes work in the background of one storage: each says now and then that it lives.

Only where several processes may open the storage. What a process has claimed is free as soon as it is silent.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from BTrees.OOBTree import OOBTree

from crm_core.durations import DAY
from crm_core.model.ids import now_ms
from crm_core.model.root import Root
from crm_core.model.runs import ProcessState

if TYPE_CHECKING:
    from crm_core.app import App
    from crm_core.services import Services

SILENCE = 60_000
"""Milliseconds of silence after which a process counts as ended."""


@dataclass(frozen=True)
class ProcessRow:
    """A process that lives: what it is, where, since when and until when it counts as alive (milliseconds UTC)."""

    what: str
    host: str
    pid: int
    since: int
    until: int


def processes(root: Root, now: int) -> list[ProcessRow]:
    """Those that live, oldest first."""
    found = [ProcessRow(one.what, one.host, one.pid, one.since, one.until)
             for one in (root.processes or {}).values() if one.until > now]
    return sorted(found, key=lambda row: row.since)


class Presence:
    """Says that this process lives; ``what`` it is called."""

    def __init__(self, app: App, what: str, silence: int = SILENCE) -> None:
        self.app = app
        self.what = what
        self.silence = silence
        self._next = 0.0

    def beat(self) -> None:
        """Say so, if it is time to."""
        if self.app.settings.is_file_storage or time.monotonic() < self._next:
            return
        self.app.run(lambda services: self._write(services, self.silence), note="processes: alive")
        self._next = time.monotonic() + self.silence / 4000

    def end(self) -> None:
        """Say that it ends: what it has claimed is free."""
        if not self.app.settings.is_file_storage:
            self.app.run(lambda services: self._write(services, 0), note="processes: ended")

    def _write(self, services: Services, silence: int) -> None:
        root, now, session = services.root, now_ms(), self.app.db.session
        if root.processes is None:
            root.processes = OOBTree()
        for old in [name for name, one in root.processes.items() if one.until < now - DAY]:
            del root.processes[old]
        if session not in root.processes:
            root.processes[session] = ProcessState(self.what, socket.gethostname(), os.getpid(), now)
        root.processes[session].until = now + silence
