"""Records that are one citizen: linked by a dated, reasoned claim that can be taken back at any time.

Nothing is copied; whoever reads one record reads all of its group, each as far as it may be read. When a claim is taken
back, what was born after it can be given to the record it belongs to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from typing import Literal

from crm_core.errors import Invalid, NotFound, StaleChange
from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact, Identifier, Link, LinkGroup
from crm_core.model.ids import first_id, id_time
from crm_core.model.interaction import Interaction
from crm_core.model.promise import Promise
from crm_core.model.request import Request
from crm_core.model.timeline import EntryKind
from crm_core.security.permissions import Permission
from crm_core.services.contactfields import FieldGroups
from crm_core.services.context import Context
from crm_core.services.duplicates import Duplicates
from crm_core.services.fitting import text_errors
from crm_core.services.likeness import PERSONAL, values_of
from crm_core.services.links import regroup
from crm_core.services.moving import Moving
from crm_core.services.personrecords import PersonRecords
from crm_core.services.reasons import SCHEMES
from crm_core.services.visibility import Eyes, Visibility

_ = TextFactory("crm_core")

REASON_LENGTH = 1000
MOST_ASKED = 100
"""Things born after a link that are asked about when it is taken back: the newest."""
SCANNED = 5000
LATE_FILED = 90 * 86_400_000
"""How long after it happened a conversation may have been written down, milliseconds."""


@dataclass(frozen=True)
class Conflict:
    """What speaks against two records being one citizen; a ``strong`` one must be accepted by its ``name``."""

    name: str
    text: Text
    strong: bool = True


@dataclass(frozen=True)
class Born:
    """Something that came to a record after a link was made. ``key`` names it in a form."""

    key: str
    kind: Literal["interaction", "request", "promise", "identifier"]
    thing: Interaction | Request | Promise | Identifier
    contact: Contact


@dataclass(frozen=True)
class BornAfter:
    """``rows`` newest first; ``more`` are older than those asked about, ``unread`` may not be read: all these stay."""

    rows: list[Born]
    more: int
    unread: int

    @property
    def seen(self) -> str:
        """A short text that differs when something was born since."""
        return _digest([row.key for row in self.rows])


class Linking:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.eyes = Eyes(context.root, context.identity)
        self.duplicates = Duplicates(context)

    # ── claims ───────────────────────────────────────────────────────────────────────────────────────────

    def link(self, first: Contact, second: Contact, reason: str) -> LinkGroup:
        """Claim that two contacts are one citizen: dated, reasoned, reversible; nothing is copied.

        Records of collections that declare it (``on_merge="move"``) go to the oldest record, until the claim is taken
        back. Claiming what is claimed of the same two already changes nothing. Raises Invalid, and what a plugin's
        ``contacts_merging`` raises.
        """
        self.context.identity.demand(Permission.CONTACT_EDIT)
        errors = text_errors({"reason": (reason.strip(), REASON_LENGTH)})
        if first is second:
            errors["second"] = _("This is the same record.")
        if not reason.strip():
            errors["reason"] = _("Say why these are the same person.")
        if errors:
            raise Invalid(errors)
        links = [link for contact in (first, second) if contact.group is not None for link in contact.group.links]
        if first.group is not None and any({link.first, link.second} == {first.id, second.id} for link in links):
            return first.group
        kept, other = sorted((first, second), key=lambda one: one.linked_ids)
        self.context.host.each("contacts_merging", services=self.context.services, kept=kept, other=other)
        moved = PersonRecords(self.context).gather(kept.linked_ids[0], other.linked_ids[0])
        link = Link(first.id, second.id, self.context.now, self.context.identity.user_id, reason.strip(), moved)
        regroup(self.context.root, (), [*links, link])
        for contact in (first, second):
            self.context.audit(contact, "linked", {"link": [None, [first.id, second.id, link.reason]]})
            self._journal("contact.linked", contact)
        assert first.group is not None
        return first.group

    def unlink(self, link: Link, reason: str = "") -> None:
        """Take a claim back: the group falls into the parts that other claims still hold together."""
        self.context.identity.demand(Permission.CONTACT_EDIT)
        group = self._contact(link.first).group
        if group is None or link not in group.links:
            raise NotFound
        PersonRecords(self.context).regroup(group, [other for other in group.links if other != link])
        why = [link.first, link.second, reason] if reason else None
        for id_ in (link.first, link.second):
            contact = self._contact(id_)
            self.context.audit(contact, "unlinked", {"link": [[link.first, link.second, link.reason], why]})
            self._journal("contact.unlinked", contact)

    def claims(self, contact: Contact) -> list[Link]:
        """The links that hold the citizen together, the last one first; those with an end that may not be read are
        left out."""
        links = contact.group.links if contact.group is not None else ()
        return [link for link in reversed(links) if all(map(self._readable, (link.first, link.second)))]

    def claim(self, contact: Contact, first: int, second: int) -> Link:
        """The claim that links these two (contact ids, in any order), of the contact's group. Raises NotFound."""
        for link in self.claims(contact):
            if {link.first, link.second} == {first, second}:
                return link
        raise NotFound

    def members(self, contact: Contact) -> list[Contact]:
        """The records of this citizen that may be read in full, this one first."""
        rest = (id_ for id_ in contact.linked_ids if id_ != contact.id)
        return [contact, *(self._contact(id_) for id_ in rest if self._readable(id_))]

    # ── merge ────────────────────────────────────────────────────────────────────────────────────────────

    def conflicts(self, first: Contact, second: Contact) -> list[Conflict]:
        """What contradicts in the records that would stand together; hidden ones do not tell of themselves."""
        pairs = list(product(self.members(first), self.members(second)))
        found: dict[str, Conflict] = {}
        for scheme in PERSONAL:
            values = [(values_of(one, scheme), values_of(other, scheme)) for one, other in pairs]
            if any(mine and theirs and not mine & theirs for mine, theirs in values):
                two = _("They have two different identifiers of one kind: ${kind}.", mapping={"kind": SCHEMES[scheme]})
                found[scheme] = Conflict(scheme, two)
        for one, other in pairs:
            found |= {conflict.name: conflict for conflict in _contradictions(one, other)}
            for name, label in FieldGroups(self.context).contradictions(one, other):
                found[name] = Conflict(name, _("They say different things: ${field}.", mapping={"field": label}))
        return list(found.values())

    def seen(self, first: Contact, second: Contact) -> str:
        """A short text that differs when one of the two records was changed or linked since."""
        rows = [[contact.id, contact.revision, sorted(one.id for one in self.members(contact))]
                for contact in sorted((first, second), key=lambda contact: contact.id)]
        return _digest([*rows, sorted(conflict.name for conflict in self.conflicts(first, second))])

    def merge(
        self, first: Contact, second: Contact, reason: str, *, accepted: Collection[str] = (), seen: str | None = None
    ) -> LinkGroup:
        """`link`, with all that a clerk must have looked at first.

        ``accepted``: the names of the strong conflicts that were weighed; ``seen``: what `seen` gave when they were.
        Raises Invalid (reason, accepted, second), StaleChange, NotFound where one may not be read in full.
        """
        self.context.identity.demand(Permission.CONTACT_EDIT)
        if not (self._readable(first.id) and self._readable(second.id)):
            raise NotFound
        if second.id in first.linked_ids and first is not second:
            raise Invalid({"second": _("These two are linked as one citizen already.")})
        if self._said_apart(first, second):
            raise Invalid({"second": _("Somebody said that these are two people; take that back first.")})
        if seen is not None and seen != self.seen(first, second):
            raise StaleChange({})
        if {conflict.name for conflict in self.conflicts(first, second) if conflict.strong} - set(accepted):
            raise Invalid({"accepted": _("Look at what contradicts, and say that you did.")})
        return self.link(first, second, reason)

    def _said_apart(self, first: Contact, second: Contact) -> bool:
        pairs = product(self.members(first), self.members(second))
        return any(self.duplicates.said_apart(one, other) is not None for one, other in pairs)

    # ── take back ────────────────────────────────────────────────────────────────────────────────────────

    def holds_without(self, link: Link) -> bool:
        """Whether other claims still link the two when this one is taken back."""
        links = self._contact(link.first).group
        rest = [other for other in links.links if other != link] if links is not None else []
        reach = {link.first}
        while more := {end for one in rest for end in (one.first, one.second)
                       if {one.first, one.second} & reach} - reach:
            reach |= more
        return link.second in reach

    def born_after(self, link: Link) -> BornAfter:
        """What came to the group's records after the claim, so that it can be said to whom it belongs."""
        rows: list[tuple[int, Born]] = []
        unread = 0
        for contact in self.members(self._contact(link.first)):
            for at, row in (*self._interactions(contact, link.at), *self._requests(contact, link.at),
                            *self._promises(contact, link.at)):
                if isinstance(row.thing, Identifier) or self.eyes.of(row.thing) is Visibility.FULL:
                    rows.append((at, row))
                else:
                    unread += self.eyes.of(row.thing) is Visibility.COUNTED
            rows += self._identifiers(contact, link.at)
        rows.sort(key=lambda pair: (-pair[0], pair[1].key))
        return BornAfter([row for _at, row in rows[:MOST_ASKED]], max(0, len(rows) - MOST_ASKED), unread)

    def take_back(
        self, link: Link, moves: Mapping[str, int], *, reason: str = "", apart: bool = False, seen: str | None = None
    ) -> int:
        """Take a claim back and give what was born after it to the records named; how much was moved.

        ``moves``: key of `Born` → contact id of the group (default: it stays); ``apart``: remember that these are two
        people. ``seen``: `BornAfter.seen` of what was asked about. Raises Invalid, StaleChange, NotFound.
        """
        self.context.identity.demand(Permission.CONTACT_EDIT)
        first, second = self._contact(link.first), self._contact(link.second)
        if first.group is None or link not in self.claims(first):
            raise NotFound
        errors = text_errors({"reason": (reason.strip(), REASON_LENGTH)})
        if errors:
            raise Invalid(errors)
        born = self.born_after(link)
        if seen is not None and seen != born.seen:
            raise StaleChange({})
        members = {contact.id: contact for contact in self.members(first)}
        moved = 0
        for row in born.rows:
            to = members.get(moves.get(row.key, row.contact.id))
            if to is None:
                raise Invalid({row.key: _("This record is not one of this citizen’s.")})
            moved += to is not row.contact
            self._move(row, to)
        separate = not self.holds_without(link)
        self.unlink(link, reason.strip())
        if apart and separate:
            self.duplicates.tell_apart(first, second, reason)
        return moved

    def _move(self, row: Born, to: Contact) -> None:
        moving = Moving(self.context)
        if isinstance(row.thing, Interaction):
            moving.interaction(row.thing, to)
        elif isinstance(row.thing, Request):
            moving.request(row.thing, to)
        elif isinstance(row.thing, Promise):
            self.context.services.promises.move_to(row.thing, to)
        else:
            moving.identifier(row.contact, row.thing, to)

    def _interactions(self, contact: Contact, at: int) -> Iterator[tuple[int, Born]]:
        """Conversations written down after ``at``, also those that took place before."""
        for header in islice(contact.timeline.values(first_id(at - LATE_FILED)), SCANNED):
            if header.kind == EntryKind.INTERACTION and header.ref.created > at:
                yield header.ref.created, Born(f"i{header.ref.id}", "interaction", header.ref, contact)

    @staticmethod
    def _requests(contact: Contact, at: int) -> Iterator[tuple[int, Born]]:
        for request in islice(contact.requests.values(first_id(at + 1)), SCANNED):
            yield request.created, Born(f"r{request.id}", "request", request, contact)

    @staticmethod
    def _promises(contact: Contact, at: int) -> Iterator[tuple[int, Born]]:
        """Promises made after ``at`` about no request; the others go where their request goes."""
        for promise in (contact.promises or {}).values():
            if promise.created > at and promise.request is None:
                yield promise.created, Born(f"p{promise.id}", "promise", promise, contact)

    @staticmethod
    def _identifiers(contact: Contact, at: int) -> Iterator[tuple[int, Born]]:
        """Active identifiers that were added after ``at``, by the record's audit."""
        added: dict[tuple[str, str], int] = {}
        for key, row in contact.audit.items(first_id(at + 1)) if contact.audit is not None else ():
            if row["action"] not in ("identifier.added", "identifier.moved"):
                continue
            before, after = row["changes"].get("identifiers", ([], []))
            old = {(one["scheme"], one["value"]) for one in before}
            added |= {pair: id_time(key) for one in after if (pair := (one["scheme"], one["value"])) not in old}
        for one in contact.active_identifiers():
            when = added.get((one.scheme, one.value))
            if when is not None:
                key = f"n{_digest([contact.id, one.scheme, one.value])}"
                yield when, Born(key, "identifier", one, contact)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────

    def _contact(self, id_: int) -> Contact:
        contact: Contact | None = self.context.root.contacts.get(id_)
        if contact is None:
            raise NotFound
        return contact

    def _readable(self, id_: int) -> bool:
        contact = self.context.root.contacts.get(id_)
        return contact is not None and self.eyes.of(contact) is Visibility.FULL

    def _journal(self, kind: str, contact: Contact) -> None:
        self.context.journal.write(kind, ("contact", contact.id), self.context.now, contact.id)


def _contradictions(one: Contact, other: Contact) -> Iterator[Conflict]:
    if one.kind != other.kind:
        yield Conflict("kind", _("One is a person, the other an organisation."))
    if one.birth_date and other.birth_date and one.birth_date != other.birth_date:
        yield Conflict("birth_date", _("They have two different dates of birth."))
    if any(relation.other == other.id for relation in one.relations):
        yield Conflict("relations", _("They are recorded as two people who are related to each other."))
    if one.confidentiality != other.confidentiality:
        yield Conflict("confidentiality", _("One is more confidential than the other: whoever may read the open record"
                                            " learns that there is a second one, and nothing of it."))
    if one.gender and other.gender and one.gender != other.gender:
        yield Conflict("gender", _("One is a man, the other a woman."), strong=False)


def _digest(rows: list[object]) -> str:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]
