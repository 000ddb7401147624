"""The demo's words: matters that citizens bring, each with what is said of it, and sentences that go with any of them.

They lie in TOML files below `words`. A matter has ``titles``, what the citizen writes (``said``), what the clerk
notes of a conversation (``calls``, ``again`` when it is asked after), what is missing (``miss``) and the answer
(``done``). "subject | words" is a subject and its body; words in braces are filled in from a scene. A sentence may
begin with a mark, "site) …": see `fitting`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

MATTER_FILES = ("waste", "streets", "green", "town", "people", "firms")
WORDS = frozenset({"site", "desk", "person", "firm", "old"})
_MARK = re.compile(r"([a-z]+)\) ")


@dataclass(frozen=True)
class Matter:
    """One thing that citizens ask for. ``unit`` is a unit's key, "area" the one of the place; ``area``: either.

    ``kind`` is the category of a general request, ``blame`` that of a complaint; ``season`` holds Jalali months,
    empty: all year. ``on_site``: somebody goes there and looks. ``organisations``: theirs alone, else persons'.
    ``language`` is the citizen's. A title's mark ("a) ") names its aspect, which the other sentences then keep to.
    """

    key: str
    unit: str
    titles: tuple[str, ...]
    said: tuple[str, ...]
    calls: tuple[str, ...]
    again: tuple[str, ...]
    done: tuple[str, ...]
    miss: tuple[str, ...] = ()
    weight: float = 1
    area: bool = False
    on_site: bool = True
    kind: str = "service"
    blame: str = ""
    urgent: str = "normal"
    confidential: bool = False
    organisations: bool = False
    season: tuple[int, ...] = ()
    language: str = "fa"


class Texts:
    """All words of the demo. Pools of sentences are called by name; English ones stand in for Persian where there are.

    Made new for each run, so that nothing is kept in the module.
    """

    def __init__(self) -> None:
        self._common = read_toml("common")
        self._english = read_toml("english")
        self.extras = read_toml("extras")

    @cached_property
    def matters(self) -> tuple[Matter, ...]:
        """Every matter, in the order of the files."""
        persian = [row for name in MATTER_FILES for row in read_toml(f"matters/{name}")["matter"]]
        english = [{**row, "language": "en"} for row in self._english["matter"]]
        return tuple(_matter(row) for row in (*persian, *english))

    def matter(self, key: str) -> Matter:
        """The matter with that key."""
        return next(matter for matter in self.matters if matter.key == key)

    def pool(self, name: str, language: str = "fa") -> list[str]:
        """The sentences called ``name``."""
        found = self._english.get(name) if language == "en" else None
        return list(found or self._common[name])


def _matter(row: Mapping[str, Any]) -> Matter:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return Matter(**values)


def read_toml(name: str) -> dict[str, Any]:
    """A TOML file below `words`, without its ending."""
    return tomllib.loads(read_text(f"{name}.toml"))


def read_text(name: str) -> str:
    """The text of a file below `words`."""
    return files("crm_core.demo").joinpath("words", name).read_text("utf-8")


def fitting(sentences: Iterable[str], marks: frozenset[str]) -> list[str]:
    """Those of ``sentences`` that suit a case, without their marks.

    ``marks`` of the case: "site" or "desk", "person" or "firm", "old", and a letter for the aspect of the matter. A
    sentence's mark is one such word, or letters of which one is the aspect ("ab) "); one without a mark suits any case.
    """
    found = []
    for sentence in sentences:
        mark = _MARK.match(sentence)
        if mark is None:
            found.append(sentence)
        elif mark[1] in marks or (not marks.isdisjoint(mark[1]) and mark[1] not in WORDS):
            found.append(sentence[mark.end():])
    return found


def aspect(title: str) -> str:
    """The letter a title is marked with, "" for none."""
    mark = _MARK.match(title)
    return mark[1] if mark is not None else ""


def split(words: str) -> tuple[str, str]:
    """Subject and body of "subject | body"."""
    subject, _, body = words.partition(" | ")
    return subject, body
