"""The pictures of README and docs/ are those that `make pictures` takes: none is missing, none is left over."""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "scripts"))
import pictures  # noqa: E402  # a script of the checkout, not a package

PAGES = [CHECKOUT / "README.md", *(CHECKOUT / "docs").rglob("*.md")]


def shown() -> set[Path]:
    return {(page.parent / name).resolve() for page in PAGES
            for name in re.findall(r"!\[[^\]]*\]\(([^)\s]+[.]png)\)", page.read_text("utf-8"))}


def test_every_picture_that_is_shown_is_taken_by_the_script() -> None:
    assert shown() - pictures.pictures() == set()


def test_every_picture_that_is_taken_is_there_and_shown() -> None:
    assert {path for path in pictures.pictures() if not path.exists()} == set()
    assert pictures.pictures() - shown() == set()


def test_no_picture_is_left_over() -> None:
    lying = set((CHECKOUT / "docs").rglob("*.png"))
    assert lying - pictures.pictures() == set()
