"""Dead letters: what a reader, effect or timer could not do, or of which nobody knows whether it was done.

They wait for a person, who has one tried again or gives it up with a reason; both are written into the audit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crm_core.errors import CrmError, Invalid, NotFound
from crm_core.i18n import Text, TextFactory
from crm_core.model.letters import Letter, kind_of_error
from crm_core.model.runs import LettersState, TimersState
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.fitting import says_something, text_errors
from crm_core.services.plugins import Plugins

_ = TextFactory("crm_core")
REASON_LENGTH = 500


@dataclass(frozen=True)
class DeadLetter:
    """One of them. ``of``: "reader", "effect" or "timer"; ``owner``: its id, whose words are ``title`` (the id itself
    where its plugin is away, and then not ``may_retry``); ``state``: "dead" or "uncertain"; times are milliseconds UTC.
    """

    id: int
    of: str
    owner: str
    plugin: str
    title: Text
    state: str
    kind: str
    subject: tuple[str, int]
    contact: int | None
    happened: int | None
    since: int
    tries: int
    error: str
    may_retry: bool


class DeadLetters:
    def __init__(self, context: Context) -> None:
        self.context = context

    def rows(self, most: int = 500) -> list[DeadLetter]:
        """Those that wait for a person, oldest first. Raises Forbidden."""
        self.context.identity.demand(Permission.ADMIN)
        found = [self._row(of, owner, letter) for of, owner, state in self._states()
                 for letter in (state.letters.held.values() if state.letters is not None else ())]
        return sorted(found, key=lambda row: row.id)[:most]

    def get(self, id_: int) -> DeadLetter:
        """One of them. Raises NotFound, Forbidden."""
        self.context.identity.demand(Permission.ADMIN)
        return self._find(id_)[0]

    def counts(self) -> dict[str, int]:
        """How many there are by their state; every state is a key."""
        counts = {"dead": 0, "uncertain": 0}
        for _of, _owner, state in self._states():
            for letter in state.letters.held.values() if state.letters is not None else ():
                counts[letter.state] += 1
        return counts

    def retry(self, id_: int) -> DeadLetter:
        """Have one tried again soon, as often as a new one; with the same key. Raises NotFound, Forbidden, and CrmError
        while its plugin is away."""
        self.context.identity.demand(Permission.ADMIN)
        row, state, letter = self._find(id_)
        if not row.may_retry:
            raise CrmError(_("“${plugin}” does not take part now; nobody could do it.", mapping={"plugin": row.plugin}))
        desk = state.desk()
        del desk.held[letter.id]
        letter.tries = 0
        if isinstance(state, TimersState):
            self.context.services.timers.at(self.context.now, *letter.subject)
        else:
            desk.wait(letter, self.context.now)
        self._write("plugin.retried", row, "")
        return row

    def give_up(self, id_: int, reason: str) -> DeadLetter:
        """Take one out for good. Raises NotFound, Forbidden, and Invalid (``reason``) where no reason is given."""
        self.context.identity.demand(Permission.ADMIN)
        row, state, letter = self._find(id_)
        errors = text_errors({"reason": (reason.strip(), REASON_LENGTH)})
        if not says_something(reason):
            errors["reason"] = _("Say why this need not be done any more.")
        if errors:
            raise Invalid(errors)
        del state.desk().held[letter.id]
        self._write("plugin.gave_up", row, reason.strip())
        return row

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────

    def _states(self) -> Iterator[tuple[str, str, LettersState]]:
        root = self.context.root
        for owner, state in (root.readers or {}).items():
            yield "reader", owner, state
        for owner, state in (root.effects or {}).items():
            yield "effect", owner, state
        if root.timers is not None:
            yield "timer", "", root.timers.state

    def _find(self, id_: int) -> tuple[DeadLetter, LettersState, Letter]:
        for of, owner, state in self._states():
            letter = state.letters.held.get(id_) if state.letters is not None else None
            if letter is not None:
                return self._row(of, owner, letter), state, letter
        raise NotFound

    def _row(self, of: str, owner: str, letter: Letter) -> DeadLetter:
        registry = self.context.registry
        known = {"reader": registry.readers, "effect": registry.effects, "timer": registry.timers}[of]
        owner = owner or letter.subject[0]
        found = known.get(owner)  # type: ignore[attr-defined]  # each is a dictionary of pairs
        return DeadLetter(
            letter.id, of, owner, owner.partition(".")[0], owner if found is None else found[1].title, letter.state,
            letter.kind, letter.subject, letter.contact, None if letter.entry is None else letter.entry.at,
            letter.since, letter.tries, letter.error, found is not None,
        )

    def _write(self, kind: str, row: DeadLetter, reason: str) -> None:
        settings = Plugins(self.context).record(row.plugin)
        told = {"letter": [row.owner, kind_of_error(row.error)], "reason": ["", reason]}
        self.context.audit(settings, kind.partition(".")[2], told)
        self.context.journal.write(kind, ("plugin", settings.id), self.context.now, None, ("letter", "reason"))
