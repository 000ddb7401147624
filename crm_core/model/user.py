"""Staff: users, their login sessions, and the units they work in."""

from __future__ import annotations

from enum import StrEnum

from persistent import Persistent

from crm_core.model.record import Record


class UnitKind(StrEnum):
    FUNCTION = "function"
    GEOGRAPHY = "geography"


class Unit(Record):
    """A part of the organisation, in a tree by ``parent`` (unit id). ``confidential``: outsiders see only counts."""

    name: str = ""
    name_en: str = ""
    kind: str = UnitKind.FUNCTION.value
    parent: int | None = None
    confidential: bool = False


class User(Record):
    """A member of staff. ``password`` is an argon2 hash; ``roles`` are role ids, ``units`` unit ids."""

    login: str = ""
    name: str = ""
    name_en: str = ""
    password: str = ""
    roles: tuple[str, ...] = ()
    units: tuple[int, ...] = ()
    active: bool = True
    language: str = "fa"
    theme: str = "light"
    official_contact: int | None = None


class LoginSession(Persistent):
    """A login that can be revoked: stored under the SHA-256 of the secret the browser holds."""

    def __init__(self, user: int, started: int, expires: int, agent: str) -> None:
        self.user = user
        self.started = started
        self.expires = expires
        self.agent = agent
