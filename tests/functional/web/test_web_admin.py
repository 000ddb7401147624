"""The administration as a person uses it: who may open it, units, users, kinds of requests, settings, health."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from crm_core.backup.checking import verify
from crm_core.backup.making import back_up
from crm_core.backup.transactions import last_transaction
from crm_core.security.permissions import Permission
from crm_core.testing.factories import PASSWORD
from crm_views.app import make_app
from crm_views.permission_words import PERMISSIONS
from crm_views.testing import fill, form_of, sign_in

Browse = Callable[..., TestApp]
HOSTILE = "\"><script>alert(1)</script>'${x}<b>"


def pages(desk: Any) -> list[str]:
    """Every page of the administration that is read."""
    unit, user = desk.units["streets"], desk.who["expert"].user_id
    return [
        "/admin", "/admin/units", "/admin/units/new", f"/admin/units/{unit}", f"/admin/units/{unit}/edit",
        f"/admin/units/{unit}/close", "/admin/users", "/admin/users/new", f"/admin/users/{user}",
        f"/admin/users/{user}/edit", f"/admin/users/{user}/password", f"/admin/users/{user}/contact", "/admin/roles",
        "/admin/types", "/admin/types/core.general", "/admin/settings", "/admin/health", "/admin/health.json",
    ]


@pytest.mark.parametrize("login", ["clerk", "expert", "supervisor", "executive", "admin", ""])
def test_the_pages_are_for_administrators(browse: Browse, desk: Any, login: str) -> None:
    browser = browse(login)
    for address in pages(desk):
        answer = browser.get(address, expect_errors=True)
        if login:
            assert answer.status_int == (200 if login == "admin" else 403), address
        else:
            assert answer.location.startswith("/login"), address
    for address in ("/admin/audit", "/admin/audit.csv"):
        expected = 200 if login in ("supervisor", "executive", "admin") else 403 if login else 303
        assert browser.get(address, expect_errors=True).status_int == expected


def test_whoever_may_not_administer_changes_nothing(browse: Browse, desk: Any) -> None:
    clerk = browse("clerk")
    token = form_of(clerk.get("/"), "/preferences")["csrf_token"].value
    unit, user = desk.units["streets"], desk.who["expert"].user_id
    for address in ("units/new", f"units/{unit}/edit", f"units/{unit}/close", f"units/{unit}/open",
                    f"units/{unit}/hand-over", "users/new", f"users/{user}/edit", f"users/{user}/password",
                    f"users/{user}/logins", f"users/{user}/contact", f"users/{user}/release", "types/core.general"):
        clerk.post(f"/admin/{address}", {"csrf_token": token, "name": "x"}, status=403)


def test_the_way_there_is_shown_to_whom_it_is_open(browse: Browse) -> None:
    assert browse("admin").get("/", status=303).location.endswith("/admin")
    browse("admin").get("/profile").mustcontain('class="topnav"', '<a href="/admin"')
    browse("supervisor").get("/").mustcontain('href="/admin/audit"', no='href="/admin"')
    browse("clerk").get("/").mustcontain(no="/admin")


@pytest.mark.parametrize("address", ["/admin/units/1", "/admin/units/x", "/admin/users/1", "/admin/users/x/edit",
                                     "/admin/types/none.such", "/admin/users/99999999999999999999"])
def test_addresses_that_mean_nothing(browse: Browse, address: str) -> None:
    browse("admin").get(address, status=404)


def test_odd_questions_are_answered(browse: Browse) -> None:
    admin = browse("admin")
    for query in ("from=-5", "from=zzz", "from=99999999999", "unit=x", "role=king&state=odd", "q=%00%01",
                  "q=" + "x" * 3000, "unit=99999999999999999999"):
        admin.get(f"/admin/users?{query}", status=200)


# ── roles, kinds, settings, health ───────────────────────────────────────────────────────────────────────────


def test_the_matrix_is_the_policy_in_words(browse: Browse) -> None:
    assert set(PERMISSIONS) == set(Permission)
    page = browse("admin").get("/admin/roles")
    rows = {row.select_one(".code").text: [bool(cell.select(".yes")) for cell in row.select("td")]
            for row in page.html.select("tbody tr") if row.select_one(".code")}
    assert rows["admin"] == [False, False, False, False, True]
    assert rows["request.create"] == [True, True, True, False, False]


def test_permissions_of_plugins_stand_in_the_matrix(
    open_desk: Callable[..., Any], load_plugin: Callable[[str], Any]
) -> None:
    desk = open_desk({"good": load_plugin("good")})
    sign_in(make_app(desk.app), "admin").get("/admin/roles").mustcontain("Of plugins", "good.")


def test_what_is_decided_about_a_kind_holds(browse: Browse, desk: Any) -> None:
    admin, clerk = browse("admin"), browse("clerk")
    contact = desk.contact()
    page = admin.get("/admin/types").click("General request")
    form = fill(form_of(page, "form"), unit=str(desk.units["streets"]), due_days="۷")
    form.submit("submit").follow().mustcontain("Saved.")
    code = desk.case(contact)
    with desk.app.reading() as services:
        case = services.requests.by_code(code)
        assert case.unit == desk.units["streets"]
        assert case.due - case.created == 7 * 86_400_000
    clerk.get(f"/contacts/{contact}/requests/new").mustcontain("within 7 days")

    fill(form_of(admin.get("/admin/types/core.general"), "form"), offered=False).submit("submit")

    admin.get("/admin/types").mustcontain("not offered")
    clerk.get(f"/contacts/{contact}/requests/new").mustcontain(no="core.general")
    clerk.get(f"/contacts/{contact}/requests/new/core.general", status=404)
    admin.get("/admin/audit", {"kind": "type"}).mustcontain("decided about a kind of request", "7")


def test_odd_decisions_about_a_kind_are_refused(browse: Browse, desk: Any) -> None:
    admin = browse("admin")
    for days in ("0", "-1", "4000", "abc", "1.5"):
        fill(form_of(admin.get("/admin/types/core.general"), "form"), due_days=days).submit("submit", status=422)
    form = form_of(admin.get("/admin/types/core.general"), "form")
    form["unit"].force_value("12345")
    form.submit("submit", status=422)


def test_two_people_decide_about_one_kind(browse: Browse) -> None:
    admin = browse("admin")
    mine, theirs = (form_of(admin.get("/admin/types/core.general"), "form") for _two in range(2))
    fill(theirs, due_days="5").submit("submit", status=303)
    fill(mine, due_days="6").submit("submit", status=422).mustcontain("Now it says: 5")


def test_settings_say_where_they_come_from(
    open_desk: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(organisation=HOSTILE)
    (desk.app.settings.data / "crm.ini").write_text("[crm]\ncrm.language = en\ncrm.organisation = Another\n", "utf-8")
    monkeypatch.setenv("CRM_TIMEZONE", "Asia/Tehran")
    admin = sign_in(make_app(desk.app), "admin")
    page = admin.get("/admin/settings")
    page.mustcontain("crm.ini", "environment", "default", "changed since; start again", no="<script>alert")
    (desk.app.settings.data / "crm.ini").write_text("[crm]\ncrm.languag = en\n", "utf-8")
    admin.get("/admin/settings").mustcontain("would not start", "crm.languag")


def test_a_password_in_the_address_of_the_storage_is_not_shown() -> None:
    from types import SimpleNamespace

    from crm_views.admin.settings import _words

    request: Any = SimpleNamespace(ui=SimpleNamespace(show=SimpleNamespace(text=str)))
    assert _words(request, "zodburi", "postgres://crm:secret@host/db") == "postgres:…"


def test_health_in_words_and_as_json(browse: Browse, desk: Any) -> None:
    admin = browse("admin")
    admin.get("/admin/health").mustcontain("Full text is switched off", "No backup has been seen yet", "Free disk")
    plain = admin.get("/admin/health.json").json
    assert plain["status"] == "warn" and plain["parts"]["storage"]["objects"] > 0
    assert plain["parts"]["plugins"]["plugins"] == []


def test_health_knows_the_newest_backup(open_desk: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    desk = open_desk(backup_folder=str(folder))
    admin = sign_in(make_app(desk.app), "admin")
    assert admin.get("/admin/health.json").json["parts"]["backup"]["status"] == "bad"
    (folder / "2026-11-22.fs").write_text("x")
    part = admin.get("/admin/health.json").json["parts"]["backup"]
    assert part["status"] == "good" and part["newest"]
    back_up(desk.app.settings, folder)
    part = admin.get("/admin/health.json").json["parts"]["backup"]
    assert (part["set"], part["kind"], part["verified"]["problems"]) == ("000001-full", "full", 0)
    admin.get("/admin/health").mustcontain("000001-full", "a full copy", "Looked through", "02:00", "Old revisions")
    manifest = folder / "000001-full" / "manifest.json"
    for days, status in ((3, "warn"), (7, "bad")):
        os.utime(manifest, (time.time() - days * 86_400,) * 2)
        assert admin.get("/admin/health.json").json["parts"]["backup"]["status"] == status
    admin.get("/admin/health").mustcontain("that is too long ago")
    manifest.write_text("{}")
    assert verify(folder).problems
    admin.get("/admin/health").mustcontain("is damaged")



def test_health_names_a_plugin_that_failed(open_desk: Callable[..., Any]) -> None:
    from types import ModuleType

    desk = open_desk({"broken": ModuleType("broken")})
    admin = sign_in(make_app(desk.app), "admin")
    admin.get("/admin/health").mustcontain("Not running: broken")
    admin.get("/admin").mustcontain("Not running: broken", "Needs you")
    assert admin.get("/admin/health.json").json["status"] == "bad"


def test_nothing_hostile_executes(browse: Browse, desk: Any) -> None:
    unit = desk.run(lambda services: services.units.add(HOSTILE, name_en=HOSTILE + "en").id)
    user = desk.run(lambda services: services.users.add(
        "<b>x</b>", name=HOSTILE, name_en=HOSTILE, password=PASSWORD, units=(unit,), hash_cost=1).id)
    admin = browse("admin")
    for address in (*pages(desk), f"/admin/units/{unit}", f"/admin/units/{unit}/edit", f"/admin/users/{user}",
                    f"/admin/users/{user}/edit", "/admin/audit", f"/admin/users?q={HOSTILE}",
                    f"/admin/audit?record={HOSTILE}&since={HOSTILE}&who={HOSTILE}&kind={HOSTILE}&after={HOSTILE}"):
        page = admin.get(address, status=200)
        if page.content_type == "text/html":
            assert "<script>alert" not in page.text and "<b>x</b>" not in page.text, address
            assert not page.html.select("style, [style]") and all(one.get("src") for one in page.html.select("script"))


def test_no_page_writes(browse: Browse, desk: Any) -> None:
    admin = browse("admin")
    before = last_transaction(desk.app.db.db.storage)
    for address in (*pages(desk), "/admin/audit", "/admin/audit.csv"):
        admin.get(address, status=200)
    assert last_transaction(desk.app.db.db.storage) == before
