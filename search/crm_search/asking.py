"""What every backend does with a question before and after its own work: it is guarded, cut to size, put in order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeAlias

from crm_core.services.textsearch import KINDS, Kind, SearchUnavailable, TextHit
from crm_search.fields import spellings
from crm_search.query import Question, parse

MAX_LIMIT = 500

Found: TypeAlias = list[tuple[TextHit, int]]
"""Hits, each with the time of its document (milliseconds UTC)."""


class Asking(ABC):
    """The asking half of `crm_core.services.textsearch.TextSearch`; a backend says what matches."""

    def __init__(self, read_only: bool) -> None:
        self.read_only = read_only
        self._begun = False
        """A cursor was seen or stored: an index without one has lost its past."""

    def search(self, words: str, *, kind: str | None = None, contact: int | None = None,
               limit: int = 20) -> list[TextHit]:
        """See `TextSearch.search`. ``limit`` is cut to 500."""
        limit = min(limit, MAX_LIMIT)
        question = parse(words)
        if not question or limit < 1 or (kind is not None and kind not in KINDS):
            return []
        return best(self._matching(question, kind, contact, limit), limit)

    def fuzzy_names(self, words: str, limit: int = 20) -> list[TextHit]:
        """See `TextSearch.fuzzy_names`: every word must be there, each with at most one letter wrong or two swapped."""
        limit = min(limit, MAX_LIMIT)
        names = spellings(words)
        return best(self._named_like(names, limit), limit) if names and limit > 0 else []

    @abstractmethod
    def _matching(self, question: Question, kind: Kind | None, contact: int | None, limit: int) -> Found:
        """At least the ``limit`` best documents for ``question``. Raises SearchUnavailable."""

    @abstractmethod
    def _named_like(self, names: list[str], limit: int) -> Found:
        """At least the ``limit`` best contacts with a name like each of ``names``. Raises SearchUnavailable."""

    def _noted(self, cursor: str | None) -> str | None:
        """``cursor`` as it is read, remembered as the sign of a past."""
        self._begun = self._begun or cursor is not None
        return cursor

    def _demand_past(self, cursor: str | None) -> None:
        """Raise SearchUnavailable where an index that had a ``cursor`` has none any more: going on from the old one
        would leave a hole, since what came before is not in here."""
        if cursor is None and self._begun:
            raise SearchUnavailable("the full text index had to be thrown away")

    def _demand_writing(self) -> None:
        """Raise SearchUnavailable where this one may only read."""
        if self.read_only:
            raise SearchUnavailable("this full text index is open for reading only")


def best(found: Found, limit: int) -> list[TextHit]:
    """The ``limit`` best hits; among equals the newest first."""
    found.sort(key=lambda pair: (-round(pair[0].score, 6), -pair[1], pair[0].kind, -pair[0].id))
    return [hit for hit, _ in found[:limit]]
