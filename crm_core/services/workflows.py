"""The ways that are open to a request now: which statuses it may go to, what is missing for each, and who may."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain, islice
from typing import NamedTuple

from crm_core.errors import Forbidden, Invalid, NotFound
from crm_core.i18n import Text, TextFactory
from crm_core.model.approval import Approval, ApprovalState
from crm_core.model.request import Category, Request, StoredStatus, TypeVersion
from crm_core.model.timeline import EntryKind
from crm_core.model.workflow import StoredTransition
from crm_core.registry import Published
from crm_core.scans import lightly
from crm_core.security.permissions import Permission
from crm_core.services.casefile import CaseFile
from crm_core.services.types import Types
from crm_core.workflow import FIELD, REQUIREMENTS

_ = TextFactory("crm_core")
NEEDS_APPROVAL = _("This must be approved first.")
LINE_LETTERS = 300
"""Letters of a line of a checklist that the history keeps."""


class Way(NamedTuple):
    """A status that follows, the transition that leads there (None where every status follows every other one), and
    why it cannot be taken yet, in sentences."""

    status: StoredStatus
    transition: StoredTransition | None
    missing: tuple[Text, ...] = ()
    waits: bool = False
    """whether it must be approved first, and was not"""

    @property
    def title(self) -> dict[str, str]:
        """The verb of its button in every language; the name of the status where it has none."""
        return (self.transition.labels if self.transition is not None else None) or self.status.labels

    @property
    def checklist(self) -> tuple[dict[str, str], ...]:
        """What whoever takes it confirms, line by line."""
        return self.transition.checklist if self.transition is not None else ()


class Workflows(CaseFile):
    """What follows for a request by its own version of the workflow, and going on to a newer one on purpose."""

    def ways(self, request: Request) -> list[Way]:
        """The ways from its present status that the one who acts may take, in the order of the statuses."""
        return [way for way in self._ways(request) if self._may(way)]

    def _ways(self, request: Request) -> Iterator[Way]:
        ways = {one.target: one for one in request.version.transitions if one.source == request.status}
        for status in request.version.statuses:
            if status.name == request.status:
                continue
            if not request.version.transitions:
                yield Way(status, None)
            elif status.name in ways:
                yield Way(status, ways[status.name], self._missing(request, ways[status.name]),
                          self.waits(request, status.name))

    def _may(self, way: Way) -> bool:
        """What only a plugin that is away could grant asks nobody: its requests must go on without it."""
        needed = way.transition.permission if way.transition is not None else ""
        known = needed in list(Permission) or needed in self.context.registry.permissions
        return not known or self.context.identity.has(needed)

    def way(self, request: Request, status: str) -> Way:
        """The way to a status. Raises Invalid where none leads there, Forbidden where others may take it."""
        way = next((one for one in self._ways(request) if one.status.name == status), None)
        if way is None:
            names = self._names(request)
            raise Invalid({"status": _("No way leads from “${from}” to “${to}”.", mapping={
                "from": names.get(request.status, request.status), "to": names.get(status, status)})})
        if not self._may(way):
            raise Forbidden(way.transition.permission if way.transition is not None else "")
        return way

    def refusal(self, request: Request, status: str) -> Text:
        """Why a status cannot be given to one of many requests; "" when it can. What has a checklist is done one by
        one."""
        try:
            self.demand(request, status)
        except (Invalid, Forbidden) as error:
            if isinstance(error, Invalid) and "approval" in error.errors:
                return _("It must be approved first; ask for it on its own page.")
            if isinstance(error, Invalid) and "confirmed" in error.errors:
                return _("It has a checklist for this; do it on its own page.")
            return error.message
        return ""

    def demand(
        self, request: Request, status: str, confirmed: Collection[int] = (), *, approval: bool = True,
    ) -> Way | None:
        """The way to a status as the one who acts takes it; ``confirmed``: places in its checklist, from 0.

        Imports tell of the past, and jobs, timers and plugins at work for nobody know what they do: None, they are not
        asked; the latter go round no approval (``approval`` False: it is what shall be asked for).
        Raises Invalid (``status``, ``confirmed``, ``approval``), Forbidden.
        """
        if self.context.bulk:
            return None
        if approval:
            self.demand_approval(request, status)
        if self.context.identity.is_system:
            return None
        way = self.way(request, status)
        if way.missing:
            raise Invalid({"status": _("“${status}” is not possible yet: ${why}", mapping={
                "status": way.title, "why": way.missing[0]})})
        left = len(set(range(len(way.checklist))) - set(confirmed))
        if left:
            raise Invalid({"confirmed": _("Confirm each line first; still open: ${count}.", mapping={"count": left})})
        return way

    @staticmethod
    def demand_approval(request: Request, status: str) -> None:
        """Raise Invalid (``approval``) where the way to a status must be approved first, and was not."""
        if Workflows.waits(request, status):
            raise Invalid({"approval": NEEDS_APPROVAL})

    @staticmethod
    def waits(request: Request, status: str) -> bool:
        """Whether the way to a status must be approved first, and was not."""
        way = next((one for one in request.version.transitions
                    if (one.source, one.target) == (request.status, status) and one.approval), None)
        given = (one for one in request.approvals if one.state == ApprovalState.APPROVED)
        return way is not None and all(approved(request, one) != way for one in given)

    @staticmethod
    def _names(request: Request) -> dict[str, dict[str, str]]:
        return {one.name: one.labels for one in request.version.statuses}

    def _missing(self, request: Request, way: StoredTransition) -> tuple[Text, ...]:
        return tuple(why for required in way.requires if (why := self._why(request, required)))

    def _why(self, request: Request, required: str) -> Text:
        """Why something that is required is not there; "" when it is."""
        if required.startswith(FIELD):
            return self._unanswered(request, required.removeprefix(FIELD))
        known = REQUIREMENTS[required]
        return "" if known.is_met(request) else known.missing

    def _unanswered(self, request: Request, name: str) -> Text:
        answers = request.submission.answers if request.submission is not None else {}
        if answers.get(name, {}).get("value") not in (None, "", [], False):
            return ""
        form = None if request.submission is None else self.forms.form_version(request.submission.form)
        labels = next((one["labels"] for one in (form.fields if form is not None else ()) if one["name"] == name), name)
        return _("“${field}” is not answered yet.", mapping={"field": labels})

    # ── versions ─────────────────────────────────────────────────────────────────────────────────────────

    def newer(self, request: Request) -> Published | None:
        """Its kind as new requests get it, where this one has an older workflow or form; None where it has not, and
        while its plugin is away."""
        published = self.context.registry.types.get(request.type)
        now = None if published is None else Types(self.context).in_force(published)
        return None if now is None or now.version_id == request.version.id else now

    def move(self, request: Request, status: str = "", note: str = "") -> None:
        """Let a running request go on by the present workflow of its kind, in the status ``status`` of that one (left
        out: the one of the same name). Its form stays the one that was answered.

        Raises Invalid (``status``, where there is none of that name), Forbidden, NotFound where nothing is newer.
        """
        self.context.identity.demand(Permission.REQUEST_CHANGE_STATUS)
        if self.newer(request) is None:
            raise NotFound
        version = self.forms.type_version(request.type)
        try:
            target = version.status(status or request.status)
        except KeyError:
            raise Invalid({"status": _("Choose the status it has in the new workflow.")}) from None
        if Category(target.category).is_open != request.is_open:
            raise Invalid({"status": _("An open request stays open, and a closed one closed.")})
        self._move(request, version, target, note)

    def _move(self, request: Request, version: TypeVersion, target: StoredStatus, note: str) -> None:
        if target.name != request.status and any(
                way.approval and way.target == target.name for way in version.transitions):
            raise Invalid({"status": _("“${status}” is reached by an approval only.", mapping={
                "status": target.labels})})
        if request.approvals:
            self.context.services.approvals.gone_on(request, "")
        old, number = request.status, request.version.number
        self.context.services.deadlines.change_of_status(
            request, request.category, target.category, "", self.context.now)
        self._change(request, {"status": target.name, "category": target.category}, "workflow")
        self.context.services.deadlines.watch(request)
        request.version = version
        request.revision += 1
        self.context.audit(request, "workflow", {"workflow": [number, version.number]})
        data = {"fields": ["workflow"], "number": version.number, "from": old, "to": target.name}
        self._event(request, EntryKind.CHANGED, data | ({"note": note.strip()} if note.strip() else {}))
        self._journal("request.changed", request, ("workflow",))


    def count_older(self, type_id: str, most: int) -> tuple[int, bool]:
        """How many open requests of a kind go by an older workflow than the one that holds, among the first ``most``
        open ones of the kind, and whether there are more that were not looked at."""
        found = list(islice(self._open(type_id), most + 1))
        return sum(map(self.is_older, found[:most])), len(found) > most

    def move_older(self, type_id: str, most: int) -> tuple[int, int]:
        """Move up to ``most`` open requests of a kind to the workflow that holds: (moved, left since it does not know
        their status, of those looked at). Raises Forbidden."""
        self.context.identity.demand(Permission.ADMIN)
        moved, left = [], 0
        known = {one.name for one in self.forms.type_version(type_id).statuses}
        for request in self._open(type_id):
            if not self.is_older(request):
                continue
            if request.status in known:
                moved.append(request)
            else:
                left += 1
            if len(moved) == most:
                break
        for request in moved:
            version = self.forms.type_version(type_id)
            self._move(request, version, version.status(request.status), "")
        return len(moved), left

    def is_older(self, request: Request) -> bool:
        """Whether its kind has a newer workflow or form."""
        return self.newer(request) is not None

    def _open(self, type_id: str) -> Iterator[Request]:
        """The open requests of a kind, in no order."""
        headers = chain.from_iterable(work.headers() for work in self.context.root.unit_work.values())
        return lightly(self.context.root, (header.request for header in headers if header.type == type_id))


def approved(request: Request, approval: Approval) -> StoredTransition | None:
    """The way that an approval is about, as the request has it now; None where it has no such way, or has left its
    place."""
    if request.status != approval.source:
        return None
    return next((one for one in request.version.transitions
                 if (one.source, one.target) == (approval.source, approval.target)), None)


def confirmed_lines(way: Way | None) -> list[dict[str, str]]:
    """What was confirmed, as the history keeps it."""
    return [{language: line[:LINE_LETTERS] for language, line in one.items()} for one in way.checklist] if way else []
