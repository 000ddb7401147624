"""The tantivy backend: the conformance suite, and what only its files can do wrong."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

pytest.importorskip("tantivy", reason="tantivy is not installed (extra `tantivy`)")

for module in ("crm_search.testing", "crm_search.testing_commits"):
    pytest.register_assert_rewrite(module)

from crm_core.services.textsearch import SearchUnavailable  # noqa: E402
from crm_search.tantivy_files import damage  # noqa: E402
from crm_search.tantivy_index import open_search  # noqa: E402
from crm_search.testing import TextSearchContract  # noqa: E402 (after the assertions are made readable)
from crm_search.testing_kit import contact, keys, text  # noqa: E402


class TestTantivy(TextSearchContract):
    opener = "crm_search.tantivy_index:open_search"

    def damage(self, folder: Path) -> None:
        for file in folder.glob("build-*/meta.json"):
            file.write_bytes(b"[]")


def test_leftovers_and_files_of_another_backend_are_removed(tmp_path: Path) -> None:
    (tmp_path / "build-0123456789ab").mkdir()
    (tmp_path / "manifest.json").write_bytes(b"{}")
    search = open_search(tmp_path)
    search.replace([text(1, "گل")], "a")
    search.replace([text(2, "گل")], "b")
    assert {entry.name.partition("-")[0] for entry in tmp_path.iterdir()} == {"build", "current", "writer.lock"}
    assert len(list(tmp_path.glob("build-*"))) == 1
    search.close()


def test_a_read_only_index_makes_no_file(tmp_path: Path) -> None:
    reader = open_search(tmp_path / "index", read_only=True)
    assert reader.cursor() is None
    assert sum(reader.count().values()) == 0
    reader.close()
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"build": "../..", "format": "0"}'])
def test_an_unreadable_pointer_is_an_index_that_was_not_built(tmp_path: Path, content: bytes) -> None:
    search = open_search(tmp_path)
    search.apply([text(1, "گل")], [], "a")
    (tmp_path / "current").write_bytes(content)
    assert search.cursor() is None
    search.replace([text(1, "گل")], "b")
    assert keys(search.search("گل")) == [("interaction", 1)]
    search.close()


def test_small_commits_are_merged(tmp_path: Path) -> None:
    """Each commit is a segment, and each question opens all: there never are many."""
    search = open_search(tmp_path)
    for number in range(1, 40):
        search.apply([text(number, "گل"), contact(number, "سارا")], [("contact", number - 1)], str(number))
    build = next(tmp_path.glob("build-*"))
    assert len(list(build.glob("*.term"))) <= 16
    assert len(search.search("گل", kind="interaction", limit=100)) == 39
    assert keys(search.search("سارا", kind="contact")) == [("contact", 39)]
    search.close()


@pytest.mark.parametrize("ending", ["idx", "term", "fast", "store"])
def test_files_that_make_tantivy_panic_are_an_index_that_has_to_be_built_anew(tmp_path: Path, ending: str) -> None:
    """A panic is no Exception: it would end the request without a page, and the thread that could build it anew."""
    search = open_search(tmp_path)
    search.replace([text(number, f"گل {number}") for number in range(1, 300)], "a")
    build = next(tmp_path.glob("build-*"))
    assert damage(build) == ""
    file = next(build.glob(f"*.{ending}"))
    whole = file.read_bytes()
    file.write_bytes(b"\xff" * (len(whole) - 120) + whole[-120:])
    search.close()

    search = open_search(tmp_path)
    for ask in (lambda: search.search("گل"), lambda: search.search("گل ۲"), search.count):
        with contextlib.suppress(SearchUnavailable):
            ask()
    assert damage(build) == file.name
    assert search.cursor() is None
    with pytest.raises(SearchUnavailable):
        search.search("گل")
    search.replace([text(1, "گل")], "b")
    assert keys(search.search("گل")) == [("interaction", 1)]
    assert search.cursor() == "b"
    search.close()


def test_a_question_that_fails_on_sound_files_keeps_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search = open_search(tmp_path)
    search.apply([text(1, "گل")], [], "a")
    with monkeypatch.context() as patch:
        patch.setattr("crm_search.tantivy_index.COLUMNS", ("nothing",))
        with pytest.raises(SearchUnavailable):
            search.search("گل")
    assert search.cursor() == "a"
    assert keys(search.search("گل")) == [("interaction", 1)]
    search.close()
