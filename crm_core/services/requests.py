"""Requests: register, change status, hand over; each change is one fact in the history and one entry in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crm_core.contributions import Draft, RequestType, StatusChange
from crm_core.errors import Invalid, NotFound
from crm_core.fields import LONG, SHORT
from crm_core.host import PluginHost
from crm_core.i18n import Text, TextFactory, choose
from crm_core.model.attachment import Attachment
from crm_core.model.contact import Contact
from crm_core.model.ids import new_id
from crm_core.model.interaction import Channel
from crm_core.model.plain import Plain
from crm_core.model.request import Category, Priority, Request, StoredStatus, Submission, TypeVersion
from crm_core.model.timeline import EntryKind, Event
from crm_core.model.worklist import NO_DUE, WorkList
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.fitting import text_errors
from crm_core.services.forms import Forms
from crm_core.services.timeline import Timeline
from crm_core.services.visibility import Eyes, Visibility
from crm_core.services.work import FILED_BY, Work
from crm_core.text.tracking import is_code, new_code, normalise_code

if TYPE_CHECKING:
    from crm_core.services import Services

_ = TextFactory("crm_core")
DAY = 86_400_000
NOT_TO_THIS_PERSON = _("This request must not go to this person.")


class Requests:
    def __init__(self, context: Context, forms: Forms, timeline: Timeline, host: PluginHost) -> None:
        self.context = context
        self.forms = forms
        self.timeline = timeline
        self.host = host
        self.lists = Work(context.root)

    # ── read ─────────────────────────────────────────────────────────────────────────────────────────────

    def get(self, id_: int) -> Request:
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
        members = contact.group.members if contact.group is not None else (contact.id,)
        contacts = (self.context.root.contacts.get(id_) for id_ in members)
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

    # ── write ────────────────────────────────────────────────────────────────────────────────────────────

    def register(
        self,
        services: Services,
        contact: Contact | None,
        type_id: str,
        values: Mapping[str, Any],
        *,
        title: str = "",
        text: str = "",
        channel: str = Channel.IN_PERSON,
        unit: int | None = None,
        assignee: int | None = None,
        priority: str = Priority.NORMAL,
        due: int | None = None,
        at: int | None = None,
        confidential: bool = False,
        attachments: tuple[Attachment, ...] = (),
        external: str = "",
        code: str = "",
    ) -> Request:
        """Store a new request in the status its type starts with. ``values`` are the form's checked values.

        ``at`` and ``due`` are milliseconds UTC (default: now, and the type's ``due_days`` later). ``code``: a tracking
        code that the citizen holds already (default: a new one). Raises Invalid, Forbidden, or what the plugin's
        ``before_submit`` raises; nothing is stored then.
        """
        published = self.forms.published(type_id)
        self.context.identity.demand(published.type.permission)
        at = self.context.now if at is None else at
        submission = self.forms.submission(type_id, values, services, contact)
        title = title.strip() or self._title(published.type.title_from, submission) or choose(
            published.labels, self.context.settings.language
        )
        errors = _errors(title, text, priority=priority) | self._receiver_errors(unit, assignee)
        errors |= self._origin_errors(channel, at, due, code)
        if errors:
            raise Invalid(errors)
        code = normalise_code(code) if code else self._new_code()
        draft = Draft(self._new_id(at), code, type_id, contact, title, text.strip(), dict(values), at)
        self.host.before("before_submit", type_id, services=services, draft=draft)
        request = Request()
        request.code, request.type, request.version = draft.code, type_id, self.forms.type_version(type_id)
        request.title, request.text, request.channel = title, text.strip(), str(channel)
        status = self._first_status(published.type, request.version, draft.values)
        request.status, request.category = status.name, status.category
        request.unit = unit if unit is not None else self.context.own_unit()
        request.assignee, request.priority = assignee, str(priority)
        request.submission, request.attachments, request.external = submission, attachments, external
        self._protect(request, submission, confidential or self._is_confidential(published.type, draft.values))
        request.contact = contact.id if contact is not None else None
        days = published.type.due_days
        request.due = due if due is not None or days is None else at + days * DAY
        if not request.is_open:  # answered by being registered: closed at birth, nothing is owed
            request.closed, request.due = at, None
        self._file(request, draft)
        if contact is not None:
            contact.requests[request.id] = request
        self.lists.add(request)
        self._event(request, EntryKind.REGISTERED, {"status": request.status}, at=at, voice="citizen")
        self._journal("request.created", request)
        return request

    def _origin_errors(self, channel: str, at: int, due: int | None, code: str) -> dict[str, Text]:
        errors: dict[str, Text] = {}
        if channel not in list(Channel):
            errors["channel"] = _("This channel does not exist.")
        if not self._has_come(at):
            errors["at"] = _("This time lies in the future.")
        if due is not None and not 0 <= due < NO_DUE:
            errors["due"] = _("This is not a time.")
        if code and (not is_code(code) or normalise_code(code) in self.context.root.indexes.codes):
            errors["code"] = _("This tracking code cannot be given: it is damaged, or another request has it.")
        return errors

    def _protect(self, request: Request, submission: Submission, confidential: bool) -> None:
        """Say who may not see a new request: it inherits the secrets of those it refers to."""
        referred = self._referred(submission)
        confidential = confidential or any(other.confidentiality != "normal" for other in referred)
        request.confidentiality = "confidential" if confidential else "normal"
        request.hidden_from = self._shield(submission, referred)
        if request.assignee in request.hidden_from:
            raise Invalid({"assignee": NOT_TO_THIS_PERSON})

    def change_status(
        self, services: Services, request: Request, status: str, note: str = "", *,
        data: Mapping[str, Plain] | None = None, at: int | None = None, seen: str | None = None,
    ) -> None:
        """Move a request to another status of its own type version. ``data`` is passed on to the plugin's hook.

        ``seen``: the status it had when this was decided; ``at``: when it happened (milliseconds UTC), if not now.
        Works for parked requests too (their plugin is not asked). Raises Invalid, Forbidden, Veto, StaleChange.
        """
        self.context.identity.demand(Permission.REQUEST_CHANGE_STATUS)
        try:
            target = request.version.status(status)
        except KeyError:
            raise Invalid({"status": _("This status does not exist for this kind of request.")}) from None
        if status == request.status:
            raise Invalid({"status": _("The request already has this status.")})
        self.context.changed_by_me(request, {"status": status}, None if seen is None else {"status": seen})
        at = self.context.now if at is None else at
        errors = text_errors({"note": (note.strip(), LONG)})
        if not self._has_come(at):
            errors["at"] = _("This time lies in the future.")
        if errors:
            raise Invalid(errors)
        old = request.status
        change = StatusChange(old, status, Category(target.category), note.strip(), dict(data or {}))
        self.host.before("before_status", request.type, services=services, request=request, change=change)
        closed = None if Category(target.category).is_open else at
        self._change(request, {"status": status, "category": target.category, "closed": closed}, "status")
        self._event(request, EntryKind.STATUS, {"from": old, "to": status, "note": note.strip(), **change.data}, at=at)
        self._journal("request.status", request, ("status",))

    def assign(
        self, request: Request, *, unit: int | None = None, assignee: int | None = None, note: str = "",
        seen: Mapping[str, int | None] | None = None,
    ) -> None:
        """Hand a request to a unit and perhaps a member of staff (both replace what was there).

        ``seen``: the unit and assignee it had when this was decided. Raises Invalid, Forbidden, StaleChange.
        """
        self.context.identity.demand(Permission.REQUEST_ASSIGN)
        errors = self._receiver_errors(unit, assignee) | text_errors({"note": (note.strip(), LONG)})
        if assignee is not None and assignee in request.hidden_from:
            errors["assignee"] = NOT_TO_THIS_PERSON
        if errors:
            raise Invalid(errors)
        before = {"unit": request.unit, "assignee": request.assignee}
        changes = self.context.changed_by_me(request, {"unit": unit, "assignee": assignee}, seen)
        if not self._change(request, changes, "assign"):
            return
        data = {"from": before, "unit": request.unit, "assignee": request.assignee, "note": note.strip()}
        self._event(request, EntryKind.ASSIGNED, data)
        self._journal("request.assigned", request, ("unit", "assignee"))

    def edit(
        self, request: Request, values: Mapping[str, Any], seen: Mapping[str, Any] | None = None
    ) -> tuple[str, ...]:
        """Change title, text, priority, due or confidentiality; the names of what changed.

        ``seen``: the values the editor started from, as in `Contacts.edit`. Raises Invalid, Forbidden, StaleChange.
        """
        self.context.identity.demand(Permission.REQUEST_CHANGE_STATUS)
        unknown = set(values) - {"title", "text", "priority", "due", "confidentiality"}
        if unknown:
            raise TypeError(f"a request has no editable field {unknown}")
        clean = {name: _normal(value) for name, value in values.items()}
        errors = _errors(clean.get("title", request.title), clean.get("text", request.text),
                         priority=clean.get("priority", request.priority))
        if clean.get("confidentiality", "normal") not in ("normal", "confidential"):
            errors["confidentiality"] = _("This degree of confidentiality does not exist.")
        due = clean.get("due")
        if due is not None and (type(due) is not int or not 0 <= due < NO_DUE):
            errors["due"] = _("This is not a time.")
        if errors:
            raise Invalid(errors)
        before = None if seen is None else {name: _normal(value) for name, value in seen.items()}
        changed = self._change(request, self.context.changed_by_me(request, clean, before), "change")
        if changed:
            self._event(request, EntryKind.CHANGED, {"fields": list(changed)})
            self._journal("request.changed", request, changed)
        return changed

    def correct_closed(self, request: Request, closed: int) -> None:
        """Correct when a closed request was closed (milliseconds UTC), as its source now says."""
        self.context.identity.demand(Permission.REQUEST_CHANGE_STATUS)
        if self._change(request, {"closed": closed}, "closed"):
            self._event(request, EntryKind.CHANGED, {"fields": ["closed"]})
            self._journal("request.changed", request, ("closed",))

    def answer(self, services: Services, request: Request, values: Mapping[str, Any]) -> bool:
        """Replace the form's answers by those of the type's present form; whether anything changed."""
        self.context.identity.demand(Permission.REQUEST_CHANGE_STATUS)
        contact = self.context.root.contacts.get(request.contact or 0)
        submission = self.forms.submission(request.type, values, services, contact)
        self.forms.type_version(request.type)
        shield = self._shield(submission, self._referred(submission))
        changes = {"submission": submission, "hidden_from": shield}
        if request.assignee in shield:  # it tells of the one who had it
            changes["assignee"] = None
        if not self._change(request, changes, "answers"):
            return False
        self._event(request, EntryKind.CHANGED, {"fields": ["submission"]})
        self._journal("request.changed", request, ("submission",))
        return True

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────

    def _title(self, fields: tuple[str, ...], submission: Submission) -> str:
        language = self.context.settings.language
        parts = []
        for name in fields:
            answer = submission.answers.get(name, {})
            text = answer.get("text", answer.get("value"))
            parts.append(choose(text, language) if isinstance(text, dict | str) else "")
        return ("، " if language == "fa" else ", ").join(part for part in parts if part)[:SHORT]

    def _new_id(self, at: int) -> int:
        """An id no request has: imports bring thousands of one millisecond."""
        id_ = new_id(at)
        while id_ in self.context.root.requests:
            id_ = new_id(at)
        return id_

    def _new_code(self) -> str:
        code = new_code()
        while code in self.context.root.indexes.codes:
            code = new_code()
        return code

    def _first_status(self, type_: RequestType, version: TypeVersion, values: Mapping[str, Any]) -> StoredStatus:
        if type_.starts_as is None:
            return version.statuses[0]
        starts_as = type_.starts_as
        return self.host.decide(type_.id, "starts_as", lambda: version.status(starts_as(values)))

    def _is_confidential(self, type_: RequestType, values: Mapping[str, Any]) -> bool:
        decision = type_.confidential
        if not callable(decision):
            return decision
        return self.host.decide(type_.id, "confidential", lambda: bool(decision(values)))

    def _shield(self, submission: Submission, referred: list[Request]) -> tuple[int, ...]:
        """Who must not see the request: staff it tells of, and whoever must not see a request it refers to."""
        shielded = dict.fromkeys(int(value) for value in self._marked(submission, "shields"))
        return tuple(shielded | dict.fromkeys(user for other in referred for user in other.hidden_from))

    def _referred(self, submission: Submission) -> list[Request]:
        found = (self.context.root.requests.get(int(value)) for value in self._marked(submission, "refers"))
        return [request for request in found if request is not None]

    def _marked(self, submission: Submission, word: str) -> list[str]:
        """The answers, as far as given, of the fields that carry ``word`` (shields, refers)."""
        form = self.forms.form_version(submission.form)
        if form is None:
            raise NotFound
        names = [field["name"] for field in form.fields if field.get(word)]
        return [str(value) for name in names if (value := submission.answers.get(name, {}).get("value"))]

    def _file(self, request: Request, draft: Draft) -> None:
        root = self.context.root
        request.id = draft.id
        request.created, request.modified = draft.at, self.context.now
        request.created_by = self.context.identity.user_id
        root.requests[request.id] = request
        root.indexes.codes[request.code] = request.id

    def _change(self, request: Request, values: Mapping[str, Any], action: str) -> tuple[str, ...]:
        """`Context.change`; the lists are touched only when the request moves in them."""
        moves = any(name in FILED_BY and getattr(request, name) != value for name, value in values.items())
        if moves:
            self.lists.remove(request)
        changed = self.context.change(request, values, action)
        if moves:
            self.lists.add(request)
        return changed

    def _has_come(self, at: int) -> bool:
        """Whether a moment is one that things happen at: clocks may be a day apart, no more."""
        return 0 <= at <= self.context.now + DAY

    def _receiver_errors(self, unit: int | None, assignee: int | None) -> dict[str, Text]:
        errors: dict[str, Text] = {}
        if unit is not None and unit not in self.context.root.units:
            errors["unit"] = _("This unit does not exist.")
        if assignee is not None and assignee not in self.context.root.users:
            errors["assignee"] = _("This member of staff does not exist.")
        return errors

    def _event(
        self, request: Request, kind: str, data: dict[str, Any], *, at: int | None = None, voice: str = "internal"
    ) -> None:
        at = self.context.now if at is None else at
        event = Event(new_id(at), kind, at, self.context.identity.user_id, request.contact, request.id, data)
        request.remember_event(event)
        if request.contact is not None:
            self.timeline.add_event(self.context.root.contacts[request.contact], event, request, voice)

    def _journal(self, kind: str, request: Request, fields: tuple[str, ...] = ()) -> None:
        self.context.journal.write(kind, ("request", request.id), self.context.now, request.contact, fields)


def _errors(title: str, text: str, *, priority: str) -> dict[str, Text]:
    errors = text_errors({"title": (title, SHORT), "text": (text, LONG)})
    if not title:
        errors["title"] = _("A request needs a title.")
    if priority not in list(Priority):
        errors["priority"] = _("This priority does not exist.")
    return errors


def _normal(value: Any) -> Any:
    """A value as it is stored: plain text without space around it, also of an enumeration's word."""
    return str(value).strip() if isinstance(value, str) else value
