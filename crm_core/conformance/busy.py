"""What a plugin does when nobody asks, and what it counts: its jobs, readers and reports, each run once.

They meet what the examples stored. What the examples leave out is named too: nobody has looked at it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any

from crm_core import journal
from crm_core.app import App
from crm_core.conformance.findings import Fault, raised
from crm_core.conformance.outside import only_this_machine
from crm_core.conformance.trial import Trial
from crm_core.contributions import Effect, Reader, Timer
from crm_core.errors import contained
from crm_core.guard import foreign_globals
from crm_core.journal import Cursor
from crm_core.model.plain import Plain, check
from crm_core.services import Services
from crm_core.services.reports import ReportFailed

log = logging.getLogger(__name__)
DAY = 86_400_000
PERIOD = 365 * DAY
"""Milliseconds that a report looks back; the examples are of today."""
FAR = 1 << 45
"""Milliseconds UTC, in a thousand years: when every timer is due."""
GONE = 1
"""An id that nothing has."""
ENTRIES = 2_000
"""Journal entries told to a reader; the examples write some dozens."""


def left_out(trial: Trial) -> Iterator[Fault]:
    """Kinds of requests and contact fields that no example is of. Made-up answers know of everything."""
    if trial.examples is None:
        return
    with trial.opened() as app, app.reading() as services:
        shown = {services.requests.get(id_).type for id_ in trial.requests}
        kinds = sorted(id_ for id_ in app.registry.types if id_.startswith(f"{trial.candidate.id}."))
    yield from (Fault("examples", f"no example is a {kind!r}; yield one from examples()")
                for kind in kinds if kind not in shown)
    for name in trial.unanswered:
        group, _dot, one = name.rpartition(".")
        yield Fault("examples", f"no example answers the contact field {one!r} of {group!r}; write it in examples() by "
                                "services.contact_fields.edit(contact, {group: {field: value}})")


def background(trial: Trial) -> Iterator[Fault]:
    """Each job once, each timer that the examples set, each reader and effect with every entry of its kinds, as the
    system; what they store is the core's only.

    Effects act where `PluginContract.outside` gives them another side, and reach nothing but this machine; elsewhere
    they only prepare what they would do.
    """
    with trial.copied("background") as app, (trial.outside or nullcontext)():
        for id_, (plugin, job) in sorted(app.registry.jobs.items()):
            if plugin == trial.candidate.id:
                yield from _run(app, f"the job {id_!r}", trial.candidate.package, job.run)
        with app.reading() as services:
            entries, _after = journal.read(services.root, Cursor(), ENTRIES)
            written = [(entry.kind, entry._p_oid) for entry in entries]
        following = [(plugin, f"the reader {id_!r}", reader.kinds, partial(_tell, reader))
                     for id_, (plugin, reader) in sorted(app.registry.readers.items())]
        acts: dict[str, int] = {}
        for id_, (plugin, effect) in sorted(app.registry.effects.items()):
            work = partial(_prepare, effect) if trial.outside is None else partial(_act, effect, acts)
            following.append((plugin, f"the effect {id_!r}", effect.kinds, work))
        for plugin, what, kinds, work in following:
            if plugin != trial.candidate.id:
                continue
            wanted = [(kind, oid) for kind, oid in written if kind in kinds]
            if not wanted and trial.examples is not None:
                yield Fault("background", f"no example writes what {what} reads "
                                          f"({', '.join(sorted(kinds))}), so nobody has seen it work", warn=True)
            for kind, oid in wanted:
                failed = list(_run(app, f"{what} at {kind}", trial.candidate.package, partial(work, oid)))
                yield from failed
                if failed:  # the entries behind it would wait for this one
                    break
        yield from _unseen(trial, app, acts)
        yield from _timers(trial, app)
        for name in sorted(foreign_globals(app.db.db.storage)):
            yield Fault("payload", f"its background work stores {name}, which nobody can load without it")


def _tell(reader: Reader, oid: bytes, services: Services) -> None:
    root: Any = services.root
    reader.read(services, root._p_jar.get(oid))


def _prepare(effect: Effect, oid: bytes, services: Services) -> Plain | None:
    root: Any = services.root
    data = check(effect.prepare(services, root._p_jar.get(oid)))
    if root._p_jar._registered_objects:
        raise TypeError("prepare(services, entry) stores something; it only reads")
    return data


def _act(effect: Effect, acts: dict[str, int], oid: bytes, services: Services) -> None:
    """Prepare, act and store what came of it; ``acts``: id → how often each effect has acted."""
    root: Any = services.root
    data = _prepare(effect, oid, services)
    if data is None:
        return
    acts[effect.id] = acts.get(effect.id, 0) + 1
    with only_this_machine():
        answer = check(effect.act(data, f"trial-{acts[effect.id]}"), "what act(data, key) gives")
    if effect.done is not None:
        effect.done(services, root._p_jar.get(oid), answer)


def _unseen(trial: Trial, app: App, acts: Mapping[str, int]) -> Iterator[Fault]:
    """Effects that nobody has seen act."""
    for id_, (plugin, _effect) in sorted(app.registry.effects.items()):
        if plugin != trial.candidate.id or trial.examples is None or id_ in acts:
            continue
        why = ("nothing was prepared of what the examples wrote" if trial.outside is not None else
               "write outside() in the contract, which gives it another side on this machine")
        yield Fault("background", f"nobody has seen the effect {id_!r} act: {why}", warn=True)


def _timers(trial: Trial, app: App) -> Iterator[Fault]:
    """Each timer that the examples set is fired; and each for an object that is gone, as after an erasure."""
    with app.reading() as services:
        book = services.root.timers
        rows = [] if book is None else [(row[0], row[1]) for _key, _part, row in book.due(FAR)]
    for id_, (plugin, timer) in sorted(app.registry.timers.items()):
        if plugin != trial.candidate.id:
            continue
        set_ = [object_id for kind, object_id in rows if kind == id_]
        if not set_ and trial.examples is not None:
            yield Fault("background", f"no example sets the timer {id_!r}, so nobody has seen it fire", warn=True)
        for object_id, what in (*((one, "") for one in set_[:ENTRIES]), (GONE, " for an object that is gone")):
            failed = list(_run(app, f"the timer {id_!r}{what}", trial.candidate.package,
                               partial(_fire, timer, object_id)))
            yield from failed
            if failed:
                break


def _fire(timer: Timer, object_id: int, services: Services) -> None:
    timer.fire(services, object_id)


def _run(app: App, what: str, package: str, work: Callable[[Services], object]) -> Iterator[Fault]:
    try:
        with contained():
            app.run(work, note="conformance")
    except Exception as error:  # whatever a plugin raises is what was asked for
        log.info("%s fails", what, exc_info=True)
        yield Fault("background", f"{what} fails: {raised(error, package)}")


def reports(trial: Trial) -> Iterator[Fault]:
    """Each report for the year up to now, as somebody with every role; every column holds something in some row."""
    with trial.opened() as app:
        identity = trial.reader(app)
        for id_, (plugin, report) in sorted(app.registry.reports.items()):
            if plugin != trial.candidate.id:
                continue
            with app.reading(identity) as services:
                try:
                    table = services.reports.table(id_, services.now - PERIOD, services.now + DAY)
                except ReportFailed as error:
                    words = raised(error.__cause__ or error, trial.candidate.package)
                    yield Fault("reports", f"{id_!r} fails: {words}")
                    continue
            if trial.examples is None:
                continue
            if not table.rows:
                yield Fault("reports", f"{id_!r} has no row of what the examples store", warn=True)
                continue
            yield from (Fault("reports", f"no row of {id_!r} fills the column {column.name!r}")
                        for number, column in enumerate(report.columns)
                        if all(row[number] is None for row in table.rows))
