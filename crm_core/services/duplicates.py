"""Likely doubles: contacts that share an identifier, or a name and a birth date. Reported, never merged here."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.services.context import Context
from crm_core.services.reasons import SCHEMES
from crm_core.services.visibility import Eyes, Visibility
from crm_core.text.folding import fold
from crm_core.text.heard import similarity

_ = TextFactory("crm_core")

SAME_NAME = 0.85
COMPARED = 500
"""Records that are compared for one identifier or name: of a common name there may be thousands."""
PERSONAL = ("national_id", "passport", "legal_id")
"""Identifiers that only one citizen has; a phone or address of mail is shared by families."""


@dataclass(frozen=True)
class Duplicate:
    """Somebody who may be the same citizen: ``likeness`` 0…1 of the names, ``why`` a sentence."""

    contact: Contact
    likeness: float
    why: Text


class Duplicates:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.eyes = Eyes(context.root, context.identity)

    def of(self, contact: Contact, limit: int = 5) -> list[Duplicate]:
        """Who may be the same citizen as ``contact``, likeliest first; never the linked or the hidden."""
        known = set(contact.group.members) if contact.group is not None else set()
        found: dict[int, Duplicate] = {}
        for other, why, personal in (*self._by_identifier(contact), *self._by_name(contact)):
            if other.id == contact.id or other.id in known or other.id in found:
                continue
            if self.eyes.of_contact(other) is Visibility.HIDDEN:
                continue
            likeness = similarity(contact.name, other.name)
            if personal or likeness >= SAME_NAME:
                found[other.id] = Duplicate(other, likeness, why)
        return sorted(found.values(), key=lambda one: -one.likeness)[:limit]

    def _by_identifier(self, contact: Contact) -> list[tuple[Contact, Text, bool]]:
        rows = []
        indexes = self.context.root.indexes
        for identifier in contact.active_identifiers():
            ids = islice(indexes.holders(identifier.scheme, identifier.value), COMPARED)
            why = _("The same ${kind}", mapping={"kind": SCHEMES.get(identifier.scheme, identifier.scheme)})
            rows += [(self.context.root.contacts[id_], why, identifier.scheme in PERSONAL) for id_ in ids]
        return rows

    def _by_name(self, contact: Contact) -> list[tuple[Contact, Text, bool]]:
        key = fold(contact.name)
        if len(key) < 3 or contact.birth_date is None:
            return []
        rows = []
        for id_ in islice(self.context.root.indexes.names.exactly(key), COMPARED):
            other = self.context.root.contacts[id_]
            if other.birth_date == contact.birth_date:
                rows.append((other, _("The same name and date of birth"), False))
        return rows
