"""Indexes of (key, id) against the objects whose keys they hold: every row there, and none too many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from crm_core.model.contact import Contact
from crm_core.model.request import Request
from crm_core.model.root import Root
from crm_core.model.sharded import Sharded
from crm_core.scans import lightly
from crm_core.services import Services
from crm_core.services.names import heard_keys, prefix_keys
from crm_core.text.folding import fold
from crm_core.verification.mistakes import Mistake


class Rows(Protocol):
    """What is asked of an index, whatever it is made of."""

    def holds(self, key: str, id_: int) -> bool: ...

    def add(self, key: str, id_: int) -> None: ...

    def discard(self, key: str, id_: int) -> None: ...

    def rows(self) -> Iterable[tuple[str, int]]: ...

    def __len__(self) -> int: ...


class OneHolder:
    """A tree of key → id as an index; ``id_of`` and ``value_of`` where it holds more than the id."""

    def __init__(self, tree: Any, id_of: Callable[[Any], int] = int,
                 value_of: Callable[[int], Any] = int) -> None:
        self.tree, self.id_of, self.value_of = tree, id_of, value_of

    def holds(self, key: str, id_: int) -> bool:
        return key in self.tree and self.id_of(self.tree[key]) == id_

    def add(self, key: str, id_: int) -> None:
        self.tree[key] = self.value_of(id_)

    def discard(self, key: str, id_: int) -> None:
        if self.holds(key, id_):
            del self.tree[key]

    def rows(self) -> Iterator[tuple[str, int]]:
        return ((key, self.id_of(value)) for key, value in self.tree.items())

    def __len__(self) -> int:
        return len(self.tree)


class ManyHolders:
    """A `Sharded` of key → tuple of ids as an index."""

    def __init__(self, tree: Sharded[str]) -> None:
        self.tree = tree

    def holds(self, key: str, id_: int) -> bool:
        return id_ in self.tree.get(key, ())

    def add(self, key: str, id_: int) -> None:
        if not self.holds(key, id_):
            self.tree[key] = (*self.tree.get(key, ()), id_)

    def discard(self, key: str, id_: int) -> None:
        rest = tuple(one for one in self.tree.get(key, ()) if one != id_)
        if rest:
            self.tree[key] = rest
        elif key in self.tree:
            del self.tree[key]

    def rows(self) -> Iterator[tuple[str, int]]:
        return ((key, id_) for key, ids in self.tree.items() for id_ in ids)

    def __len__(self) -> int:
        return sum(len(ids) for ids in self.tree.values())


@dataclass(frozen=True)
class Derived:
    """An index: what it is called, the tree of things it is made of, the keys each of them wants, and where it is."""

    check: str
    noun: str
    things: Callable[[Root], Any]
    keys: Callable[[Any], Iterable[str]]
    index: Callable[[Root], Rows]

    def mistakes(self, root: Root) -> Iterator[Mistake]:
        """Rows that are missing; and where there are more rows than things want, those too many."""
        index, wanted = self.index(root), 0
        for id_, thing in lightly(root, self.things(root).items()):
            keys = set(self.keys(thing))
            wanted += len(keys)
            if any(not index.holds(key, id_) for key in keys):
                yield Mistake(self.check, f"{self.noun} {id_} is not found by its {self.check}",
                              partial(self._file, id_=id_))
                wanted -= sum(not index.holds(key, id_) for key in keys)
        if len(index) != wanted:
            yield from self._strangers(root)

    def _strangers(self, root: Root) -> Iterator[Mistake]:
        for key, id_ in lightly(root, self.index(root).rows()):
            if not self._wants(root, key, id_):
                yield Mistake(self.check, f"{self.noun} {id_} is found by {self.check} that it does not have",
                              partial(self._unfile, key=key, id_=id_))

    def _wants(self, root: Root, key: str, id_: int) -> bool:
        thing = self.things(root).get(id_)
        return thing is not None and key in self.keys(thing)

    def _file(self, services: Services, *, id_: int) -> None:
        thing, index = self.things(services.root).get(id_), self.index(services.root)
        for key in self.keys(thing) if thing is not None else ():
            if not index.holds(key, id_):
                index.add(key, id_)

    def _unfile(self, services: Services, *, key: str, id_: int) -> None:
        if not self._wants(services.root, key, id_):
            self.index(services.root).discard(key, id_)


def _phones(contact: Contact) -> set[str]:
    return {one.value for one in contact.active_identifiers() if one.scheme == "phone"}


def _identifiers(contact: Contact) -> set[str]:
    return {f"{one.scheme}:{one.value.casefold()}" for one in contact.active_identifiers() if one.scheme != "phone"}


def _codes(request: Request) -> tuple[str, ...]:
    return (request.code,)


def _external_of_request(request: Request) -> tuple[str, ...]:
    return (f"request:{request.external}",) if request.external else ()


class _External(OneHolder):
    """The part of the external ids that begins with a word. What was imported is not kept beside an id that is filed
    anew, so the next import of the same row writes it once more."""

    def __init__(self, root: Root, word: str) -> None:
        super().__init__(root.indexes.external, lambda value: int(value[0]), lambda id_: (id_, ""))
        self.word = word

    def rows(self) -> Iterator[tuple[str, int]]:
        return ((key, id_) for key, id_ in super().rows() if key.startswith(self.word))

    def __len__(self) -> int:
        return sum(1 for _row in self.rows())


DERIVED = (
    Derived("names", "contact", lambda root: root.contacts, prefix_keys, lambda root: root.indexes.names),
    Derived("names as heard", "contact", lambda root: root.contacts, heard_keys, lambda root: root.indexes.heard),
    Derived("phones", "contact", lambda root: root.contacts, _phones, lambda root: root.indexes.phones),
    Derived("identifiers", "contact", lambda root: root.contacts, _identifiers,
            lambda root: ManyHolders(root.indexes.identifiers)),
    Derived("external ids", "contact", lambda root: root.contacts, lambda contact: contact.external,
            lambda root: _External(root, "contact:")),
    Derived("codes", "request", lambda root: root.requests, _codes, lambda root: OneHolder(root.indexes.codes)),
    Derived("external ids", "request", lambda root: root.requests, _external_of_request,
            lambda root: _External(root, "request:")),
    Derived("logins", "user", lambda root: root.users, lambda user: (fold(user.login),),
            lambda root: OneHolder(root.logins)),
)
"""Every index of keys that the objects decide."""
