"""Likely doubles: reported with their reason, never merged, never the hidden (architecture §5.7)."""

from __future__ import annotations

import pytest

from crm_core import journal
from crm_core.app import App
from crm_core.errors import Invalid
from crm_core.model.contact import Contact
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.likeness import evidence
from crm_core.testing.factories import make_clerk, make_contact


def found(services: Services, contact: Contact) -> list[str]:
    return [double.contact.name for double in services.duplicates.of(contact)]


def test_what_makes_two_records_one_citizen(app: App) -> None:
    with app.transaction() as services:
        maryam = services.contacts.create(
            name="مریم ذاکری", birth_date="1990-01-02",
            identifiers=[("phone", "09121112233"), ("national_id", "0499370899"), ("email", "m@example.org")])
        services.contacts.create(name="م. زاکری", identifiers=[("national_id", "0499370899")])
        services.contacts.create(name="مریم زاکری", identifiers=[("phone", "09121112233")])
        services.contacts.create(name="مريم ذاكري", birth_date="1990-01-02")
        services.contacts.create(name="علی ذاکری", identifiers=[("phone", "09121112233")])  # the family's phone
        services.contacts.create(name="مریم ذاکری", birth_date="1991-01-02")  # another of that name
        services.contacts.create(name="مریم ذاکری")
        rows = services.duplicates.of(maryam)
        assert {(row.contact.name, str(row.why)) for row in rows} == {
            ("م. زاکری", "same national id"), ("مریم زاکری", "same phone"), ("مريم ذاكري", "same date of birth")}
        assert [row.likeness for row in rows] == sorted((row.likeness for row in rows), reverse=True)
        assert len(services.duplicates.of(maryam, limit=1)) == 1


def test_the_linked_the_retired_and_oneself_are_no_doubles(app: App) -> None:
    with app.transaction() as services:
        one, two = (services.contacts.create(name=name, identifiers=[("national_id", "0499370899")]) for name in "ab")
        assert (found(services, one), found(services, two)) == (["b"], ["a"])
        group = services.linking.link(one, two, "x")
        assert found(services, one) == []
        services.linking.unlink(group.links[0])
        assert found(services, one) == ["b"]
        services.contacts.retire(two, two.identifiers[0])
        assert found(services, one) == found(services, two) == []


def test_a_hidden_double_is_no_suggestion(app: App) -> None:
    """§5.7: and it takes no place among those that may be shown."""
    with app.transaction() as services:
        one = services.contacts.create(name="one", identifiers=[("national_id", "0499370899")])
        for number in range(6):
            degree = "shielded" if number < 5 else "normal"
            services.contacts.create(name=f"x{number}", confidentiality=degree,
                                     identifiers=[("national_id", "0499370899")])
        id_ = one.id
    for role in (Role.CLERK, Role.SUPERVISOR):
        with app.reading(make_clerk(app, role.value, roles=[role])) as services:
            assert found(services, services.contacts.get(id_)) == ["x5"]
    with app.reading() as services:
        assert len(found(services, services.contacts.get(id_))) == 5


def test_a_common_name_is_not_compared_with_all_who_have_it(app: App) -> None:
    with app.transaction() as services:
        for _number in range(600):
            services.contacts.create(name="علی محمدی", birth_date="1990-01-01")
        twin = make_contact(services, "علی محمدی", birth_date="1990-01-01")
        assert len(services.duplicates.of(twin, limit=5)) == 5


# ── likeness ─────────────────────────────────────────────────────────────────────────────────────────────────

LALEH = {"city": "نمونه", "line": "خیابان آزادی، کوچهٔ لاله، پلاک ۱۲"}


def test_several_reasons_add_up_and_contradictions_take_away(app: App) -> None:
    with app.transaction() as services:
        zahra = services.contacts.create(
            name="زهرا رضایی‌پور", gender="female", birth_date="1982-05-04", addresses=[LALEH],
            identifiers=[("phone", "02155000018"), ("national_id", "0012345679")])
        twin = services.contacts.create(
            name="زهره رضائی پور", addresses=[{**LALEH, "line": "خيابان آزادي، كوچه لاله پلاک 12"}],
            identifiers=[("phone", "02155000018")])
        found = evidence(zahra, twin)
        assert found.reasons == ("similar name", "same address", "same landline")
        assert 65 <= found.percent <= 80
        assert evidence(twin, zahra).percent == found.percent
        services.contacts.add_identifier(twin, "national_id", "0499370899")
        services.contacts.edit(twin, {"birth_date": "1985-01-01", "gender": "male"})
        less = evidence(zahra, twin)
        assert less.percent < 10
        assert [str(why) for why in less.against] == ["other ${kind}", "other date of birth", "one a man, one a woman"]


def test_a_family_at_one_address_with_one_phone_is_no_double(app: App) -> None:
    with app.transaction() as services:
        people = [services.contacts.create(name=name, addresses=[LALEH], gender=gender,
                                           identifiers=[("phone", "02155000018")])
                  for name, gender in (("رضا محمدی", "male"), ("حسن محمدی", "male"), ("مریم ذاکری", "female"))]
        assert [found(services, one) for one in people] == [[], [], []]


def test_known_relatives_with_like_names_are_no_doubles(app: App) -> None:
    with app.transaction() as services:
        one, two = (services.contacts.create(name=name, identifiers=[("phone", "09121112233")], addresses=[LALEH])
                    for name in ("سارا کریمی", "ساره کریمی"))
        assert found(services, one) == ["ساره کریمی"]
        services.contacts.relate(one, two, "sibling")
        assert found(services, one) == []


def test_a_name_as_heard_at_the_same_address_is_enough(app: App) -> None:
    with app.transaction() as services:
        one = services.contacts.create(name="رضا غفاری", addresses=[LALEH])
        services.contacts.create(name="رضا قفاری", addresses=[LALEH])
        services.contacts.create(name="رضا قفاری")
        assert len(found(services, one)) == 1


def test_of_linked_doubles_only_the_likeliest_is_named(app: App) -> None:
    with app.transaction() as services:
        one = services.contacts.create(name="مریم ذاکری", identifiers=[("phone", "09121112233")])
        two, three = (services.contacts.create(name=name, identifiers=[("phone", "09121112233")])
                      for name in ("مریم زاکری", "مریم ذاکری"))
        services.linking.link(two, three, "x")
        assert found(services, one) == ["مریم ذاکری"]


# ── not the same ─────────────────────────────────────────────────────────────────────────────────────────────


def test_not_the_same_holds_on_both_and_for_all_their_records(app: App) -> None:
    clerk = make_clerk(app, "maryam", name="مریم")

    def work(services: Services) -> list[int]:
        one, two, three = (services.contacts.create(name="مریم ذاکری", identifiers=[("phone", "09121112233")])
                           for _number in range(3))
        services.duplicates.tell_apart(one, two, " دو خواهرند ")
        services.duplicates.tell_apart(two, one)  # said already
        assert len(one.distinct) == len(two.distinct) == 1
        assert (one.distinct[0].by, one.distinct[0].reason) == (clerk.user_id, "دو خواهرند")
        assert [double.contact for double in services.duplicates.of(one)] == [three]
        services.linking.link(two, three, "x")
        assert found(services, one) == found(services, three) == []
        with pytest.raises(Invalid):
            services.linking.merge(one, three, "x")
        with pytest.raises(Invalid):
            services.duplicates.tell_apart(two, three)
        with pytest.raises(Invalid):
            services.duplicates.tell_apart(one, one)
        return [one.id, two.id]

    ids = app.run(work, clerk)
    with app.reading() as services:  # it survives, and is written down
        one, two = (services.contacts.get(id_) for id_ in ids)
        assert [other for other, _said in services.duplicates.told_apart(one)] == [two]
        assert [row["action"] for row in one.audit.values()] == ["told_apart"]
        kinds = [entry.kind for entry in journal.latest(services.root, 10)]
        assert kinds.count("contact.distinct") == 2

    def back(services: Services) -> None:
        one, two = (services.contacts.get(id_) for id_ in ids)
        services.duplicates.untell(two, one)
        services.duplicates.untell(two, one)
        assert one.distinct == two.distinct == ()
        assert found(services, one)
        assert [row["action"] for row in two.audit.values() if row["action"].startswith("told")] == [
            "told_apart", "told_apart.back"]

    app.run(back, clerk)


def test_erasing_one_takes_the_word_of_him_from_the_other(app: App) -> None:
    with app.transaction() as services:
        one, two = make_contact(services), make_contact(services)
        services.duplicates.tell_apart(one, two, "SecretReason")
        services.privacy.erase(one)
        assert two.distinct == ()
        assert "SecretReason" not in str(list(two.audit.values()))


def test_a_confidential_double_is_a_number_by_name_and_identifiers_alone(app: App) -> None:
    with app.transaction() as services:
        one = services.contacts.create(name="مریم ذاکری", birth_date="1990-01-02", addresses=[LALEH],
                                       identifiers=[("phone", "09121112233")])
        services.contacts.create(name="مریم زاکری", confidentiality="confidential",
                                 identifiers=[("phone", "09121112233")])
        services.contacts.create(name="مریم ذاکری", confidentiality="confidential", birth_date="1990-01-02",
                                 addresses=[LALEH])  # what agrees here is content
        services.contacts.create(name="مریم ذاکری", confidentiality="shielded", identifiers=[("phone", "09121112233")])
        id_ = one.id
    with app.reading(make_clerk(app)) as services:
        doubles = services.duplicates.find(services.contacts.get(id_))
        assert (doubles.rows, doubles.counted) == ([], 1)
    with app.reading(make_clerk(app, "boss", roles=[Role.SUPERVISOR])) as services:
        doubles = services.duplicates.find(services.contacts.get(id_))
        assert (len(doubles.rows), doubles.counted) == (2, 0)
