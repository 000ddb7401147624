"""The work page as a clerk uses it: views with their counts, filters in the address, kept lists, many at once, undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp

from crm_views.testing import all_of, fill, form_of, speak, words

Browse = Callable[..., TestApp]
HOUR = 3_600_000
DAY = 24 * HOUR


def subjects(page: Any) -> list[str]:
    return all_of(page, ".wl .subj")


def counts(page: Any) -> dict[str, str]:
    return {one["data-count"]: words(one) for one in page.html.select("[data-count]")}


def case(desk: Any, title: str, **more: Any) -> str:
    name = more.pop("citizen", "زهرا رضایی")
    return str(desk.case(desk.contact(name), title=title, **more))


@pytest.fixture
def full(desk: Any) -> Any:
    """Work in several hands; ``desk.codes`` by title."""
    now = desk.run(lambda services: services.now)
    clerk = desk.who["clerk"].user_id
    desk.codes = {
        "late": case(desk, "late", assignee=clerk, due=now - 2 * DAY, at=now - 9 * DAY, priority="urgent"),
        "mine": case(desk, "mine", assignee=clerk, due=now + 5 * DAY, channel="email"),
        "free": case(desk, "free", due=now + DAY, citizen="علی کاظمی"),
        "second": case(desk, "second", assignee=desk.who["second"].user_id),
        "streets": case(desk, "streets", unit=desk.units["streets"]),
    }
    return desk


def test_the_views_count_and_list_what_is_theirs(browse: Browse, full: Any) -> None:
    clerk = browse("clerk")
    page = clerk.get("/")

    assert subjects(page) == ["late", "mine"]
    assert counts(page) == {"mine": "2", "today": "0", "late": "1", "waiting": "0", "promised": "0",
                            "unit": "4", "free": "1", "unit-today": "0", "unit-late": "1"}
    assert words(page.html.select_one(".topnav [aria-current]")) == "Work 2"
    assert subjects(page.click(href=r"/\?view=late$")) == ["late"]
    assert subjects(page.click(href=r"/\?view=free$")) == ["free"]
    assert set(subjects(page.click(href=r"/\?view=unit$"))) == {"late", "mine", "free", "second"}
    assert all_of(page, ".tl-more > span")[0] == "2 of 2"
    (row, _other) = page.html.select(".wl tbody tr")
    assert "2 days past due" in words(row)
    assert "Urgent" in words(row)
    assert row.select_one(".clock rect")["width"] == "100"


def test_filters_order_and_columns_are_in_the_address(browse: Browse, full: Any) -> None:
    clerk = browse("clerk")

    def shown(**query: Any) -> list[str]:
        return subjects(clerk.get("/", {"view": "unit", **query}))

    assert shown(priority="urgent") == ["late"]
    assert shown(channel="email") == ["mine"]
    assert shown(to="nobody") == ["free"]
    assert set(shown(to="me")) == {"late", "mine"}
    assert shown(to=str(full.who["second"].user_id)) == ["second"]
    assert shown(due="late") == ["late"]
    assert shown(words="کاظمى") == ["free"]  # an Arabic yeh
    assert shown(words=full.codes["second"]) == ["second"]
    assert shown(type="core.imported") == []
    assert shown(status="waiting") == []
    assert shown(since="فردا", until="فردا") == ["free"]
    assert shown(sort="arrival")[-1] == "late"
    assert shown(sort="-arrival")[0] == "late"
    assert shown(sort="priority")[0] == "late"

    page = clerk.get("/", {"view": "unit", "priority": "urgent", "col": "priority"})
    assert all_of(page, ".wl thead th")[1:] == ["Subject and citizen", "Priority"]
    assert all_of(page, ".fchip.on") == ["Priority: Urgent"]
    assert set(subjects(page.click("Take this filter away", index=0))) == {"late", "mine", "free", "second"}
    empty = clerk.get("/", {"view": "unit", "words": "ناپیدا"})
    empty.mustcontain("Nothing like that in this list", "Show everything")
    wrong = clerk.get("/", {"since": "چرت <b>"})
    wrong.mustcontain("“چرت &lt;b&gt;” is not a date")


@pytest.mark.parametrize("query", [
    "view=<script>", "view=unit&unit=99999999999999999999", "page=999999", "page=-1", "page=x", "sort=-", "sort=--due",
    "to=<x>&to=0", "in=5", "type=%C3%A9", "since=9999999999/1/1", "until=1405/13/45", "words=" + "x" * 5000,
    "col=nothing", "due=%00", "status=done", "page=" + "9" * 400, "&".join(f"to={n}" for n in range(1, 300)),
])
def test_an_address_that_means_nothing_shows_a_list_all_the_same(browse: Browse, full: Any, query: str) -> None:
    page = browse("clerk").get(f"/?{query}")
    assert page.status_int == 200
    assert "<script>x" not in page.text
    browse("clerk").get(f"/work/news?{query}", status=200)


def test_what_may_only_be_counted_is_a_line_and_what_is_hidden_is_nothing(browse: Browse, desk: Any) -> None:
    shielded = desk.contact("پنهان")
    case(desk, "open", as_="second")
    case(desk, "secret", as_="supervisor", confidential=True, unit=desk.units["reception"])
    desk.case(shielded, title="of nobody you know", as_="second")
    desk.shield(shielded)

    page = browse("clerk").get("/?view=unit")

    assert subjects(page) == ["open"]
    assert counts(page)["unit"] == "2"
    assert all_of(page, ".work-counted") == ["1 request you may not read"]
    assert "secret" not in page.text
    assert "nobody you know" not in page.text
    assert all_of(browse("clerk").get("/?view=unit&priority=normal"), ".work-counted") == []
    assert set(subjects(browse("supervisor").get("/?view=unit"))) == {"open", "secret"}


def test_the_day_shows_what_is_due_today_and_pages_hold_fifty(browse: Browse, desk: Any) -> None:
    me = desk.who["clerk"].user_id
    tonight = desk.run(lambda services: services.clock.tonight())
    case(desk, "due tonight", assignee=me, due=tonight - 1)
    for number in range(55):
        case(desk, f"number {number}", assignee=me)
    clerk = browse("clerk")
    page = clerk.get("/")
    assert "due tonight" in words(page.html.select_one(".dayline"))
    assert len(subjects(page)) == 50
    assert all_of(page, ".tl-more > span")[0] == "1 to 50 of 56"
    assert len(subjects(page.click("After"))) == 6
    clerk.get("/?page=77").mustcontain("51 to 56 of 56")


def test_several_are_handed_over_after_a_preview_and_taken_back(browse: Browse, full: Any) -> None:
    clerk = browse("clerk")
    page = clerk.get("/?view=unit")
    form = page.forms["bulk"]
    for box in form.fields["c"]:
        box.checked = True
    choice = form.submit("do", value="assign")
    full.run(lambda services: services.requests.change_status(
        services, services.requests.by_code(full.codes["second"]), "answered"))

    preview = fill(form_of(choice, "choice"), unit=str(full.units["streets"]), note="بروند").submit("submit")

    assert all_of(preview, ".preview-h") == ["This will change", "This stays as it is"]
    assert words(preview.html.select_one(".preview-what")).startswith("They go to City services")
    assert "It is closed." in all_of(preview, ".preview-t")[1]
    full.run(lambda services: services.requests.edit(services.requests.by_code(full.codes["late"]), {"title": "late!"}))
    full.run(lambda services: services.requests.assign(
        services.requests.by_code(full.codes["free"]), unit=full.units["reception"],
        assignee=full.who["second"].user_id))
    do = form_of(preview, "/work/change")
    done = do.submit(status=303)
    page = done.follow()

    page.mustcontain("2 requests handed over at", "2 were left as they are", "It was changed meanwhile.")
    unit = lambda title: full.run(lambda s: s.requests.by_code(full.codes[title]).unit)  # noqa: E731
    assert (unit("late"), unit("mine")) == (full.units["streets"],) * 2
    assert unit("free") == full.units["reception"]
    assert do.submit(status=303).location == done.location  # sent twice: the first answer

    undo = form_of(page, "/work/undo")
    back = undo.submit(status=303).follow()
    back.mustcontain("2 requests are as they were before.")
    back.mustcontain(no="handed over at")
    assert unit("late") == unit("mine") == full.units["reception"]
    clerk.get(f"/requests/{full.codes['mine']}").mustcontain("پس گرفته شد")
    undo.submit(status=303)


def test_taking_over_needs_no_choice_and_a_foreign_order_changes_nothing(browse: Browse, full: Any) -> None:
    clerk = browse("clerk")
    code = full.codes["free"]
    preview = clerk.get("/work/change", {"do": "take", "c": [code, "0000000000", "<x>"], "back": "//evil.example"})
    page = form_of(preview, "/work/change").submit(status=303)
    assert page.location.endswith("/")
    assert full.run(lambda services: services.requests.by_code(code).assignee) == full.who["clerk"].user_id
    clerk.get("/work/change?do=assign", status=303)
    clerk.get(f"/work/change?do=nonsense&c={code}", status=303)
    browse("admin").get(f"/work/change?do=take&c={code}", status=403)
    clerk.post("/work/change?do=take&c=" + code, {"step": "apply"}, status=400)  # no mark of ours


def test_a_status_for_several_asks_for_a_reason_where_it_closes(browse: Browse, full: Any) -> None:
    clerk = browse("clerk")
    query = {"do": "status", "c": [full.codes["mine"], full.codes["late"]]}
    preview = fill(form_of(clerk.get("/work/change", query), "choice"), status="answered").submit("submit")
    preview.mustcontain("Closing it needs an answer to the citizen", no="Do it for")
    preview = fill(form_of(clerk.get("/work/change", query), "choice"), status="waiting").submit("submit")
    form_of(preview, "/work/change").submit(status=303).follow().mustcontain("2 requests have another status")
    assert counts(clerk.get("/"))["waiting"] == "2"
    choice = form_of(clerk.get("/work/change", query | {"do": "priority"}), "choice")
    preview = fill(choice, priority="low").submit("submit")
    form_of(preview, "/work/change").submit(status=303)
    assert full.run(lambda services: services.requests.by_code(full.codes["late"]).priority) == "low"


def test_the_next_one_is_opened_and_taken(browse: Browse, full: Any) -> None:
    second = browse("second")
    page = form_of(second.get("/"), "/work/next").submit(status=303).follow()
    assert page.request.path == f"/requests/{full.codes['free']}"
    page.mustcontain("It is yours now: nobody had it.", "The most urgent of ")
    lawyer = browse("lawyer")
    form_of(lawyer.get("/"), "/work/next").submit(status=303).follow().mustcontain("There is nothing to do")


def test_a_list_is_kept_under_a_name(browse: Browse, full: Any) -> None:
    clerk = browse("clerk")
    page = clerk.get("/?view=unit&priority=urgent").click("Keep this list")
    refused = fill(form_of(page, "view"), name=" ").submit("submit", status=422)
    kept = fill(form_of(refused, "view"), name="پسماند <b>").submit("submit", status=303).follow()
    assert subjects(kept) == ["late"]
    current = kept.html.select_one(".views [aria-current]")
    assert words(current) == "پسماند <b> 1"
    lists = kept.click(href="/work/views$")
    renamed = fill(form_of(lists.click("Rename"), "view"), name="فوری‌ها").submit("submit", status=303).follow()
    renamed.mustcontain("فوری‌ها")
    form_of(renamed, "/drop").submit(status=303).follow().mustcontain("No lists of your own yet")


def test_the_page_of_kept_lists_has_its_heading_without_any(browse: Browse) -> None:
    assert all_of(browse("clerk").get("/work/views"), "h1") == ["No lists of your own yet"]


def test_news_say_the_counts_and_whether_the_list_changed(browse: Browse, full: Any) -> None:
    clerk = browse("clerk")
    page = clerk.get("/")
    work = page.html.select_one("[data-work]")
    news = clerk.get(work["data-work"]).json
    assert news["list"] == work["data-digest"]
    assert news["counts"] == counts(page)
    case(full, "one more", assignee=full.who["clerk"].user_id)
    news = clerk.get(work["data-work"]).json
    assert news["list"] != work["data-digest"]
    assert news["counts"]["mine"] == "3"


def test_persian_work(browse: Browse, full: Any) -> None:
    clerk = browse("clerk")
    speak(clerk, "fa")
    page = clerk.get("/?view=unit")
    assert words(page.html.h1) == "کارتابل"
    assert "۲ روز گذشته" in words(page.html.select_one(".clock.late"))
    assert counts(page)["unit"] == "۴"


def test_everybody_who_is_signed_in_has_a_page(browse: Browse, full: Any) -> None:
    for login in ("lawyer", "expert"):
        browse(login).get("/", status=200)
    assert browse("admin").get("/", status=303).follow().request.path == "/admin"


def test_who_reads_everything_and_is_of_no_unit_lands_on_what_is_late_anywhere(browse: Browse, full: Any) -> None:
    executive = browse("executive")
    page = executive.get("/", status=303).follow()

    assert page.request.path_qs == "/?view=unit-late"
    assert subjects(page) == ["late"]
    assert "Late in all units" in all_of(page, "h2")
    assert {name: number for name, number in counts(page).items() if number != "0"} == {
        "unit": "5", "free": "2", "unit-late": "1", f"unit-{full.units['reception']}": "4",
        f"unit-{full.units['streets']}": "1"}
    assert set(subjects(executive.get("/?view=unit"))) == {"late", "mine", "free", "second", "streets"}
    assert subjects(executive.get(f"/?view=unit&unit={full.units['streets']}")) == ["streets"]
    page = executive.get("/?view=mine", status=200)
    page.mustcontain("What is handed to you appears here.")
    assert "/work/next" not in [form.action for form in page.forms.values()]


def test_who_has_no_work_of_his_own_lands_where_there_is_something(browse: Browse, desk: Any) -> None:
    def lead(services: Any) -> None:
        services.users.edit(services.users.by_login("executive"), {"units": [desk.units["streets"]]})
        services.users.edit(services.users.by_login("expert"), {"units": []})

    desk.run(lead)
    executive = browse("executive")
    landed = executive.get("/", status=303)
    assert landed.location.endswith("/?view=unit")
    assert "All units" in all_of(landed.follow(), "nav h2")
    executive.get("/?view=mine", status=200)
    browse("expert").get("/").mustcontain("You belong to no unit yet")
    browse("clerk").get("/").mustcontain(no="You belong to no unit yet")
    expert = desk.who["expert"].user_id
    browse("admin").get(f"/admin/users/{expert}").mustcontain("This account belongs to no unit yet")
