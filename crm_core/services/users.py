"""Staff users: accounts, passwords, roles, and logins that can be revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from crm_core.errors import Invalid, NotFound, Taken
from crm_core.fields import SHORT
from crm_core.i18n import LANGUAGES, Text, TextFactory
from crm_core.model.once import OnceRow
from crm_core.model.user import LoginSession, User
from crm_core.security.identity import Identity
from crm_core.security.passwords import LEAST_LENGTH, MOST_LENGTH, hash_password, verify_password
from crm_core.security.permissions import Permission, Role
from crm_core.security.policy import permissions_of
from crm_core.services.context import Context
from crm_core.services.fitting import text_error, text_errors
from crm_core.text.folding import fold
from crm_core.text.typed import normal_value

_ = TextFactory("crm_core")
HOUR = 3_600_000
LOGIN_LENGTH = 64
THERE_IS_ONE = _("There is an account already; sign in with it.")
THEMES = ("auto", "light", "dark")
"""Colours of the pages; auto: those of the device."""
FIRST = "first user"
"""The claim of whoever makes the first account: two at once meet in it, and one of them comes too late."""
EDITABLE = ("name", "name_en", "roles", "units", "active", "language", "theme", "official_contact")


class Users:
    def __init__(self, context: Context) -> None:
        self.context = context

    def add(
        self, login: str, *, name: str = "", password: str, roles: Iterable[str] = (Role.CLERK,),
        units: Iterable[int] = (), language: str = "fa", name_en: str = "", hash_cost: int | None = None,
    ) -> User:
        """A new account. Raises Invalid naming each field that was refused."""
        self.context.identity.demand(Permission.ADMIN)
        values = _normal({"name": name or login, "name_en": name_en, "roles": roles, "units": units,
                          "language": language})
        errors = self._errors(values) | _password_errors(password)
        if not name:
            errors.pop("name", None)  # it is the login, of which is told below
        key = fold(login)
        if not key or " " in key or len(login.strip()) > LOGIN_LENGTH or text_error(login, SHORT) is not None:
            errors["login"] = _("A login is one word of at most 64 characters.")
        elif key in self.context.root.logins:
            errors["login"] = _("This login exists already.")
        if errors:
            raise Invalid(errors)
        if not self.context.root.users:
            self._claim_first()
        user = User()
        user.login, user.password = login.strip(), hash_password(password, hash_cost)
        for field, value in values.items():
            setattr(user, field, value)
        self.context.file(self.context.root.users, user)
        self.context.root.logins[key] = user.id
        self.context.journal.write("user.created", ("user", user.id), self.context.now)
        return user

    def add_first(
        self, login: str, *, name: str = "", password: str, language: str = "fa", hash_cost: int | None = None
    ) -> User:
        """The first administrator of a new installation. Raises Taken as soon as there is any account, and Invalid."""
        if self.context.root.users:
            raise Taken(THERE_IS_ONE)
        return self.add(login, name=name, password=password, roles=(Role.ADMINISTRATOR,), language=language,
                        hash_cost=hash_cost)

    def _claim_first(self) -> None:
        # Trees of ids and logins would merge two first accounts; one key in one tree is a conflict, tried again.
        if not self.context.root.once.insert(FIRST, OnceRow(self.context.now, "", None)):
            raise Taken(THERE_IS_ONE)

    def get(self, id_: int) -> User:
        """The account; raises NotFound."""
        user: User | None = self.context.root.users.get(id_)
        if user is None:
            raise NotFound
        return user

    def find(self, id_: int | None) -> User | None:
        return None if id_ is None else self.context.root.users.get(id_)

    def all(self) -> list[User]:
        """Every account, in order of creation."""
        return list(self.context.root.users.values())

    def active(self) -> list[User]:
        """Accounts that can sign in, in order of creation."""
        return [user for user in self.context.root.users.values() if user.active]

    def by_login(self, login: str) -> User | None:
        return self.find(self.context.root.logins.get(fold(login)))

    def check_password(self, login: str, password: str) -> User | None:
        """The active user with that login and password; None for anything else, after the same work."""
        user = self.by_login(login)
        fits = verify_password(user.password if user is not None else "", password)
        return user if user is not None and fits and user.active else None

    def edit(self, user: User, values: Mapping[str, Any], seen: Mapping[str, Any] | None = None) -> tuple[str, ...]:
        """Change attributes of `EDITABLE`; the names of what changed. Whoever is no longer active loses his logins,
        and the units in which they were made owe his promises.

        ``seen``: the values the editor started from, as in `Contacts.edit`. Raises Invalid, Forbidden, StaleChange.
        """
        self.context.identity.demand(Permission.ADMIN)
        unknown = set(values) - set(EDITABLE)
        if unknown:
            raise TypeError(f"a user has no editable field {unknown}")
        clean = _normal(values)
        errors = self._errors(clean)
        if errors:
            raise Invalid(errors)
        changes = self.context.changed_by_me(user, clean, None if seen is None else _normal(seen))
        self._keep_an_administrator(user, changes)
        changed = self.context.change(user, changes)
        if changed:
            self.context.journal.write("user.changed", ("user", user.id), self.context.now, None, changed)
        if not user.active:
            self.end_all_sessions(user)
        if "active" in changed and not user.active:
            self.context.services.promises.leave_to_units(user)
            self.context.services.approvals.leave(user)
        return changed

    def _keep_an_administrator(self, user: User, changes: Mapping[str, Any]) -> None:
        """Refuse what would leave nobody who may administer, or take that from the one who acts."""
        active, roles = changes.get("active", user.active), changes.get("roles", user.roles)
        if not administers(user.active, user.roles) or administers(active, roles):
            return
        field = "roles" if active else "active"
        others = [one for one in self.all() if one is not user and administers(one.active, one.roles)]
        if not others:
            raise Invalid({field: _("This is the last administrator; make somebody else one first.")})
        if user.id == self.context.identity.user_id:
            raise Invalid({field: _("You would lock yourself out; another administrator can do this.")})
        for one in others:  # two may take it from each other at once
            self.context.count_on(one)

    def set_password(self, user: User, password: str, hash_cost: int | None = None) -> None:
        """A new password, one's own or as administrator; all logins of the user end. Raises Invalid, Forbidden."""
        if user.id != self.context.identity.user_id:
            self.context.identity.demand(Permission.ADMIN)
        errors = _password_errors(password)
        if errors:
            raise Invalid(errors)
        user.password = hash_password(password, hash_cost)
        self.context.audit(user, "password", {})  # that it changed, never from what to what
        self.end_all_sessions(user)
        self.context.journal.write("user.changed", ("user", user.id), self.context.now, None, ("password",))

    def set_preferences(
        self, user: User, *, language: str | None = None, theme: str | None = None, single_keys: bool | None = None
    ) -> None:
        """What a user chooses for himself. Raises Invalid for what is not offered."""
        values = {"language": language, "theme": theme, "single_keys": single_keys}
        changes = {name: value for name, value in values.items() if value is not None}
        errors = self._errors(changes)
        if errors:
            raise Invalid(errors)
        self.context.change(user, changes, "preferences")

    def identity(self, user: User) -> Identity:
        """The identity with which services act for this user; includes the units below his own."""
        units = self.context.root.units
        reach: set[int] = set(user.units)
        while more := {unit.id for unit in units.values() if unit.parent in reach} - reach:
            reach |= more
        return Identity(
            user.id, user.login, user.name, frozenset(user.roles), frozenset(reach),
            permissions_of(user.roles, self.context.registry.granted()),
        )

    def start_session(self, user: User, agent: str = "") -> str:
        """Begin a login; returns the secret for the browser (only its hash is stored)."""
        secret = secrets.token_urlsafe(32)
        expires = self.context.now + self.context.settings.session_hours * HOUR
        self.context.root.sessions[session_key(secret)] = LoginSession(user.id, self.context.now, expires, agent[:200])
        user.last_login = self.context.now
        self.context.journal.write("user.login", ("user", user.id), self.context.now, by=user.id)
        return secret

    def session(self, secret: str) -> LoginSession | None:
        """The stored login of a secret, expired or not."""
        session: LoginSession | None = self.context.root.sessions.get(session_key(secret))
        return session

    def user_of_session(self, secret: str) -> User | None:
        """The active user of a login that has neither expired nor been revoked."""
        session = self.session(secret)
        if session is None or session.expires <= self.context.now:
            return None
        user = self.find(session.user)
        return user if user is not None and user.active else None

    def logins_of(self, user: User) -> list[tuple[str, LoginSession]]:
        """The logins of a user that have not ended, the last one first, each with the key it is stored under."""
        sessions = ((key, session) for key, session in self.context.root.sessions.items() if session.user == user.id)
        living = [(key, session) for key, session in sessions if session.expires > self.context.now]
        return sorted(living, key=lambda row: -row[1].started)

    def end_login(self, user: User, key: str) -> None:
        """Revoke the login of a user that is stored under a key; nothing happens when there is none."""
        session = self.context.root.sessions.get(key)
        if session is not None and session.user == user.id:
            del self.context.root.sessions[key]

    def end_session(self, secret: str) -> None:
        """Revoke one login."""
        session = self.session(secret)
        if session is not None:
            del self.context.root.sessions[session_key(secret)]
            self.context.journal.write("user.logout", ("user", session.user), self.context.now, by=session.user)

    def revoke(self, user: User, key: str = "") -> int:
        """End one login of a user by its key (`logins_of`), or all, as an administrator; how many there were."""
        self.context.identity.demand(Permission.ADMIN)
        keys = [one for one, _session in self.logins_of(user) if key in ("", one)]
        for one in keys:
            self.end_login(user, one)
        if keys:
            self.context.journal.write("user.revoked", ("user", user.id), self.context.now)
        return len(keys)

    def end_all_sessions(self, user: User) -> int:
        """Revoke all logins of a user; how many there were."""
        keys = [key for key, session in self.context.root.sessions.items() if session.user == user.id]
        for key in keys:
            del self.context.root.sessions[key]
        return len(keys)

    def purge_sessions(self, most: int) -> int:
        """Forget logins that have run out; how many, at most ``most``."""
        sessions = self.context.root.sessions
        over = list(islice((key for key, one in sessions.items() if one.expires <= self.context.now), most))
        for key in over:
            del sessions[key]
        return len(over)

    def _errors(self, values: Mapping[str, Any]) -> dict[str, Text]:
        """What is wrong with values of `EDITABLE` (normal form)."""
        errors = text_errors({name: (values[name], SHORT) for name in ("name", "name_en") if name in values})
        if "name" in values and not values["name"]:
            errors["name"] = _("A user needs a name.")
        unknown = [role for role in values.get("roles", ()) if role not in list(Role)]
        if unknown:
            errors["roles"] = _("There is no role “${role}”.", mapping={"role": unknown[0]})
        if any(unit not in self.context.root.units for unit in values.get("units", ())):
            errors["units"] = _("This unit does not exist.")
        if values.get("language", LANGUAGES[0]) not in LANGUAGES:
            errors["language"] = _("This language is not offered.")
        if values.get("theme", THEMES[0]) not in THEMES:
            errors["theme"] = _("This look is not offered.")
        contact = values.get("official_contact")
        if contact is not None and contact not in self.context.root.contacts:
            errors["official_contact"] = _("This contact does not exist.")
        return errors


def administers(active: bool, roles: Iterable[str]) -> bool:
    """Whether somebody with these roles may administer the installation."""
    return active and Permission.ADMIN in permissions_of(roles, {})


def generated_password() -> str:
    """A password that can be read out: four groups of four letters and digits that nobody mixes up (79 bits)."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _letter in range(4)) for _group in range(4))


def _normal(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values in the form they are stored: plain texts, tuples. What is no list of roles or units stays what it is: an
    editor may have seen something that nobody can name any more."""
    plain = {name: normal_value(value) for name, value in values.items()}
    if isinstance(plain.get("roles"), Iterable):
        plain["roles"] = tuple(str(role) for role in plain["roles"])
    if isinstance(plain.get("units"), Iterable):
        plain["units"] = tuple(plain["units"])
    return plain


def _password_errors(password: str) -> dict[str, Text]:
    if len(password) < LEAST_LENGTH:
        return {"password": _("A password has ${least} characters at least.", mapping={"least": LEAST_LENGTH})}
    return text_errors({"password": (password, MOST_LENGTH)})


def session_key(secret: str) -> str:
    """The key under which the login with that secret is stored."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
