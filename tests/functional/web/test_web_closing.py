"""Closing through the pages: cancelling asks why, and an order that is gone stores nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webtest import TestApp

from crm_views.testing import fill, form_of

Browse = Callable[..., TestApp]


def test_cancelling_asks_why_on_the_page_of_one(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    clerk = browse("clerk")
    form = fill(form_of(clerk.get(f"/requests/{code}/status"), "status"), status="cancelled", note="\u200c")
    form.submit("submit", status=422).mustcontain("Write why it is closed.")
    assert desk.run(lambda services: services.requests.by_code(code).status) == "new"
    form = fill(form_of(clerk.get(f"/requests/{code}/status"), "status"), status="cancelled", note="پس گرفت")
    form.submit("submit", status=303)
    assert desk.run(lambda services: services.requests.by_code(code).status) == "cancelled"


def test_taking_back_what_is_not_there_stores_nothing(browse: Browse, desk: Any) -> None:
    clerk = browse("clerk")
    token = clerk.get("/profile").html.select_one("input[name=csrf_token]")["value"]
    before = desk.run(lambda services: len(services.root.once))
    for number in range(3):
        clerk.post("/work/undo", {"undo": "x", "submission_key": f"k{number}", "csrf_token": token}, status=303)
    assert desk.run(lambda services: len(services.root.once)) == before
