"""What the text tests share: the vectors of others, and texts that nobody sane would type."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rows = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def vectors(shared_data: Path) -> Rows:
    """`vectors(name)`: the rows of a file of ../shared/data/3_persian, one JSON object a line."""

    def read(name: str) -> list[dict[str, Any]]:
        lines = (shared_data / "3_persian" / name).read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.strip()]

    return read


@pytest.fixture(scope="session")
def naughty(shared_data: Path) -> list[str]:
    """The Big List of Naughty Strings, and a few that are only long."""
    strings: list[str] = json.loads((shared_data / "7_hostile_input" / "blns.json").read_text(encoding="utf-8"))
    long = [piece * 20_000 for piece in ("a", "1", "a.", "a-", "1-", "a@", "و", "ه ", "\u200c", "sh", "c", "g", "( ")]
    return [*strings, *long, "\ud800", "a\udfffb", "\x00", "٣" * 5_000]
