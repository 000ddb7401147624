"""Every page a member of staff can reach by links, in both languages: none speaks the other one, all are well named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup
from webtest import TestApp

from crm_core.services import Services
from crm_views.testing import speak

STAFF = ("clerk", "second", "expert", "lawyer", "supervisor", "executive", "admin")
Browse = Callable[..., TestApp]
PAGES_OF_A_ROUTE = 3
LATIN = re.compile(r"[A-Za-z]{3,}")
PERSIAN = re.compile("[\u0620-\u064a\u066e-\u06d3]{2,}")
SAME_IN_BOTH = {
    "Ctrl", "Enter", "Esc", "English", "Alt", "Tab", "CSV", "PDF", "JSON", "URI", "JPEG", "PNG", "SMS", "https", "crm",
    "serve", "none", "PostgreSQL",
}
"""Names of keys, formats, commands, and of the other language in its own letters."""
DATA = {"خدمات", "شهری", "پذیرش", "حقوقی", "The", "City", "services", "Legal", "unit", "Reception"} | {
    part for login in STAFF for part in (login, login.title())}
"""Words in the names of units and staff, which stand as they were given in both languages."""
TECHNICAL = re.compile(r"[A-Za-z0-9]*(?:[._/-][A-Za-z0-9]+)+")
"""Names of files, settings and packages: letters with points, slashes or lines between them."""
MACHINE = "kbd, .code, code, pre, [lang], script, style, svg, template, textarea, .agent"
"""What is the same in both languages, or says itself in which one it is."""
NAMED = "aria-label", "title", "placeholder", "alt"


def routes(web: Any) -> Callable[[str], str]:
    """``name_of(path)``: the route a path belongs to, with its kind where pages of a route differ by it."""
    known = [(route.name, re.compile("^" + re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(route.pattern)) + "$"))
             for route in web.routes_mapper.get_routes()]

    def name_of(path: str) -> str:
        return next((name for name, pattern in known if pattern.match(path)), "")

    return name_of


def crawl(browser: TestApp, web: Any, starts: tuple[str, ...] = ("/",)) -> Iterator[tuple[str, Any]]:
    """Pages by following links from ``starts``, a few of each route: (path, page)."""
    name_of = routes(web)
    waiting, seen, taken = list(starts), set(starts), {}  # type: ignore[var-annotated]
    while waiting:
        path = waiting.pop(0)
        name = name_of(urlsplit(path).path)
        if taken.get(name, 0) >= PAGES_OF_A_ROUTE:
            continue
        taken[name] = taken.get(name, 0) + 1
        page = browser.get(path, expect_errors=True)
        if page.status_int in (302, 303):
            waiting.insert(0, urlsplit(urljoin(path, page.location))._replace(scheme="", netloc="").geturl())
            continue
        assert page.status_int < 500, (path, page.text[-2000:])
        if page.content_type != "text/html":
            continue
        yield path, page
        for link in page.html.select("a[href]"):
            address = urldefrag(urljoin(path, link["href"]))[0]
            if address.startswith("/") and not address.startswith("//") and address not in seen:
                seen.add(address)
                waiting.append(address)


def said(page: Any) -> Iterator[str]:
    """Every text a page shows or reads out."""
    soup = BeautifulSoup(page.text, "html.parser")
    yield soup.title.get_text() if soup.title else ""
    for part in soup.body.select(MACHINE):
        if part.name != "body":
            part.decompose()
    yield from soup.body.stripped_strings
    for element in soup.body.find_all(True):
        names = ("aria-label",) if element.name in ("time", "output") else NAMED  # a date has the other calendar there
        yield from (str(element[name]) for name in names if element.get(name))


@pytest.fixture
def city(desk: Any) -> Any:
    """A desk with one citizen and one open request, in words of the language that is looked at."""

    def fill(language: str) -> list[str]:
        persian = language == "fa"
        contact = desk.contact("زهرا رضایی" if persian else "Zahra Rezaei", phone="09121234567")

        def work(services: Services) -> None:
            services.interactions.log(services.contacts.get(contact), channel="phone",
                                      body="پرسید کی می‌آیند" if persian else "Asked when they come")
            for user in services.users.active():
                services.users.edit(user, {"name": "همکار" if persian else "Colleague"})

        desk.run(work)
        code = desk.case(contact, title="چالهٔ کوچه" if persian else "Hole in the road")
        unknown = desk.run(lambda services: services.interactions.log(
            None, channel="phone", body="بی‌نام" if persian else "No name", address="+989351112233").id, "clerk")
        return [f"/contacts/{contact}", f"/requests/{code}", f"/interactions/{unknown}"]

    return fill


@pytest.mark.parametrize("login", ["clerk", "supervisor", "admin"])
@pytest.mark.parametrize("language", ["fa", "en"])
def test_no_page_speaks_the_other_language(browse: Browse, web: Any, city: Any, language: str, login: str) -> None:
    starts = city(language)
    browser = browse(login)
    speak(browser, language)
    other, allowed = (LATIN, SAME_IN_BOTH) if language == "fa" else (PERSIAN, {"فارسی"})
    wrong = []
    pages = 0
    for path, page in crawl(browser, web, ("/", *starts)):
        pages += 1
        for text in said(page):
            words = [word for word in other.findall(TECHNICAL.sub("", text)) if word not in allowed | DATA]
            if words:
                wrong.append((path, text[:80], words[:5]))
    assert not wrong, "\n".join(str(one) for one in wrong)
    assert pages > 3


@pytest.mark.parametrize("login", ["clerk", "admin"])
def test_every_page_names_its_parts(browse: Browse, web: Any, city: Any, login: str) -> None:
    """Own checks beside axe's: one main heading, every control named, ids once, errors and labels tied to what is."""
    starts = city("en")
    wrong: list[tuple[str, str]] = []
    for path, page in crawl(browse(login), web, ("/", *starts)):
        wrong += [(path, fault) for fault in faults(page.html)]
    assert not wrong, "\n".join(str(one) for one in wrong)


def faults(soup: BeautifulSoup) -> Iterator[str]:
    ids = [element["id"] for element in soup.select("[id]")]
    yield from (f"id twice: {id_}" for id_ in {id_ for id_ in ids if ids.count(id_) > 1})
    if len(soup.select("h1")) != 1:
        yield f"{len(soup.select('h1'))} main headings"
    if not soup.html.get("lang") or not soup.html.get("dir"):
        yield "no language or direction"
    for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
        for element in soup.select(f"[{name}]"):
            lost = [target for target in str(element[name]).split() if target not in ids]
            if lost and not element.find_parent("template"):
                yield f"{name} leads to nothing: {lost[0]}"
    for control in soup.select("input:not([type=hidden]), select, textarea, button"):
        if not is_named(soup, control):
            yield f"a control without a name: {str(control)[:120]}"
    for link in soup.select("a[href]"):
        if not (link.get_text(strip=True) or link.get("aria-label")):
            yield f"a link without words: {str(link)[:120]}"


def is_named(soup: BeautifulSoup, control: Any) -> bool:
    if control.find_parent("template") or control.get("aria-hidden") == "true" or control.find_parent(hidden=True):
        return True
    if control.name == "button":
        return bool(control.get_text(strip=True) or control.get("aria-label"))
    label = soup.find("label", attrs={"for": control.get("id")}) if control.get("id") else None
    return bool(control.get("aria-label") or control.get("aria-labelledby") or label or control.find_parent("label")
                or control.get("type") in ("submit", "button") and control.get("value"))
