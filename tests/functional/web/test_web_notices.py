"""The bell: what somebody was told, only what he may read, seen when he says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp

from crm_core.model.notice import MOST
from crm_core.services import Services
from crm_core.services.notices import KINDS, MOST_COUNTED
from crm_views.testing import all_of, form_of, speak

Browse = Callable[..., TestApp]
VALUES = {"due": 1_790_000_000_000, "what": "a call"}


def tell(desk: Any, login: str, code: str, kind: str = "referral.came", **more: Any) -> None:
    desk.run(lambda services: services.notices.tell(
        [desk.who[login].user_id], kind, request=services.requests.by_code(code), **more))


def pip(browser: TestApp) -> list[str]:
    return all_of(browser.get("/profile"), ".topbar .bell .pip")


def test_the_bell_counts_and_its_page_tells(desk: Any, browse: Browse) -> None:
    clerk, code = browse("clerk"), desk.case(desk.contact("نرگس سلامت"), title="چالهٔ خیابان")
    page = clerk.get("/notices")
    page.mustcontain("Nothing to tell you", no="Mark all as seen")
    assert pip(clerk) == []
    tell(desk, "clerk", code, values={"note": "tomorrow please", "by": desk.who["expert"].user_id})
    assert pip(clerk) == ["1"] and pip(browse("second")) == []
    page = clerk.get("/notices")
    assert page.html.select_one(".topbar .bell")["aria-label"] == "1 new notice"
    page.mustcontain("“<bdi>چالهٔ خیابان</bdi>” was referred to you", "tomorrow please", "نرگس سلامت",
                     f'href="/requests/{code}"', "today")
    assert pip(clerk) == ["1"]  # looking is not seeing
    speak(clerk, "fa")
    clerk.get("/notices").mustcontain("خبر تازه", no=("was referred", "Notices"))


def test_seen_is_what_the_page_showed(desk: Any, browse: Browse) -> None:
    clerk, code = browse("clerk"), desk.case(desk.contact())
    tell(desk, "clerk", code)
    page = clerk.get("/notices")
    tell(desk, "clerk", code, "request.reopened")
    answer = form_of(page, "/notices/seen").submit(status=303).follow()
    assert pip(clerk) == ["1"]
    assert len(answer.html.select(".told.unseen")) == 1 and len(answer.html.select(".told")) == 2
    form_of(page, "/notices/seen").submit(status=303)  # a second time is nothing
    assert pip(clerk) == ["1"]
    clerk.post("/notices/seen", {"notices": "x -1 9 99999999999999999999", "csrf_token": _token(answer)}, status=303)
    clerk.post("/notices/seen", {"notices": "1"}, status=400)


def _token(page: Any) -> str:
    return str(form_of(page, "/preferences")["csrf_token"].value)


def test_nobody_marks_what_others_were_told(desk: Any, browse: Browse) -> None:
    clerk, second, code = browse("clerk"), browse("second"), desk.case(desk.contact())
    tell(desk, "clerk", code)
    ids = form_of(clerk.get("/notices"), "/notices/seen")["notices"].value
    second.post("/notices/seen", {"notices": ids, "csrf_token": _token(second.get("/profile"))}, status=303)
    assert pip(clerk) == ["1"]


def test_what_may_not_be_read_is_neither_shown_nor_counted(desk: Any, browse: Browse) -> None:
    clerk, supervisor = browse("clerk"), browse("supervisor")
    shielded, secret, person = desk.contact("پنهان"), desk.contact("عادی"), desk.contact("محرمانه")
    codes = [desk.case(shielded, "supervisor", title="یک"), desk.case(secret, "supervisor", title="دو")]
    for code in codes:
        tell(desk, "clerk", code)
        tell(desk, "supervisor", code)

    def about(services: Services) -> None:
        services.notices.tell([desk.who["clerk"].user_id], "promise.due", contact=services.contacts.get(person),
                              values=VALUES)

    desk.run(about)
    assert pip(clerk) == ["3"]
    desk.shield(shielded)

    def hush(services: Services) -> None:
        services.contacts.edit(services.contacts.get(person), {"confidentiality": "confidential"})
        services.requests.edit(services.requests.by_code(codes[1]), {"confidentiality": "confidential"})

    desk.run(hush)
    assert pip(clerk) == []
    clerk.get("/notices").mustcontain("Nothing to tell you", no=("پنهان", "عادی", "محرمانه", "یک", "دو"))
    assert pip(supervisor) == ["1"]  # reads what is confidential, and not who is shielded


def test_erased_and_moved(desk: Any, browse: Browse) -> None:
    clerk, first, other = browse("clerk"), desk.contact("نرگس سلامت"), desk.contact("بهرام راد")
    code, kept = desk.case(first), desk.case(other)
    tell(desk, "clerk", code)
    tell(desk, "clerk", kept)
    desk.run(lambda services: services.linking.link(services.contacts.get(first), services.contacts.get(other), "same"))
    assert pip(clerk) == ["2"]

    def take_back(services: Services) -> None:
        link = services.contacts.get(first).group.links[0]
        services.linking.unlink(link)
        services.privacy.erase(services.contacts.get(first))

    desk.run(take_back)
    assert pip(clerk) == ["1"]
    clerk.get("/notices").mustcontain("بهرام راد", no="نرگس سلامت")
    with desk.app.reading() as services:
        mine = services.root.notices[desk.who["clerk"].user_id]
        assert len(mine.unseen) == 1 and not mine.seen


def test_the_list_is_bounded_and_the_count_too(desk: Any, browse: Browse) -> None:
    clerk, code = browse("clerk"), desk.case(desk.contact())

    def many(services: Services) -> None:
        request = services.requests.by_code(code)
        for _number in range(MOST + 5):
            services.notices.tell([desk.who["clerk"].user_id], "request.reopened", request=request)

    desk.run(many)
    assert pip(clerk) == [f"{MOST_COUNTED}+"]
    assert len(clerk.get("/notices").html.select(".told")) == MOST


def test_who_tells_must_tell_all(desk: Any) -> None:
    code = desk.case(desk.contact())

    def work(services: Services) -> None:
        case, me = services.requests.by_code(code), [desk.who["clerk"].user_id]
        for kind, said in (("no.such", {}), ("deadline.breach", {}), ("promise.due", {"due": 1})):
            with pytest.raises(ValueError):
                services.notices.tell(me, kind, request=case, values=said)
        with pytest.raises(ValueError):
            services.notices.tell(me, "referral.came")
        services.notices.tell([1, *me, *me], "referral.came", request=case)

    desk.run(work)
    with desk.app.reading() as services:
        assert set(services.root.notices) == {desk.who["clerk"].user_id}
        assert len(services.root.notices[desk.who["clerk"].user_id].unseen) == 1


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_is_a_sentence(desk: Any, browse: Browse, kind: str) -> None:
    clerk, code = browse("clerk"), desk.case(desk.contact("نرگس سلامت"))
    tell(desk, "clerk", code, kind, values=VALUES)
    for language in ("en", "fa"):
        speak(clerk, language)
        assert "${" not in all_of(clerk.get("/notices"), ".told .subj")[0]
