"""Moving what belongs to one record of a citizen to another: a conversation, a request, an identifier.

For linked records only, when a link is taken back: nothing is copied, and the thing keeps its own time and author.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crm_core.errors import NotFound
from crm_core.model.collection import CollectionStore
from crm_core.model.contact import Contact, Identifier, Proof
from crm_core.model.ids import first_id, key_behind
from crm_core.model.interaction import Interaction
from crm_core.model.request import Request
from crm_core.model.timeline import Header
from crm_core.services.context import Context
from crm_core.services.work import Work


class Moving:
    """Whoever calls asks `visibility` and the permission first; here is only what must move along."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def interaction(self, interaction: Interaction, to: Contact) -> None:
        """File a conversation in the history of ``to``, at its own time."""
        old = self._holder(interaction.contact)
        if old is to:
            return
        self._lift_over(old, to, interaction.started, interaction)
        self.context.change(interaction, {"contact": to.id}, "moved")
        self._journal("interaction.moved", ("interaction", interaction.id), old, to, ("contact",))

    def request(self, request: Request, to: Contact) -> None:
        """Make a request that of ``to``: its events, its place in lists, and what plugins keep about it move along."""
        old = self._holder(request.contact)
        if old is to:
            return
        for event in request.events.values():
            self._lift_over(old, to, event.at, event)
            event.contact = to.id
        del old.requests[request.id]
        to.requests[request.id] = request
        work = Work(self.context.root)
        work.leave(request)
        self.context.change(request, {"contact": to.id}, "moved")
        work.refile(request)
        for promise in [one for one in (old.promises or {}).values() if one.request == request.id]:
            self.context.services.promises.move_to(promise, to)
        for name, store in self.context.root.collections.items():
            self._items(name, store, request, old, to)
        self._journal("request.moved", ("request", request.id), old, to, ("contact",))

    def identifier(self, old: Contact, identifier: Identifier, to: Contact) -> None:
        """Give an identifier that ``old`` holds to ``to``; where both hold it, the better proof stays."""
        if old is to:
            return
        if identifier not in old.identifiers:
            raise NotFound
        self._identifiers(old, tuple(one for one in old.identifiers if one != identifier))
        self.context.root.indexes.release(identifier.scheme, identifier.value, old.id)
        same = (identifier.scheme, identifier.value)
        known = next((one for one in to.active_identifiers() if (one.scheme, one.value) == same), None)
        if known is None:
            self._identifiers(to, (*to.identifiers, identifier))
            self.context.root.indexes.hold(identifier.scheme, identifier.value, to.id)
        elif list(Proof).index(Proof(identifier.proof)) > list(Proof).index(Proof(known.proof)):
            better = replace(identifier, label=known.label or identifier.label, retired=known.retired)
            self._identifiers(to, tuple(better if one == known else one for one in to.identifiers))

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────

    def _holder(self, id_: int | None) -> Contact:
        contact = None if id_ is None else self.context.root.contacts.get(id_)
        if contact is None:
            raise NotFound
        return contact

    @staticmethod
    def _lift_over(old: Contact, to: Contact, at: int, thing: Any) -> None:
        """Move the timeline entry of ``thing``, which happened at ``at``; the header says nothing of whose it is."""
        keys = list(old.timeline.keys(first_id(at), first_id(at + 1)))
        for key in keys:
            header: Header = old.timeline[key]
            if header.ref is thing:
                del old.timeline[key]
                to.timeline[key_behind(to.timeline, at)] = header
                return

    def _identifiers(self, contact: Contact, identifiers: tuple[Identifier, ...]) -> None:
        self.context.change(contact, {"identifiers": identifiers}, "identifier.moved")
        self.context.journal.write(
            "contact.changed", ("contact", contact.id), self.context.now, contact.id, ("identifiers",)
        )

    def _items(self, name: str, store: CollectionStore, request: Request, old: Contact, to: Contact) -> None:
        """What a plugin keeps of the person about this very request, such as the time that was booked with it."""
        named = (*store.duties.exact, *store.duties.unique)
        for item in store.of_person(old.id):
            if not any(str(item.data.get(field)) == str(request.id) for field in named if field != store.duties.person):
                continue
            store.unindex(item)
            person = item.data[store.duties.person]
            item.data = {**item.data, store.duties.person: to.id if isinstance(person, int) else str(to.id)}
            item.revision += 1
            store.index(item)
            self.context.journal.write(
                "collection.changed", (name, item.id), self.context.now, to.id, (store.duties.person,)
            )

    def _journal(
        self, kind: str, subject: tuple[str, int], old: Contact, to: Contact, fields: tuple[str, ...]
    ) -> None:
        """Once for each: readers that follow one contact learn what left and what came."""
        for contact in (old, to):
            self.context.journal.write(kind, subject, self.context.now, contact.id, fields)
