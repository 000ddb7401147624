"""What every verb about a request does in the end: change it in its lists, write its fact and its journal entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_core.errors import NotFound
from crm_core.fields import LONG, SHORT
from crm_core.host import PluginHost
from crm_core.i18n import Text, TextFactory
from crm_core.model.ids import new_id
from crm_core.model.request import Priority, Request, Submission
from crm_core.model.timeline import Event
from crm_core.services.clock import has_come
from crm_core.services.context import Context
from crm_core.services.fitting import text_errors
from crm_core.services.forms import Forms
from crm_core.services.receivers import NO_SUCH_USER, NOT_TO_THIS_PERSON, Receivers
from crm_core.services.timeline import Timeline
from crm_core.services.work import FILED_BY, PLACED_BY, Work

_ = TextFactory("crm_core")


class CaseFile:
    """The collaborators of all verbs about requests, and what these have in common."""

    def __init__(self, context: Context, forms: Forms, timeline: Timeline, host: PluginHost) -> None:
        self.context = context
        self.forms = forms
        self.timeline = timeline
        self.host = host
        self.lists = Work(context.root)

    def _change(self, request: Request, values: Mapping[str, Any], action: str) -> tuple[str, ...]:
        """`Context.change`; the lists are touched only when the request moves in them, or what they tell of it."""
        different = {name for name, value in values.items() if getattr(request, name) != value}
        if different & PLACED_BY:
            self.lists.remove(request)
        changed = self.context.change(request, values, action)
        if different & FILED_BY:
            request.happened(max(self.context.now, request.last_news))
            self.lists.add(request)
        return changed

    def _has_come(self, at: int) -> bool:
        return has_come(at, self.context.now)

    def _receiver_errors(
        self, unit: int | None, assignee: int | None, stays: int | None = None
    ) -> dict[str, Text]:
        """What is wrong with a receiver. A closed unit keeps what lies there (``stays``); imports tell of the past."""
        errors: dict[str, Text] = {}
        found = None if unit is None else self.context.root.units.get(unit)
        if unit is not None and found is None:
            errors["unit"] = _("This unit does not exist.")
        elif found is not None and not found.active and unit != stays and not self.context.bulk:
            errors["unit"] = _("This unit is closed.")
        if assignee is not None and assignee not in self.context.root.users:
            errors["assignee"] = NO_SUCH_USER
        return errors

    def _unfit(self, unit: int | None, assignee: int | None, request: Request | None = None) -> Text:
        """Why a request (this one, when it is given) cannot be somebody's in a unit; "" when it can.

        Imports are asked only whether it is kept from him.
        """
        if request is not None and assignee in request.hidden_from:
            return NOT_TO_THIS_PERSON
        return "" if self.context.bulk else Receivers(self.context).error(unit, assignee, request)

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


def case_errors(title: str, text: str, *, priority: str) -> dict[str, Text]:
    errors = text_errors({"title": (title, SHORT), "text": (text, LONG)})
    if not title:
        errors["title"] = _("A request needs a title.")
    if priority not in list(Priority):
        errors["priority"] = _("This priority does not exist.")
    return errors
