"""Invented people's names: Persian ones as frequent as in life, names of other peoples, and other ways to write one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm_core.demo.draw import Dice
from crm_core.demo.texts import read_text, read_toml

ERAS = {"o": (3.0, 0.6, 0.05), "m": (1.0, 1.4, 0.8), "y": (0.05, 0.3, 2.5)}
"""How often names of the old, of all, of the young are given: born before 1960, before 1992, later."""

HOMOPHONES = (("ط", "ت"), ("ص", "س"), ("ذ", "ز"), ("غ", "ق"), ("ظ", "ز"), ("ث", "س"))


@dataclass(frozen=True)
class Name:
    """A name in parts, Persian and Latin; either script may be empty."""

    given: str
    family: str
    latin_given: str
    latin_family: str

    @property
    def full(self) -> str:
        """As it is said."""
        return f"{self.given} {self.family}".strip() or f"{self.latin_given} {self.latin_family}"


class Names:
    """Draws names; ``groups`` are the peoples whose names are not in the Persian lists."""

    def __init__(self) -> None:
        self._given = [line.split("\t") for line in _lines("given.tsv")]
        self.families = [(persian, latin) for persian, latin in (line.split("\t") for line in _lines("families.tsv"))]
        self.groups: list[dict[str, Any]] = read_toml("others")["group"]

    def given(self, dice: Dice, gender: str, born: int) -> tuple[str, str]:
        """A given name (Persian, Latin) for somebody born in the Gregorian year ``born``; ``gender`` is m or f."""
        era = 0 if born < 1960 else 1 if born < 1992 else 2
        rows = [row for row in self._given if row[2] == gender]
        weights = [ERAS[row[3]][era] / (place + 6) for place, row in enumerate(rows)]
        row = dice.choices(rows, weights)[0]
        return row[0], row[1]

    def family(self, dice: Dice) -> tuple[str, str]:
        """A family name (Persian, Latin): a few are very frequent."""
        return dice.rank(self.families, 2.5)

    @staticmethod
    def of_group(dice: Dice, group: dict[str, Any], part: str) -> tuple[str, str]:
        """One of a people's ``men``, ``women`` or ``families`` (Persian, Latin)."""
        persian, latin = dice.choice(group[part]).split("|")
        return persian, latin


def _lines(name: str) -> list[str]:
    return [line for line in read_text(name).splitlines() if line and not line.startswith("#")]


def other_spellings(text: str) -> list[str]:
    """How a second clerk may have written a name: half-spaces lost, hamza, homophones, Arabic yeh, joined parts."""
    ways = [text.replace("\u200c", " "), text.replace("\u200c", ""), text.replace("ایی", "ائی"), text.replace("ی", "ي")]
    ways += [text.replace(one, other) for one, other in HOMOPHONES]
    for first in ("محمد", "امیر", "سید", "غلام", "علی"):
        if text.startswith(first) and len(text) > len(first) + 1 and text[len(first)] not in " \u200cی":
            ways.append(f"{first} {text.removeprefix(first)}")
    return [way for way in dict.fromkeys(ways) if way != text]
