"""Who counts on a record of a collection conflicts with whoever removes it, a plugin or the core."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ZODB.POSException import ConflictError

from crm_core.app import App
from crm_core.contributions import Collection
from crm_core.services import Services
from crm_core.testing.beside import beside
from crm_core.testing.factories import make_contact

SLOTS = Collection("core.slots", "Slots", ranges=("day",), person="who", on_erase="remove",
                   expires_days=1, expires_by="day")
BOOKED = Collection("core.booked", "Booked", exact=("slot",))


def expire(services: Services, _who: int) -> None:
    assert services.expiry.run()["record"] == 1


def erase(services: Services, who: int) -> None:
    services.privacy.erase(services.contacts.get(who))


@pytest.mark.parametrize("remove", [expire, erase])
def test_a_record_that_somebody_counts_on_does_not_vanish_beside(
    app: App, remove: Callable[[Services, int], None]
) -> None:
    for spec in (SLOTS, BOOKED):
        app.registry.collections[spec.id] = spec

    def begin(services: Services) -> tuple[int, int]:
        services.collections[BOOKED.id].add({"slot": "0"})
        who = make_contact(services).id
        return who, services.collections[SLOTS.id].add({"day": "2020-01-01", "who": str(who)}).id

    who, slot = app.run(begin)
    with pytest.raises(ConflictError), beside(app) as services:  # noqa: PT012  # the end of the block stores
        slots = services.collections[SLOTS.id]
        item = slots.get(slot)
        assert item is not None
        slots.depend(item)
        services.collections[BOOKED.id].add({"slot": str(slot)})
        app.run(lambda other: remove(other, who))
    with app.reading() as services:
        assert services.collections[SLOTS.id].get(slot) is None
        assert len(services.collections[BOOKED.id]) == 1
