"""Real files in, found again: the main job on the command line, with counts read independently by the csv module."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crm_core.app import App
from crm_core.guard import foreign_globals
from crm_core.operations import IMPORT
from crm_core.settings import Settings

Crm = Callable[..., subprocess.CompletedProcess[str]]
NYC = "1_service_requests/nyc_311_2024_04_1000.csv"


def result(done: subprocess.CompletedProcess[str], code: int = 0) -> Any:
    assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return json.loads(done.stdout)


def test_requests_come_in_once_and_are_found(crm: Crm, shared_data: Path, tmp_path: Path) -> None:
    data = tmp_path / "desk"
    with (shared_data / NYC).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    words = ("import", "requests", str(shared_data / NYC), "--mapping", "nyc311", "--json")

    first = result(crm(*words, data=data))
    again = result(crm(*words, data=data))

    assert (first["read"], first["created"], first["rejected"]) == (len(rows), len(rows), [])
    assert (again["read"], again["created"], again["unchanged"]) == (len(rows), 0, len(rows))
    with Looking(data) as app, app.reading() as services:
        stored = {request.external: request for request in services.root.requests.values()}
        assert set(stored) == {f"nyc311:{row['unique_key']}" for row in rows}
        for row in rows:
            request = stored[f"nyc311:{row['unique_key']}"]
            assert row["complaint_type"] in request.title or row["complaint_type"] in str(request.submission)
            assert (request.closed is not None) == (request.category in ("done", "cancelled"))
        assert foreign_globals(app.db.db.storage) == {}
    sample = next(row for row in rows if row["incident_address"] and row["resolution_description"])
    by_number = result(crm("find", sample["unique_key"], "--json", data=data))
    assert by_number[0]["kind"] == "request"
    by_words = result(crm("find", *sample["incident_address"].split()[:3], "--json", "--limit", "100", data=data))
    assert by_number[0]["id"] in {hit["id"] for hit in by_words}
    assert set(by_number[0]) == {"kind", "id", "title", "subtitle", "why"}


def run_import(app: App, kind: str, file: Path, mapping: str = "") -> Any:
    return IMPORT.run(app, {"kind": kind, "mapping": mapping}, file, lambda done, total: None)


@pytest.mark.parametrize(
    ("file", "mapping", "count"),
    [
        ("1_service_requests/boston_311_2022_100.csv", "boston311", 100),
        ("1_service_requests/sanfrancisco_2011_requests_250.json", "georeport", 250),
        ("1_service_requests/bloomington_2012/bloomington_requests.json", "georeport", 21),
    ],
)
def test_other_cities(shared_data: Path, tmp_path: Path, file: str, mapping: str, count: int) -> None:
    with writing(tmp_path / "desk") as app:
        first = run_import(app, "requests", shared_data / file, mapping)
        assert first["read"] == count
        assert first["created"] + len(first["rejected"]) == count
        assert run_import(app, "requests", shared_data / file, mapping)["unchanged"] == first["created"]


def test_a_dry_run_stores_nothing(crm: Crm, shared_data: Path, tmp_path: Path) -> None:
    data = tmp_path / "desk"
    words = ("import", "requests", str(shared_data / NYC), "--mapping", "nyc311", "--dry-run", "--json")
    assert result(crm(*words, data=data))["created"] == 1000
    with Looking(data) as app, app.reading() as services:
        assert len(services.root.requests) == 0


def test_contacts_bad_rows_are_named_and_good_ones_kept(crm: Crm, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "external_id,name,phone,national_id,city\n"
        "1,زهرا رضایی‌پور,۰۹۱۲۰۰۰۰۱۴۷,0499370899,قم\n"
        "2,علي محمدي,0912 345 67 89,,تهران\n"
        "3,,,,\n"
        "4,کسی با شمارهٔ بد,12,0499370898,\n",
        encoding="utf-8",
    )
    data = tmp_path / "desk"
    report = result(crm("import", "contacts", str(file), "--json", data=data))
    assert (report["read"], report["created"]) == (4, 3)
    assert [row["line"] for row in report["rejected"]] == [4]
    assert [row["line"] for row in report["warnings"]] == [5, 5], "two identifiers that cannot be are kept in the notes"
    for words in ("09120000147", "0912000", "ظهرا رضایی پور", "۰۴۹۹۳۷۰۸۹۹", "Zahra Rezaeepour"):
        hits = result(crm("find", words, "--json", data=data))
        assert [hit["title"] for hit in hits][:1] == ["زهرا رضایی‌پور"], words
    shown = result(crm("show", "contact", hits[0]["id"], "--json", data=data))
    assert {one["scheme"]: one["value"] for one in shown["identifiers"]} == {
        "phone": "+989120000147", "national_id": "0499370899",
    }
    file.write_text(file.read_text(encoding="utf-8").replace("تهران", "کرج"), encoding="utf-8")
    changed = result(crm("import", "contacts", str(file), "--json", data=data))
    assert (changed["created"], changed["updated"], changed["unchanged"]) == (0, 1, 2)


def test_likely_doubles_are_reported_not_merged(crm: Crm, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("name,phone\nزهرا رضایی پور,09120000147\nزهرا رضائی‌پور,+98 912 000 0147\n", encoding="utf-8")
    report = result(crm("import", "contacts", str(file), "--json", data=tmp_path / "desk"))
    assert report["created"] == 2
    assert [row["line"] for row in report["duplicates"]] == [3]


def test_real_contact_files(shared_data: Path, tmp_path: Path) -> None:
    files = [(path, "") for path in sorted((shared_data / "6_contacts_import/vcard_ez").glob("*.vcf"))]
    names = shared_data / "4_names_duplicates"
    files += [(names / "febrl1.csv", "febrl"), (names / "fake_1000.csv", "splink_fake1000")]
    with writing(tmp_path / "desk") as app:
        for file, mapping in files:
            first = run_import(app, "contacts", file, mapping)
            taken = first["created"] + first["unchanged"] + first["updated"]
            assert first["read"] == taken + len(first["rejected"]), file
            assert first["created"] > 0, file
            again = run_import(app, "contacts", file, mapping)
            assert (again["created"], again["updated"]) == (0, 0), file


def test_killed_anywhere_and_run_again_completes(
    crm: Crm, crm_words: tuple[str, ...], shared_data: Path, tmp_path: Path
) -> None:
    """SIGKILL at a moment nobody chose; the next run completes, nothing is there twice."""
    data = tmp_path / "desk"
    words = ["import", "requests", str(shared_data / NYC), "--mapping", "nyc311", "--data", str(data)]
    for _turn in range(3):
        process = subprocess.Popen([*crm_words, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not (data / "Data.fs").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(random.uniform(0, 2))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    report = result(crm(*words[:-2], "--json", data=data))
    assert report["created"] + report["unchanged"] == 1000
    with Looking(data) as app, app.reading() as services:
        externals = [request.external for request in services.root.requests.values()]
        assert len(externals) == len(set(externals)) == 1000
    assert result(crm("check", "--json", data=data), code=0)["requests"] == 1000


@contextmanager
def writing(data: Path) -> Iterator[App]:
    """An application of this process, for what needs no process of its own."""
    app = App.open(Settings(data, search="none"), plugins=[])
    yield app
    app.close()


class Looking:
    """An application opened read-only for looking at what a command stored."""

    def __init__(self, data: Path) -> None:
        self.app = App.open(Settings(data, search="none"), plugins=[], read_only=True)

    def __enter__(self) -> App:
        return self.app

    def __exit__(self, *_exc: object) -> None:
        self.app.close()
