"""`make bench-full`: offices of up to a million contacts, the full text, the peers; goes on where it stopped.

Offices stay in CRM_BENCH_DATA (default build/bench), filled in portions of one commit each, and so do the figures of
each size, in its folder full/. What is there is not measured again: delete a file there to have it measured anew. At
the end everything that was found goes to bench/results/latest.json and into docs/performance.md.
CRM_BENCH_FULL: sizes, with a comma between them. CRM_BENCH_PARTS: only these parts (pages, dossier, register, start,
search, beside-helpdesk, beside-roundup), with a comma between them.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import bench_core
import bench_dossier
import bench_pages
import bench_peers
import bench_search
import bench_start
import chart
import office
import report
import run as runner

from crm_core.app import App
from crm_core.demo.draw import Dice
from crm_core.demo.names import Names
from crm_core.errors import CrmError
from crm_core.security.identity import SYSTEM
from crm_core.settings import Settings

SIZES = "10000,100000,1000000"
ENTRIES = 5
PORTION = 2000
VOCABULARY = bench_search.City(0)
"""Each contact has one note of 30 to 120 of its words, by Zipf; all else that is said is one of four sentences."""
ASKED = slice(100, 2000)
"""Words of the vocabulary that are asked for, the most frequent first: neither in every text nor in hardly any."""
NOTES = 100_000
"""Notes of the bench of the full text; a quarter of its documents are contacts."""
LARGE = 2_000_000_000
"""Bytes of a database from which on it is not copied: it is written to in place, and cut back afterwards."""
RESULTS = bench_pages.ROOT / "bench" / "results"
DOCS = bench_pages.ROOT / "docs"
CHART = "performance-growth.svg"

Figures = dict[str, Any]


def fill(folder: Path, size: int, search: str, portion: int = PORTION, most: int | None = None) -> bool:
    """Fill an office on from where it stopped, at most ``most`` portions now; True when it is whole."""
    notes = folder / "portions"
    notes.mkdir(parents=True, exist_ok=True)
    app = App.open(Settings(folder / "data", search=search))
    try:
        unit_note = notes / "unit.json"
        done = 0
        for start in range(0, size, portion):
            note = notes / f"{start:08d}.json"
            if note.exists() or _committed(app, note):
                continue
            if most is not None and done >= most:
                return False
            _portion(app, note, range(start, min(size, start + portion)), unit_note)
            done += 1
        long_note = notes / "long.json"
        if not long_note.exists():
            long_note.write_text(json.dumps(app.run(office._long_history, bulk=True)), "utf-8")
        app.catch_up()
        return True
    finally:
        app.close()


def _committed(app: App, note: Path) -> bool:
    """Whether a portion whose note is unfinished is in the database: it stopped between the commit and the note."""
    draft = note.with_suffix(".tmp")
    if not draft.exists():
        return False
    try:
        with app.reading() as services:
            services.contacts.get(json.loads(draft.read_text("utf-8"))["contacts"][-1])
    except CrmError:
        return False
    draft.rename(note)
    return True


def _portion(app: App, note: Path, numbers: range, unit_note: Path) -> None:
    if not unit_note.exists():
        unit_note.write_text(json.dumps(app.run(office._staff)), "utf-8")
    unit = json.loads(unit_note.read_text("utf-8"))
    known: office.Known = {"contacts": [], "phones": [], "names": [], "families": [], "codes": []}
    dice, names, draft = Dice("office", numbers.start), Names(), note.with_suffix(".tmp")
    chance = random.Random(numbers.start)
    with app.transaction(SYSTEM, "bench", bulk=True) as services:
        for number in numbers:
            office._person(services, dice, names, number, unit, known)
            contact = services.contacts.get(known["contacts"][-1])
            texts = [dice.choice(office.TEXTS) for _more in range(ENTRIES - 2)]
            for text in (*texts, " ".join(VOCABULARY.words(chance.randrange(30, 121), chance))):
                services.interactions.log(contact, channel="phone", body=text, unit=unit,
                                          started=services.now - dice.randrange(office.YEAR))
        draft.write_text(json.dumps(known, ensure_ascii=False), "utf-8")
    draft.rename(note)


def known_of(folder: Path) -> office.Known:
    """What a clerk may ask for in a filled office."""
    known: office.Known = {"long": [json.loads((folder / "portions" / "long.json").read_text("utf-8"))],
                           "words": VOCABULARY.vocabulary[ASKED]}
    for note in sorted((folder / "portions").glob("0*.json")):
        for kind, things in json.loads(note.read_text("utf-8")).items():
            known.setdefault(kind, []).extend(things)
    return known


@contextmanager
def lent(folder: Path, large: int = LARGE) -> Iterator[Path]:
    """A data folder to write to that is as ``folder / "data"`` is, which stays as it is.

    A database of ``large`` bytes and more is not copied. FileStorage only writes behind its end, so its length is
    noted, the copy points to it, and it is cut back to that length; after a crash that is done before it is lent again.
    """
    data, note = folder / "data", folder / "length.json"
    stored = data / "Data.fs"
    _cut_back(stored, note)
    with TemporaryDirectory(prefix="lent-", dir=folder.parent) as name:
        copy = Path(name) / "data"
        if stored.stat().st_size < large:
            shutil.copytree(data, copy, ignore=shutil.ignore_patterns("*.lock", "*.sock", "*.tmp"))
            yield copy
            return
        shutil.copytree(data, copy, ignore=shutil.ignore_patterns("Data.fs", "*.lock", "*.sock", "*.tmp"))
        note.write_text(json.dumps(stored.stat().st_size), "utf-8")
        (copy / "Data.fs").symlink_to(stored.resolve())
        try:
            yield copy
        finally:
            _cut_back(stored, note)


def _cut_back(stored: Path, note: Path) -> None:
    if note.exists():
        os.truncate(stored, json.loads(note.read_text("utf-8")))
        note.unlink()


def once(results: Path, size: int, bench: str, work: Callable[[], Figures]) -> Figures:
    """The figures of a bench at a size, with the machine: those kept, or else measured now and kept."""
    path = results / "full" / f"{size}-{bench}.json"
    if not path.exists():
        kept = {"size": size, "bench": bench, "figures": work(), "machine": runner.machine()}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".tmp").write_text(json.dumps(kept, indent=2) + "\n", "utf-8")
        path.with_suffix(".tmp").rename(path)
    found: Figures = json.loads(path.read_text("utf-8"))
    return found


def kept_in(results: Path) -> list[report.Kept]:
    """All that was measured so far, the smaller first."""
    notes = [json.loads(path.read_text("utf-8")) for path in (results / "full").glob("*.json")]
    return sorted(notes, key=lambda one: (one["size"], one["bench"]))


def parts(sizes: list[int]) -> Iterator[tuple[int, str, Callable[[], Figures]]]:
    """What is measured: size, name, work. An office is filled when the first of its parts is measured."""
    for size in sizes:
        folder = bench_pages.DATA / f"full-{size}"
        for name, look in (("pages", _pages), ("dossier", _dossier), ("register", _register), ("start", _start)):

            def work(size: int = size, folder: Path = folder, look: Callable[..., Figures] = look) -> Figures:
                fill(folder, size, bench_pages.SEARCH)
                with lent(folder) as data:
                    return look(data, known_of(folder), size)

            yield size, name, work
    documents = NOTES * 4 // 3 + 1
    yield documents, "search", lambda: bench_search.measured(bench_pages.DATA / f"search-{documents}", documents)
    for peer, n in bench_peers.COMPARED:
        yield n, f"beside-{peer.name}", lambda peer=peer, n=n: bench_peers.compare(peer, n)


def _pages(data: Path, known: office.Known, size: int) -> Figures:
    with bench_pages.served(data) as (port, pid):
        return {**bench_pages.measure(port, known, size), "search": bench_pages.SEARCH, "rss_mb": bench_start.rss(pid)}


def _dossier(data: Path, known: office.Known, _size: int) -> Figures:
    return bench_dossier.measured(data, known["long"][0])


def _start(data: Path, known: office.Known, _size: int) -> Figures:
    return bench_start.measured(data, known)


def _register(data: Path, _known: office.Known, _size: int) -> Figures:
    return bench_core.registering(data)


def publish(kept: list[report.Kept], latest: Path, docs: Path) -> None:
    """Write what was found to ``latest``, and its tables and chart into the folder ``docs``."""
    before = json.loads(latest.read_text("utf-8")) if latest.exists() else {}
    found = report.ratios(before.get("results", {}), kept)
    names = set(report.TARGETS) | {"rss_mb"}
    rest = {name: value for name, value in before.items() if name not in names}
    latest.parent.mkdir(parents=True, exist_ok=True)
    latest.write_text(json.dumps(rest | {"full": kept} | found, ensure_ascii=False, indent=2) + "\n", "utf-8")
    page = docs / "performance.md"
    text = report.replaced(page.read_text("utf-8"), "ratios", report.ratio_table(found))
    tables = {"peers": report.peer_table(kept), "search": report.search_table(kept),
              "offices": report.single_table(kept)}
    sizes = sum(one["bench"] == "pages" for one in kept)
    if sizes:
        tables["pages"] = report.page_table(kept)
    if sizes > 1:  # of one size there is no growth
        lines = report.growth(kept)
        (docs / CHART).write_text(chart.chart(lines, "95th percentile of each page by the size of the office"), "utf-8")
        tables["pages"] += f"\n\n![Growth of the 95th percentile of each page]({CHART})"
    for name, block in tables.items():
        text = report.replaced(text, name, block)
    page.write_text(text, "utf-8")


def main() -> int:
    """Measure what is not there yet and write it all down; a part that fails is named, and the others go on."""
    sizes = [int(one) for one in os.environ.get("CRM_BENCH_FULL", SIZES).split(",")]
    only = {one for one in os.environ.get("CRM_BENCH_PARTS", "").split(",") if one}
    failed = 0
    for size, name, work in parts(sizes):
        if only and name not in only:
            continue
        try:
            found = once(bench_pages.DATA, size, name, work)
        except Exception as error:  # noqa: BLE001  hours of measuring are not lost to one part
            sys.stderr.write(f"{name} at {size}: {type(error).__name__}: {error}\n")
            failed += 1
            continue
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        if "skipped" in found["figures"]:
            (bench_pages.DATA / "full" / f"{size}-{name}.json").unlink()  # another time it may be there
    publish(kept_in(bench_pages.DATA), RESULTS / "latest.json", DOCS)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
