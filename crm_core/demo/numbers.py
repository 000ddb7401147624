"""Numbers that nobody has: well-formed, with right check digits, and in ranges that are not given to people."""

from __future__ import annotations

from crm_core.demo.draw import Dice
from crm_core.text.tracking import LENGTH, check_digit

OPERATORS = ("0912", "0913", "0914", "0915", "0916", "0917", "0918", "0919", "0901", "0902", "0903", "0930", "0933",
             "0935", "0936", "0937", "0938", "0939", "0990", "0991")  # fmt: skip


class Numbers:
    """Draws numbers, none of them twice. ``dice`` is this object's alone."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._given: set[str] = set()
        self._landlines = 0

    def _new(self, number: str) -> bool:
        if number in self._given:
            return False
        self._given.add(number)
        return True

    def mobile(self) -> str:
        """A mobile number 09xx 000 xx xx: no operator gives numbers that begin with three zeros."""
        while True:
            number = f"{self._dice.rank(OPERATORS)}000{self._dice.randrange(200, 10_000):04}"
            if self._new(number):
                return number

    def landline(self) -> str:
        """A number of the exchange 021 5500 that the product's pictures use too; 5501 to 5509 when many are needed."""
        self._landlines += 1
        most = 10_000 if self._landlines < 5_000 else 100_000
        while True:
            number = f"02155{self._dice.randrange(100, most):06}"
            if self._new(number):
                return number

    def national_id(self) -> str:
        """Ten digits that begin with 99, which is no place of issue; check digit as in `text.identifiers`."""
        while True:
            first = f"99{self._dice.randrange(10_000_000):07}"
            rest = sum(int(digit) * weight for digit, weight in zip(first, range(10, 1, -1), strict=True)) % 11
            number = first + str(rest if rest < 2 else 11 - rest)
            if self._new(number):
                return number

    def legal_id(self) -> str:
        """Eleven digits that begin with 99; check digit as in `text.identifiers`."""
        while True:
            first = f"99{self._dice.randrange(10_000_000, 100_000_000)}"
            weights = (29, 27, 23, 19, 17) * 2
            total = sum((int(digit) + int(first[9]) + 2) * weight for digit, weight in zip(first, weights, strict=True))
            number = f"{first}{total % 11 % 10}"
            if self._new(number):
                return number

    def passport(self, letter: str) -> str:
        """A letter and eight digits."""
        while True:
            number = f"{letter}{self._dice.randrange(90_000_000, 100_000_000)}"
            if self._new(number):
                return number

    def code(self) -> str:
        """A tracking code."""
        while True:
            first = str(10 ** (LENGTH - 2) + self._dice.randrange(9 * 10 ** (LENGTH - 2)))
            if self._new(first):
                return first + check_digit(first)

    def account(self, name: str) -> str:
        """``name``, with a number behind it when it was given already."""
        while not self._new(name):
            name = f"{name.rstrip('0123456789')}{self._dice.randrange(2, 1000)}"
        return name
