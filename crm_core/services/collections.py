"""Collections: what plugins keep beside requests, with claims that only one can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crm_core.contributions import Collection
from crm_core.duties import frozen_duties
from crm_core.errors import NotFound, StaleChange, Taken
from crm_core.model.collection import CollectionStore, Item, RangeIndex, exact_key
from crm_core.model.ids import new_id
from crm_core.model.plain import NotPlain, Plain, check
from crm_core.services.context import Context


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
        duties = frozen_duties(self.spec, self.context.translator)
        if self._store is None:
            self._store = CollectionStore(duties)
            self.context.root.collections[self.spec.id] = self._store
        self._store.fit(duties)
        return self._store

    def add(self, data: Mapping[str, Plain]) -> Item:
        """Store a record. Raises Taken when a unique value of it is held already, NotPlain for what is not plain."""
        store = self._writable()
        plain = self._checked(data)
        self._demand_free(store, plain, None)
        item = Item(new_id(self.context.now), plain)
        while not store.items.insert(item.id, item):
            item.id = new_id(self.context.now)
        store.index(item)
        self._journal("added", item, tuple(plain))
        return item

    def replace(self, item: Item, data: Mapping[str, Plain], revision: int | None = None) -> Item:
        """Replace a record's data. Raises StaleChange for an old revision, Taken and NotPlain like `add`."""
        store = self._writable()
        self._demand_stored(store, item)
        plain = self._checked(data)
        if revision is not None and revision != item.revision:
            raise StaleChange(item.data, plain)
        self._demand_free(store, plain, item.id)
        store.unindex(item)
        item.data, item.revision = plain, item.revision + 1
        store.index(item)
        self._journal("changed", item, tuple(plain))
        return item

    def remove(self, item: Item) -> None:
        """Delete a record and give its claims back."""
        store = self._writable()
        self._demand_stored(store, item)
        store.discard(item)
        self._journal("removed", item, ())

    def depend(self, item: Item) -> None:
        """Count on a record as it is: of two transactions that do so, or change or remove it, one conflicts.

        That one runs again, and sees what has become of the record. The record's revision stays as it is.
        """
        self.context.count_on(item)

    def get(self, id_: int) -> Item | None:
        """The record with that id, None when there is none (any more)."""
        return None if self._store is None else self._store.items.get(id_)

    def holder(self, name: str, value: Plain) -> Item | None:
        """The record that holds the unique ``value`` of field ``name``."""
        if self._store is None:
            return None
        index = self._store.unique.get(name)
        if index is None:
            return next((item for item in self._unindexed("unique", name) if str(item.data[name]) == str(value)), None)
        id_ = index.holder(value)
        return None if id_ is None else self.get(id_)

    def where(self, name: str, value: Plain) -> Iterator[Item]:
        """Records whose exactly indexed field ``name`` equals ``value`` (folded)."""
        if self._store is None:
            return iter(())
        index = self._store.exact.get(name)
        if index is None:
            wanted = exact_key(value)
            return (item for item in self._unindexed("exact", name) if exact_key(item.data[name]) == wanted)
        items = self._store.items
        return (items[id_] for id_ in index.exactly(value))

    def between(self, name: str, low: Plain | None = None, high: Plain | None = None) -> Iterator[Item]:
        """Records in order of the range field ``name``, from ``low`` up to but not including ``high``."""
        if self._store is None:
            return iter(())
        items = self._store.items
        index = self._store.ranges.get(name)
        if index is None:
            index = RangeIndex()
            for item in self._unindexed("ranges", name):
                index.add(item.data[name], item.id)
        return (items[id_] for id_ in index.between(low, high))

    def __iter__(self) -> Iterator[Item]:
        return iter(()) if self._store is None else self._store.items.values()

    def __len__(self) -> int:
        return 0 if self._store is None else len(self._store.items)

    def _unindexed(self, kind: str, name: str) -> Iterator[Item]:
        """Records with a value in a field that the plugin's new version indexes, and nothing was stored since."""
        if name not in getattr(self.spec, kind):
            raise KeyError(f"{self.spec.id} declares no index of {name!r} in {kind}")
        return (item for item in self if item.data.get(name) not in (None, ""))

    def _checked(self, data: Mapping[str, Plain]) -> dict[str, Plain]:
        plain: dict[str, Plain] = check(dict(data), self.spec.id)
        for name in self.spec.ranges:
            value = plain.get(name)
            if not (value is None or isinstance(value, str) or (type(value) is int and abs(value) < RangeIndex.SHIFT)):
                raise NotPlain(f"{self.spec.id}.{name} is a range: ISO text or a whole number")
        return plain

    @staticmethod
    def _demand_free(store: CollectionStore, plain: Mapping[str, Plain], own: int | None) -> None:
        for name, index in store.unique.items():
            if plain.get(name) not in (None, "") and index.holder(plain[name]) not in (None, own):
                raise Taken

    @staticmethod
    def _demand_stored(store: CollectionStore, item: Item) -> None:
        if store.items.get(item.id) is not item:
            raise NotFound

    def _journal(self, verb: str, item: Item, fields: tuple[str, ...]) -> None:
        person = item.data.get(self.spec.person) if self.spec.person else None
        contact = int(person) if isinstance(person, int | str) and str(person).isdecimal() else None
        self.context.journal.write(f"collection.{verb}", (self.spec.id, item.id), self.context.now, contact, fields)
