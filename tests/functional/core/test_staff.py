"""Staff: logins, passwords, sessions, rights, units in a tree (issue §2; architecture §5.10)."""

from __future__ import annotations

from typing import Any

import pytest

from crm_core.app import App
from crm_core.db import root_of
from crm_core.errors import Forbidden, Invalid, StaleChange
from crm_core.model.user import UnitKind, User
from crm_core.security.identity import SYSTEM
from crm_core.security.passwords import hash_password, verify_password
from crm_core.security.permissions import Permission, Role
from crm_core.services import Services
from crm_core.testing.factories import PASSWORD, make_clerk

HOUR = 3_600_000


def add(services: Services, login: str = "maryam", **more: Any) -> User:
    return services.users.add(login, password=PASSWORD, hash_cost=1, **more)


# ── accounts ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_login_is_one_however_it_is_typed(app: App) -> None:
    with app.transaction() as services:
        user = add(services, "  Ali_كاظمي۱ ")
        assert user.login == "Ali_كاظمي۱"
        for typed in ("ali_کاظمی1", "ALI_كاظمي۱", "Ali_کاظمی١", " ali_کاظمی1 "):
            assert services.users.by_login(typed) is user
            assert services.users.check_password(typed, PASSWORD) is user
            with pytest.raises(Invalid, match="exists already"):
                add(services, typed)
        assert services.users.by_login("") is None
        assert services.users.by_login("\ud800") is None


@pytest.mark.parametrize(("values", "field"), [
    ({"login": ""}, "login"), ({"login": "two words"}, "login"), ({"login": "x" * 65}, "login"),
    ({"login": "\ud800"}, "login"), ({"login": "\u200c"}, "login"),
    ({"password": "short"}, "password"), ({"password": "x" * 1001}, "password"),
    ({"password": "\ud800" * 10}, "password"), ({"roles": ["king"]}, "roles"), ({"units": [5]}, "units"),
    ({"language": "de"}, "language"), ({"name": "x" * 201}, "name"),
], ids=repr)
def test_an_account_that_cannot_be_is_refused_by_field(app: App, values: dict[str, Any], field: str) -> None:
    with app.transaction() as services:
        with pytest.raises(Invalid) as refused:
            services.users.add(**{"login": "maryam", "password": PASSWORD, "hash_cost": 1, **values})
        assert set(refused.value.errors) == {field}
        assert len(services.root.users) == len(services.root.logins) == 0


def test_a_password_opens_only_its_own_active_account(app: App) -> None:
    with app.transaction() as services:
        user = add(services, roles=(role for role in (Role.CLERK, Role.EXPERT)))
        assert user.roles == ("clerk", "expert")
        assert {type(role) for role in user.roles} == {str}
        assert PASSWORD not in user.password
        for password in ("", PASSWORD.upper(), PASSWORD + " ", "x" * 100_000, "\ud800"):
            assert services.users.check_password("maryam", password) is None
        assert services.users.check_password("nobody", PASSWORD) is None
        services.users.edit(user, {"active": False})
        assert services.users.check_password("maryam", PASSWORD) is None


def test_passwords_are_salted_and_empty_ones_fit_nothing() -> None:
    one, two = hash_password("رمز عبور خوب", 1), hash_password("رمز عبور خوب", 1)
    assert one != two
    assert verify_password(one, "رمز عبور خوب")
    assert not verify_password(one, "رمز عبور خوب ")
    assert not verify_password("", "")
    assert not verify_password("no hash at all", "x")


def test_a_new_password_ends_all_logins_and_is_written_down_nowhere(app: App) -> None:
    clerk, other = make_clerk(app, "maryam"), make_clerk(app, "reza")
    with app.transaction() as services:
        user = services.users.get(clerk.user_id or 0)
        secret = services.users.start_session(user)
        old = user.password
    with app.transaction(other) as services, pytest.raises(Forbidden):
        services.users.set_password(services.users.get(clerk.user_id or 0), "a new password", 1)
    with app.transaction(clerk) as services:
        user = services.users.get(clerk.user_id or 0)
        with pytest.raises(Invalid):
            services.users.set_password(user, "short", 1)
        services.users.set_password(user, "a new password", 1)
        assert services.users.user_of_session(secret) is None
        assert services.users.check_password("maryam", "a new password") is user
        assert services.users.check_password("maryam", PASSWORD) is None
        (row,) = user.audit.values()
        assert (row["action"], row["changes"]) == ("password", {})
        assert old not in str(list(user.audit.values()))


def test_stale_changes_of_a_user_show_both_versions(app: App) -> None:
    """§5.10"""
    with app.transaction() as services:
        user = add(services, name="مریم", roles=[Role.CLERK])
        seen = {"name": "مریم", "roles": ["clerk"], "active": True}
        assert services.users.edit(user, {**seen, "name": "مریم ذاکری"}, seen) == ("name",)
        assert services.users.edit(user, {**seen, "roles": [Role.EXPERT]}, seen) == ("roles",)
        assert (user.name, user.roles) == ("مریم ذاکری", ("expert",))
        with pytest.raises(StaleChange) as stale:
            services.users.edit(user, {**seen, "name": "م", "active": False}, seen)
        assert (stale.value.theirs, stale.value.mine) == ({"name": "مریم ذاکری"}, {"name": "م"})
        assert user.active
        for wrong in ({"name": " "}, {"roles": ["king"]}, {"theme": "pink"}, {"official_contact": 5}, {"units": [5]}):
            with pytest.raises(Invalid):
                services.users.edit(user, wrong)
        with pytest.raises(TypeError):
            services.users.edit(user, {"login": "other"})
        services.users.set_preferences(user, language="en", theme="dark")
        assert (user.language, user.theme) == ("en", "dark")
        with pytest.raises(Invalid):
            services.users.set_preferences(user, language="de")
        assert [row["action"] for row in user.audit.values()] == ["change", "change", "preferences"]


# ── logins that last ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_login_lasts_its_hours_and_not_longer(app: App) -> None:
    with app.transaction() as services:
        user = add(services)
        secret = services.users.start_session(user, "Firefox" * 100)
        now, user_id = services.now, user.id
        (key,) = services.root.sessions.keys()
        assert secret not in key
        session = services.users.session(secret)
        assert session is not None
        assert (session.expires, len(session.agent)) == (now + 10 * HOUR, 200)

    def who(at: int) -> int | None:
        with app.db.reading() as connection:
            user = app.services(root_of(connection), SYSTEM, at=at).users.user_of_session(secret)
            return None if user is None else user.id

    assert [who(now), who(now + 10 * HOUR - 1), who(now + 10 * HOUR)] == [user_id, user_id, None]


def test_logins_are_revoked_one_by_one_or_all(app: App) -> None:
    with app.transaction() as services:
        maryam, reza = add(services), add(services, "reza")
        mine = [services.users.start_session(maryam) for _ in range(3)]
        his = services.users.start_session(reza)
        assert len({*mine, his}) == 4
        services.users.end_session(mine[0])
        services.users.end_session(mine[0])
        services.users.end_session("\ud800")
        assert [services.users.user_of_session(secret) for secret in mine] == [None, maryam, maryam]
        assert services.users.end_all_sessions(maryam) == 2
        assert [services.users.user_of_session(secret) for secret in [*mine, his]] == [None, None, None, reza]
        services.users.edit(reza, {"active": False})
        assert len(services.root.sessions) == 0
        for nonsense in ("", "x", "\0", his + "x"):
            assert services.users.user_of_session(nonsense) is None


# ── units and rights ─────────────────────────────────────────────────────────────────────────────────────────


def test_units_form_a_tree_and_rights_reach_down_it(app: App) -> None:
    with app.transaction() as services:
        units = services.units
        city = units.add("شهرداری", name_en="City")
        water, roads = units.add("آب", parent=city.id), units.add("راه", parent=city.id)
        east = units.add("منطقهٔ شرق", parent=roads.id, kind=UnitKind.GEOGRAPHY)
        alone = units.add("حقوقی", confidential=True)
        assert [unit.name for unit in units.all()] == ["شهرداری", "آب", "راه", "منطقهٔ شرق", "حقوقی"]
        assert units.with_descendants(city.id) == {city.id, water.id, roads.id, east.id}
        assert units.with_descendants(east.id) == {east.id}
        user = add(services, units=[roads.id, alone.id])
        assert services.users.identity(user).units == {roads.id, east.id, alone.id}
        assert (type(east.kind), east.kind) == (str, "geography")
        for typed in ("شهرداري", "CITY", "city"):
            assert units.by_name(typed) is city
        assert units.by_name("") is units.by_name("\u200c") is None


@pytest.mark.parametrize(("values", "field"), [
    ({"name": ""}, "name"), ({"name": "\u200c"}, "name"), ({"name": "x" * 201}, "name"), ({"name": "آب"}, "name"),
    ({"name": "Water"}, "name"), ({"name": "new", "name_en": "water"}, "name_en"),
    ({"name": "new", "parent": 5}, "parent"), ({"name": "new", "kind": "planet"}, "kind"), ({"name": "\ud800"}, "name"),
], ids=repr)
def test_a_unit_that_cannot_be_is_refused_by_field(app: App, values: dict[str, Any], field: str) -> None:
    with app.transaction() as services:
        services.units.add("آب", name_en="Water")
        with pytest.raises(Invalid) as refused:
            services.units.add(**values)
        assert set(refused.value.errors) == {field}
        assert len(services.units.all()) == 1


def test_an_identity_holds_what_its_roles_give(app: App) -> None:
    clerk = make_clerk(app, "clerk", roles=[Role.CLERK])
    both = make_clerk(app, "both", roles=[Role.EXPERT, Role.ADMINISTRATOR])
    assert clerk.has(Permission.CONTACT_EDIT)
    assert not clerk.has(Permission.ADMIN)
    assert both.has(Permission.ADMIN) and both.has(Permission.CONTACT_EDIT)
    assert not make_clerk(app, "nobody", roles=[]).has(Permission.CONTACT_FIND)
    with pytest.raises(Forbidden) as refused:
        clerk.demand(Permission.ADMIN)
    assert refused.value.permission == "admin"


# ── interactions ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("values", "field"), [
    ({"channel": "pigeon"}, "channel"), ({"direction": "up"}, "direction"), ({"body": " \n "}, "body"),
    ({"body": "x" * 20_001}, "body"), ({"subject": "x" * 201}, "subject"), ({"body": "\ud800"}, "subject"),
    ({"subject": "x", "body": "\ud800"}, "body"), ({"outcome": "lost"}, "outcome"), ({"started": -1}, "started"),
    ({"started": 1 << 62}, "started"), ({"duration": -1}, "duration"), ({"duration": 90_000}, "duration"),
    ({"address": "x" * 201}, "address"), ({"unit": 5}, "unit"),
], ids=lambda value: repr(value)[:30])
def test_a_conversation_that_cannot_be_is_refused_by_field(app: App, values: dict[str, Any], field: str) -> None:
    with app.transaction() as services:
        with pytest.raises(Invalid) as refused:
            services.interactions.log(None, **{"channel": "phone", "body": "سلام", **values})
        assert set(refused.value.errors) == {field}
        assert len(services.root.interactions) == len(services.root.unidentified) == 0


def test_a_line_is_its_own_subject_and_nothing_of_a_long_one_is_lost(app: App) -> None:
    long = "کلمه " * 100
    with app.transaction() as services:
        for body, subject, rest in (
            ("یک خط", "یک خط", ""), ("یک\nدو\nسه", "یک", "دو\nسه"), (long, None, long.strip()),
            ("\n\n یک \n دو", "یک", "دو"),
        ):
            touch = services.interactions.log(None, channel="note", body=body)
            assert touch.body == rest
            assert touch.subject == subject or (subject is None and len(touch.subject) <= 200)


def test_somebody_unknown_is_identified_once(app: App) -> None:
    clerk = make_clerk(app)
    with app.transaction(clerk) as services:
        touch = services.interactions.log(None, channel="phone", body="قطع شد", started=services.now - HOUR)
        assert list(services.root.unidentified) == [touch.id]
        contact, other = (services.contacts.create(name=name) for name in ("علی", "رضا"))
        services.interactions.identify(touch, contact)
        assert len(services.root.unidentified) == 0
        (row,) = services.timeline.page([contact]).rows
        assert row.at == services.now - HOUR  # type: ignore[union-attr]
        with pytest.raises(Invalid):
            services.interactions.identify(touch, other)
        (audit,) = touch.audit.values()
        assert audit["changes"] == {"contact": [None, contact.id]}
