"""Where promises are filed: in the book, in the list of their owner, beside their contact and in his history; and what
becomes of them there when a citizen, a unit or a member of staff goes.
"""

from __future__ import annotations

from BTrees.LOBTree import LOBTree

from crm_core.model.contact import Contact
from crm_core.model.promise import Owed, Promise, PromiseBook
from crm_core.model.user import Unit, User
from crm_core.services.context import Context
from crm_core.services.timeline import Timeline
from crm_core.services.touches import take_out


class PromiseFile:
    """The collaborators of all verbs about promises, and what these have in common."""

    def __init__(self, context: Context, timeline: Timeline) -> None:
        self.context = context
        self.timeline = timeline

    def book(self) -> PromiseBook:
        """All promises, to be written to; ask `get` for one that somebody may read."""
        root = self.context.root
        if root.promises is None:
            root.promises = PromiseBook()
        found: PromiseBook = root.promises
        return found

    def forget(self, promise: Promise) -> None:
        """Take a promise out of everything it is filed in: it is erased."""
        contact = self.context.root.contacts.get(promise.contact)
        self.book().take(promise)
        if contact is not None:
            self._untell(promise, contact)
            contact.promises.pop(promise.id, None)
        del self.book().promises[promise.id]
        self._journal("promise.ended", promise)

    def move_to(self, promise: Promise, to: Contact) -> None:
        """File a promise with another record of the citizen, with its entries at their own times."""
        old = self.context.root.contacts.get(promise.contact)
        if old is to:
            return
        if old is not None:
            self._untell(promise, old)
            old.promises.pop(promise.id, None)
        self.context.change(promise, {"contact": to.id}, "moved")
        self._hold(promise, to)
        for event in promise.events:
            event.contact = to.id
            self.timeline.add_promise(to, event, promise)
        self._journal("promise.changed", promise)

    def is_owed_by(self, unit: Unit) -> bool:
        """Whether a unit owes an open promise, whoever may know of it."""
        owed = self._owed(None, unit.id)
        return owed is not None and bool(owed.open)

    def give(self, unit: Unit, successor: Unit) -> None:
        """Let another unit owe all that a unit still owes: it is closed."""
        owed = self._owed(None, unit.id)
        for promise in list(owed.open.values()) if owed is not None else ():
            self._pass_on(promise, successor)

    def leave_to_units(self, user: User) -> None:
        """Let units owe what somebody who leaves still owes: the unit each was made in, else one of his own; where both
        are closed, it stays his."""
        units, owed = self.context.root.units, self._owed(user.id, None)
        for promise in list(owed.open.values()) if owed is not None else ():
            known = (units.get(id_) for id_ in (promise.made_in, *user.units) if id_ is not None)
            unit = next((unit for unit in known if unit is not None and unit.active), None)
            if unit is not None:
                self._pass_on(promise, unit)

    def file(self, promise: Promise, contact: Contact) -> None:
        """Put a promise into the list of its owner and beside its contact."""
        self.book().put(promise)
        self._hold(promise, contact)

    def _pass_on(self, promise: Promise, unit: Unit) -> None:
        self.book().take(promise)
        self.context.change(promise, {"user": None, "unit": unit.id}, "handed over")
        self.book().put(promise)
        self._journal("promise.changed", promise)

    @staticmethod
    def _hold(promise: Promise, contact: Contact) -> None:
        if contact.promises is None:
            contact.promises = LOBTree()
        contact.promises[promise.id] = promise

    @staticmethod
    def _untell(promise: Promise, contact: Contact) -> None:
        for event in promise.events:
            take_out(contact, event.at, event)

    def _owed(self, user: int | None, unit: int | None) -> Owed | None:
        book = self.context.root.promises
        return None if book is None else book.of_owner(user, unit)

    def _journal(self, kind: str, promise: Promise) -> None:
        self.context.journal.write(kind, ("promise", promise.id), self.context.now, promise.contact)
