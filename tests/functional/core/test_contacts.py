"""Contacts: what is refused, stale changes, audit, identifiers, relations, links (architecture §5.6, §5.10, §5.13)."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from crm_core import journal
from crm_core.app import App
from crm_core.errors import Forbidden, Invalid, NotFound, StaleChange
from crm_core.model.contact import Confidentiality, Contact, ContactKind, Identifier, Proof
from crm_core.security.identity import Identity
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.testing.factories import make_clerk, make_contact


def journal_of(services: Services, contact: int | None = None) -> list[tuple[str, tuple[str, ...]]]:
    entries, _cursor = journal.read(services.root, journal.Cursor(), 10_000)
    return [(entry.kind, entry.fields) for entry in entries if contact in (None, entry.contact)]


@pytest.mark.parametrize(("values", "field"), [
    ({"name": "x" * 201}, "name"), ({"name": "a\ud800"}, "name"), ({"name": "x", "notes": "y" * 10_001}, "notes"),
    ({"name": "x", "kind": "ghost"}, "kind"), ({"name": "x", "confidentiality": "secret"}, "confidentiality"),
    ({"name": "x", "preferred_channel": "pigeon"}, "preferred_channel"),
    ({"name": "x", "birth_date": "1405/8/26"}, "birth_date"),
    ({"name": "x", "birth_date": "2999-01-01"}, "birth_date"),
    ({"name": "x", "birth_date": "1700-01-01"}, "birth_date"),
    ({"name": "x", "birth_date": 5}, "birth_date"), ({"name": "x", "addresses": [{"line": "y" * 501}]}, "addresses"),
    ({"name": "x", "addresses": [{"city": "\udc00"}]}, "addresses"), ({"name": "x", "gender": "y" * 21}, "gender"),
    ({"name": "x", "addresses": [{"latitude": float("nan")}]}, "addresses"), ({}, "name"), ({"name": "  "}, "name"),
    ({"name": "x", "identifiers": [("phone", "12")]}, "phone"),
    ({"identifiers": [("national_id", "1234567890")]}, "national_id"),
    ({"identifiers": [("phone", "09121234567", "dreamt")]}, "proof"), ({"identifiers": [("icq", "5")]}, "icq"),
], ids=repr)
def test_what_cannot_be_is_refused_in_words_and_nothing_is_stored(app: App, values: dict[str, Any], field: str) -> None:
    def work(services: Services) -> None:
        with pytest.raises(Invalid) as refused:
            services.contacts.create(**values)
        assert set(refused.value.errors) == {field}
        assert len(services.root.contacts) == 0
        assert journal_of(services) == []

    app.run(work)


def test_values_are_stored_plain_whatever_they_came_as(app: App) -> None:
    """§5.1: enum values, dates as ISO text; the pickle guard looks after every test."""
    def work(services: Services) -> int:
        return services.contacts.create(
            kind=ContactKind.ORGANISATION, name="  شرکت  ", confidentiality=Confidentiality.CONFIDENTIAL,
            birth_date=datetime.date(1990, 1, 2), addresses=[{"city": "تهران", "unknown": "x", "line": ""}],
            identifiers=[("phone", "0912 123 45 67", Proof.CODE), ("phone", "+989121234567")],
        ).id

    id_ = app.run(work)
    with app.reading() as services:
        contact = services.contacts.get(id_)
        assert (type(contact.kind), contact.kind) == (str, "organisation")
        assert (type(contact.confidentiality), contact.confidentiality) == (str, "confidential")
        assert (contact.name, contact.birth_date, contact.addresses) == ("شرکت", "1990-01-02", ({"city": "تهران"},))
        assert [(one.value, type(one.proof)) for one in contact.identifiers] == [("+989121234567", str)]


def test_naughty_strings_are_read_back_unchanged_or_refused(app: App, shared_data: Path) -> None:
    """Issue, "Bad input": each of blns.json in each text field."""
    strings = json.loads((shared_data / "7_hostile_input" / "blns.json").read_text("utf-8"))

    def work(services: Services) -> dict[int, str]:
        return {services.contacts.create(name="x", notes=text, family=text[:200],
                                         addresses=[{"line": text[:500]}]).id: text for text in strings}

    stored = app.run(work)
    with app.reading() as services:
        for id_, text in stored.items():
            contact = services.contacts.get(id_)
            assert contact.notes == text.strip()
            assert contact.family == text[:200].strip()


def test_the_whole_name_follows_its_parts_while_it_is_made_of_them(app: App) -> None:
    def work(services: Services) -> None:
        made = services.contacts.create(given="علی", family="محمدی")
        assert made.name == "علی محمدی"
        assert services.contacts.edit(made, {"family": "احمدی"}) == ("family", "name")
        assert made.name == "علی احمدی"
        assert [hit.id for hit in services.finder.find("علی احمدی").hits] == [made.id]
        assert services.finder.find("محمدی").hits == []
        services.contacts.edit(made, {"name": "حاج علی"})
        services.contacts.edit(made, {"family": "کریمی"})
        assert made.name == "حاج علی"
        services.contacts.edit(made, {"name": ""})
        assert made.name == "علی کریمی"
        latin = services.contacts.create(latin_given="Ali", latin_family="Karimi")
        assert latin.name == "Ali Karimi"
        with pytest.raises(Invalid, match="name"):
            services.contacts.edit(latin, {"name": "", "latin_given": "", "latin_family": ""})
        assert latin.name == "Ali Karimi"
        numbered = services.contacts.create(identifiers=[("phone", "09121234567")])
        assert numbered.name == ""
        services.contacts.retire(numbered, numbered.identifiers[0])
        assert services.contacts.edit(numbered, {"notes": "nobody knows who this was"}) == ("notes",)

    app.run(work)


# ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_editors_of_different_fields_both_win(app: App) -> None:
    """§5.10: only changed fields are written."""
    def work(services: Services) -> None:
        contact = make_contact(services, "علی محمدی", notes="الف", birth_date="1990-01-01",
                               addresses=[{"city": "تهران"}])
        seen = {"name": "علی محمدی", "notes": "الف", "birth_date": datetime.date(1990, 1, 1), "gender": None,
                "addresses": [{"city": "تهران", "line": ""}]}
        services.contacts.edit(contact, {**seen, "notes": "ب"}, seen)
        changed = services.contacts.edit(contact, {**seen, "name": "علی محمودی", "addresses": [{"city": "کرج"}]}, seen)
        assert changed == ("name", "addresses")
        assert (contact.name, contact.notes, contact.birth_date) == ("علی محمودی", "ب", "1990-01-01")
        assert services.contacts.edit(contact, {"notes": "ب"}, {"notes": "الف"}) == ()  # both wanted the same

    app.run(work)


def test_a_stale_change_of_the_same_field_raises_with_both_versions(app: App) -> None:
    """§5.10: nothing is written, not even the fields that are not stale."""
    def work(services: Services) -> None:
        contact = make_contact(services, "علی", notes="الف")
        services.contacts.edit(contact, {"notes": "ب"})
        before = contact.revision
        with pytest.raises(StaleChange) as stale:
            services.contacts.edit(contact, {"notes": "پ", "name": "رضا"}, {"notes": "الف", "name": "علی"})
        assert stale.value.theirs == {"notes": "ب"}
        assert stale.value.mine == {"notes": "پ"}
        assert (contact.name, contact.notes, contact.revision) == ("علی", "ب", before)

    app.run(work)


def test_the_audit_tells_who_changed_what_from_what_to_what(app: App) -> None:
    """§5.13: below the record; the journal knows only which fields."""
    clerk = make_clerk(app, "maryam", name="مریم ذاکری")

    def work(services: Services) -> int:
        contact = make_contact(services, "علی", notes="راز اول")
        services.contacts.edit(contact, {"notes": "راز دوم", "addresses": [{"line": "کوچهٔ راز"}]})
        services.contacts.edit(contact, {"notes": "راز دوم"})
        services.contacts.add_identifier(contact, "email", "secret@example.org", label="کار")
        return contact.id

    id_ = app.run(work, clerk)
    with app.reading() as services:
        contact = services.contacts.get(id_)
        rows = list(contact.audit.values())
        assert rows[0] == {"by": clerk.user_id, "name": "مریم ذاکری", "action": "change",
                           "changes": {"notes": ["راز اول", "راز دوم"], "addresses": [[], [{"line": "کوچهٔ راز"}]]}}
        assert [row["action"] for row in rows] == ["change", "identifier.added"]
        assert contact.revision == 3
        assert journal_of(services, id_)[-2:] == [
            ("contact.changed", ("notes", "addresses")), ("contact.changed", ("identifiers",))]


def test_identifiers_keep_their_best_proof_and_retire(app: App) -> None:
    def work(services: Services) -> None:
        contact = services.contacts.create(identifiers=[("phone", "+989121112233")])
        assert contact.identifiers[0].proof == "said"
        again = services.contacts.add_identifier(contact, "phone", "۰۹۱۲۱۱۱۲۲۳۳", Proof.CODE)
        assert [(one.value, one.proof) for one in contact.identifiers] == [("+989121112233", "code")]
        revision = contact.revision
        for weaker in (Proof.HEARSAY, Proof.SAID, Proof.CODE):
            assert services.contacts.prove(contact, again, weaker) is again
        assert contact.revision == revision
        assert services.contacts.by_identifier("phone", "+989121112233") == [contact]
        services.contacts.retire(contact, again)
        assert services.contacts.by_identifier("phone", "+989121112233") == []
        assert contact.active_identifiers() == ()
        assert contact.identifiers[0].retired == services.now
        services.contacts.add_identifier(contact, "phone", "09121112233")
        services.contacts.retire(contact, contact.identifiers[0])  # again: the new one is not touched
        assert services.contacts.by_identifier("phone", "+989121112233") == [contact]
        with pytest.raises(NotFound):
            services.contacts.retire(contact, Identifier("phone", "+989999999999"))
        with pytest.raises(Invalid):
            services.contacts.prove(contact, contact.identifiers[1], "dreamt")

    app.run(work)


def test_a_contact_has_an_end_of_identifiers(app: App) -> None:
    def work(services: Services) -> None:
        contact = make_contact(services)
        for number in range(49):
            services.contacts.add_identifier(contact, "phone", f"+98912000{number:04d}")
        with pytest.raises(Invalid):
            services.contacts.add_identifier(contact, "phone", "+989120009999")
        assert len(contact.identifiers) == 50

    app.run(work)


def test_a_shared_phone_leads_to_all_who_share_it(app: App) -> None:
    def work(services: Services) -> None:
        family = [make_contact(services, name, phone="+982155001122") for name in ("علی", "مریم")]
        assert set(services.contacts.by_identifier("phone", "+982155001122")) == set(family)
        for scheme, value in (("email", "family@example.org"), ("national_id", "0499370899")):
            for contact in family:
                services.contacts.add_identifier(contact, scheme, value)
            assert set(services.contacts.by_identifier(scheme, value)) == set(family)
            services.contacts.retire(family[0], family[0].identifiers[-1])
            assert services.contacts.by_identifier(scheme, value) == [family[1]]

    app.run(work)


def test_relations_are_seen_from_both_sides(app: App) -> None:
    def work(services: Services) -> None:
        mother, child = make_contact(services), make_contact(services)
        services.contacts.relate(mother, child, "parent", "دختر بزرگ")
        services.contacts.relate(mother, child, "parent")
        assert [(one.kind, one.other, one.note) for one in mother.relations] == [("parent", child.id, "دختر بزرگ")]
        assert [(one.kind, one.other) for one in child.relations] == [("child", mother.id)]
        for other, kind in ((mother, "parent"), (child, "cousin")):
            with pytest.raises(Invalid):
                services.contacts.relate(mother, other, kind)

    app.run(work)


# ── links ────────────────────────────────────────────────────────────────────────────────────────────────────


def names(contacts: list[Contact]) -> set[str]:
    return {contact.name for contact in contacts}


def test_links_form_groups_and_fall_apart_where_a_claim_is_taken_back(app: App) -> None:
    """§5.6: whatever the order of the claims, those held together share one group."""
    def work(services: Services) -> None:
        a, b, c, d = (make_contact(services, name) for name in "abcd")
        link = services.linking.link
        link(c, a, "1")
        link(c, b, "2")
        link(d, c, "3")
        assert names(services.contacts.linked(a)) == set("abcd")
        assert len({id(one.group) for one in (a, b, c, d)}) == 1
        assert a.group is not None
        assert [one.reason for one in a.group.links] == ["1", "2", "3"]
        assert link(a, c, "again") is a.group
        assert len(a.group.links) == 3
        services.linking.unlink(a.group.links[2])
        assert d.group is None
        assert names(services.contacts.linked(a)) == set("abc")
        assert len({id(one.group) for one in (a, b, c)}) == 1
        assert a.group is not None
        services.linking.unlink(a.group.links[0])
        assert a.group is None
        assert names(services.contacts.linked(b)) == set("bc")
        assert b.group is c.group
        with pytest.raises(NotFound):
            services.linking.unlink(b.group.links[0].__class__(a.id, b.id, 1, None, "x"))  # type: ignore[union-attr]
        for other, reason in ((b, " "), (b, "x\ud800")):
            with pytest.raises(Invalid):
                link(a, other, reason)
        with pytest.raises(Invalid):
            link(a, a, "x")
        rows = [row for row in a.audit.values() if row["action"] in ("linked", "unlinked")]
        assert [row["action"] for row in rows] == ["linked", "unlinked"]
        assert rows[1]["changes"]["link"] == [[c.id, a.id, "1"], None]

    app.run(work)


def test_nobody_writes_without_the_permission(app: App) -> None:
    """Each verb asks; the administrator runs the installation and does not edit citizens."""
    admin = make_clerk(app, "admin", roles=[Role.ADMINISTRATOR])
    made = app.run(lambda services: [make_contact(services).id, make_contact(services).id])

    def contacts(services: Services) -> list[Contact]:
        return [services.contacts.get(id_) for id_ in made]

    verbs: list[Any] = [
        lambda s: s.contacts.create(name="x"), lambda s: s.contacts.edit(contacts(s)[0], {"name": "x"}),
        lambda s: s.contacts.add_identifier(contacts(s)[0], "email", "a@example.org"),
        lambda s: s.contacts.prove(contacts(s)[0], contacts(s)[0].identifiers[0], "paper"),
        lambda s: s.contacts.retire(contacts(s)[0], contacts(s)[0].identifiers[0]),
        lambda s: s.contacts.relate(*contacts(s), "spouse"), lambda s: s.linking.link(*contacts(s), "x"),
        lambda s: s.interactions.log(contacts(s)[0], channel="phone", body="x"),
    ]
    for verb in verbs:
        with pytest.raises(Forbidden):
            app.run(verb, admin)
    clerk = make_clerk(app, "clerk")
    outsiders: list[Identity] = [clerk]
    for identity in outsiders:
        for verb in (lambda s: s.units.add("x"), lambda s: s.users.add("x", password="long enough"),
                     lambda s: s.privacy.erase(contacts(s)[0])):
            with pytest.raises(Forbidden):
                app.run(verb, identity)
