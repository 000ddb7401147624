"""A guarded question as a formula over the fields of `crm_search.fields`, for backends with boolean queries of theirs.

Each form of a word has a ``part``: how much it counts beside the word as it was typed (1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from crm_search.analysis import affix, searchable
from crm_search.query import MAX_TERMS, Clause, Question

Field = Literal["text", "stems", "codes", "names"]

STEM, PART, NAME, BEGINNING, CODE = 0.4, 0.6, 2.0, 0.5, 2.0
SHORTEST_NAME = 2
"""Letters from which on the beginning of a name is looked for."""


@dataclass(frozen=True, slots=True)
class Term:
    """``value`` occurs in ``field``."""

    field: Field
    value: str
    part: float = 1.0


@dataclass(frozen=True, slots=True)
class Begins:
    """A term of ``field`` begins with ``value``."""

    field: Field
    value: str
    part: float


@dataclass(frozen=True, slots=True)
class Row:
    """``values`` stand in the text one after the other."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of ``forms``; the best of them counts."""

    forms: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Every:
    """All of ``forms``."""

    forms: tuple[Formula, ...]


Formula: TypeAlias = Term | Begins | Row | AnyOf | Every


def of_texts(question: Question) -> Formula | None:
    """What to look for in interactions and requests; None: nothing can match."""
    return _question(question, _word)


def of_contacts(question: Question) -> Formula | None:
    """What to look for in contacts; None: nothing can match."""
    return _question(question, _named)


def leaves(formula: Formula) -> Iterator[Term | Begins]:
    """The terms of a formula, those of rows included."""
    if isinstance(formula, Term | Begins):
        yield formula
    elif isinstance(formula, Row):
        yield from (Term("text", value) for value in formula.values)
    else:
        for form in formula.forms:
            yield from leaves(form)


def any_of(forms: Sequence[Formula]) -> Formula | None:
    """One of ``forms``, written as shortly as can be; None: there are none."""
    once = tuple(dict.fromkeys(forms))
    return (AnyOf(once) if len(once) > 1 else once[0]) if once else None


def every(forms: Sequence[Formula]) -> Formula | None:
    """All of ``forms``; None: there are none."""
    once = tuple(dict.fromkeys(forms))
    return (Every(once) if len(once) > 1 else once[0]) if once else None


def _question(question: Question, word: Callable[[Clause], Formula | None]) -> Formula | None:
    groups = [group for group in map(word, question.clauses) if group is not None]
    if len(groups) < len(question.clauses):
        groups = []  # one of the words can not be found in any form
    ways = [way for way in [every(groups)] if way is not None]
    for join in question.joins if groups else ():
        together = AnyOf((Term("text", join.joined), Term("codes", join.joined, CODE)))
        way = every([*groups[: join.first], together, *groups[join.last + 1 :]])
        ways += [way] if way is not None else []
    if question.code:
        ways.append(Term("codes", question.code, CODE))
    return any_of(ways)


def _word(clause: Clause) -> Formula | None:
    return _phrase(clause) if len(clause.words) > 1 else any_of(list(_forms(clause)))


def _forms(clause: Clause) -> Iterator[Formula]:
    word = clause.words[0]
    yield Term("text", word.joined)
    yield Term("codes", word.joined, CODE)
    yield Term("stems", word.joined, STEM)
    for stem in clause.stems:
        yield Term("text", stem, STEM)
        yield Term("stems", stem, STEM)
    parts = [part for part in dict.fromkeys(word.parts) if not affix(part)]
    if 1 < len(parts) <= MAX_TERMS:
        yield Every(tuple(Term("text", part, PART) for part in parts))
    if clause.prefix:
        yield Begins("text", word.joined, PART)


def _phrase(clause: Clause) -> Formula | None:
    """The words in a row; also with compounds written apart, or any two neighbours as one word."""
    joined = [word.joined for word in clause.words]
    rows = [joined]
    apart = [part for word in clause.words for part in word.parts if not affix(part) and searchable(part)]
    if len(apart) > len(joined):
        rows.append(apart[: 2 * MAX_TERMS])
    rows += [[*joined[:place], first + second, *joined[place + 2 :]]
             for place, (first, second) in enumerate(pairwise(joined))]
    return any_of([Row(tuple(row)) if len(row) > 1 else Term("text", row[0]) for row in rows])


def _named(clause: Clause) -> Formula | None:
    if len(clause.words) > 1:  # names have no order: the words of a phrase must all be there
        groups = [_named(Clause((word,))) for word in clause.words]
        return every([group for group in groups if group is not None])
    word = clause.words[0].joined
    forms: list[Formula] = [Term("names", word, NAME), *_forms(clause)]
    if len(word) >= SHORTEST_NAME:
        forms.append(Begins("names", word, BEGINNING))
    return any_of(forms)
