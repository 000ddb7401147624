"""The one place that decides who may see what: `visibility` says full, counted or hidden.

*Hidden* touches nothing: no row, no count, no suggestion, no notice. *Counted* shows that something is there (a count,
a unit, a period) and nothing of it. Rules, first that fits:

1. The system sees all. 2. A request is hidden from the staff it shields itself from (a complaint about an official).
3. A shielded contact, with all its requests, is hidden from all without that permission. 4. A request is full for the
one it is assigned to. 5. A confidential contact's content is counted without that permission. 6. What one registered or
logged oneself is full. 7. A confidential request is counted without that permission, even in one's own unit. 8. Content
of the own units is full. 9. A confidential unit's content is counted for outsiders without the permission for
confidential requests. 10. Anything else of other units, or of no unit yet, is full with ``request.view_all_units`` (the
desk answers for all of them), counted without.
"""

from __future__ import annotations

from enum import IntEnum

from crm_core.model.contact import Confidentiality, Contact
from crm_core.model.interaction import Interaction
from crm_core.model.request import Request
from crm_core.model.root import Root
from crm_core.model.timeline import EntryKind, Header
from crm_core.security.identity import Identity
from crm_core.security.permissions import Permission


class Visibility(IntEnum):
    HIDDEN = 0
    COUNTED = 1
    FULL = 2


class Eyes:
    """Visibility for one identity in one transaction; remembers its answers on requests."""

    def __init__(self, root: Root, identity: Identity) -> None:
        self.root = root
        self.identity = identity
        self._requests: dict[int, Visibility] = {}

    def of(self, thing: Contact | Request | Interaction) -> Visibility:
        """How much of ``thing`` the identity may see."""
        if self.identity.is_system:
            return Visibility.FULL
        if isinstance(thing, Contact):
            return self.of_contact(thing)
        if isinstance(thing, Request):
            return self.of_request(thing)
        return self.of_interaction(thing)

    def of_contact(self, contact: Contact) -> Visibility:
        identity = self.identity
        if not identity.has(Permission.CONTACT_FIND):
            return Visibility.HIDDEN
        if contact.confidentiality == Confidentiality.SHIELDED and not identity.has(Permission.CONTACT_VIEW_SHIELDED):
            return Visibility.HIDDEN
        if not identity.has(Permission.CONTACT_VIEW):
            return Visibility.COUNTED
        confidential = contact.confidentiality == Confidentiality.CONFIDENTIAL
        if confidential and not identity.has(Permission.CONTACT_VIEW_CONFIDENTIAL):
            return Visibility.COUNTED
        return Visibility.FULL

    def of_request(self, request: Request) -> Visibility:
        known = self._requests.get(request.id)
        if known is None:
            known = self._requests[request.id] = self._request(request)
        return known

    def _request(self, request: Request) -> Visibility:
        identity = self.identity
        if identity.is_system:
            return Visibility.FULL
        if identity.user_id in request.hidden_from:
            return Visibility.HIDDEN
        person = self._person(request.contact)
        if person is Visibility.HIDDEN:
            return Visibility.HIDDEN
        if not identity.has(Permission.REQUEST_VIEW):
            return Visibility.COUNTED
        if self._is_me(request.assignee):
            return Visibility.FULL
        if person is Visibility.COUNTED:
            return Visibility.COUNTED
        if self._is_me(request.created_by):
            return Visibility.FULL
        if request.confidentiality != "normal" and not identity.has(Permission.REQUEST_VIEW_CONFIDENTIAL):
            return Visibility.COUNTED
        return self._unit(request.unit)

    def of_interaction(self, interaction: Interaction) -> Visibility:
        if self.identity.is_system:
            return Visibility.FULL
        person = self._person(interaction.contact)
        return self._touch(person, interaction.requests, interaction.unit, interaction.created_by)

    def of_header(self, contact: Contact, header: Header) -> Visibility:
        """Visibility of a timeline entry by its header alone: the entry itself is not loaded."""
        if self.identity.is_system:
            return Visibility.FULL
        person = self.of_contact(contact)
        if header.kind == EntryKind.INTERACTION:
            return self._touch(person, header.requests, header.unit, header.by)
        return min(person, self.of_requests(header.requests))

    def _touch(self, person: Visibility, requests: tuple[int, ...], unit: int | None, by: int | None) -> Visibility:
        least = self.of_requests(requests)
        if Visibility.HIDDEN in (person, least):
            return Visibility.HIDDEN
        if person is Visibility.COUNTED:
            return Visibility.COUNTED
        return Visibility.FULL if self._is_me(by) else min(least, self._unit(unit))

    def _person(self, contact_id: int | None) -> Visibility:
        """Visibility of whom a thing belongs to; nobody known hides nothing."""
        contact = None if contact_id is None else self.root.contacts.get(contact_id)
        return Visibility.FULL if contact is None else self.of_contact(contact)

    def _is_me(self, user_id: int | None) -> bool:
        return user_id is not None and user_id == self.identity.user_id

    def of_requests(self, ids: tuple[int, ...]) -> Visibility:
        """The least of several requests' visibilities; requests that are gone do not count."""
        found = (self.root.requests.get(id_) for id_ in ids)
        return min((self.of_request(request) for request in found if request is not None), default=Visibility.FULL)

    def _unit(self, unit_id: int | None) -> Visibility:
        identity = self.identity
        if unit_id in identity.units:
            return Visibility.FULL
        unit = self.root.units.get(unit_id)
        if unit is not None and unit.confidential and not identity.has(Permission.REQUEST_VIEW_CONFIDENTIAL):
            return Visibility.COUNTED
        return Visibility.FULL if identity.has(Permission.REQUEST_VIEW_ALL_UNITS) else Visibility.COUNTED


def visibility(root: Root, identity: Identity, thing: Contact | Request | Interaction) -> Visibility:
    """How much of ``thing`` ``identity`` may see: full, counted or hidden."""
    return Eyes(root, identity).of(thing)
