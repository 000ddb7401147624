"""The promise ledger: “we call you by Tuesday 12:00”, with who owes it; reminded of in time, kept or broken, counted.

That a promise broke stays, also when it is kept late or moved. Open promises stand in the list of their owner, which is
written in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from crm_core.errors import CrmError, Invalid, NotFound
from crm_core.fields import SHORT
from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.ids import new_id
from crm_core.model.promise import Promise, PromiseState
from crm_core.model.request import Request
from crm_core.model.timeline import EntryKind, Event
from crm_core.model.user import User
from crm_core.security.permissions import Permission
from crm_core.services.fitting import says_something, text_errors
from crm_core.services.promisefile import PromiseFile
from crm_core.services.users import Users
from crm_core.services.visibility import Eyes, Visibility

_ = TextFactory("crm_core")

WHAT: dict[str, Text] = {"call": _("Call"), "visit": _("Visit"), "answer": _("Answer"), "other": _("Something else")}
"""What can be promised; something else is said in words."""
TIMER = "core.promise"
"""The timer that looks at a promise again: to remind of it, and to note that it broke."""
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LEAST_AHEAD, MOST_AHEAD = 15 * MINUTE, DAY
"""A reminder comes a quarter of the time before, within these bounds."""
FARTHEST = 2 * 365 * DAY
MOST_LISTED = 200
"""Promises of a list that are read at once."""
ENDED = _("This promise has ended already.")


@dataclass(frozen=True)
class Counts:
    """Promises of one owner that may be known of: ``open`` and of them ``past`` their time now; of a period those that
    were ``kept`` in time, kept ``late``, ``broken`` and never kept, and ``withdrawn`` in time."""

    open: int = 0
    past: int = 0
    kept: int = 0
    late: int = 0
    broken: int = 0
    withdrawn: int = 0


class Promises(PromiseFile):
    # ── make and end ─────────────────────────────────────────────────────────────────────────────────────

    def make(
        self, contact: Contact, what: str, due: int, *, words: str = "", request: Request | None = None,
        user: int | None = None, unit: int | None = None,
    ) -> Promise:
        """Promise a contact something by ``due`` (ms UTC): one of `WHAT`, with ``words`` on it, perhaps about one of
        his requests. Owed by a ``user`` or a ``unit``; by whoever acts where neither is said.

        Raises Invalid, and NotFound where the contact or request may not be read in full.
        """
        self.context.identity.demand(Permission.INTERACTION_LOG)
        promise, errors = Promise(), {}
        if request is not None:
            if request.contact not in contact.linked_ids:
                errors["request"] = _("This is not a request of this citizen.")
            else:  # it stands with the record that has the request, and moves with it
                contact = self.context.root.contacts[request.contact]
        promise.contact, promise.request = contact.id, request.id if request is not None else None
        promise.what, promise.words, promise.due = str(what), " ".join(words.split()), due
        promise.user, promise.unit = self._owner(user, unit)
        promise.made_in = self.context.own_unit()
        eyes = self.context.services.eyes
        if eyes.of(contact) is not Visibility.FULL or (request is not None and eyes.of(request) is not Visibility.FULL):
            raise NotFound
        errors |= self._errors(promise, contact, request)
        if errors:
            raise Invalid(errors)
        self.context.file(self.book().promises, promise)
        self.file(promise, contact)
        self._tell(promise, EntryKind.PROMISED, self.context.now)
        self._journal("promise.made", promise)
        self._set_timers(promise)
        return promise

    def keep(self, promise: Promise, note: str = "") -> None:
        """It was done. After its time it is kept late: that it broke is noted, and stays. Raises Invalid, CrmError."""
        self._begin(promise)
        self._note_break(promise)
        self._end(promise, PromiseState.KEPT, note)
        self._tell(promise, EntryKind.KEPT, self.context.now)

    def withdraw(self, promise: Promise, reason: str) -> None:
        """It is not promised any more, for a reason. After its time it is broken. Raises Invalid, CrmError."""
        self._begin(promise)
        if not says_something(reason):
            raise Invalid({"note": _("Say why.")})
        broken = self._note_break(promise)
        self._end(promise, PromiseState.BROKEN if broken else PromiseState.WITHDRAWN, reason)
        self._tell(promise, EntryKind.WITHDRAWN, self.context.now)

    def move(
        self, promise: Promise, due: int, *, reason: str = "", user: int | None = None, unit: int | None = None
    ) -> Promise:
        """Promise the same by another time: a new promise that says which it replaces, by the same owner unless another
        is named. The old one is broken where its time had passed. Raises Invalid, CrmError, NotFound."""
        self._begin(promise)
        contact = self.context.root.contacts[promise.contact]
        if user is None and unit is None:
            user, unit = promise.user, promise.unit
        new = self.make(contact, promise.what, due, words=promise.words, user=user, unit=unit,
                        request=self.context.root.requests.get(promise.request or 0))
        broken = self._note_break(promise)
        new.replaces, promise.replaced_by = promise.id, new.id
        self._end(promise, PromiseState.BROKEN if broken else PromiseState.WITHDRAWN, reason)
        return new

    def look(self, id_: int) -> None:
        """What the timer does: remind whoever owes an open promise, and note once that it broke."""
        promise = self.book().promises.get(id_)
        if promise is None or not promise.is_open:
            return
        now = self.context.now
        if promise.due <= now:
            if promise.broke is None:
                self._note_break(promise)
                self._remind(promise, "promise.broken")
        elif promise.reminded is None and now >= remind_at(promise.created, promise.due):
            promise.reminded = now
            self._remind(promise, "promise.due")

    # ── ask ──────────────────────────────────────────────────────────────────────────────────────────────

    def get(self, id_: int) -> Promise:
        """A promise that the one who acts may read in full. Raises NotFound."""
        book = self.context.root.promises
        promise: Promise | None = None if book is None else book.promises.get(id_)
        if promise is None or not self._readable(promise):
            raise NotFound
        return promise

    def of_contact(self, contacts: Iterable[Contact]) -> list[Promise]:
        """What was promised to the records of one citizen, as far as it may be read: open ones first, by their time,
        then the ended ones, the last one first."""
        found = [one for contact in contacts for one in (contact.promises or {}).values() if self._readable(one)]
        return sorted(found, key=lambda one: (not one.is_open, one.due if one.is_open else -(one.ended or 0), one.id))

    def of_request(self, request: Request) -> list[Promise]:
        """What was promised about a request, in the same order."""
        contact = self.context.root.contacts.get(request.contact or 0)
        return [one for one in self.of_contact([contact] if contact is not None else []) if one.request == request.id]

    def due_of_user(
        self, user: int, since: int | None = None, until: int | None = None, most: int = MOST_LISTED
    ) -> list[Promise]:
        """Open promises that a member of staff owes, earliest first: those due from ``since`` to before ``until``."""
        return list(islice(self._open(user, None, since, until), most))

    def due_of_unit(
        self, unit: int, since: int | None = None, until: int | None = None, most: int = MOST_LISTED
    ) -> list[Promise]:
        """The same of a unit."""
        return list(islice(self._open(None, unit, since, until), most))

    def kept_between(
        self, since: int, until: int, *, user: int | None = None, unit: int | None = None
    ) -> list[Promise]:
        """The promises of an owner that were kept from ``since`` to before ``until``, in that order."""
        owed = self._owed(user, unit)
        rows = owed.ended.values((since, 0), (until, 0), excludemax=True) if owed is not None else ()
        return [one for one in rows if one.state == PromiseState.KEPT and self._readable(one)]

    def counts(self, since: int, until: int, *, user: int | None = None, unit: int | None = None) -> Counts:
        """The promises of an owner in numbers: those open now, and those that ended from ``since`` to before ``until``.
        What is hidden is in none of them."""
        owed = self._owed(user, unit)
        if owed is None:
            return Counts()
        eyes, now = self.context.services.eyes, self.context.now
        known = [one for one in owed.open.values() if eyes.of(one) is not Visibility.HIDDEN]
        ended = [one for one in owed.ended.values((since, 0), (until, 0), excludemax=True)
                 if eyes.of(one) is not Visibility.HIDDEN]
        kept = [one for one in ended if one.state == PromiseState.KEPT]
        late = sum(one.broke is not None for one in kept)
        broken = sum(one.state == PromiseState.BROKEN for one in ended)
        return Counts(len(known), sum(one.is_broken(now) for one in known), len(kept) - late, late, broken,
                      len(ended) - len(kept) - broken)

    def may_owe(self, user: User, contact: Contact, request: Request | None = None) -> bool:
        """Whether a member of staff can be given a promise to this contact: he reads what it is about."""
        identity = Users(self.context).identity(user)
        eyes = Eyes(self.context.root, identity)
        seen = [eyes.of(contact), *([eyes.of(request)] if request is not None else [])]
        return user.active and identity.has(Permission.INTERACTION_LOG) and min(seen) is Visibility.FULL

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────

    def _owner(self, user: int | None, unit: int | None) -> tuple[int | None, int | None]:
        if user is None and unit is None:
            return self.context.identity.user_id, None
        return user, unit

    def _errors(self, promise: Promise, contact: Contact, request: Request | None) -> dict[str, Text]:
        errors = text_errors({"words": (promise.words, SHORT)})
        if promise.what not in WHAT:
            errors["what"] = _("This cannot be promised.")
        elif promise.what == "other" and not says_something(promise.words):
            errors["words"] = _("Say in a line what you promise.")
        if promise.due <= self.context.now:
            errors["due"] = _("This time has passed; promise something that can still be kept.")
        elif promise.due > self.context.now + FARTHEST:
            errors["due"] = _("A promise is for the next two years at most.")
        owner = self._owner_error(promise, contact, request)
        if owner:
            errors["owner"] = owner
        return errors

    def _owner_error(self, promise: Promise, contact: Contact, request: Request | None) -> Text:
        """Why nobody or not this one can owe it; "" where he can."""
        if (promise.user is None) == (promise.unit is None):
            return _("Say who keeps it: somebody, or a unit.")
        if promise.user is None:
            unit = self.context.root.units.get(promise.unit)
            return "" if unit is not None and unit.active else _("This unit does not exist, or is closed.")
        user = Users(self.context).find(promise.user)
        if user is None or not user.active:
            return _("This member of staff does not exist, or is not here any more.")
        may = self.may_owe(user, contact, request)
        return "" if may else _("This member of staff may not read what it is about, or keeps no promises.")

    def _begin(self, promise: Promise) -> None:
        self.context.identity.demand(Permission.INTERACTION_LOG)
        if not self._readable(promise):
            raise NotFound
        if not promise.is_open:
            raise CrmError(ENDED)

    def _end(self, promise: Promise, state: PromiseState, note: str) -> None:
        note = note.strip()
        errors = text_errors({"note": (note, SHORT)})
        if errors:
            raise Invalid(errors)
        book = self.book()
        book.take(promise)
        self.context.change(promise, {"state": state.value, "note": note, "ended": self.context.now,
                                      "ended_by": self.context.identity.user_id}, "ended")
        book.put(promise)
        self._journal("promise.ended", promise)

    def _note_break(self, promise: Promise) -> bool:
        """Note that its time has passed, once; whether it has."""
        if promise.broke is None and promise.due <= self.context.now:
            self.context.change(promise, {"broke": promise.due}, "broke")
            self._tell(promise, EntryKind.BROKEN, promise.due)
        return promise.broke is not None

    def _tell(self, promise: Promise, kind: str, at: int) -> None:
        """Add an entry to the history of the contact."""
        contact = self.context.root.contacts.get(promise.contact)
        event = Event(new_id(at), kind, at, self.context.identity.user_id, promise.contact, promise.request or 0,
                      {"promise": promise.id})
        promise.events = (*promise.events, event)
        if contact is not None:
            self.timeline.add_promise(contact, event, promise)

    def _set_timers(self, promise: Promise) -> None:
        timers = self.context.services.timers
        reminder = remind_at(self.context.now, promise.due)
        if reminder > self.context.now:
            timers.at(reminder, TIMER, promise.id)
        timers.at(promise.due, TIMER, promise.id)

    def _remind(self, promise: Promise, kind: str) -> None:
        """Tell whoever owes it; a colleague of the unit it was made in where he is not here any more."""
        root = self.context.root
        owners = list(self._people(promise.user, promise.unit)) or list(self._people(None, promise.made_in))
        request = root.requests.get(promise.request or 0)
        values = {"due": promise.due, "what": self.words(promise), "promise": str(promise.id)}
        self.context.services.notices.tell(owners, kind, request=request, contact=root.contacts[promise.contact],
                                           values=values)

    def words(self, promise: Promise) -> dict[str, str]:
        """What was promised, in every language."""
        labels = self.context.translator.labels
        if promise.what == "other":
            return labels(promise.words)
        kind = WHAT.get(promise.what, promise.what)
        return labels(_("${what}: ${words}", mapping={"what": kind, "words": promise.words}) if promise.words else kind)

    def _people(self, user: int | None, unit: int | None) -> Iterator[int]:
        for one in self.context.root.users.values():
            if one.active and (one.id == user if user is not None else unit is not None and unit in one.units):
                yield one.id

    def _open(self, user: int | None, unit: int | None, since: int | None, until: int | None) -> Iterator[Promise]:
        owed = self._owed(user, unit)
        low = None if since is None else (since, 0)
        high = None if until is None else (until, 0)
        rows = owed.open.values(low, high, excludemax=until is not None) if owed is not None else ()
        return (promise for promise in rows if self._readable(promise))

    def _readable(self, promise: Promise) -> bool:
        return self.context.services.eyes.of(promise) is Visibility.FULL


def remind_at(made: int, due: int) -> int:
    """When whoever owes a promise is reminded: a quarter of the time before, at least a quarter of an hour and at most
    a day."""
    return due - min(max((due - made) // 4, LEAST_AHEAD), MOST_AHEAD)
