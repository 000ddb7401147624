"""Likely doubles: reported with their reason, never merged, never the hidden (architecture §5.7)."""

from __future__ import annotations

from crm_core.app import App
from crm_core.model.contact import Contact
from crm_core.security.permissions import Role
from crm_core.services import Services
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
            ("م. زاکری", "The same ${kind}"), ("مریم زاکری", "The same ${kind}"),
            ("مريم ذاكري", "The same name and date of birth")}
        assert [row.likeness for row in rows] == sorted((row.likeness for row in rows), reverse=True)
        assert len(services.duplicates.of(maryam, limit=1)) == 1


def test_the_linked_the_retired_and_oneself_are_no_doubles(app: App) -> None:
    with app.transaction() as services:
        one, two = (services.contacts.create(name=name, identifiers=[("national_id", "0499370899")]) for name in "ab")
        assert (found(services, one), found(services, two)) == (["b"], ["a"])
        group = services.contacts.link(one, two, "x")
        assert found(services, one) == []
        services.contacts.unlink(group.links[0])
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
