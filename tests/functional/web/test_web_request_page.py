"""The page of a request: its course, conversation, forms in place, changes, and what is new since it was read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp, Upload
from webtest.forms import File

from crm_core.backup.transactions import last_transaction
from crm_core.model.interaction import Direction
from crm_core.services import Services
from crm_views.app import make_app
from crm_views.testing import all_of, fill, form_of, sign_in, speak, words

Browse = Callable[..., TestApp]
DAY = 86_400_000
ATTACK = "\"><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}${7*7}\u202e‏</textarea>"


def send(form: Any, name: str, content: bytes, **more: Any) -> Any:
    """Send a form with one file; WebTest itself sends no name that is not ASCII."""
    fields = [(field, Upload(name, content) if isinstance(value, File) else value)
              for field, value in form.submit_fields("submit")]
    return form.response.test_app.post(form.action, fields, **more)


def move(desk: Any, code: str, *statuses: str, as_: str = "clerk") -> None:
    def work(services: Services) -> None:
        for status in statuses:
            services.requests.change_status(services, services.requests.by_code(code), status)

    desk.run(work, as_)


def case_of(desk: Any, code: str) -> Any:
    return desk.run(lambda services: services.requests.by_code(code))


def stages(page: Any) -> list[tuple[str, str]]:
    return [(" ".join(stage["class"][1:]), words(stage.b)) for stage in page.html.select(".stage")]


# ── the course ───────────────────────────────────────────────────────────────────────────────────────────────


def test_waiting_for_the_citizen_is_a_detour_not_a_stage(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact("زهرا"), title="آسفالت")
    move(desk, code, "working", "waiting")
    page = browse("clerk").get(f"/requests/{code}")

    assert stages(page) == [("d", "Registered"), ("c", "Being worked on"), ("n", "Answered")]
    current = page.html.select_one(".stage[aria-current=step]")
    assert words(current.b) == "Being worked on"
    assert words(current.select_one(".stage-side")) == "Waits for the citizen, since today"

    move(desk, code, "working", "waiting", "working")
    page = browse("clerk").get(f"/requests/{code}")
    assert all_of(page, ".stage-side") == ["Waits for the citizen: 2 times, a minute in all"]


def test_a_cancelled_request_ends_where_it_was(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    move(desk, code, "working", "cancelled")
    page = browse("clerk").get(f"/requests/{code}")

    assert [state for state, _name in stages(page)] == ["d", "d", "x"]
    assert page.html.select_one(".stage[aria-current=step]")["class"] == ["stage", "x"]


def test_the_deadline_is_a_sentence_and_a_closed_request_has_none(browse: Browse, desk: Any) -> None:
    now = desk.run(lambda services: services.now)
    code = desk.case(desk.contact(), at=now - 10 * DAY, due=now - 2 * DAY)
    clock = browse("clerk").get(f"/requests/{code}").html.select_one(".clock")
    assert "late" in clock["class"]
    assert "2 days past due" in words(clock)
    assert clock.select_one("rect")["width"] == "100"

    move(desk, code, "answered")
    clock = browse("clerk").get(f"/requests/{code}").html.select_one(".clock")
    assert words(clock) == "Closed today"


def test_the_deadline_of_tomorrow_is_said_once(browse: Browse, desk: Any) -> None:
    now = desk.run(lambda services: services.now)
    code = desk.case(desk.contact(), at=now - DAY, due=now + DAY)
    assert words(browse("clerk").get(f"/requests/{code}").html.select_one(".clock")) == "The answer is due tomorrow"


# ── the conversation ─────────────────────────────────────────────────────────────────────────────────────────


def test_what_the_citizen_is_told_and_what_stays_inside_are_clearly_apart(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact("زهرا رضایی", phone="09120000147"), text="چراغ خاموش است", channel="phone")
    clerk = browse("clerk")

    form = form_of(clerk.get(f"/requests/{code}").click("Answer the citizen"), "message")
    assert form["channel"].value == "phone"
    assert form["address"].value == "0912 000 01 47"
    page = fill(form, body="فردا می‌آییم\nصبح").submit("submit", status=303).follow()
    page.mustcontain("Recorded: زهرا رضایی was told.")
    form = form_of(page.click("Internal message"), "note")
    page = fill(form, body="پیمانکار خبر دارد").submit("submit", status=303).follow()

    first, told, inside = page.html.select(".msg")
    assert "in" in first["class"] and "چراغ خاموش است" in words(first)
    assert told["class"] == ["msg", "out"]
    assert words(told.p) == "فردا می‌آییم صبح"
    assert "told the citizen, Phone call, \u20660912 000 01 47\u2069" in words(told)
    assert inside["class"] == ["msg", "internal"]
    assert "Internal, the citizen does not see it" in words(inside)
    assert all_of(page, ".tabs a")[0] == "Conversation 3"
    dossier = clerk.get(f"/contacts/{case_of(desk, code).contact}")
    dossier.mustcontain("فردا می‌آییم", "پیمانکار خبر دارد")


def test_the_button_of_a_message_names_its_receiver(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact("زهرا رضایی"))
    clerk = browse("clerk")

    assert "Record as told to زهرا رضایی" in all_of(clerk.get(f"/requests/{code}/message"), "#do button")
    clerk.get(f"/requests/{code}/message").mustcontain("Nothing is sent from here")
    page = clerk.get(f"/requests/{code}/note")
    assert "Keep it among colleagues" in all_of(page, "#do button")
    assert "internal" in page.html.select_one("#do")["class"]


def test_an_empty_message_is_refused_on_the_same_page_with_what_was_typed(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    form = form_of(browse("clerk").get(f"/requests/{code}/message"), "message")

    page = fill(form, body="  \n ", channel="letter", address="تهران").submit("submit", status=422)

    assert words(page.html.select_one(".errsum h2")) == "Not saved; look at 1 field"
    assert form_of(page, "message")["channel"].value == "letter"
    assert page.html.select_one(".tabs") and page.html.select_one("#do")


def test_long_conversations_begin_with_the_last_ones(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), text="حرف نخست")

    def talk(services: Services) -> None:
        for number in range(40):
            services.messages.note(services.requests.by_code(code), f"پیام {number}")

    desk.run(talk, "clerk")
    clerk = browse("clerk")
    page = clerk.get(f"/requests/{code}")
    assert len(page.html.select(".msg")) == 31
    page.mustcontain("Show 10 earlier messages", "حرف نخست", "پیام 39", no="پیام 9<")
    whole = page.click("Show 10 earlier messages")
    assert len(whole.html.select(".msg")) == 41


def test_messages_of_a_closed_unit_are_counted(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), unit=desk.units["streets"])

    def logged(services: Services) -> None:
        case = services.requests.by_code(code)
        services.interactions.log(services.contacts.get(case.contact), channel="note", direction=Direction.INTERNAL,
                                  body="نظر حقوقی", unit=desk.units["law"], requests=[case])

    desk.run(logged)
    page = browse("expert").get(f"/requests/{code}")
    page.mustcontain("1 message you may not read", no="نظر حقوقی")
    assert "نظر حقوقی" not in browse("expert").get(f"/requests/{code}/news?since=0.0.1").text
    browse("supervisor").get(f"/requests/{code}").mustcontain("نظر حقوقی")


# ── answers, news, language, attacks ─────────────────────────────────────────────────────────────────────────


def test_answers_say_with_which_form_they_were_asked(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), answers={"category": "service", "place": "کوچهٔ لاله"})
    page = browse("clerk").get(f"/requests/{code}?tab=answers")

    case = case_of(desk, code)
    page.mustcontain("Asked with the form “General request”", case.submission.form[:8], "کوچهٔ لاله",
                     no="This kind has a newer form now")

    def older(services: Services) -> None:
        request = services.requests.by_code(code)
        request.submission = type(request.submission)("0" * 64, request.submission.answers)

    desk.run(older)
    browse("clerk").get(f"/requests/{code}?tab=answers").mustcontain("This kind has a newer form now", "کوچهٔ لاله")


def test_news_tells_what_came_since_and_nothing_when_nothing_came(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    clerk = browse("clerk")
    token = clerk.get(f"/requests/{code}").html.select_one("[data-token]")["data-token"]
    assert clerk.get(f"/requests/{code}/news?since={token}").json == {"token": token}

    def colleague(services: Services) -> None:
        services.messages.note(services.requests.by_code(code), "خبر تازه")
        services.requests.change_status(services, services.requests.by_code(code), "working", "شروع شد")

    desk.run(colleague, "second")
    news = clerk.get(f"/requests/{code}/news?since={token}").json
    assert news["text"] == "Status: Registered → Being worked on (The second); 2 new messages"
    assert "خبر تازه" in news["messages"] and "شروع شد" in news["messages"]
    assert "Being worked on" in news["head"]
    assert clerk.get(f"/requests/{code}/news?since={news['token']}").json == {"token": news["token"]}


@pytest.mark.parametrize("since", ["", "x", "1", "1.2", "1.2.3.4", "-1.0.0", "9" * 500, "0.0.", "%00.%00.1", "۱.۲.۳",
                                   "9223372036854775807.9223372036854775807.1", "0.0.0"])
def test_a_state_nobody_gave_breaks_nothing(browse: Browse, desk: Any, since: str) -> None:
    code = desk.case(desk.contact())
    assert "token" in browse("clerk").get(f"/requests/{code}/news", {"since": since}, status=200).json


def test_tabs_are_pages(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    clerk = browse("clerk")
    for name, title in (("talk", "Conversation"), ("answers", "Answers of the form"), ("history", "Changes"),
                        ("documents", "Documents"), ("nonsense", "Conversation")):
        current = clerk.get(f"/requests/{code}?tab={name}", status=200).html.select_one(".tabs [aria-current]")
        assert words(current).startswith(title)


def test_actions_are_those_the_reader_may_take(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact(), unit=desk.units["streets"])

    def offered(login: str) -> str:
        return "".join(link["data-key"] for link in browse(login).get(f"/requests/{code}").html.select("[data-key]"))

    assert offered("clerk") == offered("supervisor") == "MRSOWEDP"
    assert offered("expert") == "MTRSOWEDP"
    assert offered("executive") == "RSWEDP"
    page = browse("executive").get(f"/requests/{code}")
    assert len(page.html.select(".actions .btn-primary")) == 1
    assert not page.html.select(".composer-open")


def test_a_parked_request_is_talked_about_and_closed(
    open_desk: Callable[..., Any], load_plugin: Callable[[str], Any]
) -> None:
    desk = open_desk({"good": load_plugin("good")})
    answers = {"wish": "نهال", "size": "large", "until": "2026-12-01", "loud": "true"}
    code = desk.case(desk.contact("زهرا"), type_id="good.wish", answers=answers)
    desk.app.host.refuse(desk.app.host.plugins["good"], "gone")
    desk.app.registry.types.pop("good.wish", None)
    clerk = sign_in(make_app(desk.app), "clerk")

    page = fill(form_of(clerk.get(f"/requests/{code}/message"), "message"), body="کاشتیم").submit("submit").follow()
    form = fill(form_of(page.click("Change the status"), "status"), status="granted", answer="کاشته شد",
                channel="phone")
    page = form.submit("submit", status=303).follow()

    assert [words(message.p) for message in page.html.select(".msg.out")] == ["کاشتیم", "کاشته شد"]
    clerk.get(f"/requests/{code}/receipt", status=200)


@pytest.mark.parametrize("language", ["fa", "en"])
def test_nothing_that_was_typed_runs(browse: Browse, desk: Any, language: str) -> None:
    code = desk.case(desk.contact(f"زهرا {ATTACK[:60]}"), title=ATTACK, text=ATTACK)
    clerk = browse("clerk")
    speak(clerk, language)
    fill(form_of(clerk.get(f"/requests/{code}/message"), "message"), body=ATTACK, address=ATTACK).submit(
        "submit", status=303)
    fill(form_of(clerk.get(f"/requests/{code}/note"), "note"), body=ATTACK).submit("submit", status=303)
    fill(form_of(clerk.get(f"/requests/{code}/edit"), "edit"), title=f"{ATTACK} 2", text=ATTACK * 3).submit(
        "submit", status=303)
    form = form_of(clerk.get(f"/requests/{code}/assign"), "assign")
    fill(form, unit=str(desk.units["streets"]), note=ATTACK).submit("submit", status=303)
    form = fill(form_of(clerk.get(f"/requests/{code}/attach"), "attach"), note=ATTACK)
    send(form, ATTACK.replace("/", "") + ".pdf", b"%PDF-1.7 x", status=303)

    for tail in ("", "?tab=answers", "?tab=history", "?tab=documents", "/message", "/note", "/edit", "/assign",
                 "/attach", "/status", "/receipt"):
        page = clerk.get(f"/requests/{code}{tail}", status=200)
        assert not [script for script in page.html.select("script") if "alert" in script.text]
        assert not page.html.select("img, [onerror]")
        assert "49" not in page.html.h1.text
    news = clerk.get(f"/requests/{code}/news?since=0.0.1").json
    assert "<script>" not in news["messages"] + news["head"]


@pytest.mark.parametrize("action", ["status", "assign", "edit"])
def test_a_form_without_its_revision_is_stale(browse: Browse, desk: Any, action: str) -> None:
    code = desk.case(desk.contact())
    browser = browse("supervisor")
    form = form_of(browser.get(f"/requests/{code}/{action}"), action)
    if action == "status":
        form["status"] = next(value for value, _chosen, _text in form["status"].options if value)
    fields = [pair for pair in form.submit_fields("submit") if pair[0] != "revision"]
    before = last_transaction(desk.app.db.db.storage)

    page = browser.post(form.action, fields, status=422)

    page.mustcontain("This was changed meanwhile")
    assert last_transaction(desk.app.db.db.storage) == before
    assert form_of(page, action)["revision"].value == form["revision"].value


def test_what_a_confidential_unit_wrote_moves_no_token(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    code = desk.case(contact)
    clerk = browse("clerk")

    def write(login: str) -> None:
        def work(services: Services) -> None:
            services.interactions.log(services.contacts.get(contact), channel="email", body="از ورود",
                                      requests=(services.requests.by_code(code),))

        desk.app.run(work, desk.who[login], bulk=True)

    write("second")
    before = clerk.get(f"/requests/{code}").html.select_one("[data-token]")["data-token"]
    write("lawyer")

    assert clerk.get(f"/requests/{code}/news", {"since": before}).json == {"token": before}
    assert clerk.get(f"/requests/{code}").html.select_one("[data-token]")["data-token"] == before
    write("second")
    assert "messages" in clerk.get(f"/requests/{code}/news", {"since": before}).json
