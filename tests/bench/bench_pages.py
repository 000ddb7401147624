"""What the desk's pages cost over HTTP, as multiples of an empty page in the same run, for offices of several sizes.

A real `crm serve` answers one clerk who asks for things not asked for before, each page in its turn, so that whatever
else the machine does falls on all alike. The empty page is the one that says "There is no such page" to somebody
signed in: login, language, frame and a template like every other, the database opened, and no content at all; no other
page is smaller, and none that people use may change it.

CRM_BENCH_CONTACTS: sizes, with a comma between them (default 10000). CRM_BENCH_DATA: the folder in which filled
offices are kept between runs (default build/bench). CRM_SEARCH: the full text (default whoosh, as everywhere).
"""

from __future__ import annotations

import http.client
import os
import random
import re
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from office import LOGIN, PASSWORD, Known, kept

SIZES = tuple(int(size) for size in os.environ.get("CRM_BENCH_CONTACTS", "10000").split(","))
ROOT = Path(__file__).resolve().parent.parent.parent
DATA = Path(os.environ.get("CRM_BENCH_DATA") or ROOT / "build" / "bench")
SEARCH = os.environ.get("CRM_SEARCH", "whoosh")
ROUNDS = 60
"""Times each page is asked for, each time about somebody else."""
WARMING = 5
"""Rounds before them that do not count."""
LETTERS = 4
"""Letters of a family name that are typed before somebody looks."""
NOWHERE = "/contacts/1"
COMPILED = "all templates are compiled"
"""What the server says when no page will be slow for being the first."""

CRM = [sys.executable, "-c", "import logging; logging.getLogger('crm_views.cooking').setLevel('INFO'); "
       "from crm_core.cli import main; main(prog_name='crm')"]
"""The command `crm`, which tells when all templates are compiled."""

Work = Callable[[], Any]


# ── a clerk ──────────────────────────────────────────────────────────────────────────────────────────────────


class Clerk:
    """A browser that keeps its connection and cookies, and notes how long each answer took."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.cookies: dict[str, str] = {}

    def ask(self, path: str, form: dict[str, str] | None = None, status: int = 200) -> str:
        """The text of the page that answers with ``status``. Raises RuntimeError for another one."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
                   "Accept-Encoding": "identity"}
        if form is None:
            self.connection.request("GET", path, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            self.connection.request("POST", path, urllib.parse.urlencode(form), headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        if answer.status != status:
            raise RuntimeError(f"{path}: {answer.status}")
        return text

    def filled(self, path: str, formid: str, **values: str) -> tuple[str, dict[str, str]]:
        """Fetch a page and fill its form: the address it goes to, and its fields."""
        page = self.ask(path)
        form = next(part for part in re.findall(r"<form.*?</form>", page, re.S) if f'"{formid}"' in part)
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
        action = re.search(r'action="([^"]+)"', form)
        return action[1] if action else path, hidden | values | {"submit": "submit"}

    def send(self, path: str, form: dict[str, str]) -> None:
        """Send a filled form, which is taken and leads on to another page."""
        self.ask(path, form, status=303)


@contextmanager
def served(folder: Path) -> Iterator[tuple[int, int]]:
    """Port and process id of a `crm serve` on ``folder``, whose templates are all compiled."""
    environment = {**os.environ, "CRM_SEARCH": SEARCH}
    with subprocess.Popen([*CRM, "serve", "--data", str(folder), "--port", "0"], env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            assert server.stdout is not None
            port = 0
            for line in server.stdout:
                found = re.search(r"127\.0\.0\.1:(\d+)", line)
                port = int(found[1]) if found else port
                if COMPILED in line:
                    break
            else:
                raise RuntimeError("the server did not start")
            yield port, server.pid
        finally:
            server.terminate()


def run() -> dict[str, float | int | str]:
    """For each size and page: median and 95th percentile in milliseconds, and the median over the empty page's."""
    DATA.mkdir(parents=True, exist_ok=True)
    figures: dict[str, float | int | str] = {"rounds": ROUNDS, "search": SEARCH}
    for size in SIZES:
        with kept(DATA, size, SEARCH) as (folder, known, taken):
            if taken:
                figures[f"{size}_filling_s"] = taken
            with served(folder) as (port, _pid):
                figures |= {f"{size}_{name}": value for name, value in measure(port, known, size).items()}
    for name in [name for name in figures if name.startswith(f"{SIZES[0]}_") and name.endswith("_times_empty")]:
        page = name.removeprefix(f"{SIZES[0]}_").removesuffix("_times_empty")
        for size in SIZES[1:]:
            ms = [float(figures[f"{one}_{page}_ms"]) for one in (SIZES[0], size)]
            figures[f"{page}_{size}_over_{SIZES[0]}"] = ms[1] / ms[0]
    return figures


def measure(port: int, known: Known, size: int) -> dict[str, float]:
    """The figures of one office: ``<page>_ms``, ``<page>_p95_ms``, ``<page>_times_empty``; ``load`` of the machine."""
    times: dict[str, list[float]] = {}
    for number, page in enumerate(rounds(port, known, size)):
        for name, work in page.items():
            begun = time.perf_counter()
            work()
            if number >= WARMING:
                times.setdefault(name, []).append((time.perf_counter() - begun) * 1000)
    figures = {"load": os.getloadavg()[0]} if hasattr(os, "getloadavg") else {}
    empty = median(times["empty"])
    for name, each in times.items():
        figures |= {f"{name}_ms": median(each), f"{name}_p95_ms": quantiles(each, n=20)[-1]}
        if name != "empty":
            figures[f"{name}_times_empty"] = median(each) / empty
    return figures


def rounds(port: int, known: Known, size: int) -> Iterator[dict[str, Work]]:
    """What is asked for in each round, by the name of the page."""
    dice, clerk = random.Random(size + 1), Clerk(port)
    clerk.send(*clerk.filled("/login", "form", username=LOGIN, password=PASSWORD))
    count = WARMING + ROUNDS
    some = {kind: dice.sample(things, min(count, len(things))) for kind, things in known.items() if kind != "long"}

    def panel(words: str) -> Work:
        return lambda: clerk.ask("/find/panel?" + urllib.parse.urlencode({"q": words}))

    def page(path: str, status: int = 200) -> Work:
        return lambda: clerk.ask(path, status=status)

    for number in range(count):
        one = {kind: things[number % len(things)] for kind, things in some.items()}
        call = clerk.filled(f"/contacts/{dice.choice(known['contacts'])}?compose=phone", "composer", channel="phone",
                            direction="in", body="پرسید کی آسفالت می‌شود", outcome="informed")
        yield {
            "empty": page(NOWHERE, 404),
            "omnibox_phone": panel(one["phones"]),
            "omnibox_name_begun": panel(one["families"][:LETTERS]),
            "omnibox_name": panel(one["names"]),
            "search_word": page("/find?" + urllib.parse.urlencode({"q": one["words"], "all": 1})),
            "dossier": page(f"/contacts/{one['contacts']}"),
            "dossier_long_history": page(f"/contacts/{known['long'][0]}"),
            "work_list": page("/?view=unit"),
            "request": page(f"/requests/{one['codes']}"),
            "log_a_call": lambda call=call: clerk.send(*call),
        }
