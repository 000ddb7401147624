"""Jobs of plugins: each is run when it is due, by one runner at a time, in a transaction of its own with its result.

What a run writes and that it ran are stored together or not at all. A job that fails is tried again later and later;
its last error stands where administrators see it.
"""

from __future__ import annotations

import logging
import pkgutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from transaction.interfaces import TransientError

from crm_core.chores import Chore
from crm_core.claims import Claimant, LostClaim, one_line, renewed
from crm_core.contributions import Job
from crm_core.errors import CrmError, NotFound, contained
from crm_core.i18n import Text, TextFactory
from crm_core.model.ids import now_ms
from crm_core.model.root import Root
from crm_core.model.runs import JobState
from crm_core.registry import Registry
from crm_core.services import Services
from crm_core.upkeep import others_at_work, state_of, who_is_at_work

if TYPE_CHECKING:
    from crm_core.app import App

_ = TextFactory("crm_core")
log = logging.getLogger(__name__)
MINUTE = 60_000
LEASE = 30 * MINUTE
"""How long a runner that was killed keeps others from a job."""
LONGEST_WAIT = 60
"""Minutes between two tries of a job that fails, at most, unless it is due less often anyway."""


@dataclass(frozen=True)
class JobRow:
    """How a job stands, for people. Times are milliseconds UTC, None for never."""

    id: str
    plugin: str
    title: Text
    every: int
    due: int
    done: int | None
    tried: int | None
    took: int
    count: int
    failures: int
    error: str
    running: bool


@dataclass(frozen=True)
class Ran:
    """What became of one run: ``error`` is "" when all went well, ``took`` milliseconds."""

    id: str
    error: str
    took: int


def jobs(root: Root, registry: Registry) -> list[JobRow]:
    """Every job that there is now, in order of ids; those that were never run yet are due at once."""
    return [_row(id_, plugin, job, (root.jobs or {}).get(id_) or JobState())
            for id_, (plugin, job) in sorted(registry.jobs.items())]


def _row(id_: str, plugin: str, job: Job, state: JobState) -> JobRow:
    return JobRow(
        id_, plugin, job.title, job.every, state.due, state.done or None, state.tried or None, state.took, state.count,
        state.failures, state.error, bool(state.claimed_by) and state.claimed_until > now_ms(),
    )


class JobRunner:
    """Runs the jobs of one application. Its methods may be called from any thread."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.claimant = Claimant(app, LEASE)

    def due(self) -> list[str]:
        """The ids of jobs that are due and that nobody works at."""
        registry = self.app.registry
        if not registry.jobs:
            return []
        with self.app.reading() as services:
            states = services.root.jobs or {}
            wanted = [id_ for id_, (_plugin, job) in sorted(registry.jobs.items()) if self._is_wanted(job)]
            first = [id_ for id_ in wanted if isinstance(registry.jobs[id_][1], Chore)
                     and (id_ not in states or not states[id_].due)]
            due = [id_ for id_ in wanted if id_ not in first
                   and ((state := states.get(id_)) is None
                        or (state.due <= now_ms() and self.claimant.may_take(state)))]
        if first:  # a chore waits for its hour, not only from the next start on
            self.app.run(partial(self._plan, ids=first), note="jobs planned")
        return due

    def _is_wanted(self, job: Job) -> bool:
        return not isinstance(job, Chore) or bool(job.at(self.app.settings))

    def _plan(self, services: Services, ids: list[str]) -> None:
        for id_ in ids:
            job = self.app.registry.jobs[id_][1]
            state = state_of(services.root, id_)
            if not state.due:
                state.due = self._next(job)

    def _next(self, job: Job) -> int:
        """When a job that is done is due again."""
        if isinstance(job, Chore):
            return job.next(self.app.settings, now_ms()) if self._is_wanted(job) else 0
        return now_ms() + job.every * MINUTE

    def run_due(self) -> Iterator[Ran]:
        """Run what is due, one after the other, as far as it is asked for."""
        for id_ in self.due():
            found = self.app.registry.jobs.get(id_)  # plugins may be switched off meanwhile
            ran = None if found is None else self._run_claimed(id_, *found, only_due=True)
            if ran is not None:
                yield ran

    def run(self, id_: str) -> Ran:
        """Run a job now, due or not. Raises NotFound for an id that is none, CrmError while it is at work elsewhere
        (AtWork for a chore, also beside another one)."""
        found = self.app.registry.jobs.get(id_)
        if found is None:
            raise NotFound(_("There is no job “${job}”.", mapping={"job": id_}))
        ran = self._run_claimed(id_, *found, only_due=False)
        if ran is None and isinstance(found[1], Chore):
            with self.app.reading() as services:
                raise who_is_at_work(services.root, self.claimant, id_, self.app.settings.timezone)
        if ran is None:
            raise CrmError(_("The job “${job}” is at work already.", mapping={"job": id_}))
        return ran

    def _run_claimed(self, id_: str, plugin: str, job: Job, *, only_due: bool) -> Ran | None:
        """Claim it, run it, say what became of it; None where somebody else has it, or has done it meanwhile."""

        def claim(services: Services) -> bool:
            state = state_of(services.root, id_)
            if only_due and state.due > now_ms():
                return False
            return self._is_free_of_chores(services.root, id_) and self.claimant.take(state)

        def work(services: Services) -> int:
            began = time.monotonic()
            self.claimant.demand(state_of(services.root, id_))
            job.run(services)
            return self._done(services, id_, job, round((time.monotonic() - began) * 1000), None)

        if not self.app.run(claim, note=f"job {id_}: claim"):
            return None
        try:
            with contained():
                if isinstance(job, Chore):
                    return Ran(id_, "", self._do_chore(id_, job))
                return Ran(id_, "", self.app.run(work, note=f"job {id_}"))
        except LostClaim:
            log.warning("the job %s took longer than its claim; what it did is not stored", id_)
            return None
        except Exception as error:  # noqa: BLE001  # whatever a job raises must not end the others
            if not isinstance(error, TransientError):  # nobody's failure
                self.app.host.note(plugin, f"job {id_}", error)
            return self._failed(id_, job, one_line(error))

    def _is_free_of_chores(self, root: Root, id_: str) -> bool:
        """Of chores one at a time, on whatever machine: a backup would miss what a pack gives back beside it."""
        job = self.app.registry.jobs[id_][1]
        return not isinstance(job, Chore) or not job.alone or not others_at_work(root, self.claimant, id_)

    def _done(self, services: Services, id_: str, job: Job, took: int, result: dict[str, Any] | None) -> int:
        """Note in the transaction of what was done that it was; ``took`` again."""
        state = state_of(services.root, id_)
        self.claimant.demand(state)
        state.tried = state.done = now_ms()
        state.took, state.count, state.failures, state.error = took, state.count + 1, 0, ""
        state.result = result
        state.due = self._next(job)
        self.claimant.release(state)
        return took

    def _do_chore(self, id_: str, job: Chore) -> int:
        """Do what may take hours, keep the claim meanwhile, note the result; how long it took."""
        began = time.monotonic()

        def renew() -> None:
            self.app.run(lambda services: self.claimant.renew(state_of(services.root, id_)), note=f"job {id_}: claim")

        with renewed(renew, LEASE, id_):
            result = pkgutil.resolve_name(job.act)(self.app)
        took = round((time.monotonic() - began) * 1000)
        return self.app.run(lambda services: self._done(services, id_, job, took, result), note=f"job {id_}")

    def _failed(self, id_: str, job: Job, error: str) -> Ran:
        def work(services: Services) -> None:
            state = state_of(services.root, id_)
            if not self.claimant.is_mine(state):
                return
            state.tried, state.failures, state.error = now_ms(), state.failures + 1, error
            state.due = now_ms() + MINUTE * min(2 ** min(state.failures - 1, 20), max(job.every, LONGEST_WAIT))
            self.claimant.release(state)

        self.app.run(work, note=f"job {id_}: failed")
        return Ran(id_, error, 0)
