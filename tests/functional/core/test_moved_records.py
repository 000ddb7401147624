"""Records that a claim moved to the oldest contact go with the citizen they came from, whichever claims are taken back.
"""

from __future__ import annotations

import pytest

from crm_core.app import App
from crm_core.contributions import Collection
from crm_core.services import Services
from crm_core.testing.factories import make_contact

NOTES = Collection("core.notes", "Notes", person="contact", on_erase="remove", on_merge="move")


class Chain:
    """Three contacts, oldest first, each with a note; linked as the pairs say, in that order."""

    def __init__(self, app: App, *pairs: str) -> None:
        self.app = app
        app.registry.collections[NOTES.id] = NOTES
        self.ids: dict[str, int] = {}

        def begin(services: Services) -> None:
            ids = sorted(make_contact(services, name).id for name in "ABC")
            self.ids = dict(zip("ABC", ids, strict=True))
            for name, id_ in self.ids.items():
                services.collections[NOTES.id].add({"contact": str(id_), "word": name})
            for pair in pairs:
                one, two = (services.contacts.get(self.ids[name]) for name in pair)
                services.linking.link(one, two, "same")

        app.run(begin)

    def take_back(self, pair: str) -> None:
        def work(services: Services) -> None:
            first, second = (self.ids[name] for name in pair)
            claim = services.linking.claim(services.contacts.get(first), first, second)
            services.linking.take_back(claim, {}, apart=True)

        self.app.run(work)

    def holders(self) -> dict[str, str]:
        """Word of a note → name of the contact that holds it."""
        names = {str(id_): name for name, id_ in self.ids.items()}
        with self.app.reading() as services:
            return {str(item.data["word"]): names[str(item.data["contact"])]
                    for item in services.collections[NOTES.id]}


@pytest.mark.parametrize(("links", "taken", "holders"), [
    ("AB BC", "AB", {"A": "A", "B": "B", "C": "B"}),
    ("BC AB", "AB", {"A": "A", "B": "B", "C": "B"}),
    ("AB BC", "BC", {"A": "A", "B": "A", "C": "C"}),
    ("BC AB", "BC AB", {"A": "A", "B": "B", "C": "C"}),
    ("AB BC", "AB BC", {"A": "A", "B": "B", "C": "C"}),
    ("BC AB CA", "BC CA", {"A": "A", "B": "A", "C": "C"}),
    ("AB BC CA", "AB BC CA", {"A": "A", "B": "B", "C": "C"}),
    ("AC CB", "AC CB", {"A": "A", "B": "B", "C": "C"}),
])
def test_nothing_stays_with_a_stranger(app: App, links: str, taken: str, holders: dict[str, str]) -> None:
    chain = Chain(app, *links.split())
    assert set(chain.holders().values()) == {"A"}
    for pair in taken.split():
        chain.take_back(pair)
    assert chain.holders() == holders


def test_who_is_erased_takes_his_records_along(app: App) -> None:
    chain = Chain(app, "AB", "BC")
    chain.take_back("AB")
    app.run(lambda services: services.erasure.erase(services.contacts.get(chain.ids["C"]), "asked for it"))
    assert chain.holders() == {"A": "A"}


def test_one_record_less_in_a_chain_gives_back_what_was_beyond(app: App) -> None:
    chain = Chain(app, "AB", "BC")
    app.run(lambda services: services.privacy.erase(services.contacts.get(chain.ids["B"])))
    assert chain.holders()["C"] == "C"
