"""The workflow of a kind in the browser: edited as a draft, put into force, followed on the page of a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webtest import TestApp

from crm_core import builtin
from crm_views.testing import fill, form_of, words

Browse = Callable[..., TestApp]
HERE = f"/admin/types/{builtin.GENERAL}/workflow"


def tick(form: Any, *values: str) -> Any:
    """Tick exactly these of the form's boxes that stand for several values."""
    for box in form.fields["checkbox"]:
        box.checked = box._value in values
    return form


def press(page: Any, act: str, **values: str) -> Any:
    """Press the button of the editor that does ``act``, for the status ``values`` name."""
    form = next(one for one in page.forms.values() if one.action == f"{HERE}/act/{act}"
                and all(one[name].value == value for name, value in values.items()))
    return form.submit(status=303).follow()


def inspection(admin: TestApp) -> Any:
    """Put an edition into force in which every new request is inspected first, with a checklist; the page after."""
    page = fill(form_of(admin.get(f"{HERE}/status/new"), "form"), name="inspection", label_fa="بازدید",
                label_en="Inspection", category="open", stage_en="In work").submit("submit", status=303).follow()
    page.mustcontain("draft", "Put it into force")
    for source, targets in (("new", ["inspection"]), ("inspection", ["answered", "cancelled"])):
        page = tick(form_of(admin.get(f"{HERE}/status/{source}/ways"), "form"), *targets).submit(
            "submit", status=303).follow()
    page = tick(fill(form_of(admin.get(f"{HERE}/status/inspection/ways/answered"), "form"), checklist_fa="دیدم\nنوشتم",
                     checklist_en="I saw it"), "assignee").submit("submit", status=303).follow()
    page.mustcontain("somebody is responsible", "I saw it")
    return fill(form_of(page, "form"), note="بازدید پیش از پاسخ").submit("submit", status=303).follow()


def test_an_administrator_makes_a_workflow_and_a_clerk_follows_it(browse: Browse, desk: Any) -> None:
    admin = browse("admin")
    page = inspection(admin)
    page.mustcontain("Edition 1 is in force", "In force: edition 1", "بازدید پیش از پاسخ")
    assert "draft" not in words(page.html.select_one(".page-head"))

    admin.get(f"/admin/types/{builtin.GENERAL}").mustcontain("Inspection", "Its form comes with the plugin")

    code = desk.case(desk.contact("زهرا"))
    clerk = browse("clerk")
    form = form_of(clerk.get(f"/requests/{code}/status"), "status")
    assert [value for value, *_rest in form["status"].options if value] == ["inspection"]
    fill(form, status="inspection").submit("submit", status=303)

    page = clerk.get(f"/requests/{code}/status")
    page.mustcontain("Not yet", "Nobody is responsible yet.")
    desk.run(lambda services: services.requests.assign(
        services.requests.by_code(code), assignee=services.users.by_login("clerk").id))
    form = fill(form_of(clerk.get(f"/requests/{code}/status"), "status"), status="answered", answer="درست شد",
                channel="in_person")
    page = tick(form, "answered:0").submit("submit", status=422)
    page.mustcontain("Confirm each line first")
    tick(form_of(page, "status"), "answered:0", "answered:1").submit("submit", status=303)
    history = clerk.get(f"/requests/{code}?tab=history")
    history.mustcontain("I saw it", "نوشتم")

    way = clerk.get(f"/requests/{code}/workflow")
    way.mustcontain("edition 1", "Inspection", "In work")
    assert way.html.select_one(".flow .here text").text == "Answered"


def test_a_running_request_is_moved_on_its_page_and_by_the_administrator(browse: Browse, desk: Any) -> None:
    codes = [desk.case(desk.contact()) for _one in range(2)]
    admin, clerk = browse("admin"), browse("clerk")
    inspection(admin)
    page = clerk.get(f"/requests/{codes[0]}/workflow")
    page.mustcontain("New requests of this kind go by a newer workflow")
    page = fill(form_of(page, "move"), status="inspection", note="باید دیده شود").submit("submit", status=303).follow()
    page.mustcontain("It goes on by the newer workflow, as “Inspection”.")
    clerk.get(f"/requests/{codes[0]}/workflow").mustcontain(no="newer workflow")

    page = press(admin.get(HERE), "running")
    page.mustcontain("Moved to the new workflow: 1.")
    assert desk.run(lambda services: services.requests.by_code(codes[1]).version.number) == 1


def test_what_cannot_work_is_said_and_cannot_be_put_into_force(browse: Browse, desk: Any) -> None:
    admin = browse("admin")
    page = tick(form_of(admin.get(f"{HERE}/status/working/ways"), "form")).submit(
        "submit", status=303).follow()
    page.mustcontain("From “Being worked on” no way leads to an end", no="Put it into force")
    seen = page.html.select_one("input[name=seen]")["value"]
    token = page.html.select_one("input[name=csrf_token]")["value"]
    page = admin.post(HERE, {"csrf_token": token, "__formid__": "form", "note": "", "revision": seen,
                             "submission_key": "k" * 22, "submit": "submit"}, status=422)
    page.mustcontain("From “Being worked on” no way leads to an end")


def test_a_draft_can_be_thrown_away_and_its_statuses_ordered(browse: Browse, desk: Any) -> None:
    admin = browse("admin")
    for name in ("first", "second"):
        fill(form_of(admin.get(f"{HERE}/status/new"), "form"), name=name, label_fa=name, category="open").submit(
            "submit", status=303)

    def order(page: Any) -> list[str]:
        return [words(one) for one in page.html.select(".flow-table .code")][-2:]

    assert order(admin.get(HERE)) == ["first", "second"]
    assert order(press(admin.get(HERE), "up", status="second")) == ["second", "first"]
    page = press(admin.get(HERE), "remove", status="first")
    assert order(page) == ["cancelled", "second"]
    stale = admin.get(HERE)
    press(admin.get(HERE), "discard").mustcontain(no="second")
    press(stale, "up", status="second").mustcontain("This was changed meanwhile")


def test_only_an_administrator_opens_the_editor(browse: Browse, desk: Any) -> None:
    clerk = browse("supervisor")
    for path in ("", "/status/new", "/status/new/ways", "/status/new/ways/working"):
        clerk.get(f"{HERE}{path}", status=403)
    clerk.post(f"{HERE}/act/own", status=403)
    admin = browse("admin")
    for path in ("/status/nowhere", "/status/nowhere/ways", "/status/new/ways/nowhere"):
        admin.get(f"{HERE}{path}", status=404)


def test_words_of_an_administrator_are_no_markup(browse: Browse, desk: Any) -> None:
    admin = browse("admin")
    evil = "<script>alert(1)</script>"
    page = fill(form_of(admin.get(f"{HERE}/status/new"), "form"), name="evil", label_fa=evil, category="open").submit(
        "submit", status=303).follow()
    assert "<script>alert" not in page.text
    assert evil[:18] in page.html.select_one(".flow").text
