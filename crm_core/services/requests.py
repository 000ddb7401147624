"""Requests: register, change status, hand over; each change is one fact in the history and one entry in the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import chain, islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from crm_core.contributions import StatusChange
from crm_core.errors import Invalid, NotFound
from crm_core.fields import LONG
from crm_core.i18n import TextFactory
from crm_core.model import plain
from crm_core.model.attachment import Attachment
from crm_core.model.contact import Contact
from crm_core.model.plain import Plain
from crm_core.model.request import Category, Request
from crm_core.model.timeline import EntryKind
from crm_core.model.worklist import NO_DUE, WorkHeader, WorkList
from crm_core.security.permissions import Permission
from crm_core.services.casefile import case_errors
from crm_core.services.fitting import text_errors
from crm_core.services.receivers import NOT_TO_THIS_PERSON
from crm_core.services.registering import Registering
from crm_core.services.visibility import Eyes, Visibility
from crm_core.services.workflows import confirmed_lines
from crm_core.text.tracking import is_code, normalise_code
from crm_core.text.typed import normal_value

if TYPE_CHECKING:
    from crm_core.services import Services

_ = TextFactory("crm_core")
MOST_FILES = 200
"""Documents of one request."""


class Requests(Registering):
    """Reading requests, and every verb about them (`register` is in the base class)."""

    # ── read ─────────────────────────────────────────────────────────────────────────────────────────────

    def get(self, id_: int) -> Request:
        """The request, whoever may read it (ask `eyes`); raises NotFound."""
        request: Request | None = self.context.root.requests.get(id_)
        if request is None:
            raise NotFound
        return request

    def by_code(self, code: str) -> Request:
        """The request with a tracking code, typed with any digits and separators; raises NotFound."""
        id_ = self.context.root.indexes.codes.get(normalise_code(code)) if is_code(code) else None
        if id_ is None:
            raise NotFound
        return self.get(id_)

    def of_contact(self, contact: Contact) -> list[Request]:
        """The requests of a contact, oldest first; those hidden from the one who acts are left out."""
        eyes = Eyes(self.context.root, self.context.identity)
        return [request for request in contact.requests.values() if eyes.of_request(request)]

    def readable_of(self, contact: Contact, *types: str) -> list[Request]:
        """The citizen's requests, over all linked records, that the identity may read in full; newest first.

        ``types``: only requests of these types (all when none is named).
        """
        eyes = Eyes(self.context.root, self.context.identity)
        contacts = (self.context.root.contacts.get(id_) for id_ in contact.linked_ids)
        requests = (request for one in contacts if one is not None for request in one.requests.values())
        seen = (request for request in requests if not types or request.type in types)
        readable = (request for request in seen if eyes.of_request(request) is Visibility.FULL)
        return sorted(readable, key=lambda request: -request.id)

    def work(self, unit: int | None = None, user: int | None = None) -> WorkList | None:
        """The open work of a unit (None: of no unit) or of a user; None when there never was any.

        It holds everything: show of it what `visibility` allows, and count with `count_work`.
        """
        return self.lists.find(unit, user)

    def count_work(self, unit: int | None = None, user: int | None = None) -> int:
        """How many open requests a unit (None: no unit) or a user has, without those hidden from the identity."""
        return self.lists.count(Eyes(self.context.root, self.context.identity), unit, user)

    def count_open(self, contacts: Iterable[Contact]) -> int:
        """How many open requests these contacts have, without those hidden from the identity. None is loaded."""
        return self.lists.count_of(Eyes(self.context.root, self.context.identity), contacts)

    def open_of(self, contacts: Iterable[Contact]) -> list[WorkHeader]:
        """What is known without loading them of these contacts' open requests that the identity may read in full, by
        the moment the answer is due; what has none comes last."""
        eyes = Eyes(self.context.root, self.context.identity)
        rows = chain.from_iterable(contact.open.items() for contact in contacts if contact.open is not None)
        readable = ((header.due, id_, header) for id_, header in rows if eyes.of_work(header) is Visibility.FULL)
        return [header for _due, _id, header in sorted(readable)]

    def count_types(self, most: int) -> tuple[Counter[str], bool]:
        """How many requests of each type are open, without those hidden from the identity; and whether there were more
        than the ``most`` that were looked at. None is loaded: their lists tell what is asked."""
        eyes = Eyes(self.context.root, self.context.identity)
        headers = chain.from_iterable(work.headers() for work in self.context.root.unit_work.values())
        seen = Counter(header.type for header in islice(headers, most) if eyes.of_work(header))
        return seen, next(headers, None) is not None

    # ── write ────────────────────────────────────────────────────────────────────────────────────────────

    def change_status(
        self, services: Services, request: Request, status: str, note: str = "", *,
        data: Mapping[str, Plain] | None = None, at: int | None = None, seen: str | None = None,
        confirmed: Collection[int] = (), taken_back: bool = False, reason: str = "",
    ) -> None:
        """Move a request to another status of its own type version. ``data`` is passed on to the plugin's hook.

        ``seen``: the status it had when this was decided; ``at``: when it happened (milliseconds UTC), if not now;
        ``confirmed``: the places, from 0, of the lines of the way's checklist that are confirmed; ``taken_back``: it is
        brought back to where it was, whether or not a way leads there; ``reason``: what it waits for in a status of
        waiting, as the citizen may read it. Works for parked requests too (their plugin is
        not asked). Raises Invalid, Forbidden, Veto, StaleChange.
        """
        self.context.identity.demand(Permission.REQUEST_CHANGE_STATUS)
        try:
            target = request.version.status(status)
        except KeyError:
            raise Invalid({"status": _("This status does not exist for this kind of request.")}) from None
        status = target.name
        if status == request.status:
            raise Invalid({"status": _("The request already has this status.")})
        self.context.changed_by_me(request, {"status": status}, None if seen is None else {"status": seen})
        if taken_back:
            services.workflows.demand_approval(request, status)
        way = None if taken_back else services.workflows.demand(request, status, confirmed)
        at = self.context.now if at is None else at
        errors = text_errors({"note": (note.strip(), LONG)})
        if not self._has_come(at):
            errors["at"] = _("This time lies in the future.")
        if errors:
            raise Invalid(errors)
        old = request.status
        data = plain.check(dict(data or {}), "data")
        change = StatusChange(old, status, Category(target.category), note.strip(), data)
        self.host.before("before_status", request.type, services=services, request=request, change=change)
        closed = None if Category(target.category).is_open else at
        services.deadlines.change_of_status(request, request.category, target.category, reason, at)
        self._change(request, {"status": status, "category": target.category, "closed": closed}, "status")
        services.deadlines.watch(request)
        if request.approvals:
            services.approvals.gone_on(request, status)
        lines = confirmed_lines(way)
        data = {"from": old, "to": status, "note": note.strip(), **change.data}
        self._event(request, EntryKind.STATUS, data | ({"confirmed": lines} if lines else {}), at=at)
        self._journal("request.status", request, ("status",))

    def assign(
        self, request: Request, *, unit: int | None = None, assignee: int | None = None, note: str = "",
        seen: Mapping[str, int | None] | None = None,
    ) -> None:
        """Hand a request to a unit and perhaps a member of staff (both replace what was there).

        ``seen``: the unit and assignee it had when this was decided. Whom it may go to, `Receivers` says; imports
        are not asked. Raises Invalid, Forbidden, StaleChange.
        """
        self.context.identity.demand(Permission.REQUEST_ASSIGN)
        errors = self._receiver_errors(unit, assignee, request.unit) | text_errors({"note": (note.strip(), LONG)})
        if assignee is not None and assignee in request.hidden_from:
            errors["assignee"] = NOT_TO_THIS_PERSON
        if errors:
            raise Invalid(errors)
        before = {"unit": request.unit, "assignee": request.assignee}
        changes = self.context.changed_by_me(request, {"unit": unit, "assignee": assignee}, seen)
        after = before | changes
        unfit = self._unfit(after["unit"], after["assignee"], request)
        if unfit and after != before:
            raise Invalid({"assignee": unfit})
        if not self._change(request, changes, "assign"):
            return
        if request.unit != before["unit"]:
            self.context.services.deadlines.recalculate(request, "unit")
        data = {"from": before, "unit": request.unit, "assignee": request.assignee, "note": note.strip()}
        self._event(request, EntryKind.ASSIGNED, data)
        self._journal("request.assigned", request, ("unit", "assignee"))

    def edit(
        self, request: Request, values: Mapping[str, Any], seen: Mapping[str, Any] | None = None, *, note: str = ""
    ) -> tuple[str, ...]:
        """Change title, text, priority, due or confidentiality; the names of what changed.

        ``seen``: the values the editor started from, as in `Contacts.edit`. Raises Invalid, Forbidden, StaleChange, or
        what the plugin's ``before_change`` raises.
        """
        self.context.identity.demand(Permission.REQUEST_CHANGE_STATUS)
        unknown = set(values) - {"title", "text", "priority", "due", "confidentiality"}
        if unknown:
            raise TypeError(f"a request has no editable field {unknown}")
        clean = {name: normal_value(value) for name, value in values.items()}
        errors = case_errors(clean.get("title", request.title), clean.get("text", request.text),
                             priority=clean.get("priority", request.priority))
        errors |= text_errors({"note": (note.strip(), LONG)})
        if clean.get("confidentiality", "normal") not in ("normal", "confidential"):
            errors["confidentiality"] = _("This degree of confidentiality does not exist.")
        due = clean.get("due")
        if due is not None and (type(due) is not int or not 0 <= due < NO_DUE):
            errors["due"] = _("This is not a time.")
        if errors:
            raise Invalid(errors)
        before = None if seen is None else {name: normal_value(value) for name, value in seen.items()}
        changes = self.context.changed_by_me(request, clean, before)
        self._ask_before_change(request, {
            name: value for name, value in changes.items() if getattr(request, name) != value})
        changed = self._change(request, changes, "change")
        if changed:
            told = {"note": note.strip()} if note.strip() else {}
            self._event(request, EntryKind.CHANGED, {"fields": list(changed), **told})
            self._journal("request.changed", request, changed)
        if "due" in changed:
            self.context.services.deadlines.set_by_hand(request)
        elif "priority" in changed:
            self.context.services.deadlines.recalculate(request, "priority")
        return changed

    def attach(self, request: Request, files: tuple[Attachment, ...], note: str = "") -> None:
        """Add documents to a request, behind those it has. Raises Invalid, Forbidden."""
        self.context.identity.demand(Permission.REQUEST_CHANGE_STATUS)
        errors = text_errors({"note": (note.strip(), LONG)})
        if not files:
            errors["files"] = _("Choose a file.")
        elif len(request.attachments) + len(files) > MOST_FILES:
            errors["files"] = _("A request holds ${most} documents at most.", mapping={"most": MOST_FILES})
        if errors:
            raise Invalid(errors)
        self._change(request, {"attachments": (*request.attachments, *files)}, "attach")
        named = [{"id": str(file.id), "name": file.name} for file in files]
        self._event(request, EntryKind.ATTACHED, {"files": named, "note": note.strip()})
        self._journal("request.attached", request, ("attachments",))

    def correct_closed(self, request: Request, closed: int) -> None:
        """Correct when a closed request was closed (milliseconds UTC), as its source now says."""
        self.context.identity.demand(Permission.REQUEST_CHANGE_STATUS)
        if self._change(request, {"closed": closed}, "closed"):
            self._event(request, EntryKind.CHANGED, {"fields": ["closed"]})
            self._journal("request.changed", request, ("closed",))

    def answer(self, services: Services, request: Request, values: Mapping[str, Any]) -> bool:
        """Replace the form's answers by those of the type's present form; whether anything changed.

        Raises Invalid, Forbidden, or what the plugin's ``before_change`` raises.
        """
        self.context.identity.demand(Permission.REQUEST_CHANGE_STATUS)
        contact = self.context.root.contacts.get(request.contact or 0)
        submission = self.forms.submission(request.type, values, services, contact)
        self.forms.type_version(request.type)
        shield = self._shield(submission, self._referred(submission))
        changes = {"submission": submission, "hidden_from": shield}
        if submission != request.submission:
            self._ask_before_change(request, {"answers": dict(values)})
        if request.assignee in shield:  # it tells of the one who had it
            changes["assignee"] = None
        passing = self.forms.passing(request.submission) | self.forms.passing(submission)
        if not self._change(request, changes, "answers"):
            return False
        request.forget_in_audit(passing)  # nothing would take it out in time, once the answer is another one
        self._event(request, EntryKind.CHANGED, {"fields": ["submission"]})
        self._journal("request.changed", request, ("submission",))
        return True

    def _ask_before_change(self, request: Request, changes: Mapping[str, Any]) -> None:
        """Let the plugin of the request refuse an edit in which something really differs."""
        if changes:
            self.host.before("before_change", request.type, services=self.context.services, request=request,
                             changes=MappingProxyType(dict(changes)))
