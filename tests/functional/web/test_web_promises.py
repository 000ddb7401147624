"""What the page of a new request promises: a day where the kind counts days, a rule where its plugin decides."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from crm_core.api import Category, Draft, Form, RequestType, Services, Status, fields, hookimpl
from crm_views.app import make_app
from crm_views.testing import form_of, sign_in

STATUSES = (Status("new", Category.NEW, "New"), Status("done", Category.DONE, "Done"))


class DogForm(Form):
    name = fields.text("Name")


def dogs(**more: Any) -> ModuleType:
    module = ModuleType("crm_dogs")
    module.CRM_API_VERSION = 1  # type: ignore[attr-defined]

    def contribute() -> tuple[Any, ...]:
        return (RequestType("dogs.dog", "Dog", DogForm, STATUSES, due_days=7, **more),)

    module.contribute = hookimpl(contribute)  # type: ignore[attr-defined]
    return module


def due_date(services: Services, draft: Draft) -> int:
    return draft.at + 1


def test_days_are_promised_with_their_day(open_desk: Callable[..., Any]) -> None:
    desk = open_desk({"dogs": dogs()})
    clerk = sign_in(make_app(desk.app), "clerk")
    here = f"/contacts/{desk.contact()}/requests/new"
    clerk.get(f"{here}/dogs.dog").mustcontain("That is until", no="The day itself")
    clerk.get(here).mustcontain("answer within 7 days")


def test_what_a_plugin_decides_is_not_promised_before(open_desk: Callable[..., Any]) -> None:
    module = dogs()
    module.due_date = hookimpl(due_date)  # type: ignore[attr-defined]
    desk = open_desk({"dogs": module})
    clerk = sign_in(make_app(desk.app), "clerk")
    here = f"/contacts/{desk.contact()}/requests/new"
    clerk.get(f"{here}/dogs.dog").mustcontain(
        "about 7 days", "The day itself is set when the request is registered.", no="That is until")
    clerk.get(here).mustcontain("answer within about 7 days")


def test_required_files_are_asked_for_and_missed_in_words(open_desk: Callable[..., Any]) -> None:
    desk = open_desk({"dogs": dogs(files_required=2)})
    clerk = sign_in(make_app(desk.app), "clerk")
    page = clerk.get(f"/contacts/{desk.contact()}/requests/new/dogs.dog")
    page.mustcontain("2 at least.")
    form = form_of(page)
    form["name"] = "rex"
    refused = form.submit("submit", status=422)
    assert "Files" in refused.html.select_one("#errors").get_text()
    assert form_of(refused)["name"].value == "rex"
