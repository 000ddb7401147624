"""Full text backends side by side: the same documents and questions for Whoosh, PostgreSQL and tantivy, in one run.

CRM_BENCH_N documents (default 5 000) of `bench_search.City`. A backend whose library or server is missing is left out.
"""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench_search import City

from crm_core.services.textsearch import TextSearch
from crm_core.testing.storages import PostgreSQL, postgresql_programs

QUESTIONS = 60


def run() -> dict[str, Any]:
    """By backend: documents built a second, milliseconds of a commit of one document, p50 and p95 of each question."""
    city = City(int(os.environ.get("CRM_BENCH_N", "5000")))
    figures: dict[str, Any] = {"documents": city.size}
    asked = city.questions(QUESTIONS)
    slips = [name[:2] + "م" + name[3:] for name in random.Random(3).choices(city.families, k=QUESTIONS)]
    for name, opened in (("whoosh", whoosh), ("postgres", postgres), ("tantivy", tantivy)):
        with opened() as search:
            if search is None:
                continue
            begun = time.perf_counter()
            search.replace(city.documents(), "0")
            figures[f"{name} build docs/s"] = city.size / (time.perf_counter() - begun)
            chance = random.Random(5)
            notes = [city.note(4 * number + 1, chance) for number in range(20)]
            _figures(figures, f"{name} save and commit", lambda note, to=search: to.apply([note], [], "1"), notes)
            for kind, questions in asked.items():
                search.search(questions[0])
                _figures(figures, f"{name} {kind}", search.search, questions)
            _figures(figures, f"{name} name misspelt", search.fuzzy_names, slips)
    return figures


def _figures(figures: dict[str, Any], name: str, work: Callable[[Any], object], things: list[Any]) -> None:
    times = []
    for thing in things:
        begun = time.perf_counter()
        work(thing)
        times.append(1000 * (time.perf_counter() - begun))
    times.sort()
    figures[f"{name} p50 ms"] = times[len(times) // 2]
    figures[f"{name} p95 ms"] = times[int(len(times) * 0.95)]


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="crm-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def whoosh() -> Iterator[TextSearch | None]:
    """A new Whoosh index."""
    from crm_search import whoosh_index

    with _folder() as folder:
        search = whoosh_index.open_search(folder / "index")
        yield search
        search.close()


@contextmanager
def tantivy() -> Iterator[TextSearch | None]:
    """A new tantivy index."""
    if importlib.util.find_spec("tantivy") is None:
        yield None
        return
    from crm_search import tantivy_index

    with _folder() as folder:
        search = tantivy_index.open_search(folder / "index")
        yield search
        search.close()


@contextmanager
def postgres() -> Iterator[TextSearch | None]:
    """A new PostgreSQL cluster (without fsync, like all of the tests' clusters)."""
    programs = postgresql_programs()
    if programs is None or importlib.util.find_spec("psycopg2") is None:
        yield None
        return
    from crm_search import postgres_index

    server = PostgreSQL(programs)
    try:
        server.start()
        search = postgres_index.open_search(server.dsn)
        yield search
        search.close()
    finally:
        server.stop()


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name}\t{value:.1f}")
