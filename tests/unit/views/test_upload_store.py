"""The store of files on their way: found by their session only, limited, and swept."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from crm_views.forms.uploads import SWEPT_AFTER, StoredUpload, UploadRefused, UploadStore

PDF = b"%PDF-1.7 content"


def put(store: UploadStore, session: str = "one", content: bytes = PDF, name: str = "a.pdf") -> StoredUpload:
    return store.put(session, io.BytesIO(content), name)


def test_a_file_is_found_by_its_session_only(tmp_path: Path) -> None:
    store = UploadStore(tmp_path / "new")
    kept = put(store)
    assert store.get("one", kept.uid) == kept
    with kept.open() as file:
        assert file.read() == PDF
    assert store.get("two", kept.uid) is None
    assert len(kept.uid) == 22
    assert "one" not in str(kept.path)


def test_a_stream_already_read_is_kept_whole(tmp_path: Path) -> None:
    stream = io.BytesIO(PDF)
    stream.read()
    assert UploadStore(tmp_path).put("one", stream, "a.pdf").path.read_bytes() == PDF


@pytest.mark.parametrize(
    "content, words", [(b"", "is empty"), (b"%PDF-" + b"x" * 2000, "larger"), (b"<html>", "is not accepted")])
def test_what_is_refused_leaves_nothing_behind(tmp_path: Path, content: bytes, words: str) -> None:
    store = UploadStore(tmp_path, max_bytes=1000)
    with pytest.raises(UploadRefused, match=words):
        put(store, content=content)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_session_keeps_so_many_at_most(tmp_path: Path) -> None:
    store = UploadStore(tmp_path, max_files=2)
    first = put(store)
    put(store)
    with pytest.raises(UploadRefused, match="Too many"):
        put(store)
    put(store, session="two")
    store.remove("one", first.uid)
    put(store)


def test_old_files_are_gone(tmp_path: Path) -> None:
    moments = [time.time()]
    store = UploadStore(tmp_path, ttl=60, clock=lambda: moments[0])
    kept = put(store)
    moments[0] += SWEPT_AFTER
    assert store.get("one", kept.uid) is None
    put(store, session="two")
    assert not kept.path.exists()
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("uid", ["", "../x", "a" * 21, "a" * 23, "a/b" + "a" * 19, "é" * 22])
def test_ids_are_no_paths(tmp_path: Path, uid: str) -> None:
    store = UploadStore(tmp_path)
    assert store.get("one", uid) is None
    store.remove("one", uid)


def test_what_a_user_keeps_is_counted_over_all_sessions(tmp_path: Path) -> None:
    store = UploadStore(tmp_path, max_files=3, max_total=3 * len(PDF))
    kept = [put(store, session=f"7.{name}") for name in ("one", "two")]
    assert store.get("7.one", kept[0].uid) == kept[0]
    assert store.get("7.two", kept[0].uid) is None
    with pytest.raises(UploadRefused, match="Too many"):
        put(store, session="7.three", content=PDF + PDF)
    put(store, session="7.three")
    with pytest.raises(UploadRefused, match="Too many"):
        put(store, session="7.four")
    put(store, session="8.one")


def test_everybodys_old_files_are_looked_for_rarely(tmp_path: Path) -> None:
    moments = [time.time()]
    store = UploadStore(tmp_path, ttl=60, clock=lambda: moments[0])
    kept = put(store, session="7.one")
    moments[0] += 61
    put(store, session="8.one")
    assert kept.path.exists()
    moments[0] += SWEPT_AFTER
    put(store, session="8.one")
    assert not kept.path.exists()
