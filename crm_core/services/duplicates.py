"""Likely doubles: found by rule and by likeness, reported with reasons, never merged; "not the same" is remembered.

Whoever may not be known of is no suggestion and takes no place among them; who may only be counted is a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from crm_core.errors import Invalid, NotFound
from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact, Distinct
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.fitting import text_errors
from crm_core.services.likeness import Evidence, evidence
from crm_core.services.names import heard_keys
from crm_core.services.visibility import Eyes, Visibility
from crm_core.text.folding import fold

_ = TextFactory("crm_core")

COMPARED = 300
"""Records that are compared for one contact, and for one of its identifiers: of a common name there may be thousands,
and whoever opens a dossier waits for this."""
HEARD_KEYS = 6
LIKELY = 50
"""Least percentage that is worth a clerk's look."""
REASON_LENGTH = 1000
MOST_DISTINCT = 200


@dataclass(frozen=True)
class Duplicate:
    """Somebody who may be the same citizen, with what speaks for and against it."""

    contact: Contact
    evidence: Evidence

    @property
    def likeness(self) -> float:
        """0…1."""
        return self.evidence.percent / 100

    @property
    def why(self) -> Text:
        """The weightiest reason."""
        return self.evidence.reasons[0]


@dataclass(frozen=True)
class Doubles:
    """Likely doubles, likeliest first; ``counted``: how many more there are of whom nothing may be read."""

    rows: list[Duplicate]
    counted: int = 0


class Duplicates:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.eyes = Eyes(context.root, context.identity)

    # ── find ─────────────────────────────────────────────────────────────────────────────────────────────

    def of(self, contact: Contact, limit: int = 5) -> list[Duplicate]:
        """Who may be the same citizen as ``contact``, likeliest first; only whom the one who acts may read."""
        return self.find(contact, limit).rows

    def find(self, contact: Contact, limit: int = 5) -> Doubles:
        """Likely doubles of ``contact``; never the linked, the hidden, or who is known to be somebody else.

        Of several records that are linked with each other only the likeliest is named.
        """
        apart = self._apart(contact)
        best: dict[tuple[int, ...], Duplicate] = {}
        counted: set[int] = set()
        for other in self._candidates(contact):
            if other.id in apart:
                continue
            seen = self.eyes.of_contact(other)
            if seen is Visibility.HIDDEN:
                continue
            found = evidence(contact, other, names_and_identifiers_only=seen is not Visibility.FULL)
            if found.percent < LIKELY or not found.reasons:
                continue
            if seen is not Visibility.FULL:
                counted.add(other.id)
                continue
            citizen = other.linked_ids
            if citizen not in best or found.percent > best[citizen].evidence.percent:
                best[citizen] = Duplicate(other, found)
        rows = sorted(best.values(), key=lambda row: (-row.evidence.percent, row.contact.id))
        return Doubles(rows[:limit], len(counted))

    def _apart(self, contact: Contact) -> set[int]:
        """Ids of the contact itself, of its linked records, and of all who are known not to be this citizen."""
        own = set(contact.linked_ids)
        apart = set(own)
        for id_ in own:
            member = self.context.root.contacts.get(id_)
            for said in member.distinct if member is not None else ():
                other = self.context.root.contacts.get(said.other)
                apart |= {said.other} if other is None else set(other.linked_ids)
        return apart

    def _candidates(self, contact: Contact) -> list[Contact]:
        """Contacts worth comparing, each once: those with a common identifier first, then those of a like name."""
        ids = dict.fromkeys(islice(self._ids(contact), COMPARED * 2))
        ids.pop(contact.id, None)
        found = [other for id_ in islice(ids, COMPARED) if (other := self.context.root.contacts.get(id_)) is not None]
        unloaded = [other for other in found if other._p_changed is None]
        if self.context.root._p_jar is not None and unloaded:
            self.context.root._p_jar.prefetch(unloaded)
        return found

    def _ids(self, contact: Contact) -> Iterator[int]:
        indexes = self.context.root.indexes
        for identifier in contact.active_identifiers():
            yield from islice(indexes.holders(identifier.scheme, identifier.value), COMPARED)
        if contact.birth_date is None and not contact.addresses:
            return  # a name alone, however like, is no reason: nothing else could agree
        for key in dict.fromkeys((fold(contact.name), fold(contact.latin_name))):
            if len(key) >= 3:
                yield from islice(indexes.names.exactly(key), COMPARED)
        for key in islice(sorted(heard_keys(contact)), HEARD_KEYS):
            yield from islice(indexes.heard.exactly(key), COMPARED)

    # ── not the same ─────────────────────────────────────────────────────────────────────────────────────

    def told_apart(self, contact: Contact) -> list[tuple[Contact, Distinct]]:
        """Whom this contact was said not to be, the last one first; only whom the one who acts may read."""
        found = ((self.context.root.contacts.get(said.other), said) for said in contact.distinct)
        rows = [(other, said) for other, said in found if other is not None and self._readable(other)]
        return sorted(rows, key=lambda row: -row[1].at)

    def said_apart(self, first: Contact, second: Contact) -> Distinct | None:
        """What was said of these two themselves, if anything."""
        return next((said for said in first.distinct if said.other == second.id), None)

    def tell_apart(self, first: Contact, second: Contact, reason: str = "") -> None:
        """Remember on both that these are two people. Saying it again changes nothing.

        Raises Invalid where they are linked as one, NotFound where one of them may not be read in full.
        """
        self._demand(first, second)
        errors = text_errors({"reason": (reason.strip(), REASON_LENGTH)})
        if first is second:
            errors["other"] = _("This is the same record.")
        elif second.id in first.linked_ids:
            errors["other"] = _("These two are linked as one citizen; take that back first.")
        if errors:
            raise Invalid(errors)
        if self.said_apart(first, second) is not None:
            return
        for one, other in ((first, second), (second, first)):
            if len(one.distinct) >= MOST_DISTINCT:
                raise Invalid({"other": _("This is remembered of ${most} records at most.",
                                          mapping={"most": MOST_DISTINCT})})
            said = Distinct(other.id, self.context.now, self.context.identity.user_id, reason.strip())
            self._keep(one, (*one.distinct, said), "told_apart", [None, [one.id, other.id, said.reason]])

    def untell(self, first: Contact, second: Contact) -> None:
        """Take "not the same" back on both; nothing said changes nothing."""
        self._demand(first, second)
        for one, other in ((first, second), (second, first)):
            said = self.said_apart(one, other)
            if said is not None:
                kept = tuple(row for row in one.distinct if row != said)
                self._keep(one, kept, "told_apart.back", [[one.id, other.id, said.reason], None])

    def _keep(self, contact: Contact, distinct: tuple[Distinct, ...], action: str, change: list[object]) -> None:
        contact.distinct = distinct
        self.context.audit(contact, action, {"link": change})
        self.context.journal.write("contact.distinct", ("contact", contact.id), self.context.now, contact.id)

    def _demand(self, *contacts: Contact) -> None:
        self.context.identity.demand(Permission.CONTACT_EDIT)
        if not all(self._readable(contact) for contact in contacts):
            raise NotFound

    def _readable(self, contact: Contact) -> bool:
        return self.eyes.of(contact) is Visibility.FULL
