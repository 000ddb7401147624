"""Staff users: accounts, passwords, roles, and logins that can be revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from crm_core.errors import Invalid, NotFound
from crm_core.fields import SHORT
from crm_core.i18n import LANGUAGES, Text, TextFactory
from crm_core.model.user import LoginSession, User
from crm_core.security.identity import Identity
from crm_core.security.passwords import LEAST_LENGTH, MOST_LENGTH, hash_password, verify_password
from crm_core.security.permissions import Permission, Role
from crm_core.security.policy import permissions_of
from crm_core.services.context import Context
from crm_core.services.fitting import text_error, text_errors
from crm_core.text.folding import fold

_ = TextFactory("crm_core")
HOUR = 3_600_000
LOGIN_LENGTH = 64
THEMES = ("light", "dark")
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
        user = User()
        user.login, user.password = login.strip(), hash_password(password, hash_cost)
        for field, value in values.items():
            setattr(user, field, value)
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

    def edit(self, user: User, values: Mapping[str, Any], seen: Mapping[str, Any] | None = None) -> tuple[str, ...]:
        """Change attributes of `EDITABLE`; the names of what changed. Whoever is no longer active loses his logins.

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
        changed = self.context.change(user, changes)
        if changed:
            self.context.journal.write("user.changed", ("user", user.id), self.context.now, None, changed)
        if not user.active:
            self.end_all_sessions(user)
        return changed

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

    def set_preferences(self, user: User, *, language: str | None = None, theme: str | None = None) -> None:
        """What a user chooses for himself. Raises Invalid for what is not offered."""
        values = {"language": language, "theme": theme}
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


def _normal(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values in the form they are stored: plain texts, tuples."""
    plain = {name: str(value).strip() if isinstance(value, str) else value for name, value in values.items()}
    if "roles" in plain:
        plain["roles"] = tuple(str(role) for role in plain["roles"])
    if "units" in plain:
        plain["units"] = tuple(plain["units"])
    return plain


def _password_errors(password: str) -> dict[str, Text]:
    if len(password) < LEAST_LENGTH:
        return {"password": _("A password has ${least} characters at least.", mapping={"least": LEAST_LENGTH})}
    return text_errors({"password": (password, MOST_LENGTH)})


def _session_key(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
