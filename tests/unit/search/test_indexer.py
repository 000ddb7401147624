"""The indexer: draining, rebuilding, going on after errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core.services.textsearch import Document, NullSearch, SearchUnavailable, TextSearch
from crm_search.indexer import Indexer, Source
from crm_search.testing_kit import keys, text
from crm_search.whoosh_index import open_search

Entry = tuple[str, int]


class Desk:
    """A journal and its objects in memory: what the ZODB is for the product."""

    def __init__(self) -> None:
        self.objects: dict[int, Document] = {}
        self.journal: list[Entry] = []
        self.scans = 0
        self.broken: Exception | None = None

    def save(self, id_: int, words: str) -> None:
        self.objects[id_] = text(id_, words)
        self.journal.append(("interaction", id_))

    def remove(self, id_: int) -> None:
        del self.objects[id_]
        self.journal.append(("interaction", id_))

    def start_cursor(self) -> str:
        return str(len(self.journal))

    def batch(self, cursor: str, limit: int) -> tuple[list[Entry], str]:
        if self.broken is not None:
            raise self.broken
        entries = self.journal[int(cursor) : int(cursor) + limit]
        return entries, str(int(cursor) + len(entries))

    def documents(self, entries: list[Entry]) -> tuple[list[Document], list[Entry]]:
        ids = {id_ for _kind, id_ in entries}
        return ([self.objects[id_] for id_ in ids if id_ in self.objects],
                [("interaction", id_) for id_ in ids if id_ not in self.objects])

    def scan(self) -> Iterator[Document]:
        self.scans += 1
        yield from list(self.objects.values())

    def lag(self, cursor: str) -> int:
        return len(self.journal) - int(cursor)


@pytest.fixture
def search(tmp_path: Path) -> Iterator[TextSearch]:
    search = open_search(tmp_path / "index")
    yield search
    search.close()


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_first_step_builds_from_a_scan(search: TextSearch, desk: Desk) -> None:
    source: Source[Entry] = desk
    for number in range(1, 6):
        desk.save(number, "چراغ")
    indexer = Indexer(search, source)
    assert indexer.lag() is None
    assert indexer.step() == 5
    assert indexer.lag() == 0
    assert indexer.step() == 0
    assert len(search.search("چراغ")) == 5
    assert desk.scans == 1


def test_an_empty_desk_is_caught_up_at_once(search: TextSearch, desk: Desk) -> None:
    assert Indexer(search, desk).run_until_caught_up() == 1
    assert search.cursor() == "0"
    assert search.search("چراغ") == []


def test_changes_are_drained_in_batches(search: TextSearch, desk: Desk) -> None:
    indexer = Indexer(search, desk, batch=4)
    indexer.run_until_caught_up()
    for number in range(1, 11):
        desk.save(number, "چراغ")
    desk.save(3, "آسفالت")
    desk.remove(5)
    assert indexer.lag() == 12
    seen: list[int] = []
    assert indexer.run_until_caught_up(seen.append) == 12
    assert seen == [4, 8, 12]
    assert len(search.search("چراغ")) == 8
    assert keys(search.search("آسفالت")) == [("interaction", 3)]
    assert desk.scans == 1


def test_a_lost_index_is_built_anew(search: TextSearch, desk: Desk) -> None:
    desk.save(1, "چراغ")
    indexer = Indexer(search, desk)
    indexer.run_until_caught_up()
    search.reset()
    desk.save(2, "چراغ")
    indexer.run_until_caught_up()
    assert len(search.search("چراغ")) == 2
    assert desk.scans == 2


def test_what_is_saved_during_a_rebuild_is_not_missed(search: TextSearch, desk: Desk) -> None:
    for number in range(1, 4):
        desk.save(number, "چراغ")
    scan = desk.scan

    def busy() -> Iterator[Document]:
        for document in scan():
            if document.id == 1:
                desk.save(9, "چراغ")
                desk.remove(3)
            yield document

    desk.scan = busy  # type: ignore[method-assign]
    indexer = Indexer(search, desk)
    assert indexer.rebuild() == 3
    assert indexer.lag() == 2
    indexer.run_until_caught_up()
    assert {key[1] for key in keys(search.search("چراغ"))} == {1, 2, 9}


def test_a_failed_step_is_done_again(search: TextSearch, desk: Desk) -> None:
    indexer = Indexer(search, desk)
    indexer.run_until_caught_up()
    desk.save(1, "چراغ")
    desk.broken = ConnectionError("the database is away")
    with pytest.raises(ConnectionError):
        indexer.step()
    desk.broken = None
    assert indexer.run_until_caught_up() == 1
    assert len(search.search("چراغ")) == 1


def test_full_text_switched_off_costs_nothing(desk: Desk) -> None:
    search = NullSearch()
    desk.save(1, "چراغ")
    indexer = Indexer(search, desk)
    indexer.run_until_caught_up()
    desk.save(2, "چراغ")
    indexer.run_until_caught_up()
    assert indexer.lag() == 0
    assert search.search("چراغ") == []
    assert isinstance(search, TextSearch)


def test_broken_full_text_says_so() -> None:
    search = NullSearch("no space on the disk")
    with pytest.raises(SearchUnavailable, match="no space"):
        search.search("چراغ")
    with pytest.raises(SearchUnavailable):
        search.fuzzy_names("سارا")
    search.apply([], [], "a")
    assert search.count() == {"contact": 0, "interaction": 0, "request": 0}
