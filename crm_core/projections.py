"""Projections: stores derived from the database (full text, the report tables), each with a cursor of its own.

A projection is built from a scan of the current objects while people go on working, then follows the journal. Its
cursor is committed with its data, in its own store, so it may be thrown away and built anew at any time.
"""

from __future__ import annotations

import importlib.metadata
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from BTrees.OOBTree import OOBTree

from crm_core.claims import Claimant, one_line
from crm_core.errors import CrmError
from crm_core.i18n import Text, TextFactory
from crm_core.model.ids import now_ms
from crm_core.model.root import Root
from crm_core.model.runs import ProjectionState

if TYPE_CHECKING:
    from crm_core.app import App
    from crm_core.services import Services

_ = TextFactory("crm_core")
LEASE = 120_000
"""Milliseconds for which a runner of which nothing is heard keeps others from a projection."""
PATIENCE = 60_000
"""Milliseconds for which whoever wants to build anew waits for the batch at work."""
GROUP = "crm.projections"
"""Entry points ``name = package.module:factory``; ``factory(app)`` gives a `Projection`, or None where the settings of
the installation want none. Every `App` asks each factory once, when its projections are first needed."""

Progress = Callable[[int], None]
"""Called now and then with the number of things done so far; may raise to give up."""


@runtime_checkable
class Projection(Protocol):
    """A derived store. Its methods may be called from any thread; one runner at a time steps it, under a lease.

    The lease spares double work, no more: a runner that lost it unawares may still be at work, so every commit of the
    store must hold its cursor, and refuse or repeat harmlessly what another one has done meanwhile.
    """

    @property
    def id(self) -> str:
        """Short and for good, such as ``"search"``: what settings, logs and pages call it."""
        ...

    @property
    def title(self) -> Text:
        """For people."""
        ...

    @property
    def place(self) -> str:
        """Names the store among all there are: processes that give the same name work on the same one, and take turns.

        `local_place` for files of one machine, any constant for what all machines share (``"postgresql"``).
        """
        ...

    def step(self, progress: Progress | None = None) -> int:
        """Apply one batch of journal entries, or build everything when nothing is there; how many entries (things).

        0: caught up. Commits data and cursor together. Whatever it raises, a later step goes on where this one began.
        """
        ...

    def rebuild(self, progress: Progress | None = None) -> int:
        """Build it anew beside the old content, which goes on answering, then swap; how many things it holds now.

        First the cursor behind everything committed, then the scan: what is changed meanwhile is applied twice, never
        missed, by the next steps. When it or ``progress`` raises, the old content stays.
        """
        ...

    def lag(self) -> int | None:
        """Entries that are not applied yet, cheaply; None: nothing was built yet, or the store cannot be read."""
        ...

    def forget(self, keys: frozenset[str]) -> None:
        """An erasure was committed: ids and tracking codes, as text, of what is gone. Called in the process where it
        happened, which may not be the one that steps; what the next step takes out anyway need not be done here."""
        ...

    def close(self) -> None:
        """Give files and connections back; closing twice does no harm."""
        ...


def local_place(path: Path) -> str:
    """The name of a store that is made of files on this machine."""
    return f"{socket.gethostname()}:{path.absolute()}"


class Busy(CrmError):
    """Another process works on the projection and does not give it back."""

    def __init__(self, projection: Projection) -> None:
        super().__init__(_("Another process is at work with “${name}”; try again in a minute.",
                           mapping={"name": projection.title}))


@dataclass(frozen=True)
class ProjectionRow:
    """How a projection stands. ``lag``: entries not applied yet, None where nothing is built or it cannot be read;
    ``error``: why it fails, since ``failing`` (milliseconds UTC); "" and None when the last try went well."""

    id: str
    title: Text
    lag: int | None
    error: str
    failing: int | None


def projections(app: App, root: Root) -> list[ProjectionRow]:
    """Every projection of the installation."""
    return [_row(root, projection) for projection in app.projections]


def _row(root: Root, projection: Projection) -> ProjectionRow:
    state = (root.projections or {}).get(_key(projection)) or ProjectionState()
    return ProjectionRow(projection.id, projection.title, projection.lag(), state.error,
                         state.tried if state.error else None)


def _key(projection: Projection) -> str:
    return f"{projection.id}@{projection.place}"


class ProjectionRunner:
    """Steps one projection. For one thread; others may `ask` for the projection meanwhile."""

    def __init__(self, app: App, projection: Projection) -> None:
        self.app = app
        self.projection = projection
        self.claimant = Claimant(app, LEASE)
        self._alone = app.settings.is_file_storage
        """One process holds the storage, and so its projections: nothing needs to be claimed."""
        self._failed: bool | None = None
        """Whether the last try failed; None before the first."""

    def step(self, progress: Progress | None = None) -> int:
        """Apply one batch, if there is one and nobody else works at it; how many entries were applied.

        Raises what the projection raises, having noted it for the page of health.
        """
        if self._gives_way() or self.projection.lag() == 0 or not self._may_work():
            return 0
        try:
            done = self.projection.step(self._renewing(progress))
        except Exception as error:
            self._note(one_line(error))
            raise
        self._note("")
        return done

    def rebuild(self, progress: Progress | None = None) -> int:
        """Build it anew; how many things it holds. Raises Busy where another process does not give it back in time."""
        if not self._alone:
            self._ask()
        try:
            return self.projection.rebuild(self._renewing(progress))
        finally:
            self.release()

    def release(self) -> None:
        """Let others have it at once."""
        with self.app.reading() as services:
            mine = self.claimant.holds(self._seen(services.root))
        if mine:
            self.app.run(lambda services: self._give_back(services.root), note=f"projection {self.projection.id}")

    def _gives_way(self) -> bool:
        """Whether somebody else asks for it; what this runner has is given back."""
        if self._alone:
            return False
        with self.app.reading() as services:
            state = self._seen(services.root)
            wanted = state.wanted_until > now_ms() and state.wanted_by != self.claimant.name
        if wanted:
            self.release()
        return wanted

    def _may_work(self) -> bool:
        """Whether it is claimed by this runner, or can be now."""
        if self._alone:
            return True
        with self.app.reading() as services:
            state = self._seen(services.root)
            if self.claimant.holds(state, LEASE // 2):
                return True
            if not self.claimant.may_take(state):
                return False
        return self.app.run(lambda services: self.claimant.take(self._state(services.root)),
                            note=f"projection {self.projection.id}: claim")

    def _ask(self) -> None:
        """Get the claim, at once or when whoever has it gives it back after its batch."""

        def work(services: Services) -> bool:
            state = self._state(services.root)
            state.wanted_by, state.wanted_until = self.claimant.name, now_ms() + PATIENCE
            return self.claimant.take(state)

        until = time.monotonic() + PATIENCE / 1000
        while not self.app.run(work, note=f"projection {self.projection.id}: claim"):
            if time.monotonic() > until:
                raise Busy(self.projection)
            time.sleep(0.2)

    def _give_back(self, root: Root) -> None:
        state = self._state(root)
        if self.claimant.holds(state):
            self.claimant.release(state)
        if state.wanted_by == self.claimant.name:
            state.wanted_by, state.wanted_until = "", 0

    def _renewing(self, progress: Progress | None) -> Progress:
        """``progress`` that also keeps the claim while something takes long."""
        renewed = time.monotonic()

        def tell(done: int) -> None:
            nonlocal renewed
            if progress is not None:
                progress(done)
            if not self._alone and time.monotonic() - renewed > LEASE / 3000:
                self.app.run(lambda services: self.claimant.take(self._state(services.root)),
                             note=f"projection {self.projection.id}: claim")
                renewed = time.monotonic()

        return tell

    def _note(self, error: str) -> None:
        """Keep the first error of a row where pages can tell it, and that it is over."""
        before, self._failed = self._failed, bool(error)
        if before is None and not error:  # an earlier process may have failed
            with self.app.reading() as services:
                before = bool(self._seen(services.root).error)
        if before is self._failed:
            return

        def work(services: Services) -> None:
            state = self._state(services.root)
            state.error, state.tried = error, now_ms()

        self.app.run(work, note=f"projection {self.projection.id}: {'failed' if error else 'recovered'}")

    def _seen(self, root: Root) -> ProjectionState:
        return (root.projections or {}).get(_key(self.projection)) or ProjectionState()

    def _state(self, root: Root) -> ProjectionState:
        if root.projections is None:
            root.projections = OOBTree()
        state: ProjectionState | None = root.projections.get(_key(self.projection))
        if state is None:
            state = root.projections[_key(self.projection)] = ProjectionState()
        return state


def find_projections(app: App) -> tuple[Projection, ...]:
    """The projections that this installation wants, by the names of their entry points."""
    made = (point.load()(app) for point in sorted(importlib.metadata.entry_points(group=GROUP),
                                                   key=lambda point: point.name))
    return tuple(one for one in made if one is not None)
