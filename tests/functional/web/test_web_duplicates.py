"""Doubles through the pages: named, compared, linked and told apart, taken back; nothing hidden shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp

from crm_views.testing import fill, form_of, words

Browse = Callable[..., TestApp]


def pair(desk: Any, **second: Any) -> tuple[int, int]:
    """Two records with one phone and names that sound alike."""
    first = desk.contact("زهرا رضایی‌پور", phone="09120000147", birth_date="1982-05-04")
    return first, desk.contact("زهره رضائی پور", phone="09120000147", **second)


def test_the_strip_says_who_why_and_how_likely(browse: Browse, desk: Any) -> None:
    first, second = pair(desk, birth_date="1982-05-04")

    page = browse().get(f"/contacts/{first}")

    (strip,) = page.html.select(".notice.doubles")
    assert words(strip).startswith("Perhaps the same person: زهره رضائی پور , same date of birth, same phone, similar")
    compare = strip.select_one('a[data-key="D"]')
    assert compare["href"] == f"/contacts/{first}/compare/{second}"
    assert "% alike" in words(strip)
    browse().get(compare["href"], status=200)


def test_not_the_same_is_remembered_on_both_and_taken_back(browse: Browse, desk: Any) -> None:
    first, second = pair(desk)
    clerk = browse()
    page = clerk.get(f"/contacts/{first}")

    after = form_of(page, f"/distinct/{second}").submit("say").follow()

    after.mustcontain("are not the same")
    assert not after.html.select(".doubles")
    assert not clerk.get(f"/contacts/{second}").html.select(".doubles")
    links = clerk.get(f"/contacts/{second}/links")
    links.mustcontain("زهرا رضایی‌پور", "The clerk")
    back = form_of(links, f"/distinct/{first}").submit("say", value="back").follow()
    back.mustcontain("Is this one person?")
    assert clerk.get(f"/contacts/{first}").html.select(".doubles")


def test_side_by_side_each_field_says_how_far_it_agrees(browse: Browse, desk: Any) -> None:
    first, second = pair(desk, birth_date="1983-01-01", gender="female")
    desk.case(second, title="پسماند کوچهٔ لاله")

    page = browse().get(f"/contacts/{first}/compare/{second}")

    marks = {words(row.th): row.select_one(".mark-word") for row in page.html.select(".compare tbody tr")}
    told = {label.removesuffix(words(mark)).strip(): words(mark) for label, mark in marks.items() if mark}
    assert told == {"Name": "Similar", "Kind": "Same", "Gender": "Only one has it", "Date of birth": "Different",
                    "Phone": "Same"}
    assert all(mark.select_one("svg") for mark in marks.values() if mark)  # a shape beside the word
    page.mustcontain("پسماند کوچهٔ لاله", "other date of birth")


def test_two_records_become_one_citizen_and_two_again(browse: Browse, desk: Any) -> None:
    first, second = pair(desk)
    clerk = browse()
    form = form_of(clerk.get(f"/contacts/{first}/compare/{second}"), "same")

    refused = fill(form, reason="  ").submit("submit", status=422)
    done = fill(form_of(refused, "same"), reason="همان کارت ملی را نشان داد").submit("submit", status=303).follow()

    done.mustcontain("are one citizen now")
    (strip,) = done.html.select(".notice.linked")
    assert "زهره رضائی پور" in words(strip)
    other = clerk.get(f"/contacts/{second}")
    assert "زهرا رضایی‌پور" in words(other.html.select_one(".notice.linked"))
    links = clerk.get(f"/contacts/{first}/links")
    links.mustcontain("همان کارت ملی را نشان داد", "The clerk")
    log = clerk.get(f"/contacts/{second}/interactions/new?channel=phone")
    fill(form_of(log, "form"), body="دربارهٔ پسماند").submit("submit", status=303)
    back = clerk.get(links.html.select_one(".claims a.btn")["href"])
    back.mustcontain("دربارهٔ پسماند")
    form = form_of(back, "form")
    field = next(name for name in form.fields if name and name.startswith("to_"))
    assert form[field].value == str(second)  # by itself it stays where it is
    form[field] = str(first)
    form["apart"] = True
    form.submit("submit", status=303).follow().mustcontain("one thing went to another record")
    page = clerk.get(f"/contacts/{first}")
    page.mustcontain("دربارهٔ پسماند")
    assert not page.html.select(".notice.linked, .notice.doubles")
    assert "دربارهٔ پسماند" not in clerk.get(f"/contacts/{second}")


def test_what_contradicts_must_be_ticked(browse: Browse, desk: Any) -> None:
    first, second = pair(desk)

    def identify(services: Any) -> None:
        for id_, number in ((first, "0499370899"), (second, "0012345679")):
            services.contacts.add_identifier(services.contacts.get(id_), "national_id", number)

    desk.run(identify)
    clerk = browse()
    form = form_of(clerk.get(f"/contacts/{first}/compare/{second}"), "same")

    refused = fill(form, reason="خودش گفت").submit("submit", status=422)

    refused.mustcontain("Tick each of these")
    form = form_of(refused, "same")
    assert form["reason"].value == "خودش گفت"
    form.set("checkbox", True, index=0)
    form.submit("submit", status=303)


def test_a_form_sent_twice_links_once(browse: Browse, desk: Any) -> None:
    first, second = pair(desk)
    form = fill(form_of(browse().get(f"/contacts/{first}/compare/{second}"), "same"), reason="خودش گفت")

    one, two = form.submit("submit", status=303), form.submit("submit", status=303)

    assert one.location == two.location
    desk.run(lambda services: len(services.contacts.get(first).group.links) == 1 or pytest.fail("linked twice"))


def test_somebody_linked_meanwhile(browse: Browse, desk: Any) -> None:
    first, second = pair(desk)
    third = desk.contact("زهرا رضایی")
    page = browse().get(f"/contacts/{first}/compare/{second}")

    def link(one: int, other: int) -> None:
        desk.run(lambda services: services.linking.link(
            services.contacts.get(one), services.contacts.get(other), "خودش گفت"), "second")

    link(second, third)
    stale = fill(form_of(page, "same"), reason="همان کارت").submit("submit", status=422)
    stale.mustcontain("This was changed meanwhile", "linked with")
    assert form_of(stale, "same")["reason"].value == "همان کارت"
    link(first, third)
    answer = fill(form_of(stale, "same"), reason="همان کارت").submit("submit", status=303).follow()
    answer.mustcontain("Somebody has linked these two meanwhile")


def test_a_claim_taken_back_meanwhile_and_things_born_meanwhile(browse: Browse, desk: Any) -> None:
    first, second = pair(desk)
    desk.run(lambda services: services.linking.link(
        services.contacts.get(first), services.contacts.get(second), "خودش گفت"), "clerk")
    clerk = browse()
    address = f"/contacts/{first}/links/{first}/{second}"
    page = clerk.get(address)
    desk.run(lambda services: services.interactions.log(
        services.contacts.get(second), channel="phone", body="تازه"), "second")

    again = form_of(page, "form").submit("submit", status=422)

    again.mustcontain("تازه", "meanwhile")
    form_of(again, "form").submit("submit", status=303)
    gone = clerk.get(address, status=303).follow()
    gone.mustcontain("somebody has taken it back")


def test_the_other_record_is_chosen_by_hand(browse: Browse, desk: Any) -> None:
    first, second = desk.contact("زهرا رضایی‌پور"), desk.contact("ز. رضایی")
    clerk = browse()

    page = clerk.get(f"/contacts/{first}/compare", {"q": "ز. رضایی"})

    assert f"/contacts/{first}/compare/{second}" in {link["href"] for link in page.html.select("a.hit")}
    assert f"/contacts/{first}/compare/{first}" not in {link["href"] for link in page.html.select("a.hit")}
    clerk.get(f"/contacts/{first}/compare/{first}", status=303)


# ── who may see what ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("login", "status"), [("clerk", 200), ("expert", 200), ("supervisor", 200),
                                               ("executive", 403), ("admin", 403)])
def test_who_may_compare(browse: Browse, desk: Any, login: str, status: int) -> None:
    first, second = pair(desk)
    browse(login).get(f"/contacts/{first}/compare/{second}", status=status)
    browse(login).get(f"/contacts/{first}/compare", status=status)


@pytest.mark.parametrize("linked", [False, True])
def test_the_shielded_leave_no_trace(browse: Browse, desk: Any, linked: bool) -> None:
    first, secret = pair(desk)
    if linked:
        desk.run(lambda services: services.linking.link(
            services.contacts.get(first), services.contacts.get(secret), "خودش گفت"))
    desk.shield(secret)
    clerk = browse()

    page, links = clerk.get(f"/contacts/{first}"), clerk.get(f"/contacts/{first}/links")

    for shown in (page, links):
        assert not shown.html.select(".notice.doubles, .notice.linked, .claims li")
        shown.mustcontain(no=["زهره", str(secret), "may not read"])
    unknown = clerk.get(f"/contacts/{first}/compare/77", status=404).html.main
    assert clerk.get(f"/contacts/{first}/compare/{secret}", status=404).html.main == unknown
    assert "زهره" not in clerk.get(f"/contacts/{first}/compare", {"q": "زهره رضائی پور"}).html.main.get_text()
    token = form_of(page, "/logout")["csrf_token"].value
    clerk.post(f"/contacts/{first}/distinct/{secret}", {"csrf_token": token, "say": "apart"}, status=404)
    gone = clerk.get(f"/contacts/{first}/links/{first}/{secret}", status=303).body
    assert gone == clerk.get(f"/contacts/{first}/links/{first}/77", status=303).body


@pytest.mark.parametrize("linked", [False, True])
def test_of_the_confidential_there_is_a_number_and_nothing_more(browse: Browse, desk: Any, linked: bool) -> None:
    first, secret = pair(desk)

    def work(services: Any) -> None:
        other = services.contacts.get(secret)
        services.contacts.edit(other, {"confidentiality": "confidential"})
        services.contacts.add_identifier(other, "email", "secret@example.org")
        if linked:
            services.linking.link(services.contacts.get(first), other, "رازی میان ما")

    desk.run(work)
    clerk, supervisor = browse(), browse("supervisor")

    page, links = clerk.get(f"/contacts/{first}"), clerk.get(f"/contacts/{first}/links")

    for shown in (page, links):
        shown.mustcontain(no=["زهره", "secret@", "رازی میان ما", f"/{secret}"])
    assert "you may not read" in words(page.html.select_one(".notice.linked" if linked else ".notice.doubles"))
    clerk.get(f"/contacts/{first}/compare/{secret}", status=404)
    supervisor.get(f"/contacts/{first}").mustcontain("زهره رضائی پور")


def test_reading_writes_nothing_and_a_post_needs_its_token(browse: Browse, desk: Any) -> None:
    first, second = pair(desk)
    clerk = browse()
    revision = desk.app.db.run(lambda connection: connection.root()["crm"].contacts[first].revision, "look")
    for address in ("", f"/compare/{second}", "/compare", "/links"):
        clerk.get(f"/contacts/{first}{address}")
    clerk.get(f"/contacts/{first}/distinct/{second}", status=405)
    clerk.post(f"/contacts/{first}/distinct/{second}", {"say": "apart"}, status=400)
    desk.run(lambda services: services.contacts.get(first).revision == revision or pytest.fail("written"))


# ── hostile input ────────────────────────────────────────────────────────────────────────────────────────────

HOSTILE = '"><script>alert(1)</script>\u202e${7*7}'


def test_hostile_names_and_reasons_do_nothing(browse: Browse, desk: Any) -> None:
    first = desk.contact(HOSTILE, phone="09120000147", notes=HOSTILE, addresses=[{"line": HOSTILE}])
    second = desk.contact(HOSTILE + "x", phone="09120000147", notes=HOSTILE, addresses=[{"line": HOSTILE}])
    clerk = browse()
    pages = [clerk.get(f"/contacts/{first}"), clerk.get(f"/contacts/{first}/compare/{second}")]
    form = fill(form_of(pages[-1], "same"), reason=HOSTILE)
    pages.append(form.submit("submit", status=303).follow())
    pages += [clerk.get(f"/contacts/{first}/links"), clerk.get(f"/contacts/{first}/links/{first}/{second}"),
              clerk.get(f"/contacts/{first}/compare?q={'%22%3E%3Cscript%3E'}")]
    for page in pages:
        assert "<script>alert" not in page.text
        assert "49" not in page.html.select_one("h1").get_text()


@pytest.mark.parametrize("values", [
    {"reason": "x" * 2000}, {"reason": "\ud800"}, {"reason": "ok", "accepted": "nonsense"}, {"reason": ["a", "b"]},
    {"__formid__": "nobody"}, {"revision": "x" * 500, "reason": "y"}, {},
], ids=repr)
def test_what_no_form_sends_is_refused_in_words(browse: Browse, desk: Any, values: dict[str, Any]) -> None:
    first, second = pair(desk)
    clerk = browse()
    page = clerk.get(f"/contacts/{first}/compare/{second}")
    sent = {"csrf_token": form_of(page, "same")["csrf_token"].value, "__formid__": "same", **values}
    sent = {name: value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
            for name, value in sent.items()}
    answer = clerk.post(f"/contacts/{first}/compare/{second}", sent, status="*")
    assert answer.status_int in (200, 303, 422, 400)
    desk.run(lambda services: services.contacts.get(first))


def test_addresses_that_mean_nothing_are_not_found(browse: Browse, desk: Any) -> None:
    first, _second = pair(desk)
    clerk = browse()
    for tail in ("compare/x", "compare/0", "compare/99999999999999999999", "compare/%00"):
        clerk.get(f"/contacts/{first}/{tail}", status=404)
    clerk.get(f"/contacts/{first}/links/x/y", status=303)
    clerk.get("/contacts/7/links", status=404)


def test_the_linked_cannot_be_told_apart_with_one_press(browse: Browse, desk: Any) -> None:
    first, second = pair(desk)
    clerk = browse()
    form = form_of(clerk.get(f"/contacts/{first}"), f"/distinct/{second}")
    desk.run(lambda services: services.linking.link(
        services.contacts.get(first), services.contacts.get(second), "خودش گفت"), "second")

    after = form.submit("say").follow()

    after.mustcontain("linked as one citizen; take that back first")
    assert after.html.select(".notice.linked")
    desk.run(lambda services: services.contacts.get(first).distinct == () or pytest.fail("told apart"))
