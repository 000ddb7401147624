"""Records of collections that tell of a person, whichever plugin they are of, present or parked: what the duties stored
beside them say becomes of them when that person is merged, exported, or erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from crm_core.duties import frozen_duties
from crm_core.model.collection import CollectionStore, Duties, Item, person_of
from crm_core.model.contact import Link, LinkGroup
from crm_core.services.context import Context
from crm_core.services.links import regroup

Moved = tuple[tuple[str, int, int], ...]
"""(collection id, item id, contact id it came from)"""


class PersonRecords:
    def __init__(self, context: Context) -> None:
        self.context = context

    def stores(self) -> Iterator[tuple[str, CollectionStore, Duties]]:
        """Every collection that tells of persons, with the duties in force: its plugin's, else the stored ones."""
        for id_, store in self.context.root.collections.items():
            spec = self.context.registry.collections.get(id_)
            duties = store.duties if spec is None else frozen_duties(spec, self.context.translator)
            if duties.person:
                yield id_, store, duties

    def of(self, contact: int) -> Iterator[tuple[str, CollectionStore, Duties, Item]]:
        """The records that tell of a contact."""
        for id_, store, duties in self.stores():
            found: Iterable[Item] = store.of_person(contact)
            if store.duties.person != duties.person:  # a new version of the plugin says so, and has not stored since
                wanted = str(contact)
                found = [item for item in store.items.values() if str(item.data.get(duties.person, "")) == wanted]
            for item in found:
                yield id_, store, duties, item

    def gather(self, kept: int, other: int) -> Moved:
        """Move the records of ``other`` that their duties say so to ``kept`` (contact ids); what was moved."""
        found = [row for row in self.of(other) if row[2].on_merge == "move"]
        for id_, store, duties, item in found:
            self._give(id_, store, duties, item, kept)
        return tuple((id_, item.id, other) for id_, _store, _duties, item in found)

    def regroup(self, group: LinkGroup, links: Sequence[Link]) -> None:
        """Let only ``links`` of a group hold it together from now on. Records that were moved within it, and lie with
        somebody their person is not one with any more, go to the oldest contact of those he still is.
        """
        root, came_from = self.context.root, self._origins(group)
        regroup(root, group.members, links)
        stores = {id_: (store, duties) for id_, store, duties in self.stores()} if came_from else {}
        still_away: dict[int, list[tuple[str, int, int]]] = {}
        for (id_, item_id), origin in came_from.items():
            store, duties = stores.get(id_, (None, None))
            item = None if store is None else store.items.get(item_id)
            person = root.contacts.get(origin)
            if store is None or duties is None or item is None or person is None:
                continue
            holder = person_of(item, duties.person)
            if holder not in person.linked_ids:
                holder = person.linked_ids[0]
                self._give(id_, store, duties, item, holder)
            if holder != origin:
                still_away.setdefault(origin, []).append((id_, item_id, origin))
        regroup(root, (), [replace(link, moved=_taken(still_away, root.contacts[link.first].linked_ids))
                           for link in sorted(links, key=lambda link: link.at)])

    @staticmethod
    def _origins(group: LinkGroup) -> dict[tuple[str, int], int]:
        """(collection id, item id) → the contact it was with before any claim moved it."""
        found: dict[tuple[str, int], int] = {}
        for id_, item_id, contact in (row for link in sorted(group.links, key=lambda link: link.at)
                                      for row in link.moved):
            found.setdefault((id_, item_id), contact)
        return found

    def _give(self, id_: str, store: CollectionStore, duties: Duties, item: Item, contact: int) -> None:
        store.fit(duties)
        store.unindex(item)
        is_text = isinstance(item.data.get(duties.person), str)
        item.data = {**item.data, duties.person: str(contact) if is_text else contact}
        item.revision += 1
        store.index(item)
        self.context.journal.write("collection.changed", (id_, item.id), self.context.now, contact, (duties.person,))


def _taken(away: dict[int, list[tuple[str, int, int]]], members: Iterable[int]) -> Moved:
    """The rows of these contacts, taken out: the first claim of a group keeps them."""
    return tuple(row for id_ in members for row in away.pop(id_, ()))
