"""Closing with an answer that was given already, and how the closing form marks what it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webtest import TestApp

from crm_core.model.interaction import Direction
from crm_core.services import Services
from crm_views.testing import fill, form_of, words

Browse = Callable[..., TestApp]


def case_of(desk: Any, code: str) -> Any:
    return desk.run(lambda services: services.requests.by_code(code))


def tell(desk: Any, code: str, body: str, direction: str = Direction.OUT) -> None:
    def work(services: Services) -> None:
        case = services.requests.by_code(code)
        services.interactions.log(services.contacts.get(case.contact), channel="phone", direction=direction, body=body,
                                  requests=[case])

    desk.run(work, "clerk")


def test_what_was_told_already_is_offered_as_the_answer(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact("زهرا"))
    tell(desk, code, "چراغ کی درست می‌شود؟", Direction.IN)
    tell(desk, code, "فردا صبح درست می‌شود")
    form = form_of(browse("clerk").get(f"/requests/{code}/status"), "status")
    assert form["given"].checked

    page = fill(form, status="answered", note="پیمانکار تأیید کرد").submit("submit", status=303).follow()

    case = case_of(desk, code)
    assert case.status == "answered" and len(case.touches) == 2
    assert "the answer" in words(page.html.select(".msg.out")[-1])
    assert "پیمانکار تأیید کرد" in words(page.html.select(".msg.internal")[-1])


def test_nothing_is_offered_when_the_citizen_spoke_last(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    assert "given" not in form_of(browse("clerk").get(f"/requests/{code}/status"), "status").fields
    tell(desk, code, "درست می‌شود")
    tell(desk, code, "هنوز نشده", Direction.IN)
    form = form_of(browse("clerk").get(f"/requests/{code}/status"), "status")
    assert "given" not in form.fields
    fill(form, status="answered").submit("submit", status=422)


def test_an_answer_that_was_overtaken_closes_nothing(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    tell(desk, code, "درست می‌شود")
    form = form_of(browse("clerk").get(f"/requests/{code}/status"), "status")
    tell(desk, code, "دیگر لازم نیست", Direction.IN)

    fill(form, status="answered").submit("submit", status=422)
    assert case_of(desk, code).is_open


def test_a_new_answer_or_a_reason_is_taken_without_the_old_one(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    tell(desk, code, "درست می‌شود")
    form = form_of(browse("clerk").get(f"/requests/{code}/status"), "status")
    form["given"].checked = False
    fill(form, status="answered").submit("submit", status=422)
    page = fill(form, status="answered", answer="درست شد", channel="phone").submit("submit", status=303).follow()
    answers = [words(message) for message in page.html.select(".msg.out") if "the answer" in words(message)]
    assert len(answers) == 1 and "درست شد" in answers[0]


def test_the_answer_is_not_called_optional(browse: Browse, desk: Any) -> None:
    page = browse("clerk").get(f"/requests/{desk.case(desk.contact())}/status")
    assert words(page.html.select_one("label[for=status-answer]")) == (
        "Answer to the citizen this or a note, one of the two")
