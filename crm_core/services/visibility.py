"""The one place that decides who may see what: `visibility` says full, counted or hidden.

*Hidden* touches nothing: no row, no count, no suggestion, no notice. *Counted* shows that something is there (a count,
a unit, a period) and nothing of it. Rules, first that fits:

1. The system sees all. 2. A request is hidden from the staff it shields itself from (a complaint about an official).
3. A shielded contact is hidden from all without that permission. 4. A confidential contact's content is counted without
that permission. 5. Content of the own units, of what one registered or is assigned to is full. 6. A confidential unit's
content is counted for outsiders, a confidential request's for all without that permission. 7. Anything else of other
units is full with ``request.view_all_units`` (the desk answers for all of them), counted without.
"""

from __future__ import annotations

from enum import IntEnum

from crm_core.model.contact import Confidentiality, Contact
from crm_core.model.interaction import Interaction
from crm_core.model.request import Request
from crm_core.model.root import Root
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
        if request.contact is not None:
            contact = self.root.contacts.get(request.contact)
            if contact is not None and self.of_contact(contact) is Visibility.HIDDEN:
                return Visibility.HIDDEN
        if not identity.has(Permission.REQUEST_VIEW):
            return Visibility.COUNTED
        if identity.user_id is not None and identity.user_id in (request.assignee, request.created_by):
            return Visibility.FULL
        if request.confidentiality != "normal" and not identity.has(Permission.REQUEST_VIEW_CONFIDENTIAL):
            return Visibility.COUNTED
        return self._unit(request.unit)

    def of_interaction(self, interaction: Interaction) -> Visibility:
        if self.identity.is_system:
            return Visibility.FULL
        if interaction.contact is not None:
            contact = self.root.contacts.get(interaction.contact)
            if contact is not None and self.of_contact(contact) is not Visibility.FULL:
                return self.of_contact(contact)
        least = self.of_requests(interaction.requests)
        if least is Visibility.HIDDEN:
            return least
        own = self.identity.user_id is not None and interaction.created_by == self.identity.user_id
        return Visibility.FULL if own else min(least, self._unit(interaction.unit))

    def of_header(self, contact: Contact, requests: tuple[int, ...], unit: int | None) -> Visibility:
        """Visibility of a timeline entry as far as its header tells, without loading the entry."""
        if self.identity.is_system:
            return Visibility.FULL
        return min(self.of_contact(contact), self.of_requests(requests), self._unit(unit))

    def of_requests(self, ids: tuple[int, ...]) -> Visibility:
        """The least of several requests' visibilities; requests that are gone do not count."""
        found = (self.root.requests.get(id_) for id_ in ids)
        return min((self.of_request(request) for request in found if request is not None), default=Visibility.FULL)

    def _unit(self, unit_id: int | None) -> Visibility:
        identity = self.identity
        if unit_id is None or unit_id in identity.units:
            return Visibility.FULL
        unit = self.root.units.get(unit_id)
        if unit is not None and unit.confidential and not identity.has(Permission.REQUEST_VIEW_CONFIDENTIAL):
            return Visibility.COUNTED
        return Visibility.FULL if identity.has(Permission.REQUEST_VIEW_ALL_UNITS) else Visibility.COUNTED


def visibility(root: Root, identity: Identity, thing: Contact | Request | Interaction) -> Visibility:
    """How much of ``thing`` ``identity`` may see: full, counted or hidden."""
    return Eyes(root, identity).of(thing)
