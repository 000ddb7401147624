"""Where requests are listed: open ones with unit, assignee and contact, closed ones by unit and month of closing.

Only open work is in work lists, in the transaction of the change; how late something is, is asked, never stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from BTrees.LOBTree import LOBTree

from crm_core.model.contact import Contact
from crm_core.model.request import Request
from crm_core.model.root import Root
from crm_core.model.worklist import GUARDED, PERSON_PARTS, UNIT_PARTS, WorkHeader, WorkList, header_of
from crm_core.services.visibility import Eyes, Visibility

NO_UNIT = 0
PLACED_BY = frozenset({"unit", "assignee", "category", "closed"})
"""The attributes that decide where a request is listed: take it out before one of them changes."""
FILED_BY = PLACED_BY | {"due", "priority", "status", "hidden_from", "confidentiality", "contact", "news", "heard",
                        "pauses"}
"""Those, and the ones its lists hold a copy of: file it anew after one of them changed."""


class Work:
    def __init__(self, root: Root) -> None:
        self.root = root

    def find(self, unit: int | None = None, user: int | None = None) -> WorkList | None:
        """The open work of a unit (None: of no unit) or of a user; None when there never was any."""
        if user is not None:
            return self.root.user_work.get(user)
        return self.root.unit_work.get(NO_UNIT if unit is None else unit)

    def count(self, eyes: Eyes, unit: int | None = None, user: int | None = None) -> int:
        """How many open requests are listed there, as far as these eyes may know of them."""
        found = self.find(unit, user)
        if found is None:
            return 0
        guarded = (found.header(id_) for id_, mark in found.marks() if mark & GUARDED)
        return len(found) - sum(1 for header in guarded if not eyes.of_work(header))

    @staticmethod
    def count_of(eyes: Eyes, contacts: Iterable[Contact]) -> int:
        """How many open requests these contacts have, as far as these eyes may know that they are there."""
        headers = (header for contact in contacts if contact.open is not None for header in contact.open.values())
        return sum(1 for header in headers if eyes.of_work(header) is not Visibility.HIDDEN)

    def add(self, request: Request) -> None:
        """List a request where it belongs, or write down anew what its lists tell of it."""
        if not request.is_open:
            self._closed(request)[request.id] = request
            return
        header = self._header(request)
        for found in self._lists(request):
            found.put(header)
        contact = self._contact(request)
        if contact is not None:
            self._hold(contact, header)

    def remove(self, request: Request) -> None:
        """Take a request out, before anything of `PLACED_BY` changes."""
        if not request.is_open:
            del self._closed(request)[request.id]
            return
        for found in self._lists(request):
            found.discard(request.id)
        self.leave(request)

    def leave(self, request: Request) -> None:
        """Take a request from what its contact has open, before it becomes another's or nobody's."""
        contact = self._contact(request)
        if contact is not None and contact.open is not None:
            contact.open.pop(request.id, None)

    def is_filed(self, request: Request) -> bool:
        """Whether its lists hold it, and of it what it is now."""
        if not request.is_open:
            return self.root.closed.get(self.closed_key(request), {}).get(request.id) is request
        header, places = self._header(request), [self.find(request.unit)]
        if request.assignee is not None:
            places.append(self.find(user=request.assignee))
        contact = self._contact(request)
        if contact is not None and (contact.open is None or contact.open.get(request.id) != header):
            return False
        return all(found is not None and request.id in found and found.header(request.id) == header for found in places)

    @staticmethod
    def closed_key(request: Request) -> tuple[int, str]:
        """Unit and month under which a closed request is listed."""
        month = datetime.fromtimestamp((request.closed or 0) / 1000, UTC).strftime("%Y-%m")
        return NO_UNIT if request.unit is None else request.unit, month

    def refile(self, request: Request) -> None:
        """Write down anew what the lists tell of a request, and what others decide of it: its contact's degree."""
        if request.is_open:
            self.add(request)

    def _header(self, request: Request) -> WorkHeader:
        contact = self._contact(request)
        return header_of(request, "" if contact is None else contact.confidentiality)

    def _contact(self, request: Request) -> Contact | None:
        return None if request.contact is None else self.root.contacts.get(request.contact)

    @staticmethod
    def _hold(contact: Contact, header: WorkHeader) -> None:
        """Only what differs is written: a tree that is written conflicts with whoever changes another of its requests.
        """
        if contact.open is None:
            contact.open = LOBTree()
        if contact.open.get(header.request.id) != header:
            contact.open[header.request.id] = header

    def _lists(self, request: Request) -> Iterator[WorkList]:
        places = [(self.root.unit_work, NO_UNIT if request.unit is None else request.unit, UNIT_PARTS)]
        if request.assignee is not None:
            places.append((self.root.user_work, request.assignee, PERSON_PARTS))
        for tree, key, parts in places:
            if key not in tree:
                tree[key] = WorkList(parts)
            yield tree[key]

    def _closed(self, request: Request) -> LOBTree:
        key = self.closed_key(request)
        if key not in self.root.closed:
            self.root.closed[key] = LOBTree()
        return self.root.closed[key]
