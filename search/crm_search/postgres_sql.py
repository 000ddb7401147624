"""Documents as tsvectors, questions as tsqueries, and the tables both live in (PostgreSQL: "Text Search Types").

Lexemes are ours, already folded, so PostgreSQL's parsers and dictionaries are not asked (``'…'::tsvector`` takes them
as they are, like the configuration ``simple``, which would cut our words once more). Each begins with a sign of its
field. Nothing here talks to a server.
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_core.services.textsearch import Document
from crm_search import analysis
from crm_search.fields import Fields, near_keys
from crm_search.formula import AnyOf, Begins, Every, Formula, Row, Term, leaves

FORMAT = f"1.{analysis.VERSION}"
"""Raised with every change of what is stored: an index of another format is built anew."""

SIGNS = {"text": "=", "stems": "~", "codes": "#", "names": "@", "near": "-"}
WEIGHTS = "{0.1, 0.3, 0.5, 1.0}"
"""What a lexeme marked D (stems), C (parts of words), B (body) and A (title, names, codes) counts for `ts_rank`."""
OTHER_FORMS = 0.1
"""What other forms of a word add, beside the word as it was typed."""
MAX_PLACE = 16_383
MAX_PLACES = 255
"""PostgreSQL keeps no more of a lexeme (documented limits of tsvector)."""
MAX_BYTES = 700_000
"""Lexemes of one document, in bytes: PostgreSQL takes a megabyte, its own accounts included."""

TABLES = ("contacts", "texts")

META = """
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE IF NOT EXISTS {schema}.state (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    build integer NOT NULL, format text NOT NULL, cursor text, counts jsonb NOT NULL
)
"""
"""One row: which tables count, what they hold and up to where. It changes in the transaction of what it tells of."""

BUILD = """
CREATE TABLE {schema}.contacts_{build} (
    id bigint PRIMARY KEY, moment bigint NOT NULL, length integer NOT NULL, names text[] NOT NULL,
    words tsvector NOT NULL
);
CREATE TABLE {schema}.texts_{build} (
    kind char(1) NOT NULL, id bigint NOT NULL, contact bigint, moment bigint NOT NULL, length integer NOT NULL,
    words tsvector NOT NULL, PRIMARY KEY (kind, id)
)
"""

INDEXES = """
CREATE INDEX ON {schema}.contacts_{build} USING gin (words);
CREATE INDEX ON {schema}.contacts_{build} (moment);
CREATE INDEX ON {schema}.texts_{build} USING gin (words);
CREATE INDEX ON {schema}.texts_{build} (moment);
CREATE INDEX ON {schema}.texts_{build} (contact)
"""

SEARCH = """
WITH found AS MATERIALIZED (
    SELECT {columns}, moment, length, words FROM {table} WHERE words @@ %(wanted)s::tsquery {filters}
    ORDER BY moment DESC LIMIT %(most)s
)
SELECT {columns}, moment, CASE WHEN (SELECT count(*) FROM found) >= %(most)s THEN 1e-6 ELSE 1e-6 + (
    ts_rank(%(weights)s, words, %(typed)s::tsquery) + %(share)s * ts_rank(%(weights)s, words, %(others)s::tsquery)
) / (1 + ln(1 + length) / 2.5) END AS score
FROM found ORDER BY score DESC, moment DESC, id DESC LIMIT %(limit)s
"""
"""The newest ``most`` that match, best first; where that many match, a word so common ranks nothing: newest first."""


def contact_row(document: Document) -> tuple[object, ...]:
    """The row of a contact."""
    fields = Fields(document)
    slips = sorted({key for name in fields.names for key in near_keys(name)})
    return document.id, document.when, fields.length, fields.names, _vector(fields, slips)


def text_row(document: Document) -> tuple[object, ...]:
    """The row of an interaction or a request."""
    fields = Fields(document)
    return document.kind[0], document.id, document.contact, document.when, fields.length, _vector(fields, [])


def query(formula: Formula) -> str:
    """``formula`` as a tsquery."""
    if isinstance(formula, Term):
        return _quoted(SIGNS[formula.field] + formula.value)
    if isinstance(formula, Begins):
        return _quoted(SIGNS[formula.field] + formula.value) + ":*"
    if isinstance(formula, Row):
        return "(" + " <-> ".join(_quoted(SIGNS["text"] + value) for value in formula.values) + ")"
    sign = " & " if isinstance(formula, Every) else " | "
    assert isinstance(formula, AnyOf | Every)
    return "(" + sign.join(map(query, formula.forms)) + ")"


def ranking(formula: Formula) -> tuple[str, str]:
    """Two tsqueries of alternatives: what was typed, and its other forms (both perhaps empty)."""
    every = list(dict.fromkeys(leaves(formula)))
    typed = [query(leaf) for leaf in every if leaf.part >= 1]
    return " | ".join(typed), " | ".join(query(leaf) for leaf in every if leaf.part < 1)


def near(spellings: list[str]) -> str:
    """The tsquery of contacts with a name like each of ``spellings``, or perhaps two slips away."""
    ways = (sorted({SIGNS["near"] + key for key in near_keys(word)}) for word in spellings)
    return " & ".join("(" + " | ".join(map(_quoted, way)) + ")" for way in ways)


def _vector(fields: Fields, slips: list[str]) -> str:
    places: dict[str, list[str]] = {}
    left = MAX_BYTES
    for lexeme, place, weight in _lexemes(fields, slips):
        known = places.get(lexeme)
        if known is None:
            left -= len(lexeme.encode()) + 8
            if left < 0:
                break
            known = places[lexeme] = []
        if len(known) < MAX_PLACES and place <= MAX_PLACE:
            left -= 2
            known.append(f"{place}{weight}")
    return " ".join(_quoted(lexeme) + (":" + ",".join(known) if known else "") for lexeme, known in places.items())


def _lexemes(fields: Fields, slips: list[str]) -> Iterator[tuple[str, int, str]]:
    """(lexeme, place, weight), what matters most first: a document may be too long for all."""
    yield from ((SIGNS["codes"] + code, 1, "A") for code in fields.codes)
    yield from ((SIGNS["names"] + name, 1, "A") for name in fields.names)
    yield from ((SIGNS["near"] + slip, 1, "D") for slip in slips)
    yield from ((SIGNS["text"] + term, place + 1, "C" if part else "A") for place, term, part in fields.title)
    yield from ((SIGNS["stems"] + stem, 1, "D") for stem in sorted(fields.stems))
    yield from ((SIGNS["text"] + term, place + 1, "C" if part else "B") for place, term, part in fields.body)


def _quoted(lexeme: str) -> str:
    """A lexeme in the quotes of tsvector and tsquery."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
