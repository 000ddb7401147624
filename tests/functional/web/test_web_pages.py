"""The desk's first pages, as a clerk uses them: find, look, log, register, answer, hand over, mend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp

from crm_core.model.contact import Proof
from crm_views.testing import all_of, fill, form_of, speak, words

Browse = Callable[..., TestApp]
HOUR = 3_600_000
DAY = 24 * HOUR


def test_a_call_from_the_number_to_the_history(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی‌پور", phone="09120000147")
    clerk = browse("clerk")

    found = fill(form_of(clerk.get("/"), "/find"), q="۰۹۱۲ ۰۰۰ ۰۱ ۴۷").submit(status=303)
    assert found.location == f"/contacts/{contact}?address=%2B989120000147"
    dossier = found.follow()
    log = dossier.click("Log a call")
    form = fill(form_of(log, "composer-form"), body="پرسید چرا کسی نیامده\nگفتم فردا صبح می‌آیند", outcome="answered",
                minutes="۴")
    dossier = form.submit("submit", status=303).follow()

    dossier.mustcontain("“پرسید چرا کسی نیامده” is logged.")
    (entry,) = dossier.html.select("ol.tl .entry")
    assert words(entry.select_one(".s")) == "پرسید چرا کسی نیامده"
    assert words(entry.select_one(".entry-x")) == "گفتم فردا صبح می‌آیند"
    assert "Phone call, from the citizen, Answered, The clerk, 4 minutes" in words(entry)


def test_an_unknown_number_offers_a_new_citizen_with_it(browse: Browse, desk: Any) -> None:
    clerk = browse("clerk")

    found = clerk.get("/find", {"q": "0912 999 88 77"})
    found.mustcontain("New citizen with this number", "Nobody has this number yet.")
    assert all_of(found, ".notice b") == ["Nobody has the phone number 0912 999 88 77"]
    form = form_of(found.click(href="/contacts/new"))
    assert form["phone"].value == "+989129998877"
    form = fill(form, given="زهرا", family="رضایی", notes="از بازار آمد")
    dossier = form.submit("submit", status=303).follow()

    assert words(dossier.html.h1) == "زهرا رضایی"
    assert "0912 999 88 77" in all_of(dossier, ".idchip .v")[0]
    assert all_of(dossier, ".sure") == ["Their word, not proven"]
    dossier.mustcontain("از بازار آمد")
    assert all_of(clerk.get("/find", {"q": "09129998877", "all": "1"}), ".why") == ["Phone"]


def test_hits_say_why_and_stand_in_groups(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی‌پور", notes="سگ دارد")
    code = desk.case(contact, title="نام‌گذاری کوچه", text="به نام رضایی")

    found = browse("clerk").get("/find", {"q": "ظهرا رظایی پور"})
    assert all_of(found, ".hits h2")[0].startswith("Citizens")
    assert all_of(found, ".why")[0] == "Sounds alike: ظ ← ز، ظ ← ض"
    exact = browse("clerk").get("/find", {"q": code, "all": "1"})
    assert all_of(exact, ".hit .why") == ["Tracking code"]
    assert f"/requests/{code}" in [link["href"] for link in exact.html.select(".hit")]


def test_full_text_that_does_not_answer_is_said(browse: Browse, desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.app.text_search.reason = "no index"

    browse("clerk").get("/find", {"q": "کوچه"}).mustcontain("Words inside texts could not be searched just now.")


def test_the_dossier_says_who_how_sure_what_we_owe_and_what_happened(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی‌پور", phone="09120000147", gender="female", birth_date="1982-05-04",
                           addresses=[{"city": "شهر نمونه", "line": "کوچهٔ لاله"}], preferred_channel="sms")
    other = desk.contact("محمدرضا احمدی")

    def work(services: Any) -> None:
        zahra = services.contacts.get(contact)
        services.contacts.add_identifier(zahra, "national_id", "0499370899", Proof.PAPER)
        services.contacts.relate(zahra, services.contacts.get(other), "spouse")

    desk.run(work, "clerk")
    now = desk.run(lambda services: services.now)
    late = desk.case(contact, title="پسماند", at=now - 20 * DAY)
    desk.case(contact, title="گواهی", at=now - DAY)

    page = browse("clerk").get(f"/contacts/{contact}")

    assert all_of(page, ".sure b") == ["Identity proven, 2 of 4 proofs"]
    facts = " ".join(all_of(page, ".facts span"))
    for fact in ("Woman", "years old", "شهر نمونه، کوچهٔ لاله", "prefers: SMS", "Spouse: محمدرضا احمدی"):
        assert fact in facts
    assert [words(owe.select_one("a")) for owe in page.html.select(".owe")] == ["پسماند", "گواهی"]
    assert "Late" in all_of(page, ".owe")[0]
    assert "days past due" in all_of(page, ".owe")[0]
    assert page.html.select_one(".owe a")["href"] == f"/requests/{late}"
    assert page.html.select_one(".owe")["class"] == ["owe", "late"]
    assert len(page.html.select("ol.tl .entry")) == 2


def test_likely_doubles_and_linked_records_are_named(browse: Browse, desk: Any) -> None:
    first, second, third = desk.contact("زهرا رضایی"), desk.contact("زهرا رضائی"), desk.contact("زهره رضایی")
    desk.case(second, title="از پروندهٔ دوم")

    def work(services: Any) -> None:
        one, two, three = (services.contacts.get(id_) for id_ in (first, second, third))
        services.linking.link(one, two, "same person at the desk")
        for contact in (one, three):
            services.contacts.add_identifier(contact, "national_id", "0499370899")

    desk.run(work, "clerk")

    page = browse("clerk").get(f"/contacts/{first}")

    perhaps, also = (words(notice) for notice in page.html.select(".notice"))
    assert perhaps.startswith("Perhaps the same person: زهره رضایی , same national id")
    assert also.startswith("Also recorded as: زهرا رضائی")
    page.mustcontain("از پروندهٔ دوم")


def test_the_timeline_is_filtered_by_the_address(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    now = desk.run(lambda services: services.now)

    def work(services: Any) -> None:
        citizen = services.contacts.get(contact)
        for channel, body, days in (("phone", "تماس تازه", 1), ("sms", "پیام", 2), ("phone", "تماس کهنه", 400)):
            services.interactions.log(citizen, channel=channel, body=body, started=now - days * DAY)

    desk.run(work, "clerk")
    desk.case(contact, title="درخواست", at=now - 3 * DAY)
    clerk = browse("clerk")

    def shown(**query: str) -> list[str]:
        return all_of(clerk.get(f"/contacts/{contact}", query), "ol.tl .entry .s")

    assert shown() == ["تماس تازه", "پیام", "درخواست", "تماس کهنه"]
    assert shown(show="calls") == ["تماس تازه", "تماس کهنه"]
    assert shown(channel="sms") == ["پیام"]
    assert shown(show="requests", state="open") == ["درخواست"]
    assert shown(show="requests", state="closed") == []
    assert shown(type="core.general") == ["درخواست"]
    assert shown(unit=str(desk.units["streets"])) == []
    assert shown(words="کهنه") == ["تماس کهنه"]
    assert "تماس کهنه" not in shown(since="2026-01-01") or now < 0
    assert shown(until="1390/1/1") == []
    chips = all_of(clerk.get(f"/contacts/{contact}"), ".fchip")
    assert chips[:4] == ["All 4", "Calls 2", "Messages 1", "Requests 1"]
    empty = clerk.get(f"/contacts/{contact}", {"words": "ناپیدا"})
    empty.mustcontain("Nothing like that", "Show everything")


def test_a_date_that_is_none_is_said_and_the_rest_is_shown(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    desk.case(contact, title="درخواست")

    page = browse("clerk").get(f"/contacts/{contact}", {"since": "چرت <b>"})

    page.mustcontain("“چرت &lt;b&gt;” is not a date", "درخواست")


def test_older_entries_are_a_page_away(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    now = desk.run(lambda services: services.now)

    def work(services: Any) -> None:
        for number in range(60):
            services.interactions.log(
                services.contacts.get(contact), channel="note", body=f"شمارهٔ {number}", started=now - number * HOUR
            )

    desk.run(work, "clerk")
    page = browse("clerk").get(f"/contacts/{contact}?show=notes")

    assert len(page.html.select(".entry")) == 50
    older = page.click("Older")
    assert all_of(older, ".entry .s") == [f"شمارهٔ {number}" for number in range(50, 60)]
    assert len(older.click("Newer").html.select(".entry")) == 50


def test_an_unknown_caller_is_named_later(browse: Browse, desk: Any) -> None:
    contact = desk.contact("رضا کاظمی", phone="09121112233")
    clerk = browse("clerk")

    form = fill(form_of(clerk.get("/interactions/new")), body="لوله ترکیده", address="09121112233")
    page = form.submit("submit", status=303).follow()
    page.mustcontain("Nobody is named here yet.")
    clerk.get("/").click("Without a name").mustcontain("لوله ترکیده")

    identify = page.click("Say who it was")
    assert all_of(identify, "div.hit .hit-t") == ["رضا کاظمی"]
    form = form_of(identify, "/identify")
    dossier = form.submit("contact", value=str(contact), status=303).follow()

    dossier.mustcontain("This belongs to the history of رضا کاظمی now.", "لوله ترکیده")
    clerk.get("/").mustcontain(no="Without a name")
    assert form.submit("contact", value=str(contact), status=303).location.endswith(f"/contacts/{contact}")


def test_a_request_from_its_kind_to_its_answer(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    clerk = browse("clerk")

    kinds = clerk.get(f"/contacts/{contact}").click("New request")
    assert all_of(kinds, ".hit-t") == ["General request"]
    form = form_of(kinds.click("General request"))
    form = fill(form, text="چراغ کوچه خاموش است", category="service", place="کوچهٔ نسترن", channel="phone",
                priority="high", unit=str(desk.units["streets"]))
    page = form.submit("submit", status=303).follow()

    assert words(page.html.h1) == "چراغ کوچه خاموش است"  # the citizen's own first line
    page.mustcontain("tracking code", "چراغ کوچه خاموش است", "Priority:", "High", "City services")
    answers = dict(zip(all_of(page, "dl.kv dt"), all_of(page, "dl.kv dd"), strict=True))
    assert answers == {"About": "A service or product", "Place": "کوچهٔ نسترن"}

    form = fill(form_of(page.click("Change the status"), "status"), status="answered", note="لامپ عوض شد")
    page = form.submit("submit", status=303).follow()

    page.mustcontain("The status is “Answered” now.")
    page = page.click("Changes")
    assert "Status: Registered → Answered" in all_of(page, ".log li")[0]
    assert "لامپ عوض شد" in all_of(page, ".log li")[0]
    dossier = clerk.get(f"/contacts/{contact}")
    dossier.mustcontain("Nothing is open; we owe no answer.", "لامپ عوض شد")


def test_a_request_is_handed_over_with_a_note(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), title="آسفالت")
    clerk = browse("clerk")

    form = form_of(clerk.get(f"/requests/{code}/assign"), "assign")
    form = fill(form, unit=str(desk.units["streets"]), assignee=str(desk.who["expert"].user_id), note="لطفاً بررسی")
    page = form.submit("submit", status=303).follow()

    page.mustcontain("It is with City services now.", "Handed to City services, The expert", "لطفاً بررسی")
    browse("expert").get("/").mustcontain("آسفالت")


def test_every_small_form_has_a_page_of_its_own_too(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), title="آسفالت")
    clerk = browse("clerk")

    form = fill(form_of(clerk.get(f"/requests/{code}/status"), "status"), status="working")
    form.submit("submit", status=303)

    form = form_of(clerk.get(f"/requests/{code}/status"), "status")
    form["status"].force_value("nonsense")
    page = form.submit("submit", status=422)
    assert page.request.path == f"/requests/{code}/status"
    page.mustcontain("This is not one of the choices any more")


def test_a_status_that_changed_meanwhile_is_shown_before_it_is_overwritten(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    mine, theirs = (form_of(browse(login).get(f"/requests/{code}/status"), "status") for login in ("clerk", "second"))
    fill(theirs, status="waiting", note="سند بیاورد").submit("submit", status=303)

    page = fill(mine, status="working", note="رفتیم").submit("submit", status=422)
    page.mustcontain("This was changed meanwhile", "Now it says: Waits for the citizen", "رفتیم")
    form_of(page, "status").submit("submit", status=303).follow().mustcontain("The status is “Being worked on” now.")


def test_two_people_edit_one_contact_and_neither_is_overwritten(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی", notes="یادداشت نخست", addresses=[{"city": "تهران", "line": "کوچهٔ یک"}])
    mine, theirs = (form_of(browse(login).get(f"/contacts/{contact}/edit")) for login in ("clerk", "second"))
    theirs["notes"] = "یادداشت همکار"
    theirs["latin_family"] = "Rezaei"
    theirs["line"] = "کوچهٔ دو"
    theirs.submit("submit", status=303)

    mine["notes"], mine["line"], mine["gender"] = "یادداشت من", "کوچهٔ سه", "female"
    page = mine.submit("submit", status=422)

    page.mustcontain("Now it says: یادداشت همکار", "Now it says: کوچهٔ دو", "یادداشت من", "کوچهٔ سه")
    assert desk.run(lambda services: services.contacts.get(contact).notes) == "یادداشت همکار"
    form_of(page).submit("submit", status=303)

    def stored(services: Any) -> tuple[str, ...]:
        one = services.contacts.get(contact)
        return one.notes, one.addresses[0]["line"], one.gender, one.latin_family

    assert desk.run(stored) == ("یادداشت من", "کوچهٔ سه", "female", "Rezaei")


def test_changes_of_different_fields_do_not_disturb_each_other(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    mine, theirs = (form_of(browse(login).get(f"/contacts/{contact}/edit")) for login in ("clerk", "second"))
    fill(theirs, notes="از همکار").submit("submit", status=303)
    fill(mine, birth_date="1361/2/14").submit("submit", status=303).follow().mustcontain("Saved.")

    def stored(services: Any) -> tuple[str, ...]:
        one = services.contacts.get(contact)
        return one.notes, one.birth_date, one.name

    assert desk.run(stored) == ("از همکار", "1982-05-04", "زهرا رضایی")


def test_sending_an_unchanged_form_changes_nothing(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی", birth_date="1982-05-04", addresses=[{"city": "تهران"}], gender="female")
    before = desk.run(lambda services: services.contacts.get(contact).revision)

    page = form_of(browse("clerk").get(f"/contacts/{contact}/edit")).submit("submit", status=303).follow()

    page.mustcontain("Nothing was different")
    assert desk.run(lambda services: services.contacts.get(contact).revision) == before


def test_nobody_gives_a_degree_that_hides_the_record_from_himself(browse: Browse, desk: Any) -> None:
    contact = desk.contact()

    def offered(login: str) -> list[str]:
        form = form_of(browse(login).get(f"/contacts/{contact}/edit"))
        return [value for value, _checked, _text in form["confidentiality"].options]

    assert offered("clerk") == ["normal"]
    assert offered("supervisor") == ["normal", "confidential"]
    form = form_of(browse("clerk").get(f"/contacts/{contact}/edit"))
    form["confidentiality"].force_value("shielded")
    form.submit("submit", status=422)


def test_an_identifier_is_added_with_its_proof(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    clerk = browse("clerk")
    form = form_of(clerk.get(f"/contacts/{contact}").click("Identity", index=0).click("Add an identifier"))

    wrong = fill(form, scheme="national_id", value="۰۴۹۹۳۷۰۸۹۸", proof="paper").submit("submit", status=422)
    assert "at least one digit is wrong" in words(wrong.html.select_one("#f-value-e"))
    page = fill(form_of(wrong), value="۰۴۹۹۳۷۰۸۹۹").submit("submit", status=303).follow()

    page.mustcontain("Seen on a document")
    assert all_of(clerk.get("/find", {"q": "0499370899", "all": "1"}), ".hit-t")[0] == "زهرا رضایی"


def test_what_was_refused_stays_in_the_form(browse: Browse, desk: Any) -> None:
    form = form_of(browse("clerk").get("/contacts/new"))
    page = fill(form, name="", phone="12", email="z@example.org", notes="یادداشت").submit("submit", status=422)

    summary = page.html.select_one(".errsum")
    assert summary["role"] == "alert"
    assert [link["href"] for link in summary.select("a")] == ["#f-phone"]
    assert page.html.select_one("#f-phone")["aria-invalid"] == "true"
    form = form_of(page)
    assert (form["phone"].value, form["email"].value, form["notes"].value) == ("12", "z@example.org", "یادداشت")


def test_persian_pages_show_persian_digits_and_jalali_dates(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا رضایی", phone="09120000147")
    code = desk.case(contact, at=1_794_000_000_000)
    clerk = browse("clerk")
    speak(clerk, "fa")

    page = clerk.get(f"/requests/{code}")
    assert (page.html.html["lang"], page.html.html["dir"]) == ("fa", "rtl")
    assert "1405" not in words(page.html.main)
    assert "آبان ۱۴۰۵" in words(page.html.main)
    assert "۰۹۱۲ ۰۰۰ ۰۱ ۴۷" in words(clerk.get(f"/contacts/{contact}").html.main)


def test_colours_are_a_users_choice_that_stays(browse: Browse) -> None:
    clerk = browse("clerk")
    assert clerk.get("/").html.html["data-bs-theme"] == "auto"
    assert all_of(clerk.get("/"), "button[name=theme]") == ["Light colours", "Dark colours"]

    form_of(clerk.get("/find?q=x"), "/preferences").submit("theme", value="dark", status=303)

    assert clerk.get("/").html.html["data-bs-theme"] == "dark"
    assert browse("clerk").get("/").html.html["data-bs-theme"] == "dark"
    assert browse("second").get("/").html.html["data-bs-theme"] == "auto"
    form_of(clerk.get("/"), "/preferences").submit("theme", value="auto", status=303)
    assert clerk.get("/").html.html["data-bs-theme"] == "auto"
    assert browse("").get("/login").html.html["data-bs-theme"] == "auto"


def test_what_is_dark_is_dark_too_where_the_device_is(browse: Browse) -> None:
    page = browse("").get("/login")
    sheet = next(link["href"] for link in page.html.select("link[rel=stylesheet]") if "all.css" in link["href"])
    css = browse("").get(sheet).text
    chosen, followed = css.count('[data-bs-theme="dark"]'), css.count('[data-bs-theme="auto"]')
    assert chosen == followed > 1
    before, _media, after = css.partition("@media (prefers-color-scheme: dark) {")
    assert '[data-bs-theme="auto"]' not in before
    assert after.index('[data-bs-theme="auto"] {') < after.index("--page: #0d151d")


def test_the_language_is_the_users_else_the_cookies_else_the_browsers_else_the_setting(browse: Browse) -> None:
    def language(browser: TestApp, accept: str) -> str:
        return str(browser.get("/login", headers={"Accept-Language": accept}).html.html["lang"])

    stranger = browse("")
    assert language(stranger, "en-GB,en;q=0.8") == "en"
    assert language(stranger, "de") == "fa"
    form = form_of(stranger.get("/login", headers={"Accept-Language": "fa"}), "/preferences")
    form.submit("language", value="en", status=303)
    assert language(stranger, "fa") == "en"
    clerk = browse("clerk")
    assert clerk.get("/", headers={"Accept-Language": "fa"}).html.html["lang"] == "en"
