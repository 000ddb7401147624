"""Complaints in the browser: the form a clerk fills in, what comes back refused, the dossier with its panel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

import crm_complaints
from crm_core.app import App
from crm_core.security.permissions import Role
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit
from crm_core.text.digits import to_persian
from crm_core.text.tracking import group_code
from crm_views.app import make_app as make_web
from crm_views.testing import fill, form_of, sign_in, speak

TYPE = "complaints.complaint"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Any]]:
    app = make_app(tmp_path_factory.mktemp("served"), {"complaints": crm_complaints})
    for login, role in (("clerk", Role.CLERK), ("official", Role.EXPERT), ("expert", Role.EXPERT)):
        make_clerk(app, login, roles=[role])
    web = make_web(app)
    assert not app.host.failed(), app.host.plugins["complaints"].trace
    yield app, web
    app.close()


@pytest.fixture
def app(served: tuple[App, Any]) -> App:
    return served[0]


@pytest.fixture
def web(served: tuple[App, Any]) -> Any:
    return served[1]


@pytest.fixture
def citizen(app: App) -> int:
    with app.transaction() as services:
        return make_contact(services).id


def test_a_clerk_registers_a_complaint_and_sees_it_on_the_dossier(web: Any, app: App, citizen: int) -> None:
    clerk = sign_in(web, "clerk")
    page = clerk.get(f"/contacts/{citizen}/requests/new/{TYPE}")
    assert "شکایت از چیست" in page.text and "حتی بودنش را هم نمی‌فهمد" in page.text
    form = fill(form_of(page), category="delay", place="میدان هفت تیر", wish="زودتر <b>بیایند</b>")
    page = form.submit("submit").follow()
    assert "تأخیر در کار" in page.text and "زودتر &lt;b&gt;بیایند&lt;/b&gt;" in page.text and "ثبت شد" in page.text
    dossier = clerk.get(f"/contacts/{citizen}").text
    assert "شکایت‌ها" in dossier and "باز: ۱" in dossier and "شکایت: تأخیر در کار، میدان هفت تیر" in dossier
    speak(clerk, "en")
    assert "Open: 1" in (english := clerk.get(f"/contacts/{citizen}").text) and "Complaint: A delay, at " in english
    speak(clerk, "fa")


def test_what_is_refused_comes_back_with_everything_typed(web: Any, app: App, citizen: int) -> None:
    clerk = sign_in(web, "clerk")
    form = form_of(clerk.get(f"/contacts/{citizen}/requests/new/{TYPE}"))
    page = fill(form, category="conduct", wish="پوزش بخواهد").submit("submit", status=422)
    assert "بنویسید از چه کسی است یا کجا رخ داده" in page.text and 'href="#f-whom"' in page.text
    again = form_of(page)
    assert again["wish"].value == "پوزش بخواهد" and again["category"].value == "conduct"
    assert fill(again, whom="آقای باجهٔ ۳").submit("submit").status_int == 303


def test_a_wrong_hour_and_a_day_to_come_are_told_at_once(web: Any, citizen: int) -> None:
    form = form_of(sign_in(web, "clerk").get(f"/contacts/{citizen}/requests/new/{TYPE}"))
    page = fill(form, category="delay", happened="فردا", hour="۲۵").submit("submit", status=422)
    assert {"#f-happened", "#f-hour"} <= {link["href"] for link in page.html.select(".error-summary a, [role=alert] a")}
    assert "آن روز هنوز نیامده است" in page.text


def test_the_same_complaint_again_names_the_code_of_the_first(web: Any, app: App, citizen: int) -> None:
    with app.transaction() as services:
        contact = services.contacts.get(citizen)
        code = submit(services, contact, TYPE, {"category": "quality", "place": "پارک لاله"}).code
    form = form_of(sign_in(web, "clerk").get(f"/contacts/{citizen}/requests/new/{TYPE}"))
    page = fill(form, category="quality", place="پارك لاله").submit("submit", status=422)
    assert to_persian(group_code(code)) in page.text and "هنوز باز است" in page.text


def test_for_the_one_it_is_about_there_is_no_trace_of_it(web: Any, app: App, citizen: int) -> None:
    clerk, official = sign_in(web, "clerk"), sign_in(web, "official")
    with app.reading() as services:
        user = services.users.by_login("official")
        assert user is not None
    form = form_of(clerk.get(f"/contacts/{citizen}/requests/new/{TYPE}"))
    answer = fill(form, category="conduct", staff=str(user.id), wish="رفتارش بد بود").submit("submit")
    path = urlsplit(answer.location).path
    assert "رفتارش بد بود" in clerk.get(path).text
    official.get(path, status=404)
    dossier = official.get(f"/contacts/{citizen}").text
    assert "شکایت‌ها" not in dossier and "رفتار کارکنان" not in dossier
    assert path in clerk.get("/find", {"q": "رفتارش"}).text
    assert path not in official.get("/find", {"q": "رفتارش"}).text


def test_only_an_expert_rejects_and_says_why(web: Any, app: App, citizen: int) -> None:
    with app.transaction() as services:
        answers, whose = {"category": "money", "what": "عوارض"}, services.users.by_login("expert")
        assert whose is not None
        code = submit(services, services.contacts.get(citizen), TYPE, answers, assignee=whose.id).code
    expert = sign_in(web, "expert")
    page = expert.get(f"/requests/{code}/status")
    refused = fill(form_of(page, f"/requests/{code}/status"), status="rejected").submit("submit", status=422)
    assert "چرا پاسخی داده نمی‌شود" in refused.text
    fill(form_of(refused, "status"), note="عوارض درست است").submit("submit", status=303)
    with app.reading() as services:
        assert services.requests.by_code(code).status == "rejected"
    dossier = expert.get(f"/contacts/{citizen}").text
    assert "با ذکر دلیل رد شد" in dossier and "عوارض درست است" in dossier
