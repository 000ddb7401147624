"""A case a citizen is owed an answer for, with its frozen type version and submission."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from BTrees.LOBTree import LOBTree
from persistent import Persistent

from crm_core.model.attachment import Attachment
from crm_core.model.ids import key_behind
from crm_core.model.interaction import Direction, Interaction
from crm_core.model.record import Record
from crm_core.model.timeline import Event
from crm_core.model.workflow import StoredTransition

NOT_REACHED = "no_contact"
"""The outcome of an interaction in which nobody was reached."""


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
    """A status as it was when its type version was published. ``stage``: what citizens read, where it is another word.
    """

    name: str
    category: str
    labels: dict[str, str]
    stage: dict[str, str] | None = None


class TypeVersion(Persistent):
    """A request type frozen at one moment: name, labels, statuses, ways between them, form version; content-addressed
    by ``id``.

    It keeps requests readable and answerable when the plugin is gone. ``number``: which edition of this organisation's
    own workflow it holds, 0 for that of the plugin.
    """

    transitions: tuple[StoredTransition, ...] = ()
    """None at all: from every status to every other one."""
    number: int = 0

    def __init__(
        self,
        id_: str,
        type_id: str,
        labels: dict[str, str],
        statuses: tuple[StoredStatus, ...],
        form: str,
        icon: str,
        transitions: tuple[StoredTransition, ...] = (),
        number: int = 0,
    ) -> None:
        self.id = id_
        self.type_id = type_id
        self.labels = labels
        self.statuses = statuses
        self.form = form
        self.icon = icon
        if transitions:
            self.transitions = transitions
        if number:
            self.number = number

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
    due_by: str = ""
    """what set it: ``plugin``, ``target``, ``type`` (the calendar days of its kind), ``hand``; "" before that was kept
    """
    first_due: int | None = None
    """until when the citizen is to be told something first (ms UTC)"""
    target: int = 0
    """the edition of the targets that its deadlines were set by; 0 for none"""
    pauses: tuple[dict[str, Any], ...] = ()
    """When its clock stood, oldest first, each plain: ``since``, ``until`` (ms UTC, None while it does), ``reason``
    (which the citizen may read), ``by`` (user id), ``status`` (whether its status was why), ``kept`` (whether somebody
    set the deadline meanwhile, which stays then)."""
    alarms: dict[str, int] | None = None
    """what was told of which deadline: ``first`` or ``solution``, a dot, ``warning`` or ``breach`` → ms UTC"""
    closed: int | None = None
    channel: str = ""
    contact: int | None = None
    submission: Submission | None = None
    attachments: tuple[Attachment, ...] = ()
    confidentiality: str = "normal"
    hidden_from: tuple[int, ...] = ()
    """User ids for whom this request does not exist (the conflict shield)."""
    external: str = ""
    news: int = 0
    """When something last happened (`happened`), 0 while nothing has since it was registered: ask `last_news`."""
    heard: str = ""
    """The channel on which the citizen spoke last, until somebody acts on it."""
    approvals: tuple[Any, ...] = ()
    """`Approval`s that were asked for, oldest first"""
    touches: Any = None
    """LOBTree of time key → `Interaction`: what was said about this request; made when needed"""

    def __init__(self) -> None:
        self.events = LOBTree()
        """time key → Event: the request's own history, also when nobody is known to have sent it"""

    def remember_event(self, event: Event) -> None:
        """File at the event's time, behind those of the same moment."""
        self.events[key_behind(self.events, event.at)] = event

    def remember_touch(self, touch: Interaction) -> None:
        """File what was said about this request at its time, behind what was said at the same moment."""
        if self.touches is None:
            self.touches = LOBTree()
        self.touches[key_behind(self.touches, touch.started)] = touch
        self.happened_by(touch)

    def happened(self, at: int, heard: str = "") -> None:
        """It was handed over, got another status, or a word was said: at ``at`` (ms UTC), by the citizen on the channel
        ``heard``, else by us. What is older than the last news is none."""
        if at >= self.last_news:
            self.news, self.heard = at, heard

    def happened_by(self, touch: Interaction) -> None:
        """What was said is news, but for words among colleagues."""
        if touch.direction != Direction.INTERNAL:
            self.happened(touch.started, touch.channel if touch.direction == Direction.IN else "")

    @property
    def last_news(self) -> int:
        """When something last happened: registered, handed over, another status, a word of or to the citizen (ms)."""
        return self.news or self.created

    def forget_in_audit(self, names: Collection[str]) -> None:
        """The audit holds no answers to the fields ``names`` any more."""
        if names:
            self.rewrite_audit(lambda name, change: [_without(side, names) for side in change]
                               if name == "submission" else change)

    def forget_touch(self, touch: Interaction) -> None:
        """Take out what was said, where it is filed."""
        for key in [key for key, one in (self.touches or {}).items() if one is touch]:
            del self.touches[key]

    @property
    def is_open(self) -> bool:
        return Category(self.category).is_open

    @property
    def pause(self) -> dict[str, Any] | None:
        """The pause in which its clock stands now; None while it runs."""
        last = self.pauses[-1] if self.pauses and self.is_open else None
        return last if last is not None and last["until"] is None else None

    @property
    def owed_by(self) -> int | None:
        """Until when an answer is owed as lists have it: None also while its clock stands, unless it was late before.
        """
        pause = self.pause
        return None if pause is not None and self.due is not None and self.due > pause["since"] else self.due

    def is_late(self, now: int) -> bool:
        """Whether an answer is owed and its time has passed; not while the clock stands that was in time before."""
        return self.is_open and self.owed_by is not None and self.owed_by < now

    @property
    def owes_first_by(self) -> int | None:
        """Until when the citizen is to be told something first; None where that was done, and while its clock stands,
        unless it was late before."""
        if self.first_due is None or self.first_answer is not None:
            return None
        pause = self.pause
        return None if pause is not None and self.first_due > pause["since"] else self.first_due

    @property
    def first_answer(self) -> int | None:
        """When the citizen was told something first, or it was closed (ms UTC); None while neither has happened."""
        told = (touch.started for touch in (self.touches or {}).values()
                if touch.direction == Direction.OUT and touch.outcome != NOT_REACHED)
        return min(told, default=None if self.is_open else self.closed)


def _without(submission: Any, names: Collection[str]) -> Any:
    """A submission as the audit holds it (plain, or None), without some answers."""
    if not submission:
        return submission
    return {**submission, "answers": {name: one for name, one in submission["answers"].items() if name not in names}}
