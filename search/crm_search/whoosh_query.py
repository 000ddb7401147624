"""A guarded question as a Whoosh query, and the scores of what it finds.

A word is looked for in all its forms at once; each form gets its own strength, so that a stem or a part never counts
more than the word as it was typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from math import log
from typing import Any, TypeAlias

from rapidfuzz import process
from rapidfuzz.distance import OSA
from whoosh import matching, query
from whoosh.query.spans import SpanNear2
from whoosh.util import make_binary_tree

from crm_core.services.textsearch import Kind
from crm_search.analysis import affix
from crm_search.query import MAX_TERMS, Clause, Question
from crm_search.whoosh_schema import GRAM_MAX, GRAM_MIN
from crm_search.whoosh_scoring import ScoredTerm

EXPANSIONS = 48
"""Words a prefix or a misspelt name may stand for; the commonest are taken."""
_LOOKED_AT = 1_000

# Strength of a form, in parts of that of the word as typed.
_STEM, _PART, _NAME, _BEGINNING, _FUZZY = 0.4, 0.6, 2.0, 0.5, 0.5
_COMMON = 1_000
"""A word in so many texts, asked for alone: its other forms could only come after more answers than anybody reads."""


Lexicon: TypeAlias = dict[int, list[str]]
"""Names by their length: one with a slip is at most a letter longer or shorter, and most are neither."""


class Builder:
    """Builds queries against one searcher (its statistics decide on strengths, its lexicon on prefixes)."""

    def __init__(self, searcher: Any) -> None:
        self.reader = searcher.reader()
        self.documents = searcher.doc_count_all()
        self.alone = False
        self._frequencies: dict[tuple[str, str], int] = {}

    def texts(self, question: Question, kind: Kind | None, contact: int | None) -> query.Query | None:
        """What to look for in texts; None: nothing can match."""
        found = self._question(question, contact, self._word)
        if found is not None and contact is not None:
            found = query.Require(found, query.Term("contact", str(contact)))
        if found is not None and kind is not None:
            found = query.Require(found, query.Term("kind", kind))
        return found

    def contacts(self, question: Question, contact: int | None) -> query.Query | None:
        """What to look for in contacts; None: nothing can match."""
        found = self._question(question, contact, self._named)
        if found is not None and contact is not None:
            found = query.Require(found, query.Term("key", f"c{contact}"))
        return found

    def names(self, spellings: Iterable[str], lexicons: Sequence[Lexicon]) -> query.Query | None:
        """Contacts with a name like each of ``spellings``, one letter wrong in any; ``lexicons``: names there are."""
        return _every([self._misspelt(word, lexicons) for word in spellings])

    # -- parts of a question -----------------------------------------------------------------------------------------

    def _question(self, question: Question, contact: int | None, word: Any) -> query.Query | None:
        self.alone = len(question.clauses) == 1 and contact is None
        groups = [word(clause) for clause in question.clauses]
        ways = [_every(groups)] if groups else []
        for join in question.joins:
            together = self._joined(join.joined)
            if together is not None:
                ways.append(_every([*groups[: join.first], together, *groups[join.last + 1 :]]))
        if question.code:
            ways.append(self._term("codes", question.code, 2.0))
        return _any(ways)

    def _joined(self, joined: str) -> query.Query | None:
        return _any([self._term("text", joined), self._term("codes", joined, 2.0)])

    def _word(self, clause: Clause) -> query.Query | None:
        if len(clause.words) > 1:
            return self._phrase(clause)
        return _any(self._forms(clause))

    def _forms(self, clause: Clause) -> Iterator[query.Query | None]:
        word = clause.words[0]
        strength = self._strength("text", word.joined)
        yield self._term("text", word.joined)
        if self.alone and not clause.prefix and self._frequency("text", word.joined) >= _COMMON:
            return
        yield self._term("codes", word.joined, 2.0)
        yield self._term("stems", word.joined, _STEM, strength)
        for stem in clause.stems:
            yield self._term("text", stem, _STEM, strength)
            yield self._term("stems", stem, _STEM, strength)
        parts = [part for part in dict.fromkeys(word.parts) if not affix(part)]
        if 1 < len(parts) <= MAX_TERMS:
            yield _every([self._term("text", part, _PART, strength) for part in parts])
        if clause.prefix:
            for longer in self._beginning_with("text", word.joined):
                yield self._term("text", longer, _PART)

    def _phrase(self, clause: Clause) -> query.Query | None:
        apart = [part for word in clause.words for part in word.parts if not affix(part)]
        inside = max(sum(affix(part) for part in word.parts) for word in clause.words)
        longest = max(len(word.parts) for word in clause.words)
        forms = [self._near([word.joined for word in clause.words], clause.gaps + longest)]
        if longest > 1:
            forms.append(self._near(apart[: 2 * MAX_TERMS], clause.gaps + inside + 1))
        return _any(forms)

    def _near(self, terms: Sequence[str], distance: int) -> query.Query | None:
        found = [self._term("text", term) for term in terms]
        if None in found:
            return None
        return SpanNear2(found, slop=distance) if len(found) > 1 else found[0]

    def _named(self, clause: Clause) -> query.Query | None:
        if len(clause.words) > 1:  # no positions here: the words of a phrase must all be there
            return _every([self._named(Clause((word,))) for word in clause.words])
        word = clause.words[0].joined
        forms = [self._term("names", word, _NAME), *self._forms(clause)]
        if len(word) >= GRAM_MIN:
            forms.append(self._term("beginnings", word[:GRAM_MAX], _BEGINNING))
        return _any(forms)

    def _misspelt(self, word: str, lexicons: Sequence[Lexicon]) -> query.Query | None:
        near: set[str] = set()
        if len(word) > 1:
            for lexicon, length in product(lexicons, range(len(word) - 1, len(word) + 2)):
                close = process.extract(word, lexicon.get(length, ()), scorer=OSA.distance, score_cutoff=1, limit=None)
                near.update(name for name, _distance, _place in close)
        near.discard(word)
        commonest = list(near)
        if len(near) > EXPANSIONS:
            commonest = sorted(near, key=lambda term: (-self._frequency("names", term), term))[:EXPANSIONS]
        strength = self._strength("names", word)
        return _any([self._term("names", word, _NAME),
                     *(self._term("names", term, _FUZZY, strength) for term in commonest)])

    def _beginning_with(self, field: str, prefix: str) -> list[str]:
        decode = self.reader.schema[field].from_bytes
        longer = [decode(term) for term in islice(self.reader.expand_prefix(field, prefix), _LOOKED_AT)]
        longer = [term for term in longer if term != prefix]
        return sorted(longer, key=lambda term: (-self._frequency(field, term), term))[:EXPANSIONS]

    # -- terms and their strength ------------------------------------------------------------------------------------

    def _frequency(self, field: str, term: str) -> int:
        known = self._frequencies.get((field, term))
        if known is None:
            known = self._frequencies[field, term] = int(self.reader.doc_frequency(field, term))
        return known

    def _strength(self, field: str, term: str) -> float:
        """How telling a term is (inverse document frequency); infinite for one that does not occur."""
        frequency = self._frequency(field, term)
        return log(self.documents / (frequency + 1)) + 1 if frequency else float("inf")

    def _term(self, field: str, term: str, part: float = 1.0, most: float = float("inf")) -> query.Query | None:
        strength = self._strength(field, term)
        if strength == float("inf"):
            return None
        return ScoredTerm(field, term, max(0.1, part * min(strength, most)))


class Lexicons:
    """The names in each segment, read once: a segment never changes. Whoosh's own fuzzy look-up is 100 times slower."""

    def __init__(self) -> None:
        self._names: dict[str, Lexicon] = {}

    def of(self, searcher: Any) -> list[Lexicon]:
        """The names in each segment of ``searcher``. Safe from any thread: at worst two read the same segment."""
        known = self._names
        names: dict[str, Lexicon] = {}
        for leaf, _ in searcher.reader().leaf_readers():
            if leaf.doc_count_all():
                segment = leaf.segment().segment_id()
                names[segment] = known.get(segment) or _by_length(term.decode() for term in leaf.lexicon("names"))
        self._names = names
        return list(names.values())


def _by_length(names: Iterable[str]) -> Lexicon:
    lexicon: Lexicon = {}
    for name in names:
        lexicon.setdefault(len(name), []).append(name)
    return lexicon


class _AnyOf(query.Or):
    """Union of the forms of one thing, scored by the best of them: a form never adds to the word itself."""

    def matcher(self, searcher: Any, context: Any = None) -> Any:
        """The union in one segment. (Whoosh's DisjunctionMax takes scores of other documents.)"""
        matchers = [form.matcher(searcher, context) for form in self.subqueries]
        matchers = [matcher for matcher in matchers if matcher.is_active()]
        if not matchers:
            return matching.NullMatcher()
        return make_binary_tree(_BestMatcher, matchers)


class _BestMatcher(matching.UnionMatcher):
    """Union of two matchers that scores with the better one."""

    def score(self) -> float:
        """The better score of the current document."""
        if not self.a.is_active():
            return float(self.b.score())
        if not self.b.is_active():
            return float(self.a.score())
        a, b = self.a.id(), self.b.id()
        if a < b:
            return float(self.a.score())
        if b < a:
            return float(self.b.score())
        return float(max(self.a.score(), self.b.score()))

    def max_quality(self) -> float:
        """The best score any document can have here."""
        return max((matcher.max_quality() for matcher in (self.a, self.b) if matcher.is_active()), default=0.0)

    def block_quality(self) -> float:
        """The best score within the current blocks."""
        return max((matcher.block_quality() for matcher in (self.a, self.b) if matcher.is_active()), default=0.0)

    def replace(self, minquality: float = 0) -> Any:
        """A smaller matcher with the same documents above ``minquality``."""
        a, b = self.a.replace(minquality), self.b.replace(minquality)
        if not a.is_active():
            return b if b.is_active() else matching.NullMatcher()
        if not b.is_active():
            return a
        if a is not self.a or b is not self.b:
            return self.__class__(a, b)
        self._id = None
        return self

    def skip_to_quality(self, minquality: float) -> int:
        """Skip blocks that cannot be better than ``minquality``: with the best of both, each side for itself."""
        self._id = None
        return sum(matcher.skip_to_quality(minquality) for matcher in (self.a, self.b) if matcher.is_active())


def _any(forms: Iterable[query.Query | None]) -> query.Query | None:
    found = [form for form in forms if form is not None]
    if len(found) > 1:
        return _AnyOf(found)
    return found[0] if found else None


def _every(groups: Sequence[query.Query | None]) -> query.Query | None:
    if not groups or None in groups:
        return None
    return query.And(list(groups)) if len(groups) > 1 else groups[0]
