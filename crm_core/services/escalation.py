"""Who is told of deadlines: before one passes, and when it has. Told once of each, and written into the history.

A timer looks at a request again at these moments, and asks first whether it still wants it: it may be answered, closed,
paused or owed later by then. Only requests that a target fits are watched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crm_core.durations import DAY
from crm_core.model.request import Request
from crm_core.model.timeline import EntryKind
from crm_core.officehours import OfficeHours
from crm_core.security.permissions import Role
from crm_core.services.casefile import CaseFile
from crm_core.services.targets import Target
from crm_core.services.users import Users
from crm_core.services.visibility import Eyes, Visibility

TIMER = "core.deadline"
"""The timer that looks at a request before and at its deadlines."""
FARTHEST = 10 * 365 * DAY
"""What is owed later than that is not watched."""
KINDS = {("first", "warning"): "answer.warning", ("first", "breach"): "answer.breach",
         ("solution", "warning"): "deadline.warning", ("solution", "breach"): "deadline.breach"}
"""Which deadline, and whether it is near or past → the kind of notice."""


class Escalation(CaseFile):
    def watch(self, request: Request) -> None:
        """Set the timers of a request whose clock runs; those set before find nothing to do."""
        target = self._target(request)
        for _which, due in self._owed(request) if target else ():
            if due > self.context.now + FARTHEST:
                continue
            if target.warn:
                self._at(warn_at(self._hours(request), request, due, target.warn), request)
            self._at(due, request)

    def look(self, id_: int) -> None:
        """What the timer does: tell of each deadline that is near or past what was not told of it yet."""
        request: Request | None = self.context.root.requests.get(id_)
        target = Target() if request is None else self._target(request)
        if request is None or not target:
            return
        for which, due in self._owed(request):
            if due <= self.context.now:
                self._tell(request, which, "breach", due, target)
            elif target.warn:
                warning = warn_at(self._hours(request), request, due, target.warn)
                if warning <= self.context.now:
                    self._tell(request, which, "warning", due, target)
                else:  # other hours hold since it was set
                    self._at(warning, request)

    def _at(self, moment: int, request: Request) -> None:
        self.context.services.timers.at(moment, TIMER, request.id)

    def _target(self, request: Request) -> Target:
        """The target by which a request is watched; an empty one where its clock stands or nobody owes anything."""
        if not request.is_open or request.pause is not None or self.context.bulk:
            return Target()
        return self.context.services.targets.find(request.type, request.priority)

    @staticmethod
    def _owed(request: Request) -> Iterator[tuple[str, int]]:
        if request.first_due is not None and request.first_answer is None:
            yield "first", request.first_due
        if request.due is not None:
            yield "solution", request.due

    def _hours(self, request: Request) -> OfficeHours:
        return self.context.services.calendars.hours(request.unit)

    def _tell(self, request: Request, which: str, what: str, due: int, target: Target) -> None:
        """Tell whoever must know, once of a deadline, and write it into the history."""
        key, alarms = f"{which}.{what}", dict(request.alarms or {})
        if alarms.get(key) == due:
            return
        told = list(self._readers(request, self._people(request, what, target)))
        request.alarms = {**alarms, key: due}
        self.context.services.notices.tell(told, KINDS[which, what], request=request, values={"due": due})
        self._event(request, EntryKind.DEADLINE, {"what": what, "which": which, "due": due, "told": told})
        self._journal("request.escalated", request, (f"{which}.{what}",))

    def _people(self, request: Request, what: str, target: Target) -> Iterator[int]:
        """Whoever has it; where nobody has, and when it is late, those who lead its unit; then those that are named."""
        if request.assignee is not None:
            yield request.assignee
        if what == "breach" or request.assignee is None:
            yield from self._leaders(request.unit)
        if what == "breach":
            yield from target.tell

    def _leaders(self, unit: int | None) -> list[int]:
        """The supervisors of a unit; of the nearest one above it that has any, where it has none."""
        units, users, seen = self.context.root.units, self.context.root.users, set()
        here = units.get(unit or 0)
        while here is not None and here.id not in seen:
            seen.add(here.id)
            found = [user.id for user in users.values() if Role.SUPERVISOR in user.roles and here.id in user.units
                     and user.active]
            if found:
                return found
            here = units.get(here.parent or 0)
        return []

    def _readers(self, request: Request, ids: Iterable[int]) -> Iterator[int]:
        """Those of them who are here and may read the request: others are not told, and not named in its history."""
        users = Users(self.context)
        for id_ in dict.fromkeys(ids):
            user = users.find(id_)
            if user is None or not user.active:
                continue
            if Eyes(self.context.root, users.identity(user)).of_request(request) is Visibility.FULL:
                yield id_


def warn_at(hours: OfficeHours, request: Request, due: int, share: int) -> int:
    """When ``share`` per cent of the working time until a deadline has passed, without its pauses (ms UTC)."""
    if not request.created < due <= request.created + FARTHEST:
        return due
    rested = sum(hours.working_time(one["since"], one["until"]) for one in request.pauses if one["until"] is not None)
    whole = hours.working_time(request.created, due)
    left = max(0, whole - rested) * (100 - share) // 100
    return min(due, hours.add_time(request.created, whole - left)) if whole > left else due
