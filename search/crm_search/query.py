"""The guard: turns whatever a person typed into a small, bounded question that any backend can answer.

Every word must occur. At most eight words, prefixes of three letters or more, phrases in quotes; no other operator, no
leading wildcard, no regular expression exists, so no input can cost more than this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from crm_core.text.folding import fold
from crm_search.analysis import Word, code_key, searchable, stems, words

MAX_TERMS = 8
MIN_PREFIX = 3
MAX_INPUT = 1_000
"""Characters of a question that are looked at."""
MAX_CODE = 24
"""Letters and digits of the longest code looked for."""

_QUOTES = re.compile('["«»“”„‟]')


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that must occur: a word in any of its forms, words that begin like it, or a phrase."""

    words: tuple[Word, ...]
    """One word, or the words of a phrase in their order."""
    stems: tuple[str, ...] = ()
    prefix: bool = False
    gaps: int = 0
    """Stop words left out of a phrase: that much farther apart its words may stand."""


@dataclass(frozen=True, slots=True)
class Join:
    """The clauses ``first`` to ``last`` (both included) may also occur as one word, ``joined`` (پیش فرض: پیشفرض)."""

    first: int
    last: int
    joined: str


@dataclass(frozen=True, slots=True)
class Question:
    """What to look for; empty ``clauses`` and ``code``: nothing can be found."""

    clauses: tuple[Clause, ...] = ()
    joins: tuple[Join, ...] = ()
    code: str = ""
    """The whole input as one code, when it has digits: another way to match."""

    def __bool__(self) -> bool:
        return bool(self.clauses or self.code)


def parse(text: str) -> Question:
    """The question in ``text``. Never raises; stop words are left out, and of too many words the longest are kept."""
    text = text[:MAX_INPUT]
    clauses: list[Clause] = []
    pieces = _QUOTES.split(text)
    for number, piece in enumerate(pieces):
        quoted = number % 2 == 1 and number < len(pieces) - 1
        clauses.extend(_phrase(piece) if quoted else _terms(piece))
    clauses = _at_most(clauses, MAX_TERMS)
    code = code_key(text)
    if len(code) > MAX_CODE or not any(letter.isdigit() for letter in code):
        code = ""
    return Question(tuple(clauses), tuple(_joins(clauses)), code)


def _terms(text: str) -> list[Clause]:
    clauses: list[Clause] = []
    run: list[str] = []
    for chunk in text.split():
        if fold(chunk).endswith("*"):
            clauses.extend(_plain(" ".join(run)))
            run.clear()
            clauses.extend(_begun(chunk))
        else:
            run.append(chunk)
    clauses.extend(_plain(" ".join(run)))
    return clauses


def _plain(text: str) -> list[Clause]:
    return [Clause((word,), stems(word)) for word in words(text) if searchable(word.joined)]


def _begun(chunk: str) -> list[Clause]:
    """``chunk`` ends in an asterisk: its last word, be it a stop word, stands for all that begin so (چرا*: چراغ)."""
    found = list(words(chunk))
    clauses = [Clause((word,), stems(word)) for word in found[:-1] if searchable(word.joined)]
    for word in found[-1:]:
        long_enough = len(word.joined) >= MIN_PREFIX
        if long_enough or searchable(word.joined):
            clauses.append(Clause((word,), stems(word), prefix=long_enough))
    return clauses


def _phrase(text: str) -> list[Clause]:
    every = list(words(text))
    kept = [place for place, word in enumerate(every) if searchable(word.joined)][:MAX_TERMS]
    if len(kept) < 2:
        return [Clause((every[place],), stems(every[place])) for place in kept]
    gaps = max(sum(len(word.parts) for word in every[before + 1 : after]) for before, after in pairwise(kept))
    return [Clause(tuple(every[place] for place in kept), gaps=gaps)]


def _at_most(clauses: list[Clause], limit: int) -> list[Clause]:
    """Phrases first, then the longest words, in the order they were typed; the same word only once."""
    once = list(dict.fromkeys(clauses))
    wanted = sorted(
        range(len(once)), key=lambda place: (len(once[place].words) == 1, -len(once[place].words[0].joined), place)
    )
    kept: set[int] = set()
    for place in wanted:
        size = len(once[place].words)
        if size <= limit:
            kept.add(place)
            limit -= size
    return [once[place] for place in sorted(kept)]


def _joins(clauses: list[Clause]) -> list[Join]:
    joins: list[Join] = []
    simple = [len(clause.words) == 1 and not clause.prefix for clause in clauses]
    for place in range(len(clauses) - 1):
        if simple[place] and simple[place + 1]:
            joins.append(Join(place, place + 1, clauses[place].words[0].joined + clauses[place + 1].words[0].joined))
    start = 0
    for place in range(len(clauses) + 1):
        if place < len(clauses) and simple[place] and clauses[place].words[0].joined.isdigit():
            continue
        if place - start > 2:  # ۰۹۱۲ ۱۲۳ ۴۵۶۷: digits in groups are one number
            joins.append(Join(start, place - 1, "".join(clause.words[0].joined for clause in clauses[start:place])))
        start = place + 1
    return joins
