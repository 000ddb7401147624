"""Counts, hands, keys and words at their edges: nothing hidden counts, nothing typed is lost, no word turns round."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp

from crm_core.model.request import Request as Case
from crm_views.forms import filetypes
from crm_views.testing import fill, form_of

Browse = Callable[..., TestApp]
TURN = "\u202e"


def case_of(desk: Any, code: str) -> Case:
    found: Case = desk.run(lambda services: services.requests.by_code(code))
    return found


def mine(page: Any) -> tuple[str, int]:
    """What the column says of one's own work, and how many rows its list has."""
    return page.html.select_one(".work a[aria-current=page] .n").text, len(page.html.select(".wl tbody tr"))


def test_hidden_work_is_not_counted_on_the_start_page(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")
    desk.case(contact, assignee=desk.who["second"].user_id)
    desk.case(desk.contact("علی"), assignee=desk.who["second"].user_id)
    second = browse("second")
    assert mine(second.get("/?view=mine")) == ("2", 2)

    desk.shield(contact)

    assert mine(second.get("/?view=mine")) == ("1", 1)


def test_kinds_that_are_not_offered_cannot_be_filled_in(browse: Browse, desk: Any) -> None:
    here = f"/contacts/{desk.contact()}/requests/new"
    clerk = browse("clerk")
    token = form_of(clerk.get(f"{here}/core.general"))["csrf_token"].value

    clerk.get(f"{here}/core.imported", status=404)
    fields = {"csrf_token": token, "__formid__": "form", "channel": "phone", "priority": "normal", "title": "x"}
    clerk.post(f"{here}/core.imported", fields, status=404)


def test_a_request_handed_to_nobody_in_particular_stays_in_its_unit(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), unit=desk.units["reception"])
    form = form_of(browse("clerk").get(f"/requests/{code}/assign"), "assign")

    fill(form, unit="", assignee=str(desk.who["second"].user_id)).submit("submit", status=303)

    case = case_of(desk, code)
    assert (case.unit, case.assignee) == (desk.units["reception"], desk.who["second"].user_id)
    browse("expert").get(f"/requests/{code}", status=403)


def offered(browser: TestApp, code: str) -> set[str]:
    page = browser.get(f"/requests/{code}/assign").html
    return {option.text.partition(",")[0] for option in page.select("select[name=assignee] option") if option["value"]}


def test_only_staff_who_may_read_it_then_are_offered(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), unit=desk.units["reception"])
    assert {"The clerk", "The lawyer"} <= offered(browse("clerk"), code)
    assert "The admin" not in offered(browse("clerk"), code)


def test_a_revision_that_was_never_given_is_stale(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    form = form_of(browse("clerk").get(f"/requests/{code}/status"), "status")
    form["revision"].force_value("x" * 300)

    fill(form, status="working").submit("submit", status=422)

    assert case_of(desk, code).status != "working"


def test_going_back_and_changing_the_text_saves_the_new_text(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")
    clerk = browse("clerk")
    form = fill(form_of(clerk.get("/interactions/new")), body="نخست")
    first = form.submit("submit", status=303).location

    second = fill(form, body="دوم").submit("submit", status=303).location

    assert first != second
    clerk.get(second).mustcontain("دوم")
    edit = fill(form_of(clerk.get(f"/contacts/{contact}/edit")), notes="یادداشت نو")
    edit["submission_key"].force_value(form["submission_key"].value)
    assert edit.submit("submit", status=303).location.endswith(f"/contacts/{contact}")
    assert desk.run(lambda services: services.contacts.get(contact).notes) == "یادداشت نو"


def test_a_name_turns_none_of_our_words_around(browse: Browse, desk: Any) -> None:
    contact = desk.contact(f"زهرا{TURN}")
    clerk = browse("clerk")
    form = fill(form_of(clerk.get(f"/contacts/{contact}/requests/new/core.general")), category="service",
                title=f"آسفالت{TURN}")
    page = form.submit("submit", status=303).follow().html
    assert TURN not in page.select_one(".flashes").text
    assert TURN not in page.title.text
    code = page.select_one(".crumbs .code").text.replace("-", "")
    for address in (f"/contacts/{contact}/edit", f"/contacts/{contact}/requests/new/core.general",
                    f"/requests/{code}/assign"):
        html = clerk.get(address).html
        assert TURN not in html.title.text
        outside = [text for text in html.find_all(string=lambda text: TURN in text)
                   if not text.find_parent(["bdi", "textarea", "h1"])]
        assert outside == []


@pytest.mark.parametrize("large", [False, True])
def test_a_table_of_contents_longer_than_it_says_is_not_read(monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(filetypes.MANY_MEMBERS * 4):
            archive.writestr(f"{number:09}", b"")
    content = bytearray(file.getvalue())
    content[-14:-10] = (1).to_bytes(2, "little") * 2
    if large:  # the numbers of the first record are small, the ones of the second are not looked at
        content[-10:-6] = (46).to_bytes(4, "little")
        content[-22:-22] = b"PK\x06\x07" + bytes(16)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_args: pytest.fail("its table was read"))

    assert filetypes.tell_type(io.BytesIO(content)) is filetypes.ZIP
