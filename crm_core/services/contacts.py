"""Contacts: create, edit with stale-change protection, identifiers with their proofs, relations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any

from crm_core.durations import DAY
from crm_core.errors import Invalid, NotFound
from crm_core.i18n import Text, TextFactory
from crm_core.model import plain
from crm_core.model.contact import (
    ADDRESS_FIELDS,
    RELATION_KINDS,
    Confidentiality,
    Contact,
    ContactKind,
    Identifier,
    Proof,
    Relation,
)
from crm_core.model.interaction import Channel
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.fitting import text_error, text_errors
from crm_core.services.names import index_names, unindex_names
from crm_core.services.once import Once
from crm_core.services.reasons import identifier_reason
from crm_core.services.visibility import Eyes, Visibility
from crm_core.services.work import Work
from crm_core.text.errors import InvalidIdentifier
from crm_core.text.identifiers import normalise
from crm_core.text.typed import normal_value

_ = TextFactory("crm_core")

NAME_LENGTH = 200
NOTES_LENGTH = 10_000
LABEL_LENGTH = 50
PROOF_NOTE_LENGTH = 200
ADDRESS_LENGTH = 500
MOST_IDENTIFIERS = 50
NAME_FIELDS = ("name", "given", "family", "latin_given", "latin_family")
EDITABLE = (
    *NAME_FIELDS, "kind", "gender", "birth_date", "language", "addresses", "preferred_channel", "notes",
    "confidentiality",
)
LENGTHS = dict.fromkeys(NAME_FIELDS, NAME_LENGTH) | {"notes": NOTES_LENGTH, "gender": 20, "language": 10}
"""The most characters of each text field."""

NewIdentifier = tuple[str, str] | tuple[str, str, str]
"""(scheme, value as typed) or (scheme, value, proof)."""


class Contacts:
    def __init__(self, context: Context) -> None:
        self.context = context

    # ── read ─────────────────────────────────────────────────────────────────────────────────────────────

    def get(self, id_: int) -> Contact:
        """The contact; raises NotFound. Whether the one who acts may see it is `visibility`'s business."""
        contact: Contact | None = self.context.root.contacts.get(id_)
        if contact is None:
            raise NotFound
        return contact

    def find(self, id_: int | None) -> Contact | None:
        """The contact with that id, None when there is none (any more)."""
        return None if id_ is None else self.context.root.contacts.get(id_)

    def by_identifier(self, scheme: str, value: str) -> list[Contact]:
        """Contacts that hold the identifier (in normal form) and have not retired it."""
        indexes = self.context.root.indexes
        found = (self.context.root.contacts.get(id_) for id_ in indexes.holders(scheme, value))
        return [contact for contact in found if contact is not None]

    def linked(self, contact: Contact) -> list[Contact]:
        """All contacts that are the same citizen, this one first; those hidden from the one who acts are left out.

        Others may be there to be counted only: what is shown of them asks `readable`.
        """
        eyes = Eyes(self.context.root, self.context.identity)
        others = (self.find(id_) for id_ in contact.linked_ids if id_ != contact.id)
        return [contact, *(other for other in others if other is not None and eyes.of(other))]

    def readable(self, contact: Contact) -> list[Contact]:
        """Those of `linked` that the one who acts may read in full, so that what they hold can be shown; in its order.
        """
        eyes = Eyes(self.context.root, self.context.identity)
        return [one for one in self.linked(contact) if eyes.of(one) is Visibility.FULL]

    # ── write ────────────────────────────────────────────────────────────────────────────────────────────

    def create(
        self,
        *,
        identifiers: Iterable[NewIdentifier] = (),
        external: str = "",
        at: int | None = None,
        **values: Any,
    ) -> Contact:
        """A new contact. ``values`` are attributes of `EDITABLE`; ``at``: when it was first known, if not now.

        Raises Invalid with one sentence per refused field; nothing is stored then.
        """
        self.context.identity.demand(Permission.CONTACT_EDIT)
        clean = self._clean(values)
        normal = self._identifiers(identifiers)
        contact = Contact()
        for name, value in (clean | _whole_name(contact, clean)).items():
            setattr(contact, name, value)
        contact.identifiers = normal
        _demand_name(contact.name, normal)
        if external:
            contact.external = (plain.word(external),)
        self.context.file(self.context.root.contacts, contact, at)
        index_names(self.context.root.indexes, contact)
        for identifier in normal:
            self._hold(identifier, contact)
        self._journal("contact.created", contact, tuple(clean))
        return contact

    def edit(
        self, contact: Contact, values: Mapping[str, Any], seen: Mapping[str, Any] | None = None
    ) -> tuple[str, ...]:
        """Write what changed; the names of the fields that did.

        ``seen``: the values the editor started from. A field that somebody else has changed since raises StaleChange
        with what is stored now; fields that only one of the two touched are simply written. The whole name follows its
        parts as long as it is made of them.
        """
        self.context.identity.demand(Permission.CONTACT_EDIT)
        before = None if seen is None else {name: self._normal(name, value) for name, value in seen.items()}
        clean = self.context.changed_by_me(contact, self._clean(values), before)
        clean |= _whole_name(contact, clean)
        if set(clean) & set(NAME_FIELDS):
            _demand_name(clean.get("name", contact.name), contact.active_identifiers())
            unindex_names(self.context.root.indexes, contact)
            changed = self.context.change(contact, clean)
            index_names(self.context.root.indexes, contact)
        else:
            changed = self.context.change(contact, clean)
        if "confidentiality" in changed:
            for request in contact.requests.values():
                Work(self.context.root).refile(request)
        if changed:
            self._journal("contact.changed", contact, changed)
        return changed

    def add_identifier(
        self, contact: Contact, scheme: str, value: str, proof: str = Proof.SAID, *, label: str = ""
    ) -> Identifier:
        """Add an identifier; the same one again only raises its proof. Raises Invalid for a value that cannot be."""
        self.context.identity.demand(Permission.CONTACT_EDIT)
        (identifier,) = self._identifiers([(scheme, value, proof)])
        for known in contact.identifiers:
            if (known.scheme, known.value) == (identifier.scheme, identifier.value) and known.retired is None:
                return self.prove(contact, known, proof)
        if len(contact.identifiers) >= MOST_IDENTIFIERS:
            too_many = _("A contact has ${most} identifiers at most.", mapping={"most": MOST_IDENTIFIERS})
            raise Invalid({"value": too_many})
        errors = text_errors({"label": (label.strip(), LABEL_LENGTH)})
        if errors:
            raise Invalid(errors)
        identifier = replace(identifier, label=label.strip())
        self.context.change(contact, {"identifiers": (*contact.identifiers, identifier)}, "identifier.added")
        self._hold(identifier, contact)
        self._journal("contact.changed", contact, ("identifiers",))
        return identifier

    def prove(
        self, contact: Contact, identifier: Identifier, proof: str, note: str = "", *, again: bool = False
    ) -> Identifier:
        """Note that an identifier was proven; a proof no stronger than the present one changes nothing.

        With ``again`` an equally strong one renews the date: the document was seen once more. Raises Invalid.
        """
        self.context.identity.demand(Permission.CONTACT_EDIT)
        errors = text_errors({"note": (note.strip(), PROOF_NOTE_LENGTH)})
        if errors:
            raise Invalid(errors)
        order = list(Proof)
        better = order.index(_proof(proof)) - order.index(Proof(identifier.proof))
        if better < 0 or (better == 0 and not again):
            return identifier
        proven = replace(identifier, proof=_proof(proof).value, proven_at=self.context.now,
                         proven_by=self.context.identity.user_id, proof_note=note.strip())
        self._replace(contact, identifier, proven, "identifier.proven")
        return proven

    def retire(self, contact: Contact, identifier: Identifier) -> None:
        """The identifier is no longer the contact's; history keeps it, look-ups do not."""
        self.context.identity.demand(Permission.CONTACT_EDIT)
        if identifier.retired is not None:
            return
        self._replace(contact, identifier, replace(identifier, retired=self.context.now), "identifier.retired")
        self.context.root.indexes.release(identifier.scheme, identifier.value, contact.id)

    def relate(self, contact: Contact, other: Contact, kind: str, note: str = "") -> None:
        """``contact`` is ``kind`` of ``other``; seen from both sides. A relation that is there already stays."""
        self.context.identity.demand(Permission.CONTACT_EDIT)
        errors = text_errors({"note": (note, NOTES_LENGTH)})
        if kind not in RELATION_KINDS:
            errors["kind"] = _("This kind of relation does not exist.")
        if contact is other:
            errors["other"] = _("Nobody is a relation of himself.")
        if errors:
            raise Invalid(errors)
        for side, far, word in ((contact, other, kind), (other, contact, RELATION_KINDS[kind])):
            if any((relation.kind, relation.other) == (word, far.id) for relation in side.relations):
                continue
            relation = Relation(word, far.id, self.context.now, note)
            self.context.change(side, {"relations": (*side.relations, relation)}, "relation.added")
            self._journal("contact.changed", side, ("relations",))

    def unrelate(self, contact: Contact, other: Contact, kind: str) -> None:
        """Take back that ``contact`` is ``kind`` of ``other``, on both sides. Raises NotFound where it is not so."""
        self.context.identity.demand(Permission.CONTACT_EDIT)
        if not any((relation.kind, relation.other) == (kind, other.id) for relation in contact.relations):
            raise NotFound
        for side, far, word in ((contact, other, kind), (other, contact, RELATION_KINDS[kind])):
            kept = tuple(one for one in side.relations if (one.kind, one.other) != (word, far.id))
            if self.context.change(side, {"relations": kept}, "relation.removed"):
                self._journal("contact.changed", side, ("relations",))

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────

    def _clean(self, values: Mapping[str, Any]) -> dict[str, Any]:
        errors: dict[str, Text] = {}
        clean: dict[str, Any] = {}
        for name, value in values.items():
            if name not in EDITABLE:
                raise TypeError(f"a contact has no field {name!r}")
            clean[name] = value = value if name in ("birth_date", "addresses") else self._normal(name, value)
            error = text_error(value, LENGTHS[name]) if name in LENGTHS else None
            if error is not None:
                errors[name] = error
        if clean.get("kind", ContactKind.PERSON) not in list(ContactKind):
            errors["kind"] = _("This is neither a person nor an organisation.")
        if clean.get("confidentiality", Confidentiality.NORMAL) not in list(Confidentiality):
            errors["confidentiality"] = _("This degree of confidentiality does not exist.")
        if clean.get("preferred_channel") and clean["preferred_channel"] not in list(Channel):
            errors["preferred_channel"] = _("This channel does not exist.")
        if "birth_date" in clean:
            clean["birth_date"] = self._birth_date(clean["birth_date"], errors)
        if "addresses" in clean:
            clean["addresses"] = self._normal("addresses", clean["addresses"])
            wrong = next(filter(None, map(_address_error, clean["addresses"])), None)
            if wrong is not None:
                errors["addresses"] = wrong
        if errors:
            raise Invalid(errors)
        return clean

    @staticmethod
    def _normal(name: str, value: Any) -> Any:
        """A field's value in the form it is stored and compared in; nothing is judged here."""
        if name == "addresses":
            return tuple(_address(address) for address in value) if isinstance(value, list | tuple) else value
        if name == "birth_date":
            return (value.isoformat()[:10] if isinstance(value, date) else value) or None
        return "" if value is None else normal_value(value)

    def _birth_date(self, value: Any, errors: dict[str, Text]) -> str | None:
        if value in (None, ""):
            return None
        tomorrow = datetime.fromtimestamp((self.context.now + DAY) / 1000, UTC).date()
        try:
            born = date.fromisoformat(self._normal("birth_date", value))
        except (ValueError, TypeError):
            errors["birth_date"] = _("This is not a date.")
            return None
        if not born.year >= 1850 or born > tomorrow:
            errors["birth_date"] = _("A date of birth lies in the past.")
        return born.isoformat()

    def _identifiers(self, given: Iterable[NewIdentifier]) -> tuple[Identifier, ...]:
        found: dict[tuple[str, str], Identifier] = {}
        for scheme, value, *proof in given:
            try:
                normal = normalise(scheme, value)
            except InvalidIdentifier as error:
                raise Invalid({scheme: identifier_reason(scheme, error)}) from error
            how = _proof(proof[0] if proof else Proof.SAID)
            scheme = plain.word(scheme)
            found[scheme, normal] = Identifier(scheme, plain.word(normal), how.value, self.context.now,
                                               proven_by=self.context.identity.user_id)
        return tuple(found.values())

    def _hold(self, identifier: Identifier, contact: Contact) -> None:
        """File a contact under an identifier. Whoever does so at the same moment must be asked again whose it is.

        Two rows of one phone merge in its index, unlike two holders of any other identifier. An import asks nobody.
        """
        self.context.root.indexes.hold(identifier.scheme, identifier.value, contact.id)
        if identifier.scheme == "phone" and not self.context.bulk:
            Once(self.context).meet(f"phone:{identifier.value}")

    def _replace(self, contact: Contact, old: Identifier, new: Identifier, action: str) -> None:
        if old not in contact.identifiers:
            raise NotFound
        kept = tuple(new if identifier == old else identifier for identifier in contact.identifiers)
        self.context.change(contact, {"identifiers": kept}, action)
        self._journal("contact.changed", contact, ("identifiers",))

    def _journal(self, kind: str, contact: Contact, fields: tuple[str, ...]) -> None:
        self.context.journal.write(kind, ("contact", contact.id), self.context.now, contact.id, fields)


def _proof(word: str) -> Proof:
    try:
        return Proof(word)
    except ValueError:
        raise Invalid({"proof": _("This way of proving does not exist.")}) from None


def _whole_name(contact: Contact, values: Mapping[str, Any]) -> dict[str, str]:
    """The name made of its parts, as an addition to ``values``: where none is given, and none was given before."""
    if not set(values) & set(NAME_FIELDS):
        return {}
    parts = {name: values.get(name, getattr(contact, name)) for name in NAME_FIELDS}
    made = f"{parts['given']} {parts['family']}".strip() or f"{parts['latin_given']} {parts['latin_family']}".strip()
    was_made = contact.name == (f"{contact.given} {contact.family}".strip() or contact.latin_name)
    return {"name": made} if not parts["name"] or ("name" not in values and was_made) else {}


def _demand_name(name: str, identifiers: tuple[Identifier, ...]) -> None:
    if not name and not identifiers:
        raise Invalid({"name": _("A name, or at least one phone number or other identifier, is needed.")})


def _address_error(address: Mapping[str, Any]) -> Text | None:
    """Why an address (normal form) cannot be stored."""
    for value in address.values():
        if isinstance(value, str):
            error = text_error(value, ADDRESS_LENGTH)
            if error is not None:
                return error
        elif not isinstance(value, int | float) or not isfinite(value):
            return _("This is not an address.")
    return None


def _address(address: Mapping[str, Any]) -> dict[str, Any]:
    return {name: address[name] for name in ADDRESS_FIELDS if address.get(name) not in (None, "")}
