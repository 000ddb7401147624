"""A case a citizen is owed an answer for, with its frozen type version and submission."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from BTrees.LOBTree import LOBTree
from persistent import Persistent

from crm_core.model.attachment import Attachment
from crm_core.model.ids import key_behind
from crm_core.model.record import Record
from crm_core.model.timeline import Event


class Category(StrEnum):
    """The core's meaning of a status, whatever a plugin calls it."""

    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    DONE = "done"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        return self not in (Category.DONE, Category.CANCELLED)


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


@dataclass(frozen=True)
class StoredStatus:
    """A status as it was when its type version was published."""

    name: str
    category: str
    labels: dict[str, str]


class TypeVersion(Persistent):
    """A request type frozen at one moment: name, labels, statuses, form version. Content-addressed by ``id``.

    It keeps requests readable and answerable when the plugin is gone.
    """

    def __init__(
        self,
        id_: str,
        type_id: str,
        labels: dict[str, str],
        statuses: tuple[StoredStatus, ...],
        form: str,
        icon: str,
    ) -> None:
        self.id = id_
        self.type_id = type_id
        self.labels = labels
        self.statuses = statuses
        self.form = form
        self.icon = icon

    def status(self, name: str) -> StoredStatus:
        """The status called ``name``; KeyError where this version has none."""
        for status in self.statuses:
            if status.name == name:
                return status
        raise KeyError(name)


@dataclass(frozen=True)
class Submission:
    """What was answered: the form version's id and, per field, the value and the texts shown then.

    ``answers``: ``{field: {"value": plain, "text": {"fa": …, "en": …}}}``.
    """

    form: str
    answers: dict[str, Any]


class Request(Record):
    """One case. ``due`` and ``closed`` are milliseconds UTC or None; lateness is never stored."""

    code: str = ""
    type: str = ""
    version: TypeVersion
    title: str = ""
    text: str = ""
    status: str = ""
    category: str = Category.NEW.value
    unit: int | None = None
    assignee: int | None = None
    priority: str = Priority.NORMAL.value
    due: int | None = None
    closed: int | None = None
    channel: str = ""
    contact: int | None = None
    submission: Submission | None = None
    attachments: tuple[Attachment, ...] = ()
    confidentiality: str = "normal"
    hidden_from: tuple[int, ...] = ()
    """User ids for whom this request does not exist (the conflict shield)."""
    external: str = ""

    def __init__(self) -> None:
        self.events = LOBTree()
        """time key → Event: the request's own history, also when nobody is known to have sent it"""

    def remember_event(self, event: Event) -> None:
        """File at the event's time, behind those of the same moment."""
        self.events[key_behind(self.events, event.at)] = event

    @property
    def is_open(self) -> bool:
        return Category(self.category).is_open
