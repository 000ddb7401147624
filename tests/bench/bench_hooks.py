"""What it costs that code of a plugin is called through a hook: beside the same function called plainly.

Also what it costs a registration that plugins are asked at all. CRM_BENCH_HOOKS: calls (default 20000).
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

from crm_core import api
from crm_core.app import App
from crm_core.host import Candidate
from crm_core.settings import Settings

CALLS = int(os.environ.get("CRM_BENCH_HOOKS", "20000"))
SAVES = CALLS // 200
ROUNDS = 5
OTHERS = 9
"""Further plugins that have the hook that every plugin is asked."""
_NEW, _DONE = api.Status("new", api.Category.NEW, "New"), api.Status("done", api.Category.DONE, "Done")


class ThingForm(api.Form):
    """A form of one field."""

    word = api.fields.text("Word", required=False)


def _look(services: Any, draft: Any) -> None:
    return None


def _decide(services: Any, draft: Any) -> None:
    return None


def _line(services: Any, request: Any, event: Any) -> str:
    return "a line"


def _export(services: Any, contact: Any) -> dict[str, str]:
    return {"kept": "elsewhere"}


def _plugin(id_: str, **hooks: Callable[..., Any]) -> Candidate:
    module = ModuleType(f"bench_{id_}")
    form = type("Form", (ThingForm,), {})
    kind = api.RequestType(f"{id_}.thing", "Thing", form, (_NEW, _DONE))
    vars(module).update(CRM_API_VERSION=1, contribute=api.hookimpl(lambda: [kind]))
    for name, hook in hooks.items():
        vars(module)[name] = api.hookimpl(_copy(hook))
    return Candidate(id_, lambda: module)


def _copy(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function anew: pluggy writes its mark on it."""
    code: Any = function
    copied: Callable[..., Any] = type(code)(code.__code__, code.__globals__, code.__name__)
    return copied


def _timed(call: Callable[[], object], times: int) -> float:
    """Nanoseconds of one call: the median of some rounds."""
    rounds = []
    for _round in range(ROUNDS):
        begin = time.perf_counter_ns()
        for _number in range(times):
            call()
        rounds.append((time.perf_counter_ns() - begin) / times)
    return median(rounds)


def _save(app: App, type_id: str) -> float:
    """Milliseconds of one registration, without its commit: what hooks can make slower."""

    def save() -> None:
        with app.reading() as services:
            services.requests.register(services, None, type_id, {"word": "x"}, text="x")

    return _timed(save, SAVES) / 1e6


def run() -> dict[str, Any]:
    """Nanoseconds of each kind of call, and how many times a plain call that is."""
    asked: dict[str, Callable[..., Any]] = {
        "before_submit": _look, "assign": _decide, "due_date": _decide, "timeline_entry": _line, "export": _export,
    }
    candidates = [_plugin("asked", **asked), _plugin("silent"),
                  *(_plugin(f"other{number}", export=_export) for number in range(OTHERS))]
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as folder:
        app = App.open(Settings(Path(folder), search="none"), candidates)
        try:
            return _measured(app)
        finally:
            app.close()


def _measured(app: App) -> dict[str, Any]:
    host = app.host
    with app.reading() as services:
        values: dict[str, Any] = {"services": services}
        draft, line = values | {"draft": None}, values | {"request": None, "event": None}
        contact = values | {"contact": None}
        plain = _timed(lambda: _look(**draft), CALLS)
        calls: dict[str, tuple[Callable[[], object], int]] = {
            "before a save": (lambda: host.before("before_submit", "asked.thing", **draft), CALLS),
            "on a page": (lambda: host.ask("timeline_entry", "asked.thing", **line), CALLS),
            "decision": (lambda: host.decision("assign", "asked.thing", lambda answer: "", **draft), CALLS),
            "nobody asked": (lambda: host.before("before_change", "asked.thing", **values, request=None, changes=None),
                             CALLS),
            f"every plugin ({OTHERS + 1})": (lambda: host.each("export", **contact), CALLS // 10),
        }
        figures: dict[str, Any] = {"plain call, ns": round(plain)}
        for name, (call, times) in calls.items():
            cost = _timed(call, times)
            figures[f"{name}, ns"] = round(cost)
            figures[f"{name}, times a plain call"] = round(cost / plain, 1)
    silent, asked = _save(app, "silent.thing"), _save(app, "asked.thing")
    figures["registration, no hook, ms"] = round(silent, 3)
    figures["registration, three hooks, ms"] = round(asked, 3)
    figures["registration, ratio"] = round(asked / silent, 3)
    return figures
