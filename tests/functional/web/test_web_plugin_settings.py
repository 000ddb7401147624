"""Settings of a plugin, decided on its page by administrators and by nobody else."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from crm_core.api import Setting, fields, hookimpl
from crm_core.services import Services
from crm_views.app import make_app
from crm_views.testing import fill, form_of, sign_in

PAGE = "/admin/plugins/dogs"
FEE = Setting("dogs.fee", fields.money("<b>Fee</b>", most=900), default=500)
DAYS = Setting("dogs.days", fields.integer("Days", least=1, most=30), default=10)


@pytest.fixture
def desk(open_desk: Callable[..., Any]) -> Any:
    module = ModuleType("crm_dogs")
    module.CRM_API_VERSION = 1  # type: ignore[attr-defined]

    def contribute() -> tuple[Any, ...]:
        return FEE, DAYS

    module.contribute = hookimpl(contribute)  # type: ignore[attr-defined]
    return open_desk({"dogs": module})


def values(desk: Any) -> dict[str, Any]:
    def work(services: Services) -> dict[str, Any]:
        return dict(services.settings.values("dogs"))

    return dict(desk.app.run(work))


def settings(page: Any) -> Any:
    return form_of(page, "settings")


def test_an_administrator_decides_and_the_trail_says_so(desk: Any) -> None:
    admin = sign_in(make_app(desk.app), "admin")
    page = admin.get(PAGE)
    page.mustcontain("It came as:", "&lt;b&gt;Fee", no="<b>Fee</b>")
    answer = fill(settings(page), fee="۷۰۰").submit("submit", status=303)
    answer.follow().mustcontain("Saved.")
    assert values(desk) == {"fee": 700, "days": 10}
    again = fill(settings(page), fee="۷۰۰").submit("submit", status=303)  # the very form once more
    assert again.location == answer.location
    admin.get("/admin/audit").mustcontain("decided about settings of a plugin", "700")
    settings(admin.get(PAGE)).submit("submit", status=303).follow().mustcontain("Nothing was different")


def test_what_does_not_fit_is_refused_in_the_form(desk: Any) -> None:
    admin = sign_in(make_app(desk.app), "admin")
    for typed, words in (("901", "900"), ("many", "is not a number"), ("", "Fill this in")):
        page = fill(settings(admin.get(PAGE)), fee=typed).submit("submit", status=422)
        page.mustcontain(words)
        assert settings(page)["fee"].value == typed
    assert values(desk) == {"fee": 500, "days": 10}


def test_two_who_decide_at_once_see_each_other(desk: Any) -> None:
    web = make_app(desk.app)
    one, other = sign_in(web, "admin"), sign_in(web, "admin")
    first, second = settings(one.get(PAGE)), settings(other.get(PAGE))
    fill(first, fee="600").submit("submit", status=303)
    page = fill(second, fee="700", days="12").submit("submit", status=422)
    page.mustcontain("This was changed meanwhile", "600")
    assert values(desk) == {"fee": 600, "days": 10}
    settings(page).submit("submit", status=303)
    assert values(desk) == {"fee": 700, "days": 12}


def test_nobody_else_and_nothing_forged(desk: Any) -> None:
    web = make_app(desk.app)
    admin = sign_in(web, "admin")
    form = settings(admin.get(PAGE))
    form["csrf_token"] = "forged"
    fill(form, fee="1").submit("submit", status=400)
    clerk = sign_in(web, "clerk")
    clerk.get(PAGE, status=403)
    token = form_of(clerk.get("/profile"), "choices")["csrf_token"].value
    clerk.post(PAGE, {"csrf_token": token, "__form__": "settings", "fee": "1", "days": "1"}, status=403)
    assert values(desk) == {"fee": 500, "days": 10}


def test_while_the_plugin_is_away_its_settings_are_read(desk: Any) -> None:
    admin = sign_in(make_app(desk.app), "admin")
    fill(settings(admin.get(PAGE)), fee="700").submit("submit", status=303)
    desk.app.host.plugins.clear()
    desk.app.registry.drop("dogs")
    admin = sign_in(make_app(desk.app), "admin")
    page = admin.get(PAGE)
    page.mustcontain("hold again when the plugin is back", "700")
    token = form_of(admin.get("/profile"), "choices")["csrf_token"].value
    admin.post(PAGE, {"csrf_token": token, "fee": "1"}, status=404)
    admin.get("/admin/plugins").mustcontain("Not here, but with data")


def test_days_are_typed_one_a_line_and_what_is_not_understood_is_named(open_desk: Callable[..., Any]) -> None:
    module = ModuleType("crm_dogs")
    closed = Setting("dogs.closed", fields.dates("Closed", required=False), default=("2026-03-21",))
    since = Setting("dogs.since", fields.date("Since", required=False), default="2026-03-21")
    days = (("sat", "Saturday"), ("sun", "Sunday"))
    week = Setting("dogs.week", fields.choices("Week", days, required=False), default=("sat",))
    vars(module).update(CRM_API_VERSION=1, contribute=hookimpl(lambda: (closed, since, week)))
    desk = open_desk({"dogs": module})
    admin = sign_in(make_app(desk.app), "admin")
    page = admin.get(PAGE)
    page.mustcontain("It came as: Saturday 21 March 2026", "It came as: Saturday")
    form = settings(page)
    assert "2026" in form["closed"].value
    wrong = fill(form, closed="1405/1/13\n<i>soon</i>").submit("submit", status=422)
    wrong.mustcontain("&lt;i&gt;soon", "not understood as a date", no="<i>soon")
    form = settings(wrong)
    assert form["closed"].value.splitlines() == ["1405/1/13", "<i>soon</i>"]
    fill(form, closed="۱۴۰۵/۲/۱\n\n1405/1/13", since="").submit("submit", status=303).follow().mustcontain("Saved.")
    assert values(desk) == {"closed": ["2026-04-02", "2026-04-21"], "since": "", "week": ["sat"]}
    admin.get("/admin/audit").mustcontain("2 April 2026", "21 April 2026")
    settings(admin.get(PAGE)).submit("submit", status=303).follow().mustcontain("Nothing was different")
    form = settings(admin.get(PAGE))
    for box in form.fields["checkbox"]:
        box.checked = True
    form.submit("submit", status=303)
    admin.get("/admin/audit").mustcontain("Saturday, Sunday", no="sat<")
