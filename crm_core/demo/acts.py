"""What happens in the demo, as plain facts in the order in which they are written down; `write` performs them.

``now`` is when somebody writes it down (milliseconds UTC), ``who`` the login of that member of staff. Persons, cases
and times of meetings are named by their keys; ``{code}`` in a text stands for the tracking code of the first case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from crm_core.demo.papers import Paper
from crm_core.demo.people import Person, Tie


@dataclass(frozen=True)
class Ref:
    """An id that is known only when it is stored. ``kind``: "case", "slot" or "staff"."""

    kind: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Act:
    now: int
    who: str


@dataclass(frozen=True, kw_only=True)
class Meet(Act):
    """A contact is made."""

    person: Person


@dataclass(frozen=True, kw_only=True)
class Relate(Act):
    """Two contacts are related."""

    tie: Tie


@dataclass(frozen=True, kw_only=True)
class Link(Act):
    """Two records turn out to be one citizen."""

    one: str
    other: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Prove(Act):
    """An identifier is proven better than it was."""

    person: str
    scheme: str
    value: str
    proof: str


@dataclass(frozen=True, kw_only=True)
class Say(Act):
    """A touch on a channel. ``person`` empty: nobody knew who it was; ``later`` names who it turned out to be."""

    person: str
    channel: str
    direction: str
    subject: str
    body: str = ""
    outcome: str = ""
    started: int
    duration: int = 0
    about: tuple[str, ...] = ()
    address: str = ""
    later: str = ""
    papers: tuple[Paper, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Ask(Act):
    """A request is registered; it came at ``at``. ``answers`` are what a browser would send, with `Ref` for ids."""

    person: str
    case: str
    type: str
    answers: dict[str, Any]
    title: str
    text: str
    channel: str
    unit: str
    at: int
    code: str
    priority: str = "normal"
    confidential: bool = False


@dataclass(frozen=True, kw_only=True)
class Refer(Act):
    """A request is handed to a unit and perhaps somebody there."""

    case: str
    unit: str
    assignee: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Move(Act):
    """A request gets another status; ``slot`` is the time of a meeting that comes with it."""

    case: str
    status: str
    note: str = ""
    slot: str = ""


@dataclass(frozen=True)
class Slot:
    """A time for meetings; moments in milliseconds UTC."""

    key: str
    starts: int
    ends: int


@dataclass
class Plan:
    """Everything of one demo. ``chapters`` may be stored one after another; the acts of each are in order of time."""

    slots: list[Slot] = field(default_factory=list)
    chapters: list[list[Act]] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(len(chapter) for chapter in self.chapters)
