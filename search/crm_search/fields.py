"""What is indexed of a document, in the words of no backend: its words with their places, stems, names and codes.

The places here count searchable words only, each as one, however it was spelt; so a phrase is a row of neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from crm_core.services.textsearch import Document
from crm_search.analysis import MAX_WORDS, Word, affix, code_key, searchable, stems, words
from crm_search.query import MAX_INPUT, MAX_TERMS

TITLE_WEIGHT = 2.0
"""How much more a word in a title counts."""
TEXTS_APART = 100
"""Places between two texts of one document: no phrase reaches across."""


def key(kind: str, id_: int) -> str:
    """The unique term of a document."""
    return f"{kind[0]}{id_}"


def kind_of(key_: str) -> str:
    """The kind of a document by its key."""
    return {"c": "contact", "i": "interaction", "r": "request"}[key_[0]]


class Fields:
    """One document: ``title`` and ``body`` list (place, term, whether it is a part of the word there), ``names``…"""

    def __init__(self, document: Document) -> None:
        self._next = 0
        self.length = 0
        """Words, each counted once however it is spelt."""
        self.stems: set[str] = set()
        self.title = list(self._placed(document.title))
        self.body = list(self._placed(document.body))
        self.names = list(dict.fromkeys(name_forms(document.title))) if document.kind == "contact" else []
        self.codes = list(dict.fromkeys(code for code in map(code_key, document.codes) if code))

    def _placed(self, text: str) -> Iterator[tuple[int, str, bool]]:
        for word in islice(words(text), MAX_WORDS):
            self.stems.update(stems(word))
            if len(word.parts) > 1:
                yield from ((self._next, part, True) for part in word.parts if not affix(part) and searchable(part))
            if searchable(word.joined):
                yield self._next, word.joined, False
                self._next += 1
                self.length += 1
        self._next += TEXTS_APART


def name_forms(title: str) -> Iterator[str]:
    """The words of a name, their parts, and neighbours written together (محمد رضا: محمدرضا)."""
    before: Word | None = None
    for word in words(title):
        for form in dict.fromkeys((word.joined, *word.parts)):
            if searchable(form):
                yield form
        if before is not None:
            yield before.joined + word.joined
        before = word


def spellings(text: str) -> list[str]:
    """The words of a typed name to be looked for with a slip, the longest first."""
    names = dict.fromkeys(word.joined for word in words(text[:MAX_INPUT]) if searchable(word.joined))
    return sorted(names, key=len, reverse=True)[:MAX_TERMS]


def near_keys(name: str) -> set[str]:
    """``name`` and what is left of it without each one of its letters.

    Two names one slip apart (a letter wrong, missing, too many, or two swapped) always share one of these; two that
    share one may be two slips apart, so what they find has to be looked at again.
    """
    return {name, *(name[:place] + name[place + 1 :] for place in range(len(name)))}
