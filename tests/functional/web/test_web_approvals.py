"""Approvals on the pages: asked for by changing the status, decided from the list, deputies, the workflow editor."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import pytest

from crm_core import api
from crm_core.security.permissions import Role
from crm_core.testing.factories import make_clerk, make_contact, submit
from crm_views.app import make_app
from crm_views.testing import fill, form_of, sign_in, speak

STATUSES = (api.Status("asked", api.Category.NEW, "Asked"), api.Status("granted", api.Category.OPEN, "Granted"),
            api.Status("done", api.Category.DONE, "Done"))
BOTH = (api.ApprovalBy(Role.SUPERVISOR, own_unit=True), api.ApprovalBy(Role.EXECUTIVE))
WAYS = (
    api.Transition("granted", ("asked",), "Grant it", approval=BOTH, approval_days=4),
    api.Transition("done", ("asked", "granted"), approval=BOTH[1:]),
)


class ThingForm(api.Form):
    colour = api.fields.text("Colour", required=False)


def things() -> ModuleType:
    module = ModuleType("things")
    module.CRM_API_VERSION = 1  # type: ignore[attr-defined]

    @api.hookimpl
    def contribute() -> Iterable[api.Contribution]:
        yield api.RequestType("things.thing", "Thing", ThingForm, STATUSES, transitions=WAYS)

    module.contribute = contribute  # type: ignore[attr-defined]
    return module


class House:
    """A desk with a clerk and a chief in a unit, a boss above, and requests of a kind whose ways ask for approval."""

    def __init__(self, desk: Any) -> None:
        self.desk, app = desk, desk.app
        self.unit = app.run(lambda services: services.units.add(name="Desk").id)
        make_clerk(app, "asker", units=[self.unit])
        make_clerk(app, "chief", roles=[Role.SUPERVISOR], units=[self.unit])
        make_clerk(app, "boss", roles=[Role.EXECUTIVE])
        self.wsgi = make_app(app)

    def browser(self, login: str) -> Any:
        browser = sign_in(self.wsgi, login)
        speak(browser, "en")
        return browser

    def thing(self, name: str = "") -> str:
        def work(services: Any) -> str:
            request = submit(services, make_contact(services, name), "things.thing", {})
            services.requests.assign(request, unit=self.unit)
            return str(request.code)

        return str(self.desk.app.run(work))

    def ask(self, code: str, status: str = "granted", note: str = "please") -> Any:
        page = self.browser("asker").get(f"/requests/{code}/status")
        return fill(form_of(page, "/status"), status=status, note=note).submit(status=303).follow()

    def status(self, code: str) -> tuple[str, str]:
        with self.desk.app.reading() as services:
            request = services.requests.by_code(code)
            return request.status, request.approvals[-1].state


@pytest.fixture
def house(open_desk: Callable[..., Any]) -> House:
    return House(open_desk({"things": things()}))


def test_a_status_that_needs_approval_is_asked_for_and_decided_from_the_list(house: House) -> None:
    code = house.thing()
    house.browser("asker").get(f"/requests/{code}/status").mustcontain("needs the approval of Supervisor")
    page = house.ask(code)
    page.mustcontain("It waits for the approval of Supervisor, Desk.", "Take the question back", "please")
    chief = house.browser("chief")
    page = chief.get("/work/approvals")
    page.mustcontain("Grant it", "please", "level 1 of 2", "asked by asker")
    assert page.html.select_one('.topnav a[href="/work/approvals"] .pip').text == "1"
    form = form_of(page, "/work/approvals")
    form.submit("approve", status=303).follow().mustcontain("Approved.", "Nothing waits for your decision")
    boss = house.browser("boss")
    page = boss.get("/work/approvals")
    form = form_of(page, "/work/approvals")
    form["c"] = True
    form.submit("do", value="approve", status=303).follow().mustcontain("Approved.")
    assert house.status(code) == ("granted", "done")
    house.browser("asker").get(f"/requests/{code}?tab=history").mustcontain(
        "Approval asked for: Granted", "Approved: Granted", "Level 1 of 2")


def test_many_are_refused_with_one_reason_and_none_without(house: House) -> None:
    codes = [house.thing(name) for name in ("One", "Two")]
    for code in codes:
        house.ask(code, "done", "it was withdrawn")
    boss = house.browser("boss")
    form = form_of(boss.get("/work/approvals"), "/work/approvals")
    for box in form.fields["c"]:
        box.checked = True
    page = form.submit("do", value="reject", status=422)
    page.mustcontain("Say why")
    assert [house.status(code)[1] for code in codes] == ["waiting", "waiting"]
    form = form_of(page, "/work/approvals")
    assert all(box.checked for box in form.fields["c"])
    form["reason"] = "the budget is closed"
    form.submit("do", value="reject", status=303).follow().mustcontain("Refused: 2")
    assert [house.status(code)[1] for code in codes] == ["rejected", "rejected"]
    house.browser("asker").get("/notices").mustcontain("was not approved", "the budget is closed")


def test_somebody_else_cannot_decide_and_a_stale_page_decides_nothing(house: House) -> None:
    code = house.thing()
    house.ask(code)
    asker = house.browser("asker")
    asker.get("/work/approvals").mustcontain("Nothing waits for your decision")
    token = form_of(asker.get(f"/requests/{code}"), "/withdraw")["csrf_token"].value
    with house.desk.app.reading() as services:
        id_ = services.requests.by_code(code).approvals[-1].id
    asker.post("/work/approvals", {"csrf_token": token, "approve": str(id_)}, status=303)
    assert house.status(code) == ("asked", "waiting")
    house.browser("chief").post("/work/approvals", {"approve": str(id_)}, status=400)
    form_of(asker.get(f"/requests/{code}"), "/withdraw").submit(status=303).follow().mustcontain("not asked for")
    assert house.status(code) == ("asked", "withdrawn")


def test_a_deputy_is_named_on_the_own_page(house: House) -> None:
    code = house.thing()
    make_clerk(house.desk.app, "other", units=[house.unit])
    with house.desk.app.reading() as services:
        deputy = services.users.by_login("other").id
    chief = house.browser("chief")
    form = fill(form_of(chief.get("/profile"), "/profile/deputy"), deputy=str(deputy))
    form.submit(status=422).mustcontain("Say until when.")
    fill(form_of(chief.get("/profile"), "/profile/deputy"), deputy=str(deputy), until="tomorrow").submit(
        status=303).follow().mustcontain("other decides in your stead")
    house.ask(code)
    house.browser("other").get("/work/approvals").mustcontain("in the stead of chief")


def test_the_workflow_editor_sets_levels(house: House) -> None:
    make_clerk(house.desk.app, "head", roles=[Role.ADMINISTRATOR])
    head = house.browser("head")
    form = form_of(head.get("/admin/types/things.thing/workflow/status/asked/ways/granted"), "form")
    assert (form["level_1"].value, form["level_2"].value, form["approval_days"].value) == (
        "supervisor@", "executive", "4")
    form["level_1"], form["level_2"] = "executive", ""
    page = form.submit(status=303).follow()
    page.mustcontain("the approval of Executive")


def test_it_is_persian_too(house: House) -> None:
    code = house.thing()
    house.ask(code)
    chief = house.browser("chief")
    speak(chief, "fa")
    chief.get("/work/approvals").mustcontain("تأیید", no=("Approve", "Refuse"))
    chief.get(f"/requests/{code}").mustcontain("تأیید", no=("waits for the approval",))
