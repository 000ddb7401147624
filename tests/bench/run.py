"""Runs every `bench_*.py` beside it and writes what they measured as a table and as bench/results/latest.json.

A bench is a module with a function `run() -> dict` of figures by name; names of benches to run may be given as words.
One that says ``FULL_ONLY = True`` is part of `make bench-full` and runs here only when it is named.
Speed is claimed here and nowhere else: unit tests prove no time.
"""

from __future__ import annotations

import datetime
import importlib.util
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent.parent / "bench" / "results" / "latest.json"


def load(path: Path) -> Any:
    """The module at ``path``."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def machine() -> dict[str, Any]:
    """What the figures were measured on, as far as it matters for reading them."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def table(name: str, figures: dict[str, Any]) -> str:
    """The figures of one bench as lines of text."""
    width = max((len(key) for key in figures), default=0)
    rows = [f"  {key:<{width}}  {value:.3f}" if isinstance(value, float) else f"  {key:<{width}}  {value}"
            for key, value in figures.items()]
    return "\n".join([name, *rows])


def main(wanted: list[str]) -> int:
    """Exit code 1 when a bench failed or a wanted one is not there; the others are run and written all the same."""
    paths = {path.stem.removeprefix("bench_"): path for path in sorted(HERE.glob("bench_*.py"))}
    unknown = [name for name in wanted if name not in paths]
    for name in unknown:
        sys.stderr.write(f"no bench “{name}”; there are: {', '.join(paths) or 'none yet'}\n")
    results: dict[str, Any] = {}
    failed = list(unknown)
    for name in [name for name in paths if not wanted or name in wanted]:
        begin = time.perf_counter()
        try:
            bench = load(paths[name])
            if getattr(bench, "FULL_ONLY", False) and name not in wanted:
                continue
            results[name] = bench.run()
        except Exception as error:  # noqa: BLE001  one failing bench must not lose the figures of the others
            sys.stderr.write(f"{name}: {type(error).__name__}: {error}\n")
            failed.append(name)
            continue
        sys.stdout.write(f"{table(name, results[name])}\n  ({time.perf_counter() - begin:.1f} s)\n\n")
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    before = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}  # the ratios of `make bench-full`
    text = json.dumps(before | {"machine": machine(), "results": results}, ensure_ascii=False, indent=2)
    RESULTS.write_text(text + "\n", "utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
