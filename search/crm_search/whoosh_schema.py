"""The fields of the two Whoosh indexes, and documents as their values.

Values reach Whoosh as finished terms: the analysis is ours, so its own token machinery (slower, and blind to the two
forms of a word) is not used. Contacts have names and their beginnings; texts have positions, for phrases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from struct import Struct
from typing import Any

from whoosh import fields, formats

from crm_core.services.textsearch import Document
from crm_search.analysis import Terms, code_key
from crm_search.fields import TITLE_WEIGHT, key, name_forms

CONTACTS = "contacts"
TEXTS = "texts"
INDEXES = (CONTACTS, TEXTS)

VERSION = 1
"""Raised with every change of the fields or of what is stored: an index of another version is built anew."""

GRAM_MIN = 2
GRAM_MAX = 8

_uint = Struct("!I").pack


class Exact(fields.FieldType):
    """Given terms that are there or not: keys, ids, codes, beginnings of names. All matches weigh the same."""

    def __init__(self) -> None:
        super().__init__(format=formats.Existence(), analyzer=None, scorable=False)

    def index(self, value: Iterable[str], **options: Any) -> Iterator[tuple[bytes, int, float, bytes]]:
        """Postings of the terms ``value``."""
        for term in set(value):
            yield term.encode(), 1, 1.0, b""


class Counted(fields.FieldType):
    """Given terms with their weight: names and stems."""

    def __init__(self) -> None:
        super().__init__(format=formats.Frequency(), analyzer=None, scorable=True)

    def index(self, value: Mapping[str, float], **options: Any) -> Iterator[tuple[bytes, int, float, bytes]]:
        """Postings of ``value``: term → weight."""
        for term, weight in value.items():
            yield term.encode(), max(1, round(weight)), weight, _uint(max(1, round(weight)))


class Placed(fields.FieldType):
    """Given terms with weight and positions."""

    def __init__(self) -> None:
        super().__init__(format=formats.Positions(), analyzer=None, scorable=True)

    def index(self, value: Terms, **options: Any) -> Iterator[tuple[bytes, int, float, bytes]]:
        """Postings of all terms of ``value``."""
        encode = self.format.encode
        for term, positions in value.positions.items():
            yield term.encode(), len(positions), value.weights[term], encode(positions)


def schema(index: str) -> fields.Schema:
    """The fields of ``contacts`` or ``texts``. ``hit`` is all that is stored: (kind, id, contact, when)."""
    common = {"key": Exact(), "codes": Exact(), "stems": Counted(), "hit": fields.STORED()}
    if index == CONTACTS:
        return fields.Schema(text=Counted(), names=Counted(), beginnings=Exact(), **common)
    return fields.Schema(text=Placed(), contact=Exact(), kind=Exact(), **common)


def index_of(kind: str) -> str:
    """The index that holds documents of ``kind``."""
    return CONTACTS if kind == "contact" else TEXTS


def values(document: Document) -> dict[str, Any]:
    """``document`` as the values of the fields of its index."""
    terms = Terms()
    terms.add(document.title, TITLE_WEIGHT)
    terms.add(document.body)
    found: dict[str, Any] = {
        "key": (key(document.kind, document.id),),
        "codes": [code for code in map(code_key, document.codes) if code],
        "stems": terms.stems,
        "hit": (document.kind, document.id, document.contact, document.when),
    }
    if document.kind == "contact":
        names = list(name_forms(document.title))
        found["text"] = terms.weights
        found["names"] = dict.fromkeys(names, 1.0)
        found["beginnings"] = {name[:size] for name in names for size in range(GRAM_MIN, GRAM_MAX + 1)}
    else:
        found["text"] = terms
        found["kind"] = (document.kind,)
        if document.contact is not None:
            found["contact"] = (str(document.contact),)
    return found
