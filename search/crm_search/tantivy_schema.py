"""The fields of a tantivy index, documents as their values, and formulas as tantivy queries.

Texts are handed over as finished tokens with places of ours: tantivy's tokenizers are not asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import tantivy

from crm_core.services.textsearch import KINDS, Document
from crm_search import analysis
from crm_search.fields import Fields, key
from crm_search.formula import NAME, AnyOf, Begins, Formula, Row, Term

FORMAT = f"1.{analysis.VERSION}-tantivy-{version('tantivy').rpartition('.')[0]}"
"""Raised with every change of what is stored: an index of another format is built anew."""

STATE_KEY = "state"
"""The key of the document that holds the cursor and the counts."""
FUZZY = 0.5
"""What a name with a slip counts."""
GRAM_MIN, GRAM_MAX = 2, 8
"""Letters of the beginnings of names."""


def schema() -> Any:
    """All fields. ``kind_id`` is a place in `KINDS`; ``contact_id`` is the contact plus 1, so that 0 means none."""
    builder = tantivy.SchemaBuilder()
    for name in ("key", "kind", "contact", "codes"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("beginnings", tokenizer_name="whitespace", index_option="basic")
    for name in ("stems", "names"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("text", tokenizer_name="whitespace", index_option="position")
    for name in ("kind_id", "id", "contact_id"):
        builder.add_unsigned_field(name, fast=True)
    builder.add_integer_field("when", fast=True)
    builder.add_text_field("state", stored=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


def document_of(document: Document) -> Any:
    """``document`` as its fields. Words of the title stand there twice: they count double."""
    fields = Fields(document)
    made = tantivy.Document()
    made.add_text("key", key(document.kind, document.id))
    made.add_text("kind", document.kind[0])
    if document.contact is not None:
        made.add_text("contact", str(document.contact))
        made.add_unsigned("contact_id", document.contact + 1)
    for code in fields.codes:
        made.add_text("codes", code)
    if fields.stems:
        made.add_text("stems", " ".join(sorted(fields.stems)))
    if fields.names:
        made.add_text("names", " ".join(fields.names))
        beginnings = {name[:size] for name in fields.names for size in range(GRAM_MIN, GRAM_MAX + 1)}
        made.add_text("beginnings", " ".join(sorted(beginnings)))
    placed = sorted((place, term) for place, term, _part in (*fields.title, *fields.title, *fields.body))
    if placed:
        tokens = [tantivy.Token(term, place, 0, 0) for place, term in placed]
        made.add_pre_tokenized_text("text", tantivy.PreTokenizedString("", tokens))
    made.add_unsigned("kind_id", KINDS.index(document.kind))
    made.add_unsigned("id", document.id)
    made.add_integer("when", document.when)
    return made


def state_document(state: str) -> Any:
    """The document of the cursor."""
    made = tantivy.Document()
    made.add_text("key", STATE_KEY)
    made.add_text("state", state)
    made.add_integer("when", 0)
    return made


class Render:
    """Formulas as queries of one schema."""

    def __init__(self, schema_: Any) -> None:
        self.schema = schema_

    def query(self, formula: Formula) -> Any:
        """``formula`` as a query; of alternatives the best one scores."""
        make = tantivy.Query
        if isinstance(formula, Term):
            return self._term(formula.field, formula.value, formula.part)
        if isinstance(formula, Begins):
            if formula.field == "names":  # typed all the time, while an automaton takes 4 ms to be built
                return self._term("beginnings", formula.value[:GRAM_MAX], formula.part)
            beginning = make.regex_query(self.schema, formula.field, re.escape(formula.value) + ".*")
            return make.boost_query(beginning, formula.part)
        if isinstance(formula, Row):
            return make.phrase_query(self.schema, "text", list(formula.values))
        forms = [self.query(form) for form in formula.forms]
        if isinstance(formula, AnyOf):
            return make.disjunction_max_query(forms)
        return make.boolean_query([(tantivy.Occur.Must, form) for form in forms])

    def names(self, spellings: Sequence[str]) -> Any:
        """Contacts with a name like each of ``spellings``, one letter wrong in any."""
        make = tantivy.Query
        ways = []
        for word in spellings:
            forms = [self._term("names", word, NAME)]
            if len(word) > 1:
                near = make.fuzzy_term_query(self.schema, "names", word, distance=1, transposition_cost_one=True)
                forms.append(make.boost_query(near, FUZZY))
            ways.append((tantivy.Occur.Must, make.disjunction_max_query(forms)))
        return make.boolean_query(ways)

    def within(self, wanted: Any, kinds: Sequence[str], contact: int | None) -> Any:
        """``wanted``, as far as it is of one of ``kinds`` (first letters) and belongs to ``contact``."""
        make = tantivy.Query
        limits = [make.term_set_query(self.schema, "kind", list(kinds))]
        if contact is not None:
            limits.append(make.term_query(self.schema, "contact", str(contact), "basic"))
        musts = [(tantivy.Occur.Must, make.const_score_query(limit, 0.0)) for limit in limits]
        return make.boolean_query([(tantivy.Occur.Must, wanted), *musts])

    def _term(self, field: str, value: str, part: float) -> Any:
        option = "basic" if field in ("codes", "beginnings") else "freq"
        return tantivy.Query.boost_query(tantivy.Query.term_query(self.schema, field, value, option), part)
