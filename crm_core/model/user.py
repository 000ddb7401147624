"""Staff: users, their login sessions, and the units they work in."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from persistent import Persistent

from crm_core.model.record import Record


class UnitKind(StrEnum):
    FUNCTION = "function"
    GEOGRAPHY = "geography"


class Unit(Record):
    """A part of the organisation, in a tree by ``parent`` (unit id). ``confidential``: outsiders see only counts.

    A unit is closed, never removed: what it did stays under its name. ``successor``: the unit that took its work over.
    """

    name: str = ""
    name_en: str = ""
    kind: str = UnitKind.FUNCTION.value
    parent: int | None = None
    confidential: bool = False
    active: bool = True
    successor: int | None = None


class OwnWork(Persistent):
    """What somebody keeps for the own work, beside the record: it is written often, and few pages read it.

    ``views``: lists of work kept under a name (id, name and the query of each), in one's own order. ``undo``: what was
    done to several requests at once, last one last, for as long as it can be taken back. ``turns``: what “the next one”
    gave in the last minutes, last one last: it is not given again at once.
    """

    undo: tuple[dict[str, Any], ...] = ()
    turns: tuple[dict[str, Any], ...] = ()

    def __init__(self, views: tuple[dict[str, str], ...] = ()) -> None:
        self.views = views


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
    theme: str = "auto"
    single_keys: bool = True
    """Whether keys of one letter do something; WCAG 2.2, 2.1.4 asks that they can be switched off."""
    official_contact: int | None = None
    last_login: int = 0
    """Milliseconds UTC; 0: never yet."""
    own_work: OwnWork | None = None
    """Read it by `kept`, write to it by `keeping`."""
    work_views: tuple[dict[str, str], ...] = ()
    """Where the views of `OwnWork` lay before it was there, for users who have written nothing to it since."""

    def kept(self) -> OwnWork:
        """What is kept of the own work, to be read only."""
        return self.own_work if self.own_work is not None else OwnWork(self.work_views)

    def keeping(self) -> OwnWork:
        """What is kept of the own work, to be changed."""
        if self.own_work is None:
            self.own_work = OwnWork(self.work_views)
            for name in {"work_views", "work_undo", "work_turns"} & vars(self).keys():
                delattr(self, name)
        return self.own_work


class LoginSession(Persistent):
    """A login that can be revoked: stored under the SHA-256 of the secret the browser holds."""

    def __init__(self, user: int, started: int, expires: int, agent: str) -> None:
        self.user = user
        self.started = started
        self.expires = expires
        self.agent = agent
