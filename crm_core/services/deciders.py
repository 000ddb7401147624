"""Who decides on approvals: the persons of a level, those who stand in for them, and nobody on his own question while
somebody else can.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from crm_core.errors import Invalid, NotFound
from crm_core.i18n import Text, TextFactory
from crm_core.model.approval import Approval, ApprovalBook, key_of
from crm_core.model.request import Request
from crm_core.model.user import User
from crm_core.model.workflow import Level
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.users import Users
from crm_core.services.visibility import Eyes, Visibility

_ = TextFactory("crm_core")


class Seat(NamedTuple):
    """As what somebody decides: in the stead of ``principal`` (None: himself), on his ``own`` question."""

    principal: int | None = None
    own: bool = False


class Deciders:
    def __init__(self, context: Context) -> None:
        self.context = context

    def book(self) -> ApprovalBook:
        """The lists of what waits, to be written to."""
        root = self.context.root
        if root.approvals is None:
            root.approvals = ApprovalBook()
        found: ApprovalBook = root.approvals
        return found

    # ── deputies ─────────────────────────────────────────────────────────────────────────────────────────

    def deputy(self, user: User) -> tuple[int, int, int] | None:
        """Whom somebody has named for his absence: (user id, from, to); None while that is nobody."""
        book = self.context.root.approvals
        found: tuple[int, int, int] | None = None if book is None else book.deputies.get(user.id)
        return found if found is not None and found[2] > self.context.now else None

    def name_deputy(self, user: User, deputy: User | None, since: int = 0, until: int = 0) -> None:
        """Let ``deputy`` decide in the stead of ``user`` from ``since`` to before ``until``; None: nobody does.

        One names his own, an administrator everybody's. Raises Invalid, Forbidden.
        """
        if user.id != self.context.identity.user_id:
            self.context.identity.demand(Permission.ADMIN)
        before = self.deputy(user)
        if deputy is None:
            self.book().deputies.pop(user.id, None)
        else:
            self._check(user, deputy, since, until)
            self.book().deputies[user.id] = (deputy.id, since, until)
        after = self.deputy(user)
        if before != after:
            user.revision += 1
            self.context.audit(user, "deputy", {"deputy": [before and list(before), after and list(after)]})
            self.context.journal.write("user.changed", ("user", user.id), self.context.now, None, ("deputy",))

    def _check(self, user: User, deputy: User, since: int, until: int) -> None:
        errors: dict[str, Text] = {}
        if deputy.id == user.id or not self.may_stand_in(deputy):
            errors["deputy"] = _("Choose a colleague who may read requests.")
        if until <= max(since, self.context.now):
            errors["until"] = _("This is before it begins, or past.")
        if errors:
            raise Invalid(errors)

    def may_stand_in(self, user: User) -> bool:
        """Whether somebody can be named as a deputy at all."""
        return user.active and Users(self.context).identity(user).has(Permission.REQUEST_VIEW)

    def principals(self, user: int) -> list[User]:
        """Those in whose stead somebody decides now."""
        book, now = self.context.root.approvals, self.context.now
        rows = book.deputies.items() if book is not None else ()
        found = (self.context.root.users.get(id_) for id_, (deputy, since, until) in rows
                 if deputy == user and since <= now < until)
        return [one for one in found if one is not None and one.active]

    # ── who ──────────────────────────────────────────────────────────────────────────────────────────────

    def keys(self, user: User) -> set[str]:
        """The keys of all levels at which somebody decides himself."""
        units = Users(self.context).identity(user).units
        return {f"u{user.id}"} | {f"r{role}" for role in user.roles} | {
            f"r{role}@{unit}" for role in user.roles for unit in units}

    def seated(self) -> Iterator[tuple[Approval, Seat]]:
        """All that the one who acts decides now, oldest first, each with his seat."""
        book, user, root = self.context.root.approvals, self.me(), self.context.root
        if book is None or user is None or not book.waiting:
            return
        seats = [(seat, self.keys(one)) for seat, one in self._seats(user)]
        for approval in book.of_keys(set().union(*(keys for _seat, keys in seats))):
            request = root.requests.get(approval.request)
            if request is None or self.context.services.eyes.of_request(request) is not Visibility.FULL:
                continue
            key = key_of(approval.now_with)
            found = next((seat for seat, keys in seats if key in keys), None)
            if approval.created_by == user.id:
                found = self.seat(approval, user)
            if found is not None:
                yield approval, found

    def seat(self, approval: Approval, user: User) -> Seat | None:
        """As what somebody decides on what waits; None where he does not."""
        request = self.context.root.requests.get(approval.request)
        found = None if request is None else self._seat(approval.now_with, request, user)
        if found is None or request is None or user.id != approval.created_by:
            return found
        others = self.people(approval.now_with, request, but=user.id)
        return None if others else Seat(found.principal, own=True)

    def people(self, level: Level, request: Request, *, but: int | None = None) -> list[User]:
        """Those who can decide a level of a request now, deputies too; without ``but``."""
        return [user for user in self.context.root.users.values()
                if user.id != but and self._seat(level, request, user) is not None]

    def _seat(self, level: Level, request: Request, user: User) -> Seat | None:
        if not user.active:
            return None
        found = next((seat for seat, one in self._seats(user) if self._holds(level, one)), None)
        identity = Users(self.context).identity(user)
        reads = found is not None and Eyes(self.context.root, identity).of_request(request) is Visibility.FULL
        return found if reads else None

    def _seats(self, user: User) -> Iterator[tuple[Seat, User]]:
        yield Seat(), user
        for one in self.principals(user.id):
            yield Seat(one.id), one

    def _holds(self, level: Level, user: User) -> bool:
        return key_of(level) in self.keys(user)

    def demand_seat(self, approval: Approval) -> Seat:
        """As what the one who acts decides. Raises NotFound where he may not read it, Invalid where he may not
        decide."""
        user, request = self.me(), self.context.root.requests.get(approval.request)
        if user is None or request is None or self.context.services.eyes.of_request(request) is not Visibility.FULL:
            raise NotFound
        seat = self.seat(approval, user)
        if seat is None and approval.created_by == user.id:
            raise Invalid({"": _("You asked for this yourself; somebody else decides it.")})
        if seat is None:
            raise Invalid({"": _("This waits for somebody else.")})
        return seat

    def me(self) -> User | None:
        """The account of the one who acts."""
        found: User | None = self.context.root.users.get(self.context.identity.user_id or 0)
        return found
