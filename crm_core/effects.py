"""Effects: acts outside of the desk (messages, calls to other programs), each told of in the database before and after.

That one begins is stored first, then it is done, then its result is stored. Where the middle is lost (a crash, a broken
connection), nobody knows whether it was done: it is done again with the same key where the other side removes doubles,
else a person is asked. What fails is tried again later and later, then it is a dead letter; others go on.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from transaction.interfaces import TransientError

from crm_core import journal
from crm_core.claims import LostClaim, one_line
from crm_core.contributions import Effect, NotDone
from crm_core.errors import contained
from crm_core.following import (
    SKIPPED,
    TRIES,
    Follower,
    Standing,
    next_entry,
    standing,
    wait_before,
    with_jitter,
)
from crm_core.journal import Cursor
from crm_core.model.ids import now_ms
from crm_core.model.journal import JournalEntry
from crm_core.model.letters import ACTING, DEAD, UNCERTAIN, Letter
from crm_core.model.plain import Plain, check
from crm_core.model.root import Root
from crm_core.model.runs import EffectState
from crm_core.registry import Registry
from crm_core.services import Services

log = logging.getLogger(__name__)
LEFT = "the process that did it ended before it could say what became of it"
PATIENCE = 4
"""How often storing what became of an act is begun: others may write the same at the same moment."""
IN_A_ROW = 5
"""Tries that fail one after another after which nothing new is begun for a while: the other side is down."""
EffectRow = Standing


def effects(root: Root, registry: Registry) -> list[EffectRow]:
    """Every effect that there is now, in order of ids."""
    return [standing(root, id_, plugin, effect, (root.effects or {}).get(id_))
            for id_, (plugin, effect) in sorted(registry.effects.items())]


@dataclass(frozen=True)
class _Task:
    """What to do next, as it was seen in a look: ``letter`` is the id of one that waits, or 0 for the entry between
    ``stored`` (the text of the stored place) and ``after``; ``data`` for the act, ``error`` where preparing failed;
    with ``queue`` the entry waits behind others of its contact."""

    stored: str
    after: Cursor
    entry: JournalEntry | None = None
    letter: int = 0
    data: Plain | None = None
    error: BaseException | None = None
    queue: bool = False


@dataclass(frozen=True)
class _Begun:
    """``key`` to act with, "" where nothing is to be done now; not ``further``: it is not any more as it was seen."""

    key: str = ""
    further: bool = True


@dataclass(frozen=True)
class _Outcome:
    """What became of an act. No ``error``: it was done; ``sure``: it was surely not; ``final``: it never will be."""

    answer: Plain = None
    error: str = ""
    sure: bool = False
    final: bool = False


class EffectRunner(Follower):
    """Does the effects of one application. Each effect is stepped by one thread at a time."""

    tree, made = "effects", EffectState

    def wanted(self, registry: Registry) -> Mapping[str, tuple[str, Effect]]:
        return registry.effects

    def step(self) -> int:
        """Let each effect act once, if there is something to do; how many got further."""
        if self.app.registry is not self._begun:  # plugins were switched on or off
            self.begin()
        return sum(self.step_one(id_) for id_ in sorted(self.app.registry.effects))

    def step_one(self, id_: str) -> bool:
        """Let one effect act once; whether it got further."""
        found = self.app.registry.effects.get(id_)
        if found is None:
            return False
        plugin, effect = found
        task = self._look(id_, effect)
        if task is None:
            return False
        try:
            begun = self.app.run(lambda services: self._begin_task(services, id_, effect, task),
                                 note=f"effect {id_}: claim")
        except LostClaim:
            return False
        if task.error is not None and begun.further:
            self.app.host.note(plugin, f"effect {id_}: prepare", task.error)
        if begun.key:
            self._settle(id_, effect, begun.key, self._act(plugin, id_, effect, task.data, begun.key))
        return begun.further

    # ── look, claim ──────────────────────────────────────────────────────────────────────────────────────

    def _look(self, id_: str, effect: Effect) -> _Task | None:
        """What is to be done now; None: nothing, or another process does it. Nothing is stored."""
        with self.app.reading() as services:
            state = self.stored(services.root, id_)
            if state is None or not self.claimant.may_take(state):
                return None
            task = self._task(services, id_, effect, state)
            held = self.claimant.holds(state, self.claimant.lease // 2)
        return task if task is None or held or self.claim(id_) else None

    def _task(self, services: Services, id_: str, effect: Effect, state: EffectState) -> _Task | None:
        nothing = _Task(state.cursor, Cursor.parse(state.cursor))
        if state.acting is not None:
            return nothing
        letter = state.letters.due(services.now) if state.letters is not None else None
        if letter is not None and letter.entry is not None:
            return _prepared(services, effect, letter.entry, state.cursor, nothing.after, letter.id)
        if state.due > services.now:
            return None
        place, skipped = self.ahead(state, id_)
        tasks: list[_Task] = []

        def wanted(entry: JournalEntry) -> bool:
            if entry.kind not in effect.kinds:
                return False
            if state.letters is not None and state.letters.has_line(entry.contact):
                tasks.append(_Task(state.cursor, place, entry, queue=True))
                return True
            tasks.append(_prepared(services, effect, entry, state.cursor, place, 0))
            return tasks[-1].data is not None or tasks[-1].error is not None

        found = next_entry(services.root, place, wanted)
        if found.entry is not None:
            last = tasks[-1]
            return _Task(last.stored, found.cursor, found.entry, 0, last.data, last.error, last.queue)
        self.nothing_until(state, id_, found.cursor, skipped + found.skipped)
        return _Task(state.cursor, found.cursor) if skipped + found.skipped >= SKIPPED else None

    def _begin_task(self, services: Services, id_: str, effect: Effect, task: _Task) -> _Begun:
        """Store that it begins, or what is to be stored where there is nothing to act now."""
        state, now = self.at_work(services, id_), now_ms()
        if state.acting is not None:
            self._left_behind(state, effect, now)
            return _Begun()
        desk = state.letters
        if task.letter:
            letter = desk.due(now) if desk is not None else None
            if desk is None or letter is None or letter.id != task.letter:
                return _Begun(further=False)
            desk.take(letter)
        elif state.cursor != task.stored:
            return _Begun(further=False)
        else:
            state.cursor = str(task.after)
            if task.entry is None:
                return _Begun()
            entry = services.root._p_jar.get(task.entry._p_oid)  # what was seen belongs to a look that is over
            letter = Letter(now, secrets.token_urlsafe(18), entry, entry.subject)
            if task.queue and desk is not None and desk.has_line(letter.contact):
                desk.queue(letter)
                return _Begun()
        if task.error is not None:
            letter.failed(now, one_line(task.error))
            self._later(state, letter, now)
            return _Begun()
        if task.data is None:
            state.desk().leave(letter, now)
            return _Begun()
        letter.state = ACTING
        state.acting, state.tried = letter, now
        return _Begun(letter.key)

    def _left_behind(self, state: EffectState, effect: Effect, now: int) -> None:
        """An act whose process ended: nobody knows whether it was done."""
        letter, state.acting = state.acting, None
        if letter is not None:
            letter.failed(now, LEFT)
            self._unknown(state, effect, letter, now)

    # ── act, result ──────────────────────────────────────────────────────────────────────────────────────

    def _act(self, plugin: str, id_: str, effect: Effect, data: Plain, key: str) -> _Outcome:
        try:
            with contained():
                return _Outcome(check(effect.act(data, key)))
        except NotDone as error:
            log.warning("effect %s: not done: %s", id_, error)
            return _Outcome(None, one_line(error), True, error.final)
        except Exception as error:  # noqa: BLE001  # whatever it raises must not hold the others up
            self.app.host.note(plugin, f"effect {id_}", error)
            return _Outcome(None, one_line(error))

    def _settle(self, id_: str, effect: Effect, key: str, outcome: _Outcome) -> None:
        """Store what became of it, also where another process thought meanwhile that nobody knows."""
        for _try in range(PATIENCE):
            store = partial(self._store, id_=id_, effect=effect, key=key, outcome=outcome)
            try:
                with contained():
                    self.app.run(store, note=f"effect {id_}")
            except TransientError:
                log.warning("effect %s: what became of it could not be stored yet", id_)
            except Exception as error:
                if outcome.error:
                    raise
                log.exception("effect %s: it was done, but what came of it could not be stored", id_)
                outcome = _Outcome(None, one_line(error))
            else:
                return

    def _store(self, services: Services, id_: str, effect: Effect, key: str, outcome: _Outcome) -> None:
        state, now = self.state(services.root, id_), now_ms()
        letter = _taken(state, key, now)
        if letter is None:
            log.warning("effect %s: somebody decided meanwhile about what was just done", id_)
            return
        if not outcome.error:
            if effect.done is not None and letter.entry is not None:
                effect.done(services, letter.entry, outcome.answer)
            if state.letters is not None:
                state.letters.leave(letter, now)
            state.done, state.count = now, state.count + 1
            state.failures, state.error, state.due = 0, "", 0
            return
        letter.failed(now, outcome.error)
        if outcome.final:  # the other side is there: it has refused this one, in words
            state.failures, state.error, state.due = 0, "", 0
            state.desk().hold(letter, now, DEAD)
            return
        state.failures, state.error = state.failures + 1, outcome.error
        if state.failures >= IN_A_ROW:
            state.due = now + with_jitter(wait_before(state.failures))
        if outcome.sure:
            self._later(state, letter, now)
        else:
            self._unknown(state, effect, letter, now)

    def _unknown(self, state: EffectState, effect: Effect, letter: Letter, now: int) -> None:
        if effect.removes_doubles:
            self._later(state, letter, now)
        else:
            state.desk().hold(letter, now, UNCERTAIN)
            log.error("nobody knows whether %s was done; a person must say", letter.key)

    @staticmethod
    def _later(state: EffectState, letter: Letter, now: int) -> None:
        desk = state.desk()
        if letter.tries >= TRIES:
            desk.hold(letter, now, DEAD)
            log.error("%s could not be done in %d tries and is a dead letter now: %s", letter.key, letter.tries,
                      letter.error)
        else:
            desk.wait(letter, now + with_jitter(wait_before(letter.tries)))


def _prepared(
    services: Services, effect: Effect, entry: JournalEntry, stored: str, after: Cursor, letter: int
) -> _Task:
    data: Any = None
    try:
        with contained():
            data = check(effect.prepare(services, entry))
    except Exception as error:  # noqa: BLE001  # whatever it raises must not hold the others up
        return _Task(stored, after, entry, letter, None, error)
    return _Task(stored, after, entry, letter, data)


def _taken(state: EffectState, key: str, now: int) -> Letter | None:
    """The letter of a key, taken out from where it is; None where a person has decided about it."""
    if state.acting is not None and state.acting.key == key:
        letter, state.acting = state.acting, None
        return letter
    desk = state.letters
    if desk is None:
        return None
    for letter in list(desk.held.values()):
        if letter.key == key:
            del desk.held[letter.id]
            return letter
    for letter in list(desk.waiting.values()):
        if letter.key == key:
            desk.take(letter)
            return letter
    return None


# ── after a restore ──────────────────────────────────────────────────────────────────────────────────────────


RESTORED = "the data was restored from a backup, which does not know whether this was done since"


def hold_after_restore(services: Services) -> int:
    """Let nothing be done that was still to be done when the backup was made: it may have been done since. How many
    letters wait for a person now. An effect that is not here begins anew when it comes (see `Follower.begin`)."""
    held, now, here = 0, services.now, services.context.registry.effects
    for id_, state in sorted((services.root.effects or {}).items()):
        if id_ not in here:
            if not state.parked:
                state.parked = True
            continue
        letters = [*_waiting(state), *_not_begun(services, here[id_][1], state)]
        if not letters:
            continue  # what is restored stays as it was
        for letter in letters:
            state.desk().take(letter)
            letter.failed(now, RESTORED)
            state.desk().hold(letter, now, UNCERTAIN)
        state.acting, state.cursor = None, str(journal.end(services.root))
        held += len(letters)
    return held


def _waiting(state: EffectState) -> list[Letter]:
    waiting = sorted(state.letters, key=lambda one: one.id) if state.letters is not None else []
    return [*waiting, *((state.acting,) if state.acting is not None else ())]


def _not_begun(services: Services, effect: Effect, state: EffectState) -> Iterator[Letter]:
    """A letter for each entry behind the place of an effect that there would be something to do about."""
    place = Cursor.parse(state.cursor)
    while True:
        entries, place = journal.read(services.root, place)
        if not entries:
            return
        for entry in entries:
            task = _prepared(services, effect, entry, "", place, 0) if entry.kind in effect.kinds else None
            if task is not None and (task.data is not None or task.error is not None):
                yield Letter(services.now, secrets.token_urlsafe(18), entry, entry.subject)
