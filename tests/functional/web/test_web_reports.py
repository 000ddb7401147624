"""Reports and boxes of plugins: for whom they are, what they show, and that a failing one takes nothing with it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from crm_core.backup.transactions import last_transaction
from crm_views.app import make_app
from crm_views.testing import sign_in, words

OpenDesk = Callable[..., Any]
LoadPlugin = Callable[[str], ModuleType]


@pytest.fixture
def working(open_desk: OpenDesk, load_plugin: LoadPlugin) -> Any:
    """A desk with the plugin ``working``."""
    return open_desk({"working": load_plugin("working")})


def rows_of(page: Any) -> list[list[str]]:
    rows = page.html.select(".report tbody tr")
    return [[cell.get_text(" ", strip=True) for cell in row.select("td")] for row in rows]


def wrong_fields(page: Any) -> dict[str, str]:
    """What the form of the period says of its fields, as a reader of the screen is told it."""
    wrong = page.html.select("form.report-period input[aria-invalid=true]")
    return {field["name"]: words(page.html.find(id=field["aria-describedby"])) for field in wrong}


def test_reports_are_in_the_menu_of_those_who_may_read_one(working: Any) -> None:
    web = make_app(working.app)
    supervisor, clerk = sign_in(web, "supervisor"), sign_in(web, "clerk")

    listed = supervisor.get("/").click("Reports", index=0)

    listed.mustcontain("Payments", "What was paid, and by whom.", "Breaking report")
    listed.click("Payments").mustcontain("Payments")
    assert not clerk.get("/").html.select("a[href='/reports']")
    clerk.get("/reports", status=200).mustcontain("No report for you here", no="Payments")
    clerk.get("/reports/working.payments", status=403)
    clerk.get("/reports/working.payments.csv", status=403)
    supervisor.get("/reports/working.nothing", status=404)
    supervisor.get("/reports/working.nothing.csv", status=404)


def test_a_desk_without_reports_says_nothing_of_them(open_desk: OpenDesk) -> None:
    supervisor = sign_in(make_app(open_desk().app), "supervisor")

    assert not supervisor.get("/").html.select("a[href='/reports']")


def test_a_report_shows_a_period_in_the_words_of_the_reader(working: Any) -> None:
    supervisor = sign_in(make_app(working.app), "supervisor")

    page = supervisor.get("/reports/working.payments", {"since": "1405/8/26", "until": "۱۴۰۵/۸/۲۷"})

    assert rows_of(page) == [
        ["=HYPERLINK(1)", "1,250", "2,500,000 rials", "2026-11-17", "12.5%"],
        ["<script>alert(1)</script>", "2", "", "2026-11-17", ""],
        ["In English", "", "", "2026-11-18", ""],
    ]
    page.mustcontain("17 November 2026 to 18 November 2026")
    assert page.html.select_one("input[name='since']")["value"] == "2026-11-17"
    page.click("This year").mustcontain("In English")


def test_what_is_no_period_is_said(working: Any) -> None:
    supervisor = sign_in(make_app(working.app), "supervisor")

    page = supervisor.get("/reports/working.payments?since=1405/13/1&until=<b>")
    page.mustcontain("“1405/13/1” is not a date", "“&lt;b&gt;” is not a date", no="In English")
    assert wrong_fields(page) == {"since": "“1405/13/1” is not a date; write it like 1405/8/26.",
                                  "until": "“<b>” is not a date; write it like 1405/8/26."}
    since, until = (page.html.select_one(f"form input[name='{name}']") for name in ("since", "until"))
    assert (since["value"], until["value"]) == ("1405/13/1", "<b>")
    assert since.has_attr("autofocus") and not until.has_attr("autofocus")
    backwards = supervisor.get("/reports/working.payments?since=2026-11-17&until=2026-11-16")
    assert wrong_fields(backwards) == {"until": "The first day lies behind the last one."}
    assert backwards.html.select_one("input[name='until']")["value"] == "2026-11-16"
    assert not backwards.html.select(".report-period [aria-current=true]")
    table = supervisor.get("/reports/working.payments.csv?since=1405/13/1&until=2026-11-18", status=303)
    table.follow().mustcontain("“1405/13/1” is not a date", no="In English")


def test_the_table_to_keep_is_for_spreadsheets_and_harmless(working: Any) -> None:
    supervisor = sign_in(make_app(working.app), "supervisor")

    answer = supervisor.get("/reports/working.payments?since=2026-11-17&until=2026-11-18").click("CSV")

    assert answer.body.startswith(b"\xef\xbb\xbf")
    assert answer.content_disposition == (
        'attachment; filename="working-payments-2026-11-17-2026-11-18.csv"')
    assert list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig")))) == [
        ["Name", "How many", "Paid", "Day", "Part"],
        ["'=HYPERLINK(1)", "1250", "2500000", "2026-11-17", "0.125"],
        ["<script>alert(1)</script>", "2", "", "2026-11-17", ""],
        ["In English", "", "", "2026-11-18", ""],
    ]


@pytest.mark.parametrize("name", ["breaking", "strange", "writing"])
def test_a_report_that_fails_says_so_and_stores_nothing(working: Any, name: str) -> None:
    contact = working.contact("زهرا رضایی")
    supervisor = sign_in(make_app(working.app), "supervisor")
    before = last_transaction(working.app.db.db.storage)

    page = supervisor.get(f"/reports/working.{name}", status=200)

    page.mustcontain("This report is not available.", "working", no=["a secret of the plugin", "the first"])
    assert f"report working.{name}" in working.app.host.plugins["working"].reason
    supervisor.get(f"/reports/working.{name}.csv", status="*").mustcontain(
        "This does not work", "could not make this report", no=["a secret", "Nothing was saved"])
    assert last_transaction(working.app.db.db.storage) == before
    assert working.run(lambda services: services.contacts.get(contact).notes) == ""


def test_boxes_on_the_page_of_a_request(working: Any) -> None:
    code = working.case(working.contact(), title="چاله")
    web = make_app(working.app)
    before = last_transaction(working.app.db.db.storage)

    page = sign_in(web, "clerk").get(f"/requests/{code}")

    boxes = [box.get_text(" ", strip=True) for box in page.html.select(".from-plugin")]
    assert boxes[0] == "Seen by all Seen: 7"
    assert [box.partition(" not available")[0] for box in boxes[1:]] == ["Breaking box", "Writing box"]
    page.mustcontain("the rest of the request is complete", "چاله",
                     no=["Of others", "Nothing to say", "Guarded", "a secret of the plugin", "written by a box"])
    sign_in(web, "supervisor").get(f"/requests/{code}").mustcontain("Guarded", "Seen: 9")
    assert working.run(lambda services: services.requests.by_code(code).title) == "چاله"
    assert last_transaction(working.app.db.db.storage) > before  # they signed in; nothing else was written


def test_boxes_do_not_stand_in_the_way_of_a_form_that_is_not_right(working: Any) -> None:
    code = working.case(working.contact())
    browser = sign_in(make_app(working.app), "clerk")

    form = browser.get(f"/requests/{code}/status").forms["status"]
    form["status"] = ""
    page = form.submit("submit", status=422)

    page.mustcontain("Seen: 7")
