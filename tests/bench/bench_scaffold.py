"""From an idea to a plugin on the desk: what `crm plugin new` and each step after it take, in seconds.

It is installed into a folder of its own beside the environment that runs this.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def run() -> dict[str, float]:
    """Seconds of each step, and ``total``. Raises CalledProcessError when one of them fails."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as name:
        folder = Path(name)
        made, site = folder / "crm-bench-parking", folder / "site"
        crm = [sys.executable, "-c", "from crm_core.cli import main; main(prog_name='crm')"]
        steps = {
            "new": [*crm, "plugin", "new", "bench-parking", "--to", str(folder)],
            "install": [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
                        "--no-index", "--target", str(site), str(made)],
            "tests": [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(made)],
            "check": [*crm, "plugin", "check", "bench-parking"],
            "on the desk": [sys.executable, str(CHECKOUT / "tests/packaging/desk.py"), "bench_parking.request",
                            "Bench parking"],
        }
        environment = {**os.environ, "PYTHONPATH": str(site)}
        for step, words in steps.items():
            began = time.perf_counter()
            subprocess.run(words, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
            figures[f"{step} (s)"] = time.perf_counter() - began
    return {**figures, "total (s)": sum(figures.values())}
