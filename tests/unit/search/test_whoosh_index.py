"""The Whoosh backend: the conformance suite, and what only its files can do wrong."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crm_core.services.textsearch import Document, SearchUnavailable

for module in ("crm_search.testing", "crm_search.testing_commits"):
    pytest.register_assert_rewrite(module)

from crm_search import whoosh_files  # noqa: E402 (after the assertions are made readable)
from crm_search.testing import TextSearchContract  # noqa: E402
from crm_search.testing_kit import contact, keys, text  # noqa: E402
from crm_search.whoosh_files import Folder  # noqa: E402
from crm_search.whoosh_index import WhooshSearch, open_search  # noqa: E402


class TestWhoosh(TextSearchContract):
    opener = "crm_search.whoosh_index:open_search"

    def damage(self, folder: Path) -> None:
        for file in folder.glob("build-*/*.trm"):
            file.write_bytes(file.read_bytes()[:-20])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def search(folder: Path) -> Iterator[WhooshSearch]:
    search = open_search(folder)
    yield search
    search.close()


def _manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / whoosh_files.MANIFEST).read_text(encoding="utf-8"))


def _spoil(file: Path, content: bytes) -> None:
    file.write_bytes(content)


@pytest.mark.parametrize("how", ["truncated", "zeroed", "one byte", "missing", "toc", "no build", "no manifest",
                                 "empty manifest", "other format", "list", "unknown key"])
def test_every_kind_of_damage_ends_in_an_empty_index(folder: Path, search: WhooshSearch, how: str) -> None:
    search.apply([contact(1, "سارا"), text(2, "گل")], [], "a")
    search.close()
    manifest = folder / whoosh_files.MANIFEST
    build = next(folder.glob("build-*"))
    largest = max(build.iterdir(), key=lambda file: file.stat().st_size)
    content = largest.read_bytes()
    if how == "truncated":
        _spoil(largest, content[: len(content) // 2])
    elif how == "zeroed":  # what a power cut leaves of a file that was never synced
        _spoil(largest, bytes(len(content)))
    elif how == "one byte":
        _spoil(largest, content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    elif how == "missing":
        largest.unlink()
    elif how == "toc":
        _spoil(build / "_texts_1.toc", b"")
    elif how == "no build":
        shutil.rmtree(build)
    elif how == "no manifest":
        manifest.unlink()
    elif how == "empty manifest":
        _spoil(manifest, b"")
    elif how == "other format":
        _spoil(manifest, json.dumps({**_manifest(folder), "format": "0"}).encode())
    elif how == "list":
        _spoil(manifest, b"[]")
    else:
        _spoil(manifest, json.dumps({**_manifest(folder), "colour": 1}).encode())

    again = open_search(folder)
    assert again.cursor() is None
    assert sum(again.count().values()) == 0
    again.replace([text(2, "گل")], "b")
    assert keys(again.search("گل")) == [("interaction", 2)]
    again.close()


def test_an_index_deleted_below_a_running_process_is_built_anew(folder: Path, search: WhooshSearch) -> None:
    search.apply([text(2, "گل")], [], "a")
    shutil.rmtree(folder)
    assert search.cursor() is None
    with pytest.raises(SearchUnavailable):
        search.search("گل")
    with pytest.raises(SearchUnavailable):
        search.apply([text(3, "گل")], [], "b")
    with pytest.raises(SearchUnavailable):
        search.apply([text(3, "گل")], [], "b")
    search.replace([text(2, "گل")], "c")
    assert keys(search.search("گل")) == [("interaction", 2)]


def test_an_index_thrown_away_by_another_process_is_not_continued(folder: Path, search: WhooshSearch) -> None:
    search.apply([text(1, "گل")], [], "a")
    assert search.cursor() == "a"
    other = open_search(folder)
    other.reset()
    other.close()
    with pytest.raises(SearchUnavailable):
        search.apply([text(2, "گل")], [], "b")
    assert search.cursor() is None


def test_leftovers_of_a_crash_are_swept(folder: Path, search: WhooshSearch) -> None:
    search.apply([text(1, "گل")], [], "a")
    build = next(folder.glob("build-*"))
    published = _manifest(folder)
    for name in ("texts_0123456789abcdef.trm", "_texts_2.toc", "_contacts_9.toc"):
        (build / name).write_bytes(b"half")
    (build / "texts.tmp").mkdir()
    (folder / "build-000000000000").mkdir()
    (folder / "manifest.json.new").write_bytes(b"{")
    search.apply([text(2, "گل")], [], "b")
    search.apply([text(3, "گل")], [], "c")
    assert len(search.search("گل")) == 3
    assert {entry.name for entry in folder.iterdir()} == {"manifest.json", "writer.lock", build.name}
    assert not (build / "texts.tmp").exists()
    assert not (build / "_contacts_9.toc").exists()
    assert not set(published["files"]) & {"_texts_2.toc"}


def test_a_reader_keeps_its_files_while_commits_go_on(folder: Path, search: WhooshSearch) -> None:
    search.apply([text(number, "گل", f"باغ {number}") for number in range(20)], [], "a")
    manifest = Folder(folder).read()
    assert manifest is not None
    old = Folder(folder).searchers(manifest)
    for number in range(1, 6):
        search.apply([text(number, "گل")], [], str(number))
    search.replace([text(1, "گل")], "z")
    searcher = old["texts"]
    assert searcher.doc_count() == 20
    assert {searcher.stored_fields(number)["hit"][1] for number in range(20)} == set(range(20))
    for opened in old.values():
        whoosh_files.close_files(opened)


def test_small_segments_are_merged(folder: Path, search: WhooshSearch) -> None:
    for number in range(1, 60):
        search.apply([text(number, "گل"), contact(number, "سارا")], [("contact", number - 1)], str(number))
    files = _manifest(folder)["files"]
    assert isinstance(files, dict)
    for index in ("texts", "contacts"):
        segments = [name for name in files if name.startswith(f"{index}_") and name.endswith(".trm")]
        assert len(segments) <= whoosh_files.MANY_SEGMENTS
    assert len(search.search("گل", kind="interaction", limit=100)) == 59
    assert keys(search.search("سارا", kind="contact")) == [("contact", 59)]


def test_two_writers_wait_for_each_other_and_readers_for_nobody(folder: Path, search: WhooshSearch) -> None:
    search.apply([text(1, "گل")], [], "a")
    reader = open_search(folder, read_only=True)
    with Folder(folder).lock(1):
        assert keys(search.search("گل")) == [("interaction", 1)]
        assert keys(reader.search("گل")) == [("interaction", 1)]
        with pytest.raises(SearchUnavailable), Folder(folder).lock(0):
            pass
        late = open_search(folder, read_only=True)
        assert late.cursor() == "a"
        late.close()
    reader.close()


def test_a_read_only_index_makes_no_file(folder: Path) -> None:
    reader = open_search(folder, read_only=True)
    assert reader.cursor() is None
    with pytest.raises(SearchUnavailable):
        reader.search("گل")
    reader.close()
    assert not folder.exists()


def test_a_past_deadline_answers_with_what_there_is(folder: Path, search: WhooshSearch) -> None:
    search.apply([text(number, "گل") for number in range(30)], [], "a")
    search.deadline = -1.0
    assert search.search("گل") == []
    search.deadline = 10.0
    assert len(search.search("گل", limit=50)) == 30


@pytest.mark.parametrize("seed", [1, 2])
def test_answers_are_those_of_a_plain_scan(folder: Path, search: WhooshSearch, seed: int) -> None:
    """Many segments, updates and deletions: neither lost nor doubled nor stale, and the first page is the best."""
    chance = random.Random(seed)
    vocabulary = [f"w{number}" for number in range(60)]
    weights = [1 / (number + 2) for number in range(60)]
    stored: dict[tuple[str, int], Document] = {}
    for batch in range(25):
        documents = [
            text(chance.randrange(800), "", " ".join(chance.choices(vocabulary, weights, k=chance.randrange(1, 50))),
                 kind=chance.choice(("interaction", "request")), of=chance.randrange(5))
            for _ in range(chance.randrange(1, 40))
        ]
        gone = [(chance.choice(("interaction", "request")), chance.randrange(800)) for _ in range(5)]
        search.apply(documents, gone, str(batch))
        for kind, id_ in gone:
            stored.pop((kind, id_), None)
        stored.update({(document.kind, document.id): document for document in documents})

    assert sum(search.count().values()) == len(stored)
    for _ in range(120):
        wanted = chance.sample(vocabulary, chance.randrange(1, 5))
        only = chance.choice((None, "interaction", "request"))
        of = chance.choice((None, None, 3))
        expected = {
            key for key, document in stored.items()
            if set(wanted) <= set(document.body.split()) and only in (None, key[0]) and of in (None, document.contact)
        }
        every = search.search(" ".join(wanted), kind=only, contact=of, limit=500)
        first = search.search(" ".join(wanted), kind=only, contact=of, limit=5)
        assert set(keys(every)) == expected, (wanted, only, of)
        assert [round(hit.score, 5) for hit in first] == [round(hit.score, 5) for hit in every[:5]]
