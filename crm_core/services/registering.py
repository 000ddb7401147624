"""Registering a request: what the citizen holds a tracking code for, stored whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crm_core.contributions import Draft, RequestType
from crm_core.errors import Invalid
from crm_core.fields import SHORT
from crm_core.i18n import Text, TextFactory, choose
from crm_core.model import plain
from crm_core.model.attachment import Attachment
from crm_core.model.contact import Contact
from crm_core.model.ids import new_id
from crm_core.model.interaction import Channel
from crm_core.model.request import Priority, Request, StoredStatus, Submission, TypeVersion
from crm_core.model.timeline import EntryKind
from crm_core.model.worklist import NO_DUE
from crm_core.services.casefile import CaseFile, case_errors
from crm_core.services.channels import Channels
from crm_core.services.deadlines import Beginning
from crm_core.services.types import Types
from crm_core.text.tracking import is_code, new_code, normalise_code

if TYPE_CHECKING:
    from crm_core.services import Services

_ = TextFactory("crm_core")
LONGEST_TITLE = 80
"""Letters of a title that is made of the citizen's words."""


def _no_deadline(answer: object) -> str:
    """What is wrong with a plugin's answer as a deadline; "" when it is one."""
    return "" if type(answer) is int and 0 <= answer < NO_DUE else f"{answer!r} is no moment in milliseconds UTC"


def _from_words(text: str) -> str:
    """A title from the first line of the citizen's words, shortened at a word; "" where nothing was written."""
    line = " ".join(text.strip().partition("\n")[0].split())
    if len(line) <= LONGEST_TITLE:
        return line
    whole, space, _rest = line[:LONGEST_TITLE].rpartition(" ")  # one place is left for the sign that it goes on
    return f"{(whole if space else line[: LONGEST_TITLE - 1]).rstrip(' ،,.؛;:')}…"


def _papers_errors(type_: RequestType, attachments: tuple[Attachment, ...]) -> dict[str, Text]:
    """What is wrong where a new request brings fewer files than its kind needs."""
    if len(attachments) >= type_.files_required:
        return {}
    return {"attachments": _("This kind of request needs files: ${count} at least.",
                             mapping={"count": type_.files_required})}


class Registering(CaseFile):
    """The verb ``register``."""

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

        A ``title`` left empty is made of the first line of ``text``, else of the answers, else it is the kind's name.
        ``at`` and ``due`` are milliseconds UTC (default: now, and what `Deadlines.beginning` says). ``code``: a
        tracking code that the citizen holds already (default: a new one). Whom it may go to, `Receivers` says;
        imports are not asked. Where nobody says the unit (nor an assignee) or the deadline, the type's plugin may.
        Raises Invalid, Forbidden, or what the plugin's ``before_submit`` raises; nothing is stored then.
        """
        published, types = self.forms.published(type_id), Types(self.context)
        type_id, external = published.type.id, plain.word(external)  # never by a class that goes away with its plugin
        self.context.identity.demand(published.type.permission)
        at = self.context.now if at is None else at
        submission = self.forms.submission(type_id, values, services, contact)
        title = title.strip() or _from_words(text) or self._title(published.type.title_from, submission) or choose(
            published.labels, self.context.settings.language
        )
        undecided = unit is None and assignee is None
        unit = types.unit(type_id) if unit is None else unit
        errors = case_errors(title, text, priority=priority) | self._origin_errors(channel, at, due, code)
        errors |= self._fit_errors(unit, assignee)
        errors |= {} if external else _papers_errors(published.type, attachments)
        if errors:
            raise Invalid(errors)
        code = normalise_code(code) if code else self._new_code()
        draft = Draft(self._new_id(at), code, type_id, contact, title, text.strip(), dict(values), at, attachments)
        if undecided:
            decided = self.host.decision("assign", type_id, self._no_unit, services=services, draft=draft)
            unit = unit if decided is None else decided
        begins = self._deadline(services, draft, types.days(published), unit, str(priority), due)
        self.host.before("before_submit", type_id, services=services, draft=draft)
        request = self._begun(published.type, submission, draft)
        request.unit, request.assignee, request.priority = unit, assignee, str(priority)
        request.due, request.due_by, request.first_due, request.target = begins
        request.channel, request.attachments, request.external = str(channel), attachments, external
        self._protect(request, submission, confidential or self._is_confidential(published.type, draft.values))
        unfit = self._unfit(unit, assignee, request)
        if unfit:
            raise Invalid({"assignee": unfit})
        if not request.is_open:  # answered by being registered: closed at birth, nothing is owed
            request.closed, request.due, request.first_due = at, None, None
        self._store(request, draft)
        services.deadlines.begun(request)
        return request

    def _deadline(
        self, services: Services, draft: Draft, days: int | None, unit: int | None, priority: str, due: int | None
    ) -> Beginning:
        """Until when answers are owed: ``due`` where it was given, else as the type's plugin decides, else by its
        target, else so many ``days`` later."""
        decided: int | None = None if due is not None else self.host.decision(
            "due_date", draft.type, _no_deadline, services=services, draft=draft)
        return services.deadlines.beginning(draft.type, priority, unit, draft.at, hand=due, plugin=decided, days=days)

    def _begun(self, type_: RequestType, submission: Submission, draft: Draft) -> Request:
        """What was asked by whom, in the status its type starts with; nothing is filed yet."""
        request = Request()
        request.code, request.type, request.version = draft.code, draft.type, self.forms.type_version(draft.type)
        request.title, request.text, request.submission = draft.title, draft.text, submission
        request.contact = draft.contact.id if draft.contact is not None else None
        status = self._first_status(type_, request.version, draft.values)
        request.status, request.category = status.name, status.category
        return request

    def _store(self, request: Request, draft: Draft) -> None:
        """File a new request with its contact, in the work lists, its history and the journal."""
        self._file(request, draft)
        Channels(self.context).keep_words(request.channel)
        if draft.contact is not None:
            draft.contact.requests[request.id] = request
        self.lists.add(request)
        self._event(request, EntryKind.REGISTERED, {"status": request.status}, at=draft.at, voice="citizen")
        self._journal("request.created", request)

    def _origin_errors(self, channel: str, at: int, due: int | None, code: str) -> dict[str, Text]:
        errors: dict[str, Text] = {}
        if not Channels(self.context).exists(channel):
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

    def _fit_errors(self, unit: int | None, assignee: int | None) -> dict[str, Text]:
        """What is wrong with a receiver, before the request is there to ask who may know of it."""
        errors = self._receiver_errors(unit, assignee)
        unfit = self._unfit(unit, assignee)
        return {"assignee": unfit, **errors} if unfit else errors

    def _no_unit(self, answer: object) -> str:
        """What is wrong with a plugin's answer as a unit that takes new requests; "" when it is one."""
        unit = self.context.root.units.get(answer) if type(answer) is int else None
        if unit is None:
            return f"there is no unit {answer!r}"
        return "" if unit.active else f"the unit {answer!r} is closed"

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

    def _file(self, request: Request, draft: Draft) -> None:
        root = self.context.root
        request.id = draft.id
        request.created, request.modified = draft.at, self.context.now
        request.created_by = self.context.identity.user_id
        root.requests[request.id] = request
        root.indexes.codes[request.code] = request.id
