"""What is stored of work that nobody asks for: when jobs are due, how far readers of the journal have come.

Each is held by one runner at a time (a claim that runs out), so that two processes do not do the same thing twice.
"""

from __future__ import annotations

from typing import Any

from persistent import Persistent

from crm_core.model.letters import Desk, Letter, kind_of_error


class Standing(Persistent):
    """How a job or a reader stands. Times are milliseconds UTC, 0 for never; ``error`` is one line, "" for none."""

    claimed_by: str = ""
    claimed_until: int = 0
    claimed_at: int = 0
    claimed_where: str = ""
    """the machine and the process, for people"""
    tried: int = 0
    done: int = 0
    """when it last succeeded"""
    count: int = 0
    """how often it succeeded"""
    failures: int = 0
    """how often in a row it failed"""
    error: str = ""
    due: int = 0
    """not before this moment"""

    def forget_words(self) -> None:
        """Of an error stays what kind it is: what it says may tell of somebody who is erased."""
        if self.error != kind_of_error(self.error):
            self.error = kind_of_error(self.error)


class JobState(Standing):
    """``took``: milliseconds of the last run that succeeded; ``result``: what that run says of itself, plain."""

    took: int = 0
    result: dict[str, Any] | None = None


class LettersState(Standing):
    """Of whoever may have letters; ``letters`` is made when the first one is needed."""

    letters: Desk | None = None

    def desk(self) -> Desk:
        """Its letters, to add one."""
        if self.letters is None:
            self.letters = Desk()
        return self.letters

    def forget_words(self) -> None:
        super().forget_words()
        for letter in (*self.letters, *self.letters.held.values()) if self.letters is not None else ():
            if letter.error != kind_of_error(letter.error):
                letter.error = kind_of_error(letter.error)


class ReaderState(LettersState):
    """``cursor`` is the text of a `crm_core.journal.Cursor`; ``parked``: the application ran without its plugin."""

    cursor: str = ""
    parked: bool = False


class EffectState(ReaderState):
    """``acting``: what it is doing now, said before it is done; found there by another runner, nobody knows whether it
    was done. ``failures`` and ``due``: while several in a row fail, nothing new is begun before that moment."""

    acting: Letter | None = None


class TimersState(LettersState):
    """Of the one runner of all timers."""


class ProjectionState(Standing):
    """Who feeds a projection; ``wanted_by``: somebody else asks for it, until ``wanted_until``."""

    wanted_by: str = ""
    wanted_until: int = 0


class ProcessState(Persistent):
    """A process that works in the background: ``what`` it is ("crm serve", "crm worker"), on which ``host``; it lives
    until ``until`` (milliseconds UTC) unless it says so again; what it has claimed is free from then on."""

    def __init__(self, what: str, host: str, pid: int, since: int) -> None:
        self.what = what
        self.host = host
        self.pid = pid
        self.since = since
        self.until = 0
