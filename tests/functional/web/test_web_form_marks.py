"""Which fields say "needed" or "optional", and what an empty choice means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webtest import TestApp

Browse = Callable[..., TestApp]


def label(page: Any, field: str) -> str:
    return " ".join(page.html.select_one(f"label[for={field}]").get_text(" ").split())


def test_a_form_of_mostly_optional_fields_marks_the_needed_ones(browse: Browse, desk: Any) -> None:
    page = browse("clerk").get(f"/contacts/{desk.contact('زهرا')}/requests/new/core.general")

    page.mustcontain("needed", no="Everything is needed unless")
    assert "optional" not in page.html.select_one("form[data-form]").get_text()


def test_a_form_where_one_field_may_be_left_out_marks_that_one(browse: Browse, desk: Any) -> None:
    page = browse("clerk").get(f"/requests/{desk.case(desk.contact())}/message")

    assert label(page, "message-body") == "What the citizen is told"
    assert label(page, "message-address") == "To which number or address optional"


def test_an_empty_choice_says_what_it_means(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    page = browse("clerk").get(f"/requests/{code}/assign")

    first = {select["name"]: select.option.get_text() for select in page.html.select("#do select")}
    assert first == {"unit": "Stays as it is", "assignee": "The unit decides"}
    bulk = browse("clerk").get(f"/work/change?do=assign&c={code}")
    first = {select["name"]: select.option.get_text() for select in bulk.html.select("form[data-form] select")}
    assert first == {"unit": "Each stays where it is", "assignee": "The unit decides"}
