"""One order for several requests: what it will change and what not is known before; afterwards it can be taken back.

Each request is judged and changed by itself through the ordinary verbs: nobody does to many what he may not do to one.
What was changed is remembered with the one who did it, for a while (`recent`).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from crm_core.errors import CrmError, Invalid, NotFound, PluginFailed
from crm_core.i18n import Text, TextFactory, choose
from crm_core.model.request import Priority, Request
from crm_core.model.timeline import EntryKind
from crm_core.security.permissions import Permission
from crm_core.services.fitting import says_something
from crm_core.services.recent import Recent
from crm_core.services.visibility import Visibility
from crm_core.services.worklists import Place, Wanted

if TYPE_CHECKING:
    from crm_core.services import Services

_ = TextFactory("crm_core")
MOST = 100
"""Requests of one order."""
RECENTLY = 1_800_000
"""Milliseconds during which what one has dealt with is not the next thing to do."""
Action = Literal["assign", "take", "priority", "status"]
ACTIONS: tuple[Action, ...] = ("assign", "take", "priority", "status")
TAKEN_BACK = _("Taken back")
CHANGED_MEANWHILE = _("It was changed meanwhile.")

State = dict[str, Any]
"""What an order may change of a request, in plain data: unit, assignee, priority, status."""


@dataclass(frozen=True)
class Order:
    """What shall be done to each. ``unit`` None: it stays where it is; ``assignee`` None: nobody in particular."""

    action: Action
    unit: int | None = None
    assignee: int | None = None
    priority: str = ""
    status: str = ""
    note: str = ""


@dataclass(frozen=True)
class Turn:
    """What comes next and why: the most urgent of ``count``, after ``passed`` more urgent ones one had just now.

    ``taken``: nobody had it until now.
    """

    request: Request
    count: int
    passed: int
    taken: bool


@dataclass(frozen=True)
class Line:
    """What an order does to one request. ``refusal`` says why it does nothing; ``warning`` what it brings with it."""

    request: Request
    before: State
    after: State
    refusal: Text = ""
    warning: Text = ""

    @property
    def changes(self) -> tuple[str, ...]:
        """The names of what becomes different."""
        return () if self.refusal else tuple(name for name, value in self.after.items() if self.before[name] != value)


@dataclass(frozen=True)
class Done:
    """``lines`` as they came out; ``undo`` is the id to take it back with, "" when nothing was changed."""

    lines: tuple[Line, ...]
    undo: str = ""

    @property
    def changed(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if not line.refusal)

    @property
    def refused(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.refusal)


class Bulk:
    def __init__(self, services: Services) -> None:
        self.services = services
        self.context = services.context
        self.recent = Recent(services.context)

    # ── before ───────────────────────────────────────────────────────────────────────────────────────────────

    def requests(self, codes: Iterable[str]) -> list[Request]:
        """The requests with these tracking codes that may be read, each once; at most `MOST`."""
        found: dict[int, Request] = {}
        for code in codes:
            try:
                request = self.services.requests.by_code(code)
            except NotFound:
                continue
            if len(found) < MOST and self.services.eyes.of_request(request) is Visibility.FULL:
                found[request.id] = request
        return list(found.values())

    def statuses(self, requests: Sequence[Request]) -> list[tuple[str, Mapping[str, str]]]:
        """(name, labels) of the statuses that all these requests' kinds have."""
        if not requests:
            return []
        common = set.intersection(*({status.name for status in one.version.statuses} for one in requests))
        return [(status.name, status.labels) for status in requests[0].version.statuses if status.name in common]

    def preview(self, requests: Iterable[Request], order: Order) -> list[Line]:
        """What the order would do now; nothing is changed."""
        return [self._judge(request, order) for request in requests]

    def _judge(self, request: Request, order: Order) -> Line:
        before = state_of(request)
        after = self._after(request, order)
        line = Line(request, before, after, self._refusal(request, order, after))
        if line.refusal:
            return line
        if not line.changes:
            return Line(request, before, after, _("It is so already."))
        return Line(request, before, after, warning=self._warning(request, after))

    def _after(self, request: Request, order: Order) -> State:
        after = state_of(request)
        if order.action == "assign":
            unit = request.unit if order.unit is None else order.unit
            after |= {"unit": unit, "assignee": order.assignee}
        elif order.action == "take":
            unit = self.context.own_unit() if request.unit is None else request.unit
            after |= {"unit": unit, "assignee": self.context.identity.user_id}
        elif order.action == "priority":
            after["priority"] = order.priority
        elif order.action == "status":
            after["status"] = order.status
        return after

    def _refusal(self, request: Request, order: Order, after: State) -> Text:
        """Why the order cannot be carried out on this request, as far as that is known before; "" when it can."""
        needed = Permission.REQUEST_ASSIGN if order.action in ("assign", "take") else Permission.REQUEST_CHANGE_STATUS
        if not self.context.identity.has(needed) or self.services.eyes.of_request(request) is not Visibility.FULL:
            return _("You may not do this.")
        if not request.is_open and order.action != "status":
            return _("It is closed.")
        if order.action in ("assign", "take"):
            unfit = self.services.receivers.error(after["unit"], after["assignee"], request)
            if unfit and after != state_of(request):
                return unfit
        if order.action == "status" and order.status not in {status.name for status in request.version.statuses}:
            return _("This kind of request has no such status.")
        if order.action == "status" and (shut := self._shut(request, order.status)):
            return shut
        if order.action == "status" and not says_something(order.note):
            if self.services.messages.ends(request, order.status):
                return _("Closing it needs an answer to the citizen, or a note that says why there is none.")
            if self.services.messages.closes(request, order.status):
                return _("Closing it needs a note that says why.")
        return ""

    def _shut(self, request: Request, status: str) -> Text:
        return "" if status == request.status else self.services.workflows.refusal(request, status)

    def _warning(self, request: Request, after: State) -> Text:
        """What becomes of it for the one who does it: perhaps it cannot be read any more."""
        seen = self.services.eyes.of_moved(request, after["unit"], after["assignee"])
        return "" if seen is Visibility.FULL else _("You will not be able to read it there.")

    # ── doing it ─────────────────────────────────────────────────────────────────────────────────────────────

    def apply(self, requests: Iterable[Request], order: Order, seen: Mapping[str, State]) -> Done:
        """Do it to each that still is as it was ``seen`` (by tracking code); what is refused keeps its reason.

        What a plugin refuses is refused for that request only; any other failure of a plugin raises, nothing is stored.
        Raises Invalid for an order that makes no sense for any of them.
        """
        self.check(order)
        lines = [self._do(line, order, seen.get(line.request.code)) for line in self.preview(requests, order)]
        changed = [line for line in lines if not line.refusal]
        return Done(tuple(lines), self._remember(order, changed) if changed else "")

    def check(self, order: Order) -> None:
        """Raise Invalid, by field, for an order that makes no sense for any request."""
        errors: dict[str, Text] = {}
        root = self.context.root
        if order.action == "assign":
            unit = None if order.unit is None else root.units.get(order.unit)
            if order.unit is not None and (unit is None or not unit.active):
                errors["unit"] = _("This unit does not exist.")
            unfit = self.services.receivers.error(order.unit, order.assignee)
            if unfit:
                errors["assignee"] = unfit
            if order.unit is None and order.assignee is None:
                errors["unit"] = _("Say to which unit or to whom.")
        if order.action == "priority" and order.priority not in list(Priority):
            errors["priority"] = _("This priority does not exist.")
        if errors:
            raise Invalid(errors)

    def _do(self, line: Line, order: Order, seen: State | None) -> Line:
        if line.refusal:
            return line
        if seen is not None and any(line.before[name] != seen.get(name) for name in _touched(order)):
            return Line(line.request, line.before, line.after, CHANGED_MEANWHILE)
        return self._carry_out(line, order.note)

    def _carry_out(self, line: Line, note: str, *, taken_back: bool = False) -> Line:
        """Do it to one request whole or not at all: what a plugin wrote before it was refused is gone again."""
        connection = self.context.root._p_jar
        savepoint = connection.transaction_manager.get().savepoint(optimistic=True) if connection is not None else None
        try:
            self._set(line.request, line.before, line.after, note, taken_back=taken_back)
        except PluginFailed:
            raise
        except CrmError as error:
            if savepoint is not None:
                savepoint.rollback()
            return Line(line.request, line.before, line.after, error.message)
        return line

    def _set(self, request: Request, before: State, after: State, note: str, *, taken_back: bool = False) -> None:
        """Bring a request from one state to another by the verbs everybody uses."""
        verbs = self.services.requests
        if (before["unit"], before["assignee"]) != (after["unit"], after["assignee"]):
            verbs.assign(request, unit=after["unit"], assignee=after["assignee"], note=note)
        if before["priority"] != after["priority"]:
            verbs.edit(request, {"priority": after["priority"]}, note=note)
        if before["status"] != after["status"]:
            verbs.change_status(self.services, request, after["status"], note, taken_back=taken_back)

    # ── taking it back ───────────────────────────────────────────────────────────────────────────────────────

    def pending(self, id_: str = "") -> dict[str, Any] | None:
        """The newest order that can still be taken back, or the one with that id; None when there is none."""
        rows = [row for row in self.recent.orders() if id_ in ("", row["id"])]
        return rows[-1] if rows else None

    def undo(self, id_: str) -> Done:
        """Bring back what an order changed, as far as nobody changed it since; the history of each says so.

        Raises NotFound when it is too late, or done already.
        """
        row = self.pending(id_)
        if row is None or not id_:
            raise NotFound
        note = choose(self.services.labels(TAKEN_BACK), self.context.settings.language)
        lines = [self._undo_one(code, before, after, kept[0] if kept else {}, note)
                 for code, before, after, *kept in row["rows"]]
        self.recent.keep(orders=(one for one in self.recent.orders() if one["id"] != id_))
        return Done(tuple(line for line in lines if line is not None))

    def _undo_one(self, code: str, before: State, after: State, secrecy: State, note: str) -> Line | None:
        try:
            request = self.services.requests.by_code(code)
        except NotFound:  # erased since
            return None
        now = state_of(request)
        changed = {name for name, value in before.items() if value != after[name]}
        target = now | {name: before[name] for name in changed}
        # One answer, whatever it is: it tells nobody that something became secret, or is about him.
        if any(now[name] != after[name] for name in changed) or not self._may_restore(request, secrecy):
            return Line(request, now, target, CHANGED_MEANWHILE)
        return self._carry_out(Line(request, now, target), note, taken_back=True)

    def _may_restore(self, request: Request, secrecy: State) -> bool:
        """Whether what one gave away is no more secret than it was when one still had it."""
        eyes = self.services.eyes
        contact = self.context.root.contacts.get(request.contact or 0)
        if eyes.of_request(request) is Visibility.HIDDEN or secrecy != self._secrecy_of(request):
            return False
        return contact is None or eyes.of_contact(contact) is Visibility.FULL

    def _secrecy_of(self, request: Request) -> State:
        """From whom a request and its citizen are kept, in plain data."""
        contact = self.context.root.contacts.get(request.contact or 0)
        return {"request": str(request.confidentiality), "hidden": list(request.hidden_from),
                "contact": str(contact.confidentiality) if contact is not None else ""}

    def _remember(self, order: Order, lines: Sequence[Line]) -> str:
        if self.recent.user is None:
            return ""
        id_ = secrets.token_hex(8)
        row = {
            "id": id_, "at": self.context.now, "action": order.action,
            "rows": [[line.request.code, line.before, line.after, self._secrecy_of(line.request)] for line in lines],
        }
        self.recent.keep(orders=(*self.recent.orders(), row))
        return id_

    # ── the next one ─────────────────────────────────────────────────────────────────────────────────────────

    def next(self) -> Turn | None:
        """What to do now: the most urgent of one's own work and of what nobody has in one's units, which is taken.

        What waits for the citizen and is not late comes last. What this gave in the last minutes, and what one dealt
        with in the last half hour, is passed over until there is nothing else; then it starts at the top again.
        """
        lists = self.services.work
        asked = [Wanted(lists.own())]
        if self.context.identity.has(Permission.REQUEST_ASSIGN):
            asked.append(Wanted(Place(units=lists.units()), state="free"))
        ranked = lists.ranked(*asked)
        given = self.recent.turns()
        had = {turn["request"] for turn in given}
        passed = []
        for place, id_ in enumerate(ranked):
            request = self.services.requests.get(id_)
            if id_ in had or self._is_dealt_with(request):
                passed.append(request)
            elif turn := self._turn(request, len(ranked), place):
                return self._remember_turn(turn, given)
        last = given[-1]["request"] if given else None
        for request in sorted(passed, key=lambda one: one.id == last):
            if turn := self._turn(request, len(ranked), 0):
                return self._remember_turn(turn, ())
        return None

    def _turn(self, request: Request, count: int, passed: int) -> Turn | None:
        """Give a request to the one who acts, whose it becomes if nobody had it; None where it cannot be his."""
        if request.assignee == self.context.identity.user_id:
            return Turn(request, count, passed, taken=False)
        take = Order("take")
        after = self._after(request, take)
        if self._refusal(request, take, after):
            return None
        self._set(request, state_of(request), after, "")
        return Turn(request, count, passed, taken=True)

    def turn_of(self, request: Request) -> Turn | None:
        """How `next` gave this request, when it did so last and in the last minutes."""
        given = self.recent.turns()
        if not given or given[-1]["request"] != request.id:
            return None
        return Turn(request, given[-1]["count"], given[-1]["passed"], given[-1]["taken"])

    def _remember_turn(self, turn: Turn, before: tuple[dict[str, Any], ...]) -> Turn:
        row = {"request": turn.request.id, "at": self.context.now, "count": turn.count, "passed": turn.passed,
               "taken": turn.taken}
        self.recent.keep(turns=(*before, row))
        return turn

    def _is_dealt_with(self, request: Request) -> bool:
        """Whether the last to do anything with it was the one who acts, in the last half hour."""
        last = request.events[request.events.maxKey()]
        mine = last.by == self.context.identity.user_id and last.kind != EntryKind.REGISTERED and not request.heard
        return bool(mine and last.at > self.context.now - RECENTLY)


def state_of(request: Request) -> State:
    """What orders change of a request, as it is now."""
    return {"unit": request.unit, "assignee": request.assignee, "priority": request.priority, "status": request.status}


def _touched(order: Order) -> tuple[str, ...]:
    return ("unit", "assignee") if order.action in ("assign", "take") else (order.action,)
