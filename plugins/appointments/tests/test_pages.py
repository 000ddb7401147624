"""The pages of the meetings as a person uses them: in both languages, with each one's rights, the real application."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from webtest import TestApp

import crm_appointments
from crm_appointments.views import minutes_of
from crm_core.app import App
from crm_core.model.request import Request
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit
from crm_views.app import make_app as make_web
from crm_views.testing import fill, form_of, sign_in, speak

TYPE = "appointments.mayor"
SLOTS = "/plugins/appointments/slots"
NEW = {"day": "فردا", "begins": "۹", "ends": "۱۰:۳۰", "minutes": "۳۰", "place": "سالن دیدار", "host": "شهردار"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Any]]:
    """One application for all tests in here: most of a page's first second is the compiling of templates."""
    app = make_app(tmp_path_factory.mktemp("served"), {"appointments": crm_appointments})
    for login, roles in (("clerk", [Role.CLERK]), ("colleague", [Role.CLERK]), ("executive", [Role.EXECUTIVE])):
        make_clerk(app, login, roles=roles)
    web = make_web(app)
    assert not app.host.failed(), app.host.plugins["appointments"].trace
    yield app, web
    app.close()


@pytest.fixture
def app(served: tuple[App, Any]) -> App:
    """The application, without the slots of the tests before."""
    app, _web = served
    with app.transaction() as services:
        services.root.collections.clear()
    return app


@pytest.fixture
def web(served: tuple[App, Any], app: App) -> Any:
    return served[1]


def add(executive: TestApp, **more: str) -> Any:
    return fill(form_of(executive.get(SLOTS)), **{**NEW, **more}).submit("submit")


def test_the_executive_adds_and_removes_times(app: App, web: Any) -> None:
    executive = sign_in(web, "executive")
    page = executive.get(SLOTS)
    assert "هنوز وقتی گذاشته نشده" in page.text and form_of(page)["host"].value == "شهردار"
    page = add(executive).follow()
    assert "۳ وقت افزوده شد" in page.text and "۰۹:۳۰ تا ۱۰:۰۰" in page.text and "۳ وقت از ۳ وقت آزاد است" in page.text
    page = form_of(page, "/remove").submit().follow()
    assert "برداشته شد: " in page.text and page.text.count('action="/plugins/appointments/slots/') == 2
    with app.reading() as services:
        assert len(services.collections["appointments.slots"]) == 2


def test_in_english_too(web: Any, app: App) -> None:
    executive = sign_in(web, "executive")
    speak(executive, "en")
    page = add(executive, begins="14:00", ends="15:00", minutes="60", day="tomorrow").follow()
    assert "One time is added." in page.text and "14:00 to 15:00" in page.text and 'lang="en"' in page.text
    speak(executive, "fa")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("begins", "صبح", "ساعت را مانند ۹:۳۰ بنویسید"),
        ("ends", "۸", "حتی یک دیدار هم جا نمی‌شود"),
        ("day", "دیروز", "این وقت گذشته است"),
        ("minutes", "۱", "۵"),
        ("place", "", "f-place"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_kept(web: Any, field: str, value: str, said: str) -> None:
    page = sign_in(web, "executive")
    answer = fill(form_of(page.get(SLOTS)), **{**NEW, field: value}).submit("submit", status=422)
    assert said in answer.text and 'role="alert"' in answer.text
    again = form_of(answer)
    assert again["host"].value == "شهردار"
    assert again[field].value == value or field == "day"  # a day comes back as the date it was understood to be


def test_the_same_sending_twice_adds_once(web: Any, app: App) -> None:
    executive = sign_in(web, "executive")
    form = fill(form_of(executive.get(SLOTS)), **NEW)
    assert form.submit("submit").status_int == form.submit("submit").status_int == 303
    with app.reading() as services:
        assert len(services.collections["appointments.slots"]) == 3


def test_who_may_not_manage_sees_nothing_and_nothing_works_without_the_token(web: Any, app: App) -> None:
    clerk = sign_in(web, "clerk")
    clerk.get(SLOTS, status=403)
    clerk.post(f"{SLOTS}/1/remove", {"csrf_token": _token(clerk)}, status=403)
    assert SLOTS not in clerk.get("/").text
    executive = sign_in(web, "executive")
    assert SLOTS in executive.get("/").text
    executive.post(SLOTS, NEW, status=400)
    executive.get(f"{SLOTS}/1/remove", status="4*")
    for gone in ("1", "x", "9" * 40):
        executive.post(f"{SLOTS}/{gone}/remove", {"csrf_token": _token(executive)}, status=303)
    assert TestApp(web).get(SLOTS, status="*").status_int in (302, 303, 401, 403)
    with app.reading() as services:
        assert len(services.collections["appointments.slots"]) == 0


def test_a_clerk_gives_a_waiting_meeting_a_time_and_moves_it(web: Any, app: App) -> None:
    add(sign_in(web, "executive"))
    with app.transaction() as services:
        contact = make_contact(services)
        code = submit(services, contact, TYPE, {"subject": "پارکینگ", "wanted_days": ["monday"]}).code
    clerk = sign_in(web, "clerk")
    dossier = clerk.get(f"/contacts/{contact.id}")
    assert "هنوز وقت ندارد" in dossier.text
    page = clerk.get(f"/plugins/appointments/requests/{code}")
    assert "دوشنبه" in page.text and "۰۹:۰۰ تا ۰۹:۳۰" in page.text
    form = form_of(page)
    form["slot"] = form["slot"].options[0][0]
    form.submit("submit").follow()
    with app.reading() as services:
        assert services.requests.by_code(code).status == "scheduled"
    dossier = clerk.get(f"/contacts/{contact.id}")
    assert 'class="date-tile"' in dossier.text and "جابه‌جایی" in dossier.text and "۰۹:۰۰" in dossier.text
    assert "وقت دیدار: " in dossier.text
    beside = clerk.get(f"/requests/{code}").html.select_one(".from-plugin").text
    assert "۰۹:۰۰ تا ۰۹:۳۰" in beside and "سالن دیدار" in beside and "جابه‌جایی" in beside
    page = clerk.get(f"/plugins/appointments/requests/{code}")
    assert "وقت کنونی" in page.text
    form = form_of(page)
    form["slot"] = form["slot"].options[-1][0]
    form.submit("submit").follow()
    assert "۱۰:۰۰ تا ۱۰:۳۰" in clerk.get(f"/contacts/{contact.id}").text


def test_two_clerks_choose_the_same_time(web: Any, app: App) -> None:
    add(sign_in(web, "executive"))
    with app.transaction() as services:
        codes = [submit(services, make_contact(services), TYPE, {"subject": "دیدار"}).code for _clerk in range(2)]
    forms = []
    for login, code in zip(("clerk", "colleague"), codes, strict=True):
        form = form_of(sign_in(web, login).get(f"/plugins/appointments/requests/{code}"))
        form["slot"] = form["slot"].options[0][0]
        form["note"] = f"یادداشت {login}"
        forms.append(form)
    forms[0].submit("submit", status=303)
    refused = forms[1].submit("submit", status=422)
    assert "این گزینه دیگر نیست" in refused.text and form_of(refused)["note"].value == "یادداشت colleague"
    with app.reading() as services:
        assert [services.requests.by_code(code).status for code in codes] == ["scheduled", "asked"]


def test_a_meeting_that_is_closed_gets_no_time(web: Any, app: App) -> None:
    add(sign_in(web, "executive"))
    with app.transaction() as services:
        request = submit(services, make_contact(services), TYPE, {"subject": "دیدار"})
        services.requests.change_status(services, request, "cancelled")
    page = sign_in(web, "clerk").get(f"/plugins/appointments/requests/{request.code}")
    assert "این دیدار بسته است" in page.text and not [form for form in page.forms.values() if form.id == "form"]


@pytest.mark.parametrize("code", ["1234567890", "x", "%00"])
def test_a_meeting_that_is_none(web: Any, code: str) -> None:
    sign_in(web, "clerk").get(f"/plugins/appointments/requests/{code}", status=404)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("9", 540), ("9:30", 570), (" ۹:۳۰ ", 570), ("۹٫۳۰", 570), ("09.05", 545), ("24", 1440), ("0", 0),
     ("24:01", None), ("9:60", None), ("9:3", None), ("صبح", None), ("", None), ("9:30:00", None), ("²", None)],
)
def test_times_of_day_as_people_type_them(text: str, minutes: int | None) -> None:
    assert minutes_of(text) == minutes


def _token(page: TestApp) -> str:
    return str(next(form for form in page.get("/").forms.values() if "csrf_token" in form.fields)["csrf_token"].value)


def test_the_meetings_of_the_day_stand_on_the_day_line_of_whoever_has_them_in_hand(app: App, web: Any) -> None:
    with app.transaction() as services:
        noon = services.clock.moment(services.clock.today(), 12)
        ids = {name: services.users.by_login(name).id for name in ("clerk", "colleague")}
        book(services, noon, "دیدار ظهر", assignee=ids["clerk"])
        book(services, noon + 3_600_000, "دیدار دیگری", assignee=ids["colleague"])
        book(services, noon + 86_400_000, "دیدار فردا", assignee=ids["clerk"])
        book(services, noon, "دیدار پوشیده", assignee=ids["clerk"]).hidden_from = (ids["clerk"],)
    line = sign_in(web, "clerk").get("/").html.select_one(".dayline")
    assert "دیدار ظهر" in line.text and "۱۲:۰۰" in line.text
    assert not any(words in line.text for words in ("دیگری", "فردا", "پوشیده"))


def book(services: Services, starts: int, title: str, **more: Any) -> Request:
    """A request with a slot, which may have begun already."""
    request = submit(services, make_contact(services), TYPE, {"subject": title, "reason": "گفتگو"}, **more)
    request.title, request.due = title, None
    services.work.work.refile(request)
    slot = services.collections["appointments.slots"].add(
        {"starts": starts, "ends": starts + 1_800_000, "place": "سالن", "host": title})
    services.collections["appointments.bookings"].add(
        {"slot": str(slot.id), "request": str(request.id), "contact": str(request.contact)})
    request.status = "scheduled"
    return request
