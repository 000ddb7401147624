"""A rehearsed upgrade: pending steps run over the live data, then everything is looked at as after a start.

What is written lies in a folder of its own over the data, which are only read, and is gone afterwards.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ZODB.DemoStorage import DemoStorage
from ZODB.FileStorage import FileStorage
from ZODB.POSException import POSKeyError
from ZODB.utils import load_current

from crm_core import evolve, leftovers
from crm_core.app import App
from crm_core.checks import check_app
from crm_core.db import Database
from crm_core.guard import records
from crm_core.host import Candidate, State
from crm_core.inspection import pages_of, plugin_row
from crm_core.settings import Settings
from crm_core.storage import open_storage


@dataclass
class Rehearsal:
    """What would come of it: ``steps`` that ran (``id``, ``title``), ``plugins`` as `plugin_row` says them,
    ``problems`` and ``warnings`` as of `check_app`."""

    steps: list[dict[str, str]]
    plugins: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)


class Overlay(DemoStorage):
    """Changes over a storage that is only read; its current records can be walked as those of any other."""

    def record_iternext(self, next: tuple[Iterator[Any], Any] | None = None) -> tuple[Any, ...]:
        """(object id, transaction, pickle, where to go on or None), as `ZODB.interfaces` asks."""
        walk, (oid, data, tid) = next or _begun(self._records())
        following = _next(walk)
        return oid, tid, data, None if following is None else (walk, following)

    def _records(self) -> Iterator[tuple[bytes, bytes, bytes]]:
        for oid, _data in records(self.base):
            yield oid, *load_current(self, oid)
        for oid, data in records(self.changes) if len(self.changes) else ():
            try:
                load_current(self.base, oid)
            except POSKeyError:
                yield oid, data, self.changes.getTid(oid)


def _next(walk: Iterator[Any]) -> Any:
    return next(walk, None)


def _begun(walk: Iterator[Any]) -> tuple[Iterator[Any], Any]:
    return walk, next(walk)


@contextmanager
def overlaid(settings: Settings, steps: Sequence[evolve.Step] = evolve.STEPS) -> Iterator[tuple[Database, Path]]:
    """The database of an installation with its pending steps done, and the folder in which that is written.

    The data are opened for reading, so a server may be at work. Raises what a step would raise.
    """
    base = open_storage(settings, read_only=True)
    with leftovers.place(settings.data) as folder:
        changes = FileStorage(str(folder / "Data.fs"), blob_dir=str(folder / "blobs"))
        storage = Overlay(base=base, changes=changes)
        try:
            yield Database(storage, steps=steps), folder
        finally:
            storage.close()


def rehearse(
    settings: Settings, steps: Sequence[evolve.Step] = evolve.STEPS, plugins: Iterable[Candidate] | None = None
) -> Rehearsal:
    """Run the pending steps, start the plugins with their pages, and check all that `crm check` does.

    ``plugins`` as of `App.open`. Raises what a step would raise, and what keeps the application from starting.
    """
    with overlaid(settings, steps) as (db, folder):
        # What is derived is not looked at, and none of it may be touched: it follows after the real start.
        apart = replace(settings, data=folder, search="none", reports="none")
        app = App.open(apart, plugins, database=db)
        try:
            with warnings.catch_warnings():
                # Pyramid 2.1 and deform 3.0.1 import it; constraints.txt keeps it there. No news for an operator.
                warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)
                for plugin in app.host.plugins.values():
                    if plugin.state is State.ENABLED:
                        pages_of(plugin)
            found = check_app(app)
            rows = [plugin_row(plugin) for plugin in app.host.plugins.values()]
            return Rehearsal(db.evolved, rows, found["problems"], found["warnings"])
        finally:
            app.close()
