"""A scene: the street, the time and the little things that one story is about, filled into the braces of its texts."""

from __future__ import annotations

from datetime import date

from crm_core.demo.draw import Dice
from crm_core.demo.people import Person
from crm_core.demo.places import City, Home
from crm_core.text.digits import to_persian

COUNTS = ("دو", "سه", "چهار")
SPANS = ("سه روز", "پنج روز", "یک هفته", "ده روز", "دو هفته", "سه هفته")
CLOCKS = ("شش صبح", "هفت صبح", "دوازده ظهر", "دو بعدازظهر", "پنج عصر", "هشت شب", "نه شب")
SUMS = ("۲۸۰ هزار تومان", "۴۵۰ هزار تومان", "یک میلیون و ۲۰۰ هزار تومان", "سه میلیون تومان",
        "۶ میلیون و ۷۰۰ هزار تومان", "۱۲ میلیون تومان", "۱۸ میلیون تومان", "۲۴ میلیون تومان")  # fmt: skip


OLD = 68


class Scene(dict[str, str]):
    """Word in braces → what stands for it. Each story draws its own, so that title, text and answer agree.

    ``marks`` tell which sentences suit it (see `texts.fitting`).
    """

    marks: frozenset[str] = frozenset()

    def fill(self, text: str) -> str:
        """``text`` with its braces filled; ``{code}`` stays, for the code is known only when it is stored."""
        return text.format_map(self)


def make_scene(dice: Dice, city: City, person: Person | None, today: date, place: Home | None = None) -> Scene:
    """The scene of a story of ``person``, at ``place`` or (mostly) near the person's home."""
    home = place or (person.home if person is not None and dice.chance(0.78) else city.home(dice))
    area, line = home.area, str(dice.randrange(2, 19))
    scene = Scene(
        code="{code}", name=person.name.full if person is not None else "", area=area.name, area_key=area.key,
        quarter=home.quarter, street=home.street, street_en=home.street_en, alley=home.lane,
        place=f"{home.street}، {home.lane}",
        landmark=dice.choice(area.landmarks), park=dice.choice(area.parks), school=dice.choice(area.schools),
        number=to_persian(str(home.number)), number_en=str(home.number), n=dice.choice(COUNTS), days=dice.choice(SPANS),
        hour=dice.choice(CLOCKS), line=to_persian(line), line_en=line, sum=dice.choice(SUMS),
    )
    if person is not None:
        is_old = person.born is not None and (today - person.born).days > OLD * 365
        scene.marks = frozenset({"firm"} if person.is_organisation else {"person", "old"} if is_old else {"person"})
    return scene
