"""The one place that decides who may see what: `visibility` says full, counted or hidden.

*Hidden* touches nothing: no row, no count, no suggestion, no notice. *Counted* shows that something is there (a count,
a unit, a period) and nothing of it. Rules, first that fits:

1. The system sees all. 2. A request is hidden from the staff it shields itself from (a complaint about an official),
and with it all that is told of it. 3. A shielded contact, with all its requests, is hidden from all without that
permission. 4. A request is full for the one it is assigned to. 5. A fact about requests is seen as these are, whoever
the citizen is. 6. What was said or promised about requests is full for whoever reads all of these in full, whichever
unit wrote it down, unless that unit is a confidential one (11); a promise also for whoever owes it. 7. A confidential
contact's content is counted without that permission. 8. What one registered or logged oneself is full. 9. A
confidential request, and what was said about it, is counted without that permission, even in one's own unit. 10.
Content of the own units is full. 11. A confidential unit's content is counted for outsiders without the permission for
confidential requests. 12. Anything else of other units, or of no unit yet, is full with ``request.view_all_units`` (the
desk answers for all of them), counted without.

Requests that are gone decide nothing any more: what was told of them alone is judged by its citizen and its unit.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from crm_core.model.contact import Confidentiality, Contact
from crm_core.model.interaction import Interaction
from crm_core.model.promise import Promise
from crm_core.model.request import Request
from crm_core.model.root import Root
from crm_core.model.timeline import WRITTEN, Header
from crm_core.model.worklist import WorkHeader
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

    def of(self, thing: Contact | Request | Interaction | Promise) -> Visibility:
        """How much of ``thing`` the identity may see."""
        if self.identity.is_system:
            return Visibility.FULL
        if isinstance(thing, Contact):
            return self.of_contact(thing)
        if isinstance(thing, Request):
            return self.of_request(thing)
        return self.of_promise(thing) if isinstance(thing, Promise) else self.of_interaction(thing)

    def of_contact(self, contact: Contact) -> Visibility:
        return self._of_degree(contact.confidentiality)

    def _of_degree(self, degree: str) -> Visibility:
        """Visibility of a contact that is that confidential."""
        identity = self.identity
        if not identity.has(Permission.CONTACT_FIND):
            return Visibility.HIDDEN
        if degree == Confidentiality.SHIELDED and not identity.has(Permission.CONTACT_VIEW_SHIELDED):
            return Visibility.HIDDEN
        if not identity.has(Permission.CONTACT_VIEW):
            return Visibility.COUNTED
        confidential = degree == Confidentiality.CONFIDENTIAL
        if confidential and not identity.has(Permission.CONTACT_VIEW_CONFIDENTIAL):
            return Visibility.COUNTED
        return Visibility.FULL

    def of_request(self, request: Request) -> Visibility:
        known = self._requests.get(request.id)
        if known is None:
            known = self._requests[request.id] = self._request(request)
        return known

    def of_work(self, header: WorkHeader) -> Visibility:
        """Visibility of an open request by what its work list holds of it: the request itself is not loaded."""
        if self.identity.is_system:
            return Visibility.FULL
        person = self._of_degree(header.person) if header.contact and header.person else Visibility.FULL
        return self._case(header.hidden_from, person, header.assignee, header.by, header.secret, header.unit or None)

    def _request(self, request: Request) -> Visibility:
        if self.identity.is_system:
            return Visibility.FULL
        return self._case(request.hidden_from, self._person(request.contact), request.assignee, request.created_by,
                          request.confidentiality != "normal", request.unit)

    def of_moved(self, request: Request, unit: int | None, assignee: int | None) -> Visibility:
        """Visibility that a request would have with this unit and assignee."""
        return self._case(request.hidden_from, self._person(request.contact), assignee, request.created_by,
                          request.confidentiality != "normal", unit)

    def _case(
        self, hidden_from: tuple[int, ...], person: Visibility, assignee: int | None, by: int | None, secret: bool,
        unit: int | None,
    ) -> Visibility:
        identity = self.identity
        if identity.user_id in hidden_from or person is Visibility.HIDDEN:
            return Visibility.HIDDEN
        if not identity.has(Permission.REQUEST_VIEW):
            return Visibility.COUNTED
        if self._is_me(assignee):
            return Visibility.FULL
        if person is Visibility.COUNTED:
            return Visibility.COUNTED
        if self._is_me(by):
            return Visibility.FULL
        if secret and not identity.has(Permission.REQUEST_VIEW_CONFIDENTIAL):
            return Visibility.COUNTED
        return self._unit(unit)

    def reads_own(self) -> bool:
        """Whether the one who acts reads all that is assigned to him, but for what has a degree of its own."""
        needed = (Permission.CONTACT_FIND, Permission.CONTACT_VIEW, Permission.REQUEST_VIEW)
        return self.identity.is_system or all(map(self.identity.has, needed))

    def reads_all_of(self, unit: int | None) -> bool:
        """Whether everything of a unit (None: of none) is full, but for requests and contacts with a degree of their
        own: a list of them need not be asked one by one."""
        return self.identity.is_system or (self.reads_own() and self._unit(unit) is Visibility.FULL)

    def of_interaction(self, interaction: Interaction) -> Visibility:
        if self.identity.is_system:
            return Visibility.FULL
        person = self._person(interaction.contact)
        return self._touch(person, interaction.requests, interaction.unit, interaction.created_by)

    def of_promise(self, promise: Promise) -> Visibility:
        """As what was said: by its citizen, its request, and the unit it was made in. Who owes it reads it too."""
        if self.identity.is_system:
            return Visibility.FULL
        person = self._person(promise.contact)
        seen = self._touch(person, promise.requests, promise.made_in, promise.created_by)
        owes = self._is_me(promise.user) or promise.unit in self.identity.units
        if seen is Visibility.COUNTED and owes and person is Visibility.FULL:
            return self._told(person, promise.requests)
        return seen

    def of_header(self, contact: Contact, header: Header) -> Visibility:
        """Visibility of a timeline entry by its header alone: the entry itself is not loaded."""
        if self.identity.is_system:
            return Visibility.FULL
        person = self.of_contact(contact)
        if header.kind in WRITTEN:
            return self._touch(person, header.requests, header.unit, header.by)
        return self._told(person, header.requests)

    def headers_of(self, contact: Contact) -> Callable[[Header], Visibility]:
        """`of_header` for many entries of one contact: alike headers are judged once, and no request is fetched twice.

        For a walk over a whole history; its answers hold as long as nothing is written.
        """
        if self.identity.is_system:
            return lambda header: Visibility.FULL
        known: dict[tuple[bool, tuple[int, ...], int | None, bool], Visibility] = {}
        me = self.identity.user_id

        def judge(header: Header) -> Visibility:
            alike = (header.kind in WRITTEN, header.requests, header.unit, header.by == me)
            seen = known.get(alike)
            if seen is None:
                seen = known[alike] = self.of_header(contact, header)
            return seen

        return judge

    def _told(self, person: Visibility, requests: tuple[int, ...]) -> Visibility:
        """What is told of requests is judged by these; by its citizen only where there is none."""
        least = self.of_requests(requests)
        if Visibility.HIDDEN in (person, least):
            return Visibility.HIDDEN
        return least if self._is_about(requests) else person

    def _touch(self, person: Visibility, requests: tuple[int, ...], unit: int | None, by: int | None) -> Visibility:
        told = self._told(person, requests)
        if told is Visibility.HIDDEN:
            return Visibility.HIDDEN
        if told is Visibility.FULL and self._is_about(requests) and not self._is_closed(unit):
            return Visibility.FULL
        if person is Visibility.COUNTED:
            return Visibility.COUNTED
        return Visibility.FULL if self._is_me(by) else min(told, self._unit(unit))

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

    def _is_about(self, requests: tuple[int, ...]) -> bool:
        """Whether one of these requests is there still."""
        return any(id_ in self.root.requests for id_ in requests)

    def _is_closed(self, unit_id: int | None) -> bool:
        """Whether a unit keeps its content from this identity."""
        unit = self.root.units.get(unit_id)
        outside = unit_id not in self.identity.units and not self.identity.has(Permission.REQUEST_VIEW_CONFIDENTIAL)
        return unit is not None and bool(unit.confidential) and outside

    def _unit(self, unit_id: int | None) -> Visibility:
        identity = self.identity
        if unit_id in identity.units:
            return Visibility.FULL
        if self._is_closed(unit_id):
            return Visibility.COUNTED
        return Visibility.FULL if identity.has(Permission.REQUEST_VIEW_ALL_UNITS) else Visibility.COUNTED


def visibility(root: Root, identity: Identity, thing: Contact | Request | Interaction) -> Visibility:
    """How much of ``thing`` ``identity`` may see: full, counted or hidden."""
    return Eyes(root, identity).of(thing)
