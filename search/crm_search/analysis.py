"""Words of a text as they are indexed and looked up, so that the spellings of one Persian word meet.

A word keeps two forms: joined («می‌شود», «می شود» and «میشود» all give میشود) and its parts (می, شود), because what one
person writes with a half-space another writes as two words or as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from crm_core.text.folding import squash, tokens
from crm_search.lexicon import SINGULARS, STOP_WORDS

VERSION = 1
"""Raised with every change of what a text becomes: an index of another version is built anew."""

MAX_WORDS = 50_000
"""Words of one document that are indexed; what follows is not found by its words."""

MAX_LETTERS = 40
"""Longer words are cut, on both sides alike."""

MAX_STEMS = 5

_HALF_SPACE = re.compile("[\u200b-\u200f\u00ac\u00ad\u2060\ufeff]+")
_SEPARATORS = re.compile(r"[^0-9a-z]+")
_NOT_CODE = re.compile(r"[\W_]+")
_PERSIAN_LETTER = re.compile("[\u0600-\u06ff]")

# Written apart, these still belong to the word behind them or before them.
_PREFIXES = frozenset({"می", "نمی"})
_PLURALS = ("هایشان", "هایمان", "هایتان", "هایی", "هایم", "هایت", "هایش", "های", "ها")
_ENCLITICS = ("شان", "مان", "تان", "ایم", "اید", "اند", "ام", "ات", "اش", "ای")
_SUFFIXES = frozenset((*_PLURALS, *_ENCLITICS, "تر", "ترین", "تری"))

# (ending, shortest rest, what may take its place); the first that fits is taken, plural and possessive endings first.
# Rests that are no words do no harm: they only ever add a lower score.
_ENDINGS = (
    *((ending, 2, ("",)) for ending in _PLURALS),
    ("گان", 3, ("ه",)), ("گی", 3, ("ه",)), ("جات", 3, ("",)), ("یان", 3, ("", "ی")),
    ("ترین", 2, ("",)), ("تر", 3, ("",)),
    ("شان", 2, ("", "ش")), ("مان", 2, ("", "م")), ("تان", 2, ("", "ت")),  # دوستان: دوست, not only دوس
    ("ایم", 3, ("",)), ("اید", 3, ("",)), ("اند", 3, ("",)), ("ام", 3, ("",)), ("اش", 3, ("",)),
    ("ات", 2, ("", "ه", "ت")),  # حیوانات، قطعات، خدمات
    ("ایی", 2, ("ا", "")), ("ای", 2, ("ا", "")), ("وی", 2, ("و",)), ("یی", 2, ("",)),
    ("ان", 2, ("",)), ("ین", 3, ("",)), ("ش", 4, ("",)), ("م", 4, ("",)), ("ی", 2, ("",)),
)  # fmt: skip
_ENGLISH_ENDINGS = (
    ("ies", 2, ("y",)), ("sses", 2, ("ss",)), ("shes", 2, ("sh",)), ("ches", 2, ("ch",)), ("xes", 2, ("x",)),
)  # fmt: skip


class Word(NamedTuple):
    """One word: ``joined`` without spaces inside, ``parts`` as written apart (one part for a plain word)."""

    joined: str
    parts: tuple[str, ...]


def words(text: str) -> Iterator[Word]:
    """The words of ``text`` in their order, folded; affixes that stand apart are joined to their word."""
    held: Word | None = None
    for word in (word for chunk in text.split() for word in _chunk(chunk)):
        if held is not None and _belongs_together(held, word):
            held = _join(held, word)
            continue
        if held is not None:
            yield held
        held = word
    if held is not None:
        yield held


@lru_cache(maxsize=16_384)
def stems(word: Word) -> tuple[str, ...]:
    """Shorter forms of ``word`` without plural, possessive and similar endings, nearest first; at most five.

    Light on purpose: no verbs, and broken plurals only by a list. They are extra terms, scored below the word itself.
    """
    found: list[str] = []
    parts = word.parts
    if len(parts) > 1 and parts[-1] in _SUFFIXES:
        found.append("".join(parts[:-1]))
    shorter = _without_ending(found[0] if found else word.joined)
    found += shorter
    if shorter:
        found += _without_ending(shorter[0])
    found += [SINGULARS[form] for form in (word.joined, *found) if form in SINGULARS]
    return tuple(dict.fromkeys(stem for stem in found if stem != word.joined and stem not in STOP_WORDS))[:MAX_STEMS]


def code_key(text: str) -> str:
    """A code as it is compared: folded letters and digits only (``4827-1936-50`` and ``۴۸۲۷ ۱۹۳۶ ۵۰`` are one)."""
    return _NOT_CODE.sub("", squash(text))[:MAX_LETTERS]


def affix(part: str) -> bool:
    """Whether ``part`` of a word carries no meaning of its own (می, های …)."""
    return part in _PREFIXES or part in _SUFFIXES


def searchable(term: str) -> bool:
    """Whether a term is worth a place in the index: no stop word, no lone letter."""
    return term not in STOP_WORDS and (len(term) > 1 or term.isdigit())


class Terms:
    """What one document says, as terms. Filled by `add`, read by a backend.

    ``positions``: term → its places, counted in words as written apart; ``weights``: term → occurrences times the
    weight of their text; ``stems``: additional terms, likewise.
    """

    def __init__(self) -> None:
        self.positions: dict[str, list[int]] = {}
        self.weights: dict[str, float] = {}
        self.stems: dict[str, float] = {}
        self._next = 0

    def add(self, text: str, weight: float = 1.0) -> None:
        """Take in the words of ``text``; a phrase never reaches from one text into the next."""
        for word in islice(words(text), MAX_WORDS):
            self._place(word.joined, self._next, weight)
            if len(word.parts) > 1:
                for offset, part in enumerate(word.parts):
                    if not affix(part):
                        self._place(part, self._next + offset, weight)
            for stem in stems(word):
                self.stems[stem] = self.stems.get(stem, 0.0) + weight
            self._next += len(word.parts)
        self._next += 100

    def _place(self, term: str, position: int, weight: float) -> None:
        if searchable(term):
            self.positions.setdefault(term, []).append(position)
            self.weights[term] = self.weights.get(term, 0.0) + weight


def _chunk(chunk: str) -> tuple[Word, ...]:
    """The words of what stands between two spaces."""
    return _split(chunk) if len(chunk) > MAX_LETTERS else _known(chunk)


# The same few thousand words make up most of any text: remembering them halves the time. Memos of pure functions, no
# state that anybody could see.
@lru_cache(maxsize=16_384)
def _known(chunk: str) -> tuple[Word, ...]:
    return _split(chunk)


def _split(chunk: str) -> tuple[Word, ...]:
    found: list[Word] = []
    glued: list[str] = []  # parts of one word so far, held together by half-spaces
    for piece in _HALF_SPACE.split(chunk):
        parts = tokens(piece)
        if not parts:
            continue
        glued.append(parts[0])
        if len(parts) > 1:
            found.append(_word(glued))
            found.extend(_word([part]) for part in parts[1:-1])
            glued = [parts[-1]]
    if glued:
        found.append(_word(glued))
    return tuple(found)


def _word(parts: list[str]) -> Word:
    if len(parts) == 1:
        token = parts[0].removeprefix("+")
        if token.isalnum():
            return Word(token[:MAX_LETTERS], (token[:MAX_LETTERS],))
        parts = [part for part in _SEPARATORS.split(token) if part] or [token]
        joined = token if "@" in token else "".join(parts)
        return Word(joined[:MAX_LETTERS], tuple(part[:MAX_LETTERS] for part in parts))
    return Word("".join(parts)[:MAX_LETTERS], tuple(part[:MAX_LETTERS] for part in parts))


def _belongs_together(first: Word, second: Word) -> bool:
    if not (_PERSIAN_LETTER.match(first.joined) and _PERSIAN_LETTER.match(second.joined)):
        return False
    if first.joined in _PREFIXES:
        return second.joined not in _SUFFIXES and second.joined not in STOP_WORDS
    return len(second.parts) == 1 and second.joined in _SUFFIXES and first.joined not in STOP_WORDS


def _join(first: Word, second: Word) -> Word:
    return Word((first.joined + second.joined)[:MAX_LETTERS], first.parts + second.parts)


def _without_ending(form: str) -> list[str]:
    for ending, shortest, instead in _ENGLISH_ENDINGS if form.isascii() else _ENDINGS:
        if form.endswith(ending) and len(form) - len(ending) >= shortest:
            return [form[: -len(ending)] + end for end in instead]
    plural = form.isascii() and form.isalpha() and len(form) > 3 and form[-1] == "s" and form[-2] not in "sui"
    return [form[:-1]] if plural else []
