"""The panel of the search, the short look, the way straight to a number, and who leaves a trace in them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import time_machine

from crm_core.backup.transactions import last_transaction
from crm_views.app import make_app
from crm_views.testing import all_of, form_of, sign_in, speak, words

Browse = Callable[..., Any]
SECRET = "شاهدخت پنهان"


def panel(browser: Any, query: str = "", status: int = 200) -> Any:
    return browser.get("/find/panel", {"q": query}, status=status)


# ── the panel ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_panel_is_a_listbox_in_groups_of_three(browse: Browse, desk: Any) -> None:
    ids = [desk.contact(f"زهرا رضایی {name}") for name in ("یک", "دو", "سه", "چهار", "پنج")]
    desk.case(ids[0], title="زهره آمد")

    page = panel(browse("clerk"), "زهر")

    assert "<html" not in page.text
    assert all_of(page, "[role=listbox] [role=group] .g") == ["Citizens 3 of 5", "Requests 1 of 1", "What next"]
    groups = page.html.select("[role=listbox] > [role=group]")
    for group in groups:
        assert page.html.find(id=group["aria-labelledby"]) is not None
    options = page.html.select("[role=option]")
    assert len({option["id"] for option in options}) == len(options) == 6
    assert {option["aria-selected"] for option in options} == {"false"}
    assert {option["tabindex"] for option in options} == {"-1"}
    assert all_of(page, "mark")[:3] == ["زهر"] * 3
    assert page.html.select_one(".omni-answer")["data-said"] == "6 found"
    assert options[0]["data-call"] == options[0]["href"] + "?compose=phone"
    assert options[0]["data-peek"].startswith("/find/peek/")
    assert options[-2]["href"].startswith("/contacts/new?name=")
    assert "New citizen named “ زهر ”" in words(options[-2])


def test_where_three_have_the_name_neither_likenesses_nor_texts_are_looked_for_until_enter(
    browse: Browse, desk: Any
) -> None:
    """In the panel three are shown, so that nobody would see more; who wants more presses Enter, and is told so."""
    ids = [desk.contact(f"زهرا ذاکری {name}") for name in ("یک", "دو")]
    desk.contact("زهرا زاکری")
    desk.case(ids[0], title="زهرا ذاکری آمد")
    clerk = browse("clerk")

    assert all_of(panel(clerk, "زهرا ذاکری"), ".g")[:2] == ["Citizens 3 of 3", "Requests 1 of 1"], "two have this name"

    desk.contact("زهرا ذاکری سه")
    page = panel(clerk, "زهرا ذاکری")
    assert all_of(page, ".g") == ["Citizens 3 of 3", "What next"]
    assert page.html.select_one(".omni-answer")["data-said"] == "3 found by name"
    assert "names that sound alike, and texts, with Enter" in words(page.html.select_one(".omni-foot"))
    everything = words(clerk.get("/find", {"q": "زهرا ذاکری"}).html.select_one("main"))
    assert "زهرا زاکری" in everything
    assert "زهرا ذاکری آمد" in everything


def test_more_than_is_counted_is_said_honestly(browse: Browse, desk: Any) -> None:
    for number in range(32):
        desk.contact(f"زهرا رضایی {number}")

    page = panel(browse("clerk"), "زهرا")

    assert all_of(page, ".g")[0] == "Citizens 3 of 10+"
    assert page.html.select_one(".omni-answer")["data-said"] == "more than 10 found"


def test_each_hit_says_why_in_its_own_tone(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی‌پور", phone="09120000147")
    code = desk.case(contact, title="گواهی", text="آسفالت ریخته است")
    clerk = browse("clerk")

    def why(query: str) -> tuple[str, list[str]]:
        element = panel(clerk, query).html.select_one(".why")
        return words(element), [name for name in element["class"] if name not in ("why", "")]

    assert why("09120000147") == ("Phone", ["exact"])
    assert why("0147") == ("Phone \u20660912 000 01 47\u2069", ["exact"])
    assert why(code) == ("Tracking code", ["exact"])
    assert why("زهرا رضایی") == ("Name", ["exact"])
    assert why("زهرا رضائي") == ("Name", [])
    assert why("ظهرا رظایی") == ("Sounds alike: ظ ← ز، ظ ← ض", [])
    assert why("آسفالت") == ("Words of the request", [])


def test_a_whole_number_is_looked_at_but_nothing_is_chosen(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی", phone="09120000147")

    page = panel(browse("clerk"), "09120000147")

    assert page.html.select_one(".omni-answer")["data-peek"] == f"/find/peek/{contact}"
    assert not page.html.select("[aria-selected=true]")
    assert not panel(browse("clerk"), "زهرا").html.select_one(".omni-answer").has_attr("data-peek")


def test_an_unknown_number_begins_with_a_new_citizen(browse: Browse, desk: Any) -> None:
    desk.contact("زهرا رضایی")
    clerk = browse("clerk")

    page = panel(clerk, "0912 999 88 77")
    first = page.html.select("[role=option]")[0]
    assert "New citizen with this number: 0912 999 88 77" in words(first)
    assert "Nobody has this number yet." in words(first)
    assert form_of(clerk.get(first["href"]))["phone"].value == "+989129998877"
    assert "address=%2B989129998877" in page.html.select("[role=option]")[1]["href"]
    assert words(clerk.get("/find", {"q": "09129998877"}).html.select_one(".hit")).startswith("New citizen with this")
    assert panel(clerk, "0499370899").html.select("[role=option]")[0]["href"] == "/contacts/new?national_id=0499370899"


def test_who_may_not_add_or_log_is_not_offered_it(browse: Browse, desk: Any) -> None:
    desk.contact("زهرا رضایی")

    assert all_of(panel(browse("executive"), "زهرا"), ".g") == ["Citizens 1 of 1"]
    assert not panel(browse("executive"), "زهرا").html.select("[data-call]")
    assert not panel(browse("executive")).html.select("[role=listbox]")


def test_words_that_lag_are_said(browse: Browse, desk: Any) -> None:
    desk.contact("زهرا رضایی")
    clerk = browse("clerk")
    assert "up to " in words(panel(clerk, "زهرا").html.select_one(".omni-foot"))

    desk.app.text_search.reason = "no index"
    assert "words inside texts are not searched just now" in words(panel(clerk, "زهرا").html.select_one(".omni-foot"))

    desk.app.text_search.reason = None

    def many(services: Any) -> None:
        for number in range(600):
            services.context.journal.write("x", ("contact", number), services.now)

    desk.run(many)
    assert "words inside texts only up to" in words(panel(clerk, "زهرا").html.select_one(".omni-foot"))


def test_nobody_signed_in_gets_a_redirect_and_no_word(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی")

    for address in ("/find/panel?q=x", f"/find/peek/{contact}"):
        assert browse("").get(address, status=303).location.startswith("/login?")


def test_the_panel_speaks_persian(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی", phone="09120000147")
    desk.case(contact, title="چراغ")
    clerk = browse("clerk")
    speak(clerk, "fa")

    page = panel(clerk, "ظهرا رضایی")

    assert all_of(page, ".g") == ["شهروندان ۱ از ۱", "گام بعدی"]
    assert all_of(page, ".why") == ["هم‌آوا: ظ ← ز"]
    assert "۱ باز" in words(page.html.select_one(".hit"))
    look = clerk.get(f"/find/peek/{contact}")
    assert "این نگاه هم در سیاههٔ دیده‌شدن ثبت می‌شود" in words(look.html)


@pytest.mark.parametrize("query", [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'-alert(1)-'", "\u202eabc", "\ud83d", "%",
    "\x00\x01",
    "*" * 300, "٪٪", "(((((", "AND OR NOT", "\u200c\u200c", "۱" * 300, "name:*", "زهرا\u202e<b>", "+", "-", "0" * 9,
])
def test_whatever_is_typed_is_text(browse: Browse, desk: Any, query: str) -> None:
    desk.contact("<script>alert(2)</script>", phone="09120000147")
    clerk = browse("clerk")
    for address in ("/find/panel", "/find"):
        page = clerk.get(address, {"q": query.encode("utf-8", "replace")}, status=200)
        assert "alert(" not in "".join(script.text for script in page.html.select("script"))
        assert not page.html.select("[onerror], img[src=x]")
        assert "<script>alert" not in page.text


# ── opened last ──────────────────────────────────────────────────────────────────────────────────────────────


def test_an_empty_box_shows_whom_one_opened_last(browse: Browse, desk: Any) -> None:
    first, second = desk.contact("زهرا رضایی"), desk.contact("کریم نوروزی")
    clerk = browse("clerk")
    assert all_of(panel(clerk), ".g") == ["What next"]
    assert "Whom you open will stand here." in panel(clerk).text

    clerk.get(f"/contacts/{first}")
    clerk.get(f"/contacts/{second}")
    clerk.get(f"/find/peek/{first}")

    page = panel(clerk)
    assert all_of(page, ".g") == ["Opened last", "What next"]
    assert all_of(page, ".hit-t")[:2] == ["کریم نوروزی", "زهرا رضایی"]
    assert all_of(panel(browse("second")), ".g") == ["What next"], "somebody else's looks are not mine"


def test_a_page_view_is_noted_in_a_file_and_not_in_the_database(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    clerk = browse("clerk")
    before = last_transaction(desk.app.db.db.storage)

    clerk.get(f"/contacts/{contact}")
    clerk.get(f"/find/peek/{contact}")
    panel(clerk, "زهرا")

    assert last_transaction(desk.app.db.db.storage) == before
    (file,) = (desk.app.settings.data / "looks").iterdir()
    (look,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert (look["user"], look["contact"]) == (str(desk.who["clerk"].user_id), str(contact))


def looks(desk: Any) -> list[tuple[str, bool]]:
    """The looks noted: the contact, and whether it was only a part."""
    files = sorted((desk.app.settings.data / "looks").glob("*"))
    found = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return [(look["contact"], look.get("part", False)) for look in found]


@pytest.mark.parametrize("page", ["contacts/{}/identity", "contacts/{}/entries", "contacts/{}/edit", "find/peek/{}",
                                  "contacts/{}/news?after=0.0", "contacts/{}/compare/{}"])
def test_who_reads_of_a_citizen_beside_the_dossier_is_noted_once(browse: Browse, desk: Any, page: str) -> None:
    contact, other = desk.contact("زهرا رضایی"), desk.contact("کریم نوروزی")
    clerk = browse("clerk")
    for _time in range(2):
        clerk.get("/" + page.format(contact, other), status=200)

    assert looks(desk) == [(str(contact), True)] + [(str(other), True)] * ("compare" in page)
    assert all_of(panel(clerk), ".g") == ["What next"], "no dossier was opened"
    clerk.head(f"/contacts/{contact}")
    assert looks(desk)[-1] == (str(contact), False)


def test_polling_an_open_dossier_is_no_look(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    clerk = browse("clerk")
    after = clerk.get(f"/contacts/{contact}").html.select_one("[data-after]")["data-after"]
    with time_machine.travel(time.time() + 3600):
        clerk.get(f"/contacts/{contact}/news", {"after": after})
    assert looks(desk) == [(str(contact), False)]


def test_what_may_only_be_counted_is_no_look(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    browse("admin").get(f"/contacts/{contact}", status=200)

    assert not (desk.app.settings.data / "looks").exists()


def test_whom_one_opened_before_it_was_hidden_is_gone_from_the_panel(browse: Browse, desk: Any) -> None:
    contact, other = desk.contact(SECRET), desk.contact("کریم نوروزی", phone="09120000200")
    clerk = browse("clerk")
    clerk.get(f"/contacts/{contact}")
    clerk.get(f"/contacts/{other}")

    desk.shield(contact)
    desk.run(lambda services: services.contacts.edit(
        services.contacts.get(other), {"confidentiality": "confidential"}))

    page = panel(clerk)
    page.mustcontain(no=[SECRET, str(contact), str(other), "0912", "Opened last"])


# ── visibility ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_shielded_citizen_leaves_no_trace(browse: Browse, desk: Any) -> None:
    contact = desk.contact(SECRET, phone="09127770001")
    code = desk.case(contact, title=f"درخواست {SECRET}", text=SECRET, unit=desk.units["reception"])
    desk.shield(contact)
    clerk = browse("clerk")

    unknown = clerk.get("/find/peek/77", status=404)
    assert clerk.get(f"/find/peek/{contact}", status=404).html.main == unknown.html.main
    for query in (SECRET, "شاهدخت", "09127770001", "0912777", "70001", "7770001", code, code[:6], "درخواست"):
        page = panel(clerk, query)
        assert SECRET not in page.text.replace(query, ""), query
        page.mustcontain(no=[f"/contacts/{contact}", f"/requests/{code}", str(contact)])
        assert "0 found" in page.html.select_one(".omni-answer")["data-said"]
    for query in ("09127770001", code):
        clerk.get("/find", {"q": query}, status=200)
    hidden, nobody = (panel(clerk, phone).text for phone in ("09127770001", "09127770002"))
    clock = r"\d\d:\d\d:\d\d"
    assert re.sub(clock, "", hidden.replace("777 00 01", "").replace("7770001", "")) == re.sub(
        clock, "", nobody.replace("777 00 02", "").replace("7770002", ""))


def test_who_may_only_be_counted_shows_no_number_and_no_look(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی", phone="09120000147", addresses=[{"district": "ناحیهٔ ۲"}])
    desk.case(contact, title="پسماند")
    desk.run(lambda services: services.contacts.edit(
        services.contacts.get(contact), {"confidentiality": "confidential"}))
    clerk = browse("clerk")

    page = panel(clerk, "زهرا")

    assert all_of(page, ".hit-s")[0] == "Confidential"
    page.mustcontain(no=["0912", "ناحیهٔ", "open<", f"/find/peek/{contact}", "data-call", "پسماند"])
    assert panel(clerk, "0147").html.select_one(".omni-answer")["data-said"] == "0 found"
    clerk.get(f"/find/peek/{contact}", status=404)
    exact = clerk.get("/find", {"q": "09120000147"}, status=200)
    exact.mustcontain("Confidential")


def test_a_look_leaves_out_what_may_not_be_read(open_desk: Any, load_plugin: Any) -> None:
    desk = open_desk({"good": load_plugin("good")})
    contact = desk.contact("زهرا رضایی", phone="09120000147")
    answers = {"wish": "شکایت از کارشناس", "about": str(desk.who["expert"].user_id)}
    desk.case(contact, type_id="good.wish", answers=answers, unit=desk.units["streets"], text="رشوه خواست")
    desk.case(contact, "lawyer", title="پروندهٔ حقوقی", text="محرمانه")
    web = make_app(desk.app)

    expert = sign_in(web, "expert").get(f"/find/peek/{contact}")
    expert.mustcontain("زهرا رضایی", "No open request", no=["شکایت", "رشوه", "حقوقی", "محرمانه"])
    row = panel(sign_in(web, "expert"), "زهرا")
    assert "1 open" in words(row.html.select_one(".hit"))  # that of the legal unit, which may be counted
    clerk = sign_in(web, "clerk").get(f"/find/peek/{contact}")
    clerk.mustcontain("رشوه خواست", no=["حقوقی", "محرمانه"])


# ── a short look ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_short_look_says_who_what_we_owe_and_what_was_last(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی‌پور", phone="09120000147", gender="female", birth_date="1982-05-04",
                           addresses=[{"city": "شهر نمونه", "line": "کوچهٔ لاله"}])
    for title in ("یک", "دو", "سه", "چهار"):
        desk.case(contact, title=title)

    def log(services: Any) -> None:
        services.interactions.log(services.contacts.get(contact), channel="phone", body="پرسید چرا نیامدند")

    desk.run(log, "clerk")

    page = browse("clerk").get(f"/find/peek/{contact}")

    assert "<html" not in page.text
    assert all_of(page, "h2") == ["زهرا رضایی‌پور"]
    assert "Woman, " in page.text and "کوچهٔ لاله" in page.text
    assert len(page.html.select(".peek-case .st")) == 3
    assert "and 1 more open" in words(page.html)
    assert words(page.html.select(".peek-last")[0]).startswith("Last: Phone call “ پرسید چرا نیامدند ”, ")
    assert words(page.html.select(".peek-last")[1]).startswith("Before: ")
    assert "One proof of four; ask for another one" in page.text
    assert "This look is written down too." in page.text


@pytest.mark.parametrize("contact", ["0", "x", "%00", "9" * 40, ""])
def test_a_look_at_nobody_is_not_found(browse: Browse, contact: str) -> None:
    browse("clerk").get(f"/find/peek/{contact}", status=404)


