"""Staff users: accounts, passwords, roles, and logins that can be revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable

from crm_core.errors import Invalid, NotFound
from crm_core.i18n import LANGUAGES, TextFactory
from crm_core.model.user import LoginSession, User
from crm_core.security.identity import Identity
from crm_core.security.passwords import LEAST_LENGTH, hash_password, verify_password
from crm_core.security.permissions import Role
from crm_core.security.policy import permissions_of
from crm_core.services.context import Context
from crm_core.text.folding import fold

_ = TextFactory("crm_core")
HOUR = 3_600_000


class Users:
    def __init__(self, context: Context) -> None:
        self.context = context

    def add(
        self, login: str, *, name: str = "", password: str, roles: Iterable[str] = (Role.CLERK,),
        units: Iterable[int] = (), language: str = "fa", name_en: str = "", hash_cost: int | None = None,
    ) -> User:
        """A new account. Raises Invalid naming each field that was refused."""
        errors = {}
        key = fold(login)
        if not key or " " in key or len(key) > 64:
            errors["login"] = _("A login is one word of at most 64 characters.")
        elif key in self.context.root.logins:
            errors["login"] = _("This login exists already.")
        if len(password) < LEAST_LENGTH:
            errors["password"] = _("A password has ${least} characters at least.", mapping={"least": LEAST_LENGTH})
        unknown = [role for role in roles if role not in list(Role)]
        if unknown:
            errors["roles"] = _("There is no role “${role}”.", mapping={"role": unknown[0]})
        if any(unit not in self.context.root.units for unit in units):
            errors["units"] = _("This unit does not exist.")
        if language not in LANGUAGES:
            errors["language"] = _("This language is not offered.")
        if errors:
            raise Invalid(errors)
        user = User()
        user.login, user.name, user.name_en = login.strip(), name.strip() or login.strip(), name_en.strip()
        user.password = hash_password(password, hash_cost)
        user.roles, user.units, user.language = tuple(str(role) for role in roles), tuple(units), language
        self.context.file(self.context.root.users, user)
        self.context.root.logins[key] = user.id
        self.context.journal.write("user.created", ("user", user.id), self.context.now)
        return user

    def get(self, id_: int) -> User:
        user: User | None = self.context.root.users.get(id_)
        if user is None:
            raise NotFound
        return user

    def find(self, id_: int | None) -> User | None:
        return None if id_ is None else self.context.root.users.get(id_)

    def active(self) -> list[User]:
        return [user for user in self.context.root.users.values() if user.active]

    def by_login(self, login: str) -> User | None:
        return self.find(self.context.root.logins.get(fold(login)))

    def check_password(self, login: str, password: str) -> User | None:
        """The active user with that login and password; None for anything else, after the same work."""
        user = self.by_login(login)
        fits = verify_password(user.password if user is not None else "", password)
        return user if user is not None and fits and user.active else None

    def set_preferences(self, user: User, *, language: str | None = None, theme: str | None = None) -> None:
        """What a user chooses for himself."""
        changes = {"language": language, "theme": theme}
        self.context.change(user, {name: value for name, value in changes.items() if value is not None}, "preferences")

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
        self.context.root.sessions[_session_key(secret)] = LoginSession(user.id, self.context.now, expires, agent[:200])
        return secret

    def session(self, secret: str) -> LoginSession | None:
        """The stored login of a secret, expired or not."""
        session: LoginSession | None = self.context.root.sessions.get(_session_key(secret))
        return session

    def user_of_session(self, secret: str) -> User | None:
        """The active user of a login that has neither expired nor been revoked."""
        session = self.session(secret)
        if session is None or session.expires <= self.context.now:
            return None
        user = self.find(session.user)
        return user if user is not None and user.active else None

    def end_session(self, secret: str) -> None:
        """Revoke one login."""
        key = _session_key(secret)
        if key in self.context.root.sessions:
            del self.context.root.sessions[key]

    def end_all_sessions(self, user: User) -> int:
        """Revoke all logins of a user; how many there were."""
        keys = [key for key, session in self.context.root.sessions.items() if session.user == user.id]
        for key in keys:
            del self.context.root.sessions[key]
        return len(keys)


def _session_key(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
