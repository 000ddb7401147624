"""An office of a given size for the benches of pages: citizens, calls, open requests, one very long history, one clerk.

Filling takes about two milliseconds a citizen, the full text as long again; so what was filled is kept (`kept`) and
each run works on a copy, which makes runs comparable.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crm_core import builtin
from crm_core.app import App
from crm_core.demo.draw import Dice
from crm_core.demo.names import Names
from crm_core.evolve import STEPS
from crm_core.security.identity import SYSTEM
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.settings import Settings

BATCH = 5000
"""Citizens of one transaction: large ones write a node of an index once for many."""
OPEN_SHARE = 0.1
"""Open requests a citizen."""
RECENT = 1000
"""Calls that clerks logged after the citizens came in with an import."""
LONG_HISTORY = 10_000
YEAR = 365 * 86_400_000
LOGIN, PASSWORD = "clerk", "bench-password"
SHORT = 3
"""Letters of the longest word that nobody asks for."""
TEXTS = ("پرسید کی آسفالت می‌شود", "از تأخیر در جمع‌آوری پسماند گفت", "گفتیم بازدید فردا صبح است", "برق کوچه قطع است")

Known = dict[str, list[Any]]
"""What a clerk may ask for: ids of ``contacts``, ``phones``, ``names``, ``families``, ``codes``, ``words`` of what was
said; ``long``: one id."""


@contextmanager
def kept(folder: Path, size: int, search: str) -> Iterator[tuple[Path, Known, float]]:
    """A copy of the office of ``size`` citizens: its data folder, what is in it, seconds of filling (0: it was there).

    The original is made once in ``folder`` and made anew when this module or the layout of the database changes.
    """
    marks = (Path(__file__).read_bytes(), *(step.id.encode() for step in STEPS))
    original = folder / f"{size}-{search}-{hashlib.sha256(b''.join(marks)).hexdigest()[:10]}"
    taken = 0.0
    if not (original / "known.json").exists():
        shutil.rmtree(original, ignore_errors=True)
        begun = time.perf_counter()
        known = fill(original / "data", size, search)
        taken = time.perf_counter() - begun
        (original / "known.json").write_text(json.dumps(known, ensure_ascii=False), "utf-8")
    with TemporaryDirectory(dir=folder) as name:
        copy = Path(name) / "data"
        shutil.copytree(original / "data", copy, ignore=shutil.ignore_patterns("*.lock", "*.sock"))
        yield copy, json.loads((original / "known.json").read_text("utf-8")), taken


def fill(folder: Path, size: int, search: str) -> Known:
    """Fill a new data folder, full text included."""
    folder.mkdir(parents=True)
    dice, names = Dice("office", size), Names()
    app = App.open(Settings(folder, search=search))
    try:
        unit = app.run(_staff)
        known: Known = {"contacts": [], "phones": [], "names": [], "families": [], "codes": []}
        for start in range(0, size, BATCH):
            sys.stderr.write(f"\r  filling an office of {size}: {start} ")
            with app.transaction(SYSTEM, "bench", bulk=True) as services:
                for number in range(start, min(size, start + BATCH)):
                    _person(services, dice, names, number, unit, known)
        app.run(lambda services: _calls(services, random.Random(size), known["contacts"], unit))
        known["long"] = [app.run(_long_history, bulk=True)]
        known["words"] = sorted({word for text in TEXTS for word in text.split() if len(word) > SHORT})
        sys.stderr.write(f"\r  filling an office of {size}: the full text")
        app.catch_up()
        sys.stderr.write("\r" + " " * 60 + "\r")
    finally:
        app.close()
    return known


def _staff(services: Services) -> int:
    unit = services.units.add("پذیرش", name_en="Reception").id
    services.users.add(LOGIN, name="مریم صادقی", password=PASSWORD, roles=[Role.CLERK], units=[unit], hash_cost=1)
    return unit


def _person(services: Services, dice: Dice, names: Names, number: int, unit: int, known: Known) -> None:
    phone = f"+98912{number:07d}"
    given, family = names.given(dice, dice.choice("mf"), dice.randint(1950, 2005))[0], names.family(dice)[0]
    contact = services.contacts.create(given=given, family=family, identifiers=[("phone", phone)])
    services.interactions.log(contact, channel="phone", body=dice.choice(TEXTS), unit=unit,
                              started=services.now - dice.randrange(YEAR))
    known["contacts"].append(contact.id)
    known["phones"].append(phone)
    known["names"].append(contact.name)
    known["families"].append(family)
    if dice.chance(OPEN_SHARE):
        request = services.requests.register(
            services, contact, builtin.GENERAL, {"category": "service", "place": "کوچهٔ لاله"}, unit=unit,
            at=services.now - dice.randrange(YEAR))
        known["codes"].append(request.code)


def _calls(services: Services, dice: random.Random, contacts: list[int], unit: int) -> None:
    for id_ in dice.choices(contacts, k=RECENT):
        services.interactions.log(services.contacts.get(id_), channel="phone", body=dice.choice(TEXTS), unit=unit)


def _long_history(services: Services) -> int:
    contact = services.contacts.create(name="پرونده‌دار قدیمی")
    for number in range(LONG_HISTORY):
        services.interactions.log(contact, channel="phone", body=TEXTS[number % len(TEXTS)],
                                  started=services.now - number * 3_600_000)
    return contact.id
