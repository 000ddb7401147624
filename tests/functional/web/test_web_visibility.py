"""Who may not know of something finds no trace of it on any page; who may only know that it is there finds a count."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest
from webtest import TestApp

from crm_core.backup.transactions import last_transaction
from crm_core.security.permissions import Permission, Role
from crm_core.security.policy import POLICY
from crm_views.app import make_app
from crm_views.testing import fill, form_of, sign_in

OpenDesk = Callable[..., Any]
LoadPlugin = Callable[[str], ModuleType]

SECRET = "شاهدخت پنهان"
"""The name of the shielded citizen; no page may hold it."""
PHONE = "09127770001"


def words(page: Any) -> str:
    return " ".join(page.html.get_text(" ").split())


def words_of(element: Any) -> str:
    return " ".join(element.get_text(" ").split())


class Shielded:
    """A shielded citizen with everything one can have, beside one that everybody may see."""

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.id = desk.contact(SECRET, phone=PHONE, birth_date="1982-05-04", notes=SECRET)
        self.friend = desk.contact("زهرا رضایی", phone="09120000147", birth_date="1982-05-04")
        self.code = desk.case(self.id, title=f"درخواست {SECRET}", text=SECRET, unit=desk.units["reception"],
                              assignee=desk.who["clerk"].user_id)

        def work(services: Any) -> int:
            secret, friend = services.contacts.get(self.id), services.contacts.get(self.friend)
            services.contacts.relate(friend, secret, "spouse")
            services.linking.link(friend, secret, "same person")
            for one in (secret, friend):
                services.contacts.add_identifier(one, "national_id", "0499370899")
            request = services.requests.by_code(self.code)
            body = f"گفت‌وگو با {SECRET}"
            return int(services.interactions.log(secret, channel="phone", body=body, requests=[request]).id)

        self.interaction = desk.run(work)
        desk.shield(self.id)

    def addresses(self) -> list[str]:
        return [
            f"/contacts/{self.id}", f"/contacts/{self.id}/edit", f"/contacts/{self.id}/identifiers/new",
            f"/contacts/{self.id}/interactions/new", f"/contacts/{self.id}/requests/new",
            f"/contacts/{self.id}/requests/new/core.general", f"/requests/{self.code}", f"/requests/{self.code}/status",
            f"/requests/{self.code}/assign", f"/requests/{self.code}/edit", f"/requests/{self.code}/attach",
            f"/requests/{self.code}/message", f"/requests/{self.code}/note", f"/requests/{self.code}/news",
            f"/requests/{self.code}/receipt", f"/requests/{self.code}/files/1", f"/interactions/{self.interaction}",
            f"/interactions/{self.interaction}/identify", f"/interactions/{self.interaction}/files/1",
        ]


@pytest.mark.parametrize("login", ["clerk", "expert", "supervisor"])
def test_a_shielded_citizen_is_on_no_page(desk: Any, web: Any, login: str) -> None:
    shielded = Shielded(desk)
    browser = sign_in(web, login)
    readable = ["/", "/find?q=x", f"/contacts/{shielded.friend}", f"/contacts/{shielded.friend}?show=calls",
                f"/contacts/{shielded.friend}?words=گفت‌وگو", f"/contacts/{shielded.friend}/edit"]
    searches = [SECRET, "شاهدخت", PHONE, "0912777", "+98912", "0499370899", shielded.code, "گفت‌وگو", "درخواست"]
    unknown = browser.get("/contacts/77", status=404)

    for address in readable:
        assert SECRET not in browser.get(quote(address, safe="/?=&"), status=200).text, address
    for query in searches:
        page = browser.get("/find", {"q": query, "all": "1"}, status=200)
        page_without_query = page.text.replace(query, "")
        assert SECRET not in page_without_query, query
        assert str(shielded.id) not in page.text
        assert shielded.code not in page_without_query
    for address in shielded.addresses():
        page = browser.get(address, status=404)
        assert page.html.main == unknown.html.main, address
    friend = browser.get(f"/contacts/{shielded.friend}")
    assert not friend.html.select(".notice, .redact, .entry, .owe")
    assert "All 0" in words(friend)


def test_an_unknown_number_and_a_shielded_one_look_alike(desk: Any, web: Any) -> None:
    Shielded(desk)
    browser = sign_in(web, "clerk")

    hidden, unknown = (browser.get("/find", {"q": phone}) for phone in (PHONE, "09127770002"))

    assert hidden.text.replace("7770001", "…").replace("777 00 01", "…") == unknown.text.replace(
        "7770002", "…").replace("777 00 02", "…")


def test_posting_to_what_is_hidden_is_not_found_either(desk: Any, web: Any) -> None:
    shielded = Shielded(desk)
    browser = sign_in(web, "clerk")
    token = form_of(browser.get("/"), "/preferences")["csrf_token"].value
    before = last_transaction(desk.app.db.db.storage)

    only_read = ("requests/new", "/news", "/receipt")
    for address in shielded.addresses():
        if "/files/" not in address and address.count("/") > 2 and not address.endswith(only_read):
            browser.post(address, {"csrf_token": token, "contact": str(shielded.id)}, status=404)
    unknown = desk.run(lambda services: services.interactions.log(None, channel="phone", body="کسی").id, "clerk")
    browser.post(f"/interactions/{unknown}/identify", {"csrf_token": token, "contact": str(shielded.id)}, status=404)

    assert desk.run(lambda services: services.interactions.get(unknown).contact) is None
    assert before


def test_whoever_has_the_permission_sees_the_shielded_one(
    desk: Any, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shielded = Shielded(desk)
    policy = dict(POLICY) | {Role.SUPERVISOR: POLICY[Role.SUPERVISOR] | {Permission.CONTACT_VIEW_SHIELDED}}
    monkeypatch.setattr("crm_core.security.policy.POLICY", policy)
    browser = sign_in(web, "supervisor")

    assert SECRET in browser.get(f"/contacts/{shielded.id}", status=200).text
    assert SECRET in browser.get("/find", {"q": PHONE, "all": "1"}).text


@pytest.fixture
def complaint(open_desk: OpenDesk, load_plugin: LoadPlugin) -> Any:
    """A desk where a citizen complains about the expert: (desk, browser of, contact, code)."""
    desk = open_desk({"good": load_plugin("good")})
    contact = desk.contact("زهرا رضایی", phone="09120000147")
    answers = {"wish": "شکایت از کارشناس", "about": str(desk.who["expert"].user_id)}
    code = desk.case(contact, type_id="good.wish", answers=answers, unit=desk.units["streets"], text="رشوه خواست")
    web = make_app(desk.app)

    def log(services: Any) -> int:
        citizen, case = services.contacts.get(contact), services.requests.by_code(code)
        return int(services.interactions.log(citizen, channel="phone", body="دربارهٔ رشوه", requests=[case],
                                             unit=desk.units["streets"]).id)

    return desk, lambda login: sign_in(web, login), contact, code, desk.run(log, "clerk")


def test_a_complaint_about_an_official_does_not_exist_for_him(complaint: Any) -> None:
    _desk, browse, contact, code, interaction = complaint
    expert: TestApp = browse("expert")
    unknown = expert.get("/requests/1234567897", status=404)

    for address in ("/", f"/contacts/{contact}", f"/contacts/{contact}?show=requests",
                    f"/contacts/{contact}?words=رشوه", f"/contacts/{contact}?type=good.wish",
                    f"/contacts/{contact}/interactions/new", "/find?q=رشوه", "/find?q=09120000147&all=1",
                    "/find?q=زهرا"):
        page = expert.get(quote(address, safe="/?=&"), status=200)
        for trace in (code, "شکایت از کارشناس", "رشوه خواست", "Wishes so far"):
            assert trace not in page.text, (address, trace)
    assert not expert.get("/find", {"q": code}).html.select(".hits .hit[href^='/requests']")
    for address in (f"/requests/{code}", f"/requests/{code}/status", f"/requests/{code}/assign",
                    f"/requests/{code}/message", f"/requests/{code}/news", f"/requests/{code}/receipt",
                    f"/requests/{code}/files/1", f"/interactions/{interaction}"):
        assert expert.get(address, status=404).html.main == unknown.html.main, address
    dossier = expert.get(f"/contacts/{contact}")
    assert not dossier.html.select(".entry, .redact, .owe")
    assert "All 0" in words(dossier)
    assert "Open requests 0" in words(dossier)


def test_others_read_the_complaint_and_cannot_hand_it_to_him(complaint: Any) -> None:
    desk, browse, contact, code, _interaction = complaint
    clerk = browse("clerk")

    clerk.get(f"/contacts/{contact}").mustcontain("رشوه خواست")
    clerk.get(f"/requests/{code}").mustcontain("شکایت از کارشناس", "رشوه خواست")
    form = form_of(clerk.get(f"/requests/{code}/assign"), "assign")
    assert str(desk.who["expert"].user_id) not in [value for value, _on, _text in form["assignee"].options]
    form["assignee"].force_value(str(desk.who["expert"].user_id))
    form.submit("submit", status=422)


def test_what_a_confidential_unit_did_is_counted_and_nothing_more(desk: Any, web: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    now = desk.run(lambda services: services.now)

    def log(services: Any) -> list[int]:
        citizen = services.contacts.get(contact)
        logged = [services.interactions.log(citizen, channel="letter", body=f"نامهٔ محرمانه {number}",
                                            started=now - number * 86_400_000) for number in (3, 4)]
        return [interaction.id for interaction in logged]

    letters = desk.run(log, "lawyer")
    code = desk.case(contact, "lawyer", title="پروندهٔ حقوقی", text="محرمانه")
    clerk = sign_in(web, "clerk")

    page = clerk.get(f"/contacts/{contact}")

    strips = [words_of(strip) for strip in page.html.select(".redact")]
    assert all("of Legal unit you may not read" in strip for strip in strips)
    assert sum(int(strip.split()[0]) for strip in strips) == 3
    page.mustcontain("1 of them you may not read", no=["محرمانه", "پروندهٔ حقوقی", "Letter,", code])
    for query in ("show=messages", "channel=letter", "show=requests", "state=open", "type=core.general", "words=a"):
        # A strip here would tell what the entries are.
        assert not clerk.get(f"/contacts/{contact}?{query}").html.select(".redact"), query
    assert len(clerk.get(f"/contacts/{contact}?unit={desk.units['law']}").html.select(".redact")) >= 1
    assert [words_of(chip) for chip in page.html.select(".fchip")][:2] == ["All 3", "Unit, period…"]
    counted = clerk.get(f"/requests/{code}", status=403)
    counted.mustcontain("A request you may not read", "Legal unit", no=["پروندهٔ حقوقی", "محرمانه", "زهرا"])
    for address in (f"/requests/{code}/status", f"/requests/{code}/assign", f"/interactions/{letters[0]}"):
        clerk.get(address, status=404)
    sign_in(web, "supervisor").get(f"/requests/{code}").mustcontain("پروندهٔ حقوقی")
    sign_in(web, "lawyer").get(f"/contacts/{contact}").mustcontain("نامهٔ محرمانه 3")


@pytest.mark.parametrize("login", ["clerk", "admin"])
def test_a_record_that_may_only_be_counted_shows_counts(desk: Any, web: Any, login: str) -> None:
    contact = desk.contact("زهرا رضایی", phone="09120000147", notes="یادداشت پنهان")
    desk.case(contact, title="درخواست پنهان")
    if login == "clerk":
        def hide(services: Any) -> None:
            services.contacts.edit(services.contacts.get(contact), {"confidentiality": "confidential"})

        desk.run(hide)
    browser = sign_in(web, login)

    page = browser.get(f"/contacts/{contact}", status=200)

    page.mustcontain("You may know that this record is there", "Entries: 1, open requests: 1, closed requests: 0.",
                     no=["یادداشت پنهان", "درخواست پنهان", "0912"])
    assert browser.get(f"/contacts/{contact}/edit", status="*").status_int in (403, 404)
    found = browser.get("/find", {"q": "زهرا"})
    found.mustcontain("Confidential", no="0912")


def test_experts_of_other_units_count_what_they_may_not_read(desk: Any, web: Any) -> None:
    contact = desk.contact("زهرا رضایی")
    code = desk.case(contact, title="کار پذیرش", text="حرف شهروند")
    expert = sign_in(web, "expert")

    page = expert.get(f"/contacts/{contact}")
    assert "1 entry of Reception you may not read" in words(page)
    page.mustcontain(no=["کار پذیرش", "حرف شهروند", code])
    expert.get(f"/requests/{code}", status=403)
    page = sign_in(web, "clerk").get(f"/requests/{code}/assign")
    form = fill(form_of(page, "assign"), unit=str(desk.units["streets"]))
    form.submit("submit", status=303)
    expert.get(f"/requests/{code}", status=200).mustcontain("حرف شهروند")
