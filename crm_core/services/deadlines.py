"""Deadlines of requests: set by targets in working time, worked out anew when what they stand on changes, and stopped
while a request waits.

A pause is shown with its reason, which the citizen may read; when it ends, what is owed moves by the working time that
passed meanwhile. What a person set by hand stays, but for a pause. Who is told in time, `escalation` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import nsmallest
from typing import Any, NamedTuple

from crm_core.durations import DAY, MINUTE
from crm_core.errors import CrmError, Invalid
from crm_core.fields import LONG
from crm_core.i18n import TextFactory
from crm_core.model.request import Category, Request
from crm_core.model.timeline import EntryKind
from crm_core.officehours import OfficeHours
from crm_core.security.permissions import Permission
from crm_core.services.calendars import SWEEP
from crm_core.services.casefile import CaseFile
from crm_core.services.escalation import Escalation
from crm_core.services.fitting import says_something, text_errors
from crm_core.services.targets import HOURS, Span, Target

_ = TextFactory("crm_core")

PORTION = 200
"""Open requests looked at in one transaction after a calendar was changed."""
BY_RULE = frozenset({"target", "type"})
"""What set a deadline that is worked out anew; a plugin and a person have decided it once."""


class Beginning(NamedTuple):
    """What a new request begins with: attributes of `Request` by name."""

    due: int | None
    due_by: str
    first_due: int | None = None
    target: int = 0


class Deadlines(CaseFile):
    # ── a new request ────────────────────────────────────────────────────────────────────────────────────

    def beginning(
        self, type_id: str, priority: str, unit: int | None, at: int, *, hand: int | None = None,
        plugin: int | None = None, days: int | None = None,
    ) -> Beginning:
        """The deadlines of a new request of that kind: ``hand`` or ``plugin`` where one of them says when (ms UTC),
        else its target, else ``days`` of the calendar. Imports tell of the past: targets are not for them."""
        target = Target() if self.context.bulk else self.context.services.targets.find(type_id, priority)
        first = self._after(unit, at, target.first)
        if hand is not None or plugin is not None:
            due, by = (plugin, "plugin") if hand is None else (hand, "hand")
        elif target.solution is not None:
            due, by = self._after(unit, at, target.solution), "target"
        else:
            due, by = None if days is None else at + days * DAY, "type"
        used = target.edition if by == "target" or first is not None else 0
        return Beginning(due, by, first, used)

    def begun(self, request: Request) -> None:
        """A request was registered: its clock stands where it begins by waiting, else look at it again in time."""
        if request.category == Category.WAITING:
            self._pause(request, "", request.created, by_status=True)
        self.watch(request)

    # ── what it stands on changes ────────────────────────────────────────────────────────────────────────

    def recalculate(self, request: Request, why: str) -> bool:
        """Work the deadlines out anew since ``why`` (priority, unit, calendar) changed; whether one moved.

        The history says from when to when. Nothing happens to what a person or a plugin decided, or to imports.
        """
        if not request.is_open or self.context.bulk or not request.due_by:
            return False
        target = self.context.services.targets.find(request.type, request.priority)
        changes: dict[str, Any] = {}
        if request.due_by in BY_RULE and (target.solution is not None or request.due_by == "target"):
            by = "target" if target.solution is not None else "type"
            changes |= {"due": self._by_rule(request, target.solution), "due_by": by}
        if request.first_answer is None:
            first = self._after(request.unit, request.created, target.first)
            changes["first_due"] = None if first is None else self._later(request, first)
        moved = {name: [getattr(request, name), value] for name, value in changes.items()
                 if name != "due_by" and getattr(request, name) != value}
        if not moved:
            return False
        changes["target"] = target.edition if target else 0
        self._set(request, changes, "deadline")
        self._event(request, EntryKind.DEADLINE, {"what": "moved", "why": why, **moved})
        self._journal("request.changed", request, tuple(moved))
        self.watch(request)
        return True

    def set_by_hand(self, request: Request) -> None:
        """A person has just set the deadline: it stays, also when a pause in which it was set ends."""
        request.due_by = "hand"
        if request.pause is not None:
            request.pauses = (*request.pauses[:-1], {**request.pauses[-1], "kept": True})
        self.watch(request)

    def sweep(self, after: int) -> None:
        """What the timer does when calendars have changed: work deadlines of the next `PORTION` open requests behind
        the id ``after`` out anew, and go on behind the last of them."""
        ids = (id_ for work in self.context.root.unit_work.values() for id_, _mark in work.marks() if id_ > after)
        portion = nsmallest(PORTION, ids)
        for id_ in portion:
            request = self.context.root.requests.get(id_)
            if request is not None:
                self.recalculate(request, "calendar")
                self.watch(request)
        if len(portion) == PORTION:
            self.context.services.timers.at(self.context.now - MINUTE, SWEEP, portion[-1])

    def watch(self, request: Request) -> None:
        """Have a request looked at again before its deadlines and at them."""
        Escalation(self.context, self.forms, self.timeline, self.host).watch(request)

    # ── pauses ───────────────────────────────────────────────────────────────────────────────────────────

    def pause(self, request: Request, reason: str) -> None:
        """Stop the clock for a ``reason`` that the citizen may read. Raises Invalid (reason), Forbidden, CrmError."""
        self.context.identity.demand(Permission.REQUEST_CHANGE_STATUS)
        if not request.is_open or request.pause is not None:
            raise CrmError(_("Its clock stands already.") if request.is_open else _("This request is closed."))
        errors = text_errors({"reason": (reason.strip(), LONG)})
        if not says_something(reason):
            errors["reason"] = _("Write what it waits for, as the citizen may read it.")
        if errors:
            raise Invalid(errors)
        self._pause(request, reason.strip(), self.context.now, by_status=False)
        request.happened(max(self.context.now, request.last_news))
        self.lists.add(request)

    def resume(self, request: Request) -> None:
        """Let a clock run on that was stopped by hand. Raises Forbidden, CrmError."""
        self.context.identity.demand(Permission.REQUEST_CHANGE_STATUS)
        if request.pause is None:
            raise CrmError(_("Its clock runs already."))
        if request.category == Category.WAITING:
            raise CrmError(_("It waits by its status; its clock runs on with another one."))
        self._resume(request, self.context.now)
        request.happened(max(self.context.now, request.last_news))
        self.lists.add(request)
        self.watch(request)

    def change_of_status(self, request: Request, old: str, new: str, reason: str, at: int) -> None:
        """The category of its status becomes ``new`` at a moment, before that is written: waiting stops the clock,
        whatever follows lets it run on, and so does closing. Raises Invalid (reason)."""
        errors = text_errors({"reason": (reason.strip(), LONG)})
        if errors:
            raise Invalid(errors)
        stands = request.pause is not None
        if new == Category.WAITING and not stands:
            self._pause(request, reason.strip(), at, by_status=True)
        elif stands and (old == Category.WAITING or not Category(new).is_open):
            self._resume(request, at)

    def _pause(self, request: Request, reason: str, at: int, *, by_status: bool) -> None:
        pause = {"since": max(at, request.created), "until": None, "reason": reason, "status": by_status,
                 "by": self.context.identity.user_id, "kept": False}
        self._set(request, {"pauses": (*request.pauses, pause)}, "pause")
        self._event(request, EntryKind.DEADLINE, {"what": "paused", "reason": reason}, at=at)
        self._journal("request.changed", request, ("pauses",))

    def _resume(self, request: Request, at: int) -> None:
        pause = request.pauses[-1]
        ended = {**pause, "until": max(at, pause["since"])}
        changes: dict[str, Any] = {"pauses": (*request.pauses[:-1], ended)}
        if not self.context.bulk:
            rest = self._hours(request.unit).working_time(ended["since"], ended["until"])
            if request.due is not None and not pause["kept"]:
                changes["due"] = self._plus(request.unit, request.due, rest)
            answered = request.first_answer
            if request.first_due is not None and (answered is None or answered > ended["since"]):
                changes["first_due"] = self._plus(request.unit, request.first_due, rest)
        moved = {name: [getattr(request, name), changes[name]] for name in ("due", "first_due")
                 if changes.get(name, getattr(request, name)) != getattr(request, name)}
        self._set(request, changes, "resume")
        self._event(request, EntryKind.DEADLINE, {"what": "resumed", **moved}, at=at)
        self._journal("request.changed", request, ("pauses", *moved))

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────

    def _set(self, request: Request, values: Mapping[str, Any], action: str) -> None:
        """`Context.change`; it is written down anew what lists tell of it, but nobody has acted on what was said."""
        self.context.change(request, values, action)
        self.lists.refile(request)

    def _hours(self, unit: int | None) -> OfficeHours:
        return self.context.services.calendars.hours(unit)

    def _after(self, unit: int | None, at: int, span: Span | None) -> int | None:
        """When a span of working time has passed; None for none."""
        if span is None:
            return None
        amount, what = span
        if what == HOURS:
            return self._plus(unit, at, amount * 60 * MINUTE)
        try:
            return self._hours(unit).add_days(at, amount)
        except (ValueError, OverflowError):  # the calendar never opens again: better a day than none
            return at + amount * DAY

    def _plus(self, unit: int | None, at: int, length: int) -> int:
        try:
            return self._hours(unit).add_time(at, length)
        except (ValueError, OverflowError):  # as above, and for moments that no calendar has
            return at + length

    def _by_rule(self, request: Request, span: Span | None) -> int | None:
        """The deadline by a span of working time, else by the days of its kind."""
        if span is not None:
            due = self._after(request.unit, request.created, span)
        else:
            published = self.context.registry.types.get(request.type)
            days = None if published is None else self.context.services.types.days(published)
            due = None if days is None else request.created + days * DAY
        return None if due is None else self._later(request, due)

    def _later(self, request: Request, due: int) -> int:
        """A deadline, moved by the working time of all pauses that have ended."""
        hours = self._hours(request.unit)
        ended = [one for one in request.pauses if one["until"] is not None]
        return self._plus(request.unit, due, sum(hours.working_time(one["since"], one["until"]) for one in ended))

