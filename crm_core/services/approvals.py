"""Approvals: a way that somebody must agree to waits until he does, level after level; then the request goes on.

Whoever asks gives what the way asks for; it is looked at again when the last level agrees.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from crm_core.errors import CrmError, Invalid, NotFound, PluginFailed, StaleChange
from crm_core.fields import LONG
from crm_core.i18n import Text, TextFactory, choose
from crm_core.model.approval import Approval, ApprovalState
from crm_core.model.ids import new_id
from crm_core.model.request import Request
from crm_core.model.timeline import EntryKind
from crm_core.model.user import Unit, User
from crm_core.model.workflow import Level
from crm_core.security.permissions import Permission
from crm_core.services.casefile import CaseFile
from crm_core.services.deciders import Deciders, Seat
from crm_core.services.fitting import says_something, text_errors
from crm_core.services.visibility import Visibility
from crm_core.services.workflows import approved

if TYPE_CHECKING:
    from crm_core.services import Services

_ = TextFactory("crm_core")

TIMER = "core.approval"
"""The timer that looks at an approval again: to remind of it, and to let it lapse."""
DAY = 86_400_000
MOST_COUNTED = 50
"""Approvals that are counted for the menu: each is asked whether it may be read, on every page."""
DECIDED = _("This is decided already, or does not wait any more.")


class Approvals(CaseFile):
    @property
    def deciders(self) -> Deciders:
        """Who decides."""
        return Deciders(self.context)

    # ── ask ──────────────────────────────────────────────────────────────────────────────────────────────

    def ask(
        self, services: Services, request: Request, status: str, note: str = "", *, answer: str = "",
        channel: str = "", address: str = "", given: int | None = None, confirmed: Collection[int] = (),
        seen: str | None = None,
    ) -> Approval:
        """Ask that a request may go to ``status``; what is said is checked as if it went there now, and kept.

        Raises Invalid (status, confirmed, note, answer), Forbidden, StaleChange.
        """
        self.context.identity.demand(Permission.REQUEST_CHANGE_STATUS)
        self.context.changed_by_me(request, {"status": status}, None if seen is None else {"status": seen})
        way = services.workflows.demand(request, status, confirmed, approval=False)
        if way is None or way.transition is None or not way.transition.approval:
            raise Invalid({"status": _("This needs no approval.")})
        if self.waiting_of(request) is not None:
            raise Invalid({"status": _("It waits for an approval already; withdraw that first.")})
        errors = text_errors({"note": (note.strip(), LONG), "answer": (answer.strip(), LONG)})
        if services.messages.closes(request, status):
            errors |= services.messages.closing_errors(request, status, answer=answer, reason=note, given=given)
        if errors:
            raise Invalid(errors)
        levels = tuple(self._settled(level, request) for level in way.transition.approval)
        for level in levels:
            self._demand_people(level, request)
        approval = Approval()
        approval.request, approval.source, approval.target = request.id, request.status, status
        approval.levels, approval.days = levels, way.transition.approval_days
        approval.said = {"note": note.strip(), "answer": answer.strip(), "channel": channel, "address": address,
                         "given": given, "confirmed": sorted(confirmed)}
        approval.created = approval.modified = self.context.now
        approval.created_by, approval.id = self.context.identity.user_id, new_id(self.context.now)
        request.approvals = (*request.approvals, approval)
        self._tell(approval, request, EntryKind.APPROVAL_ASKED, {"note": note.strip()})
        self._begin_level(approval, request)
        self._journal("approval.asked", request)
        return approval

    def withdraw(self, approval: Approval, reason: str = "") -> None:
        """Ask no more: whoever works on the request may. Raises Invalid, Forbidden, NotFound, CrmError."""
        self.context.identity.demand(Permission.REQUEST_CHANGE_STATUS)
        request = self._readable(approval)
        if not approval.is_waiting:
            raise CrmError(DECIDED)
        self._end(approval, request, ApprovalState.WITHDRAWN, reason)

    # ── decide ───────────────────────────────────────────────────────────────────────────────────────────

    def approve(self, approval: Approval, note: str = "", *, seen: int | None = None) -> None:
        """Agree; at the last level the request goes on. Where it cannot, the way stays open and who asked is told why.

        ``seen``: the revision that was looked at. Raises Invalid, NotFound, StaleChange, CrmError.
        """
        request, seat = self._begin(approval, seen)
        errors = text_errors({"note": (note.strip(), LONG)})
        if errors:
            raise Invalid(errors)
        me = self.context.identity.user_id
        row = {"by": me, "for": seat.principal, "at": self.context.now, "own": seat.own}
        self.deciders.book().take(approval)
        self.context.change(approval, {"decisions": (*approval.decisions, row)}, "approved")
        self._tell(approval, request, EntryKind.APPROVAL_GIVEN, _as(seat) | {"note": note.strip()})
        if approval.level + 1 < len(approval.levels):
            self.context.change(approval, {"level": approval.level + 1, "reminded": None}, "level")
            self._begin_level(approval, request)
        else:
            self.context.change(approval, {"state": ApprovalState.APPROVED.value, "ended": self.context.now,
                                           "ended_by": me}, "approved")
            self._carry_out(approval, request)
        self._journal("approval.decided", request)

    def reject(self, approval: Approval, reason: str, *, seen: int | None = None) -> None:
        """Refuse, for a reason. Raises as `approve`."""
        request, seat = self._begin(approval, seen)
        if not says_something(reason):
            raise Invalid({"reason": _("Say why.")})
        self._end(approval, request, ApprovalState.REJECTED, reason, _as(seat))

    def _begin(self, approval: Approval, seen: int | None) -> tuple[Request, Seat]:
        request = self._readable(approval)
        if not approval.is_waiting:
            raise CrmError(DECIDED)
        if seen is not None and seen != approval.revision:
            raise StaleChange({})
        return request, self.deciders.demand_seat(approval)

    def _carry_out(self, approval: Approval, request: Request) -> None:
        """Let the request go on, whole or not at all; an answer that is still to be given is left to who asked."""
        if approval.said.get("answer"):
            self._notify(approval, request, "approval.approved", _("Give the citizen the answer, then change the "
                                                                   "status."))
            return
        services = self._able(approval, request)
        connection = self.context.root._p_jar
        savepoint = connection.transaction_manager.get().savepoint(optimistic=True) if connection is not None else None
        said: dict[str, Any] = {"seen": approval.source, "confirmed": approval.said.get("confirmed", ())}
        try:
            if services.messages.closes(request, approval.target):
                services.messages.close(services, request, approval.target, reason=approval.said.get("note", ""),
                                        given=approval.said.get("given"), **said)
            else:
                services.requests.change_status(services, request, approval.target, approval.said.get("note", ""),
                                                **said)
        except PluginFailed:
            raise
        except CrmError as error:
            if savepoint is not None:
                savepoint.rollback()
            errors = getattr(error, "errors", None) or {}
            why = next(iter(errors.values()), error.message)
            self.context.change(approval, {"note": self.context.services.words(why)}, "not carried out")
            self._notify(approval, request, "approval.approved", why)
        else:
            self._notify(approval, request, "approval.approved", "")

    def _able(self, approval: Approval, request: Request) -> Services:
        """The verbs of the one who decided, with the right to do what was asked for."""
        way = approved(request, approval)
        needed = {Permission.REQUEST_CHANGE_STATUS.value, *([way.permission] if way is not None else [])} - {""}
        identity = self.context.identity
        able = replace(identity, permissions=identity.permissions | needed)
        return type(self.context.services)(replace(self.context, identity=able))

    # ── what becomes of it ───────────────────────────────────────────────────────────────────────────────

    def gone_on(self, request: Request, status: str) -> None:
        """The request has gone to ``status``: what was approved is done, what waits or leads elsewhere is overtaken."""
        for approval in request.approvals:
            if approval.state == ApprovalState.APPROVED:
                took = approval.target == status
                state = ApprovalState.DONE if took else ApprovalState.OVERTAKEN
                self.context.change(approval, {"state": state.value}, state.value)
            elif approval.is_waiting:
                self._end(approval, request, ApprovalState.OVERTAKEN)

    def look(self, id_: int) -> None:
        """What the timer does: remind whoever decides, and let it lapse when its time is over."""
        book, now = self.context.root.approvals, self.context.now
        approval = None if book is None else book.waiting.get(id_)
        request = None if approval is None else self.context.root.requests.get(approval.request)
        if approval is None or request is None or approval.due is None:
            return
        if approval.due <= now:
            self._end(approval, request, ApprovalState.LAPSED)
        elif approval.reminded is None and approval.due - now <= remind_before(approval.days):
            self.context.change(approval, {"reminded": now}, "reminded")
            people = self.deciders.people(approval.now_with, request, but=approval.created_by)
            self.context.services.notices.tell([one.id for one in people], "approval.due", request=request,
                                               values={"due": approval.due})

    def leave(self, user: User) -> None:
        """Somebody leaves: what waits for him alone lapses, and who asked is told; nobody stands in for him."""
        book = self.context.root.approvals
        if book is None:
            return
        book.deputies.pop(user.id, None)
        for approval in list(book.of_keys([f"u{user.id}"])):
            request = self.context.root.requests.get(approval.request)
            if request is not None:
                self._end(approval, request, ApprovalState.LAPSED,
                          self.context.services.words(_("Who should have decided is not here any more.")))

    def give(self, unit: Unit, successor: Unit) -> None:
        """A unit is closed: its successor decides what waits for it."""
        book = self.context.root.approvals
        for approval in list(book.waiting.values()) if book is not None else ():
            if any(level.unit == unit.id for level in approval.levels):
                book.take(approval)
                levels = tuple(replace(level, unit=successor.id) if level.unit == unit.id else level
                               for level in approval.levels)
                self.context.change(approval, {"levels": levels}, "handed over")
                book.put(approval)

    def empty(self, request: Request) -> None:
        """Forget all words: the request's citizen is erased. Who decided what stays."""
        for approval in request.approvals:
            approval.said = {"confirmed": approval.said.get("confirmed", ())}
            approval.note = ""
            approval.rewrite_audit(lambda name, change: None if name in ("note", "said") else change)

    def forget(self, request: Request) -> None:
        """Take what waits out of the lists: the request goes."""
        book = self.context.root.approvals
        for approval in request.approvals if book is not None else ():
            book.take(approval)

    # ── read ─────────────────────────────────────────────────────────────────────────────────────────────

    @staticmethod
    def waiting_of(request: Request) -> Approval | None:
        """What a request waits for now."""
        return next((one for one in request.approvals if one.is_waiting), None)

    @staticmethod
    def open_of(request: Request) -> Approval | None:
        """An approval whose way was not taken yet: it waits, or was given."""
        return next((one for one in reversed(request.approvals)
                     if one.is_waiting or one.state == ApprovalState.APPROVED), None)

    def get(self, id_: int) -> Approval:
        """What waits under an id. Raises NotFound, also where it waits no more."""
        book = self.context.root.approvals
        found: Approval | None = None if book is None else book.waiting.get(id_)
        if found is None:
            raise NotFound
        self._readable(found)
        return found

    def mine(self, most: int | None = None) -> list[Approval]:
        """What waits for the decision of the one who acts, oldest first; up to ``most``."""
        return [approval for approval, _seat in self.seated(most)]

    def seated(self, most: int | None = None) -> list[tuple[Approval, Seat]]:
        """`mine`, each with the seat on which it is decided."""
        return list(islice(self.deciders.seated(), most))

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────

    @staticmethod
    def _settled(level: Level, request: Request) -> Level:
        return replace(level, unit=request.unit, own_unit=False) if level.own_unit else level

    def _demand_people(self, level: Level, request: Request) -> None:
        if not self.deciders.people(level, request):
            raise Invalid({"status": _("Nobody is there who could approve it. Tell an administrator: he changes who "
                                       "approves, or who has that role.")})

    def _begin_level(self, approval: Approval, request: Request) -> None:
        """Let it wait for the present level, and tell those who decide there."""
        now, days = self.context.now, approval.days
        approval.due = now + days * DAY if days else None
        self.deciders.book().put(approval)
        if approval.due is not None:
            timers = self.context.services.timers
            timers.at(approval.due - remind_before(days), TIMER, approval.id)
            timers.at(approval.due, TIMER, approval.id)
        people = self.deciders.people(approval.now_with, request, but=approval.created_by)
        self.context.services.notices.tell([one.id for one in people], "approval.asked", request=request)

    def _end(self, approval: Approval, request: Request, state: ApprovalState, note: str = "",
             data: dict[str, Any] | None = None) -> None:
        errors = text_errors({"reason": (note.strip(), LONG)})
        if errors:
            raise Invalid(errors)
        self.deciders.book().take(approval)
        self.context.change(approval, {"state": state.value, "note": note.strip(), "ended": self.context.now,
                                       "ended_by": self.context.identity.user_id}, state.value)
        refused = state is ApprovalState.REJECTED
        self._tell(approval, request, EntryKind.APPROVAL_REFUSED if refused else EntryKind.APPROVAL_ENDED,
                   (data or {}) | {"note": note.strip(), "how": state.value})
        if state in (ApprovalState.REJECTED, ApprovalState.LAPSED):
            self._notify(approval, request, f"approval.{state}", note.strip())
        self._journal("approval.ended", request)

    def _notify(self, approval: Approval, request: Request, kind: str, note: Text) -> None:
        """Tell who asked and who has it now, but not the one who acts."""
        people = {approval.created_by, request.assignee} - {None, self.context.identity.user_id}
        labels = self.context.services.labels(note) if note else ""
        self.context.services.notices.tell([one for one in people if one is not None], kind, request=request,
                                           values={"note": labels} if labels else None)

    def _tell(self, approval: Approval, request: Request, kind: str, data: dict[str, Any]) -> None:
        said = {"approval": str(approval.id), "to": approval.target, "level": approval.level + 1,
                "of": len(approval.levels)}
        self._event(request, kind, said | {name: value for name, value in data.items() if value})

    def _readable(self, approval: Approval) -> Request:
        request: Request | None = self.context.root.requests.get(approval.request)
        if request is None or self.context.services.eyes.of_request(request) is not Visibility.FULL:
            raise NotFound
        return request

    def title(self, approval: Approval, language: str) -> str:
        """The verb of the way that is asked for, else the name of the status."""
        request: Request = self.context.root.requests[approval.request]
        way = approved(request, approval)
        try:
            return choose((way.labels if way is not None else None)
                          or request.version.status(approval.target).labels, language)
        except KeyError:
            return approval.target


def remind_before(days: int) -> int:
    """How long before its end (ms) an approval is reminded of: a quarter of its time, a day at most."""
    return min(days * DAY // 4, DAY)


def _as(seat: Seat) -> dict[str, Any]:
    return {"for": seat.principal, "own": seat.own}
