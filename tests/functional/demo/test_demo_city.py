"""The demo in a database, with the core alone: complete, whole, found again, and made once only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm_core.app import App
from crm_core.checks import check_app
from crm_core.cli.describe import contact_details
from crm_core.errors import CrmError, Invalid
from crm_core.model.contact import Contact
from crm_core.model.request import Category
from crm_core.security.identity import Identity
from crm_core.services import Services
from crm_core.services.visibility import Visibility
from crm_core.testing.factories import make_app
from crm_core.text.identifiers import normalise

Fill = Callable[..., dict[str, Any]]


def identity(services: Services, login: str) -> Identity:
    user = services.users.by_login(login)
    assert user is not None
    return services.users.identity(user)


def named(services: Services, name: str) -> Contact:
    return next(contact for contact in services.root.contacts.values() if contact.name == name)


def plain(app: App) -> list[Any]:
    """Everything of every contact in plain data, without ids (codes stay: they repeat too)."""
    with app.reading() as services:
        names = {contact.id: contact.name for contact in services.root.contacts.values()}
        rows = []
        for contact in services.root.contacts.values():
            details = contact_details(services, contact, "fa")
            details["relations"] = [(one.kind, names[one.other], one.since) for one in contact.relations]
            details["modified"] = contact.modified
            for row in details["timeline"]:
                if isinstance(row.get("data"), dict):
                    row["data"] = {name: value for name, value in row["data"].items()
                                   if name not in ("from", "unit", "assignee")}
            rows.append(_without_ids(details))
        return sorted(rows, key=str)


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_ids(item) for name, item in value.items() if name not in ("id", "contact")}
    return [_without_ids(item) for item in value] if isinstance(value, list) else value


def test_the_city_is_complete(city: App) -> None:
    with city.reading() as services:
        root = services.root
        assert len(root.contacts) == 120
        assert len(root.requests) > 60
        assert len(root.interactions) > 400
        assert len(root.units) == 25
        assert {unit.kind for unit in root.units.values()} == {"function", "geography"}
        assert [unit.name for unit in root.units.values() if unit.confidential] == ["حقوقی"]
        roles = {role for user in services.users.active() for role in user.roles}
        assert roles == {"clerk", "expert", "supervisor", "executive", "administrator"}
        assert {user.language for user in services.users.active()} == {"fa", "en"}
        categories = {Category(request.category) for request in root.requests.values()}
        assert categories == set(Category)
        overdue = [request for request in root.requests.values() if request.is_open and request.due
                   and request.due < services.clock.moment(services.clock.day(1795300200000))]
        assert overdue
        assert {request.type for request in root.requests.values()} == {"core.general"}
        assert len(root.unidentified) > 0
        assert any(contact.relations for contact in root.contacts.values())


def test_nothing_is_wrong_with_it(city: App) -> None:
    result = check_app(city)
    assert result["problems"] == []


def test_every_identifier_is_in_normal_form(city: App) -> None:
    with city.reading() as services:
        for contact in services.root.contacts.values():
            for one in contact.identifiers:
                assert normalise(one.scheme, one.value) == one.value


def test_a_common_name_is_found_for_several_reasons(city: App) -> None:
    with city.reading() as services:
        hits = services.finder.find("محمدی", 100).hits
    assert len(hits) >= 5
    assert len({str(hit.why) for hit in hits}) >= 2


@pytest.mark.parametrize(
    "words",
    ["0912 000 01 47", "۰۹۱۲۰۰۰۰۱۴۷", "0012345679", "z.rezaei@example.org", "زهرا رضائی پور", "rezaeipour zahra",
     "ذهرا رزایی پور"],
)
def test_the_first_dossier_is_found(city: App, words: str) -> None:
    with city.reading() as services:
        assert "زهرا رضایی‌پور" in [hit.title for hit in services.finder.find(words).hits]


def test_the_first_dossier_has_a_story(city: App) -> None:
    with city.reading() as services:
        zahra = named(services, "زهرا رضایی‌پور")
        assert zahra.latin_name == "Zahra Rezaeipour"
        assert {one.proof for one in zahra.identifiers} == {"paper", "code", "link", "said"}
        assert {relation.kind for relation in zahra.relations} == {"spouse", "representative_of"}
        open_ = [request for request in services.requests.of_contact(zahra) if request.is_open]
        assert {"open", "waiting"} <= {request.category for request in open_}
        assert len(services.timeline.page([zahra], limit=500).rows) > 40
        assert "زهره رضائی پور" in [double.contact.name for double in services.duplicates.of(zahra)]


def test_history_shows_who_did_it_and_when(city: App) -> None:
    with city.reading() as services:
        clerks = {user.id for user in services.users.active() if "clerk" in user.roles}
        experts = {user.id for user in services.users.active() if {"expert", "supervisor"} & set(user.roles)}
        assert all(one.created_by in clerks | experts for one in services.root.interactions.values())
        for request in services.root.requests.values():
            events = list(request.events.values())
            assert events[0].kind == "request.registered"
            assert events[0].by in clerks
            assert [event.at for event in events] == sorted(event.at for event in events)
            assert all(event.by is not None for event in events)
            assert all(contact.created <= request.modified for contact in [services.contacts.get(request.contact or 0)])
        assert all(contact.created_by in clerks for contact in services.root.contacts.values())


def test_the_shielded_are_hidden_and_the_legal_unit_is_counted(city: App) -> None:
    with city.reading() as services:
        clerk = city.services(services.root, identity(services, "clerk"))
        shielded = [one for one in services.root.contacts.values() if one.confidentiality == "shielded"]
        assert len(shielded) == 1
        assert clerk.eyes.of(shielded[0]) is Visibility.HIDDEN
        legal_unit = services.units.by_name("حقوقی")
        assert legal_unit is not None
        legal = [one for one in services.root.requests.values() if one.unit == legal_unit.id]
        assert legal
        own = city.services(services.root, identity(services, "legal"))
        assert {own.eyes.of(one) for one in legal} == {Visibility.FULL}
        others = [one for one in legal if one.created_by != clerk.identity.user_id]
        assert {clerk.eyes.of(one) for one in others} <= {Visibility.COUNTED, Visibility.HIDDEN}


def test_likely_doubles_are_reported(city: App) -> None:
    with city.reading() as services:
        doubles = [one for one in services.root.contacts.values() if services.duplicates.of(one)]
    assert 2 <= len(doubles) < 40


def test_all_accounts_named_can_log_in_and_no_other(city: App, fill_demo: Fill, empty_app: App) -> None:
    report = fill_demo(empty_app, contacts=1, password="")
    assert [row["login"] for row in report["logins"]] == [
        "clerk", "sara", "expert", "supervisor", "executive", "admin", "legal"]
    with empty_app.reading() as services:
        assert services.users.check_password("clerk", report["password"]) is not None
        assert services.users.check_password("kazemi", report["password"]) is None
    with city.reading() as services:
        assert services.users.check_password("admin", "a demo password") is not None


def test_a_short_password_is_refused_and_nothing_stored(empty_app: App, fill_demo: Fill) -> None:
    with pytest.raises(Invalid):
        fill_demo(empty_app, password="short")
    with empty_app.reading() as services:
        assert not services.root.units
        assert not services.root.contacts


def test_the_same_seed_gives_the_same_city(tmp_path: Path, fill_demo: Fill) -> None:
    dumps, logins = [], []
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        app = make_app(tmp_path / name)
        fill_demo(app, seed=seed)
        dumps.append(plain(app))
        with app.reading() as services:
            logins.append([(user.login, user.name, user.created) for user in services.users.active()])
        app.close()
    assert dumps[0] == dumps[1]
    assert dumps[0] != dumps[2]
    assert logins[0] == logins[1]


def test_a_second_demo_is_refused_and_changes_nothing(empty_app: App, fill_demo: Fill) -> None:
    fill_demo(empty_app, contacts=3)
    before = plain(empty_app)
    last = empty_app.db.db.lastTransaction()
    with pytest.raises(CrmError, match="--more"):
        fill_demo(empty_app, contacts=3)
    assert empty_app.db.db.lastTransaction() == last
    assert plain(empty_app) == before


def test_more_adds_others_beside_those_there(empty_app: App, fill_demo: Fill) -> None:
    first = fill_demo(empty_app, contacts=10)
    more = fill_demo(empty_app, contacts=15, more=True, password="another password")
    assert (first["contacts"], more["contacts"]) == (10, 15)
    assert more["password"] is None
    with empty_app.reading() as services:
        assert len(services.root.contacts) == 25
        assert len(services.root.units) == 25
        assert len(services.users.active()) == 31
        assert services.users.check_password("clerk", "a demo password") is not None
        ids = [one.value for contact in services.root.contacts.values() for one in contact.identifiers
               if one.scheme == "national_id" and one.value != "0012345679"]
        assert len(ids) == len(set(ids))
    assert check_app(empty_app)["problems"] == []


def test_accounts_of_other_people_are_left_alone(empty_app: App, fill_demo: Fill) -> None:
    def hire(services: Services) -> None:
        services.users.add("clerk", name="Somebody real", password="a real password", hash_cost=1)

    empty_app.run(hire)
    report = fill_demo(empty_app, contacts=2)
    assert report["logins"][0]["login"] == "clerk2"
    with empty_app.reading() as services:
        assert services.users.check_password("clerk", "a real password") is not None


def test_a_history_cannot_end_in_the_future(empty_app: App, fill_demo: Fill) -> None:
    with pytest.raises(CrmError):
        fill_demo(empty_app, until="2999-01-01")
    with empty_app.reading() as services:
        assert not services.root.contacts


@pytest.mark.parametrize("contacts", [1, 2, 4])
def test_the_smallest_cities(empty_app: App, fill_demo: Fill, contacts: int) -> None:
    assert fill_demo(empty_app, contacts=contacts)["contacts"] == contacts
    assert check_app(empty_app)["problems"] == []


@pytest.mark.file_storage  # on others the settings name the storage
def test_the_settings_name_the_city(tmp_path: Path, fill_demo: Fill) -> None:
    app = make_app(tmp_path / "new")
    fill_demo(app, contacts=1)
    app.close()
    assert "crm.organisation = شهرداری شهر نمونه" in (tmp_path / "new" / "crm.ini").read_text("utf-8")
    named_already = make_app(tmp_path / "named", organisation="Our town")
    fill_demo(named_already, contacts=1)
    named_already.close()
    assert not (tmp_path / "named" / "crm.ini").exists()
