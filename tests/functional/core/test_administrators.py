"""Somebody who may administer always stays, and units never lie below themselves, also when two people act at once."""

from __future__ import annotations

from crm_core.app import App
from crm_core.errors import Invalid
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.testing.crowd import together
from crm_core.testing.factories import make_clerk


def test_two_administrators_cannot_switch_each_other_off_at_once(app: App) -> None:
    both = [make_clerk(app, f"boss{number}", roles=[Role.ADMINISTRATOR]) for number in range(2)]

    def switch_off(which: int) -> bool:
        def work(services: Services) -> None:
            services.users.edit(services.users.get(both[1 - which].user_id or 0), {"active": False})

        try:
            app.run(work, both[which])
        except Invalid:
            return False
        return True

    assert sorted(together(switch_off, 2)) == [False, True]
    with app.reading() as services:
        assert len(services.users.active()) == 1


def test_two_units_cannot_be_moved_below_each_other_at_once(app: App) -> None:
    units = app.run(lambda services: [services.units.add(name).id for name in ("الف", "ب")])

    def move(which: int) -> bool:
        def work(services: Services) -> None:
            services.units.edit(services.units.get(units[which]), {"parent": units[1 - which]})

        try:
            app.run(work)
        except Invalid:
            return False
        return True

    assert sorted(together(move, 2)) == [False, True]
