"""Four writers with think time against a reader, on each storage: nothing missing or doubled (architecture §6)."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm_core import journal
from crm_core.app import App
from crm_core.db import Database, root_of
from crm_core.journal import Cursor
from crm_core.model import journal as stored_journal
from crm_core.testing.crowd import together

SCRIPT = Path(__file__).with_name("writing_process.py")
WRITERS = 4


def script() -> Any:
    spec = importlib.util.spec_from_file_location("writing_process", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Reader(threading.Thread):
    """Reads the journal in small batches until it is told that the writers are done, and then to the end."""

    def __init__(self, db: Database) -> None:
        super().__init__()
        self.db = db
        self.done = threading.Event()
        self.seen: list[tuple[int, int, int]] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._read()
        except BaseException as error:  # noqa: BLE001  # the test raises it
            self.error = error

    def _read(self) -> None:
        cursor: str | None = None
        while True:
            finishing = self.done.is_set()
            with self.db.reading() as connection:
                entries, after = journal.read(root_of(connection), Cursor.parse(cursor), 7)
                self.seen += [(entry.subject[1], entry.contact or 0, entry.at) for entry in entries]
            cursor = str(after)
            if not entries:
                if finishing:
                    return
                self.done.wait(0.01)


def check(reader: Reader, transactions: int) -> None:
    """Missing 0, doubled 0, and per contact the order in which they were committed."""
    wanted = {writer * 100_000 + number * 10 + part
              for writer in range(1, WRITERS + 1) for number in range(transactions) for part in range(1 + number % 3)}
    ids = Counter(uid for uid, _contact, _at in reader.seen)
    assert wanted - set(ids) == set(), "missing"
    assert [uid for uid, times in ids.items() if times > 1] == [], "doubled"
    assert set(ids) == wanted
    counted: defaultdict[int, list[int]] = defaultdict(list)
    free: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for uid, contact, at in reader.seen:
        if at:
            counted[contact].append(at)
        else:
            free[contact, uid // 100_000].append(uid)
    for contact, numbers in counted.items():
        assert numbers == list(range(1, len(numbers) + 1)), f"order of contact {contact}"
    for pair, uids in free.items():
        assert uids == sorted(uids), f"order of contact and writer {pair}"


def say(storage: str, failed: int, transactions: int) -> None:
    share = 100 * failed / (WRITERS * transactions)
    print(f"\njournal on {storage}: {share:.1f} failed tries per 100 commits, mostly of the test's own counters")


def count_segments(db: Database) -> int:
    with db.reading() as connection:
        return max(len(stream.segments) for stream in root_of(connection).journal)


@pytest.mark.parametrize("size", [64, 4])
def test_four_threads_and_a_reader_on_filestorage(app: App, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """§6, FileStorage: threads of one process. With tiny segments one is sealed under somebody's hands all the time."""
    monkeypatch.setattr(stored_journal, "SEGMENT_SIZE", size)
    transactions = 100
    module = script()
    module.prepare(app.db)
    reader = Reader(app.db)
    reader.start()
    failed = together(lambda n: module.write(app.db, n + 1, transactions), WRITERS)
    reader.done.set()
    reader.join()
    assert reader.error is None, reader.error
    check(reader, transactions)
    assert count_segments(app.db) > 1
    say("FileStorage", sum(failed), transactions)


@pytest.fixture(params=[pytest.param("zeo", marks=pytest.mark.zeo),
                        pytest.param("postgresql", marks=pytest.mark.postgresql)])
def server_uri(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param, str(request.getfixturevalue(f"{request.param}_uri"))


def test_four_processes_and_a_reader(
    server_uri: tuple[str, str], open_app: Callable[..., App]
) -> None:
    """§6, ZEO and PostgreSQL: every writer is a process of its own, as on a grown installation."""
    kind, uri = server_uri
    transactions = 80
    app = open_app(zodburi=uri)
    script().prepare(app.db)
    reader = Reader(app.db)
    reader.start()
    writers = [
        subprocess.Popen([sys.executable, str(SCRIPT), uri, str(number + 1), str(transactions)],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for number in range(WRITERS)
    ]
    ended = [(writer.communicate(), writer.returncode) for writer in writers]
    reader.done.set()
    reader.join()
    assert [error for (_out, error), code in ended if code] == []
    assert reader.error is None, reader.error
    check(reader, transactions)
    failed = sum(int(out) for (out, _error), _code in ended)
    say(kind, failed, transactions)
