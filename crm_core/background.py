"""What is done beside answering: projections, readers, effects, timers and jobs, each in a thread of its own.

In the web process, or in processes of ``crm worker``. A thread survives every error: it says so in the log, waits a
while, and goes on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from crm_core.effects import EffectRunner
from crm_core.processes import SILENCE, Presence
from crm_core.projections import Projection, ProjectionRunner
from crm_core.readers import ReaderRunner
from crm_core.schedule import JobRunner
from crm_core.timers import TimerRunner

if TYPE_CHECKING:
    from crm_core.app import App

log = logging.getLogger(__name__)
JOBS, READERS, EFFECTS, TIMERS, PROJECTION = "crm-jobs", "crm-readers", "crm-effects", "crm-timers", "crm-projection-"
"""Names of the threads; that of a projection ends in its id, and each effect has another one beside `EFFECTS`."""
LONGEST_PAUSE = 60.0
"""Seconds."""


class Stopped(BaseException):
    """Raised in something that takes long, because the process ends. No error: what it did so far is given up."""


class Loop:
    """Calls ``work()`` again and again in a thread: at once while it says that it got further, else every ``idle``
    seconds, and after an error later and later."""

    def __init__(self, name: str, work: Callable[[], bool], idle: float) -> None:
        self.name = name
        self.idle = idle
        self._work = work
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Let it end after the work at hand."""
        self._stopping.set()

    def stop(self, timeout: float = 30.0) -> None:
        """End after the work at hand; waits at most ``timeout`` seconds for it."""
        self.ask_to_stop()
        if self._thread.is_alive():
            self._thread.join(timeout)

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def demand_going_on(self, _done: int = 0) -> None:
        """Raise Stopped when it is to end: what takes long calls this now and then."""
        if self.stopping:
            raise Stopped

    def _run(self) -> None:
        pause = 1.0
        while not self.stopping:
            try:
                further = self._work()
            except Stopped:
                return
            except BaseException:  # whatever it is, libraries that panic included: the work goes on when it is over
                log.exception("%s; next try in %.0f s", threading.current_thread().name, pause)
                self._stopping.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                pause = 1.0
                if not further:
                    self._stopping.wait(self.idle)


def take_places(app: App) -> None:
    """Give the readers and effects of ``app`` their place in the journal: what is stored from now on, they hear of."""
    ReaderRunner(app).begin()
    EffectRunner(app).begin()


class Background:
    """All background work of one application; ``with Background(app): …``. When plugins are switched on or off
    (`App.adopt`), it goes on with theirs after the work at hand.

    ``idle``: seconds between two looks for entries to read, and for jobs and timers that are due. ``what``: the process
    it runs in; ``silence``: milliseconds after which it counts as ended when nothing is heard of it.
    """

    def __init__(
        self, app: App, idle: tuple[float, float] = (2.0, 15.0), what: str = "crm serve", silence: int = SILENCE
    ) -> None:
        self.app = app
        self._idle = idle
        self._presence = Presence(app, what, silence)
        self._presence.beat()
        self._job_runner, self._timer_runner = JobRunner(app), TimerRunner(app)
        self._reader_runner, self._effect_runner = ReaderRunner(app), EffectRunner(app)
        self._reader_runner.begin()  # before anybody can do what they must hear of
        self._effect_runner.begin()
        self._registry = app.registry
        self._jobs = Loop(JOBS, self._run_jobs, idle[1])
        self._effects: dict[str, Loop] = {}
        self._ending: dict[str, Loop] = {}
        """threads of effects that went; one that comes again waits until its old one has ended"""
        self._loops = [
            Loop(EFFECTS, self._look_after_effects, idle[0]), Loop(READERS, self._read, idle[0]), self._jobs,
            Loop(TIMERS, self._fire, idle[1]), *(self._projecting(one) for one in app.projections),
        ]

    def start(self) -> None:
        self.app.background = self
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        """End after the work at hand, and give back what was claimed."""
        every = [*self._loops, *self._effects.values(), *self._ending.values()]
        for loop in every:
            loop.ask_to_stop()
        for loop in every:
            loop.stop()
        self.app.background = None
        if not any(loop.is_alive for loop in every):
            self._presence.end()

    def alive(self) -> dict[str, bool]:
        """The names of the threads, and which of them live."""
        return {loop.name: loop.is_alive for loop in self._loops}

    def __enter__(self) -> Background:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def _read(self) -> bool:
        done = self._reader_runner.step()
        if done:
            log.info("readers: %d entries", done)
        return done > 0

    def _fire(self) -> bool:
        done = self._timer_runner.step()
        if done:
            log.info("timers: %d", done)
        return done > 0

    def _run_jobs(self) -> bool:
        for ran in self._job_runner.run_due():
            log.info("job %s: %s", ran.id, ran.error or f"done in {ran.took} ms")
            if self._jobs.stopping:
                break
        return False

    def _projecting(self, projection: Projection) -> Loop:
        runner = ProjectionRunner(self.app, projection)

        def work() -> bool:
            done = runner.step(loop.demand_going_on)
            if done:
                log.info("projection %s: %d", projection.id, done)
            return done > 0

        loop = Loop(f"{PROJECTION}{projection.id}", work, self._idle[0])
        return loop

    def _look_after_effects(self) -> bool:
        """A thread for each effect that there is now: one whose other side is slow holds no other up."""
        self._presence.beat()
        if self.app.registry is not self._registry:  # plugins were switched on or off
            self._effect_runner.begin()
            self._registry = self.app.registry
        wanted = set(self._registry.effects)
        for id_ in [id_ for id_, loop in self._effects.items() if id_ not in wanted]:
            self._ending[id_] = self._effects.pop(id_)
            self._ending[id_].ask_to_stop()
        for id_ in wanted - set(self._effects):
            if id_ in self._ending and self._ending[id_].is_alive:
                continue
            loop = self._effects[id_] = Loop(f"crm-effect-{id_}", self._acting(id_), self._idle[0])
            loop.start()
        return False

    def _acting(self, id_: str) -> Callable[[], bool]:
        def work() -> bool:
            further = self._effect_runner.step_one(id_)
            if further:
                log.info("effect %s: one", id_)
            return further

        return work
