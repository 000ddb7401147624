"""The citizen: a person or an organisation, with identifiers and their proofs, relations, and links to doubles."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from BTrees.LOBTree import LOBTree
from persistent import Persistent

from crm_core.model.record import Record
from crm_core.model.timeline import History


class ContactKind(StrEnum):
    PERSON = "person"
    ORGANISATION = "organisation"


class Proof(StrEnum):
    """How an identifier was proven, weakest first."""

    HEARSAY = "hearsay"  # somebody else said so, or a file did
    SAID = "said"  # the citizen's own word
    LINK = "link"  # a link in a mail was followed
    CODE = "code"  # a code sent to it came back
    IN_PERSON = "in_person"  # known in person at the desk
    PAPER = "paper"  # seen on a document


class Confidentiality(StrEnum):
    """Who may read a contact's content; see `crm_core.services.visibility`."""

    NORMAL = "normal"
    CONFIDENTIAL = "confidential"
    SHIELDED = "shielded"


@dataclass(frozen=True)
class Identifier:
    """Something a citizen is known by: ``value`` in normal form (`crm_core.text.identifiers.normalise`)."""

    scheme: str
    value: str
    proof: str = Proof.SAID.value
    proven_at: int | None = None
    label: str = ""
    retired: int | None = None
    proven_by: int | None = None
    """the user before whom it was proven; None also for what was recorded before this was kept"""
    proof_note: str = ""


@dataclass(frozen=True)
class Relation:
    """``other`` is the contact id at the far end; ``kind`` is a word of `RELATION_KINDS` read from this side."""

    kind: str
    other: int
    since: int
    note: str = ""


RELATION_KINDS: dict[str, str] = {
    "spouse": "spouse",
    "parent": "child",
    "child": "parent",
    "sibling": "sibling",
    "household": "household",
    "representative_of": "represented_by",
    "represented_by": "representative_of",
    "employer": "employee",
    "employee": "employer",
    "member_of": "has_member",
    "has_member": "member_of",
}
"""Each kind of relation and what the far end calls it."""

ADDRESS_FIELDS = ("province", "city", "district", "line", "postal_code", "latitude", "longitude")


@dataclass(frozen=True)
class Link:
    """Two contacts that are one citizen: a dated, reasoned claim that can be taken back at any time."""

    first: int
    second: int
    at: int
    by: int | None
    reason: str
    moved: tuple[tuple[str, int, int], ...] = field(default=(), compare=False)
    """(collection id, item id, contact id it came from) of the records that claims moved to the oldest contact"""


@dataclass(frozen=True)
class Distinct:
    """What is said of two contacts that look alike: they are two people. Kept on both; ``other`` is the far id."""

    other: int
    at: int
    by: int | None
    reason: str = ""


class LinkGroup(Persistent):
    """Contacts linked as one citizen. Nothing is copied between them; readers merge their timelines."""

    links: tuple[Link, ...] = ()

    def __init__(self, links: tuple[Link, ...] = ()) -> None:
        self.links = links

    @property
    def members(self) -> tuple[int, ...]:
        """Contact ids, oldest record first."""
        return tuple(sorted({id_ for link in self.links for id_ in (link.first, link.second)}))


class Contact(Record):
    """A person or organisation. Plain attributes only; what grows (history, requests) lies in trees of its own."""

    kind: str = ContactKind.PERSON.value
    name: str = ""
    given: str = ""
    family: str = ""
    latin_given: str = ""
    latin_family: str = ""
    gender: str = ""
    birth_date: str | None = None
    language: str = "fa"
    identifiers: tuple[Identifier, ...] = ()
    addresses: tuple[dict[str, Any], ...] = ()
    preferred_channel: str = ""
    notes: str = ""
    confidentiality: str = Confidentiality.NORMAL.value
    relations: tuple[Relation, ...] = ()
    group: LinkGroup | None = None
    distinct: tuple[Distinct, ...] = ()
    external: tuple[str, ...] = ()
    open: LOBTree | None = None
    """id of each open request → its `WorkHeader`, to count them without loading one; None until there was one"""
    promises: LOBTree | None = None
    """id → `Promise` made to this contact; None until there was one"""
    extra: dict[str, Any]
    """id of a group of contact fields → `Submission`; each answer has the moment ``at`` it was given, ms UTC. Replaced
    as a whole."""

    def __init__(self) -> None:
        self.extra = {}
        self.headers = LOBTree()
        self.things = LOBTree()
        self.requests = LOBTree()

    @property
    def timeline(self) -> History:
        """What happened with this contact."""
        return History(self.headers, self.things)

    @property
    def latin_name(self) -> str:
        return f"{self.latin_given} {self.latin_family}".strip()

    @property
    def is_person(self) -> bool:
        return self.kind == ContactKind.PERSON

    @property
    def linked_ids(self) -> tuple[int, ...]:
        """The ids of all records linked as one citizen with this one, itself among them, oldest record first."""
        return self.group.members if self.group is not None else (self.id,)

    def active_identifiers(self) -> tuple[Identifier, ...]:
        return tuple(identifier for identifier in self.identifiers if identifier.retired is None)
