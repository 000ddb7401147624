"""Units of the organisation as an administrator uses them: added, moved, changed by two, closed with their work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp

from crm_views.testing import fill, form_of

Browse = Callable[..., TestApp]


# ── units ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_unit_is_added_changed_and_moved(browse: Browse, desk: Any) -> None:
    admin = browse("admin")
    form = form_of(admin.get("/admin/units/new"), "form")
    page = fill(form, name="پسماند", name_en="Refuse", parent=str(desk.units["streets"])).submit("submit").follow()
    page.mustcontain("Refuse", "پسماند", "City services")

    edit = form_of(page.click("Change"), "form")
    page = fill(edit, name_en="Waste", parent="").submit("submit").follow()

    page.mustcontain("Saved.", "Waste", "it stands at the top")
    again = form_of(admin.get("/admin/units/new"), "form")
    fill(again, name="پسماند").submit("submit", status=422).mustcontain("There is a unit with this name already.")


def test_a_unit_cannot_lie_below_itself(browse: Browse, desk: Any) -> None:
    child = desk.run(lambda services: services.units.add("کارگاه", parent=desk.units["streets"]).id)
    form = form_of(browse("admin").get(f"/admin/units/{desk.units['streets']}/edit"), "form")
    assert str(child) not in [option[0] for option in form["parent"].options]
    form["parent"].force_value(str(child))
    form.submit("submit", status=422)
    assert desk.run(lambda services: services.units.get(desk.units["streets"]).parent) is None


def test_two_people_change_one_unit(browse: Browse, desk: Any) -> None:
    here = f"/admin/units/{desk.units['streets']}/edit"
    admin = browse("admin")
    mine = form_of(admin.get(here), "form")
    theirs = form_of(admin.get(here), "form")
    fill(theirs, name_en="Town services").submit("submit", status=303)

    stale = fill(mine, name_en="Urban services", confidential=True).submit("submit", status=422)

    stale.mustcontain("This was changed meanwhile", "Now it says: Town services")
    form_of(stale, "form").submit("submit").follow().mustcontain("Urban services", "confidential")


def test_a_form_sent_twice_adds_one_unit(browse: Browse, desk: Any) -> None:
    form = fill(form_of(browse("admin").get("/admin/units/new"), "form"), name="یکی")
    first, second = form.submit("submit", status=303), form.submit("submit", status=303)
    assert first.location == second.location


def test_a_unit_with_open_work_is_closed_by_handing_it_over(browse: Browse, desk: Any) -> None:
    codes = [desk.case(desk.contact(), unit=desk.units["streets"]) for _three in range(3)]
    shielded = desk.contact("پنهان")
    hidden = desk.case(shielded, unit=desk.units["streets"])
    desk.shield(shielded)
    admin = browse("admin")
    page = admin.get(f"/admin/units/{desk.units['streets']}/close")
    page.mustcontain("3 open requests")
    form_of(page, "form").submit("submit", status=422).mustcontain("choose the unit that takes them over")

    form = fill(form_of(page, "form"), successor=str(desk.units["reception"]), note="ادغام")
    closed = form.submit("submit").follow()

    closed.mustcontain("nothing is left open in it", "Handed over to", "Reception", no="Change")
    with desk.app.reading() as services:
        for code in (*codes, hidden):
            case = services.requests.by_code(code)
            assert case.unit == desk.units["reception"]
            assert list(case.events.values())[-1].data["note"] == "ادغام"
    admin.get("/admin/units/new").mustcontain(no="City services")
    form_of(closed, f"/admin/units/{desk.units['streets']}/open").submit().follow().mustcontain("open again")


def test_what_lies_there_goes_in_portions(browse: Browse, desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_core.services.handover.PORTION", 2)
    for _five in range(5):
        desk.case(desk.contact(), unit=desk.units["streets"])
    admin = browse("admin")
    form = fill(form_of(admin.get(f"/admin/units/{desk.units['streets']}/close"), "form"),
                successor=str(desk.units["reception"]))
    page = form.submit("submit").follow()
    page.mustcontain("3 requests still lie here")
    page = form_of(page, "hand-over").submit().follow()
    page = form_of(page, "hand-over").submit().follow()
    page.mustcontain("Nothing is left open in this unit.", no="hand-over")


