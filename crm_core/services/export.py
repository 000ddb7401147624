"""Everything of one person, over all linked records and from all plugins, present or parked, as plain data in words.

It is the citizen's own copy (GDPR, article 15): others stand in it by name only, staff by their unit, and what a form
or collection declares to omit is left out and counted. Notes among colleagues come only when they are asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from crm_core.errors import NotFound, line_of
from crm_core.host import Failure
from crm_core.model.attachment import Attachment
from crm_core.model.contact import Contact
from crm_core.model.ids import id_time
from crm_core.model.interaction import Direction, Interaction
from crm_core.model.plain import NotPlain, check
from crm_core.model.promise import Promise, PromiseState
from crm_core.model.request import Request, Submission
from crm_core.model.timeline import EntryKind, Event
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.exportwords import (
    CHANNELS,
    DIRECTIONS,
    EVENTS,
    GENDERS,
    KINDS,
    PROMISED,
    PROOFS,
    RELATIONS,
    SOMEBODY,
    STAFF,
    Words,
    iso,
)
from crm_core.services.interactions import OUTCOMES
from crm_core.services.personrecords import PersonRecords
from crm_core.services.reasons import SCHEMES
from crm_core.services.visibility import Eyes, Visibility

FORMAT = 1
"""Version of the layout of `Person.data`."""
OWN = ("kind", "name", "given", "family", "latin_given", "latin_family", "gender", "birth_date", "language",
       "preferred_channel")
CHANGES = frozenset({*OWN, "addresses", "notes"})
"""Fields whose values before a change are exported too; others may name other people."""


@dataclass
class Person:
    """``data``: plain, as ``contact.json`` holds it; ``files``: (folder, attachment, its row in ``data``, whose
    ``path`` is set when it is written). ``failed``: what plugins could not add."""

    data: dict[str, Any]
    files: list[tuple[str, Attachment, dict[str, Any]]] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)


class Export:
    def __init__(self, context: Context) -> None:
        self.context = context

    def person(self, contact: Contact, *, internal: bool = False, language: str = "") -> Person:
        """All of a citizen, in the installation's language unless another is named.

        ``internal``: notes among colleagues too, for the organisation itself. Whoever asks must be an administrator
        that may read every one of the records. Raises Forbidden and NotFound.
        """
        self.context.identity.demand(Permission.ADMIN)
        contacts = [self.context.root.contacts.get(id_) for id_ in contact.linked_ids]
        records = [one for one in contacts if one is not None]
        eyes = Eyes(self.context.root, self.context.identity)
        if any(eyes.of_contact(one) is not Visibility.FULL for one in records):
            raise NotFound
        settings = self.context.settings
        words = Words(self.context.translator, language or settings.language, settings.timezone)
        return _Copy(self.context, records, words, internal).made()


class _Copy:
    """One export being made."""

    def __init__(self, context: Context, records: list[Contact], words: Words, internal: bool) -> None:
        self.context = context
        self.root = context.root
        self.records = records
        self.words = words
        self.internal = internal
        self.left: Counter[str] = Counter()
        self.ids = {one.id for one in records}
        self.result = Person({})

    def made(self) -> Person:
        requests = [request for one in self.records for request in one.requests.values()]
        self.result.data = {
            "format": FORMAT,
            "exported": iso(self.context.now),
            "organisation": self.context.settings.organisation,
            "language": self.words.language,
            "internal": self.internal,
            "records": [self._record(one) for one in self.records],
            "relations": [row for one in self.records for row in self._relations(one)],
            "contact_fields": [row for one in self.records for row in self._groups(one)],
            "requests": [self._request(request) for request in requests],
            "interactions": [self._interaction(touch) for touch in self._touches(requests)],
            "promises": [self._promise(one) for record in self.records for one in (record.promises or {}).values()],
            "collections": list(self._collections()),
            "plugins": self._added(),
        }
        self.result.data["left_out"] = dict(sorted(self.left.items()))
        self.result.data["failed"] = sorted({failure.plugin for failure in self.result.failed})
        self.result.data["plugin_titles"] = {
            id_: self.words.text(self.context.services.plugins.title(id_))
            for id_ in sorted({*self.result.data["plugins"], *self.result.data["failed"]})}
        return self.result

    # ── who ──────────────────────────────────────────────────────────────────────────────────────────────

    def _record(self, contact: Contact) -> dict[str, Any]:
        row: dict[str, Any] = {"id": str(contact.id), "created": iso(contact.created)}
        row |= {name: getattr(contact, name) for name in OWN}
        row["kind_words"] = self.words.coded(KINDS, contact.kind)
        row["gender_words"] = self.words.coded(GENDERS, contact.gender) if contact.gender else ""
        row["identifiers"] = [
            {"scheme": one.scheme, "scheme_words": self.words.coded(SCHEMES, one.scheme), "value": one.value,
             "label": one.label, "proof": self.words.coded(PROOFS, one.proof), "proven": iso(one.proven_at),
             "retired": iso(one.retired)}
            for one in contact.identifiers
        ]
        row["addresses"] = [dict(one) for one in contact.addresses]
        if contact.notes and self._inner("notes"):
            row["notes"] = contact.notes
        row["changes"] = list(self._changes(contact))
        return row

    def _changes(self, contact: Contact) -> Iterator[dict[str, Any]]:
        for key, entry in contact.audit.items() if contact.audit is not None else ():
            for name, (before, after) in entry["changes"].items():
                if name in CHANGES and (name != "notes" or self.internal):
                    yield {"at": iso(id_time(key)), "field": name, "before": before, "after": after}

    def _relations(self, contact: Contact) -> Iterator[dict[str, Any]]:
        for relation in contact.relations:
            other = self.root.contacts.get(relation.other)
            if other is not None and other.id not in self.ids:
                name = other.name if other.confidentiality == "normal" else ""
                yield {"relation": self.words.coded(RELATIONS, relation.kind), "name": name,
                       "since": iso(relation.since)}

    def _groups(self, contact: Contact) -> Iterator[dict[str, Any]]:
        for group, said, form in self.context.services.contact_fields.stored(contact):
            yield {"group": group, "title": self.words.text(form.definition["title"]), "record": str(contact.id),
                   "fields": self._answers(said)}

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────

    def _request(self, request: Request) -> dict[str, Any]:
        row = {
            "id": str(request.id), "code": request.code, "type": request.type,
            "type_words": self.words.text(request.version.labels), "title": request.title, "text": request.text,
            "status": self._status(request, request.status), "open": request.is_open,
            "channel": self._channel(request.channel), "unit": self._unit(request.unit),
            "registered": iso(request.created), "due": iso(request.due), "closed": iso(request.closed),
            "answers": self._answers(request.submission), "course": list(self._course(request)),
        }
        return row | {"files": self._files(request.code, request.attachments)}

    def _status(self, request: Request, name: str) -> str:
        try:
            return self.words.text(request.version.status(name).labels)
        except KeyError:
            return name

    def _course(self, request: Request) -> Iterator[dict[str, Any]]:
        """What happened, without who of the staff did it."""
        for event in request.events.values():
            row: dict[str, Any] = {"at": iso(event.at), "what": self.words.coded(EVENTS, event.kind)}
            if event.kind == EntryKind.STATUS and isinstance(event.data.get("to"), str):
                row["status"] = self._status(request, event.data["to"])
            if event.kind == EntryKind.ASSIGNED:
                row["unit"] = self._unit(event.data.get("unit"))
            if event.kind == EntryKind.DEADLINE and isinstance(event.data.get("reason"), str):
                row["reason"] = event.data["reason"]
            if self._note_of(event) and self._inner("notes"):
                row["note"] = self._note_of(event)
            yield row

    @staticmethod
    def _note_of(event: Event) -> str:
        note = event.data.get("note")
        return note if isinstance(note, str) else ""

    def _answers(self, said: Submission | None) -> list[dict[str, Any]]:
        form = None if said is None else self.root.forms.get(said.form)
        if said is None or form is None:
            return []
        found = []
        for one in form.fields:
            answer = said.answers.get(one["name"])
            if answer is None:
                continue
            if one["on_export"] == "omit":
                self.left["answers"] += 1
                continue
            row = {"name": one["name"], "label": self.words.text(one["labels"]), "value": answer.get("value"),
                   "words": self.words.answer(one, answer)}
            found.append(row | self._of_others(one, answer))
        return found

    def _of_others(self, one: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """What stands for an answer that names staff or another request."""
        value = str(answer.get("value") or "")
        if one["type"] == "staff" and value:
            user = self.root.users.get(int(value)) if value.isdecimal() else None
            units = [words for id_ in (user.units if user is not None else ()) if (words := self._unit(id_))]
            return {"value": None, "words": self.words.text(STAFF) + "".join(f", {unit}" for unit in units)}
        if one.get("refers") and value:
            other = self.root.requests.get(int(value)) if value.isdecimal() else None
            if other is None or other.contact not in self.ids:
                return {"value": None, "words": self.words.text(SOMEBODY)}
            return {"value": other.code}
        return {}

    def _promise(self, promise: Promise) -> dict[str, Any]:
        """What was promised and how it ended; who of the staff did it stays out."""
        request = self.root.requests.get(promise.request or 0)
        row = {
            "what": self.words.text(self.context.services.promises.words(promise)), "made": iso(promise.created),
            "due": iso(promise.due), "state": promise.state,
            "state_words": self.words.coded(PROMISED, "late" if promise.state == PromiseState.KEPT and promise.broke
                                            else promise.state),
            "ended": iso(promise.ended), "unit": self._unit(promise.unit if promise.unit is not None
                                                            else promise.made_in),
            "request": request.code if request is not None else "",
        }
        return row | ({"note": promise.note} if promise.note and self._inner("notes") else {})

    # ── conversations ────────────────────────────────────────────────────────────────────────────────────

    def _touches(self, requests: list[Request]) -> list[Interaction]:
        """What was said with the citizen or noted about his requests, oldest first."""
        told = [thing for one in self.records for thing in one.things.values() if isinstance(thing, Interaction)]
        noted = [touch for request in requests for touch in (request.touches or {}).values()
                 if touch.contact is None or touch.contact in self.ids]
        every = {touch.id: touch for touch in (*told, *noted)}
        shown = (touch for touch in every.values() if touch.direction != Direction.INTERNAL or self._inner("internal"))
        return sorted(shown, key=lambda touch: touch.started)

    def _interaction(self, touch: Interaction) -> dict[str, Any]:
        cases = (self.root.requests.get(id_) for id_ in touch.requests)
        return {
            "id": str(touch.id), "at": iso(touch.started), "channel": self._channel(touch.channel),
            "direction": self.words.coded(DIRECTIONS, touch.direction), "address": touch.address,
            "speaker": touch.speaker, "subject": touch.subject, "text": touch.body,
            "outcome": self.words.coded(OUTCOMES, touch.outcome) if touch.outcome else "",
            "seconds": touch.duration, "unit": self._unit(touch.unit),
            "requests": [case.code for case in cases if case is not None and case.contact in self.ids],
            "files": self._files(f"conversation-{touch.id}", touch.attachments),
        }

    def _channel(self, word: str) -> str:
        stored = (self.root.channels or {}).get(word)
        return self.words.text(stored) if isinstance(stored, dict) else self.words.coded(CHANNELS, word)

    # ── what plugins keep and add ────────────────────────────────────────────────────────────────────────

    def _collections(self) -> Iterator[dict[str, Any]]:
        for contact in self.records:
            for id_, _store, duties, item in PersonRecords(self.context).of(contact.id):
                if duties.on_export == "omit":
                    self.left[id_] += 1
                    continue
                title = self.words.text(dict(duties.title)) or id_
                shown = [{"name": name, "label": self.words.text(dict(label)),
                          "words": self._item_words(item.data.get(name))} for name, label in duties.fields
                         if item.data.get(name) not in (None, "")]
                data = {name: value for name, value in item.data.items() if name != duties.person}
                yield {"collection": id_, "title": title, "id": str(item.id), "fields": shown, "data": data}

    def _item_words(self, value: Any) -> str:
        """A record's value; the id of a request of this citizen as its tracking code."""
        if isinstance(value, str) and value.isdecimal() and len(value) < 20:
            request = self.root.requests.get(int(value))
            if request is not None and request.contact in self.ids:
                return str(request.code)
        return self.words.plain(value)

    def _added(self) -> dict[str, Any]:
        """What the hook ``export`` of each plugin adds, by its id and the record's."""
        added: dict[str, Any] = {}
        for contact in self.records:
            for plugin, answer in self.context.host.each("export", services=self.context.services, contact=contact):
                if isinstance(answer, Failure):
                    self.result.failed.append(answer)
                elif answer is not None:
                    try:
                        added.setdefault(plugin.id, {})[str(contact.id)] = check(dict(answer), plugin.id)
                    except (NotPlain, TypeError, ValueError) as error:
                        self.result.failed.append(Failure(plugin.id, "export", line_of(error)))
        return added

    # ── shared ───────────────────────────────────────────────────────────────────────────────────────────

    def _inner(self, what: str) -> bool:
        """Whether something among colleagues is exported; what is not, is counted."""
        if not self.internal:
            self.left[what] += 1
        return self.internal

    def _unit(self, id_: int | None) -> str:
        unit = None if id_ is None else self.root.units.get(id_)
        if unit is None:
            return ""
        return str(unit.name_en if self.words.language == "en" and unit.name_en else unit.name)

    def _files(self, folder: str, attachments: tuple[Attachment, ...]) -> list[dict[str, Any]]:
        rows = []
        for one in attachments:
            row = {"name": one.name, "type": one.media_type, "bytes": one.size, "sha256": one.sha256, "path": ""}
            self.result.files.append((folder, one, row))
            rows.append(row)
        return rows
