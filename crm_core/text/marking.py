"""Why a name was found, shown in the name itself: its parts that match what was typed, and the letters heard alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from crm_core.text.folding import fold
from crm_core.text.heard import VOWELS_ONLY, skeletons

Part = tuple[str, bool]
"""A piece of a text, and whether it matches."""

MOST_WORDS = 8
LONGEST = 300
"""Words of a query and characters of a text that are looked at; the rest of the text is not marked."""

_folded = lru_cache(maxsize=4096)(fold)
"""One word, folded: the titles on a page of hits share most of theirs."""
_WORD = re.compile(r"[^\s\u200c\u200d.,،؛;:()«»\"'/_-]+")


def marked(text: str, query: str, *, heard: bool = False) -> list[Part]:
    """``text`` in pieces, of which those that match the words of ``query`` are True; joined they are ``text`` again.

    A word matches where it begins, after folding, as a word of the query; with ``heard`` also where it sounds alike.
    """
    words = dict.fromkeys(word for piece in _WORD.findall(query) for word in _folded(piece).split())
    asked = tuple(words)[:MOST_WORDS]
    spans: list[tuple[int, int]] = []
    for found in _WORD.finditer(text, 0, LONGEST):
        span = _span(found, asked, heard)
        if span is not None and spans and text[spans[-1][1] : span[0]].isspace():
            span = (spans.pop()[0], span[1])  # one mark for neighbours
        if span is not None:
            spans.append(span)
    return list(_pieces(text, spans))


def heard_apart(text: str, query: str) -> list[tuple[str, str]]:
    """The letters in which ``query`` and the words of ``text`` that sound alike differ: (typed, on file), each once."""
    pairs: dict[tuple[str, str], None] = {}
    for typed in _WORD.findall(query)[:MOST_WORDS]:
        for word in _WORD.findall(text[:LONGEST]):
            one, other = fold(typed), fold(word)
            if one == other or len(one) != len(other) or not skeletons(one) & skeletons(other):
                continue
            pairs.update(dict.fromkeys((a, b) for a, b in zip(one, other, strict=True) if a != b and _alike(a, b)))
    return list(pairs)


def _alike(one: str, other: str) -> bool:
    """Whether two letters are one sound; vowels are none."""
    return bool((skeletons(one) & skeletons(other)) - {VOWELS_ONLY})


def _span(found: re.Match[str], asked: tuple[str, ...], heard: bool) -> tuple[int, int] | None:
    """Where in the text the word ``found`` matches best."""
    word = _folded(found[0])
    if word.startswith(asked):  # hardly any does
        best = max((query for query in asked if word.startswith(query)), key=len)
        return found.start(), found.start() + _length(found[0], best)
    if heard and any(len(query) > 1 and skeletons(query) & skeletons(word) for query in asked):
        return found.span()
    return None


@lru_cache(maxsize=1024)
def _length(word: str, beginning: str) -> int:
    """How many characters of ``word``, as it is written, make the folded ``beginning``, with the marks that follow."""
    fitting = [end for end in range(1, len(word) + 1) if fold(word[:end]) == beginning]
    return fitting[-1] if fitting else len(word)


def _pieces(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[Part]:
    place = 0
    for start, end in spans:
        gap = text[place:start]
        if gap:
            yield gap, False
        yield text[start:end], True
        place = end
    if text[place:]:
        yield text[place:], False
