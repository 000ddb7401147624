"""The dossier as a person reads it: the head, what we owe, the pulse, the history in parts, news, boxes of plugins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from webtest import TestApp

from crm_core.model.contact import Proof
from crm_core.services import Services
from crm_views.app import make_app
from crm_views.testing import all_of, sign_in, words

Browse = Callable[..., TestApp]
DAY = 86_400_000
ATTACK = '"><script>window.hacked=1</script>\u202e${name} <b>x</b>'


def log(desk: Any, contact: int, body: str, days: float = 0, as_: str = "clerk", **more: Any) -> None:
    def work(services: Services) -> None:
        services.interactions.log(services.contacts.get(contact), channel=more.pop("channel", "phone"), body=body,
                                  started=services.now - int(days * DAY), **more)

    desk.run(work, as_)


def test_four_identifiers_stand_open_and_the_others_are_counted(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا", phone="09120000147")

    def work(services: Services) -> None:
        zahra = services.contacts.get(contact)
        services.contacts.add_identifier(zahra, "national_id", "0499370899", Proof.PAPER)
        for number in range(10):
            services.contacts.add_identifier(zahra, "phone", f"0912111{number:04d}", label="at work")

    desk.run(work, "clerk")
    page = browse("clerk").get(f"/contacts/{contact}")

    assert len(page.html.select(".who-ids > .ids .idchip")) == 4
    assert all_of(page, ".more-ids > summary") == ["8 more identifiers"]
    assert "049 937089 9" in all_of(page, ".idchip")[0]
    assert "at work" in " ".join(all_of(page, ".idchip"))
    assert all_of(page, ".sure .muted") == ["Last: Seen on a document, today, Reception"]


def test_an_address_keeps_the_comma_of_its_own_script(browse: Browse, desk: Any) -> None:
    persian = desk.contact("زهرا", addresses=[{"city": "شهر نمونه", "line": "کوچهٔ لاله"}])
    english = desk.contact("Anna", addresses=[{"city": "Hamburg", "line": "Elbweg 3"}, {"city": "Bremen"}])

    assert "شهر نمونه، کوچهٔ لاله" in all_of(browse("clerk").get(f"/contacts/{persian}"), ".facts .place")
    page = browse("clerk").get(f"/contacts/{english}")
    assert all_of(page, ".facts .place") == ["Hamburg, Elbweg 3 (and 1 more)"]


def test_the_most_urgent_is_owed_first_and_what_is_many_is_folded(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")
    now = desk.run(lambda services: services.now)
    for number in range(9):
        desk.case(contact, title=f"Case {number}", at=now - number * DAY)
    desk.case(contact, title="Late one", at=now - 40 * DAY)

    page = browse("clerk").get(f"/contacts/{contact}")

    owed = page.html.select_one("[data-owed]")
    titles = [words(row.select_one("a")) for row in owed.select(".owe")]
    assert titles[:3] == ["Late one", "Case 8", "Case 7"]
    assert len(titles) == 10
    assert [words(row) for row in owed.select(".sheet-head .st-late")] == ["1 late"]
    assert [len(owed.select(one)) for one in (".owe-rest > .owe", ".owe-more .owe")] == [4, 4]
    assert words(owed.select_one(".owe-show")) == "Show 8 more open requests"
    assert owed.select_one(".owe-show")["href"] == "#" + owed.select_one(".owe-rest")["id"]


def test_the_pulse_counts_each_month_and_leads_to_it(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")
    for days in (0, 0, 70):
        log(desk, contact, "They called", days, direction="in")
    log(desk, contact, "We called", 0, direction="out")
    log(desk, contact, "Long ago", 1000)
    clerk = browse("clerk")

    page = clerk.get(f"/contacts/{contact}")
    rows = [all_of_row(row) for row in page.html.select(".pulse tbody tr")]

    assert len(rows) == 24
    assert rows[0][1:] == ["2", "1"]
    assert sum(int(row[1]) + int(row[2]) for row in rows) == 4
    assert all_of(page, ".pulse summary b") == ["4 entries"]
    month = clerk.get(page.html.select_one(".pulse tbody a")["href"])
    assert len(month.html.select(".entry")) == 3
    assert month.html.select_one(".pulse tbody a")["aria-current"] == "true"
    assert rows[0][0] in all_of(month, ".fchip.on")[0]
    assert len(month.html.select(".pulse svg a.now")) == 1
    assert "since" not in month.html.select_one(".fchip.on")["href"]


def all_of_row(row: Any) -> list[str]:
    return [words(cell) for cell in row.select("th, td")]


def test_time_runs_in_reading_direction(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")
    clerk = browse("clerk")
    english = clerk.get(f"/contacts/{contact}")
    token = english.html.select_one("[name=csrf_token]")["value"]
    clerk.post("/preferences", {"language": "fa", "next": "/", "csrf_token": token}, status=303)
    persian = clerk.get(f"/contacts/{contact}")

    def first(page: Any) -> int:
        return int(page.html.select_one(".pulse svg .hit-area")["x"])

    assert (first(english), first(persian)) == (0, 460)


def test_what_may_only_be_counted_has_no_voice_and_what_is_hidden_no_trace(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")
    desk.case(contact, "lawyer", title="Secret of the law", unit=desk.units["law"])
    log(desk, contact, "Plain call")
    official = desk.who["second"].user_id

    def hide(services: Services) -> None:
        case = services.requests.by_code(code)
        case.hidden_from = frozenset({official})

    code = desk.case(contact, title="About the second clerk")
    desk.run(hide)

    first = browse("clerk").get(f"/contacts/{contact}")
    assert all_of_row(first.html.select_one(".pulse tbody tr"))[1:] == ["2", "0", "1"]
    second = browse("second").get(f"/contacts/{contact}")
    assert all_of_row(second.html.select_one(".pulse tbody tr"))[1:] == ["1", "0", "1"]
    assert all_of(second, ".fchip .n")[0] == "2"
    assert "About the second clerk" not in second.text


def test_strips_of_several_units_stand_in_one_row(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")
    for number in range(3):
        desk.case(contact, "clerk", title=f"Desk {number}", unit=desk.units["reception"])
        desk.case(contact, "expert", title=f"Street {number}", unit=desk.units["streets"])

    page = browse("lawyer").get(f"/contacts/{contact}")
    strips = all_of(page, ".redact .bar")
    assert len(strips) == 1
    assert strips[0].startswith("6 entries you may not read: ")
    assert all(part in strips[0] for part in ("3 of City services", "3 of Reception"))
    assert "Street" not in page.text and "Desk 1" not in page.text


def test_words_that_a_letter_said_are_not_said_again(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")
    text = "The lamp of our lane is dark since Saturday."
    code = desk.case(contact, title="Lamp", text=text)

    def work(services: Services) -> None:
        services.interactions.log(services.contacts.get(contact), channel="letter", body=text,
                                  requests=[services.requests.by_code(code)])

    desk.run(work, "clerk")
    page = browse("clerk").get(f"/contacts/{contact}")

    born = next(row for row in page.html.select(".entry") if words(row.select_one(".s")) == "Lamp")
    assert born.select_one(".entry-x") is None
    alone = desk.contact("علی")
    desk.case(alone, title="Lamp", text=text)
    assert all_of(browse("clerk").get(f"/contacts/{alone}"), ".entry-x") == [text]


# ── in parts ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_alone_go_on_where_the_page_ended(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")

    def work(services: Services) -> None:
        zahra = services.contacts.get(contact)
        for number in range(70):
            services.interactions.log(zahra, channel="phone", body=f"Call {number}",
                                      started=services.now - number * DAY)

    desk.run(work, "clerk")
    clerk = browse("clerk")
    page = clerk.get(f"/contacts/{contact}?show=calls")
    more = page.html.select_one("[data-tl-end]")["data-tl-end"]
    part = clerk.get(more)

    assert more.startswith(f"/contacts/{contact}/entries?") and "show=calls" in more
    assert all_of(part, ".entry .s") == [f"Call {number}" for number in range(50, 70)]
    assert part.html.select_one("html head") is None
    assert part.html.select_one("[data-tl-end]")["data-tl-end"] == ""
    rows = [row["data-row"] for row in (*page.html.select(".entry"), *part.html.select(".entry"))]
    assert len(set(rows)) == 70
    for odd in ("before=x", "before=9999999999999999999", "before=-1", "since=%00", "show=%F0%90%80"):
        assert clerk.get(f"/contacts/{contact}/entries?{odd}", expect_errors=True).status_int in (200, 400)


def news(browser: TestApp, contact: int, after: str) -> Any:
    return browser.get(f"/contacts/{contact}/news", {"after": after}).json


def test_news_are_told_once_and_only_of_this_citizen(browse: Browse, desk: Any) -> None:
    contact, other = desk.contact("زهرا"), desk.contact("علی")
    clerk = browse("clerk")
    after = clerk.get(f"/contacts/{contact}").html.select_one("#timeline")["data-after"]

    log(desk, other, "Somebody else")
    assert set(news(clerk, contact, after)) == {"after"}
    log(desk, contact, "A new call")
    told = news(clerk, contact, after)
    assert "A new call" in told["rows"] and "1" in told["filters"] and "<svg" in told["pulse"]
    assert set(news(clerk, contact, told["after"])) == {"after"}
    code = desk.case(contact, title="A new request")
    told = news(clerk, contact, told["after"])
    assert "A new request" in told["owed"]
    desk.run(lambda services: services.requests.change_status(services, services.requests.by_code(code), "working"),
             "clerk")
    assert "Being worked on" in news(clerk, contact, told["after"])["owed"]


def test_places_that_say_nothing_are_old(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")
    clerk = browse("clerk")
    for after in ("", "x", "0", "9.9", "0.0_0.0", "1" * 3000, "0." + "9" * 18, "\u06f0.\u06f0", "-1.0"):
        assert "rows" in news(clerk, contact, after)


def test_what_is_hidden_is_no_news(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")
    second = browse("second")
    after = second.get(f"/contacts/{contact}").html.select_one("#timeline")["data-after"]
    official = desk.who["second"].user_id

    def work(services: Services) -> None:
        services.requests.by_code(code).hidden_from = frozenset({official})

    code = desk.case(contact, title="About the second clerk")
    desk.run(work)
    assert set(news(second, contact, after)) == {"after"}
    desk.shield(contact)
    for part in ("news", "entries"):
        second.get(f"/contacts/{contact}/{part}", status=404)
    browse("admin").get(f"/contacts/{contact}/news", status=(403, 404))


def test_hostile_words_stay_words_in_every_part(browse: Browse, desk: Any) -> None:
    contact = desk.contact(ATTACK[:150], notes=ATTACK * 20, latin_given=ATTACK[:100],
                           addresses=[{"city": ATTACK, "line": ATTACK}])
    other = desk.contact(ATTACK[:150])

    def work(services: Services) -> None:
        zahra = services.contacts.get(contact)
        services.contacts.add_identifier(zahra, "phone", "09120000147", label=ATTACK[:50])
        services.contacts.relate(zahra, services.contacts.get(other), "spouse", ATTACK)

    desk.run(work, "clerk")
    desk.case(contact, title=ATTACK[:100], text=ATTACK)
    log(desk, contact, ATTACK)
    clerk = browse("clerk")
    for path in ("", "/identity", "/entries", "/news", "?words=%3Cscript%3E&channel=%3Cb%3E&unit=%22&type=%3Cb%3E"):
        page = clerk.get(f"/contacts/{contact}{path}")
        assert "<script>window" not in page.text.replace('src="', "")
        assert "<b>x</b>" not in page.text


# ── plugins' boxes ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("count", [2, 9])
def test_boxes_of_plugins_are_calm(open_desk: Any, load_plugin: Any, count: int) -> None:
    module = load_plugin("good")
    desk = open_desk({"good": module})
    plugin, panel = next(iter(desk.app.registry.panels.values()))

    def broken(services: Any, contact: Any) -> None:
        raise ValueError("a secret of the plugin")

    desk.app.registry.panels.clear()
    for number in range(count):
        data = broken if number == 0 else lambda services, contact: {"count": 1}
        desk.app.registry.panels[str(number)] = (plugin, replace(panel, title=f"Box {number}", data=data))
    contact = desk.contact("زهرا")

    page = sign_in(make_app(desk.app), "clerk").get(f"/contacts/{contact}")

    assert len(page.html.select(".a-plug > .sheet > .sheet-head")) == min(count, 3)
    assert [words(title) for title in page.html.select(".plug-rest summary h2")] == [
        *(f"Box {number}" for number in range(4, count)), *(["Box 0"] if count > 3 else [])]
    assert "did not answer" in all_of(page, ".a-plug .sheet-body")[-1]
    assert "a secret" not in page.text
