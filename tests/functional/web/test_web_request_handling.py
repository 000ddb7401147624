"""What is done with a request on its page: status, hands, changes; nothing is overwritten unseen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp, Upload
from webtest.forms import File

from crm_core.text.jalali import format_date
from crm_views.testing import fill, form_of, words

Browse = Callable[..., TestApp]


def send(form: Any, name: str, content: bytes, **more: Any) -> Any:
    """Send a form with one file; WebTest itself sends no name that is not ASCII."""
    fields = [(field, Upload(name, content) if isinstance(value, File) else value)
              for field, value in form.submit_fields("submit")]
    return form.response.test_app.post(form.action, fields, **more)


def case_of(desk: Any, code: str) -> Any:
    return desk.run(lambda services: services.requests.by_code(code))


# ── status, hands, edit ──────────────────────────────────────────────────────────────────────────────────────


def test_closing_asks_for_an_answer_or_a_reason(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact("زهرا"))
    clerk = browse("clerk")
    form = fill(form_of(clerk.get(f"/requests/{code}/status"), "status"), status="answered")

    page = form.submit("submit", status=422)
    page.mustcontain("Write what the citizen is told, or, in the note, why nobody is told.")
    page = fill(form_of(page, "status"), answer="لامپ عوض شد", channel="in_person").submit("submit", status=303)
    page = page.follow()

    page.mustcontain("The status is “Answered” now.")
    last = page.html.select(".msg")[-1]
    assert "لامپ عوض شد" in words(last) and "the answer" in words(last) and last["class"] == ["msg", "out"]
    assert page.text.count("لامپ عوض شد") == 1
    assert case_of(desk, code).status == "answered"


def test_who_answers_nobody_is_asked_for_a_reason_only(browse: Browse, desk: Any) -> None:
    """The executive closes, but tells citizens nothing himself."""
    code = desk.case(desk.contact())
    form = form_of(browse("executive").get(f"/requests/{code}/status"), "status")
    assert "answer" not in form.fields

    page = fill(form, status="answered").submit("submit", status=422)
    page.mustcontain("Write why it is closed.")
    fill(form_of(page, "status"), note="تکراری بود").submit("submit", status=303)


def test_an_answer_with_a_status_that_closes_nothing_is_not_lost(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    form = form_of(browse("clerk").get(f"/requests/{code}/status"), "status")

    page = fill(form, status="working", answer="نامهٔ دراز").submit("submit", status=422)

    page.mustcontain("This status does not close the request.")
    assert form_of(page, "status")["answer"].value == "نامهٔ دراز"
    assert case_of(desk, code).status == "new"


def test_the_status_asked_for_is_chosen_already(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    assert form_of(browse("clerk").get(f"/requests/{code}/status?to=waiting"), "status")["status"].value == "waiting"
    assert form_of(browse("clerk").get(f"/requests/{code}/status?to=nonsense"), "status")["status"].value == ""


def test_only_somebody_of_the_unit_takes_it(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), unit=desk.units["reception"])
    form = form_of(browse("clerk").get(f"/requests/{code}/assign"), "assign")

    lawyer = str(desk.who["lawyer"].user_id)
    page = fill(form, unit=str(desk.units["streets"]), assignee=lawyer, note="ببینید").submit("submit", status=422)

    page.mustcontain("The lawyer does not work in City services")
    assert form_of(page, "assign")["note"].value == "ببینید"
    members = dict(row.split(":") for row in page.html.select_one("#do")["data-members"].split(";"))
    assert members[str(desk.units["streets"])] == str(desk.who["expert"].user_id)
    form = fill(form_of(page, "assign"), assignee=str(desk.who["executive"].user_id))
    form.submit("submit", status=303)  # belongs to no unit


def test_hands_are_a_trail_with_the_present_ones_first(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), unit=desk.units["reception"])
    form = form_of(browse("clerk").get(f"/requests/{code}/assign"), "assign")
    page = fill(form, unit=str(desk.units["streets"]), note="بررسی شود").submit("submit", status=303).follow()

    here, before = page.html.select("aside .trail li")
    assert "here" in here["class"]
    assert "City services" in words(here) and "Nobody has taken it yet" in words(here) and "The clerk" in words(here)
    assert "Reception" in words(before)
    note = page.html.select(".msg")[-1]
    assert note["class"] == ["msg", "internal"] and "بررسی شود" in words(note)


def test_editing_writes_old_and_new_into_the_changes(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), title="عنوان نخست", text="متن")
    clerk = browse("clerk")
    form = form_of(clerk.get(f"/requests/{code}").click(href="/edit", index=0), "edit")
    fill(form, title="عنوان دوم", priority="urgent", due="1405/10/1").submit("submit", status=303).follow().mustcontain(
        "Saved.")

    case = case_of(desk, code)
    due = desk.run(lambda services: services.clock.day(case.due))
    assert format_date(due, "fa", "short") == "۱۴۰۵/۱۰/۰۱"
    line = clerk.get(f"/requests/{code}?tab=history").html.select_one(".log li")
    assert "Before: عنوان نخست" in words(line) and "Now: عنوان دوم" in words(line)
    assert "Urgent" in words(line) and "22 December 2026" in words(line)
    again = form_of(clerk.get(f"/requests/{code}/edit"), "edit").submit("submit", status=303).follow()
    again.mustcontain("Nothing was different")
    assert case_of(desk, code).due == case.due


def test_two_people_edit_one_request_and_neither_is_overwritten(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), title="عنوان", text="متن")
    mine, theirs = (form_of(browse(login).get(f"/requests/{code}/edit"), "edit") for login in ("clerk", "second"))
    fill(theirs, title="عنوان همکار", priority="high").submit("submit", status=303)

    page = fill(mine, title="عنوان من", text="متن من").submit("submit", status=422)

    page.mustcontain("This was changed meanwhile", "Now it says: عنوان همکار", "عنوان من", "متن من")
    assert case_of(desk, code).title == "عنوان همکار"
    form_of(page, "edit").submit("submit", status=303)
    case = case_of(desk, code)
    assert (case.title, case.text, case.priority) == ("عنوان من", "متن من", "high")


@pytest.mark.parametrize("name", ["message", "note", "edit", "attach"])
def test_a_form_sent_twice_answers_with_the_first_result(browse: Browse, desk: Any, name: str) -> None:
    code = desk.case(desk.contact())
    form = form_of(browse("clerk").get(f"/requests/{code}/{name}"), name)
    if name != "attach":
        form["title" if name == "edit" else "body"] = "یک بار"

    first, second = (send(form, "x.pdf", b"%PDF-1.7 x", status=303) if name == "attach"
                     else form.submit("submit", status=303) for _time in range(2))

    assert first.location == second.location
    case = case_of(desk, code)
    assert len(case.touches or ()) == (name in ("message", "note"))
    assert len(case.attachments) == (name == "attach")


