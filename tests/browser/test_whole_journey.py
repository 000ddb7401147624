"""The whole way of a complaint through the desk, by keyboard, in Persian and in English: from the call to the answer.

What goes wrong on the way goes wrong here too: input that is refused, two clerks on one record, a login that ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import crm_complaints
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit
from crm_views.app import make_app as make_web
from crm_views.testing import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.plugins, pytest.mark.timeout(300)]

TYPE = "complaints.complaint"
REFUSED = ["status of 422"]
LANGUAGES = ("fa", "en")
STAFF = (("clerk", Role.CLERK, "desk", "مریم صادقی"), ("colleague", Role.CLERK, "desk", "سارا بهرامی"),
         ("expert", Role.EXPERT, "streets", "کریم نوروزی"))
WORDS = {
    "fa": {
        "desk": "پذیرش", "streets": "خدمات شهری", "works": "عمران", "complaint": "شکایت", "panel": "شکایت‌ها",
        "open": "باز: ۱", "answered": "پاسخ داده شد",
        "no day": "۳۱ آبان در تقویم نیست", "say who": "بنویسید از چه کسی است یا کجا رخ داده",
        "ended": "ورود شما پایان یافته است", "kept": "نگه داشته شده", "internal": "شهروند نمی‌بیند",
    },
    "en": {
        "desk": "Reception", "streets": "City services", "works": "Civil works", "complaint": "Complaint",
        "panel": "Complaints", "open": "Open: 1", "answered": "Answered",
        "no day": "31 Aban is not in the calendar", "say who": "Say who it is about",
        "ended": "Your login has ended", "kept": "What you typed is kept", "internal": "the citizen does not see it",
    },
}
CALL = "از سروصدای کارگاه شبانه گله داشت\nگفتم شکایت را ثبت می‌کنم"
SAID = "<b>کارگاه</b> سر کوچه تا دو بامداد کار می‌کند"
RUDE = "سرکارگر تندی کرد"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A desk that takes complaints, with three units; each language has staff of its own: ``clerk-fa``, ``expert-en``.

    ``url``, ``app``, ``units`` (word → id), ``users`` (login → identity).
    """
    folder = tmp_path_factory.mktemp("whole") / "data"
    with closing(make_app(folder, {"complaints": crm_complaints}, organisation="شهرداری شهر نمونه")) as app:
        units = {word: app.run(lambda services, word=word: services.units.add(
            WORDS["fa"][word], name_en=WORDS["en"][word]).id) for word in ("desk", "streets", "works")}
        users = {f"{login}-{language}": make_clerk(app, f"{login}-{language}", roles=[role], units=[units[unit]],
                                                   name=name)
                 for login, role, unit, name in STAFF for language in LANGUAGES}

        def speak(services: Services) -> None:
            for login in users:
                services.users.set_preferences(services.users.by_login(login), language=login[-2:])

        app.run(speak)
        with serving(make_web(app)) as url:
            yield SimpleNamespace(url=url, app=app, units=units, users=users)


@pytest.fixture(params=LANGUAGES)
def site(desk: Any, request: pytest.FixtureRequest) -> Any:
    """The desk in one language with a citizen of this test's own.

    Also ``language``, ``words``, ``name`` and ``phone`` (E.164) of the citizen, ``here``, the address of the dossier.
    """

    def work(services: Services) -> tuple[int, str, str]:
        contact = make_contact(services)
        return contact.id, contact.name, contact.identifiers[0].value

    contact, name, phone = desk.app.run(work)
    return SimpleNamespace(**vars(desk), language=request.param, words=WORDS[request.param], contact=contact, name=name,
                           phone=phone, here=f"{desk.url}/contacts/{contact}")


@pytest.fixture
def enter(new_page: Callable[..., Page], sign_in: Callable[..., None], site: Any) -> Callable[..., Page]:
    """``enter(login, path, **context)``: a new browser in which somebody who reads the language has signed in."""

    def enter(login: str, path: str = "/", **more: Any) -> Page:
        page = new_page(site.url, **more)
        sign_in(page, site.url + path, f"{login}-{site.language}")
        page.wait_for_selector(f"html[lang={site.language}][dir={'rtl' if site.language == 'fa' else 'ltr'}]")
        page.wait_for_selector("[data-omnibox]")
        return page

    return enter


def complaint(site: Any) -> str:
    """A complaint of the citizen at the desk; its tracking code."""

    def work(services: Services) -> str:
        answers = {"category": "nuisance", "place": "کوچهٔ لاله"}
        return submit(services, services.contacts.get(site.contact), TYPE, answers, unit=site.units["desk"]).code

    return str(site.app.run(work, site.users[f"clerk-{site.language}"]))


def send(page: Page) -> None:
    page.keyboard.press("Control+Enter")


def focused(page: Page) -> str:
    """The name of the field that has the focus."""
    return str(page.evaluate("document.activeElement.name || ''"))


def follow(page: Page, selector: str) -> None:
    """Go to a link as Tab does, and press it."""
    page.focus(selector)
    page.keyboard.press("Enter")


# ── the steps ────────────────────────────────────────────────────────────────────────────────────────────────────


def find_by_phone(page: Page, site: Any) -> None:
    """As the citizen says the number, in the digits of the reader's keyboard."""
    said = f"0{site.phone[3:6]} {site.phone[6:9]} {site.phone[9:]}"
    if site.language == "fa":
        said = said.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    page.keyboard.press("/")
    page.keyboard.type(said)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.here}?address=*")
    assert page.inner_text("h1") == site.name


def log_the_call(page: Page, site: Any) -> None:
    page.keyboard.press("c")
    page.wait_for_selector("form.composer [name=body]:focus")
    assert page.input_value("[name=address]") == site.phone
    page.keyboard.type(CALL)
    send(page)
    page.wait_for_selector(".entry.fresh")
    assert page.locator(".entry .s").all_text_contents() == [CALL.partition("\n")[0]]


def complain(page: Page, site: Any) -> str:
    """A new complaint, refused twice on its way and complete in the end; its tracking code."""
    page.keyboard.press("n")
    page.wait_for_selector("[data-digit]:focus")
    page.keyboard.press(str(page.locator(f".hit[data-digit]:has-text('{site.words['complaint']}')")
                            .get_attribute("data-digit")))
    page.wait_for_url(f"**/requests/new/{TYPE}")
    page.wait_for_selector("[name=text]:focus")
    page.select_option("[name=category]", "conduct")
    page.fill("[name=text]", SAID)
    page.fill("[name=happened]", "31 aban 1405")
    send(page)
    refused(page, site.words["no day"], "happened")
    assert page.input_value("[name=happened]") == "31 aban 1405"
    page.fill("[name=happened]", "")
    send(page)
    refused(page, site.words["say who"], "whom")
    assert page.input_value("[name=text]") == SAID
    assert page.input_value("[name=category]") == "conduct"
    page.keyboard.type(RUDE)
    send(page)
    page.wait_for_url(re.compile(r"/requests/\d{10}$"))
    assert page.inner_text("h1") == SAID
    return page.url.rpartition("/")[2]


def refused(page: Page, words: str, field: str) -> None:
    """A summary says ``words`` and has the focus; Tab and Enter lead from it into the field."""
    page.wait_for_selector(f".errsum:focus:has-text('{words}')")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert focused(page) == field
    described = page.evaluate("document.activeElement.getAttribute('aria-describedby')").split()
    assert any(words in page.locator(f"[id='{one}']").inner_text() for one in described)
    assert page.get_attribute(f"[name={field}]", "aria-invalid") == "true"


def see_it_in_the_timeline(page: Page, site: Any) -> None:
    follow(page, ".crumbs a")
    page.wait_for_url(site.here)
    assert page.locator(".entry .s").all_text_contents() == [SAID, CALL.partition("\n")[0]]
    assert page.inner_text(".owe a") == SAID
    panel = page.inner_text(f".a-plug .sheet:has-text('{site.words['panel']}')")
    assert site.words["open"] in panel
    assert page.locator(".entry b").count() == 0


def refer(page: Page, site: Any, code: str) -> None:
    follow(page, ".owe a")
    page.wait_for_url(f"**/requests/{code}")
    page.keyboard.press("r")
    page.wait_for_selector("#assign [name=unit]:focus")
    page.select_option("#assign [name=unit]", str(site.units["streets"]))
    page.fill("#assign [name=note]", "لطفاً همین امشب سر بزنید")
    send(page)
    page.wait_for_selector(f".flashes:has-text('{site.words['streets']}')")
    assert site.words["streets"] in page.inner_text(".trail .here")
    assert page.locator(".msg.out").count() == 0, "a note to colleagues is not said to the citizen"


def find_it_in_the_list_of_the_unit(page: Page, code: str) -> None:
    page.focus(".views [data-count=unit] >> xpath=..")
    page.keyboard.press("Enter")
    page.wait_for_url("**view=unit**")
    for _row in range(page.locator(".wl [data-row]").count()):
        page.keyboard.press("j")
        if page.get_attribute(".wl tr[aria-current]", "data-row") == code:
            break
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/requests/{code}")


def answer_and_close(page: Page, site: Any) -> None:
    page.keyboard.press("t")
    page.wait_for_selector(".trail .here :text('کریم نوروزی')")
    page.keyboard.press("m")
    page.wait_for_selector("#message textarea:focus")
    page.keyboard.type("کارگاه از امشب ساعت ده می‌بندد")
    send(page)
    page.wait_for_selector(".msg.out:has-text('کارگاه از امشب')")
    page.keyboard.press("s")
    page.wait_for_selector("#status [name=status]:focus")
    page.select_option("#status [name=status]", "answered")
    assert page.is_checked("#status [name=given]"), "what was just said is offered as the answer"
    send(page)
    page.wait_for_selector(f".flashes:has-text('{site.words['answered']}')")
    assert site.words["answered"] in page.inner_text(".stage[aria-current=step]")
    assert page.locator(".msg.out .tag.good").count() == 1


# ── the way ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_from_the_call_to_the_answer(enter: Callable[..., Page], site: Any) -> None:
    clerk = enter("clerk", expected=REFUSED)
    find_by_phone(clerk, site)
    log_the_call(clerk, site)
    code = complain(clerk, site)
    see_it_in_the_timeline(clerk, site)
    refer(clerk, site, code)

    expert = enter("expert")
    find_it_in_the_list_of_the_unit(expert, code)
    answer_and_close(expert, site)
    expert.goto(site.url)
    follow(expert, ".views [data-count=unit] >> xpath=..")
    expert.wait_for_url("**view=unit**")
    assert expert.locator(f"[data-row='{code}']").count() == 0

    clerk.goto(site.here)
    assert site.words["answered"] in clerk.text_content(".entry >> nth=0")
    assert clerk.locator(".owe a").count() == 0


def test_two_clerks_on_one_complaint(enter: Callable[..., Page], site: Any) -> None:
    """Who comes second is told what is there now, with what he wrote before him; sending it again is a decision."""
    code = complaint(site)
    mine = enter("clerk", f"/requests/{code}", expected=REFUSED)
    theirs = enter("colleague", f"/requests/{code}", expected=REFUSED)
    for page in (mine, theirs):
        page.keyboard.press("r")
        page.wait_for_selector("#assign [name=unit]:focus")
    theirs.select_option("#assign [name=unit]", str(site.units["works"]))
    theirs.fill("#assign [name=note]", "کار عمران است")
    send(theirs)
    theirs.wait_for_selector(f".flashes:has-text('{site.words['works']}')")

    mine.select_option("#assign [name=unit]", str(site.units["streets"]))
    mine.fill("#assign [name=note]", "با خدمات شهری هماهنگ شد")
    send(mine)
    mine.wait_for_selector(".errsum:focus")
    assert site.words["works"] in mine.inner_text("#assign .field-error")
    assert mine.input_value("#assign [name=unit]") == str(site.units["streets"])
    assert mine.input_value("#assign [name=note]") == "با خدمات شهری هماهنگ شد"
    assert site.words["works"] in mine.inner_text(".trail .here")
    send(mine)
    mine.wait_for_selector(f".flashes:has-text('{site.words['streets']}')")
    assert mine.locator(".trail li").count() == 3
    mine.goto(f"{site.url}/requests/{code}?tab=history")
    said = mine.inner_text(".log")
    assert "کار عمران است" in said
    assert "با خدمات شهری هماهنگ شد" in said


def test_what_was_typed_survives_an_ended_login(
    enter: Callable[..., Page], sign_in: Callable[..., None], site: Any
) -> None:
    """In a form of a page of its own, and in one that a key opened on the page of the request."""
    login = f"clerk-{site.language}"

    def end_the_login() -> None:
        site.app.run(lambda services: services.users.end_all_sessions(services.users.by_login(login)))

    def sign_in_again(page: Page) -> None:
        page.wait_for_url("**/login?*")
        assert site.words["ended"] in page.inner_text(".notice")
        assert site.words["kept"] in page.inner_text(".notice")
        sign_in(page, login=login)

    page = enter("clerk", f"/contacts/{site.contact}/requests/new/{TYPE}")
    page.wait_for_selector("[name=text]:focus")
    page.select_option("[name=category]", "nuisance")
    page.fill("[name=text]", SAID)
    page.fill("[name=place]", "کوچهٔ لاله")
    end_the_login()
    send(page)
    sign_in_again(page)
    assert page.input_value("[name=text]") == SAID
    assert page.input_value("[name=category]") == "nuisance"
    assert page.input_value("[name=place]") == "کوچهٔ لاله"
    page.focus("[name=text]")
    send(page)
    page.wait_for_url(re.compile(r"/requests/\d{10}$"))
    assert page.inner_text("h1") == SAID

    page.keyboard.press("o")
    page.wait_for_selector("#note textarea:focus")
    page.keyboard.type("خودش شماره‌ای نداد")
    end_the_login()
    send(page)
    sign_in_again(page)
    assert page.input_value("#note textarea") == "خودش شماره‌ای نداد"
    page.focus("#note textarea")
    send(page)
    page.wait_for_selector(".msg.internal:has-text('خودش شماره‌ای نداد')")
    assert site.words["internal"] in page.inner_text(".msg.internal")
    with site.app.reading() as services:
        assert len(services.contacts.get(site.contact).requests) == 1
