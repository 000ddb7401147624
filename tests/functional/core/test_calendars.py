"""Business calendars: what a unit inherits, exceptions of single days, who may say so; targets by kind and priority."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from crm_core import builtin
from crm_core.app import App
from crm_core.errors import Forbidden, Invalid, NotFound, StaleChange
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.audit_trail import Asked
from crm_core.services.calendars import USUAL
from crm_core.services.targets import Target
from crm_core.testing.factories import make_clerk

SATURDAY, THURSDAY, FRIDAY = date(2026, 11, 21), date(2026, 11, 26), date(2026, 11, 27)
NOWRUZ = date(2027, 3, 21)
NIGHT = tuple(((1320, 1800),) for _day in range(7))


@pytest.fixture
def units(app: App) -> tuple[int, int, int]:
    """A unit, one below it, and another one beside."""
    def work(services: Services) -> tuple[int, int, int]:
        first = services.units.add("خدمات").id
        return first, services.units.add("پسماند", parent=first).id, services.units.add("پذیرش").id

    return app.run(work)


def shifts(services: Services, unit: int | None, day: date) -> Any:
    return services.calendars.day(unit, day).shifts


# ── calendars ────────────────────────────────────────────────────────────────────────────────────────────────


def test_before_anybody_says_anything_an_iranian_office_week_holds(app: App, units: tuple[int, int, int]) -> None:
    with app.reading() as services:
        for unit in (None, units[1]):
            assert shifts(services, unit, SATURDAY) == ((480, 960),)
            assert shifts(services, unit, THURSDAY) == ((480, 780),)
            assert shifts(services, unit, FRIDAY) == ()
            found = services.calendars.day(unit, NOWRUZ)
            assert found.why == "holiday" and found.name is not None and "نوروز" in found.name["fa"]
        assert services.root.calendars is None  # asking makes nothing


def test_a_unit_has_what_is_above_it_until_it_says_otherwise(app: App, units: tuple[int, int, int]) -> None:
    above, below, beside = units
    app.run(lambda services: services.calendars.edit(above, {"week": NIGHT}))
    app.run(lambda services: services.calendars.edit(None, {"holidays": False}))
    with app.reading() as services:
        assert shifts(services, below, SATURDAY) == ((1320, 1800),)
        assert shifts(services, beside, SATURDAY) == ((480, 960),)
        assert shifts(services, below, NOWRUZ) == ((1320, 1800),)  # no holidays: that is the organisation's
    app.run(lambda services: services.calendars.edit(below, {"week": USUAL, "holidays": True}))
    with app.reading() as services:
        assert shifts(services, below, SATURDAY) == ((480, 960),)
        assert services.calendars.day(below, NOWRUZ).why == "holiday"
    app.run(lambda services: services.calendars.edit(below, {"week": None, "holidays": None}))
    with app.reading() as services:
        assert shifts(services, below, NOWRUZ) == ((1320, 1800),)


def test_the_nearest_exception_of_a_day_decides(app: App, units: tuple[int, int, int]) -> None:
    above, below, beside = units

    def work(services: Services) -> None:
        services.calendars.set_day(None, SATURDAY, "closed", name="آلودگی هوا", name_en="Bad air")
        services.calendars.set_day(above, SATURDAY, "hours", shifts=[(600, 720), (780, 840)])
        services.calendars.set_day(below, NOWRUZ, "hours", shifts=[(480, 600)], name="کشیک")
        services.calendars.set_day(beside, date(2026, 11, 25), "closed", name="جابه‌جایی")

    app.run(work)
    with app.reading() as services:
        assert services.calendars.day(beside, SATURDAY).name == {"fa": "آلودگی هوا", "en": "Bad air"}
        assert shifts(services, below, SATURDAY) == ((600, 720), (780, 840))
        assert services.calendars.day(below, SATURDAY).unit == above
        assert shifts(services, below, NOWRUZ) == ((480, 600),)
        assert shifts(services, above, NOWRUZ) == ()
        assert shifts(services, below, date(2026, 11, 25)) == ((480, 960),)


def test_a_holiday_that_the_moon_moved_is_opened_and_the_other_day_closed(app: App) -> None:
    eve, feast = date(2027, 3, 9), date(2027, 3, 10)
    with app.reading() as services:
        days = [services.calendars.day(None, day) for day in (eve, feast)]
    assert [day.why for day in days].count("holiday") >= 1 and any(day.estimated for day in days)

    def work(services: Services) -> None:
        services.calendars.set_day(None, feast, "open")
        services.calendars.set_day(None, date(2027, 3, 13), "closed", name="عید سعید فطر")

    app.run(work)
    with app.reading() as services:
        assert shifts(services, None, feast) == ((480, 960),)
        assert shifts(services, None, date(2027, 3, 13)) == ()


@pytest.mark.parametrize(("week", "words"), [
    (((),) * 7, "one day of the week"), ((((480, 960),),) * 6, "one day of the week"),
    ((((960, 480),),) * 7, "behind its beginning"), ((((480, 960), (900, 1000)),) * 7, "follow one another"),
    ((((1320, 1980),),) + (((480, 960),),) * 6, "follow one another"), ((((0, 1500),),) * 7, "24 hours"),
])
def test_a_week_that_cannot_be_is_refused_in_words(app: App, week: Any, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        app.run(lambda services: services.calendars.edit(None, {"week": week}))


@pytest.mark.parametrize(("kind", "more", "field"), [
    ("closed", {}, "name"), ("hours", {}, "shifts"), ("hours", {"shifts": [(900, 480)]}, "shifts"),
    ("perhaps", {}, "kind"), ("closed", {"name": "x" * 300}, "name"),
])
def test_an_exception_that_says_too_little_is_refused(app: App, kind: str, more: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        app.run(lambda services: services.calendars.set_day(None, SATURDAY, kind, **more))
    assert field in refused.value.errors


def test_a_friday_has_no_hours_to_be_opened_with(app: App) -> None:
    with pytest.raises(Invalid, match="say the hours"):
        app.run(lambda services: services.calendars.set_day(None, FRIDAY, "open"))
    app.run(lambda services: services.calendars.set_day(None, FRIDAY, "hours", shifts=[(480, 720)]))
    with app.reading() as services:
        assert shifts(services, None, FRIDAY) == ((480, 720),)


def test_what_another_one_changed_meanwhile_is_not_overwritten(app: App) -> None:
    app.run(lambda services: services.calendars.set_day(None, SATURDAY, "closed", name="یک"))
    with pytest.raises(Invalid, match="an exception already"):
        app.run(lambda services: services.calendars.set_day(None, SATURDAY, "closed", name="دو"))
    with app.reading() as services:
        seen = services.calendars.own(None).days["2026-11-21"]
    app.run(lambda services: services.calendars.set_day(None, SATURDAY, "closed", name="سه", seen=seen))
    for late in (lambda services: services.calendars.set_day(None, SATURDAY, "closed", name="چهار", seen=seen),
                 lambda services: services.calendars.forget_day(None, SATURDAY, seen=seen)):
        with pytest.raises(StaleChange):
            app.run(late)
    before = {"week": None, "holidays": None}
    app.run(lambda services: services.calendars.edit(None, {"week": NIGHT, "holidays": None}, before))
    with pytest.raises(StaleChange):
        app.run(lambda services: services.calendars.edit(None, {"week": USUAL, "holidays": None}, before))


def test_who_may_change_calendars_and_what_the_trail_says(app: App, units: tuple[int, int, int]) -> None:
    clerk = make_clerk(app, "clerk")
    admin = make_clerk(app, "admin", roles=[Role.ADMINISTRATOR])
    for refused in (lambda services: services.calendars.edit(None, {"week": NIGHT}),
                    lambda services: services.calendars.set_day(None, SATURDAY, "closed", name="نه"),
                    lambda services: services.calendars.forget_day(None, SATURDAY),
                    lambda services: services.targets.add({"first": (4, "hours")}),
                    lambda services: services.targets.remove(1)):
        with pytest.raises(Forbidden):
            app.run(refused, clerk)
    app.run(lambda services: services.calendars.set_day(units[0], SATURDAY, "closed", name="بسته"), admin)
    app.run(lambda services: services.targets.add({"first": (4, "hours")}), admin)
    with app.reading(admin) as services:
        rows = services.audit_trail.page(Asked(kinds=frozenset({"calendar", "targets"}))).rows
        assert [row.entry.kind for row in rows] == ["targets.changed", "calendar.changed"]
        assert rows[1].changes["days"][0] == {"2026-11-21": None}
        assert rows[0].changes["targets"][1][0]["first"] == [4, "hours"]
    with pytest.raises(NotFound):
        app.run(lambda services: services.calendars.edit(4711, {"week": NIGHT}), admin)


# ── targets ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_most_specific_row_wins_and_open_ends_are_those_of_the_next(app: App) -> None:
    def work(services: Services) -> None:
        add = services.targets.add
        add({"first": (8, "hours"), "solution": (5, "days"), "warn": 50})
        add({"priority": "urgent", "first": (1, "hours"), "solution": (1, "days")})
        add({"type": builtin.GENERAL, "solution": (3, "days"), "warn": 80})
        add({"type": builtin.GENERAL, "priority": "urgent", "first": (30, "hours"), "warn": 0})

    app.run(work)
    with app.reading() as services:
        find = services.targets.find
        assert find("other.kind", "normal") == Target((8, "hours"), (5, "days"), 50, (), 4)
        assert find("other.kind", "urgent") == Target((1, "hours"), (1, "days"), 75, (), 4)
        assert find(builtin.GENERAL, "normal") == Target((8, "hours"), (3, "days"), 80, (), 4)
        assert find(builtin.GENERAL, "urgent") == Target((30, "hours"), (3, "days"), 0, (), 4)


def test_every_edition_is_kept(app: App) -> None:
    id_ = app.run(lambda services: services.targets.add({"solution": (5, "days")})["id"])
    app.run(lambda services: services.targets.change(id_, {"solution": (4, "days")}))
    assert app.run(lambda services: services.targets.change(id_, {"solution": (4, "days")})) == ()
    app.run(lambda services: services.targets.remove(id_))
    with app.reading() as services:
        table = services.targets.table()
        assert [[row["solution"] for row in one["rows"]] for one in table.editions.values()] == [
            [[5, "days"]], [[4, "days"]], []]
        assert not services.targets.find(builtin.GENERAL, "normal")
        with pytest.raises(NotFound):
            services.targets.row(id_)


@pytest.mark.parametrize(("values", "field"), [
    ({}, "solution"), ({"type": "no.such", "first": (1, "hours")}, "type"),
    ({"priority": "odd", "first": (1, "hours")}, "priority"), ({"first": (0, "hours")}, "first"),
    ({"first": (1, "weeks")}, "first"), ({"solution": (1001, "days")}, "solution"),
    ({"first": (9, "hours"), "solution": (8, "hours")}, "first"), ({"first": (1, "hours"), "warn": 100}, "warn"),
    ({"first": (1, "hours"), "tell": [4711]}, "tell"),
])
def test_a_row_that_cannot_be_is_refused_at_its_field(app: App, values: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        app.run(lambda services: services.targets.add(values))
    assert list(refused.value.errors) == [field]


def test_two_rows_for_the_same_are_refused_and_two_changes_of_one_noticed(app: App) -> None:
    first = app.run(lambda services: services.targets.add({"first": (4, "hours")}))
    with pytest.raises(Invalid, match="already"):
        app.run(lambda services: services.targets.add({"first": (5, "hours")}))
    app.run(lambda services: services.targets.change(first["id"], {"first": [5, "hours"]}, first))
    with pytest.raises(StaleChange):
        app.run(lambda services: services.targets.change(first["id"], {"first": [6, "hours"]}, first))
