"""Importing beside working clerks: neither side may starve. Everything in one run, on one FileStorage."""

from __future__ import annotations

import csv
import os
import random
import tempfile
import threading
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

from crm_core import db
from crm_core.app import App
from crm_core.importing import load
from crm_core.operations import IMPORT
from crm_core.services import Services
from crm_core.settings import Settings

ROWS = int(os.environ.get("CRM_BENCH_N", "2000"))
CLERKS = 4
THINK = 0.2
"""Seconds a clerk waits between two calls; a real one waits a minute."""


def _file(folder: Path) -> Path:
    """Requests in the shape of the built-in mapping nyc311; every column it reads is there."""
    path = folder / "requests.csv"
    filled = {"created_date": "2024-04-16T03:03:15.000", "agency": "DOT", "agency_name": "Roads", "status": "Open",
              "complaint_type": "Street Condition", "open_data_channel_type": "PHONE"}
    columns = sorted({*filled, "unique_key", "descriptor", "incident_address", *load("nyc311").columns})
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        for number in range(ROWS):
            own = {"unique_key": number, "descriptor": f"Pothole {number}", "incident_address": f"{number} Main Street"}
            writer.writerow(filled | own)
    return path


def _import(app: App, file: Path) -> tuple[float, float]:
    """Rows a second by the clock, and rows a second of the importing thread's processor time."""
    begun, worked = time.perf_counter(), time.thread_time()
    result = IMPORT.run(app, {"kind": "requests", "mapping": "nyc311"}, file, lambda done, total: None)
    assert result["created"] == ROWS, result["rejected"][:3]
    return ROWS / (time.perf_counter() - begun), ROWS / (time.thread_time() - worked)


class _Clerk(threading.Thread):
    """Logs a call for somebody new, thinks, does it again; counts tries and times."""

    def __init__(self, app: App, number: int, stop: threading.Event) -> None:
        super().__init__()
        self.app, self.stop, self.random = app, stop, random.Random(number)
        self.times: list[float] = []
        self.tries = 0

    def run(self) -> None:
        while not self.stop.is_set():
            begun = time.perf_counter()
            self.app.run(self._call)
            self.times.append(time.perf_counter() - begun)
            self.stop.wait(self.random.expovariate(1 / THINK))

    def _call(self, services: Services) -> None:
        self.tries += 1
        phone = f"0912{self.random.randrange(10**7):07d}"
        contact = services.contacts.create(name="زهرا رضایی", identifiers=[("phone", phone)])
        services.interactions.log(contact, channel="phone", body="پرسید چه شد")
        services.requests.register(services, contact, "core.general", {"category": "service", "place": "کوچهٔ لاله"})


def _clerks(app: App, while_running: Any) -> tuple[float, float, int, Any]:
    """(p95 seconds a call, failed tries per 100, calls, result of ``while_running``)."""
    stop = threading.Event()
    clerks = [_Clerk(app, number, stop) for number in range(CLERKS)]
    for clerk in clerks:
        clerk.start()
    try:
        result = while_running()
    finally:
        stop.set()
        for clerk in clerks:
            clerk.join()
    times = [one for clerk in clerks for one in clerk.times]
    tries = sum(clerk.tries for clerk in clerks)
    return quantiles(times, n=20)[-1], 100 * (tries - len(times)) / len(times), len(times), result


def run() -> dict[str, Any]:
    """Import rate alone and beside four clerks, and the clerks' 95th percentile with and without the import."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = _file(folder)
        figures: dict[str, Any] = {"rows": ROWS, "clerks": CLERKS, "attempts": db.ATTEMPTS}
        alone = App.open(Settings(folder / "alone", search="none"), plugins=[])
        figures["import_alone_per_s"], figures["import_alone_per_cpu_s"] = _import(alone, file)
        alone.close()
        app = App.open(Settings(folder / "both", search="none"), plugins=[])
        quiet, quiet_failed, _calls, _none = _clerks(app, lambda: time.sleep(5))
        busy, busy_failed, calls, (rate, rate_of_cpu) = _clerks(app, lambda: _import(app, file))
        app.close()
        figures |= {
            "import_beside_clerks_per_s": rate, "import_beside_clerks_per_cpu_s": rate_of_cpu,
            "import_beside_over_alone": rate / figures["import_alone_per_s"],
            "clerk_p95_quiet_ms": 1000 * quiet, "clerk_p95_beside_import_ms": 1000 * busy,
            "clerk_p95_beside_over_quiet": busy / quiet, "clerk_calls_beside_import": calls,
            "clerk_failed_tries_per_100_quiet": quiet_failed, "clerk_failed_tries_per_100_beside": busy_failed,
        }
        return figures
