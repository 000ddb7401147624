"""Chance that repeats itself: a seeded dice with the ways the demo draws, and decks that lay out all cards before one
comes again. Nothing here may depend on the hash of a string or the order of a set.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from random import Random
from typing import TypeVar

Card = TypeVar("Card")


class Dice(Random):
    """A source of chance, told apart from others by the words it is made with: ``Dice(seed, "people", 12)``."""

    def __new__(cls, *words: object) -> Dice:
        return super().__new__(cls)

    def __init__(self, *words: object) -> None:
        super().__init__("/".join(map(str, words)))

    def chance(self, share: float) -> bool:
        """True in ``share`` (0…1) of the cases."""
        return self.random() < share

    def weigh(self, weights: Mapping[Card, float]) -> Card:
        """A key, in proportion to its weight."""
        return self.choices(list(weights), list(weights.values()))[0]

    def rank(self, cards: Sequence[Card], smooth: float = 4) -> Card:
        """One of ``cards``, the n-th in proportion to 1 / (n + ``smooth``): as names and words are distributed."""
        return self.choices(cards, [1 / (place + smooth) for place in range(1, len(cards) + 1)])[0]

    def about(self, mean: float) -> int:
        """A whole number whose mean is ``mean``: the part behind the point is the chance of one more."""
        return int(mean) + self.chance(mean % 1)


class Decks:
    """Shuffled decks by name. A card comes again only when the whole deck was dealt; ``avoid`` skips cards for now."""

    def __init__(self, *words: object) -> None:
        self._words = words
        self._decks: dict[str, list[str]] = {}
        self._rounds: dict[str, int] = {}

    def draw(self, name: str, cards: Sequence[str], avoid: Collection[str] = ()) -> str:
        """The next card of the deck ``name``; one of ``avoid`` only when there is no other at all."""
        deck = self._decks.setdefault(name, [])
        if all(card in avoid for card in cards):
            avoid = ()
        if not any(card not in avoid for card in deck):
            deck[:0] = self._shuffled(name, cards)
        return deck.pop(next(place for place in reversed(range(len(deck))) if deck[place] not in avoid))

    def _shuffled(self, name: str, cards: Sequence[str]) -> list[str]:
        self._rounds[name] = self._rounds.get(name, 0) + 1
        return Dice(*self._words, name, self._rounds[name]).sample(cards, len(cards))
