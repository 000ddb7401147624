"""A page of a long list of work is chosen without making a row of each request, and is the same page."""

from __future__ import annotations

import random

import pytest

from crm_core import builtin
from crm_core.app import App
from crm_core.security.identity import SYSTEM
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.visibility import Visibility
from crm_core.services.worklists import URGENCY, Place, Wanted
from crm_core.testing.factories import make_clerk, make_contact, submit

MANY = 40
MINUTE = 60_000


@pytest.mark.parametrize("sort", ["due", URGENCY])
def test_pages_are_those_of_the_whole_list_in_order(app: App, sort: str) -> None:
    unit = app.run(lambda services: services.units.add("پذیرش").id)
    clerk = make_clerk(app, units=[unit], roles=[Role.EXPERT])
    dice = random.Random(7)

    def fill(services: Services) -> None:
        for number in range(MANY):
            request = submit(services, make_contact(services), builtin.GENERAL, {"category": "service"}, unit=unit,
                             confidential=number % 5 == 0, priority=dice.choice(("normal", "high", "urgent")))
            due = dice.choice((None, *(services.now + minutes * MINUTE for minutes in (-9, -3, 5, 5, 5, 8))))
            services.requests.edit(request, {"due": due})
            if number % 3 == 0:
                services.requests.change_status(services, request, "waiting")

    app.run(fill)
    wanted = Wanted(Place(units=(unit,)), sort=sort)
    for identity in (SYSTEM, clerk):
        with app.reading(identity) as services:
            full = [one.id for one in services.work.first(wanted, MANY)]
            pages = [services.work.find(wanted, number, 3) for number in range(1, len(full) // 3 + 2)]
            assert [one.id for page in pages for one in page.requests] == full[: 3 * len(pages)]
            assert {page.total for page in pages} == {len(full)}
            readable = [one for one in services.root.requests.values()
                        if services.eyes.of_request(one) is Visibility.FULL]
            assert len(full) == len(readable)
            last = services.work.find(wanted, 99, 3)
            assert (last.number, last.total) == (last.pages, len(full))
            assert [one.id for one in last.requests] == full[(last.pages - 1) * 3:]
