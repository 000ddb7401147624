"""Real Persian sentences: each is found by its own words, spelt its way or another, and often by their base forms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crm_core.services.textsearch import TextSearch
from crm_search.query import parse
from crm_search.testing_kit import text
from crm_search.whoosh_index import open_search

HALF_SPACE = "\u200c"


@pytest.fixture(scope="module")
def sentences(shared_data: Path) -> list[dict[str, Any]]:
    folder = shared_data / "8_persian_text"
    rows = [json.loads(line) for name in ("ud_seraji_dev.jsonl", "ud_perdt_dev.jsonl", "farstail_passages_val.jsonl")
            for line in (folder / name).read_text(encoding="utf-8").splitlines()]
    assert len(rows) > 2500
    return rows


@pytest.fixture(scope="module")
def search(sentences: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TextSearch]:
    search = open_search(tmp_path_factory.mktemp("persian") / "index")
    search.deadline = 60.0  # completeness is asked for here, not speed
    search.replace((text(place, "", row["text"], of=place) for place, row in enumerate(sentences)), "a")
    yield search
    search.close()


def _found(search: TextSearch, words: str, place: int) -> bool:
    return any(hit.id == place for hit in search.search(words, limit=100))


def test_a_sentence_is_found_by_its_own_words(search: TextSearch, sentences: list[dict[str, Any]]) -> None:
    chosen = [(place, row["text"]) for place, row in enumerate(sentences) if place % 5 == 0 and parse(row["text"])]
    assert len(chosen) > 500
    assert [words for place, words in chosen if not _found(search, words, place)] == []


def test_a_sentence_is_found_by_its_words_spelt_otherwise(search: TextSearch, sentences: list[dict[str, Any]]) -> None:
    arabic = str.maketrans("یک", "يك")
    missed = []
    for place, row in enumerate(sentences):
        words = row["text"]
        if place % 25 or not parse(words):
            continue
        spaced, joined = words.replace(HALF_SPACE, " "), words.replace(HALF_SPACE, "")
        for other in (words.translate(arabic), spaced, joined, f"{words} " * 3):
            if not _found(search, other, place):
                missed.append(other)
    assert missed == []


def test_a_sentence_is_found_by_a_phrase_of_it(search: TextSearch, sentences: list[dict[str, Any]]) -> None:
    missed = []
    for place, row in enumerate(sentences):
        words = row["text"].split()
        phrase = " ".join(words[2:6])
        if place % 10 == 0 and sum(len(clause.words) for clause in parse(f'"{phrase}"').clauses) > 1:
            hits = search.search(f'"{phrase}"', contact=place)
            if [hit.id for hit in hits] != [place]:
                missed.append(phrase)
    assert missed == []


def test_base_forms_find_their_forms(
    search: TextSearch, sentences: list[dict[str, Any]], record_property: Any
) -> None:
    """A score more than a promise: endings and listed plurals are looked after, verbs are left alone."""
    found: dict[str, list[bool]] = {"NOUN": [], "VERB": []}
    for place, row in enumerate(sentences):
        for _form, lemma, kind in row.get("nouns", ()):
            if place % 4 == 0 and parse(lemma):
                found[kind].append(bool(search.search(lemma, contact=place)))
    shares = {kind: sum(hits) / len(hits) for kind, hits in found.items()}
    for kind, share in shares.items():
        record_property(f"lemma recall {kind}", round(share, 3))
    print(*(f"{kind}: {share:.3f} of {len(found[kind])}" for kind, share in shares.items()))
    assert shares["NOUN"] > 0.85
