"""What is stored of one thing to do that was not done at the first try: a letter that waits, or is held for a person.

Readers, effects and timers have a `Desk` each: letters to be tried again by the moment, and those that no machine will
try again. Letters hold ids, kinds and one line of an error, never words of people.
"""

from __future__ import annotations

from collections.abc import Iterator

from BTrees.LOBTree import LOBTree
from persistent import Persistent

from crm_core.model.ids import first_id, key_behind, new_id
from crm_core.model.journal import JournalEntry

WAITING, ACTING, UNCERTAIN, DEAD = "waiting", "acting", "uncertain", "dead"
"""To be tried again · at work now · nobody knows whether it was done · given up by the machine after many tries."""


def kind_of_error(error: str) -> str:
    """Of an error on one line, ``Type: what it says``, the type alone."""
    kind, colon, _says = error.partition(": ")
    return kind if colon and kind.isidentifier() else error


class Letter(Persistent):
    """``entry`` of the journal, or None for a timer; ``subject`` is ``(kind, id)`` of what it is about.

    ``key`` is the same at each try: who gets it twice knows that it is one. ``tries`` that failed, ``since`` when the
    first did, ``due`` not before that moment (milliseconds UTC); ``error`` is one line.
    """

    tries: int = 0
    since: int = 0
    due: int = 0
    error: str = ""
    state: str = WAITING

    def __init__(self, now: int, key: str, entry: JournalEntry | None, subject: tuple[str, int]) -> None:
        self.id = new_id(now)
        self.key = key
        self.entry = entry
        self.subject = subject

    @property
    def contact(self) -> int | None:
        return None if self.entry is None else self.entry.contact

    @property
    def kind(self) -> str:
        """What happened: the kind of the journal entry, or of the timer."""
        return self.subject[0] if self.entry is None else self.entry.kind

    def failed(self, now: int, error: str) -> None:
        """Count a try that failed."""
        self.tries += 1
        self.since = self.since or now
        self.error = error


class Desk(Persistent):
    """The letters of one reader or effect.

    Letters of one contact stand in a line, in the order of what happened; only its first one is tried. Whoever is held
    for a person stands in no line any more: those behind it go on.
    """

    def __init__(self) -> None:
        self.waiting = LOBTree()
        """moment at which it is due (as the key of a timeline) → the first letter of each line"""
        self.lines = LOBTree()
        """contact id → its letters, the first one waiting (or at work)"""
        self.held = LOBTree()
        """letter id → letter that waits for a person"""

    def __len__(self) -> int:
        """How many wait to be tried again, those behind them included."""
        behind = sum(len(line) - 1 for line in self.lines.values())
        return len(self.waiting) + behind

    def __iter__(self) -> Iterator[Letter]:
        """All that wait, in no order."""
        yield from self.waiting.values()
        for line in self.lines.values():
            yield from line[1:]

    def has_line(self, contact: int | None) -> bool:
        """Whether something of a contact waits, so that what happened later must wait too."""
        return contact is not None and contact in self.lines

    def queue(self, letter: Letter) -> None:
        """Put a letter behind those of its contact (which has a line)."""
        self.lines[letter.contact] = (*self.lines[letter.contact], letter)

    def due(self, now: int) -> Letter | None:
        """The first letter whose moment has come."""
        for key, letter in self.waiting.items():
            return letter if key < first_id(now + 1) else None
        return None

    def wait(self, letter: Letter, due: int) -> None:
        """Let a letter be tried (again) at ``due``; it keeps its place in its line, begins one, or goes to its end."""
        letter.state, letter.due = WAITING, due
        contact = letter.contact
        line = self.lines.get(contact, ()) if contact is not None else ()
        if contact is not None and letter not in line:
            line = self.lines[contact] = (*line, letter)
        if not line or line[0] is letter:
            self.waiting[key_behind(self.waiting, due)] = letter

    def take(self, letter: Letter) -> None:
        """Take a waiting letter out to work at it; it keeps its place in its line."""
        for key, other in self.waiting.items(first_id(letter.due)):
            if other is letter:
                del self.waiting[key]
                break
        letter.state = ACTING

    def leave(self, letter: Letter, now: int) -> None:
        """A letter that was taken goes for good; the next one of its contact is due."""
        contact = letter.contact
        line = self.lines.get(contact) if contact is not None else None
        if line is None or letter not in line:
            return
        rest = tuple(other for other in line if other is not letter)
        if not rest:
            del self.lines[contact]
            return
        self.lines[contact] = rest
        if line[0] is letter:
            rest[0].due = now
            self.waiting[key_behind(self.waiting, now)] = rest[0]

    def hold(self, letter: Letter, now: int, state: str) -> None:
        """Keep a letter that was taken for a person; those behind it go on."""
        self.leave(letter, now)
        letter.state = state
        self.held[letter.id] = letter

    def forget(self, contact: int, now: int) -> None:
        """Drop all letters of a contact (who is erased)."""
        for letter in [one for one in self if one.contact == contact]:
            self.take(letter)
            self.leave(letter, now)
        for letter in [one for one in self.held.values() if one.contact == contact]:
            del self.held[letter.id]

