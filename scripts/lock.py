"""Writes constraints.txt: the versions that are installed in this environment, for `pip install -c constraints.txt`.

`make lock` makes a new environment from the bounds in setup.cfg first. Our own distributions and whatever came from a
folder or an address are left out; setuptools, which `pip freeze` leaves out, is bounded by hand.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# Versions this product was tested with; made by `make lock`, not by hand.
# Pyramid 2.1 and deform 3.0.1 import pkg_resources, which setuptools 81 and later do not have any more.
setuptools<81
"""


def main() -> int:
    """Write the file; exit code 1 when pip cannot list what is installed."""
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "freeze", "--exclude-editable"], capture_output=True, text=True, check=False
    )
    if listing.returncode:
        sys.stderr.write(listing.stderr)
        return 1
    pinned = sorted(
        (line for line in listing.stdout.splitlines() if "==" in line and "@" not in line and line[0] not in "#-"),
        key=str.lower,
    )
    (ROOT / "constraints.txt").write_text(HEADER + "\n".join(pinned) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
