"""Accounts as an administrator uses them: found, added, changed by two, their passwords, logins and open work."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from webtest import TestApp

from crm_core.security.permissions import Role
from crm_core.testing.factories import PASSWORD
from crm_views.app import make_app
from crm_views.testing import fill, form_of, sign_in

Browse = Callable[..., TestApp]


# ── users ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_people_are_found_as_they_are_written(browse: Browse, desk: Any) -> None:
    desk.run(lambda services: services.users.add("kaz", name="علی كاظمي", password=PASSWORD, hash_cost=1))
    admin = browse("admin")
    admin.get("/admin/users", {"q": "کاظمی"}).mustcontain("kaz", no="supervisor</span>")
    admin.get("/admin/users", {"q": "city services"}).mustcontain("The expert", no="The clerk")
    admin.get("/admin/users", {"role": "administrator"}).mustcontain("The admin", no="The clerk")
    admin.get("/admin/users", {"q": "nobody at all"}).mustcontain("Nobody like that")


def test_many_people_stand_on_several_pages(browse: Browse, desk: Any) -> None:
    def crowd(services: Any) -> None:
        for number in range(60):
            services.users.add(f"person{number}", name=f"Person {number:02}", password=PASSWORD, hash_cost=1)

    desk.run(crowd)
    page = browse("admin").get("/admin/users")
    assert len(page.html.select("table tbody tr")) == 50
    page.mustcontain("1 to 50 of 67")
    last = page.click("Older")
    assert len(last.html.select("table tbody tr")) == 17
    last.click("Newer").mustcontain("1 to 50 of 67")


def test_an_account_with_a_password_that_is_shown_once(browse: Browse, desk: Any, web: Any) -> None:
    form = fill(form_of(browse("admin").get("/admin/users/new"), "form"), login="maryam", name="مریم صادقی")
    page = form.submit("submit", status=200)
    password = page.html.select_one(".made").text
    assert re.fullmatch(r"[a-z0-9]{4}(-[a-z0-9]{4}){3}", password)
    sign_in(web, "maryam", password)

    again = form.submit("submit", status=303).follow()

    again.mustcontain("مریم صادقی", no=password)
    with desk.app.reading() as services:
        assert password not in str(list(services.root.once.values()))


def test_an_account_with_a_password_of_ones_choice(browse: Browse, desk: Any, web: Any) -> None:
    admin = browse("admin")
    form = fill(form_of(admin.get("/admin/users/new"), "form"), login="maryam", name="Maryam", password="short")
    refused = form.submit("submit", status=422)
    refused.mustcontain("8 characters at least")
    assert refused.html.select_one("[name=login]")["value"] == "maryam"
    fill(form_of(refused, "form"), password=PASSWORD).submit("submit").follow().mustcontain("is ready")
    sign_in(web, "maryam")
    again = fill(form_of(admin.get("/admin/users/new"), "form"), login="MARYAM", name="x")
    again.submit("submit", status=422).mustcontain("This login exists already.")


def test_roles_and_units_of_somebody_are_changed(browse: Browse, desk: Any) -> None:
    expert = desk.who["expert"].user_id
    form = form_of(browse("admin").get(f"/admin/users/{expert}/edit"), "form")
    for box in form.fields["checkbox"]:
        if box._value in ("supervisor", str(desk.units["reception"])):
            box.checked = True
    form.submit("submit").follow().mustcontain("Supervisor, Expert", "City services, Reception")


def test_two_people_change_one_account(browse: Browse, desk: Any) -> None:
    here = f"/admin/users/{desk.who['expert'].user_id}/edit"
    admin = browse("admin")
    mine, theirs = form_of(admin.get(here), "form"), form_of(admin.get(here), "form")
    fill(theirs, name="Somebody", active=False).submit("submit", status=303)

    stale = fill(mine, name="Somebody else").submit("submit", status=422)

    stale.mustcontain("Now it says: Somebody")
    page = form_of(stale, "form").submit("submit").follow()
    page.mustcontain("Somebody else", "not active")  # the switch was not touched here: theirs stays


def test_two_people_give_one_account_other_roles_and_units(browse: Browse, desk: Any) -> None:
    expert = desk.who["expert"].user_id
    admin = browse("admin")
    mine, theirs = (form_of(admin.get(f"/admin/users/{expert}/edit"), "form") for _time in range(2))

    def tick(form: Any, *values: str) -> Any:
        for box in form.fields["checkbox"]:
            box.checked = box.checked or box._value in values
        return form

    tick(theirs, "clerk", str(desk.units["law"])).submit("submit", status=303)

    stale = tick(mine, "supervisor", str(desk.units["reception"])).submit("submit", status=422)

    stale.mustcontain("Now it says: Desk clerk, Expert", "Now it says: City services, Legal unit")
    form_of(stale, "form").submit("submit").follow().mustcontain("Supervisor, Expert", "City services, Reception")


def test_a_form_of_an_account_that_lost_its_revision_is_shown_again(browse: Browse, desk: Any) -> None:
    expert = desk.who["expert"].user_id
    for revision in ("", "0" * 48, "hostile"):
        form = form_of(browse("admin").get(f"/admin/users/{expert}/edit"), "form")
        form["revision"] = revision
        fill(form, name="Somebody").submit("submit", status=422).mustcontain("Now it says")


def test_the_last_administrator_stays_one(browse: Browse, desk: Any) -> None:
    me = desk.who["admin"].user_id
    admin = browse("admin")
    form = form_of(admin.get(f"/admin/users/{me}/edit"), "form")
    fill(form, active=False).submit("submit", status=422).mustcontain("the last administrator")
    desk.run(lambda services: services.users.add("boss", password=PASSWORD, roles=[Role.ADMINISTRATOR], hash_cost=1))
    form = form_of(admin.get(f"/admin/users/{me}/edit"), "form")
    fill(form, active=False).submit("submit", status=422).mustcontain("lock yourself out")

    boss = sign_in(make_app(desk.app), "boss")
    fill(form_of(boss.get(f"/admin/users/{me}/edit"), "form"), active=False).submit("submit", status=303)

    assert admin.get("/admin", status=303).location.startswith("/login")


def test_a_new_password_ends_the_logins(browse: Browse, desk: Any, web: Any) -> None:
    clerk, admin = browse("clerk"), browse("admin")
    form = form_of(admin.get(f"/admin/users/{desk.who['clerk'].user_id}/password"), "form")
    page = form.submit("submit", status=200)
    assert clerk.get("/", status=303).location.startswith("/login")
    sign_in(web, "clerk", page.html.select_one(".made").text)


def test_logins_are_listed_and_ended(browse: Browse, desk: Any) -> None:
    here = f"/admin/users/{desk.who['clerk'].user_id}"
    one, other, admin = browse("clerk"), browse("clerk"), browse("admin")
    page = admin.get(here)
    assert len(page.html.select(".login-row")) == 2
    page.forms[next(number for number, form in page.forms.items()
                    if "login" in form.fields and form["login"].value)].submit().follow()
    assert {browser.get("/", expect_errors=True).status_int for browser in (one, other)} == {200, 303}
    page = admin.get(here)
    form_of(page, f"{here}/logins").submit().follow().mustcontain("Nowhere at present.")
    assert {browser.get("/", expect_errors=True).status_int for browser in (one, other)} == {303}
    token = form_of(page, "/preferences")["csrf_token"].value
    admin.post(f"{here}/logins", {"login": "nonsense", "csrf_token": token}, status=303)


def test_open_work_of_somebody_who_left_is_given_back(browse: Browse, desk: Any) -> None:
    expert = desk.who["expert"].user_id
    code = desk.case(desk.contact(), unit=desk.units["streets"], assignee=expert)
    admin = browse("admin")
    admin.get(f"/admin/users/{expert}").mustcontain(no="release")
    fill(form_of(admin.get(f"/admin/users/{expert}/edit"), "form"), active=False).submit("submit")
    page = admin.get(f"/admin/users/{expert}")
    page.mustcontain("1</b> open requests are still in these hands")

    form_of(page, "release").submit().follow().mustcontain("with their units again")

    with desk.app.reading() as services:
        case = services.requests.by_code(code)
        assert (case.unit, case.assignee) == (desk.units["streets"], None)
    token = form_of(page, "/preferences")["csrf_token"].value
    clerk = desk.who["clerk"].user_id
    admin.post(f"/admin/users/{clerk}/release", {"csrf_token": token}, status=422)


def test_the_own_record_of_an_official_is_found_and_tied(browse: Browse, desk: Any) -> None:
    citizen, hidden = desk.contact("بهمن آذرنیا", phone="09120000147"), desk.contact("ناپیدا", phone="09120000148")
    desk.shield(hidden)
    here = f"/admin/users/{desk.who['executive'].user_id}"
    admin = browse("admin")
    admin.get(f"{here}/contact", {"q": "09120000148"}).mustcontain("Nobody like that")
    found = admin.get(f"{here}/contact", {"q": "09120000147"})
    token = form_of(found, "/preferences")["csrf_token"].value
    admin.post(f"{here}/contact", {"contact": str(hidden), "csrf_token": token}, status=404)
    admin.post(f"{here}/contact", {"contact": "x", "csrf_token": token}, status=404)
    form_of(found, f"{here}/contact")  # the search
    admin.post(f"{here}/contact", {"contact": str(citizen), "csrf_token": token}).follow().mustcontain("بهمن آذرنیا")
    stale = {"contact": str(desk.contact("بهمن آذری")), "seen": "", "csrf_token": token}
    admin.post(f"{here}/contact", stale, status=409).mustcontain("This was changed meanwhile.")
    desk.shield(citizen)
    admin.get(here).mustcontain("None is known", no="بهمن آذرنیا")


