"""Performs a plan through the services, each act at its moment and by the member of staff who did it.

A chapter at a time, several chapters a transaction; ids that other acts name are remembered between transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import singledispatchmethod
from io import BytesIO
from typing import Any

from ZODB.Connection import Connection

from crm_core.app import App
from crm_core.db import root_of
from crm_core.demo.acts import Act, Ask, Link, Meet, Move, Plan, Prove, Ref, Refer, Relate, Say
from crm_core.demo.extras import MEETING
from crm_core.demo.staff import Staff
from crm_core.demo.texts import read_toml
from crm_core.errors import CrmError
from crm_core.model.request import Request
from crm_core.security.identity import Identity
from crm_core.services import Services
from crm_core.services.forms import deserialize
from crm_core.text.identifiers import normalise
from crm_core.text.tracking import code_in_words

BATCH = 50
"""Acts a transaction, at least (a chapter is never cut)."""

SLOTS = "appointments.slots"
Progress = Callable[[int, int], None]


@dataclass
class Ids:
    """What the plan's keys became."""

    contacts: dict[str, int] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    slots: dict[str, int] = field(default_factory=dict)


@dataclass
class Written:
    """What was done: counts, and sentences on requests that a form did not take."""

    contacts: int = 0
    requests: int = 0
    interactions: int = 0
    skipped: list[str] = field(default_factory=list)


def write_plan(app: App, plan: Plan, staff: Staff, progress: Progress) -> Written:
    """Store everything of ``plan``; ``progress`` hears the acts done."""
    writer = _Writer(app, plan, staff)
    done, total = 0, len(plan)
    for batch in _batches(plan):
        app.db.run(lambda connection, batch=batch: writer.write(connection, batch), "demo")  # type: ignore[misc]
        writer.committed()
        done += sum(len(chapter) for chapter in batch)
        progress(done, total)
    app.db.run(writer.write_free_slots, "demo")
    return writer.written


def _batches(plan: Plan) -> Iterator[list[list[Act]]]:
    batch: list[list[Act]] = []
    for chapter in plan.chapters:
        batch.append(chapter)
        if sum(map(len, batch)) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


class _Writer:
    """Its dispatching method is the table of who performs what. A transaction that is tried again starts anew."""

    def __init__(self, app: App, plan: Plan, staff: Staff) -> None:
        self.app, self.staff = app, staff
        self.slots = {slot.key: slot for slot in plan.slots}
        self.names = read_toml("extras")["meetings"]
        self.ids = Ids()
        self.written = Written()
        self._new = Ids()
        self._done = Written()
        self._connection: Connection | None = None

    def write(self, connection: Connection, batch: list[list[Act]]) -> None:
        """Perform some chapters in the transaction of ``connection``."""
        self._connection, self._new, self._done = connection, Ids(), Written()
        for chapter in batch:
            for act in chapter:
                self.perform(act, self._services(act.now, self.staff.identity(act.who)))

    def committed(self) -> None:
        """The last `write` is stored: keep what it learnt."""
        self.ids.contacts |= self._new.contacts
        self.ids.requests |= self._new.requests
        self.ids.slots |= self._new.slots
        self.written.contacts += self._done.contacts
        self.written.requests += self._done.requests
        self.written.interactions += self._done.interactions
        self.written.skipped += self._done.skipped

    def write_free_slots(self, connection: Connection) -> None:
        """Times of meetings that nobody took yet."""
        self._connection, self._new = connection, Ids()
        for slot in self.slots.values():
            if slot.key not in self.ids.slots:
                self._slot(slot.key, self._services(slot.starts, self.staff.identity("amini")))

    def _services(self, at: int, identity: Identity) -> Services:
        assert self._connection is not None
        return self.app.services(root_of(self._connection), identity, at=at, bulk=True)

    # ── ids ──────────────────────────────────────────────────────────────────────────────────────────────

    def _contact(self, services: Services, key: str) -> Any:
        return services.contacts.get(self._new.contacts.get(key) or self.ids.contacts[key])

    def _request(self, services: Services, key: str) -> Request | None:
        """The request of a case; None when its registration was refused."""
        id_ = self._new.requests.get(key) or self.ids.requests.get(key)
        return None if id_ is None else services.requests.get(id_)

    def _slot(self, key: str, services: Services) -> int:
        known = self._new.slots.get(key) or self.ids.slots.get(key)
        if known is not None:
            return known
        slot, names = self.slots[key], self.names
        data = {"starts": slot.starts, "ends": slot.ends, "place": names["place"], "host": names["host"]}
        self._new.slots[key] = services.collections[SLOTS].add(data).id
        return self._new.slots[key]

    def _resolved(self, value: Any, services: Services) -> Any:
        if not isinstance(value, Ref):
            return value
        if value.kind == "slot":
            return str(self._slot(value.key, services))
        if value.kind == "staff":
            return str(self.staff.identity(value.key).user_id)
        request = self._request(services, value.key)
        return "" if request is None else str(request.id)

    # ── acts ─────────────────────────────────────────────────────────────────────────────────────────────

    @singledispatchmethod
    def perform(self, act: Act, services: Services) -> None:
        """Do what the act says, as the identity and at the moment of ``services``."""
        raise TypeError(f"nobody performs {type(act).__name__}")

    @perform.register
    def _meet(self, act: Meet, services: Services) -> None:
        contact = services.contacts.create(identifiers=act.person.identifiers, at=act.now, **act.person.fields)
        self._new.contacts[act.person.key] = contact.id
        self._done.contacts += 1

    @perform.register
    def _relate(self, act: Relate, services: Services) -> None:
        one, other = self._contact(services, act.tie.one), self._contact(services, act.tie.other)
        services.contacts.relate(one, other, act.tie.kind)

    @perform.register
    def _link(self, act: Link, services: Services) -> None:
        services.linking.link(self._contact(services, act.one), self._contact(services, act.other), act.reason)

    @perform.register
    def _prove(self, act: Prove, services: Services) -> None:
        services.contacts.add_identifier(self._contact(services, act.person), act.scheme, act.value, act.proof)

    @perform.register
    def _say(self, act: Say, services: Services) -> None:
        about = [request for key in act.about if (request := self._request(services, key)) is not None]
        code = code_in_words(about[0].code)["fa"] if about else ""
        interaction = services.interactions.log(
            self._contact(services, act.person) if act.person else None, channel=act.channel, direction=act.direction,
            subject=act.subject.replace("{code}", code), body=act.body.replace("{code}", code), outcome=act.outcome,
            started=act.started, duration=act.duration, requests=about, address=_normal(act.address),
            attachments=tuple(services.attachments.store(paper.name, paper.media_type, BytesIO(paper.content()))
                              for paper in act.papers),
        )
        self._done.interactions += 1
        if act.later:
            services.interactions.identify(interaction, self._contact(services, act.later))

    @perform.register
    def _ask(self, act: Ask, services: Services) -> None:
        contact = self._contact(services, act.person)
        answers = {name: self._resolved(value, services) for name, value in act.answers.items()}
        try:
            values = deserialize(services.forms.schema(act.type, services, contact), answers)
            request = services.requests.register(
                services, contact, act.type, values, title=act.title, text=act.text, channel=act.channel,
                unit=self.staff.units[act.unit], priority=act.priority, at=act.at, confidential=act.confidential,
                code=act.code if act.code not in services.root.indexes.codes else "",
            )
        except CrmError as error:
            # A plugin may have become stricter than this demo knows; the rest of the city does not hang on it.
            self._done.skipped.append(f"{act.type}: {self.app.translator.translate(error.message, 'en')}")
            return
        self._new.requests[act.case] = request.id
        self._done.requests += 1

    @perform.register
    def _refer(self, act: Refer, services: Services) -> None:
        request = self._request(services, act.case)
        if request is not None:
            assignee = self.staff.identity(act.assignee).user_id if act.assignee else None
            services.requests.assign(request, unit=self.staff.units[act.unit], assignee=assignee, note=act.note)

    @perform.register
    def _move(self, act: Move, services: Services) -> None:
        request = self._request(services, act.case)
        if request is None:
            return
        data: dict[str, Any] = {}
        if act.slot:
            slot = str(self._slot(act.slot, services))
            words = dict(services.forms.schema(MEETING, services)["slot"].choices)[slot]
            data = {"slot": slot, "text": services.labels(words)}
        services.requests.change_status(services, request, act.status, act.note, data=data)


def _normal(address: str) -> str:
    """A number in the form that identifiers have; an address of mail as it is."""
    return normalise("phone", address) if address.isdecimal() else address
