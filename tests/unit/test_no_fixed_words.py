"""No word that a person reads stands fixed in a template, a script or Persian in the code: all go through a catalog."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (ROOT / "views/crm_views", *sorted((ROOT / "plugins").glob("*/crm_*")))
TEMPLATES = sorted(path for package in PACKAGES for path in package.rglob("*.pt"))
SCRIPTS = sorted((ROOT / "views/crm_views/static/js").glob("*.js"))
MODULES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
READ = ("aria-label", "title", "placeholder", "alt", "aria-description", "aria-roledescription")
"""Attributes that are read to people or shown."""
VOID = {"meta", "link", "input", "br", "hr", "img", "use", "path", "col", "source"}
KEYS = {"Ctrl", "Enter", "Esc", "Alt", "Shift", "Tab", "kB", "MB"}
"""Names of keys and units that are the same in both languages."""
PERSIAN = re.compile("[\u0620-\u064a\u066e-\u06d3]")
"""Letters, not digits and commas."""
NOT_WORDS_FOR_READERS = {"فارسی", "شنبه"}
"""A language says its own name in its own letters; the end of the names of weekdays is taken off, not written."""
LETTERS = re.compile(r"[^\W\d_]{2,}")


def words(text: str) -> list[str]:
    """The words of a text beside expressions, entities and names of keys."""
    bare = re.sub(r"\$\{[^}]*\}|&[a-z#0-9]+;", " ", text)
    return [word for word in LETTERS.findall(bare) if word not in KEYS]


class Reader(HTMLParser):
    """Collects what is read by people and not translated."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open: list[tuple[str, bool]] = []
        self.fixed: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        translated = re.split(r"[;\s]+", given.get("i18n:attributes") or "")
        self.fixed += [f'{name}="{given[name]}"' for name in READ
                       if words(given.get(name) or "") and name not in translated]
        if tag not in VOID:
            free = "i18n:translate" in given or tag in ("script", "style", "kbd", "svg", "tal:art") or (
                "tal:content" in given or "tal:replace" in given)
            self.open.append((tag, free or (bool(self.open) and self.open[-1][1])))

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if words(data) and not (self.open and self.open[-1][1]):
            self.fixed.append(data.strip())


def without_expressions(source: str) -> str:
    """A template whose expressions are blanks, since they may hold any sign."""
    return re.sub(r"\$\{(?:[^{}]|\{[^{}]*\})*\}", " ", source)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_template_has_no_fixed_words(path: Path) -> None:
    reader = Reader()
    reader.feed(without_expressions(path.read_text("utf-8")))
    assert reader.fixed == []


def literals(source: str) -> Iterator[str]:
    """The string literals of a script, comments aside."""
    bare = re.sub(r"(?m)^\s*//.*$|\s//\s.*$|/\*.*?\*/", "", source)
    for found in re.finditer(r'"((?:[^"\\\n]|\\.)*)"|\'((?:[^\'\\\n]|\\.)*)\'|`([^`]*)`', bare):
        yield next(part for part in found.groups() if part is not None)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_takes_its_words_from_the_page(path: Path) -> None:
    sentence = re.compile(r"^[A-Z][a-z]+( [a-z]+)+|[.!…]$|[\u0600-\u06ff]")
    assert [text for text in literals(path.read_text("utf-8")) if sentence.search(text) and " " in text] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_persian_word_stands_in_the_code(path: Path) -> None:
    """Persian belongs into the catalog; what the code writes in Persian nobody would see in English."""
    source = re.sub(r'"""(?:.|\n)*?"""|(?m:#.*$)', "", path.read_text("utf-8"))
    fixed = [text for text in literals(source) if len(PERSIAN.findall(text)) > 1 and text not in NOT_WORDS_FOR_READERS]
    assert fixed == []


def test_the_reader_sees_what_is_fixed() -> None:
    reader = Reader()
    reader.feed('<div><p>Fixed words</p><p i18n:translate="">Free <b>words</b></p><input placeholder="Type"/>'
                '<input title="Free" i18n:attributes="title"/><kbd>Ctrl</kbd> Tail</div>')
    assert reader.fixed == ["Fixed words", 'placeholder="Type"', "Tail"]
    assert list(literals('say("Not found here."); // "not this"')) == ["Not found here."]
