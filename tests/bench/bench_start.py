"""From the command to the first page, and what the server holds in memory after a morning's pages.

The first start has no template compiled; those after it find them kept, as they do on a machine that is in use.
"""

from __future__ import annotations

import http.client
import os
import random
import re
import shutil
import subprocess
import time
from pathlib import Path
from statistics import median
from typing import Any

import bench_pages
import office

STARTS = 5
PAGES = 300
"""Pages, each about somebody else, after which memory is read."""


def run() -> dict[str, Any]:
    """The figures of the smallest office of `bench_pages`."""
    bench_pages.DATA.mkdir(parents=True, exist_ok=True)
    with office.kept(bench_pages.DATA, bench_pages.SIZES[0], bench_pages.SEARCH) as (folder, known, _taken):
        return {"contacts": bench_pages.SIZES[0], **measured(folder, known)}


def measured(folder: Path, known: office.Known) -> dict[str, Any]:
    """``start_s``: median seconds to the first page; ``start_empty_s``: where nothing is kept; ``start_cpu_s``:
    processor seconds of a start and its end; ``rss_mb``."""
    shutil.rmtree(folder / "templates", ignore_errors=True)
    first = start(folder)
    with bench_pages.served(folder):
        pass  # until all are compiled
    before = os.times()
    seconds = [start(folder) for _time in range(STARTS)]
    after = os.times()
    processor = (after.children_user + after.children_system - before.children_user - before.children_system) / STARTS
    with bench_pages.served(folder) as (port, pid):
        _morning(port, known)
        memory = rss(pid)
    return {"starts": STARTS, "start_s": median(seconds), "start_worst_s": max(seconds), "start_empty_s": first,
            "start_cpu_s": processor, "pages": PAGES, "rss_mb": memory, "load": os.getloadavg()[0]}


def start(folder: Path) -> float:
    """Seconds from the command to the last byte of the page of signing in; the server is stopped then."""
    environment = {**os.environ, "CRM_SEARCH": bench_pages.SEARCH}
    begun = time.perf_counter()
    with subprocess.Popen([*bench_pages.CRM, "serve", "--data", str(folder), "--port", "0"], env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            assert server.stdout is not None
            for line in server.stdout:
                found = re.search(r"127\.0\.0\.1:(\d+)", line)
                if found:
                    connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=120)
                    connection.request("GET", "/login")
                    answer = connection.getresponse()
                    if answer.status != 200 or b"password" not in answer.read():
                        raise RuntimeError(f"the first page: {answer.status}")
                    taken = time.perf_counter() - begun
                    connection.close()
                    return taken
            raise RuntimeError("the server did not start")
        finally:
            server.terminate()
            server.communicate()


def _morning(port: int, known: office.Known) -> None:
    clerk, dice = bench_pages.Clerk(port), random.Random(3)
    clerk.send(*clerk.filled("/login", "form", username=office.LOGIN, password=office.PASSWORD))
    clerk.ask(f"/contacts/{known['long'][0]}")
    for number in range(PAGES):
        clerk.ask(("/?view=unit", f"/contacts/{dice.choice(known['contacts'])}",
                   f"/requests/{dice.choice(known['codes'])}")[number % 3])


def rss(pid: int) -> float:
    """Megabytes of a process and its children that lie in memory; 0 where the system does not tell."""
    kilobytes = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            lines = (folder / "status").read_text("utf-8").splitlines()
        except OSError:  # it has ended meanwhile
            continue
        status = dict(line.split(":", 1) for line in lines if ":" in line)
        if folder.name == str(pid) or status.get("PPid", "").strip() == str(pid):
            kilobytes += int(status.get("VmRSS", "0").split()[0])
    return kilobytes / 1024
