"""Open work that must go elsewhere when a unit is closed or a member of staff leaves, in portions a page can wait for.

An administrator hands over what he may not read: nothing of it is shown, and every request says in its history who
moved it, from where and why.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from crm_core.errors import Invalid
from crm_core.i18n import TextFactory
from crm_core.model.request import Request
from crm_core.model.user import Unit, User
from crm_core.model.worklist import GUARDED, WorkList
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.receivers import Receivers
from crm_core.services.requests import Requests
from crm_core.services.visibility import Eyes, Visibility

_ = TextFactory("crm_core")
PORTION = 200
"""Requests handed over in one transaction."""


class Handover:
    """``requests`` of an administrator; what is moved is moved with the right to assign, whatever his other roles."""

    def __init__(self, context: Context, requests: Requests) -> None:
        self.context = context
        self.requests = requests

    def close_unit(self, unit: Unit, successor: Unit | None = None, *, note: str = "") -> int:
        """Close a unit and hand its open work to ``successor``, the first `PORTION` of it; how many were handed over.

        ``successor`` may be left out only where nothing is open. Raises Invalid, Forbidden.
        """
        self.context.identity.demand(Permission.ADMIN)
        errors = {}
        if any(other.parent == unit.id and other.active for other in self.context.root.units.values()):
            errors[""] = _("There are open units below it; close them or move them first.")
        if successor is None and self.left_in(unit):
            errors["successor"] = _("Open requests or promises lie here; choose the unit that takes them over.")
        if successor is not None and (successor is unit or not successor.active):
            errors["successor"] = _("This unit is closed.")
        if errors:
            raise Invalid(errors)
        if successor is not None:
            self.context.count_on(successor)  # somebody may close that one at the same moment
        changed = self.context.change(unit, {"active": False, "successor": successor.id if successor else None})
        if changed:
            self.context.journal.write("unit.changed", ("unit", unit.id), self.context.now, None, changed)
        return self.empty_unit(unit, note=note)

    def empty_unit(self, unit: Unit, *, note: str = "") -> int:
        """Hand the next `PORTION` of a closed unit's open work to its successor; how many were handed over."""
        self.context.identity.demand(Permission.ADMIN)
        successor = self.context.root.units.get(unit.successor or 0)
        if unit.active or successor is None or not successor.active:
            return 0
        self.context.services.promises.give(unit, successor)
        self.context.services.approvals.give(unit, successor)
        moved = 0
        for request in self._first(self.requests.work(unit=unit.id)):
            keep = self._belongs(request.assignee, successor, request)
            self._assign(request, successor.id, request.assignee if keep else None, note)
            moved += 1
        return moved

    def left_in(self, unit: Unit) -> bool:
        """Whether a unit has an open request or promise, also one that the one who acts may not know of."""
        work = self.requests.work(unit=unit.id)
        return (work is not None and len(work) > 0) or self.context.services.promises.is_owed_by(unit)

    def release(self, user: User, *, note: str = "") -> int:
        """Give the next `PORTION` of a user's open requests back to their units; how many. For who is not active."""
        self.context.identity.demand(Permission.ADMIN)
        if user.active:
            raise Invalid({"": _("Only the work of somebody who is not active any more is given back.")})
        moved = 0
        for request in self._first(self.requests.work(user=user.id)):
            self._assign(request, request.unit, None, note)
            moved += 1
        return moved

    def _first(self, work: WorkList | None) -> list[Request]:
        """The next portion, and all that are hidden from the one who acts: he could not see that they stay behind."""
        if work is None:
            return []
        eyes = Eyes(self.context.root, self.context.identity)
        guarded = (work.header(id_).request for id_, mark in work.marks() if mark & GUARDED)
        hidden = (request for request in guarded if eyes.of_request(request) is Visibility.HIDDEN)
        found = {request.id: request for request in (*hidden, *islice(work.by_due(), PORTION))}
        return list(found.values())

    def _belongs(self, user_id: int | None, unit: Unit, request: Request) -> bool:
        user = self.context.root.users.get(user_id or 0)
        if user is None or unit.id not in user.units:
            return False
        return not Receivers(self.context).error(unit.id, user.id, request)

    def _assign(self, request: Request, unit: int | None, assignee: int | None, note: str) -> None:
        identity = self.context.identity
        able = replace(identity, permissions=identity.permissions | {Permission.REQUEST_ASSIGN})
        context = replace(self.context, identity=able)
        context.services = self.context.services
        requests = Requests(context, self.requests.forms, self.requests.timeline, self.requests.host)
        requests.assign(request, unit=unit, assignee=assignee, note=note)
