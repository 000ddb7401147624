"""The finder: whatever a citizen says, who it is. Each hit says why it matched; exact things need no full text.

Order of certainty: tracking code, identifier, beginning of a phone number, name, name as heard, name with a slip,
words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from heapq import nlargest
from itertools import chain, islice, product

from crm_core import journal
from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.ids import id_time
from crm_core.model.interaction import Interaction
from crm_core.model.request import Request
from crm_core.services.context import Context
from crm_core.services.documents import changed, find_object
from crm_core.services.names import prefix_keys
from crm_core.services.reasons import SCHEMES
from crm_core.services.textsearch import SearchUnavailable
from crm_core.services.visibility import Eyes, Visibility
from crm_core.text.digits import to_ascii
from crm_core.text.errors import InvalidIdentifier
from crm_core.text.folding import fold
from crm_core.text.heard import Likeness, similarity, skeletons
from crm_core.text.identifiers import display, normalise
from crm_core.text.phones import phone_prefix
from crm_core.text.tracking import group_code, is_code, normalise_code

_ = TextFactory("crm_core")

LONGEST = 200
"""Characters of a query that are looked at."""
SCAN = 10_000
"""Index rows that are looked at; they are read without loading contacts."""
LOADED = 200
"""Contacts loaded for one way of matching."""
RECENT = 1000
"""Entries of the journal that tell whom the desk dealt with last."""
MOST_WORDS = 8
"""Words of a query that are taken for a name."""
LIKE = 0.62
"""Least likeness of a name as heard."""
UNDRAINED = 500

EXACT_SCHEMES = ("phone", "national_id", "legal_id", "email", "passport", "telegram")


@dataclass(frozen=True)
class Hit:
    """One answer: ``kind`` contact, request or interaction; ``why`` it matched; ``exact``: it is the one meant."""

    kind: str
    id: int
    title: str
    subtitle: str
    why: Text
    score: float
    exact: bool = False
    thing: Contact | Request | Interaction | None = field(default=None, compare=False, repr=False)


@dataclass
class Found:
    """Answers, best first. ``new_phone``: nobody has this number (E.164); ``text_missing``: full text was silent."""

    hits: list[Hit]
    new_phone: str = ""
    text_missing: bool = False


class Finder:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.eyes = Eyes(context.root, context.identity)

    def find(self, query: str, limit: int = 20) -> Found:
        """Who or what ``query`` may mean, at most ``limit``; any text is answered, perhaps with nothing."""
        query = " ".join(query[:LONGEST].split())
        if not fold(query):
            return Found([])
        best: dict[tuple[str, int], Hit] = {}
        exact_ways = (self._codes(query), self._identifiers(query), self._phone_prefix(query, limit))
        for hit in chain(*exact_ways, self._names(query, limit)):
            _keep(best, hit)
        found = Found([])
        exact = any(hit.exact for hit in best.values())
        try:
            if not exact:
                for hit in self._words(query, limit, fuzzy=len(best) < limit):
                    _keep(best, hit)
        except SearchUnavailable:
            found.text_missing = True
        first = sorted(best.values(), key=lambda hit: (-hit.score, -hit.id))[:limit]
        found.hits = [self._described(hit) for hit in first]
        if not exact:
            found.new_phone = self._unknown_phone(query)
        return found

    # ── exact ────────────────────────────────────────────────────────────────────────────────────────────

    def _codes(self, query: str) -> Iterator[Hit]:
        if is_code(query):
            id_ = self.context.root.indexes.codes.get(normalise_code(query))
            request = None if id_ is None else self.context.root.requests.get(id_)
            if request is not None:
                yield from self._request(request, _("Tracking code"), 100, exact=True)

    def _identifiers(self, query: str) -> Iterator[Hit]:
        indexes = self.context.root.indexes
        for scheme in EXACT_SCHEMES:
            try:
                value = normalise(scheme, query)
            except InvalidIdentifier:
                continue
            for id_ in indexes.holders(scheme, value):
                yield from self._contact(self.context.root.contacts.get(id_), SCHEMES[scheme], 95, exact=True)

    def _phone_prefix(self, query: str, limit: int) -> Iterator[Hit]:
        for prefix in phone_prefix(query):
            rows = islice(self.context.root.indexes.phones.starting_with(prefix), SCAN)
            yield from islice(self._with_phones(rows), limit)

    def _with_phones(self, rows: Iterable[tuple[str, int]]) -> Iterator[Hit]:
        for number, id_ in rows:
            contact = self.context.root.contacts.get(id_)
            if contact is None or self.eyes.of_contact(contact) is not Visibility.FULL:
                continue  # a hit by the first digits would tell the next ones, digit by digit
            why = _("Phone ${number}", mapping={"number": display("phone", number)})
            yield from self._contact(contact, why, 85)

    def _unknown_phone(self, query: str) -> str:
        try:
            return normalise("phone", query)
        except InvalidIdentifier:
            return ""

    # ── names ────────────────────────────────────────────────────────────────────────────────────────────

    def _names(self, query: str, limit: int) -> Iterator[Hit]:
        words = fold(query).split()[:MOST_WORDS]
        if not words or any(char.isdigit() for char in to_ascii(query)) or len(max(words, key=len)) < 2:
            return
        found = set()
        for hit in self._by_prefix(words):
            found.add(hit.id)
            yield hit
        if len(found) < limit:  # else no name that only sounds alike comes so far up that anybody sees it
            yield from self._as_heard(query, words)

    def _by_prefix(self, words: list[str]) -> Iterator[Hit]:
        names = self.context.root.indexes.names
        joined = " ".join(words)
        rows = list(islice(names.starting_with(joined), SCAN))
        whole = {id_ for name, id_ in rows if name == joined}
        for id_ in (*self._choose(whole), *self._choose({id_ for _name, id_ in rows} - whole)):
            yield from self._contact(self.context.root.contacts.get(id_), _("Name"), 92 if id_ in whole else 88)
        if len(rows) == SCAN:  # there are more: whom the desk dealt with last must not be missed
            for id_ in self._recent:
                contact = self.context.root.contacts.get(id_)
                if contact is not None and any(key.startswith(joined) for key in prefix_keys(contact)):
                    yield from self._contact(contact, _("Name"), 88)
        if len(words) > 1:
            longest = max(words, key=len)
            others = [word for word in words if word != longest]
            rows = list(islice(names.starting_with(longest), SCAN))
            for id_ in self._choose({id_ for name, id_ in rows if _has_parts(name, others)}):
                yield from self._contact(self.context.root.contacts.get(id_), _("Name"), 86)

    def _choose(self, ids: set[int]) -> list[int]:
        """At most `LOADED` of many: those the desk dealt with last, then the newest. Nothing is loaded to choose."""
        if len(ids) <= LOADED:
            return sorted(ids)
        recent = [id_ for id_ in self._recent if id_ in ids][:LOADED]
        return recent + nlargest(LOADED - len(recent), ids - set(recent))

    @cached_property
    def _recent(self) -> list[int]:
        """Contacts the desk dealt with, the last one first."""
        entries = journal.latest(self.context.root, RECENT)
        return list(dict.fromkeys(entry.contact for entry in entries if entry.contact is not None))

    def _as_heard(self, query: str, words: list[str]) -> Iterator[Hit]:
        """Contacts whose name sounds like the query, however its words are joined or split."""
        heard = self.context.root.indexes.heard
        ids = {id_ for prefix in _heard_prefixes(words) for _key, id_ in islice(heard.starting_with(prefix), SCAN)}
        likeness_of = Likeness(query)
        for id_ in self._choose(ids):
            contact = self.context.root.contacts.get(id_)
            if contact is None:
                continue
            latin = likeness_of(contact.latin_name) if contact.latin_family else 0
            likeness = max(likeness_of(contact.name), latin)
            if likeness >= LIKE:
                yield from self._contact(contact, _("Sounds like this name"), 50 + 30 * likeness)

    # ── words ────────────────────────────────────────────────────────────────────────────────────────────

    def _words(self, query: str, limit: int, fuzzy: bool) -> Iterator[Hit]:
        yield from self._undrained(query)
        text_search = self.context.text_search
        if fuzzy and not any(char.isdigit() for char in to_ascii(query)):
            for hit in text_search.fuzzy_names(query, limit):
                contact = self.context.root.contacts.get(hit.id)
                if contact is not None:
                    yield from self._contact(contact, _("Nearly this name"), 45 + 5 * similarity(query, contact.name))
        for place, hit in enumerate(text_search.search(query, limit=limit * 3)):
            thing = find_object(self.context.root, hit.kind, hit.id)
            yield from self._thing(thing, 40 - 10 * place / (limit * 3))

    def _undrained(self, query: str) -> Iterator[Hit]:
        """What was saved a moment ago and is not in the index yet: read your own write."""
        root = self.context.root
        words = fold(query).split()
        cursor = journal.Cursor.parse(self.context.text_search.cursor())
        entries = list(journal.latest(root, UNDRAINED, cursor))
        entries += journal.latest(root, UNDRAINED - len(entries), cursor, bulk=True)
        for document in changed(root, entries)[0]:
            text = fold(f"{document.title} {document.body} {' '.join(document.codes)}")
            if all(word in text for word in words):
                yield from self._thing(find_object(root, document.kind, document.id), 39)

    def _thing(self, thing: Contact | Request | Interaction | None, score: float) -> Iterator[Hit]:
        if isinstance(thing, Contact):
            if self.eyes.of_contact(thing) is Visibility.FULL:  # what words the record holds is its content
                yield from self._contact(thing, _("Words of the record"), score)
        elif isinstance(thing, Request):
            yield from self._request(thing, _("Words of the request"), score)
        elif isinstance(thing, Interaction) and self.eyes.of(thing) is Visibility.FULL:
            contact = self.context.root.contacts.get(thing.contact) if thing.contact is not None else None
            who = contact.name if contact is not None else ""
            yield Hit("interaction", thing.id, thing.subject, who, _("Words of a conversation"), score, thing=thing)

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────────────

    def _contact(self, contact: Contact | None, why: Text, score: float, exact: bool = False) -> Iterator[Hit]:
        if contact is None:
            return
        if self.eyes.of_contact(contact) is Visibility.HIDDEN:
            return
        recency = min(_last_touch(contact) / 1e13, 1)  # never as much as the better way of matching
        yield Hit("contact", contact.id, contact.name, "", why, score + recency, exact, contact)

    def _described(self, hit: Hit) -> Hit:
        """The hit as it is shown: phone and city beside a contact's name. Only of those shown, since it takes time."""
        if not isinstance(hit.thing, Contact) or self.eyes.of_contact(hit.thing) is not Visibility.FULL:
            return hit
        subtitle = _subtitle(hit.thing)
        return replace(hit, title=hit.title or subtitle, subtitle=subtitle)

    def _request(self, request: Request, why: Text, score: float, exact: bool = False) -> Iterator[Hit]:
        if self.eyes.of_request(request) is not Visibility.FULL:
            return
        contact = self.context.root.contacts.get(request.contact) if request.contact is not None else None
        subtitle = " · ".join(part for part in (group_code(request.code), contact.name if contact else "") if part)
        yield Hit("request", request.id, request.title, subtitle, why, score, exact, request)


def _has_parts(name: str, beginnings: list[str]) -> bool:
    parts = name.split()
    return all(any(part.startswith(word) for part in parts) for word in beginnings)


def _last_touch(contact: Contact) -> int:
    """When somebody last dealt with the contact, milliseconds UTC; that a file brought it does not count."""
    by_hand = contact.created_by is not None or contact.revision > 1
    last = id_time(contact.timeline.maxKey()) if contact.timeline else 0
    return max(last, contact.modified if by_hand else 0)


def _keep(best: dict[tuple[str, int], Hit], hit: Hit) -> None:
    known = best.get((hit.kind, hit.id))
    if known is None or hit.score > known.score:
        best[hit.kind, hit.id] = hit


def _subtitle(contact: Contact) -> str:
    phone = next((one for one in contact.active_identifiers() if one.scheme == "phone"), None)
    first = phone or next(iter(contact.active_identifiers()), None)
    city = next((str(address["city"]) for address in contact.addresses if address.get("city")), "")
    return " · ".join(part for part in (display(first.scheme, first.value) if first else "", city) if part)


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
