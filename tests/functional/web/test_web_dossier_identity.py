"""Identifiers and relations on the desk: proven, retired, taken back; nobody overwrites anybody, nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webtest import TestApp

from crm_core.model.contact import Proof
from crm_core.services import Services
from crm_views.testing import all_of, fill

Browse = Callable[..., TestApp]


def the_form(page: Any) -> Any:
    """The form of the page itself, not those of its frame."""
    return next(form for form in page.forms.values() if "submission_key" in form.fields)


def known(desk: Any, contact: int) -> Any:
    """What is stored of a contact's identifiers and relations, as plain rows."""

    def work(services: Services) -> Any:
        found = services.contacts.get(contact)
        return ([(one.value, one.proof, one.proof_note, one.retired is not None) for one in found.identifiers],
                [(one.kind, one.other, one.note) for one in found.relations])

    return desk.run(work)


def test_an_identifier_is_proven_with_a_note(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا", phone="09120000147")
    clerk = browse("clerk")
    page = clerk.get(f"/contacts/{contact}").click(href=r"/identity$", index=0).click(href=r"/identifiers/0/prove$")

    form = the_form(page)
    assert [option for option, *_rest in form.fields["proof"][0].options] == ["paper", "in_person", "code"]
    refused = form.submit("submit", status=422)
    assert "Not saved; look at 1 field" in refused.text
    done = fill(the_form(refused), proof="code", note="Code 4411, read out").submit("submit", status=303).follow()

    assert "\u20660912 000 01 47\u2069 is proven." in " ".join(all_of(done, ".flashes"))
    assert "Code 4411, read out" in all_of(done, ".id-row")[0]
    assert known(desk, contact)[0] == [("+989120000147", "code", "Code 4411, read out", False)]
    # What was proven as strongly before is proven once more, never less.
    weaker = clerk.get(f"/contacts/{contact}/identifiers/0/prove")
    assert [option for option, *_rest in the_form(weaker).fields["proof"][0].options] == ["paper", "in_person", "code"]


def test_two_clerks_at_one_identifier_do_not_overwrite_each_other(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا", phone="09120000147")
    first = the_form(browse("clerk").get(f"/contacts/{contact}/identifiers/0/prove"))
    gone = the_form(browse("clerk").get(f"/contacts/{contact}/identifiers/0/retire"))
    second = the_form(browse("second").get(f"/contacts/{contact}/identifiers/0/prove"))
    fill(second, proof="paper").submit("submit", status=303)

    assert "This was changed meanwhile" in gone.submit("submit", status=422).text
    fill(first, proof="paper").submit("submit", status=422).mustcontain("This was changed meanwhile")


def test_a_retired_identifier_finds_nobody_and_stays_in_the_history(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا", phone="09120000147")
    clerk = browse("clerk")
    form = the_form(clerk.get(f"/contacts/{contact}/identifiers/0/retire"))
    page = form.submit("submit", status=303).follow()

    assert "\u20660912 000 01 47\u2069 is retired; the history keeps it." in " ".join(all_of(page, ".flashes"))
    assert all_of(page, ".id-past summary") == ["Retired identifiers: 1"]
    assert "0912 000 01 47" in all_of(page, ".id-past li")[0]
    assert clerk.get("/find", {"q": "09120000147"}).html.select(".hit[href^='/contacts/1']") == []
    # Sent twice it leads to the same page; asked for again it is not there.
    assert form.submit("submit", status=303).location.endswith("/identity")
    for path in ("prove", "retire"):
        clerk.get(f"/contacts/{contact}/identifiers/0/{path}", status=404)
    for place in ("1", "-1", "x", "%DB%B0", "9999", "00000"):
        clerk.get(f"/contacts/{contact}/identifiers/{place}/prove", status=404)


def test_a_relation_is_found_added_and_taken_back_on_both_sides(browse: Browse, desk: Any) -> None:
    zahra, reza = desk.contact("زهرا رضایی"), desk.contact("محمدرضا احمدی")
    clerk = browse("clerk")
    page = clerk.get(f"/contacts/{zahra}/identity").click(href=r"/relations/new$")
    found = fill(_search(page), q="محمدرضا").submit()
    chosen = found.click(href=rf"other={reza}")
    form = fill(the_form(chosen), kind="spouse", note="since 1390")
    page = form.submit("submit", status=303).follow()

    assert "The relation to محمدرضا احمدی stands in both records." in " ".join(all_of(page, ".flashes"))
    assert known(desk, zahra)[1] == [("spouse", reza, "since 1390")]
    assert known(desk, reza)[1] == [("spouse", zahra, "since 1390")]
    assert form.submit("submit", status=303).location.endswith("/identity")

    confirm = page.click(href=rf"/relations/{reza}/spouse/remove$")
    assert "will be taken out of both records" in confirm.text
    the_form(confirm).submit("submit", status=303)
    assert (known(desk, zahra)[1], known(desk, reza)[1]) == ([], [])
    clerk.get(f"/contacts/{zahra}/relations/{reza}/spouse/remove", status=404)


def _search(page: Any) -> Any:
    return next(form for form in page.forms.values() if "q" in form.fields and not form.action)


def test_nobody_is_related_to_himself_or_to_who_is_hidden(browse: Browse, desk: Any) -> None:
    zahra, secret = desk.contact("زهرا رضایی"), desk.contact("رضایی پنهان")
    desk.shield(secret)
    clerk = browse("clerk")

    found = clerk.get(f"/contacts/{zahra}/relations/new", {"q": "رضایی"})
    assert found.html.select(".hit") == []
    assert "پنهان" not in found.text
    assert the_search(clerk.get(f"/contacts/{zahra}/relations/new", {"other": str(secret)}))
    himself = fill(the_form(clerk.get(f"/contacts/{zahra}/relations/new", {"other": str(zahra)})), kind="spouse")
    himself.submit("submit", status=422).mustcontain("Nobody is a relation of himself.")
    for other in ("x", "0", "9" * 40):
        assert the_search(clerk.get(f"/contacts/{zahra}/relations/new", {"other": other}))
        clerk.get(f"/contacts/{zahra}/relations/{other}/spouse/remove", status=404)


def the_search(page: Any) -> bool:
    return page.html.select_one("#other-words") is not None


def test_each_page_asks_for_the_permission_to_edit(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا", phone="09120000147")
    other = desk.contact("علی")

    def work(services: Services) -> None:
        services.contacts.relate(services.contacts.get(contact), services.contacts.get(other), "sibling")

    desk.run(work, "clerk")
    executive = browse("executive")
    pages = ("identity", "identifiers/new", "identifiers/0/prove", "identifiers/0/retire", "relations/new",
             f"relations/{other}/sibling/remove")
    for path in pages:
        executive.get(f"/contacts/{contact}/{path}", status=403)
    assert "/identity" not in executive.get(f"/contacts/{contact}").text
    desk.shield(contact)
    for path in pages:
        browse("clerk").get(f"/contacts/{contact}/{path}", status=404)


def test_taking_a_relation_back_is_written_down(desk: Any) -> None:
    one, two = desk.contact("زهرا"), desk.contact("علی")

    def relate(services: Services) -> None:
        services.contacts.relate(services.contacts.get(one), services.contacts.get(two), "parent")
        services.contacts.relate(services.contacts.get(one), services.contacts.get(two), "household")

    def take_back(services: Services) -> None:
        services.contacts.unrelate(services.contacts.get(two), services.contacts.get(one), "child")

    def audit(services: Services) -> list[str]:
        return [row["action"] for row in services.contacts.get(one).audit.values()]

    desk.run(relate, "clerk")
    desk.run(take_back, "clerk")
    assert [row[0] for row in known(desk, one)[1]] == ["household"]
    assert [row[0] for row in known(desk, two)[1]] == ["household"]
    assert desk.run(audit)[-1] == "relation.removed"


def test_the_same_proof_seen_again_renews_its_date(desk: Any) -> None:
    contact = desk.contact("زهرا", phone="09120000147")

    def work(services: Services) -> tuple[bool, bool, int | None]:
        zahra = services.contacts.get(contact)
        first = services.contacts.prove(zahra, zahra.identifiers[0], Proof.PAPER, "card")
        same = services.contacts.prove(zahra, first, Proof.PAPER)
        again = services.contacts.prove(zahra, first, Proof.PAPER, "card, new one", again=True)
        return same is first, again.proof_note == "card, new one", again.proven_by

    assert desk.run(work, "clerk") == (True, True, desk.who["clerk"].user_id)
