"""Promises on the pages: made in the composer, kept by one click, moved, withdrawn; who sees them and who does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from webtest import TestApp

from crm_core.model.ids import now_ms
from crm_core.services import Services
from crm_views.testing import all_of, fill, form_of, speak

Browse = Callable[..., TestApp]
HOUR = 3_600_000


def promise(desk: Any, contact: int, hours: float = 2, as_: str = "clerk", **more: Any) -> int:
    """A promise made beside the pages; its id."""
    code = more.pop("code", "")

    def work(services: Services) -> int:
        about = services.requests.by_code(code) if code else None
        return services.promises.make(services.contacts.get(contact), more.pop("what", "call"),
                                      services.now + int(hours * HOUR), request=about, **more).id

    return int(desk.run(work, as_))


def made(desk: Any, contact: int) -> list[Any]:
    with desk.app.reading() as services:
        found = services.promises.of_contact([services.contacts.get(contact)])
        return [(one.what, one.words, one.state, one.user, one.unit) for one in found]


def form(browser: TestApp, contact: int, **more: Any) -> Any:
    page = browser.get(f"/contacts/{contact}/promises/new")
    values = {"what": "call", "words": "زمان بازدید", "day": "tomorrow", "hour": "12:00"} | more
    return fill(form_of(page, "/promises/new"), **values)


def test_a_promise_is_made_in_the_composer(desk: Any, browse: Browse) -> None:
    clerk, contact = browse("clerk"), desk.contact("نرگس سلامت")
    page = clerk.get(f"/contacts/{contact}")
    assert page.html.select_one('nav.actions a[data-key="P"]')["href"] == f"/contacts/{contact}/promises/new"
    page.mustcontain("Promise something", "0 open")
    sent = form(clerk, contact)
    page = sent.submit(status=303).follow()
    assert page.request.path == f"/contacts/{contact}"
    page.mustcontain("Promised by tomorrow, 12:00: Call: زمان بازدید", "Call: زمان بازدید", "by tomorrow, 12:00", "you",
                     "1 open", "Promised: Call: زمان بازدید", "kept by you")
    assert made(desk, contact) == [("call", "زمان بازدید", "open", desk.who["clerk"].user_id, None)]
    sent.submit(status=303)  # the same form a second time
    assert len(made(desk, contact)) == 1
    speak(clerk, "fa")
    clerk.get(f"/contacts/{contact}").mustcontain("وعده", no=("Promise", " left"))


def test_what_is_wrong_is_said_at_its_field(desk: Any, browse: Browse) -> None:
    clerk, contact = browse("clerk"), desk.contact()
    answer = form(clerk, contact, day="yesterday").submit(status=422)
    assert "This time has passed" in answer.html.select_one(".field:has([name=day]) .field-error").get_text()
    answer = form(clerk, contact, what="other", words="").submit(status=422)
    assert "Say in a line" in answer.html.select_one(".field:has([name=words]) .field-error").get_text()
    with time_machine.travel("2026-11-23T10:00:00+00:00", tick=False):
        answer = form(clerk, contact, day="today", hour="08:00").submit(status=422)
    assert "This time has passed" in answer.html.select_one(".field:has([name=hour]) .field-error").get_text()
    assert answer.html.select_one("[name=words]")["value"] == "زمان بازدید"
    assert made(desk, contact) == []


def test_a_unit_or_a_colleague_keeps_it_about_a_request(desk: Any, browse: Browse) -> None:
    clerk, contact = browse("clerk"), desk.contact()
    code = desk.case(contact, title="چالهٔ خیابان", unit=desk.units["reception"])
    page = clerk.get(f"/requests/{code}")
    page = page.click("Promise something")
    sent = fill(form_of(page, "/promises/new"), what="answer", day="tomorrow", hour="10",
                owner=f"n{desk.units['reception']}")
    assert sent["about"].value == code
    page = sent.submit(status=303).follow()
    page.mustcontain("Reception", "Answer")
    clerk.get(f"/requests/{code}").mustcontain("1 open", "by tomorrow, 10:00")
    browse("second").get("/work/promises").mustcontain("Reception", "Answer", f"/contacts/{contact}")
    names = [option["value"] for option in
             clerk.get(f"/contacts/{contact}/promises/new").html.select("[name=owner] option")]
    assert f"u{desk.who['second'].user_id}" in names and f"u{desk.who['admin'].user_id}" not in names


def test_one_click_keeps_it(desk: Any, browse: Browse) -> None:
    clerk, second, contact = browse("clerk"), browse("second"), desk.contact()
    id_ = promise(desk, contact, words="نتیجه")
    page = clerk.get(f"/contacts/{contact}")
    stale = second.get(f"/contacts/{contact}")
    click = form_of(page, f"/promises/{id_}/kept")
    answer = click.submit(status=303).follow()
    assert answer.request.path == f"/contacts/{contact}"
    answer.mustcontain("Kept: Call: نتیجه", "0 open", "Ended:")
    click.submit(status=303).follow().mustcontain(no="has ended already")
    form_of(stale, f"/promises/{id_}/kept").submit(status=303).follow().mustcontain("This promise has ended already.")
    assert [row[2] for row in made(desk, contact)] == ["kept"]
    clerk.get(f"/contacts/{contact}?show=promises").mustcontain("Kept: Call: نتیجه", "Promised: Call: نتیجه")
    clerk.get(f"/promises/{id_}").mustcontain("Kept", "Ended by", no="Withdraw it")


def test_broken_and_kept_late_is_said(desk: Any, browse: Browse) -> None:
    contact = desk.contact()
    with time_machine.travel(now_ms() / 1000 - 4 * 3600, tick=False):
        id_ = promise(desk, contact, 1)
    clerk = browse("clerk")
    page = clerk.get(f"/contacts/{contact}")
    page.mustcontain("1 broken", "broken, <bdi>3 hours</bdi> past")
    assert page.html.select_one(".vow.late")
    clerk.get("/").mustcontain("Promises")
    assert all_of(clerk.get("/work/promises"), ".views [aria-current] .n.hot") == ["1"]
    page = fill(form_of(clerk.get(f"/promises/{id_}"), "keep"), note="گفتم").submit(status=303).follow()
    page.mustcontain("Kept late: Call", "Not kept in time: Call", "گفتم")
    clerk.get("/work/promises").mustcontain("Kept late: 1")


def test_moved_and_withdrawn(desk: Any, browse: Browse) -> None:
    clerk, contact = browse("clerk"), desk.contact()
    first = promise(desk, contact, words="یک")
    page = clerk.get(f"/promises/{first}")
    fill(form_of(page, "move"), day="yesterday", hour="9").submit(status=422).mustcontain("This time has passed")
    page = fill(form_of(page, "move"), day="tomorrow", hour="9", note="وقت نشد").submit(status=303).follow()
    page.mustcontain("Promised by tomorrow, 09:00: Call: یک", "In place of the one by", "وقت نشد")
    clerk.get(f"/promises/{first}").mustcontain("Withdrawn", "Replaced by")
    assert [row[2] for row in made(desk, contact)] == ["open", "withdrawn"]
    second = promise(desk, contact, words="دو")
    page = clerk.get(f"/promises/{second}")
    form_of(page, "withdraw").submit(status=422)
    fill(form_of(page, "withdraw"), note="خودش آمد").submit(status=303).follow().mustcontain("Withdrawn: Call: دو")
    fill(form_of(page, "withdraw"), note="باز هم").submit(status=303).follow().mustcontain("has ended already")


def test_a_page_that_is_old_is_told(desk: Any, browse: Browse) -> None:
    clerk, contact = browse("clerk"), desk.contact()
    id_ = promise(desk, contact)
    page = clerk.get(f"/promises/{id_}")

    def meanwhile(services: Services) -> None:
        found = services.promises.get(id_)
        services.context.change(found, {"words": "چیز دیگر"})

    desk.run(meanwhile)
    answer = fill(form_of(page, "keep"), note="x").submit(status=422)
    answer.mustcontain("This was changed meanwhile")
    form_of(answer, "keep").submit(status=303)
    assert made(desk, contact)[0][2] == "kept"


def test_who_may_see_and_do_what(desk: Any, browse: Browse) -> None:
    contact, other = desk.contact("پنهان"), desk.contact()
    shown = promise(desk, contact, words="راز")
    executive, admin, expert = browse("executive"), browse("admin"), browse("expert")
    executive.get(f"/contacts/{contact}").mustcontain("راز", no=(f"/promises/{shown}/kept", "Promise something"))
    executive.get(f"/promises/{shown}").mustcontain("راز", no="Withdraw it")
    token = form_of(executive.get("/profile"), "/preferences")["csrf_token"].value
    executive.post(f"/promises/{shown}/kept", {"csrf_token": token}, status=403)
    executive.get(f"/contacts/{contact}/promises/new", status=403)
    admin.get(f"/promises/{shown}", status=403)
    expert.get(f"/promises/{shown}", status=404)  # another unit's
    assert "راز" not in expert.get(f"/contacts/{contact}")
    expert.get(f"/promises/{shown}0", status=404)
    expert.get("/promises/x", status=404)
    desk.shield(contact)
    clerk = browse("clerk")
    clerk.get(f"/promises/{shown}", status=404)
    clerk.get(f"/contacts/{contact}/promises/new", status=404)
    for page in (clerk.get("/"), clerk.get("/work/promises"), clerk.get(f"/contacts/{other}"), clerk.get("/notices")):
        assert "راز" not in page and "پنهان" not in page
    assert all_of(clerk.get("/work/promises"), ".views [aria-current] .n") == ["0"]


def test_the_day_shows_what_is_promised_today(desk: Any, browse: Browse) -> None:
    with time_machine.travel("2026-11-23T06:00:00+00:00", tick=False):  # half past nine at the desk
        contact = desk.contact("نرگس سلامت")
        promise(desk, contact, 2)
        promise(desk, contact, 2.5, as_="second", unit=desk.units["reception"])
        promise(desk, contact, 3, as_="second")
        promise(desk, contact, 30)
        done = promise(desk, contact, 4)
        desk.run(lambda services: services.promises.keep(services.promises.get(done)), "clerk")
        clerk = browse("clerk")
        line = all_of(clerk.get("/"), ".dayline .ev.p")
        assert line == ["11:30 Call, نرگس سلامت", "12:00 Call, نرگس سلامت"]
        assert all_of(clerk.get("/"), ".dayline .ev.k") == ["13:30 Kept: Call, نرگس سلامت"]
        assert all_of(clerk.get("/work/promises"), ".views [aria-current] .n.warm") == ["3"]


def test_an_erased_and_a_merged_citizen(desk: Any, browse: Browse) -> None:
    clerk, first, other = browse("clerk"), desk.contact("زهرا"), desk.contact("زهره")
    promise(desk, first, words="راز")
    desk.run(lambda services: services.linking.link(services.contacts.get(first), services.contacts.get(other), "same"))
    clerk.get(f"/contacts/{other}").mustcontain("Call: راز")
    admin = browse("admin")
    admin.get(f"/contacts/{first}/erase").mustcontain("Promises")
    desk.run(lambda services: services.erasure.erase(services.contacts.get(first), "asked"))
    clerk.get("/work/promises").mustcontain(no="راز")


def test_a_click_goes_back_to_our_own_pages_only(desk: Any, browse: Browse) -> None:
    clerk, contact = browse("clerk"), desk.contact()
    ids = [promise(desk, contact) for _number in range(2)]
    click = form_of(clerk.get("/work/promises"), f"/promises/{ids[0]}/kept")
    assert click["back"].value == "/work/promises"
    click["back"] = "https://elsewhere.example/"
    assert click.submit(status=303).location.endswith(f"/contacts/{contact}")


@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_audit_tells_of_it(desk: Any, browse: Browse, language: str) -> None:
    contact = desk.contact()
    id_ = promise(desk, contact, words="نتیجه")
    desk.run(lambda services: services.promises.keep(services.promises.get(id_)), "clerk")
    supervisor = browse("supervisor")
    speak(supervisor, language)
    page = supervisor.get("/admin/audit?group=promise" if language == "en" else "/admin/audit")
    words = ("promised something to a citizen", "ended a promise")
    assert [one in page for one in words] == [language == "en"] * 2 and "نتیجه" in page


def test_dates_of_the_reader(desk: Any, browse: Browse) -> None:
    clerk, contact = browse("clerk"), desk.contact()
    speak(clerk, "fa")
    sent = form(clerk, contact, day="فردا", hour="۸ صبح")
    sent.submit(status=303)
    with desk.app.reading() as services:
        (one,) = services.promises.of_contact([services.contacts.get(contact)])
        assert services.clock.day(one.due) == services.clock.today() + timedelta(days=1)
        assert one.due == services.clock.moment(services.clock.day(one.due), 8)
