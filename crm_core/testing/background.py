"""What a serving process does in the background, done when a test says so: jobs, readers, effects, timers of plugins.

Failures are raised where the test asked for the work, instead of being tried again later.
"""

from __future__ import annotations

from crm_core.app import App
from crm_core.effects import EffectRunner
from crm_core.model.timers import key_minute
from crm_core.readers import ReaderRunner, readers
from crm_core.schedule import JobRunner

FAR = 1 << 45
"""Milliseconds UTC, in a thousand years: when every timer is due."""


class Background:
    """Make one at the beginning of a test: a new reader or effect begins with what happens from then on."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._readers, self._effects = ReaderRunner(app), EffectRunner(app)
        self._readers.begin()
        self._effects.begin()

    def read_all(self) -> int:
        """Let every reader read all that waits for it; how many times one got further. Fails when one fails."""
        steps = 0
        while further := self._readers.step():
            steps += further
        with self.app.reading() as services:
            for row in readers(services.root, self.app.registry):
                assert not row.error, f"the reader {row.id} failed: {row.error}"
        return steps

    def run_job(self, id_: str) -> None:
        """Run a job once, due or not. Fails when it fails."""
        ran = JobRunner(self.app).run(id_)
        assert not ran.error, f"the job {id_} failed: {ran.error}"

    def act_all(self) -> int:
        """Let every effect act on all that waits for it; how many times one got further. Fails when one fails."""
        steps = 0
        while further := self._effects.step():
            steps += further
        with self.app.reading() as services:
            left = [f"{row.owner}: {row.error}" for row in services.dead_letters.rows()]
            left += [f"{letter.kind}: {letter.error}" for state in (services.root.effects or {}).values()
                     for letter in state.letters or ()]
            assert not left, f"it could not be done: {'; '.join(left)}"
        return steps

    def fire(self, id_: str, object_id: int) -> None:
        """Fire a timer for an object, whether its moment has come or not. Fails when it fails."""
        _plugin, timer = self.app.registry.timers[id_]
        self.app.run(lambda services: timer.fire(services, object_id))

    def timers(self, id_: str) -> list[tuple[int, int]]:
        """What is set of a timer: (minute in milliseconds UTC, id of the object), earliest first."""
        with self.app.reading() as services:
            book = services.root.timers
            return [] if book is None else [(key_minute(key), row[1]) for key, _part, row in book.due(FAR)
                                            if row[0] == id_]
