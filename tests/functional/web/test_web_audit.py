"""The audit trail: filters, pages, visibility, erasure, values before and after, and the table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from crm_core.services.audit_trail import Asked
from crm_core.services.workbulk import Order, state_of
from crm_views.admin.audit_words import KINDS
from crm_views.spreadsheet import harmless

Browse = Callable[..., TestApp]


def deeds(page: Any) -> list[str]:
    """The rows of a page as a person reads them."""
    return [" ".join(row.select_one("p").text.split()) for row in page.html.select(".deed")]


def test_who_did_what_newest_first(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")
    code = desk.case(contact)
    supervisor = browse("supervisor")
    rows = deeds(supervisor.get("/admin/audit"))
    assert rows[0] == "The supervisor signed in"
    assert rows[1].startswith("The clerk registered a request: ")
    assert supervisor.get("/admin/audit").html.select_one(f'a[href="/requests/{code}"]')


def test_filters_and_what_they_find(browse: Browse, desk: Any) -> None:
    contact, other = desk.contact("زهرا"), desk.contact("مینا")
    code = desk.case(contact)
    desk.run(lambda services: services.contacts.edit(services.contacts.get(other), {"notes": "x"}), "second")
    supervisor = browse("supervisor")

    def found(**asked: str) -> list[str]:
        return deeds(supervisor.get("/admin/audit", asked))

    assert len(found(who="clerk")) == 1
    assert len(found(who="second", kind="contact.changed", field="notes")) == 1
    assert found(who="nobody") == found(record="nothing") == found(record="1234567890") == []
    assert all("request" in row for row in found(record=code)) and found(record=code)
    assert len(found(record=str(contact))) == 2
    assert len(found(record=str(other))) == 2
    assert len(found(kind="contact")) == 3
    assert len(found(record="expert")) == 1
    assert found(since="today") and not found(until="yesterday")
    supervisor.get("/admin/audit", {"since": "the day when"}).mustcontain("is not a date")


def test_values_before_and_after(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")
    name = "زهرا <b>رضایی"
    desk.run(lambda services: services.contacts.edit(services.contacts.get(contact), {"name": name}), "clerk")
    page = browse("supervisor").get("/admin/audit", {"kind": "contact.changed"})
    cells = [cell.text for cell in page.html.select(".deed td")]
    assert cells == ["زهرا", name]


def test_relations_are_named_without_telling_of_the_other(browse: Browse, desk: Any) -> None:
    one, other = desk.contact("زهرا"), desk.contact("ناپیدا")

    def relate(services: Any) -> None:
        services.contacts.relate(services.contacts.get(one), services.contacts.get(other), "spouse")

    desk.run(relate, "clerk")
    desk.shield(other)
    page = browse("supervisor").get("/admin/audit", {"record": str(one)})
    page.mustcontain("Relations", no=[str(other), "ناپیدا"])


def test_a_shielded_person_leaves_no_row(browse: Browse, desk: Any) -> None:
    contact = desk.contact("ناپیدا")
    code = desk.case(contact)
    supervisor = browse("supervisor")
    before = deeds(supervisor.get("/admin/audit", {"kind": "request"}))
    desk.shield(contact)
    assert len(before) == 1
    assert deeds(supervisor.get("/admin/audit", {"kind": "request"})) == []
    hidden, unknown = (supervisor.get("/admin/audit", {"record": record}) for record in (code, "9876543210"))
    strip = [page.html.select_one(".empty").text for page in (hidden, unknown)]
    assert strip[0] == strip[1]
    supervisor.get("/admin/audit", {"record": str(contact)}).mustcontain("Nothing has this code")
    table = supervisor.get("/admin/audit.csv").text
    assert str(contact) not in table and "ناپیدا" not in table


def test_a_complaint_about_the_reader_leaves_no_row(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    reader = desk.who["supervisor"].user_id

    def shield(services: Any) -> None:
        case = services.requests.by_code(code)
        services.requests.lists.remove(case)
        case.hidden_from = (reader,)
        services.requests.lists.add(case)

    desk.run(shield)
    assert deeds(browse("supervisor").get("/admin/audit", {"kind": "request"})) == []
    assert deeds(browse("supervisor").get("/admin/audit", {"record": code})) == []
    assert len(deeds(browse("executive").get("/admin/audit", {"record": code}))) == 1


def test_what_may_only_be_counted_is_neither_named_nor_linked(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    code = desk.case(contact)
    admin = browse("admin")
    page = admin.get("/admin/audit", {"kind": "request"})
    assert deeds(page) == ["The clerk registered a request: a record you may not read"]
    page.mustcontain(no=[code, "زهرا"])
    page = admin.get("/admin/audit", {"kind": "contact"})
    page.mustcontain("a record you may not read", no=["زهرا", f"/contacts/{contact}"])


def test_what_may_only_be_counted_answers_no_question_for_it(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    code = desk.case(contact)
    desk.run(lambda services: services.contacts.edit(services.contacts.get(contact), {"notes": "x"}), "clerk")
    admin, supervisor = browse("admin"), browse("supervisor")
    for asked in ({"record": str(contact)}, {"record": code}, {"field": "notes"}, {"record": str(contact),
                                                                                   "field": "notes"}):
        assert deeds(supervisor.get("/admin/audit", asked))
        assert deeds(admin.get("/admin/audit", asked)) == []
        assert len(admin.get("/admin/audit.csv", asked).text.splitlines()) == 1
    assert len(deeds(admin.get("/admin/audit", {"kind": "contact"}))) == 2


def test_erased_records_say_so(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")
    desk.case(contact)
    desk.run(lambda services: services.privacy.erase(services.contacts.get(contact)))
    page = browse("supervisor").get("/admin/audit", {"record": str(contact)})
    page.mustcontain("an erased record", "erased a citizen", no="زهرا")


def test_a_long_trail_is_read_in_pages_without_gap_or_double(browse: Browse, desk: Any) -> None:
    contacts = [desk.contact(f"شهروند {number}") for number in range(7)]

    def write(services: Any) -> None:
        for number in range(160):
            contact = services.contacts.get(contacts[number % 7])
            services.contacts.edit(contact, {"notes": f"{number}"})

    desk.run(write, "clerk")
    supervisor = browse("supervisor")
    page, seen = supervisor.get("/admin/audit", {"who": "clerk"}), 0
    for _pages in range(10):
        seen += len(deeds(page))
        if not page.html.select("a[rel=next]"):
            break
        page = page.click("Older")
    assert seen == 160
    assert len(list(csv.reader(io.StringIO(supervisor.get("/admin/audit.csv", {"who": "clerk"}).text)))) == 161


def test_a_sparse_filter_says_how_far_it_looked(desk: Any) -> None:
    contacts = [desk.contact(f"شهروند {number}") for number in range(5)]

    def write(services: Any) -> None:
        for number in range(300):
            services.contacts.edit(services.contacts.get(contacts[number % 5]), {"notes": f"{number}"})

    desk.run(write, "clerk")
    with desk.app.transaction(desk.who["supervisor"]) as services:
        asked, after, rows, pages = Asked(kinds=frozenset({"contact.created"})), "", 0, 0
        while True:
            page = services.audit_trail.page(asked, after, look_at=50)
            rows, pages, after = rows + len(page.rows), pages + 1, page.after
            if not after:
                break
            assert page.until is not None
        assert rows == 5 and pages > 5


@pytest.mark.parametrize("after", ["x", "1:2", "99:0:0", "0:999999999:5", "0:0:0-" * 100, "0:-1:3", "16:0:0"])
def test_odd_places_do_no_harm(browse: Browse, desk: Any, after: str) -> None:
    browse("supervisor").get("/admin/audit", {"after": after}, status=200)


def test_imports_stand_apart(browse: Browse, desk: Any) -> None:
    desk.app.run(lambda services: services.contacts.create(name="وارد شده"), note="import", bulk=True)
    supervisor = browse("supervisor")
    assert not [row for row in deeds(supervisor.get("/admin/audit")) if "وارد شده" in row]
    assert deeds(supervisor.get("/admin/audit", {"from": "imports"})) == ["the system recorded a new citizen: وارد شده"]


def test_a_period_is_found_among_many_segments(desk: Any) -> None:
    """Days long ago are reached without walking through all that was done since."""
    day = 86_400_000
    start = 1_700_000_000_000

    def write(services: Any) -> None:
        for number in range(400):
            services.context.journal.write("unit.changed", ("unit", 7), start + number * day)

    desk.run(write)
    with desk.app.reading(desk.who["supervisor"]) as services:
        asked = Asked(kinds=frozenset({"unit"}), since=start + 10 * day, until=start + 20 * day)
        page = services.audit_trail.page(asked, look_at=300)
        assert [row.entry.at for row in page.rows] == [start + number * day for number in range(19, 9, -1)]


@pytest.mark.parametrize("cell", [
    "=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1+1", "＋1", "－1", "﹣1", "−1", "＠x", "﹫x",
    " =1", "\u200f=1", "\x00=1",
])
def test_no_cell_becomes_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    for plain in ("plain", "", "a=1", "۰۹۱۲", "«نقل»", "؛", " x"):
        assert harmless(plain) == plain


def test_the_table_is_harmless(browse: Browse, desk: Any) -> None:
    desk.contact("=HYPERLINK(1)")
    desk.contact("Zahra;=1+1")
    answer = browse("supervisor").get("/admin/audit.csv")
    assert '"Zahra;=1+1"' in answer.text  # a semicolon ends no cell
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.content_type == "text/csv"
    assert "'=HYPERLINK(1)" in answer.text and "=HYPERLINK" not in answer.text.replace("'=HYPERLINK", "")


def test_signing_in_and_out_stands_in_the_trail(browse: Browse, desk: Any) -> None:
    clerk = browse("clerk")
    form = next(form for form in clerk.get("/").forms.values() if form.action == "/logout")
    form.submit(status=303)
    rows = deeds(browse("supervisor").get("/admin/audit", {"who": "clerk", "kind": "user"}))
    assert rows == ["The clerk signed out", "The clerk signed in"]


def test_every_kind_of_entry_has_words(checkout: Path) -> None:
    sources = "\n".join(path.read_text("utf-8") for path in (checkout / "crm_core" / "services").glob("*.py"))
    written = set(re.findall(r"""(?:journal\.write|_journal)\(\s*"([a-z]+\.[a-z]+)\"""", sources))
    assert len(written) > 15
    assert written <= set(KINDS)


def test_a_link_is_one_row_and_what_was_taken_back_says_so(browse: Browse, desk: Any) -> None:
    first, second = desk.contact("زهرا احمدی"), desk.contact("زهره احمدی")
    code = desk.case(first)

    def link(services: Any) -> None:
        one, other = services.contacts.get(first), services.contacts.get(second)
        services.linking.merge(one, other, "the same voice", seen=services.linking.seen(one, other))

    def order(services: Any) -> str:
        requests = services.bulk.requests([code])
        return str(services.bulk.apply(requests, Order("take"), {code: state_of(requests[0])}).undo)

    desk.run(link, "clerk")
    undo = desk.run(order, "clerk")
    desk.run(lambda services: services.bulk.undo(undo), "clerk")
    page = browse("supervisor").get("/admin/audit")
    rows = deeds(page)
    assert [row for row in rows if "linked two records" in row] == [
        "The clerk linked two records of a citizen: زهرا احمدی, زهره احمدی"]
    assert rows[1].startswith("The clerk took a change of a request back")
    assert rows[2].startswith("The clerk handed a request over")
    names = [option.text for option in page.html.select("select[name=field] option")]
    assert len(names) == len(set(names))
