"""Approvals in words: a row of the list of what waits, the sheet on a request, and their entries in the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chameleon.utils import Markup
from pyramid.renderers import render

from crm_core.i18n import Text, TextFactory
from crm_core.model.approval import Approval, ApprovalState
from crm_core.model.request import Request as Case
from crm_core.model.timeline import EntryKind, Event
from crm_core.model.workflow import Level
from crm_core.security.permissions import Permission, Role
from crm_core.security.policy import ROLE_TITLES
from crm_core.services.deciders import Seat
from crm_views.desk import rows
from crm_views.desk.workrows import NEAR, duration

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

ENDS: dict[str, Text] = {
    ApprovalState.WITHDRAWN: _("Not asked for any more: ${what}"),
    ApprovalState.LAPSED: _("Not decided in time: ${what}"),
    ApprovalState.OVERTAKEN: _("No approval needed any more: ${what}"),
}
KINDS: dict[str, tuple[Text, str]] = {
    EntryKind.APPROVAL_ASKED: (_("Approval asked for: ${what}"), "pencil"),
    EntryKind.APPROVAL_GIVEN: (_("Approved: ${what}"), "check2-circle"),
    EntryKind.APPROVAL_REFUSED: (_("Not approved: ${what}"), "x-circle"),
    EntryKind.APPROVAL_ENDED: (_("An approval ended: ${what}"), "dash-circle"),
}


def decider(request: Request, level: Level) -> str:
    """Who decides at a level, in words."""
    if level.user is not None:
        return rows.user_name(request, level.user)
    show = request.ui.show
    role = show.text(ROLE_TITLES[Role(level.role)] if level.role in list(Role) else level.role)
    if level.own_unit:
        return str(show.text(_("${role} of the unit it lies in", mapping={"role": role})))
    if level.unit is None:
        return str(role)
    return str(show.text(_("${role}, ${unit}", mapping={"role": role, "unit": rows.unit_name(request, level.unit)})))


def deciders(request: Request, levels: tuple[Level, ...]) -> str:
    """All levels of an approval, in words."""
    show = request.ui.show
    return str(show.text(_(", then ")).join(decider(request, level) for level in levels))


def clock(request: Request, approval: Approval) -> dict[str, Any] | None:
    """How much time is left to decide; None where it waits without end."""
    show, now = request.ui.show, request.services.now
    if approval.due is None:
        return None
    left = max(approval.due - now, 0)
    span = duration(left, show.day(approval.due), show.day(now))
    gone = 100 - 100 * left // max(approval.days * 86_400_000, 1)
    return {"css": "near" if gone >= NEAR else "", "words": show.sentence(_("${time} left", mapping={"time": span}))}


def row(request: Request, approval: Approval, seat: Seat | None) -> dict[str, Any]:
    """An approval as a line of the list, for who has this seat."""
    show, services = request.ui.show, request.services
    case: Case = services.root.requests[approval.request]
    contact = services.contacts.find(case.contact)
    facts = [rows.type_name(request, case),
             show.text(_("asked by ${name}, ${when}", mapping={
                 "name": rows.user_name(request, approval.created_by), "when": show.datetime(approval.created)}))]
    if len(approval.levels) > 1:
        facts.append(show.text(_("level ${level} of ${all}", mapping={
            "level": show.number(approval.level + 1), "all": show.number(len(approval.levels))})))
    if seat is not None and seat.principal is not None:
        facts.append(show.text(_("in the stead of ${name}", mapping={
            "name": rows.user_name(request, seat.principal)})))
    if seat is not None and seat.own:
        facts.append(show.text(_("your own question: nobody else is there who could decide it")))
    ticking = clock(request, approval)
    return {
        "id": str(approval.id), "seen": str(approval.revision), "href": f"/requests/{case.code}",
        "subject": case.title, "code": show.code(case.code), "facts": facts, "clock": ticking,
        "edge": "soon" if ticking is not None and ticking["css"] else "",
        "what": services.approvals.title(approval, show.locale),
        "status": rows.status_name(request, case.version, approval.target),
        "citizen": rows.contact_name(request, contact), "citizen_href": f"/contacts/{contact.id}" if contact else "",
        "note": approval.said.get("note", ""), "answer": approval.said.get("answer", ""),
    }


def of_case(request: Request, case: Case) -> Markup:
    """The sheet on the page of a request that waits for an approval, or whose approved way is still to be taken."""
    services, show = request.services, request.ui.show
    approval = services.approvals.open_of(case)
    if approval is None:
        return Markup("")
    deciding, user = services.approvals.deciders, request.login.user
    seat = deciding.seat(approval, user) if approval.is_waiting else None
    nobody = approval.is_waiting and not deciding.people(approval.now_with, case)
    values = {
        "row": row(request, approval, seat), "waits": approval.is_waiting, "seat": seat, "nobody": nobody,
        "who": decider(request, approval.now_with), "why": approval.note, "here": f"/requests/{case.code}",
        "may_withdraw": bool(request.has_permission(Permission.REQUEST_CHANGE_STATUS)),
        "given": [show.text(_("approved by ${name}", mapping={"name": rows.user_name(request, one["by"])}))
                  for one in approval.decisions],
    }
    return Markup(render("crm_views:templates/approval_panel.pt", values, request=request))


def told(request: Request, case: Case, event: Event) -> tuple[str, str, str]:
    """Subject, words and icon of an entry about an approval."""
    show, data = request.ui.show, event.data
    words, icon = KINDS[event.kind]
    words = ENDS.get(data.get("how", ""), words) if event.kind == EntryKind.APPROVAL_ENDED else words
    what = rows.status_name(request, case.version, str(data.get("to", "")))
    more = []
    if data.get("of", 1) > 1:
        more.append(show.text(_("Level ${level} of ${all}", mapping={
            "level": show.number(data["level"]), "all": show.number(data["of"])})))
    if data.get("for") is not None:
        more.append(show.text(_("Decided in the stead of ${name}", mapping={
            "name": rows.user_name(request, data["for"])})))
    if data.get("own"):
        more.append(show.text(_("His own question: nobody else was there who could decide it")))
    note = str(data.get("note", ""))
    return show.text(words % {"what": what}), "\n".join([*more, *([note] if note else [])]), icon
