"""Who looked: appended to files, read back from all of them, whatever a crash left behind (architecture §5.11)."""

from __future__ import annotations

import json
import logging
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from crm_core.durations import DAY
from crm_core.looks import KEPT, KEPT_DAYS, TAIL, Looks
from crm_core.model.ids import now_ms


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "looks"


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.iterdir()) for line in path.read_text().splitlines()]


def test_the_last_opened_come_first_and_once(folder: Path) -> None:
    looks = Looks(folder)
    for at, contact in enumerate((11, 12, 13, 11)):
        looks.note(7, contact, 1000 + at)
    looks.note(8, 99, 5000)

    assert looks.recent(7, 10) == [11, 13, 12]
    assert looks.recent(7, 2) == [11, 13]
    assert looks.recent(8, 10) == [99]
    assert looks.recent(9, 10) == looks.recent(None, 10) == []


def test_a_line_holds_ids_only_and_files_are_for_the_owner(folder: Path) -> None:
    looks = Looks(folder)
    looks.note(7, 11, 1000)
    looks.note(None, 11, 1000)

    assert lines(folder) == [{"at": 1000, "user": "7", "contact": "11"}]
    (path,) = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_nothing_is_made_before_somebody_looks(folder: Path) -> None:
    assert Looks(folder).recent(7, 5) == []
    assert not folder.exists()


def test_every_process_has_a_file_and_reads_all_of_them(folder: Path) -> None:
    first, second = Looks(folder), Looks(folder)
    first.note(7, 11, 1000)
    assert second.recent(7, 5) == [11]
    second.note(7, 12, 2000)
    first.note(7, 13, 3000)

    assert first.recent(7, 5) == second.recent(7, 5) == Looks(folder).recent(7, 5) == [13, 12, 11]
    assert len(list(folder.iterdir())) == 2
    first.close()
    first.note(7, 14, 4000)
    assert len(list(folder.iterdir())) == 3, "old files stay"
    assert second.recent(7, 1) == [14]


def test_every_day_has_a_file_and_old_ones_go_when_the_next_is_begun(folder: Path) -> None:
    looks = Looks(folder)
    now = now_ms()
    looks.note(7, 11, now - 2 * DAY)
    looks.note(7, 12, now - 2 * DAY + 1)
    (first,) = folder.iterdir()
    looks.note(7, 13, now - DAY)
    (second,) = set(folder.iterdir()) - {first}
    assert [json.loads(line)["contact"] for line in first.read_text().splitlines()] == ["11", "12"]

    for path, days in ((first, KEPT_DAYS + 1), (second, KEPT_DAYS - 1)):
        os.utime(path, (now / 1000 - days * 86_400,) * 2)
    (folder / "notes.txt").touch()
    os.utime(folder / "notes.txt", (0, 0))
    looks.note(7, 14, now)

    assert not first.exists()
    assert second.exists()
    assert (folder / "notes.txt").exists(), "no file of looks"
    assert len(list(folder.glob("*.jsonl"))) == 2
    assert looks.recent(7, 5) == Looks(folder).recent(7, 5) == [14, 13]


def test_old_files_can_be_removed_without_a_look(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    looks = Looks(folder)
    assert looks.expire(now_ms()) == 0
    assert not folder.exists()
    looks.note(7, 11, 1000)
    (path,) = folder.iterdir()
    assert looks.expire(now_ms() + KEPT_DAYS * DAY - DAY) == 0
    assert looks.expire(now_ms() + KEPT_DAYS * DAY + DAY) == 1
    assert not path.exists()
    (folder / "1.jsonl").mkdir()  # what is no file cannot be removed as one
    with caplog.at_level(logging.ERROR):
        assert looks.expire(now_ms() + 2 * KEPT_DAYS * DAY) == 0
    assert "cannot be removed" in caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_does_not_write_into_its_parents_file(folder: Path) -> None:
    looks = Looks(folder)
    looks.note(7, 11, 1000)
    looks._pid += 1  # as the child sees it
    looks.note(7, 12, 2000)

    assert len(list(folder.iterdir())) == 2
    assert looks.recent(7, 5) == [12, 11]


@pytest.mark.parametrize("left", [
    b'{"at": 3000, "user": "7", "con', b"\xff\xfe\x00", b"[1]\n", b"null\n",
    b'{"at": "x", "user": "7", "contact": "1"}\n',
    b'{"at": 1, "user": 7, "contact": "1"}\n', b'{"at": true, "user": "7", "contact": "1"}\n', b"[" * 5000 + b"\n",
    b'{"at": 1, "user": "7", "contact": "99999999999999999999999"}\n',
])
def test_what_a_crash_left_behind_is_passed_over(folder: Path, left: bytes) -> None:
    looks = Looks(folder)
    looks.note(7, 11, 1000)
    (path,) = folder.iterdir()
    with path.open("ab") as file:
        file.write(left)

    assert Looks(folder).recent(7, 5) == looks.recent(7, 5) == [11]
    with path.open("ab") as file:
        file.write(b'\n{"at": 4000, "user": "7", "contact": "12"}\n')
    assert Looks(folder).recent(7, 5) == looks.recent(7, 5) == [12, 11]


def test_a_line_written_in_part_does_not_swallow_the_next(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = Looks(folder)
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:10]))
    looks.note(7, 11, 1000)
    monkeypatch.undo()
    looks.note(7, 12, 2000)

    assert looks.recent(7, 5) == [12]


def test_a_disk_that_takes_nothing_is_said_in_the_log(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_args: Any) -> int:
        raise OSError(28, "No space left on device")

    looks = Looks(folder)
    monkeypatch.setattr(os, "write", full)
    with caplog.at_level(logging.ERROR):
        looks.note(7, 11, 1000)

    assert "could not be noted" in caplog.text


def test_of_a_long_file_the_end_is_read(folder: Path) -> None:
    folder.mkdir()
    old = "".join(json.dumps({"at": n, "user": "7", "contact": str(n + 1)}) + "\n" for n in range(10_000))
    assert len(old) > TAIL
    (folder / "1.jsonl").write_text(old)

    looks = Looks(folder)
    assert looks.recent(7, 3) == [10_000, 9999, 9998]
    assert len(looks.recent(7, 10_000)) == KEPT
    looks.note(7, 5, 20_000)
    assert looks.recent(7, 2) == [5, 10_000]


def test_many_threads_write_whole_lines(folder: Path) -> None:
    looks = Looks(folder)

    def work(user: int) -> None:
        for contact in range(1, 101):
            looks.note(user, contact, contact)

    threads = [threading.Thread(target=work, args=(user,)) for user in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(lines(folder)) == 400
    assert all(looks.recent(user, 1) == [100] for user in (1, 2, 3, 4))
