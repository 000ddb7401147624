"""Erasure: what tells of a citizen is gone at once from objects, audit and indexes; cases stay without the person.

From the storage's history it is gone after the next pack, from full text when the indexer has read the journal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crm_core.i18n import choose
from crm_core.model.contact import Contact
from crm_core.model.interaction import Interaction
from crm_core.model.record import Record
from crm_core.model.request import Request, Submission
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.links import regroup
from crm_core.services.names import unindex_names
from crm_core.services.work import Work

EVENT_FACTS = frozenset({"from", "to", "status", "unit", "assignee", "fields"})
"""What stays of an event: facts of the case. Notes and what plugins add may tell of the person."""
CASE_FIELDS = frozenset({"status", "category", "closed", "unit", "assignee", "priority", "due", "confidentiality"})
"""Changes of a request whose audit stays."""


class Privacy:
    def __init__(self, context: Context) -> None:
        self.context = context

    def erase(self, contact: Contact) -> dict[str, int]:
        """Erase one record of a citizen (each linked one is a record of its own); how many things of each kind.

        Interactions and collections' records go as they declare, requests stay as cases of nobody: without title, text,
        attachments, notes and the answers that are personal. A tombstone with the id stays, for restored backups.
        """
        self.context.identity.demand(Permission.ADMIN)
        root = self.context.root
        done = {
            "interactions": self._interactions(contact),
            "requests": self._requests(contact),
            "items": self._items(contact.id),
        }
        unindex_names(root.indexes, contact)
        for identifier in contact.identifiers:
            root.indexes.release(identifier.scheme, identifier.value, contact.id)
        for key in contact.external:
            if key in root.indexes.external:
                del root.indexes.external[key]
        self._relations(contact)
        self._links(contact)
        for user in root.users.values():
            if user.official_contact == contact.id:
                user.official_contact = None
        del root.contacts[contact.id]
        root.tombstones[contact.id] = self.context.now
        self._journal("contact.erased", ("contact", contact.id), contact)
        return done

    def _interactions(self, contact: Contact) -> int:
        root = self.context.root
        touches = [header.ref for header in contact.timeline.values() if isinstance(header.ref, Interaction)]
        for touch in touches:
            del root.interactions[touch.id]
            root.tombstones[touch.id] = self.context.now
            self._journal("interaction.erased", ("interaction", touch.id), contact)
        return len(touches)

    def _requests(self, contact: Contact) -> int:
        requests = list(contact.requests.values())
        for request in requests:
            self._empty(request)
            self._journal("request.erased", ("request", request.id), contact)
        return len(requests)

    def _empty(self, request: Request) -> None:
        request.contact = None
        request.title = choose(request.version.labels, self.context.settings.language)
        request.text, request.attachments = "", ()
        request.submission = self._impersonal(request.submission)
        request.revision += 1
        request.modified = self.context.now
        for event in request.events.values():
            event.contact = None
            event.data = {name: value for name, value in event.data.items() if name in EVENT_FACTS}
        _rewrite_audit(request, lambda name, change: change if name in CASE_FIELDS else None)
        Work(self.context.root).refile(request)

    def _impersonal(self, submission: Submission | None) -> Submission | None:
        """The answers that may stay, as the form's version says."""
        form = None if submission is None else self.context.root.forms.get(submission.form)
        if submission is None or form is None:
            return None
        stay = {field["name"] for field in form.fields if field["on_erase"] == "keep"}
        answers = {name: answer for name, answer in submission.answers.items() if name in stay}
        return Submission(submission.form, answers)

    def _items(self, id_: int) -> int:
        """Records of collections, also of absent plugins: the stored collection knows its duties itself."""
        count = 0
        for name, store in self.context.root.collections.items():
            for item in store.of_person(id_):
                store.unindex(item)
                if store.duties.on_erase == "unlink":
                    item.data = {**item.data, store.duties.person: None}
                    item.revision += 1
                    store.index(item)
                else:
                    del store.items[item.id]
                self.context.journal.write("collection.erased", (name, item.id), self.context.now, id_)
                count += 1
            store.forget_person(id_)
        return count

    def _relations(self, contact: Contact) -> None:
        for other_id in {relation.other for relation in contact.relations}:
            other = self.context.root.contacts.get(other_id)
            if other is not None:
                other.relations = tuple(one for one in other.relations if one.other != contact.id)
                _rewrite_audit(other, lambda name, change: _without_relation(change, contact.id)
                               if name == "relations" else change)

    def _links(self, contact: Contact) -> None:
        if contact.group is not None:
            kept = [link for link in contact.group.links if contact.id not in (link.first, link.second)]
            regroup(self.context.root, contact.group.members, kept)
        for other in self._once_linked(contact):
            _rewrite_audit(other, lambda name, change: _without_link(change, contact.id) if name == "link" else change)
            self._journal("contact.unlinked", ("contact", other.id), other)

    def _once_linked(self, contact: Contact) -> list[Contact]:
        """Whose audit may hold the reason of a link with this contact, taken back or not."""
        rows = contact.audit.values() if contact.audit is not None else ()
        pairs = [side for row in rows for side in row["changes"].get("link", ()) if side]
        ids = {id_ for pair in pairs for id_ in pair[:2]} - {contact.id}
        found = (self.context.root.contacts.get(id_) for id_ in ids)
        return [other for other in found if other is not None]

    def _journal(self, kind: str, subject: tuple[str, int], contact: Contact) -> None:
        self.context.journal.write(kind, subject, self.context.now, contact.id)


def _rewrite_audit(record: Record, keep: Callable[[str, Any], Any]) -> None:
    """Replace each change in a record's audit by ``keep(field name, [old, new])``; where that is None, it is gone."""
    for key, row in list(record.audit.items()) if record.audit is not None else ():
        kept = {name: keep(name, change) for name, change in row["changes"].items()}
        changes = {name: change for name, change in kept.items() if change is not None}
        if changes != row["changes"]:
            record.audit[key] = {**row, "changes": changes}


def _without_relation(change: list[Any], id_: int) -> list[Any]:
    return [[one for one in side or () if one["other"] != id_] for side in change]


def _without_link(change: list[Any], id_: int) -> list[Any] | None:
    return None if any(side and id_ in side[:2] for side in change) else change
