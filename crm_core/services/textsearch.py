"""What the core expects of a full-text search: plain documents in, hits out, one cursor that is stored with them.

Backends live in crm_search. An index is a projection (it may be thrown away and rebuilt at any time), and names,
phones and codes are found without it: whoever calls `search` must be able to go on when it raises `SearchUnavailable`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

Kind = Literal["contact", "interaction", "request"]

KINDS: tuple[Kind, ...] = ("contact", "interaction", "request")

Progress = Callable[[int], None]
"""Called now and then with the number of documents done so far; may raise to give up."""


class SearchUnavailable(Exception):
    """Full text cannot answer now: no index yet, a damaged one, or one that another process is writing.

    Never raised because of what somebody typed. Exact look-ups do not depend on this.
    """


@dataclass(frozen=True, slots=True)
class Document:
    """One contact, interaction or request as full text sees it; (``kind``, ``id``) is its key.

    ``contact``: id of the contact it belongs to (for kind ``contact``: its own id or None); ``title``: a name or a
    subject; ``body``: every other word worth finding; ``codes``: what is only found whole (tracking code, letter
    number); ``when``: milliseconds UTC, newer ones come first among equals; ``unit``: id of the unit, or None.
    """

    id: int
    kind: Kind
    contact: int | None
    title: str
    body: str
    codes: tuple[str, ...]
    when: int
    unit: int | None


@dataclass(frozen=True, slots=True)
class TextHit:
    """One answer. ``score`` is above 0 and only comparable within one list."""

    kind: Kind
    id: int
    contact: int | None
    score: float


@runtime_checkable
class TextSearch(Protocol):
    """A backend. Reading is safe from any thread; writing (apply, replace, reset) is done by one indexer at a time."""

    def search(self, words: str, *, kind: str | None = None, contact: int | None = None,
               limit: int = 20) -> list[TextHit]:
        """Best hits for what a person typed, best first; every word must occur, in any of its spellings.

        ``"…"`` asks for a phrase, a word ending in ``*`` for all words that begin so. Any input is answered (perhaps
        with nothing): backends bound their effort. Raises SearchUnavailable only.
        """
        ...

    def fuzzy_names(self, words: str, limit: int = 20) -> list[TextHit]:
        """Contacts whose name holds words like these, one letter wrong in each; best first."""
        ...

    def apply(self, upserts: Iterable[Document], deletes: Iterable[tuple[str, int]], cursor: str) -> None:
        """Put in ``upserts`` (replacing), take out ``deletes`` ((kind, id), unknown ones are ignored), keep ``cursor``.

        All in one commit: after a crash either everything is there, or nothing. Raises SearchUnavailable.
        """
        ...

    def replace(self, documents: Iterable[Document], cursor: str, progress: Progress | None = None) -> int:
        """Build the whole content anew and swap it in at once; readers see the old until then.

        Returns the number of documents. When ``documents`` or ``progress`` raises, the old content stays.
        """
        ...

    def cursor(self) -> str | None:
        """The cursor of the last commit; None: nothing was built yet, or it had to be thrown away."""
        ...

    def reset(self) -> None:
        """Throw everything away, the cursor too."""
        ...

    def count(self) -> dict[str, int]:
        """Documents by kind; every kind is a key."""
        ...

    def close(self) -> None:
        """Give files and locks back; closing twice does no harm."""
        ...


class NullSearch:
    """A full text that holds nothing.

    Without ``reason`` it stands for "switched off": it finds nothing, raises nothing, and keeps the cursor in memory,
    so an indexer beside it runs idle. With ``reason`` it stands for "broken": reading raises SearchUnavailable(reason),
    so that pages can say that full text is missing, while writing is ignored.
    """

    def __init__(self, reason: str | None = None) -> None:
        self.reason = reason
        self._cursor: str | None = None

    def _check(self) -> None:
        if self.reason is not None:
            raise SearchUnavailable(self.reason)

    def search(self, words: str, *, kind: str | None = None, contact: int | None = None,
               limit: int = 20) -> list[TextHit]:
        """Nothing, or SearchUnavailable when there is a reason."""
        self._check()
        return []

    def fuzzy_names(self, words: str, limit: int = 20) -> list[TextHit]:
        """Nothing, or SearchUnavailable when there is a reason."""
        self._check()
        return []

    def apply(self, upserts: Iterable[Document], deletes: Iterable[tuple[str, int]], cursor: str) -> None:
        """Forgets the documents, remembers the cursor."""
        self._cursor = cursor

    def replace(self, documents: Iterable[Document], cursor: str, progress: Progress | None = None) -> int:
        """Reads no document, remembers the cursor."""
        self._cursor = cursor
        return 0

    def cursor(self) -> str | None:
        """The last cursor given, in memory only."""
        return self._cursor

    def reset(self) -> None:
        """Forgets the cursor."""
        self._cursor = None

    def count(self) -> dict[str, int]:
        """Zero of every kind."""
        return dict.fromkeys(KINDS, 0)

    def close(self) -> None:
        """Nothing to give back."""
