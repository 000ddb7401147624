"""Beside django-helpdesk and roundup: the same documents, the same questions over HTTP, turn by turn in one run.

In each round every question is put to the peer and to us, who is first changing from round to round, so that whatever
else the machine does falls on both alike. Part of `make bench-full`; alone: `tests/bench/run.py peers`.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import bench_pages
import office
from bench_start import rss
from peer_servers import TEXT, Helpdesk, Missing, Peer, Roundup, script

from crm_core import builtin
from crm_core.app import App
from crm_core.errors import CrmError
from crm_core.security.identity import SYSTEM
from crm_core.services import Services
from crm_core.settings import Settings

FULL_ONLY = True
"""`make bench` leaves this one out: loading takes minutes, and the peers are on few machines."""
COMPARED: tuple[tuple[type[Peer], int], ...] = ((Helpdesk, 20_000), (Roundup, 5_000))
OURS = {
    "item": "the page of a request", "list": "the work list of the unit, 50 rows", "search": "the search page",
    "dashboard": "the work page with what nobody has taken: counts of all views, 50 rows",
    "create": "a request registered for a citizen",
}
"""What stands for each question on our side."""
ROUNDS, WARMING = 30, 4
BATCH = 1000
CLOSED = ("answered", "cancelled")
APART = 60_000
"""Milliseconds between two requests: an office whose requests all came at once has no order to be asked for."""
WORDS = slice(300, 1300)
"""Of the vocabulary, most frequent first: what the scripts of the peers search for."""
FORM = "/requests/new/" + builtin.GENERAL

Work = Callable[[], Any]


def run() -> dict[str, Any]:
    """The figures of both, each under the name of the peer; ``skipped`` says why there are none."""
    figures: dict[str, Any] = {}
    for peer, n in COMPARED:
        found = compare(peer, n)
        figures |= {f"{peer.name}_{name}": value for name, value in found.items()}
    return figures


def compare(kind: type[Peer], n: int, data: Path = bench_pages.DATA, rounds: int = ROUNDS) -> dict[str, Any]:
    """Milliseconds of the peer and ours with ``n`` tickets, and the peer's median over ours; or only ``skipped``."""
    data.mkdir(parents=True, exist_ok=True)
    peer = kind(data, n)
    try:
        peer.load()
        with (_ours(peer, data) as (folder, known), peer.serving() as theirs,
              bench_pages.served(folder) as (port, ours)):
            times = _turns(peer, port, known, rounds)
            figures = compared(times) | {"n": n, "rounds": rounds, "load": os.getloadavg()[0]}
            return figures | {"peer_rss_mb": rss(theirs), "ours_rss_mb": rss(ours)}
    except Missing as error:
        return {"skipped": str(error)}


def compared(times: dict[str, tuple[list[float], list[float]]]) -> dict[str, float]:
    """``<question>_peer_ms``, ``_ours_ms`` and their ``_p95_ms``; ``<question>``: the peer's median over ours."""
    figures: dict[str, float] = {}
    for question, both in times.items():
        for side, each in zip(("peer", "ours"), both, strict=True):
            figures |= {f"{question}_{side}_ms": median(each), f"{question}_{side}_p95_ms": quantiles(each, n=20)[-1]}
        figures[question] = median(both[0]) / median(both[1])
    return figures


def ratios(peer: str, figures: dict[str, Any]) -> dict[str, dict[str, float]]:
    """``<peer>_<question>``: value and n; nothing where it was skipped."""
    return {f"{peer}_{question}": {"value": round(figures[question], 2), "n": figures["n"]}
            for question in OURS if question in figures}


# ── one round after the other ────────────────────────────────────────────────────────────────────────────────


def _turns(peer: Peer, port: int, known: dict[str, Any], rounds: int) -> dict[str, tuple[list[float], list[float]]]:
    dice = random.Random(peer.n)
    theirs, clerk = peer.clerk(), bench_pages.Clerk(port)
    clerk.send(*clerk.filled("/login", "form", username=office.LOGIN, password=office.PASSWORD))
    words = dice.sample(known["words"], WARMING + rounds)
    times: dict[str, tuple[list[float], list[float]]] = {}
    for number in range(WARMING + rounds):
        sides = peer.works(theirs, dice, words[number]), _works(peer, clerk, dice, known, words[number])
        for question in sides[0]:
            for side in (0, 1) if number % 2 else (1, 0):
                begun = time.perf_counter()
                sides[side][question]()
                if number >= WARMING:
                    times.setdefault(question, ([], []))[side].append((time.perf_counter() - begun) * 1000)
    return times


def _works(peer: Peer, clerk: bench_pages.Clerk, dice: random.Random, known: dict[str, Any], word: str,
           ) -> dict[str, Work]:
    """Ours of the same names. Beside roundup the form of a new request is part of it: its own is, too."""
    code, path = dice.choice(known["codes"]), f"/contacts/{dice.choice(known['contacts'])}{FORM}"
    values = {"text": TEXT, "title": f"درخواست {dice.randrange(10**6)}", "category": "service", "place": "",
              "channel": "in_person", "unit": "", "priority": "normal"}
    form = None if isinstance(peer, Roundup) else clerk.filled(path, "form", **values)
    find = "/find?" + urlencode({"q": word, "all": 1})
    return {
        "item": lambda: clerk.ask(f"/requests/{code}"), "list": lambda: clerk.ask("/?view=unit"),
        "search": lambda: clerk.ask(find), "dashboard": lambda: clerk.ask("/?view=free"),
        "create": lambda: clerk.send(*(form or clerk.filled(path, "form", **values))),
    }


# ── the same documents in an office of ours ──────────────────────────────────────────────────────────────────


@contextmanager
def _ours(peer: Peer, data: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A copy of our office with the peer's documents, filled once, and what may be asked for in it."""
    original = data / f"ours-{peer.name}-{peer.n}"
    note = original / "known.json"
    if not note.exists():
        shutil.rmtree(original, ignore_errors=True)
        known = fill(original / "data", peer.n, half=isinstance(peer, Helpdesk))
        note.write_text(json.dumps(known, ensure_ascii=False), "utf-8")
    with TemporaryDirectory(prefix="ours-", dir=data) as name:
        copy = Path(name) / "data"
        shutil.copytree(original / "data", copy, ignore=shutil.ignore_patterns("*.lock", "*.sock"))
        yield copy, json.loads(note.read_text("utf-8"))


def fill(folder: Path, n: int, half: bool) -> dict[str, Any]:
    """The documents that the peers' scripts load: each note a request of its citizen with the note as its text.

    ``half``: every second request is closed, as in django-helpdesk; in roundup all are open.
    """
    gen = script("gen")
    documents = list(gen.docs(n * 4 // 3 + 4))
    notes = [one for one in documents if one["kind"] == "note"][:n]
    folder.mkdir(parents=True)
    app = App.open(Settings(folder, search=bench_pages.SEARCH))
    try:
        unit = app.run(office._staff)
        ids: dict[str, int] = {}
        codes: list[str] = []
        people = [one for one in documents if one["kind"] == "contact"]
        for start in range(0, len(people), BATCH):
            with app.transaction(SYSTEM, "bench", bulk=True) as services:
                ids |= {one["id"]: _contact(services, one) for one in people[start:start + BATCH]}
        for start in range(0, n, BATCH):
            with app.transaction(SYSTEM, "bench", bulk=True) as services:
                for number, one in enumerate(notes[start:start + BATCH], start):
                    codes.append(_request(services, one, ids[one["cid"]], unit, number, half))
        app.catch_up()
    finally:
        app.close()
    return {"contacts": list(ids.values()), "codes": codes, "words": gen.VOC[WORDS]}


def _contact(services: Services, one: dict[str, Any]) -> int:
    phones = [("phone", phone) for phone in one["phone"].split()]
    for identifiers in (phones, []):  # a number by chance that no telephone can have
        try:
            return services.contacts.create(name=one["name"], identifiers=identifiers, notes=one["text"]).id
        except CrmError:
            continue
    raise ValueError(one["id"])


def _request(services: Services, one: dict[str, Any], contact: int, unit: int, number: int, half: bool) -> str:
    request = services.requests.register(
        services, services.contacts.get(contact), builtin.GENERAL, {"category": "service"}, title=one["text"][:60],
        text=one["text"], unit=unit, at=services.now - number * APART)
    if half and number % 4 in (1, 2):  # the scripts give status 1 + i % 4, counted from one: 3 and 4 are closed
        services.requests.change_status(services, request, CLOSED[number % 2], "پاسخ داده شد")
    return request.code
