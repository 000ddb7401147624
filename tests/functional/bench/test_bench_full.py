"""The long bench goes on where it stopped, and its figures have the shape that others read."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from crm_core.app import App
from crm_core.settings import Settings

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCH))
    import full
    import office

    monkeypatch.setattr(office, "LONG_HISTORY", 20)
    yield full
    for name in [*sys.modules]:
        if str(BENCH) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_filling_goes_on_where_it_stopped(full: Any, tmp_path: Path) -> None:
    assert not full.fill(tmp_path, 200, "none", portion=50, most=2)
    before = full_notes(tmp_path)
    note = tmp_path / "portions" / "00000050.json"
    note.rename(note.with_suffix(".tmp"))  # as if it had stopped between the commit and the note
    assert full.fill(tmp_path, 200, "none", portion=50)
    known = full.known_of(tmp_path)
    assert len(before) == 2 and before.items() <= full_notes(tmp_path).items()
    assert len(set(known["contacts"])) == len(set(known["phones"])) == 200
    app = App.open(Settings(tmp_path / "data", search="none"))
    try:
        with app.reading() as services:
            contact = services.contacts.get(known["contacts"][-1])
            assert len(services.timeline.page([contact]).rows) >= full.ENTRIES
    finally:
        app.close()


def full_notes(folder: Path) -> dict[str, str]:
    return {note.name: note.read_text("utf-8") for note in (folder / "portions").glob("0*.json")}


def test_what_was_measured_is_not_measured_again(full: Any, tmp_path: Path) -> None:
    asked: list[int] = []

    def work() -> dict[str, float]:
        asked.append(1)
        return {"empty_ms": 1.0}

    first = full.once(tmp_path, 200, "pages", work)
    assert full.once(tmp_path, 200, "pages", work) == first
    assert first.pop("machine")["when"] and first == {"size": 200, "bench": "pages", "figures": {"empty_ms": 1.0}}
    assert len(asked) == 1 and [one["figures"] for one in full.kept_in(tmp_path)] == [{"empty_ms": 1.0}]


def test_a_large_database_is_cut_back_to_what_it_was_even_after_a_crash(full: Any, tmp_path: Path) -> None:
    office = tmp_path / "full-200"
    assert full.fill(office, 20, "none", portion=20)
    stored = office / "data" / "Data.fs"
    whole, contact = stored.read_bytes(), full.known_of(office)["contacts"][0]

    def write(folder: Path) -> None:
        app = App.open(Settings(folder, search="none"))
        try:
            app.run(lambda services: services.interactions.log(
                services.contacts.get(contact), channel="phone", body="پرسید"))
        finally:
            app.close()

    for large in (10**12, 1):  # copied, and written to in place
        with full.lent(office, large) as folder:
            write(folder)
            assert (stored.stat().st_size > len(whole)) is (large == 1)
        assert stored.read_bytes() == whole and not (office / "length.json").exists()
    (office / "length.json").write_text(str(len(whole)), "utf-8")
    with stored.open("ab") as file:  # as if it had stopped while it was lent
        file.write(b"half a transaction")
    with full.lent(office) as folder:
        assert stored.read_bytes() == whole
        write(folder)


def test_what_was_found_stands_in_the_docs_and_beside_what_make_bench_found(full: Any, tmp_path: Path) -> None:
    latest, docs = tmp_path / "results" / "latest.json", tmp_path / "docs"
    docs.mkdir()
    marks = "\n".join(f"<!-- {name}: written by make bench-full -->\n<!-- {name}: end -->"
                      for name in ("ratios", "peers", "search", "offices", "pages"))
    (docs / "performance.md").write_text(f"# Speed\n{marks}\nThe end.\n", "utf-8")
    full.publish([], latest, docs)
    latest.write_text(json.dumps({"machine": {}, "start_s": {"value": 9, "n": 1}}), "utf-8")
    for size, pause in ((10_000, 5.0), (100_000, 10.0)):
        figures = {f"{page}{part}": pause for page in full.report.PAGES for part in ("_ms", "_p95_ms")}
        full.once(tmp_path, size, "pages", figures.copy)
    full.publish(full.kept_in(tmp_path), latest, docs)
    page, found = (docs / "performance.md").read_text("utf-8"), json.loads(latest.read_text("utf-8"))
    assert found["lookup_growth_p95"] == {"value": 2.0, "n": 100_000} and len(found["full"]) == 2
    assert "machine" in found and "start_s" not in found  # that one is not kept, so nobody can say where it is from
    assert page.endswith("The end.\n") and f"]({full.CHART})" in page and (docs / full.CHART).exists()
