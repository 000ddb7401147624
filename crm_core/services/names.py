"""The keys under which a contact's name is found: by prefix, and as it was heard."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

from crm_core.model.contact import Contact
from crm_core.model.root import Indexes
from crm_core.text.folding import fold
from crm_core.text.heard import skeletons

MOST_WORDS = 5
MOST_KEYS = 12


def prefix_keys(contact: Contact) -> set[str]:
    """The folded name begun at each of its words, so that any part of it is a prefix of some key."""
    return set(_prefix_keys(contact.name, f"{contact.given} {contact.family}", contact.latin_name))


@lru_cache(maxsize=2048)  # whom the desk dealt with lately is asked about with every name that many have
def _prefix_keys(*names: str) -> frozenset[str]:
    keys: set[str] = set()
    for name in names:
        words = fold(name).split()
        for start in range(min(len(words), MOST_WORDS)):
            keys.add(" ".join(words[start:] + words[:start]))
    return frozenset(key for key in keys if len(key) >= 2)


def heard_keys(contact: Contact) -> set[str]:
    """``family given`` and ``given family`` in consonant skeletons, each part written together."""
    keys: set[str] = set()
    for first, second in _parts(contact):
        pairs = product(_skeletons(first), _skeletons(second) or {""})
        for one, other in list(pairs)[:MOST_KEYS]:
            keys.add(f"{one} {other}")
            if other:
                keys.add(f"{other} {one}")
    return keys


def _parts(contact: Contact) -> list[tuple[str, str]]:
    parts = [(contact.family, contact.given), (contact.latin_family, contact.latin_given)]
    if not contact.given and not contact.family:
        first, _, rest = fold(contact.name).partition(" ")
        parts.append((first, rest))
    return [(fold(first), fold(second)) for first, second in parts if fold(first) or fold(second)]


def _skeletons(part: str) -> frozenset[str]:
    return skeletons(part.replace(" ", "")) if part else frozenset()


def index_names(indexes: Indexes, contact: Contact) -> None:
    for key in prefix_keys(contact):
        indexes.names.add(key, contact.id)
    for key in heard_keys(contact):
        indexes.heard.add(key, contact.id)


def unindex_names(indexes: Indexes, contact: Contact) -> None:
    """Take the keys of the contact's present name out (call it before the name changes)."""
    for key in prefix_keys(contact):
        indexes.names.discard(key, contact.id)
    for key in heard_keys(contact):
        indexes.heard.discard(key, contact.id)
