"""Surveys in the browser: the citizen's own closed requests to choose from, the answer on the dossier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import crm_surveys
from crm_core.app import App
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit
from crm_views.app import make_app as make_web
from crm_views.testing import fill, form_of, sign_in, speak

TYPE, QUESTIONNAIRE = "surveys.satisfaction", "surveys.questionnaire"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Any]]:
    app = make_app(tmp_path_factory.mktemp("served"), {"surveys": crm_surveys})
    make_clerk(app, "clerk")
    web = make_web(app)
    assert not app.host.failed(), app.host.plugins["surveys"].trace
    yield app, web
    app.close()


@pytest.fixture
def app(served: tuple[App, Any]) -> App:
    return served[0]


@pytest.fixture
def web(served: tuple[App, Any]) -> Any:
    return served[1]


def test_a_clerk_records_what_the_citizen_says_of_a_closed_request(web: Any, app: App) -> None:
    clerk = sign_in(web, "clerk")
    with app.transaction() as services:
        contact = make_contact(services)
        for title in ("لامپ کوچه", "چالهٔ خیابان"):
            request = submit(services, contact, "core.general", {"category": "service"}, title=title)
            services.requests.change_status(services, request, "answered", "انجام شد")
        submit(services, contact, "core.general", {"category": "service"}, title="هنوز باز")
    path = f"/contacts/{contact.id}/requests/new/{TYPE}"
    page = clerk.get(path)
    assert "لامپ کوچه (" in page.text and "چالهٔ خیابان (" in page.text and "هنوز باز (" not in page.text
    form = form_of(page)
    refused = fill(form, about=str(request.id), speed="2", courtesy="1").submit("submit", status=422)
    assert 'href="#f-solution"' in refused.text and form_of(refused)["speed"].value == "2"
    fill(form_of(refused), solution="2", words="انجام شد ولی <i>دیر</i>").submit("submit", status=303)
    again = clerk.get(path)
    assert "چالهٔ خیابان (" not in again.text and "لامپ کوچه (" in again.text
    dossier = clerk.get(f"/contacts/{contact.id}").text
    assert "نظرسنجی پس از بسته‌شدن: ۱٫۷ از ۵. «" in dossier and "&lt;i&gt;دیر" in dossier
    assert "میانگین <b>۱٫۷</b> از ۵" in dossier and "تنها پاسخ تا امروز" in dossier


def test_a_questionnaire_is_drawn_with_the_newest_at_the_reading_end(web: Any, app: App) -> None:
    clerk = sign_in(web, "clerk")
    with app.transaction() as services:
        contact = make_contact(services)
    for points in ("2", "5"):
        form = form_of(clerk.get(f"/contacts/{contact.id}/requests/new/{QUESTIONNAIRE}"))
        fill(form, wait="long", clear=points, courtesy=points, settled="no").submit("submit", status=303)
    persian = clerk.get(f"/contacts/{contact.id}").text
    assert 'points="8.0,8.0 312.0,23.0"' in persian and "۲ پاسخ" in persian and "پرسش‌نامه: ۵ از ۵" in persian
    speak(clerk, "en")
    english = clerk.get(f"/contacts/{contact.id}").text
    assert 'points="312.0,8.0 8.0,23.0"' in english and "2 answers" in english and "Average <b>3.5</b> of 5" in english
    speak(clerk, "fa")


def test_with_nothing_to_judge_the_form_says_so(web: Any, app: App) -> None:
    with app.transaction() as services:
        contact = make_contact(services)
    clerk = sign_in(web, "clerk")
    page = clerk.get(f"/contacts/{contact.id}/requests/new/{TYPE}")
    assert "فقط درخواست‌های پاسخ‌دادهٔ همین شهروند" in page.text
    refused = fill(form_of(page), speed="5", courtesy="5", solution="5").submit("submit", status=422)
    assert 'href="#f-about"' in refused.text
