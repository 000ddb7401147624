"""Words in a long work list, behind the part that is read request by request: the full text says where to look.

It knows whole words and their beginnings, while reading finds any part of a word; what it names is checked in the same
way as the rest, so that it never adds what does not fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Literal

from crm_core import journal
from crm_core.services.context import Context
from crm_core.services.textsearch import SearchUnavailable
from crm_core.text.digits import to_ascii

Reach = Literal["all", "words", "first"]
"""How far words were sought: in all; behind the first ones by whole words and beginnings; in the first ones only."""
MOST_HITS = 500
"""Hits of one question to the full text; whoever gets as many has not got all."""
UNDRAINED = 500
"""Entries of the journal that the index does not know yet and that are looked at beside it."""
LEAST_PART = 3
"""Letters that a beginning has at least; digits of a tracking code that more than are looked for."""


class WordSource:
    """Where requests that say some words may be; ``is_complete`` turns false when there may be more of them."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.is_complete = True

    def requests(self, words: Iterable[str]) -> set[int]:
        """The ids of requests that may say all of ``words`` in title, citizen's name or code, each word anywhere."""
        found: set[int] | None = None
        try:
            late = self._undrained()
            for word in words:
                saying = self._saying(word)
                found = saying if found is None else found & saying
        except SearchUnavailable:
            self.is_complete = False
            return set()
        return (found or set()) | late

    def _saying(self, word: str) -> set[int]:
        digits = to_ascii(word).replace("-", "")
        codes: set[int] = set()
        if len(digits) > LEAST_PART and digits.isdecimal():
            rows = list(islice(self.context.root.indexes.codes.starting_with(digits), MOST_HITS))
            self.is_complete = self.is_complete and len(rows) < MOST_HITS
            codes = {id_ for _code, id_ in rows}
        people = (self.context.root.contacts.get(id_) for id_ in self._hits(word, "contact"))
        return codes | self._hits(word, "request") | {
            id_ for contact in people if contact is not None for id_ in contact.requests}

    def _hits(self, word: str, kind: str) -> set[int]:
        part = f"{word}*" if len(word) >= LEAST_PART else word
        hits = self.context.text_search.search(part, kind=kind, limit=MOST_HITS)
        self.is_complete = self.is_complete and len(hits) < MOST_HITS
        return {hit.id for hit in hits}

    def _undrained(self) -> set[int]:
        """Requests, also of citizens, that changed since the index was written."""
        cursor = self.context.text_search.cursor()
        if cursor is None:
            raise SearchUnavailable("nothing was indexed yet")
        entries, _after = journal.read(self.context.root, journal.Cursor.parse(cursor), UNDRAINED + 1)
        self.is_complete = self.is_complete and len(entries) <= UNDRAINED
        found: set[int] = set()
        for kind, id_ in {entry.subject for entry in entries}:
            if kind == "request":
                found.add(id_)
            contact = self.context.root.contacts.get(id_) if kind == "contact" else None
            found.update(contact.requests if contact is not None else ())
        return found
