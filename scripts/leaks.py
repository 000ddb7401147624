"""Fails when a file that git tracks names a folder of somebody's machine or a package registry's host.

Such words come in unseen, with a pasted log or a generated list of requirements, and mean nothing elsewhere.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOSTS = re.compile(r"--(extra-)?index-url|--find-links|--trusted-host|\"resolved\"\s*:\s*\"https?:|registry\s*=\s*http")
HOMES = re.compile(r"(?<![\w.:/])/(?:home|Users)/[\w.-]+/|(?<![\w.:/])/root/")
BINARY = {".mo", ".png", ".jpg", ".jpeg", ".gif", ".ico", ".woff", ".woff2", ".ttf", ".pdf", ".zip", ".gz"}


def here() -> re.Pattern[str] | None:
    """The folder this checkout lies in, when it is one that says something of the machine.

    A folder just below the root may have the name of one of our pages; then it is the checkout's own name that tells.
    """
    parent = ROOT.parent
    if parent.as_posix() in ("/", "/tmp", "/home"):
        return None
    return re.compile(re.escape(parent.as_posix() if len(parent.parts) > 2 else ROOT.as_posix()) + r"(?![\w-])")


def main() -> int:
    """Exit code 1 when something was found; each finding is a line ``path:line: words``."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listing.returncode:
        sys.stderr.write("not a git checkout: nothing to look through\n")
        return 0
    patterns = [pattern for pattern in (HOSTS, HOMES, here()) if pattern]
    found = 0
    for name in listing.stdout.decode().split("\0"):
        path = ROOT / name
        if not name or not path.is_file() or path.suffix in BINARY or path == Path(__file__).resolve():
            continue
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            if any(pattern.search(line) for pattern in patterns):
                sys.stderr.write(f"{name}:{number}: {line.strip()[:120]}\n")
                found += 1
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
