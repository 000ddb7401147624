"""The invented city: where citizens live, and the municipality with its units and staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm_core.demo.draw import Dice
from crm_core.demo.texts import read_toml
from crm_core.text.digits import to_persian


@dataclass(frozen=True)
class Area:
    """A part of the city; its key is that of the unit that looks after it. Streets are (Persian, Latin)."""

    key: str
    name: str
    quarters: tuple[str, ...]
    streets: tuple[tuple[str, str], ...]
    landmarks: tuple[str, ...]
    parks: tuple[str, ...]
    schools: tuple[str, ...]


@dataclass(frozen=True)
class Home:
    """An address. ``lane`` and ``street`` are Persian, ``street_en`` Latin; ``flat`` 0: none."""

    area: Area
    quarter: str
    street: str
    street_en: str
    lane: str
    number: int
    flat: int
    postal_code: str

    def address(self, city: City) -> dict[str, str]:
        """As contacts keep it."""
        parts = [self.street, self.lane, f"پلاک {self.number}", f"واحد {self.flat}" if self.flat else ""]
        return {
            "province": city.province, "city": city.name, "district": f"{self.area.name}، {self.quarter}",
            "line": to_persian("، ".join(part for part in parts if part)), "postal_code": self.postal_code,
        }


class City:
    """What is fixed whatever the seed: streets, units, staff."""

    def __init__(self) -> None:
        words, office = read_toml("city"), read_toml("office")
        self.organisation: str = words["organisation"]
        self.name: str = words["city"]
        self.province: str = words["province"]
        self.areas = tuple(_area(row) for row in words["area"])
        self.lanes: list[str] = words["lanes"]["names"]
        self.firms: dict[str, list[str]] = words["organisations"]
        self.units: list[dict[str, Any]] = office["unit"]
        self.staff: list[dict[str, Any]] = office["staff"]

    def home(self, dice: Dice, area: Area | None = None) -> Home:
        """Somebody's address."""
        area = area or self.areas[dice.weigh({0: 3, 1: 5, 2: 3})]  # the second is the greatest, and the demo's expert's
        street, street_en = dice.rank(area.streets)
        lane = f"کوچهٔ {dice.choice(self.lanes)}" if dice.chance(0.75) else to_persian(f"کوچهٔ {dice.randrange(2, 40)}")
        lane = lane.replace("کوچهٔ", "بن‌بست") if dice.chance(0.12) else lane
        flat = dice.randrange(1, 17) if dice.chance(0.6) else 0
        number = dice.randrange(1, 140)
        return Home(area, dice.choice(area.quarters), street, street_en, lane, number, flat, postal_code(dice))

    def unit(self, key: str) -> Mapping[str, Any]:
        """The unit with that key."""
        return next(unit for unit in self.units if unit["key"] == key)

    def unit_of(self, login: str) -> str:
        """The key of the unit somebody works in."""
        return str(next(one["unit"] for one in self.staff if one["login"] == login))

    def responsible(self, unit: str) -> list[str]:
        """Logins of who answers for a unit: its own experts, else its supervisors, else those of the unit above."""
        for role in ("expert", "supervisor"):
            found = [one["login"] for one in self.staff if one["unit"] == unit and role in one["roles"]]
            if found:
                return found
        parent = self.unit(unit).get("parent")
        return self.responsible(parent) if parent else ["supervisor"]


def _area(row: Mapping[str, Any]) -> Area:
    streets = tuple(tuple(street.split("|")) for street in row["streets"])
    rest = {name: tuple(row[name]) for name in ("quarters", "landmarks", "parks", "schools")}
    return Area(row["key"], row["name"], streets=streets, **rest)


def postal_code(dice: Dice) -> str:
    """Ten digits as the post gives them: no 0 and 2 in the first five, no 2 behind, the fifth is no 5."""
    first = dice.sample("1346789", 4)
    return "".join([*first, dice.choice("1346789"), *dice.choices("013456789", k=5)])
