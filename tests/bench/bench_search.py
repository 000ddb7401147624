"""Full text: the product's settings and guard against stock Whoosh, same documents, same questions, same run.

CRM_BENCH_N documents (default 5 000; a quarter contacts, the rest notes of 30 to 120 words by Zipf). Trust the ratios;
the absolute figures are those of this machine at this hour. `make bench-full` asks the same at 100,000 notes, and
keeps the two indexes, which take most of the time.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from whoosh import fields, index
from whoosh.qparser import MultifieldParser

from crm_core.services.textsearch import Document, TextSearch
from crm_search.whoosh_index import open_search

LETTERS = "ابپتجچحخدرزسشصطعغفقکگلمنوهی"
GIVEN = "علی محمد حسین رضا مهدی حسن احمد امیر سعید مجید فاطمه زهرا مریم زینب سارا نرگس مینا لیلا پریسا شیرین".split()  # noqa: SIM905
ENDINGS = ("ی", "زاده", "پور", "نژاد", "یان", "فر", "منش", "نیا")
DAY = 86_400_000


class City:
    """Documents and questions, the same for every run."""

    def __init__(self, size: int) -> None:
        self.size = size
        chance = random.Random(7)
        self.vocabulary = list({"".join(chance.choices(LETTERS, k=chance.choice((3, 4, 4, 5, 5, 6, 7))))
                                for _ in range(20_000)})
        self.vocabulary.sort()
        chance.shuffle(self.vocabulary)
        self.weights = list(accumulate(1 / (rank + 3) for rank in range(len(self.vocabulary))))
        self.families = [name + ending for name in self.vocabulary[:400] for ending in ENDINGS]

    def documents(self) -> Iterator[Document]:
        """All documents; even a second call gives the same."""
        chance = random.Random(11)
        for number in range(1, self.size + 1):
            yield self.contact(number, chance) if number % 4 == 0 else self.note(number, chance)

    def contact(self, number: int, chance: random.Random) -> Document:
        """A citizen."""
        name = f"{chance.choice(GIVEN)} {chance.choice(self.families)}"
        phone = f"09{chance.randrange(10**9):09}"
        return Document(number, "contact", number, name, " ".join(self.words(4, chance)), (phone,), number * DAY, None)

    def note(self, number: int, chance: random.Random) -> Document:
        """A conversation of some citizen."""
        words = self.words(chance.randrange(30, 121), chance)
        return Document(number, "interaction", 4 * chance.randrange(1, self.size // 4 + 1), " ".join(words[:4]),
                        " ".join(words), (f"{chance.randrange(10**10):010}",), number * DAY, None)

    def words(self, count: int, chance: random.Random) -> list[str]:
        """Words of a text."""
        return chance.choices(self.vocabulary, cum_weights=self.weights, k=count)

    def questions(self, count: int) -> dict[str, list[str]]:
        """What is asked, by kind."""
        chance = random.Random(99)
        notes = [document.body.split() for document in self.documents() if document.kind == "interaction"][:400]
        common, middling = self.vocabulary[:20], self.vocabulary[100:2000]
        asked: dict[str, list[str]] = {}
        asked["word"] = chance.choices(middling, k=count)
        asked["common word"] = chance.choices(common, k=count)
        often = self.vocabulary[20:200]
        asked["two words"] = [f"{chance.choice(middling)} {chance.choice(often)}" for _ in range(count)]
        asked["phrase"] = ['"' + " ".join(chance.choice(notes)[5:7]) + '"' for _ in range(count)]
        asked["name begun"] = [chance.choice(self.families)[:3] for _ in range(count)]
        asked["hostile"] = [
            chance.choice((f"{word[:2]}*", f"{word[:1]}*", " OR ".join(common[:6]), f"*{word[1:]}", "0* 1* 2* 3*"))
            for word in chance.choices(middling, k=count)
        ]
        return asked


class Stock:
    """Whoosh as its quick start shows it: one index, default writer, a searcher for each question."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        schema = fields.Schema(key=fields.ID(unique=True, stored=True), name=fields.TEXT, text=fields.TEXT,
                               codes=fields.KEYWORD, when=fields.NUMERIC(sortable=True, bits=64))
        there = index.exists_in(str(folder))
        self.index = index.open_dir(str(folder)) if there else index.create_in(str(folder), schema)
        self.parser = MultifieldParser(["name", "text"], self.index.schema)

    def build(self, documents: Iterator[Document]) -> None:
        """Everything in one commit."""
        writer = self.index.writer()
        for document in documents:
            writer.add_document(**self._values(document))
        writer.commit()

    def save(self, document: Document) -> None:
        """One update and its commit."""
        writer = self.index.writer()
        writer.update_document(**self._values(document))
        writer.commit()

    def search(self, words: str) -> list[Any]:
        """The first twenty."""
        with self.index.searcher() as searcher:
            return [hit["key"] for hit in searcher.search(self.parser.parse(words), limit=20)]

    @staticmethod
    def _values(document: Document) -> dict[str, Any]:
        return {"key": f"{document.kind}{document.id}", "text": f"{document.title} {document.body}",
                "name": document.title if document.kind == "contact" else "", "codes": " ".join(document.codes),
                "when": document.when}


def run() -> dict[str, Any]:
    """What `measured` says of CRM_BENCH_N documents, in indexes that are thrown away."""
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as folder:
        return measured(Path(folder), int(os.environ.get("CRM_BENCH_N", "5000")))


def measured(folder: Path, size: int) -> dict[str, Any]:
    """Milliseconds (p50, p95) by kind of question, stock and ours, and the ratio stock/ours of the p95.

    Ours looks for more at each question: forms of words, parts, stems, codes, two indexes. The indexes are built in
    ``folder`` where they are not there yet, and copied for what writes to them.
    """
    city = City(size)
    figures: dict[str, Any] = {"documents": size, **_built(folder, city)}
    with tempfile.TemporaryDirectory(prefix="asked-", dir=folder) as name:
        copy = Path(name)
        for one in ("stock", "ours"):
            shutil.copytree(folder / one, copy / one, ignore=shutil.ignore_patterns("*LOCK", "*.lock"))
        stock, ours = Stock(copy / "stock"), open_search(copy / "ours")
        try:
            _asked(figures, city, stock, ours)
            chance = random.Random(5)
            changed = [city.note(4 * number + 1, chance) for number in range(20)]
            stock_saves = [_seconds(stock.save, one) for one in changed]
            our_saves = [_seconds(ours.apply, [one], [], "1") for one in changed]
            _compare(figures, "save and commit", stock_saves, our_saves)
        finally:
            ours.close()
    return figures


def _built(folder: Path, city: City) -> dict[str, float]:
    """Documents a second of both, as noted when the indexes in ``folder`` were built, which is now if need be."""
    figures: dict[str, float] = {}
    for name in ("stock", "ours"):
        note = folder / f"{name}.json"
        if name == "ours":
            ours = open_search(folder / name)
            try:
                if not note.exists() or ours.cursor() is None:  # None: it was of another version of the index
                    _note(note, city.size / _seconds(ours.replace, city.documents(), "0"))
            finally:
                ours.close()
        elif not note.exists():
            shutil.rmtree(folder / name, ignore_errors=True)
            _note(note, city.size / _seconds(Stock(folder / name).build, city.documents()))
        figures[f"build {name} docs/s"] = json.loads(note.read_text("utf-8"))
    return figures


def _note(path: Path, value: float) -> None:
    path.write_text(json.dumps(value), "utf-8")


def _asked(figures: dict[str, Any], city: City, stock: Stock, ours: TextSearch) -> None:
    """Each question to one and at once to the other, so that whatever else the machine does falls on both alike."""
    every: dict[str, tuple[list[float], list[float]]] = {kind: ([], []) for kind in ("ordinary", "all")}
    for kind, asked in city.questions(30).items():
        ours.search(asked[0])  # opens the commit of before; the stock way opens it each time
        theirs = [f"{words}*" for words in asked] if kind == "name begun" else asked
        of_stock: list[float] = []
        of_ours: list[float] = []
        for stock_words, our_words in zip(theirs, asked, strict=True):
            of_stock.append(_seconds(stock.search, stock_words))
            of_ours.append(_seconds(ours.search, our_words))
        _compare(figures, kind, of_stock, of_ours)
        for total in ("all",) if kind == "hostile" else ("ordinary", "all"):
            every[total][0].extend(of_stock)
            every[total][1].extend(of_ours)
    for total, (of_stock, of_ours) in every.items():
        _compare(figures, f"{total} questions", of_stock, of_ours)
    names = [name[:2] + "م" + name[3:] for name in random.Random(3).choices(city.families, k=30)]
    misspelt = [_seconds(ours.fuzzy_names, name) for name in names]
    figures["name misspelt ours p95 ms"] = _percentile(misspelt, 0.95)


def _compare(figures: dict[str, Any], kind: str, stock: list[float], ours: list[float]) -> None:
    for name, times in (("stock", stock), ("ours", ours)):
        figures[f"{kind} {name} p50 ms"] = _percentile(times, 0.5)
        figures[f"{kind} {name} p95 ms"] = _percentile(times, 0.95)
    figures[f"{kind} ratio p95"] = _percentile(stock, 0.95) / _percentile(ours, 0.95)


def _percentile(seconds: list[float], share: float) -> float:
    return 1000 * sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))]


def _seconds(work: Callable[..., Any], *arguments: Any) -> float:
    begin = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - begin
