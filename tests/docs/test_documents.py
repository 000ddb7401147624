"""What README and docs/ say is so: links lead somewhere, targets and commands exist, code is Python."""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
from pathlib import Path

import click
import pytest

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "changes/*.md", "plugins/*/README.md", "examples/**/*.md")
    for path in CHECKOUT.glob(pattern)
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=[path.relative_to(CHECKOUT).as_posix() for path in PAGES])


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.*)$", BLOCK.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def command_lines(page: Path, program: str) -> list[str]:
    """Lines of a page, in code blocks and in inline code, that start with ``program``."""
    text = page.read_text("utf-8")
    blocks = "\n".join(body for _language, body in BLOCK.findall(text))
    indented = "\n".join(re.findall(r"^(?: {4}|\t)(.*)$", text, re.MULTILINE))
    inline = "\n".join(re.findall(r"(?<!`)`([^`\n]+)`", BLOCK.sub("", text)))
    lines = "\n".join((blocks, indented, inline)).splitlines()
    return [match[1] for line in lines if (match := re.match(rf"\s*(?:\$ )?{program} (.+)", line))]


def test_there_are_pages() -> None:
    assert CHECKOUT / "README.md" in PAGES


@EVERY_PAGE
def test_links_lead_somewhere(page: Path) -> None:
    for target in (first or second for first, second in LINK.findall(page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{target}: no such file"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), f"{target}: no such heading"


@EVERY_PAGE
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {word for line in command_lines(page, "make") if re.match(r"[a-z]", word := line.split()[0])}
    assert named <= targets


@EVERY_PAGE
def test_python_in_pages_is_python(page: Path) -> None:
    for language, body in BLOCK.findall(page.read_text("utf-8")):
        if language == "python":
            ast.parse(body)


@functools.cache
def crm_help(*words: str) -> str:
    """What `crm WORDS --help` prints; fails the test when there is no such command."""
    from crm_core.cli import main

    command: click.Command = main
    context = click.Context(command, info_name="crm", **command.context_settings)
    for word in words:
        if not isinstance(command, click.Group):
            break  # the word is an argument, as in `crm import contacts`
        found = command.get_command(context, word)
        assert found is not None, f"crm {' '.join(words)}: there is no such command"
        command, context = found, click.Context(found, parent=context, info_name=word)
    return command.get_help(context)


@EVERY_PAGE
def test_crm_commands_and_their_options_exist(page: Path) -> None:
    lines = command_lines(page, "crm")
    if lines and importlib.util.find_spec("crm_core.cli") is None:
        pytest.fail("the page shows `crm` commands, but there is no command line")
    for line in lines:
        words = []
        for word in line.split():
            if not re.fullmatch(r"[a-z][a-z-]*", word):
                break
            words.append(word)
        if words:
            shown = crm_help(*words)
            for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", line):
                assert option in shown, f"crm {line}: no option {option}"
