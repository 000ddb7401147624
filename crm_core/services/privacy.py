"""Erasure: what tells of a citizen is gone at once from objects, audit and indexes; cases stay without the person.

From the storage's history it is gone after the next pack, from full text when the indexer has read the journal.
"""

from __future__ import annotations

from typing import Any

from crm_core.i18n import choose
from crm_core.model.contact import Contact
from crm_core.model.interaction import Interaction
from crm_core.model.request import Request, Submission
from crm_core.model.runs import LettersState
from crm_core.security.permissions import Permission
from crm_core.services import erasedrows
from crm_core.services.contactfields import FieldGroups
from crm_core.services.context import Context
from crm_core.services.names import unindex_names
from crm_core.services.notices import forget_notices
from crm_core.services.personrecords import PersonRecords
from crm_core.services.touches import remove_touch
from crm_core.services.traces import Traces
from crm_core.services.work import Work

EVENT_FACTS = frozenset({"from", "to", "status", "unit", "assignee", "fields", "what", "which", "why", "due",
                         "first_due", "told", "approval", "level", "of", "for", "own", "how"})
"""What stays of an event: facts of the case. Notes and what plugins add may tell of the person."""
CASE_FIELDS = frozenset({"status", "category", "closed", "unit", "assignee", "priority", "due", "due_by", "first_due",
                         "target", "confidentiality"})
"""Changes of a request whose audit stays."""


class Privacy:
    def __init__(self, context: Context) -> None:
        self.context = context

    def erase(self, contact: Contact) -> dict[str, int]:
        """Erase one record of a citizen (each linked one is a record of its own); how many things of each kind.

        Interactions and collections' records go as they declare, requests stay as cases of nobody: without title, text,
        attachments, notes and the answers that are personal. A tombstone with the id stays, for restored backups, and
        a number by which an imported row is known again.
        """
        self.context.identity.demand(Permission.ADMIN)
        root = self.context.root
        codes = frozenset(request.code for request in contact.requests.values())
        words = Traces(root, contact, codes)
        self._links(contact)  # first: what claims moved goes back to whose it is
        for promise in list((contact.promises or {}).values()):
            self.context.services.promises.forget(promise)
        gone = {
            "interactions": self._interactions(contact),
            "requests": self._requests(contact),
            "items": self._items(contact.id),
        }
        forget_notices(root, [contact.id], gone["requests"])
        words.forget()
        unindex_names(root.indexes, contact)
        for identifier in contact.identifiers:
            root.indexes.release(identifier.scheme, identifier.value, contact.id)
        for key in contact.external:
            if key in root.indexes.external:
                del root.indexes.external[key]
            erasedrows.mark(root, key, contact.id)
        self._letters(contact.id)
        FieldGroups(self.context).release(contact)
        self._relations(contact)
        for user in root.users.values():
            if user.official_contact == contact.id:
                user.official_contact = None
        del root.contacts[contact.id]
        root.tombstones[contact.id] = self.context.now
        self._journal("contact.erased", ("contact", contact.id), contact)
        self._tell_when_stored(codes.union(map(str, (contact.id, *(id_ for ids in gone.values() for id_ in ids)))))
        return {name: len(ids) for name, ids in gone.items()}

    def _tell_when_stored(self, gone: frozenset[str]) -> None:
        """Whatever keeps something of the citizen outside the database forgets it after the commit."""
        listeners = tuple(self.context.on_erased)

        def tell(committed: bool) -> None:
            for listener in listeners if committed else ():
                listener(gone)

        self.context.root._p_jar.transaction_manager.get().addAfterCommitHook(tell)

    def _letters(self, contact: int) -> None:
        """What is left to do about the citizen outside is not done any more; what errors say may tell of them."""
        root = self.context.root
        trees = (root.readers, root.effects, root.jobs, root.projections)
        for state in (state for tree in trees if tree is not None for state in tree.values()):
            if isinstance(state, LettersState) and state.letters is not None:
                state.letters.forget(contact, self.context.now)
            state.forget_words()
        if root.timers is not None:
            root.timers.state.forget_words()

    def touches(self, contact: Contact) -> list[Interaction]:
        """The conversations that go with a contact's erasure."""
        touches = [one for one in contact.things.values() if isinstance(one, Interaction)]
        # What was noted about a request of theirs is theirs, also where it stands in no timeline.
        noted = [touch for request in contact.requests.values() for touch in (request.touches or {}).values()
                 if touch.contact in (None, contact.id)]
        return list({touch.id: touch for touch in (*touches, *noted)}.values())

    def _interactions(self, contact: Contact) -> list[int]:
        gone = self.touches(contact)
        for touch in gone:
            remove_touch(self.context, touch, contact.id)
        return [touch.id for touch in gone]

    def _requests(self, contact: Contact) -> list[int]:
        requests = list(contact.requests.values())
        for request in requests:
            self._empty(request)
            self._journal("request.erased", ("request", request.id), contact)
        return [request.id for request in requests]

    def _empty(self, request: Request) -> None:
        work = Work(self.context.root)
        work.leave(request)
        request.contact = None
        request.title = choose(request.version.labels, self.context.settings.language)
        request.text, request.attachments = "", ()
        self.context.services.approvals.empty(request)
        request.submission = self._impersonal(request.submission)
        request.pauses = tuple({**pause, "reason": ""} for pause in request.pauses)
        request.revision += 1
        request.modified = self.context.now
        for event in request.events.values():
            event.contact = None
            event.data = {name: value for name, value in event.data.items() if name in EVENT_FACTS}
        request.rewrite_audit(lambda name, change: change if name in CASE_FIELDS else None)
        work.refile(request)

    def _impersonal(self, submission: Submission | None) -> Submission | None:
        """The answers that may stay, as the form's version says."""
        form = None if submission is None else self.context.root.forms.get(submission.form)
        if submission is None or form is None:
            return None
        stay = {field["name"] for field in form.fields if field["on_erase"] == "keep"}
        answers = {name: answer for name, answer in submission.answers.items() if name in stay}
        return Submission(submission.form, answers)

    def _items(self, id_: int) -> list[int]:
        """Records of collections, also of absent plugins: the stored collection knows its duties itself."""
        found: list[int] = []
        for name, store, duties, item in list(PersonRecords(self.context).of(id_)):
            store.fit(duties)
            if duties.on_erase == "unlink":
                store.unindex(item)
                item.data = {**item.data, duties.person: None}
                item.revision += 1
                store.index(item)
            else:
                store.discard(item)
            self.context.journal.write("collection.erased", (name, item.id), self.context.now, id_)
            found.append(item.id)
        for store in self.context.root.collections.values():
            store.forget_person(id_)
        return found

    def _relations(self, contact: Contact) -> None:
        for other_id in {relation.other for relation in contact.relations} | _once_related(contact):
            other = self.context.root.contacts.get(other_id)
            if other is not None:
                other.relations = tuple(one for one in other.relations if one.other != contact.id)
                other.rewrite_audit(lambda name, change: _without_relation(change, contact.id)
                                    if name == "relations" else change)

    def _links(self, contact: Contact) -> None:
        if contact.group is not None:
            kept = [link for link in contact.group.links if contact.id not in (link.first, link.second)]
            PersonRecords(self.context).regroup(contact.group, kept)
        for other in self._once_linked(contact):
            other.distinct = tuple(said for said in other.distinct if said.other != contact.id)
            other.rewrite_audit(lambda name, change: _without_link(change, contact.id) if name == "link" else change)
            self._journal("contact.unlinked", ("contact", other.id), other)

    def _once_linked(self, contact: Contact) -> list[Contact]:
        """Whose audit may hold why this contact was linked with it or told apart from it, taken back or not."""
        rows = contact.audit.values() if contact.audit is not None else ()
        pairs = [side for row in rows for side in row["changes"].get("link", ()) if side]
        ids = {id_ for pair in pairs for id_ in pair[:2]} - {contact.id}
        found = (self.context.root.contacts.get(id_) for id_ in ids)
        return [other for other in found if other is not None]

    def _journal(self, kind: str, subject: tuple[str, int], contact: Contact) -> None:
        self.context.journal.write(kind, subject, self.context.now, contact.id)


def _once_related(contact: Contact) -> set[int]:
    """Ids of those whose audit may hold a relation with this contact that was taken back."""
    rows = contact.audit.values() if contact.audit is not None else ()
    sides = [side for row in rows for side in row["changes"].get("relations", ()) if side]
    return {one["other"] for side in sides for one in side}


def _without_relation(change: list[Any], id_: int) -> list[Any]:
    return [[one for one in side or () if one["other"] != id_] for side in change]


def _without_link(change: list[Any], id_: int) -> list[Any] | None:
    return None if any(side and id_ in side[:2] for side in change) else change
