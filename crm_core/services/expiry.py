"""What may be kept for a time only: answers of fields with ``expires_days`` and records of collections past their day.

An answer's days begin when its request was registered or it was written down with a contact; a record's with the moment
in its field ``expires_by``. The duties are those stored beside the data, so that what is parked expires too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal

from crm_core.durations import DAY
from crm_core.duties import frozen_duties
from crm_core.model.collection import CollectionStore, Duties, Item
from crm_core.model.request import Request, Submission
from crm_core.scans import lightly
from crm_core.services.contactfields import FieldGroups
from crm_core.services.context import Context

MOST = 2_000
"""Things that one run removes at most: the next one goes on."""


@dataclass(frozen=True)
class Due:
    """Something whose time is over: ``names`` are fields of a request or contact; ``where`` the id of a collection."""

    kind: Literal["request", "contact", "record"]
    id: int
    where: str = ""
    names: tuple[str, ...] = ()


class Expiry:
    def __init__(self, context: Context) -> None:
        self.context = context

    def due(self) -> Iterator[Due]:
        """What has had its time. Requests and contacts are walked through only where a form has fields that expire."""
        yield from self._records()
        forms = {form.id: {one["name"]: one["expires_days"] for one in form.fields if one.get("expires_days")}
                 for form in self.context.root.forms.values()}
        forms = {id_: days for id_, days in forms.items() if days}
        groups = {self._group(id_) for id_ in forms}
        if forms and groups != {True}:
            yield from self._requests(forms)
        if True in groups:
            yield from self._contacts(forms)

    def run(self, most: int = MOST) -> dict[str, int]:
        """Remove at most ``most`` things that have had their time; how many of each kind."""
        counts = {"request": 0, "contact": 0, "record": 0}
        for one in list(islice(self.due(), most)):
            counts[one.kind] += 1
            if one.kind == "record":
                self._drop(one)
            elif one.kind == "contact":
                FieldGroups(self.context).forget(self.context.root.contacts[one.id], one.names)
            else:
                self._forget(self.context.root.requests[one.id], one.names)
        return counts

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────

    def _group(self, form: str) -> bool:
        """Whether a form is one of contact fields."""
        return "unique" in self.context.root.forms[form].definition

    def _stores(self) -> Iterator[tuple[str, CollectionStore, Duties]]:
        for id_, store in self.context.root.collections.items():
            spec = self.context.registry.collections.get(id_)
            duties = store.duties if spec is None else frozen_duties(spec, self.context.translator)
            if duties.expires_days:
                yield id_, store, duties

    def _records(self) -> Iterator[Due]:
        for id_, store, duties in self._stores():
            last = self.context.now - duties.expires_days * DAY
            for item in self._old(store, duties, last):
                if _moment(item.data.get(duties.expires_by)) <= last:
                    yield Due("record", item.id, id_)

    @staticmethod
    def _old(store: CollectionStore, duties: Duties, last: int) -> Iterator[Item]:
        """The records that may be old enough, by the range index where there is one."""
        index = store.ranges.get(duties.expires_by)
        if index is None:
            yield from store.items.values()
            return
        day = datetime.fromtimestamp(last / 1000, UTC).date().isoformat()
        for low, high in ((None, last + 1), ("1001", f"{day}\uffff")):  # moments sort below every such year
            for item_id in index.between(low, high):
                item = store.items.get(item_id)
                if item is not None and isinstance(item.data.get(duties.expires_by), str) == (low is not None):
                    yield item

    def _requests(self, forms: dict[str, dict[str, int]]) -> Iterator[Due]:
        for request in lightly(self.context.root, self.context.root.requests.values()):
            said = request.submission
            days = forms.get(said.form, {}) if said is not None else {}
            names = tuple(name for name in days if name in said.answers
                          and request.created + days[name] * DAY <= self.context.now)
            if names:
                yield Due("request", request.id, names=names)

    def _contacts(self, forms: dict[str, dict[str, int]]) -> Iterator[Due]:
        for contact in lightly(self.context.root, self.context.root.contacts.values()):
            names = tuple(
                f"{group}.{name}" for group, said in contact.extra.items()
                for name, days in forms.get(said.form, {}).items()
                if name in said.answers and said.answers[name]["at"] + days * DAY <= self.context.now
            )
            if names:
                yield Due("contact", contact.id, names=names)

    def _drop(self, due: Due) -> None:
        store: CollectionStore = self.context.root.collections[due.where]
        store.discard(store.items[due.id])
        self.context.journal.write("collection.expired", (due.where, due.id), self.context.now, None)

    def _forget(self, request: Request, names: tuple[str, ...]) -> None:
        said = request.submission
        assert said is not None
        left = {name: one for name, one in said.answers.items() if name not in names}
        request.submission = Submission(said.form, left)
        request.forget_in_audit(names)
        request.revision += 1
        request.modified = self.context.now
        self.context.journal.write("request.changed", ("request", request.id), self.context.now, request.contact, names)


def _moment(value: Any) -> int:
    """ISO text or milliseconds as milliseconds UTC; what is neither never comes."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return 1 << 62
    return int((at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp() * 1000)
