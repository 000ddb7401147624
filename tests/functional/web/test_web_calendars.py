"""Calendars and targets as an administrator keeps them: hours, holidays, exceptions, what a unit inherits, a table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from webtest import TestApp

from crm_core import builtin
from crm_views.testing import all_of, fill, form_of, speak, words

Browse = Callable[..., TestApp]
SATURDAY, NOWRUZ = date(2026, 11, 21), "2027-03-21"


def shifts(desk: Any, unit: int | None, day: date) -> Any:
    return desk.run(lambda services: services.calendars.day(unit, day).shifts)


# ── calendars ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_list_says_which_hours_hold_and_whose(browse: Browse, desk: Any) -> None:
    desk.run(lambda services: services.calendars.edit(desk.units["streets"], {"week": (((420, 840),),) * 7}))
    page = browse("admin").get("/admin/calendars")
    page.mustcontain("The organisation", "Saturday to Wednesday 8:00–16:00; Thursday 8:00–13:00",
                     "Saturday to Friday 7:00–14:00", "from: ")
    here = page.html.select_one("nav.views a[aria-current=page], .views a[aria-current=page]")
    assert here is not None and "Calendars" in words(here)


def test_hours_are_typed_as_people_say_them(browse: Browse, desk: Any) -> None:
    unit = desk.units["streets"]
    form = form_of(browse("admin").get(f"/admin/calendars/{unit}/hours"), "form")
    filled = fill(form, d5="۸ تا ۱۲ و ۱۴ تا ۱۸", d6="8-16", d0="22-6", holidays="no")
    page = filled.submit("submit").follow()

    page.mustcontain("8:00–12:00, 14:00–18:00", "22:00–6:00", "Public holidays are days like others.")
    assert shifts(desk, unit, SATURDAY) == ((480, 720), (840, 1080))
    assert shifts(desk, unit, date(2026, 11, 23)) == ((1320, 1800),)
    again = form_of(browse("admin").get(f"/admin/calendars/{unit}/hours"), "form")
    assert again["d0"].value == "22:00–6:00" and again["d1"].value == ""


def test_seven_empty_lines_are_the_hours_of_the_unit_above(browse: Browse, desk: Any) -> None:
    unit = desk.units["streets"]
    desk.run(lambda services: services.calendars.edit(unit, {"week": (((420, 840),),) * 7}))
    form = form_of(browse("admin").get(f"/admin/calendars/{unit}/hours"), "form")
    page = fill(form, **{f"d{day}": "" for day in range(7)}).submit("submit").follow()
    page.mustcontain("These are the hours of", "The organisation")
    assert shifts(desk, unit, SATURDAY) == ((480, 960),)


@pytest.mark.parametrize(("typed", "sentence"), [
    ({"d5": "8"}, "Write from when until when"), ({"d5": "8-25"}, "There is no hour 25."),
    ({"d5": "8-16, 15-18"}, "none begins before the one before it has ended"),
    ({"d5": "22-9", "d6": "8-16"}, "none begins before the one before it has ended"),
    ({f"d{day}": "" for day in range(7)}, "working time on one day of the week"),
])
def test_hours_that_cannot_be_are_refused_and_stay_in_the_form(
    browse: Browse, desk: Any, typed: dict[str, str], sentence: str
) -> None:
    form = fill(form_of(browse("admin").get("/admin/calendars/0/hours"), "form"), **typed)
    page = form.submit("submit", status=422)
    page.mustcontain(sentence)
    shown = form_of(page, "form")["d5"].value
    assert shown.replace(":00", "").replace("–", "-") == typed["d5"]
    assert shifts(desk, None, SATURDAY) == ((480, 960),)


def test_two_people_change_the_hours(browse: Browse, desk: Any) -> None:
    admin = browse("admin")
    mine, theirs = (form_of(admin.get("/admin/calendars/0/hours"), "form") for _two in range(2))
    fill(theirs, d5="9-15").submit("submit", status=303)
    stale = fill(mine, d5="7-14").submit("submit", status=422)
    stale.mustcontain("This was changed meanwhile", "Saturday 9:00–15:00")
    form_of(stale, "form").submit("submit", status=303)
    assert shifts(desk, None, SATURDAY) == ((420, 840),)


def test_a_year_with_its_holidays_in_both_languages_and_calendars(browse: Browse, desk: Any) -> None:
    admin = browse("admin")
    page = admin.get("/admin/calendars/0?year=1406")
    page.mustcontain("Holidays and exceptions of 1406", "Nowruz Holiday", "عید نوروز", "Sunday 21 March", "estimated")
    page.mustcontain("۱ فروردین ۱۴۰۶")
    speak(admin, "fa")
    page = admin.get("/admin/calendars/0", {"year": "۱۴۰۶".encode()})
    page.mustcontain("۱۴۰۶", "عید نوروز", "Nowruz Holiday")
    for odd in ("abc", "99999", "1", "²"):
        admin.get("/admin/calendars/0", {"year": odd.encode()}, status=200)


def test_a_day_becomes_an_exception_is_changed_and_taken_out(browse: Browse, desk: Any) -> None:
    admin, unit = browse("admin"), desk.units["streets"]
    form = form_of(admin.get(f"/admin/calendars/{unit}/days/new"), "form")
    page = fill(form, day="۱۴۰۵/۰۸/۳۰", kind="closed", name="آلودگی هوا", name_en="Bad air").submit("submit").follow()
    page.mustcontain("Bad air", "آلودگی هوا", "Saturday 21 November")
    assert shifts(desk, unit, SATURDAY) == ()

    form = form_of(admin.get(f"/admin/calendars/{unit}/days/2026-11-21"), "form")
    assert form["name_en"].value == "Bad air"
    page = fill(form, kind="hours", shifts="10-12").submit("submit").follow()
    page.mustcontain("10:00–12:00", "Other hours")
    assert shifts(desk, unit, SATURDAY) == ((600, 720),)

    page = form_of(page, "2026-11-21/forget").submit().follow()
    page.mustcontain("21 November 2026 is no exception any more.", no="Bad air")
    assert shifts(desk, unit, SATURDAY) == ((480, 960),)


def test_an_exception_of_the_organisation_shows_in_a_unit_as_its(browse: Browse, desk: Any) -> None:
    desk.run(lambda services: services.calendars.set_day(None, SATURDAY, "closed", name="بسته", name_en="Shut"))
    page = browse("admin").get(f"/admin/calendars/{desk.units['streets']}?year=1405")
    (row,) = [words(one) for one in page.html.select(".day-list li") if "Shut" in words(one)]
    assert "from: The organisation" in row and "Make an exception" in row and "Take out" not in row


def test_what_is_wrong_with_a_day_stands_at_its_field(browse: Browse, desk: Any) -> None:
    desk.run(lambda services: services.calendars.set_day(None, SATURDAY, "closed", name="بسته"))
    admin = browse("admin")
    form = form_of(admin.get("/admin/calendars/0/days/new"), "form")
    page = fill(form, day="2026-11-21", kind="closed").submit("submit", status=422)
    page.mustcontain("Say what the day is called.", "This day is an exception already; change that one.")
    page = fill(form_of(page, "form"), day="2026-11-27", kind="open").submit("submit", status=422)
    page.mustcontain("Nobody works on this weekday; say the hours of the day.")
    page = fill(form_of(page, "form"), day="2026-11-27", kind="hours", shifts="").submit("submit", status=422)
    assert page.html.select_one("#f-shifts-error, [id*=shifts] ~ .invalid-feedback, .has-error") is not None


def test_two_people_change_one_day(browse: Browse, desk: Any) -> None:
    admin, here = browse("admin"), "/admin/calendars/0/days/2026-11-21"
    mine, theirs = (form_of(admin.get(here), "form") for _two in range(2))
    fill(theirs, kind="closed", name="یکی").submit("submit", status=303)
    stale = fill(mine, kind="closed", name="دیگری").submit("submit", status=422)
    stale.mustcontain("This was changed meanwhile", "یکی")
    form_of(stale, "form").submit("submit", status=303)
    assert desk.run(lambda services: services.calendars.day(None, SATURDAY).name["fa"]) == "دیگری"


def test_addresses_that_name_nothing_are_not_found(browse: Browse, desk: Any) -> None:
    admin = browse("admin")
    for path in ("4711", "0x", "0/days/2026-02-30", "0/days/x", "4711/hours"):
        admin.get(f"/admin/calendars/{path}", status=404)
    for path in ("4711", "x"):
        admin.get(f"/admin/targets/{path}", status=404)


def test_only_administrators_see_them(browse: Browse, desk: Any) -> None:
    for login in ("clerk", "supervisor"):
        for path in ("/admin/calendars", "/admin/calendars/0", "/admin/calendars/0/hours", "/admin/targets",
                     "/admin/targets/new"):
            browse(login).get(path, status=403)


# ── targets ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_targets_are_set_seen_in_their_table_changed_and_taken_out(browse: Browse, desk: Any) -> None:
    admin = browse("admin")
    page = admin.get("/admin/targets")
    page.mustcontain("No target yet")
    form = form_of(page.click(href="/admin/targets/new\\?type=core.general&priority=urgent"), "form")
    assert (form["type"].value, form["priority"].value) == (builtin.GENERAL, "urgent")
    boss = desk.who["supervisor"].user_id
    next(box for box in form.fields["checkbox"] if box._value == str(boss)).checked = True
    filled = fill(form, first="2", solution="۳", solution_unit="days", warn="80")
    page = filled.submit("submit").follow()

    page.mustcontain("The target holds for new requests from now on.", "2 working hours", "3 working days", "+ 1 told",
                     no="No target yet")
    own = page.html.select("td.own")
    assert len(own) == 1 and "General request, Urgent" in words(own[0])
    row = desk.run(lambda services: services.targets.table().rows[0])
    assert (row["first"], row["solution"], row["warn"], row["tell"]) == ([2, "hours"], [3, "days"], 80, [boss])

    form = form_of(admin.get(f"/admin/targets/{row['id']}"), "form")
    page = fill(form, first="", solution="1", warn="").submit("submit").follow()
    page.mustcontain("1 working day", no="2 working hours")
    page = form_of(admin.get(f"/admin/targets/{row['id']}"), "remove").submit().follow()
    page.mustcontain("The target is taken out.", "No target yet", "Edition 3")


def test_what_a_cell_does_not_say_it_has_from_a_broader_one(browse: Browse, desk: Any) -> None:
    desk.run(lambda services: services.targets.add({"first": (8, "hours"), "solution": (5, "days")}))
    desk.run(lambda services: services.targets.add({"type": builtin.GENERAL, "first": (4, "hours")}))
    table = browse("admin").get("/admin/targets").html.select_one("table.targets")
    assert table is not None
    rows = {words(row.select_one("th")): [words(cell) for cell in row.select("td")] for row in table.select("tbody tr")}
    assert "4 working hours" in rows["General request"][3] and "5 working days" in rows["General request"][3]
    assert "8 working hours" in rows["Imported request"][3]


@pytest.mark.parametrize(("typed", "sentence"), [
    ({}, "Say at least one"), ({"first": "9", "solution": "8", "solution_unit": "hours"}, "cannot take longer"),
    ({"first": "0"}, "1"), ({"first": "viel"}, "viel"), ({"first": "1", "warn": "120"}, "99"),
    ({"solution": "1001", "solution_unit": "days"}, "At most 1,000; what takes longer has no target."),
])
def test_what_is_wrong_with_a_target_is_said_and_kept(
    browse: Browse, desk: Any, typed: dict[str, str], sentence: str
) -> None:
    form = form_of(browse("admin").get("/admin/targets/new"), "form")
    page = fill(form, **typed).submit("submit", status=422)
    assert any(sentence in text for text in all_of(page, ".errsum"))
    assert desk.run(lambda services: services.root.targets) is None


def test_two_rows_for_the_same_are_refused_and_two_changes_noticed(browse: Browse, desk: Any) -> None:
    row = desk.run(lambda services: services.targets.add({"first": (8, "hours")}))
    admin = browse("admin")
    form = form_of(admin.get("/admin/targets/new"), "form")
    fill(form, first="1").submit("submit", status=422).mustcontain("There is a row for this kind and this priority")
    mine, theirs = (form_of(admin.get(f"/admin/targets/{row['id']}"), "form") for _two in range(2))
    fill(theirs, first="6").submit("submit", status=303)
    fill(mine, first="5").submit("submit", status=422).mustcontain("This was changed meanwhile", "6 working hours")


def test_the_trail_tells_what_was_changed_in_words(browse: Browse, desk: Any) -> None:
    admin = browse("admin")
    form = form_of(admin.get("/admin/calendars/0/days/new"), "form")
    fill(form, day="2026-11-21", kind="closed", name="بسته", name_en="Shut").submit("submit", status=303)
    fill(form_of(admin.get("/admin/targets/new"), "form"), first="2").submit("submit", status=303)
    fill(form_of(admin.get("/admin/calendars/0/hours"), "form"), d5="9-15").submit("submit", status=303)
    page = admin.get("/admin/audit")
    page.mustcontain("changed a calendar", "The organisation", "Closed all day", "changed the targets",
                     "first answer 2 working hours", "Saturday 9:00–15:00")
    admin.get("/admin/audit?kind=calendar").mustcontain("changed a calendar", no="first answer 2 working hours")
