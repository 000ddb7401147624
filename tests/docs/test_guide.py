"""The integrator's guide: its pieces of code are those of the examples, whose tests run; it names all there is."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

import pytest

from crm_core.contributions import Contribution

CHECKOUT = Path(__file__).resolve().parents[2]
GUIDE = CHECKOUT / "docs" / "integrator"
PIECE = re.compile(r"^From \[[^\]]+\]\(([^)]+)\):$|^```(?:python|ini)\n(.*?)^```", re.MULTILINE | re.DOTALL)
QUOTING = ("workflow.md", "testing.md", "publishing.md")


def pieces(page: str) -> list[tuple[str, str]]:
    """(file, code) of each block of a page; a block without a word from where is of the file named last."""
    found, source = [], ""
    for match in PIECE.finditer((GUIDE / page).read_text("utf-8")):
        if match[1]:
            source = match[1]
        else:
            found.append((source, match[2]))
    return found


@pytest.mark.parametrize(("page", "source", "code"), [
    (page, source, code) for page in QUOTING for source, code in pieces(page)
])
def test_a_piece_of_code_stands_in_the_example_that_it_is_from(page: str, source: str, code: str) -> None:
    file = (GUIDE / source).resolve()
    assert file.is_relative_to(CHECKOUT / "examples"), f"{page}: a block without its source"
    text = file.read_text("utf-8")
    assert any(textwrap.indent(code, " " * depth) in text for depth in (0, 4, 8)), f"{page}: not in {file.name}"


def test_every_page_has_its_place_in_the_guide() -> None:
    index = (GUIDE / "index.md").read_text("utf-8")
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", index))
    assert linked == {path.name for path in GUIDE.glob("*.md")} - {"index.md"}


def test_the_guide_says_what_each_contribution_is_for() -> None:
    index = (GUIDE / "index.md").read_text("utf-8")
    assert {kind.__name__ for kind in Contribution.__args__} <= set(re.findall(r"`(\w+)`", index))


def test_icons_of_the_examples_are_there() -> None:
    manifest = json.loads((CHECKOUT / "views/crm_views/static/vendor/MANIFEST.json").read_text("utf-8"))
    used = {name for path in CHECKOUT.glob("examples/*/crm_*/**/*.py")
            for name in re.findall(r'icon="([\w-]+)"', path.read_text("utf-8"))}
    used |= {name for path in CHECKOUT.glob("examples/*/crm_*/**/*.pt")
             for name in re.findall(r"ui\.icon\('([\w-]+)'", path.read_text("utf-8"))}
    assert used and used <= set(manifest["sprite"]["icons"])
