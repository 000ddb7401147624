"""What readers and effects have in common: a place in the journal, a claim on it, and letters for what went wrong.

Each begins at the end of the journal at the first start with its plugin, and goes on where it stood.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from BTrees.OOBTree import OOBTree

from crm_core import journal
from crm_core.claims import Claimant
from crm_core.contributions import Effect, Reader
from crm_core.host import State
from crm_core.journal import Cursor
from crm_core.model.journal import JournalEntry
from crm_core.model.letters import ACTING, DEAD, UNCERTAIN, Letter
from crm_core.model.root import Root
from crm_core.model.runs import EffectState, ReaderState
from crm_core.registry import Registry
from crm_core.services import Services

if TYPE_CHECKING:
    from crm_core.app import App

SECOND = 1000
LEASE = 300 * SECOND
"""How long a runner of which nothing is heard keeps others from a reader or effect."""
LONGEST_WAIT = 3600 * SECOND
TRIES = 10
"""Tries that fail after which an entry becomes a dead letter: with waits of 2, 4, 8 … seconds after 17 minutes."""
BATCH = 200
"""Entries looked at together for those that are wanted."""
SKIPPED = 2_000
"""Entries that nobody wanted after which it is stored that they were looked at."""
COUNTED = 2_000
"""Entries looked through to say how many wait."""
AWAY = "its plugin was away; whether this is still wanted, a person must say"


def wait_before(tries: int) -> int:
    """Milliseconds until the next try after ``tries`` that failed: twice as long each time, at most an hour."""
    return min(SECOND * 2 ** min(tries, 30), LONGEST_WAIT)


def with_jitter(wait: int) -> int:
    """About as long: many that failed together must not come again together."""
    return round(wait * random.uniform(0.8, 1.2))


@dataclass(frozen=True)
class Standing:
    """How a reader or effect stands, for people. Times are milliseconds UTC, None for never.

    ``waiting``: entries for it that it has not read, ``more`` when there may be more than that; ``oldest``: when the
    first of them was written; ``retry``: nothing new is begun before this moment, None when nothing failed;
    ``again``: letters that will be tried again by themselves; ``dead`` and ``uncertain``: that wait for a person.
    """

    id: str
    plugin: str
    title: Any
    kinds: tuple[str, ...]
    waiting: int
    more: bool
    oldest: int | None
    done: int | None
    count: int
    failures: int
    error: str
    retry: int | None
    again: int = 0
    dead: int = 0
    uncertain: int = 0


def standing(root: Root, id_: str, plugin: str, one: Reader | Effect, state: ReaderState | None) -> Standing:
    kinds = tuple(sorted(one.kinds))
    if state is None:
        return Standing(id_, plugin, one.title, kinds, 0, False, None, None, 0, 0, "", None)
    entries, _after = journal.read(root, Cursor.parse(state.cursor), COUNTED)
    waiting = [entry for entry in entries if entry.kind in one.kinds]
    held = [letter.state for letter in state.letters.held.values()] if state.letters is not None else []
    return Standing(
        id_, plugin, one.title, kinds, len(waiting), len(entries) == COUNTED,
        min((entry.at for entry in waiting), default=None), state.done or None, state.count, state.failures,
        state.error, (state.due or None) if state.failures else None, len(state.letters or ()), held.count(DEAD),
        held.count(UNCERTAIN),
    )


@dataclass(frozen=True)
class Found:
    """The next entry for somebody, and the cursor behind it; without an ``entry`` nothing is there for it."""

    entry: JournalEntry | None
    cursor: Cursor
    skipped: int


def next_entry(root: Root, place: Cursor, wanted: Callable[[JournalEntry], bool]) -> Found:
    """The first ``wanted`` entry behind ``place``, in the order of `journal.read`; looks at about `SKIPPED`."""
    skipped = 0
    while True:
        entries, after = journal.read(root, place, BATCH)
        for number, entry in enumerate(entries):
            if wanted(entry):
                return Found(entry, journal.read(root, place, number + 1)[1], skipped + number)
        skipped += len(entries)
        if len(entries) < BATCH or skipped >= SKIPPED:
            return Found(None, after, skipped)
        place = after


class Follower:
    """One runner of all readers, or of all effects, of an application."""

    tree: str
    """The attribute of the root that holds their states."""
    made: type[ReaderState]

    def __init__(self, app: App) -> None:
        self.app = app
        self.claimant = Claimant(app, LEASE)
        self._begun: Registry | None = None
        self._ahead: dict[str, tuple[str, Cursor, int]] = {}
        """id → (the stored cursor, the place up to which nothing behind it was wanted, entries so)"""

    def wanted(self, registry: Registry) -> Mapping[str, tuple[str, Any]]:
        """id → (plugin, contribution) of those that there are now."""
        raise NotImplementedError

    def begin(self) -> None:
        """Give new ones their place, at the end of the journal; so also those whose plugin was away."""
        self._begun = self.app.registry
        wanted = self.wanted(self._begun)

        def work(services: Services) -> None:
            root = services.root
            if getattr(root, self.tree) is None:
                setattr(root, self.tree, OOBTree())
            states = getattr(root, self.tree)
            for id_, state in states.items():
                if self._is_away(id_) and not state.parked:
                    state.parked = True
            for id_ in wanted:
                state = states.get(id_)
                if state is None or state.parked:
                    states[id_] = fresh = self.made()
                    fresh.cursor = str(journal.end(root))
                    if state is not None:
                        _keep_letters(state, fresh)

        with self.app.reading() as services:
            stored = getattr(services.root, self.tree) or {}
            told = all(id_ in stored and not stored[id_].parked for id_ in wanted) and all(
                state.parked or not self._is_away(id_) for id_, state in stored.items())
        if not told:
            self.app.run(work, note=f"{self.tree}: begin")

    def _is_away(self, id_: str) -> bool:
        """Whether its plugin takes no part; one that only failed will go on where it stood."""
        if id_.startswith("core."):
            return False
        plugin = self.app.host.plugins.get(id_.partition(".")[0])
        return plugin is None or plugin.state is State.DISABLED

    def state(self, root: Root, id_: str) -> Any:
        """The stored state; KeyError before `begin`."""
        return getattr(root, self.tree)[id_]

    def at_work(self, services: Services, id_: str) -> Any:
        """The stored state, to take it further. Raises LostClaim where another runner has it meanwhile.

        One that is taken further is not away, also where another process (a machine without its plugin) said so.
        """
        state = self.state(services.root, id_)
        self.claimant.demand(state)
        if state.parked and id_ in self.wanted(services.context.registry):
            state.parked = False
        return state

    def stored(self, root: Root, id_: str) -> Any:
        """The stored state, or None before `begin`."""
        return (getattr(root, self.tree) or {}).get(id_)

    def ahead(self, state: ReaderState, id_: str) -> tuple[Cursor, int]:
        """From where to look on for ``state``, and how many entries behind its own place were not wanted."""
        stored, place, skipped = self._ahead.get(id_, ("", Cursor(), 0))
        return (place, skipped) if stored == state.cursor else (Cursor.parse(state.cursor), 0)

    def nothing_until(self, state: ReaderState, id_: str, place: Cursor, skipped: int) -> None:
        """Remember that nothing up to ``place`` is wanted."""
        self._ahead[id_] = state.cursor, place, skipped

    def claim(self, id_: str) -> bool:
        return self.app.run(lambda services: self.claimant.take(self.state(services.root, id_)),
                            note=f"{self.tree} {id_}: claim")


def _keep_letters(old: ReaderState, fresh: ReaderState) -> None:
    """What an absent plugin left undone waits for a person: so much later it may be wrong to do it."""
    letters = old.letters
    if letters is None:
        left: list[Letter] = []
    else:
        left = [*sorted(letters, key=lambda letter: letter.id), *letters.held.values()]
    if isinstance(old, EffectState) and old.acting is not None:
        old.acting.state = ACTING
        left.append(old.acting)
    for letter in left:
        letter.state = UNCERTAIN if letter.state in (ACTING, UNCERTAIN) else DEAD
        letter.error = letter.error or AWAY
        fresh.desk().held[letter.id] = letter
