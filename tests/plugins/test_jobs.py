"""Jobs of plugins: run when they are due, once, whole or not at all; later and later while they fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ZODB.POSException import ConflictError

from crm_core import schedule
from crm_core.app import App
from crm_core.background import Background
from crm_core.claims import Claimant
from crm_core.contributions import Collection, Job
from crm_core.errors import CrmError, NotFound
from crm_core.host import Candidate
from crm_core.model.ids import now_ms
from crm_core.schedule import MINUTE, JobRow, JobRunner, jobs
from crm_core.services import Services

Made = Callable[..., Candidate]
OpenWith = Callable[..., App]
ROWS = Collection("tidy.rows", "Rows")


def sweep(services: Services) -> None:
    services.collections["tidy.rows"].add({"swept": services.now})


def crash(services: Services) -> None:
    sweep(services)
    raise ZeroDivisionError("nothing to sweep")


@pytest.fixture
def open_alone(open_with: OpenWith) -> OpenWith:
    """``open_with``, without the jobs of the core."""

    def open_(candidates: list[Candidate]) -> App:
        app = open_with(candidates)
        for id_ in [id_ for id_ in app.registry.jobs if id_.startswith("core.")]:
            del app.registry.jobs[id_]
        return app

    return open_


def row(app: App, id_: str = "tidy.sweep") -> JobRow:
    with app.reading() as services:
        return next(one for one in jobs(services.root, app.registry) if one.id == id_)


def swept(app: App) -> int:
    with app.reading() as services:
        return len(services.collections["tidy.rows"])


def make_due(app: App, id_: str = "tidy.sweep") -> None:
    def work(services: Services) -> None:
        services.root.jobs[id_].due = 0

    app.run(work)


def test_a_job_runs_at_once_and_then_when_its_time_has_come(made: Made, open_alone: OpenWith) -> None:
    app = open_alone([made("tidy", ROWS, Job("tidy.sweep", "Sweep", 60, sweep))])
    runner = JobRunner(app)
    assert row(app).done is None

    assert [(ran.id, ran.error) for ran in runner.run_due()] == [("tidy.sweep", "")]
    assert list(runner.run_due()) == []
    known = row(app)
    assert known.done is not None
    assert known.due >= known.done + 60 * MINUTE
    assert (known.count, known.failures, known.error, known.running) == (1, 0, "", False)

    make_due(app)
    assert len(list(runner.run_due())) == 1
    assert swept(app) == row(app).count == 2


def test_a_job_that_fails_stores_nothing_is_named_and_waits_longer_each_time(
    made: Made, open_alone: OpenWith
) -> None:
    app = open_alone([made("tidy", ROWS, Job("tidy.sweep", "Sweep", 2, crash), Job("tidy.other", "Other", 2, sweep))])
    runner = JobRunner(app)

    assert [(ran.id, ran.error) for ran in runner.run_due()] == [
        ("tidy.other", ""), ("tidy.sweep", "ZeroDivisionError: nothing to sweep")]
    assert swept(app) == 1
    waits = []
    for _try in range(10):
        known = row(app)
        assert known.tried is not None
        waits.append(round((known.due - known.tried) / MINUTE))
        make_due(app)
        assert len(list(runner.run_due())) == 1
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert row(app).failures == 11
    assert app.host.plugins["tidy"].failures == 11
    assert "job tidy.sweep: ZeroDivisionError" in app.host.plugins["tidy"].reason
    assert "Traceback" in app.host.plugins["tidy"].trace


def test_a_job_that_works_again_is_on_time_again(made: Made, open_alone: OpenWith) -> None:
    moods = [crash, sweep]
    app = open_alone([made("tidy", ROWS, Job("tidy.sweep", "Sweep", 5, lambda services: moods.pop(0)(services)))])
    runner = JobRunner(app)

    assert runner.run("tidy.sweep").error
    assert not runner.run("tidy.sweep").error

    known = row(app)
    assert (known.failures, known.error, known.count) == (0, "", 1)
    assert swept(app) == 1


def test_sys_exit_in_a_job_ends_nothing(made: Made, open_alone: OpenWith) -> None:
    app = open_alone([made("tidy", ROWS, Job("tidy.sweep", "Sweep", 5, lambda services: exit("no licence")))])

    assert JobRunner(app).run("tidy.sweep").error == "SystemExit: no licence"


def test_what_is_no_exception_in_a_job_counts_as_its_failure(made: Made, open_alone: OpenWith) -> None:
    class Panic(BaseException):
        """What some libraries raise."""

    def panic(services: Services) -> None:
        raise Panic("gone")

    app = open_alone([made("tidy", ROWS, Job("tidy.sweep", "Sweep", 5, panic))])

    assert JobRunner(app).run("tidy.sweep").error == "Panic: gone"
    assert (row(app).failures, row(app).error) == (1, "Panic: gone")


def test_a_conflict_is_tried_again_and_is_nobodys_failure(made: Made, open_alone: OpenWith) -> None:
    tries: list[int] = []

    def meet(services: Services) -> None:
        sweep(services)
        tries.append(1)
        if len(tries) < 3:
            raise ConflictError("met somebody")

    app = open_alone([made("tidy", ROWS, Job("tidy.sweep", "Sweep", 5, meet))])

    assert JobRunner(app).run("tidy.sweep").error == ""
    assert (len(tries), swept(app), app.host.plugins["tidy"].failures) == (3, 1, 0)


def test_what_one_runner_has_claimed_no_other_runs(made: Made, open_alone: OpenWith) -> None:
    app = open_alone([made("tidy", ROWS, Job("tidy.sweep", "Sweep", 5, sweep))])
    first, second = JobRunner(app), JobRunner(app)
    first.run("tidy.sweep")
    make_due(app)

    def claim(services: Services) -> None:
        assert first.claimant.take(services.root.jobs["tidy.sweep"])

    app.run(claim)

    assert row(app).running
    assert list(second.run_due()) == []
    with pytest.raises(CrmError, match="at work already"):
        second.run("tidy.sweep")
    assert len(list(first.run_due())) == 1


def test_what_a_lost_claim_did_is_not_stored(made: Made, open_alone: OpenWith) -> None:
    """The job took longer than its claim, and somebody else has begun."""
    runners: list[JobRunner] = []

    def slow(services: Services) -> None:
        sweep(services)
        if len(runners) == 2:
            claimant = runners.pop().claimant

            def steal(others: Services) -> None:
                state = others.root.jobs["tidy.sweep"]
                state.claimed_until = 0
                assert claimant.take(state)

            app.run(steal)

    app = open_alone([made("tidy", ROWS, Job("tidy.sweep", "Sweep", 5, slow))])
    runners += [JobRunner(app), JobRunner(app)]

    assert list(runners[0].run_due()) == []

    assert swept(app) == 0
    assert app.host.plugins["tidy"].failures == 0


def test_one_that_fails_after_its_claim_has_run_out_waits_too(made: Made, open_alone: OpenWith) -> None:
    app = open_alone([made("tidy", ROWS, Job("tidy.sweep", "Sweep", 5, crash))])
    runner = JobRunner(app)
    runner.claimant.lease = -1  # it took longer, and nobody else has begun

    assert len(list(runner.run_due())) == 1

    assert (row(app).failures, row(app).error) == (1, "ZeroDivisionError: nothing to sweep")
    assert list(runner.run_due()) == []


def test_the_claim_of_a_process_that_was_killed_does_not_keep_a_job_for_long(
    made: Made, open_alone: OpenWith
) -> None:
    plugin = made("tidy", ROWS, Job("tidy.sweep", "Sweep", 5, sweep))
    app = open_alone([plugin])
    JobRunner(app).run("tidy.sweep")

    def killed(services: Services) -> None:
        state = services.root.jobs["tidy.sweep"]
        state.due, state.claimed_by, state.claimed_until = 0, "another:1", now_ms() + schedule.LEASE

    app.run(killed)
    shared = Claimant(app, schedule.LEASE)
    shared._alone = False  # as with a storage that many processes share

    with app.reading() as services:
        assert not shared.may_take(services.root.jobs["tidy.sweep"])
    assert len(list(JobRunner(app).run_due())) == 1


def test_a_job_of_nobody_is_not_there(made: Made, open_alone: OpenWith) -> None:
    with pytest.raises(NotFound):
        JobRunner(open_alone([])).run("tidy.sweep")


def test_the_core_has_jobs_too(open_alone: OpenWith) -> None:
    """A job of the core that fails is nobody's plugin; it goes to the log."""
    app = open_alone([])
    app.registry.jobs["core.test"] = ("core", Job("core.test", "Test", 5, lambda services: 1 // 0))

    assert JobRunner(app).run("core.test").error == "ZeroDivisionError: integer division or modulo by zero"


def test_the_server_runs_jobs_until_it_stops(made: Made, open_alone: OpenWith) -> None:
    import threading

    ran = threading.Event()

    def work(services: Services) -> Any:
        ran.set()

    app = open_alone([made("tidy", Job("tidy.sweep", "Sweep", 5, work))])
    pages = app.beside()  # built before the work begins, as where pages are served
    with Background(app) as work_of_all:
        assert ran.wait(30)
        assert pages.background is work_of_all
    assert pages.background is None
    assert not any(thread.name in ("crm-jobs", "crm-readers") for thread in threading.enumerate())
