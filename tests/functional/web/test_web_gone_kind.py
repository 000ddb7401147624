"""A kind of request that is put out while its form is open: it goes on as a general request."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from webtest import TestApp

from crm_core.builtin import GENERAL
from crm_core.testing import factories
from crm_views.app import make_app
from crm_views.swap import Swappable
from crm_views.testing import fill, form_of, sign_in

ONWARD = "Go on as a general request"


@pytest.fixture
def served(open_desk: Callable[..., Any], load_plugin: Callable[[str], ModuleType]) -> tuple[Any, Swappable]:
    """A desk with the plugin "good", of which a request is stored, and its pages as ``crm serve`` serves them."""
    desk = open_desk({"good": load_plugin("good")})
    desk.app.run(lambda services: factories.submit(services, factories.make_contact(services), "good.wish",
                                                   {"wish": "a star"}))
    return desk, Swappable(desk.app, make_app)


def switch(admin: TestApp, enabled: str) -> None:
    form_of(admin.get("/admin/plugins/good"), "/admin/plugins/good/switch").submit("enabled", value=enabled, status=303)


def general_requests(desk: Any) -> list[Any]:
    return list(desk.run(lambda services: [(one.title, one.text, one.submission.answers) for one
                                           in services.root.requests.values() if one.type == GENERAL]))


def filled(clerk: TestApp, contact: int) -> Any:
    form = form_of(clerk.get(f"/contacts/{contact}/requests/new/good.wish"))
    return fill(form, wish="<b>a long story</b>", where="Vanak, پلاک ۷", size="large", until="1405/08/26", loud=True,
                text="Nobody listens.")


def test_what_was_typed_goes_on_as_a_general_request_once(served: tuple[Any, Swappable]) -> None:
    desk, web = served
    contact, clerk, admin = desk.contact(), sign_in(web, "clerk"), sign_in(web, "admin")
    form = filled(clerk, contact)
    key = form["submission_key"].value
    switch(admin, "0")
    answer = form.submit("submit", status=404)
    answer.mustcontain("was put out while this was written", "&lt;b&gt;a long story", "Large")
    page = answer.click(ONWARD)
    again = form_of(page)
    assert (again["title"].value, again["place"].value) == ("Wish", "Vanak, پلاک ۷")
    assert again["text"].value.splitlines() == [
        "Nobody listens.", "", "Wish: <b>a long story</b>", "Where: Vanak, پلاک ۷", "Until: 1405/08/26", "Aloud: Yes",
        "Size: Large"]
    assert again["submission_key"].value == key
    token, again["csrf_token"] = again["csrf_token"].value, ""
    again.submit("submit", status=400)
    again["csrf_token"] = token
    places = {again.submit("submit", status=303).location for _time in range(2)}
    assert len(places) == 1
    (stored,) = general_requests(desk)
    assert stored[0] == "Wish"
    assert stored[1].startswith("Nobody listens.")


def test_a_kind_that_was_never_used_keeps_its_questions_too(
    open_desk: Callable[..., Any], load_plugin: Callable[[str], ModuleType]
) -> None:
    desk = open_desk({"good": load_plugin("good")})
    web = Swappable(desk.app, make_app)
    clerk, admin = sign_in(web, "clerk"), sign_in(web, "admin")
    form = filled(clerk, desk.contact())
    switch(admin, "0")
    answer = form.submit("submit", status=404)
    answer.mustcontain("“Wish” was put out", "Aloud", "Large")
    admin.get("/admin/plugins/good").mustcontain("Nothing is stored of it.", no="crm plugin purge")


def test_files_are_spoken_of_where_some_came_that_are_not_kept(served: tuple[Any, Swappable]) -> None:
    desk, web = served
    contact, clerk, admin = desk.contact(), sign_in(web, "clerk"), sign_in(web, "admin")
    form = filled(clerk, contact)
    fields = [(name, value) for name, value in form.submit_fields("submit") if isinstance(value, str)]
    switch(admin, "0")
    place = f"/contacts/{contact}/requests/new/good.wish"
    for files, said in ([], False), ([("upload", "letter.pdf", b"%PDF-1.4")], True):
        page = clerk.post(place, fields, upload_files=files, status=404).click(ONWARD)
        page.mustcontain("What you had typed is still here.")
        assert ("Only files must be chosen again." in page.text) is said


def test_a_draft_of_such_a_kind_is_no_dead_end(served: tuple[Any, Swappable]) -> None:
    desk, web = served
    contact, clerk, admin = desk.contact(), sign_in(web, "clerk"), sign_in(web, "admin")
    form = filled(clerk, contact)
    place = f"/contacts/{contact}/requests/new/good.wish"
    draft = {"place": place, "name": "form", "key": form["submission_key"].value, "writer": "w", "page": place,
             "title": "Wish", "seen": 0, "force": False,
             "pairs": [["submission_key", form["submission_key"].value], ["wish", "kept while it was typed"]]}
    clerk.post("/drafts", json.dumps(draft), {"X-CSRF-Token": form["csrf_token"].value,
                                              "Content-Type": "application/json"})
    switch(admin, "0")
    page = clerk.get(place, status=404)
    page.mustcontain("Nothing is registered yet", "kept while it was typed")
    form_of(page.click(ONWARD)).submit("submit", status=303)
    assert len(general_requests(desk)) == 1
    assert "kept while it was typed" not in clerk.get(place, status=404).text


def test_what_names_a_shielded_member_of_staff_goes_no_further(served: tuple[Any, Swappable]) -> None:
    """A general request keeps nobody out, so the one it is about would read it."""
    desk, web = served
    clerk, admin = sign_in(web, "clerk"), sign_in(web, "admin")
    form = filled(clerk, desk.contact())
    form["about"] = str(desk.run(lambda services: services.users.by_login("second").id))
    switch(admin, "0")
    answer = form.submit("submit", status=404)
    answer.mustcontain("a member of staff who must not read it", "a long story")
    assert ONWARD not in answer.text


def test_who_may_not_know_the_citizen_is_offered_nothing(served: tuple[Any, Swappable]) -> None:
    desk, web = served
    clerk, admin = sign_in(web, "clerk"), sign_in(web, "admin")
    form = filled(clerk, desk.contact())
    switch(admin, "0")
    token = form["csrf_token"].value
    answer = clerk.post("/contacts/123456789012345678/requests/new/good.wish",
                        {"csrf_token": token, "__formid__": "form", "wish": "words"}, status=404)
    assert ONWARD not in answer.text
    clerk.get(f"/contacts/{desk.contact()}/requests/new/good.wish", status=404).mustcontain(no=ONWARD)


@pytest.mark.parametrize("shape", ["deep", "mapping", "sequence", "choice", "files", "common"])
def test_a_hostile_form_is_answered_all_the_same(served: tuple[Any, Swappable], shape: str) -> None:
    desk, web = served
    contact, clerk, admin = desk.contact(), sign_in(web, "clerk"), sign_in(web, "admin")
    form = form_of(clerk.get(f"/contacts/{contact}/requests/new/good.wish"))
    switch(admin, "0")
    opened, closed = "__start__", "__end__"
    more = {
        "deep": [(opened, "wish:mapping")] * 980 + [("k", "v")] + [(closed, "wish:mapping")] * 980,
        "mapping": [(opened, "wish:mapping"), ("k", "v"), (closed, "wish:mapping"), ("wish", "x")],
        "sequence": [(opened, "until:sequence"), ("k", "v"), (closed, "until:sequence")],
        "choice": [(opened, "size:sequence"), (opened, "x:mapping"), ("k", "large"), (closed, "x:mapping"),
                   (closed, "size:sequence")],
        "files": [(closed, "files:sequence"), ("wish", "x"), (opened, "files:sequence")],
        "common": [(opened, "title:mapping"), ("k", "v"), (closed, "title:mapping"), (opened, "channel:sequence"),
                   ("k", "v"), (closed, "channel:sequence"), ("wish", "x")],
    }[shape]
    sent = [("csrf_token", form["csrf_token"].value), ("__formid__", "form"), *more]
    answer = clerk.post(f"/contacts/{contact}/requests/new/good.wish", sent, status=404)
    if ONWARD in answer.text:
        answer.click(ONWARD).mustcontain("csrf_token")
