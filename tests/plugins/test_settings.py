"""What administrators decide about a plugin: read by the plugin, kept while it is away, told by the audit."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from crm_core.api import Forbidden, NotFound, Setting, fields
from crm_core.app import App
from crm_core.cli.admin import plugins
from crm_core.errors import StaleChange
from crm_core.host import Candidate
from crm_core.inspection import brings, leaves
from crm_core.operations import PURGE_PLUGIN
from crm_core.services.audit_trail import Asked
from crm_core.testing.factories import make_clerk

Made = Callable[..., Candidate]
OpenWith = Any
FEE = Setting("dogs.fee", fields.money("Fee", most=900), default=500)
DAY = Setting("dogs.day", fields.choice("Day", (("sat", "Saturday"), ("sun", "Sunday"))), default="sat")
LOUD = Setting("dogs.loud", fields.boolean("Loud ones too"), default=False)


def no_progress(done: int, total: int) -> None:
    """Nobody looks."""


def decided(app: App, admin: Any, **values: Any) -> tuple[str, ...]:
    return app.run(lambda services: services.settings.edit("dogs", values), admin)


def test_what_was_decided_holds_and_the_rest_stays_as_it_came(made: Made, open_with: OpenWith) -> None:
    app = open_with([made("dogs", FEE, DAY, LOUD)])
    admin = make_clerk(app, "admin", roles=["administrator"])
    assert decided(app, admin, fee=700, day="sat", loud=True) == ("dogs.fee", "dogs.loud")
    assert decided(app, admin, fee=700) == ()
    with app.reading(admin) as services:
        settings = services.settings
        assert (settings.value(FEE), settings.value(DAY), settings.value(LOUD)) == (700, "sat", True)
        (row,) = services.audit_trail.page(Asked(kinds=frozenset({"plugin.set"}))).rows
        assert row.changes["dogs.fee"] == [500, 700] and row.changes["dogs.loud"][0]["en"] == "No"


def test_it_is_kept_while_the_plugin_is_away(made: Made, open_with: OpenWith) -> None:
    app = open_with([made("dogs", FEE, DAY)])
    admin = make_clerk(app, "admin", roles=["administrator"])
    decided(app, admin, fee=700, day="sun")
    open_with.close(app)

    app = open_with([])
    with app.reading() as services:
        assert [(field["labels"]["en"], answer["value"]) for field, answer in services.settings.decided("dogs")] == [
            ("Fee", 700), ("Day", "sun")]
        assert services.plugins.stored() == ["dogs"] and not services.plugins.held("dogs").is_empty
        assert leaves(services.plugins.held("dogs"), "en")["settings"] == [
            {"id": "dogs.fee", "title": "Fee"}, {"id": "dogs.day", "title": "Day"}]
    with pytest.raises(NotFound):
        decided(app, admin, fee=1)
    open_with.close(app)
    listed = CliRunner().invoke(plugins, ["--data", str(app.settings.data)], env={"LC_ALL": "C.UTF-8"})
    assert "gone" in listed.output and "crm plugin purge dogs --export DIR" in listed.output

    app = open_with([made("dogs", FEE)])
    with app.reading() as services:
        assert services.settings.value(FEE) == 700


def test_what_no_longer_fits_its_field_gives_way_to_the_default(made: Made, open_with: OpenWith) -> None:
    app = open_with([made("dogs", FEE, DAY)])
    decided(app, make_clerk(app, "admin", roles=["administrator"]), fee=700, day="sun")
    with app.reading() as services:
        assert services.settings.value(Setting("dogs.fee", fields.text("Fee"), default="by size")) == "by size"
        assert services.settings.value(
            Setting("dogs.day", fields.choice("Day", (("sat", "Saturday"),)), default="sat")) == "sat"


def test_who_decides_and_from_where(made: Made, open_with: OpenWith) -> None:
    app = open_with([made("dogs", FEE, DAY)])
    with pytest.raises(Forbidden):
        decided(app, make_clerk(app, "clerk"), fee=1)
    admin = make_clerk(app, "admin", roles=["administrator"])
    with pytest.raises(NotFound):
        decided(app, admin, cats=1)
    decided(app, admin, fee=600)
    with pytest.raises(StaleChange) as stale:
        app.run(lambda services: services.settings.edit("dogs", {"fee": 700}, {"fee": 500}), admin)
    assert stale.value.theirs == {"fee": 600}


def test_a_purge_takes_settings_along(made: Made, open_with: OpenWith, tmp_path: Path) -> None:
    app = open_with([made("dogs", FEE)])
    decided(app, make_clerk(app, "admin", roles=["administrator"]), fee=700)
    open_with.close(app)
    app = open_with([])
    PURGE_PLUGIN.run(app, {"plugin": "dogs", "folder": str(tmp_path / "out")}, None, no_progress)
    (row,) = [json.loads(line) for line in (tmp_path / "out" / "definitions.jsonl").read_text("utf-8").splitlines()]
    assert (row["kind"], row["id"], row["value"]) == ("setting", "dogs.fee", 700)
    with app.reading() as services:
        assert services.plugins.stored() == []


@pytest.mark.parametrize(("setting", "words"), [
    (Setting("dogs.fee", fields.money("Fee", most=900), default=1000), "greater than maximum value 900"),
    (Setting("dogs.fee", fields.money("Fee"), default="500"), "is no int"),  # type: ignore[arg-type]
    (Setting("dogs.fee", fields.integer("Fee", required=False), default=1), "may be left empty"),
    (Setting("dogs.who", fields.staff("Who"), default=""), "not made by fields.text"),
    (Setting("dogs.day", fields.choice("Day", (("sat", "Saturday"),)), default="mon"), "none of its choices"),
    (Setting("dogs.name", fields.text("Name", personal=True), default=""), "tells of a person"),
    (Setting("dogs.Fee", fields.integer("Fee"), default=1), "lower-case letters"),
    (Setting("dogs.fee", fields.integer(""), default=1), "has no title"),
])
def test_a_setting_that_could_not_work_is_refused_with_words(made: Made, setting: Any, words: str) -> None:
    found = brings(made("dogs", setting), "en")
    assert found["state"] == "failed" and words in found["reason"] and repr(setting.id) in found["reason"]


def test_days_and_several_are_texts_in_their_order(made: Made, open_with: OpenWith) -> None:
    since = Setting("dogs.since", fields.date("Since", required=False), default="")
    closed = Setting("dogs.closed", fields.dates("Closed", required=False), default=("2026-03-21",))
    week = Setting("dogs.week", fields.choices("Week", (("sat", "Saturday"), ("sun", "Sunday")), required=False),
                   default=("sat",))
    app = open_with([made("dogs", since, closed, week)])
    admin = make_clerk(app, "admin", roles=["administrator"])
    one, other = date(2026, 3, 22), date(2026, 1, 2)
    assert decided(app, admin, since=one, closed=(other, one), week={"sun", "sat"}) == (
        "dogs.since", "dogs.closed", "dogs.week")
    assert decided(app, admin, since=one, closed=(other, one), week=("sat", "sun")) == ()
    with app.reading(admin) as services:
        values = [services.settings.value(setting) for setting in (since, closed, week)]
        assert values == ["2026-03-22", ("2026-01-02", "2026-03-22"), ("sat", "sun")]
        narrower = Setting("dogs.week", fields.choices("Week", (("sat", "Saturday"),)), default=())
        assert services.settings.value(narrower) == ()
    assert decided(app, admin, since=None, closed=()) == ("dogs.since", "dogs.closed")


@pytest.mark.parametrize(("setting", "words"), [
    (Setting("dogs.a", fields.date("A"), default="1405/1/1"), "a day is written like 2026-11-17"),
    (Setting("dogs.a", fields.dates("A"), default=("tomorrow",)), "a day is written like 2026-11-17"),
    (Setting("dogs.a", fields.dates("A"), default=["2026-01-01"]), "which is no tuple"),
    (Setting("dogs.a", fields.choices("A", (("x", "X"),)), default=("y",)), "none of its choices"),
])
def test_a_default_that_does_not_fit_is_refused(made: Made, open_with: OpenWith, setting: Any, words: str) -> None:
    plugin = open_with([made("dogs", setting)]).host.plugins["dogs"]
    assert words in plugin.reason + plugin.trace
