"""Hostile text in every field of every page: read back unchanged, or refused in words; never markup, never a 500."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from selectolax.lexbor import LexborHTMLParser
from webtest import TestApp

from crm_views.app import make_app
from crm_views.testing import form_of, sign_in

HERE = [
    "'; DROP TABLE contacts; --", "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "${7*7}", "{{7*7}}",
    "${structure: '<b>'}", "<tal:block content='structure x'/>", "]]>", "&lt;", "&#60;script&#62;", "\u202eabc\u202c",
    "a\u0000b", "x" * 300, "\u200c", "ک‌ی ي ك ۀ ة", "👩‍👩‍👧", "\ud83d", "🇮🇷" * 60, " ", "\t", "\n\n", "%s%n",
    "../../etc/passwd", "=1+1", "ﷺ" * 10,
]


@pytest.fixture(scope="session")
def naughty(shared_data: Path) -> list[str]:
    """All hostile strings there are, each once, in order."""
    folder = shared_data / "7_hostile_input"

    def read(name: str) -> Any:
        return json.loads((folder / name).read_text("utf-8"))

    strings = [*HERE, *read("blns.json"), *read("xss_fuzzdb_rsnake.json"), *read("csv_injection_payloadbox.json")]
    strings += [row["data"] for row in read("html5sec_vectors.json")]
    strings += [row["payload"] for row in read("dompurify_cases.json")]
    texts = [text if isinstance(text, str) else json.dumps(text) for text in strings]
    return list(dict.fromkeys(text.encode("utf-8", "replace").decode("utf-8") for text in texts))


def harmless(page: Any, known: set[str]) -> LexborHTMLParser:
    """No element and no attribute on the page can run anything, read as browsers read HTML; gives what was read.

    ``known`` are the scripts of every page.
    """
    html = LexborHTMLParser(page.text)
    assert {script.attributes.get("src") for script in html.css("script")} <= known
    assert not html.css("iframe, object, embed, base, meta[http-equiv], style, [style], [formaction], math, img")
    for element in html.css("*"):
        for name, value in element.attributes.items():
            assert not name.lower().startswith("on"), element.html
            if name in ("href", "src", "action", "xlink:href"):
                assert not value or value[0] in "/#?", (element.tag, value)
    return html


def heading(html: LexborHTMLParser) -> str:
    """The text of the page's heading."""
    found = html.css_first("h1")
    assert found is not None
    return str(found.text())


def lines(text: str) -> str:
    """A text as it is kept: one kind of line end, nothing around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


class Poster:
    """Sends one form again and again, each time as a new one."""

    def __init__(self, browser: TestApp, address: str, part: str = "form", **values: str) -> None:
        self.browser = browser
        self.address = address
        form = form_of(browser.get(address), part)
        skip = ("attachments", "upload", "submission_key")
        self.fields = [(name, value) for name, value in form.submit_fields("submit") if name not in skip]
        self.values = values

    def send(self, **values: str) -> Any:
        wanted = self.values | values
        pairs = [(name, wanted.get(name, value)) for name, value in self.fields]
        return self.browser.post(self.address, [*pairs, ("submission_key", uuid4().hex)], expect_errors=True)


def scripts(browser: TestApp) -> set[str]:
    return {script["src"] for script in browser.get("/").html.select("script")}


@pytest.fixture
def browser(open_desk: Callable[..., Any], load_plugin: Callable[[str], ModuleType]) -> tuple[Any, TestApp]:
    """(desk, browser) with a plugin whose form has a field of each kind."""
    desk = open_desk({"good": load_plugin("good")})
    return desk, sign_in(make_app(desk.app), "clerk")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_names_and_notes_of_citizens(browser: Any, naughty: list[str]) -> None:
    desk, clerk = browser
    poster, known = Poster(clerk, "/contacts/new"), scripts(clerk)
    kept = 0
    for text in naughty:
        answer = poster.send(name=text, notes=text, city=text, line=text)
        assert answer.status_int in (303, 422), (text, answer.status)
        if answer.status_int == 422:
            harmless(answer, known)
            shown = form_of(answer)["name"].value
            assert shown == text or not text.strip() or "\n" in text or "\r" in text, text
            continue
        kept += 1
        id_ = int(answer.location.rpartition("/")[2])

        def stored(services: Any, id_: int = id_) -> tuple[str, ...]:
            contact = services.contacts.get(id_)
            return contact.name, contact.notes, contact.addresses[0]["city"] if contact.addresses else ""

        assert desk.run(stored) == (lines(text), lines(text), lines(text)), text
        if kept % 3:
            continue
        page = clerk.get(f"/contacts/{id_}", status=200)
        assert lines(heading(harmless(page, known))) == lines(text)
        if kept % 9 == 0:
            form = form_of(clerk.get(f"/contacts/{id_}/edit", status=200))
            assert lines(form["notes"].value) == lines(text)
    assert kept > len(naughty) / 2


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_answers_and_titles_of_requests(browser: Any, naughty: list[str]) -> None:
    desk, clerk = browser
    contact = desk.contact("زهرا رضایی")
    poster = Poster(clerk, f"/contacts/{contact}/requests/new/good.wish")
    known = scripts(clerk)
    kept = 0
    for text in naughty:
        answer = poster.send(title=text, text=text, wish=text, story=text, where=text, priority=text)
        assert answer.status_int in (303, 422), (text, answer.status)
        if answer.status_int == 422:
            harmless(answer, known)
            continue
        kept += 1
        page = answer.follow(status=200)
        html = harmless(page, known)
        if text.strip():
            assert lines(heading(html)) == lines(text)
            shown = [lines(answer.text()) for answer in html.css("dl.kv dd")]
            assert shown.count(lines(text)) >= 4, text
    assert kept > len(naughty) / 2
    dossier = clerk.get(f"/contacts/{contact}", status=200)
    harmless(dossier, known)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_conversations_and_notes_of_requests(browser: Any, naughty: list[str]) -> None:
    desk, clerk = browser
    contact = desk.contact("زهرا رضایی")
    code = desk.case(contact)
    known = scripts(clerk)
    talk = Poster(clerk, f"/contacts/{contact}/interactions/new")
    stranger = Poster(clerk, "/interactions/new")
    assign = Poster(clerk, f"/requests/{code}/assign", "assign")
    for place, text in enumerate(naughty):
        for answer in (talk.send(body=text), stranger.send(body=text, address=text)):
            assert answer.status_int in (303, 422), (text, answer.status)
        if answer.status_int == 303 and place % 3 == 0:
            page = answer.follow(status=200)
            assert lines(text).splitlines()[0].strip()[:150] in heading(harmless(page, known)) or len(text) > 200
        unit = str(desk.units["streets" if place % 2 else "law"])
        assign.fields = [(name, value) for name, value in assign.fields if name not in ("revision", "unit")]
        here = form_of(clerk.get(f"/requests/{code}/assign"), "assign") if place % 25 == 0 else None
        if here is not None:
            answer = assign.browser.post(assign.address, [*assign.fields, ("revision", here["revision"].value), (
                "unit", unit), ("note", text), ("submission_key", f"a{place}")], expect_errors=True)
            assert answer.status_int in (303, 422), text
            harmless(clerk.get(f"/requests/{code}"), known)
    page = clerk.get(f"/contacts/{contact}", status=200)
    while True:
        if not harmless(page, known).css("a[rel=next]"):
            break
        page = page.click("Older")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_searches_filters_and_identifiers(browser: Any, naughty: list[str]) -> None:
    desk, clerk = browser
    contact = desk.contact("زهرا رضایی")
    known = scripts(clerk)
    identifier = Poster(clerk, f"/contacts/{contact}/identifiers/new")
    schemes = ("phone", "email", "national_id", "passport", "telegram", "postal_code")
    for place, text in enumerate(naughty):
        page = clerk.get("/find", {"q": text, "all": "1"}, status=200)  # also where one identifier is just that
        harmless(page, known)
        if place % 5 == 0:
            names = ("show", "channel", "type", "unit", "state", "since", "until", "words", "before")
            query = dict.fromkeys(names, text)
            harmless(clerk.get(f"/contacts/{contact}", query, status=200), known)
        answer = identifier.send(scheme=schemes[place % len(schemes)], value=text, label=text[:40])
        assert answer.status_int in (303, 422), (text, answer.status)
    harmless(clerk.get(f"/contacts/{contact}", status=200), known)


@pytest.mark.slow
def test_choices_numbers_and_dates_take_only_what_is_offered(browser: Any, naughty: list[str]) -> None:
    desk, clerk = browser
    contact = desk.contact("زهرا رضایی")
    poster = Poster(clerk, f"/contacts/{contact}/requests/new/good.wish", wish="نهال")
    talk = Poster(clerk, f"/contacts/{contact}/interactions/new", body="تماس")
    for text in naughty[::12]:
        for name in ("count", "until", "size", "about", "channel", "unit", "priority_", "loud", "checkbox", "__start__",
                     "__formid__", "submit", "__do__"):
            answer = poster.send(**{name: text})
            assert answer.status_int in (200, 303, 422), (name, text, answer.status)
        answer = talk.send(minutes=text, direction=text, outcome=text, about=text)
        assert answer.status_int in (303, 422), text


def test_hidden_values_of_forms_may_be_anything(browser: Any, naughty: list[str]) -> None:
    desk, clerk = browser
    contact = desk.contact("زهرا رضایی")
    form = form_of(clerk.get(f"/contacts/{contact}/edit"))
    for text in naughty[::9]:
        form["revision"].force_value(text)
        form["submission_key"].force_value(text)
        assert form.submit("submit", expect_errors=True).status_int in (303, 422), text


def test_cookies_and_headers_may_be_anything(browser: Any, naughty: list[str]) -> None:
    desk, clerk = browser
    web = clerk.app
    for text in naughty[::6]:
        value = text.encode("utf-8", "replace").decode("latin-1").replace("\r", "").replace("\n", "")
        header = {"HTTP_ACCEPT_LANGUAGE": value, "HTTP_USER_AGENT": value, "HTTP_REFERER": value,
                  "HTTP_COOKIE": f"crm_login={value}; crm_session={value}; crm_language={value}; crm_theme={value}"}
        answer = TestApp(web, lint=False).get("/login", extra_environ=header, expect_errors=True)
        assert answer.status_int == 200, text
