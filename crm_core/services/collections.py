"""Collections: what plugins keep beside requests, with claims that only one can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crm_core.contributions import Collection
from crm_core.errors import NotFound, StaleChange, Taken
from crm_core.model.collection import CollectionStore, Item
from crm_core.model.ids import new_id
from crm_core.model.plain import Plain, check
from crm_core.services.context import Context
from crm_core.text.folding import fold


class Collections:
    """``services.collections["appointments.slots"]`` is the way a plugin reaches its records."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def __getitem__(self, id_: str) -> Records:
        spec = self.context.registry.collections.get(id_)
        if spec is None:
            raise NotFound
        return Records(self.context, spec)


class Records:
    """The records of one collection. Data is plain; ids are the core's."""

    def __init__(self, context: Context, spec: Collection) -> None:
        self.context = context
        self.spec = spec
        stored: CollectionStore | None = context.root.collections.get(spec.id)
        self._store = stored

    def _writable(self) -> CollectionStore:
        if self._store is None:
            self._store = CollectionStore(self.spec.exact, self.spec.ranges, self.spec.unique)
            self.context.root.collections[self.spec.id] = self._store
        return self._store

    def add(self, data: Mapping[str, Plain]) -> Item:
        """Store a record. Raises Taken when a unique value of it is held already."""
        store = self._writable()
        plain = check(dict(data), self.spec.id)
        claims = {name: str(plain[name]) for name in self.spec.unique if plain.get(name) not in (None, "")}
        if any(value in store.unique[name] for name, value in claims.items()):
            raise Taken
        item = Item(new_id(self.context.now), plain)
        while not store.items.insert(item.id, item):
            item.id = new_id(self.context.now)
        for name, value in claims.items():
            store.unique[name][value] = item.id
        self._index(store, item)
        self._journal("added", item, tuple(plain))
        return item

    def replace(self, item: Item, data: Mapping[str, Plain], revision: int | None = None) -> Item:
        """Replace a record's data. Raises StaleChange for an old revision, Taken like `add`."""
        if revision is not None and revision != item.revision:
            raise StaleChange(item.data)
        plain = check(dict(data), self.spec.id)
        store = self._writable()
        for name in self.spec.unique:
            old, new = item.data.get(name), plain.get(name)
            if old == new:
                continue
            if new not in (None, "") and not store.unique[name].insert(str(new), item.id):
                raise Taken
            if old not in (None, ""):
                del store.unique[name][str(old)]
        self._unindex(store, item)
        item.data, item.revision = plain, item.revision + 1
        self._index(store, item)
        self._journal("changed", item, tuple(plain))
        return item

    def remove(self, item: Item) -> None:
        """Delete a record and give its claims back."""
        store = self._writable()
        item._p_changed = True  # written once more, so that who counts on the record (`depend`) conflicts
        for name in self.spec.unique:
            value = item.data.get(name)
            if value not in (None, ""):
                del store.unique[name][str(value)]
        self._unindex(store, item)
        del store.items[item.id]
        self._journal("removed", item, ())

    def depend(self, item: Item) -> None:
        """Count on a record as it is: of two transactions that do so, or change or remove it, one conflicts.

        That one runs again, and sees what has become of the record. The record's revision stays as it is.
        """
        # Written, though nothing changes: a check of what was only read (ZODB's readCurrent) stops this transaction
        # when the other one was first, but not the other one when this was.
        item._p_changed = True

    def get(self, id_: int) -> Item | None:
        """The record with that id, None when there is none (any more)."""
        return None if self._store is None else self._store.items.get(id_)

    def holder(self, name: str, value: Plain) -> Item | None:
        """The record that holds the unique ``value`` of field ``name``."""
        if self._store is None:
            return None
        id_ = self._store.unique[name].get(str(value))
        return None if id_ is None else self.get(id_)

    def where(self, name: str, value: Plain) -> Iterator[Item]:
        """Records whose exactly indexed field ``name`` equals ``value`` (folded)."""
        if self._store is None:
            return iter(())
        items = self._store.items
        return (items[id_] for id_ in self._store.exact[name].exactly(_exact_key(value)))

    def between(self, name: str, low: Plain | None = None, high: Plain | None = None) -> Iterator[Item]:
        """Records in order of the range field ``name``, from ``low`` up to but not including ``high``."""
        if self._store is None:
            return iter(())
        items = self._store.items
        return (items[id_] for id_ in self._store.ranges[name].between(low, high))

    def __iter__(self) -> Iterator[Item]:
        return iter(()) if self._store is None else self._store.items.values()

    def __len__(self) -> int:
        return 0 if self._store is None else len(self._store.items)

    def _index(self, store: CollectionStore, item: Item) -> None:
        for name in self.spec.exact:
            if item.data.get(name) not in (None, ""):
                store.exact[name].add(_exact_key(item.data[name]), item.id)
        for name in self.spec.ranges:
            if item.data.get(name) not in (None, ""):
                store.ranges[name].add(item.data[name], item.id)

    def _unindex(self, store: CollectionStore, item: Item) -> None:
        for name in self.spec.exact:
            if item.data.get(name) not in (None, ""):
                store.exact[name].discard(_exact_key(item.data[name]), item.id)
        for name in self.spec.ranges:
            if item.data.get(name) not in (None, ""):
                store.ranges[name].discard(item.data[name], item.id)

    def _journal(self, verb: str, item: Item, fields: tuple[str, ...]) -> None:
        person = item.data.get(self.spec.person) if self.spec.person else None
        contact = int(person) if isinstance(person, int | str) and str(person).isdecimal() else None
        self.context.journal.write(f"collection.{verb}", (self.spec.id, item.id), self.context.now, contact, fields)


def _exact_key(value: Plain) -> str:
    return fold(str(value)) or str(value)
