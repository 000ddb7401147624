"""BM25 with a strength given for each term, and field lengths in memory: Whoosh reads them from the file hit by hit.

The lengths of a field are one byte a document, read once for each segment of an opened state.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from whoosh import matching, query, scoring
from whoosh.codec.whoosh3 import LENGTHS_COLUMN, W3LeafMatcher, _lenfield
from whoosh.searching import Searcher
from whoosh.util.numeric import byte_to_length

_K1 = 1.2
_B = {"text": 0.75, "names": 0.4, "stems": 0.0}
"""How much a long text counts less."""


class LengthSearcher(Searcher):
    """A searcher that remembers field lengths. Used by one thread at a time."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._lengths: dict[tuple[int, str], bytes] = {}
        self._norms: dict[str, list[float]] = {}
        super().__init__(*args, **options)

    def lengths(self, leaf: Any, field: str) -> bytes:
        """The length code of ``field`` in each document of the segment reader ``leaf``."""
        key = (id(leaf), field)
        if key not in self._lengths:
            column = leaf._perdoc._cached_reader(_lenfield(field), LENGTHS_COLUMN)
            found = b"" if column is None else column._dbfile.get(column._basepos, column._count)
            self._lengths[key] = found + bytes(leaf.doc_count_all() - len(found))
        return self._lengths[key]

    def norms(self, field: str) -> list[float]:
        """By length code: what a term's weight is divided by, less the weight itself."""
        if field not in self._norms:
            average = self.avg_field_length(field) or 1.0
            share = _B[field]
            self._norms[field] = [_K1 * (1 - share + share * byte_to_length(code) / average) for code in range(256)]
        return self._norms[field]


class ScoredTerm(query.Term):
    """A term with a strength of its own in place of the inverse document frequency."""

    def __init__(self, fieldname: str, text: str, strength: float) -> None:
        super().__init__(fieldname, text)
        self.weighting = _Strength(strength)

    def matcher(self, searcher: Any, context: Any = None) -> Any:
        """The postings of this term in one segment."""
        text = searcher.schema[self.fieldname].to_bytes(self.text)
        if (self.fieldname, text) not in searcher.reader():
            return matching.NullMatcher()
        found = searcher.postings(self.fieldname, text, weighting=self.weighting)
        leaf = getattr(found, "child", found)  # below a filter where documents were deleted
        if type(leaf) is W3LeafMatcher:
            leaf.__class__ = _Postings
        return found


class _Postings(W3LeafMatcher):
    """Whoosh's own, which walks a block of 128 documents one by one in Python to find one of them."""

    def skip_to(self, targetid: int) -> None:
        """Go to the first document that is ``targetid`` or behind it. Raises ReadTooFar at the end."""
        if not self.is_active():
            raise matching.ReadTooFar
        if targetid <= self.id():
            return
        while targetid > self._maxid:
            self._next_block()
            if not self.is_active():
                return
        if self._ids is None:
            self._read_ids()
        self._i: int = bisect_left(self._ids, targetid, self._i)


class _Strength(scoring.WeightingModel):
    def __init__(self, strength: float) -> None:
        self.strength = strength

    def scorer(self, searcher: Any, fieldname: str, text: Any, qf: int = 1) -> Any:
        if not searcher.schema[fieldname].scorable:
            return _Constant(self.strength)
        return _Bm25(searcher, fieldname, text, self.strength)


class _Bm25(scoring.BaseScorer):
    def __init__(self, searcher: Any, fieldname: str, text: Any, strength: float) -> None:
        top = searcher.get_parent()
        self.top = strength * (_K1 + 1)
        self.norms = top.norms(fieldname)
        self.lengths = top.lengths(searcher.reader(), fieldname)
        self.most = searcher.term_info(fieldname, text).max_weight()

    def supports_block_quality(self) -> bool:
        return True

    def score(self, matcher: Any) -> float:
        weight = matcher.weight()
        return float(self.top * weight / (weight + self.norms[self.lengths[matcher.id()]]))

    def max_quality(self) -> float:
        return float(self.top * self.most / (self.most + self.norms[0]))

    def block_quality(self, matcher: Any) -> float:
        weight = matcher.block_max_weight()
        return float(self.top * weight / (weight + self.norms[0]))


class _Constant(scoring.BaseScorer):
    def __init__(self, strength: float) -> None:
        self.strength = strength

    def supports_block_quality(self) -> bool:
        return True

    def score(self, matcher: Any) -> float:
        return self.strength

    def max_quality(self) -> float:
        return self.strength

    def block_quality(self, matcher: Any) -> float:
        return self.strength
