"""Where requests are listed: open ones with their unit and their assignee, closed ones by unit and month of closing.

Only open work is in work lists, in the transaction of the change; how late something is, is asked, never stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from BTrees.LOBTree import LOBTree

from crm_core.model.contact import Confidentiality
from crm_core.model.request import Request
from crm_core.model.root import Root
from crm_core.model.worklist import PERSON_PARTS, UNIT_PARTS, WorkList
from crm_core.services.visibility import Eyes

NO_UNIT = 0
FILED_BY = frozenset({"unit", "assignee", "due", "category", "closed", "hidden_from"})
"""The attributes that decide where a request is listed: take it out before one of them changes."""


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
        return 0 if found is None else len(found) - sum(1 for request in found.veiled() if not eyes.of_request(request))

    def add(self, request: Request) -> None:
        if not request.is_open:
            self._closed(request)[request.id] = request
            return
        for found in self._lists(request):
            found.add(request, self._is_veiled(request))

    def remove(self, request: Request) -> None:
        """Take a request out, before anything of `FILED_BY` changes."""
        if not request.is_open:
            del self._closed(request)[request.id]
            return
        for found in self._lists(request):
            found.discard(request, request.due)

    def refile(self, request: Request) -> None:
        """File anew what others decide of a request: whether its contact is shielded."""
        self.remove(request)
        self.add(request)

    def _is_veiled(self, request: Request) -> bool:
        """Whether there may be somebody for whom the request does not exist."""
        contact = None if request.contact is None else self.root.contacts.get(request.contact)
        shielded = contact is not None and contact.confidentiality == Confidentiality.SHIELDED
        return shielded or bool(request.hidden_from)

    def _lists(self, request: Request) -> Iterator[WorkList]:
        places = [(self.root.unit_work, NO_UNIT if request.unit is None else request.unit, UNIT_PARTS)]
        if request.assignee is not None:
            places.append((self.root.user_work, request.assignee, PERSON_PARTS))
        for tree, key, parts in places:
            if key not in tree:
                tree[key] = WorkList(parts)
            yield tree[key]

    def _closed(self, request: Request) -> LOBTree:
        month = datetime.fromtimestamp((request.closed or 0) / 1000, UTC).strftime("%Y-%m")
        key = (NO_UNIT if request.unit is None else request.unit, month)
        if key not in self.root.closed:
            self.root.closed[key] = LOBTree()
        return self.root.closed[key]
