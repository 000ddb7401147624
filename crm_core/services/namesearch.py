"""Citizens by their names: as written, begun, in another order, and as heard.

However many bear a name, a bounded number of index rows is read and a bounded number of contacts loaded: the desk of a
million asks as quickly as that of ten thousand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import nlargest
from itertools import chain, islice, product
from typing import NamedTuple

from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.ids import id_time
from crm_core.model.sharded import SEPARATOR, row_id
from crm_core.services.context import Context
from crm_core.services.names import prefix_keys
from crm_core.services.visibility import Eyes, Visibility
from crm_core.text.heard import Likeness, skeletons

_ = TextFactory("crm_core")

NAMES = 1_000
"""Index rows that are looked at for the beginning of a name; where there are more, people type on."""
ROWS_EACH = 20
"""The same for each contact that is wanted: a panel of ten reads fewer leaves of the index than a page of hits."""
SCAN = 2_000
"""Index rows that are looked at for words in another order, and for a name as heard."""
COMPARED = 40
"""So many, if as many are wanted, are all loaded, and put in order by when somebody last dealt with each. Of more,
those the journal tells of come first, then the newest, and no history is loaded."""
LOADED = NAMES
"""Contacts looked at for one way of matching, until enough may be known of: hardly ever more than are shown."""
LATELY = 200
"""Of those dealt with last, whose names are compared where more begin so than are looked at."""
HEARD_MOST = 100
"""Contacts loaded to compare their names with one as heard; those that sound the same to the end come first."""
LIKE = 0.62
"""Least likeness of a name as heard."""

WHOLE, FIRST_WORDS, BEGUN, OTHER_ORDER, HEARD = 92.0, 90.0, 88.0, 86.0, 50.0


class Match(NamedTuple):
    """A contact by its name. ``score`` has what is known of when somebody last dealt with it in its decimals."""

    contact: Contact
    score: float
    why: Text
    written: bool
    """the words stand so in its name, each of them whole; else it is begun, in another order, or sounds alike"""


class NameSearch:
    def __init__(self, context: Context, eyes: Eyes, words: list[str]) -> None:
        """``words``: folded."""
        self.context = context
        self.eyes = eyes
        self.words = words

    def as_written(self, limit: int, enough: int | None = None) -> Iterator[Match]:
        """Those whose name has the words or begins with them, at most about ``limit`` of each way, best way first.

        ``enough``: where so many have the words in this order, no other order is looked for.
        """
        joined = " ".join(self.words)
        most = min(NAMES, ROWS_EACH * limit)
        rows = self.context.root.indexes.names.first(joined, most)
        whole = {row_id(row) for row in rows if row.startswith(joined + SEPARATOR)}
        words_of = {row_id(row) for row in rows if row.startswith(f"{joined} ")} - whole  # «محمد» before «محمدی»
        begun = {row_id(row) for row in rows} - whole - words_of
        if len(rows) == most:  # there are more: whom the desk dealt with last must not be missed
            yield from self._lately(joined)
        found = written = 0
        for ids, score in ((whole, WHOLE), (words_of, FIRST_WORDS), (begun, BEGUN)):
            for match in self._matches(ids, score, limit):
                found += 1
                written += match.written
                yield match
            if found >= limit:  # those of the next way come behind all of these
                return
        if len(self.words) > 1 and not (enough is not None and written >= enough):
            yield from self._matches(self._in_another_order(), OTHER_ORDER, limit)

    def as_heard(self, query: str) -> Iterator[Match]:
        """Those whose name sounds like the query, however its words are joined or split."""
        heard = self.context.root.indexes.heard
        near, far = set[int](), set[int]()
        for prefix in dict.fromkeys(_heard_prefixes(self.words)):
            for row in heard.first(prefix, SCAN):
                (near if row[len(prefix)] in (" ", SEPARATOR) else far).add(row_id(row))
        likeness_of = Likeness(query)
        loaded = chain(self._loaded(near, HEARD_MOST), self._loaded(far - near, HEARD_MOST))
        for contact, at in islice(loaded, HEARD_MOST):
            latin = likeness_of(contact.latin_name) if contact.latin_family else 0
            likeness = max(likeness_of(contact.name), latin)
            if likeness >= LIKE:
                yield Match(contact, HEARD + 30 * likeness + recency(at), _("Sounds like this name"), False)

    def _in_another_order(self) -> set[int]:
        """Those with a word that begins with each of the words, the longest one first among the rows looked at."""
        longest = max(self.words, key=len)
        # Every row begins with the longest word, and so with each word that this one begins with.
        others = [f" {word}" for word in self.words if not longest.startswith(word)]
        rows = self.context.root.indexes.names.first(longest, SCAN)
        return {row_id(row) for row in rows if all(word in row for word in others)}

    def _lately(self, joined: str) -> Iterator[Match]:
        """Those whom the desk dealt with last, as far as their names begin so."""
        for id_ in islice(self.context.lately.contacts(self.context.root), LATELY):
            contact = self._visible(id_)
            keys = prefix_keys(contact) if contact is not None else set()
            if contact is not None and any(key.startswith(joined) for key in keys):
                words_of = any(key.startswith(f"{joined} ") for key in keys)
                score = WHOLE if joined in keys else FIRST_WORDS if words_of else BEGUN
                yield Match(contact, score + recency(last_touch(contact)), _("Name"), score >= FIRST_WORDS)

    def _matches(self, ids: set[int], score: float, limit: int) -> Iterator[Match]:
        for contact, at in self._loaded(ids, limit):
            yield Match(contact, score + recency(at), _("Name"), score >= FIRST_WORDS)

    def _loaded(self, ids: set[int], limit: int) -> Iterator[tuple[Contact, int]]:
        """At most ``limit`` of them that the reader may know of, each with when somebody last dealt with it as far as
        that is known; few of them all, from the oldest on."""
        if len(ids) <= min(COMPARED, limit):
            for id_ in sorted(ids):
                contact = self._visible(id_)
                if contact is not None:
                    yield contact, last_touch(contact)
            return
        lately = self.context.lately.contacts(self.context.root)
        recent = [id_ for id_ in lately if id_ in ids]
        order: Iterable[int] = chain(recent, nlargest(LOADED, ids.difference(recent)))
        visible = (contact for id_ in islice(order, LOADED) if (contact := self._visible(id_)) is not None)
        for contact in islice(visible, limit):
            yield contact, last_touch(contact) if contact.id in lately else 0

    def _visible(self, id_: int) -> Contact | None:
        contact = self.context.root.contacts.get(id_)
        hidden = contact is None or self.eyes.of_contact(contact) is Visibility.HIDDEN
        return None if hidden else contact


def last_touch(contact: Contact) -> int:
    """When somebody last dealt with the contact, milliseconds UTC; that a file brought it does not count."""
    by_hand = contact.created_by is not None or contact.revision > 1
    last = id_time(contact.timeline.maxKey()) if contact.timeline else 0
    return max(last, contact.modified if by_hand else 0)


def recency(at: int) -> float:
    """A moment (milliseconds UTC) as a part of a score: never as much as the better way of matching."""
    return min(at / 1e13, 1)


def _heard_prefixes(words: list[str]) -> Iterator[str]:
    """Index prefixes for a name said in any order, its words joined or split anywhere (see `names.heard_keys`)."""
    if len(words) == 1:
        yield from (key for key in skeletons(words[0]) if len(key) >= 2)
        return
    for cut in range(1, len(words)):
        first, second = "".join(words[:cut]), "".join(words[cut:])
        for one, other in product(skeletons(first), skeletons(second)):
            yield f"{one} {other}"
    yield from (key for key in skeletons("".join(words)) if len(key) >= 2)
