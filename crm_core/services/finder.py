"""The finder: whatever a citizen says, who it is. Each hit says why it matched; exact things need no full text.

Order of certainty: tracking code, identifier, beginning of a phone number, name, last digits of a phone number,
beginning of a tracking code, name as heard, name with a slip, words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Literal

from crm_core import journal
from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.interaction import Interaction
from crm_core.model.request import Request
from crm_core.services.contactfields import FieldGroups
from crm_core.services.context import Context
from crm_core.services.documents import changed, find_object
from crm_core.services.namesearch import NameSearch, last_touch, recency
from crm_core.services.reasons import SCHEMES
from crm_core.services.textsearch import SearchUnavailable
from crm_core.services.visibility import Eyes, Visibility
from crm_core.text.digits import to_ascii
from crm_core.text.errors import InvalidIdentifier
from crm_core.text.folding import fold
from crm_core.text.heard import similarity
from crm_core.text.identifiers import display, normalise
from crm_core.text.phones import phone_prefix
from crm_core.text.tracking import group_code, is_code, normalise_code

_ = TextFactory("crm_core")

LONGEST = 200
"""Characters of a query that are looked at."""
SCAN = 10_000
"""Index rows that are looked at; they are read without loading contacts."""
LAST_DIGITS = 40_000
"""Phone numbers of one part of the index (1/32 of all) that are looked at for their last digits: enough for a million.
"""
LEAST_DIGITS, MOST_DIGITS = 4, 9
"""Digits that are taken for the end of a phone number or the beginning of a tracking code."""
MOST_WORDS = 8
"""Words of a query that are taken for a name."""
UNDRAINED = 500
"""Changes that the index does not know yet, and that are looked through beside it."""
JUST_NOW = 40
"""The same where full text is switched off, and every question would look through them."""

EXACT_SCHEMES = ("phone", "national_id", "legal_id", "email", "passport", "telegram")


How = Literal["number", "name", "begun", "heard", "near", "words"]
"""By a number or address, whole words of a name, its beginning, its sound, with a slip, by words of the record."""


@dataclass(frozen=True)
class Hit:
    """One answer: ``kind`` contact, request or interaction; ``why`` it matched, ``how`` in a word of the code.

    ``exact``: it is the one meant.
    """

    kind: str
    id: int
    title: str
    subtitle: str
    why: Text
    score: float
    exact: bool = False
    thing: Contact | Request | Interaction | None = field(default=None, compare=False, repr=False)
    how: How = "number"
    also: tuple[str, ...] = ()
    """Names of the other records of the same citizen, as far as they may be read: they are no hits of their own."""


@dataclass
class Found:
    """Answers, best first. ``new_phone``: nobody has this number (E.164); ``text_missing``: full text was silent;
    ``unasked``: names in doubt and words of texts were not looked for, since there was enough without."""

    hits: list[Hit]
    new_phone: str = ""
    text_missing: bool = False
    unasked: bool = False


class Finder:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.eyes = Eyes(context.root, context.identity)

    def find(self, query: str, limit: int = 20, enough: int | None = None) -> Found:
        """Who or what ``query`` may mean, at most ``limit``; any text is answered, perhaps with nothing.

        ``enough``: where so many citizens have these words in their names, nobody is looked for whose name has them in
        another order or only sounds alike, and no words in texts.
        """
        query = " ".join(query[:LONGEST].split())
        if not fold(query):
            return Found([])
        best: dict[tuple[str, int], Hit] = {}
        for hit in chain(self._numbers(query, limit), self._names(query, limit, enough)):
            _keep(best, hit)
        found = Found([])
        exact = any(hit.exact for hit in best.values())
        named = self._one_each(hit for hit in best.values() if hit.how == "name")
        found.unasked = enough is not None and len(named) >= enough
        try:
            # Words of texts come behind all names and numbers: where these fill the page, nobody would see them.
            if not exact and not found.unasked and len(self._one_each(best.values())) < limit:
                for hit in self._words(query, limit, fuzzy=len(best) < limit):
                    _keep(best, hit)
        except SearchUnavailable:
            found.text_missing = True
        first = self._one_each(sorted(best.values(), key=lambda hit: (-hit.score, -hit.id)))[:limit]
        found.hits = [self._described(hit) for hit in first]
        if not exact:
            found.new_phone = self._phone_number(query)
        return found

    def _numbers(self, query: str, limit: int) -> Iterator[Hit]:
        """By what is a number or address, or a part of one."""
        best: dict[tuple[str, int], Hit] = {}
        for hit in chain(self._codes(query), self._identifiers(query), self._contact_fields(query)):
            _keep(best, hit)
        number = self._phone_number(query)
        if not (number and any(True for _id in self.context.root.indexes.holders("phone", number))):
            for hit in self._phone_prefix(query, limit):  # a whole number is no beginning of another one
                _keep(best, hit)
        if len(self._one_each(best.values())) < limit:  # else all that some digits find comes behind these
            for hit in self._digits(query, limit):
                _keep(best, hit)
        yield from best.values()

    def _one_each(self, hits: Iterable[Hit]) -> list[Hit]:
        """The hits in their order, of several linked records of one citizen that may be read only the best."""
        chosen: dict[object, Hit] = {}
        for hit in hits:
            key: object = (hit.kind, hit.id)
            if isinstance(hit.thing, Contact) and self.eyes.of(hit.thing) is Visibility.FULL:
                key = hit.thing.linked_ids
            chosen.setdefault(key, hit)
        return list(chosen.values())

    def complete_until(self) -> int | None:
        """Up to when everything that was written is found by its words, milliseconds UTC; None: up to now.

        What the index does not know yet is read beside it, as far as it is not too much (`UNDRAINED`). Raises
        SearchUnavailable when full text cannot say it.
        """
        cursor = journal.Cursor.parse(self.context.text_search.cursor())
        behind = journal.lag(self.context.root, cursor)
        return journal.oldest_unread(self.context.root, cursor) if behind > UNDRAINED else None

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

    def _contact_fields(self, query: str) -> Iterator[Hit]:
        for id_, why in FieldGroups(self.context).find(query):
            yield from self._contact(self.context.root.contacts.get(id_), why, 94, exact=True)

    def _phone_prefix(self, query: str, limit: int) -> Iterator[Hit]:
        for prefix in phone_prefix(query):
            rows = islice(self.context.root.indexes.phones.starting_with(prefix), SCAN)
            yield from islice(self._with_phones(rows), limit)

    def _with_phones(self, rows: Iterable[tuple[str, int]], score: float = 85) -> Iterator[Hit]:
        for number, id_ in rows:
            contact = self.context.root.contacts.get(id_)
            if contact is None or self.eyes.of_contact(contact) is not Visibility.FULL:
                continue  # a hit by some digits would tell the next ones, digit by digit
            why = _("Phone ${number}", mapping={"number": display("phone", number)})
            yield from self._contact(contact, why, score)

    def _digits(self, query: str, limit: int) -> Iterator[Hit]:
        """What is read aloud in part: the last digits of a phone number, the first ones of a tracking code."""
        digits = to_ascii(query).translate(_BETWEEN_DIGITS)
        if not (digits.isascii() and digits.isdecimal() and LEAST_DIGITS <= len(digits) <= MOST_DIGITS):
            return
        indexes = self.context.root.indexes
        rows = indexes.phones.ending_with(digits, LAST_DIGITS)
        yield from islice(self._with_phones(rows, 84), limit)
        for _code, id_ in islice(indexes.codes.starting_with(digits), SCAN):
            request = self.context.root.requests.get(id_)
            if request is not None:
                yield from self._request(request, _("Tracking code"), 83, how="number")

    def _phone_number(self, query: str) -> str:
        try:
            return normalise("phone", query)
        except InvalidIdentifier:
            return ""

    # ── names ────────────────────────────────────────────────────────────────────────────────────────────

    def _names(self, query: str, limit: int, enough: int | None) -> Iterator[Hit]:
        words = fold(query).split()[:MOST_WORDS]
        if not words or any(char.isdigit() for char in to_ascii(query)) or len(max(words, key=len)) < 2:
            return
        search = NameSearch(self.context, self.eyes, words)
        found: dict[int, bool] = {}
        for match in search.as_written(limit, enough):
            found[match.contact.id] = match.written or found.get(match.contact.id, False)
            how: How = "name" if match.written else "begun"
            yield Hit("contact", match.contact.id, match.contact.name, "", match.why, match.score, False, match.contact,
                      how)
        # Else no name that only sounds alike comes so far up that anybody sees it.
        if len(found) < limit and not (enough is not None and sum(found.values()) >= enough):
            for match in search.as_heard(query):
                yield Hit("contact", match.contact.id, match.contact.name, "", match.why, match.score, False,
                          match.contact, "heard")

    # ── words ────────────────────────────────────────────────────────────────────────────────────────────

    def _words(self, query: str, limit: int, fuzzy: bool) -> Iterator[Hit]:
        yield from self._undrained(query)
        text_search = self.context.text_search
        if fuzzy and not any(char.isdigit() for char in to_ascii(query)):
            for hit in text_search.fuzzy_names(query, limit):
                contact = self.context.root.contacts.get(hit.id)
                if contact is not None:
                    score = 45 + 5 * similarity(query, contact.name)
                    yield from self._contact(contact, _("Nearly this name"), score, how="near")
        full = 0
        for place, hit in enumerate(text_search.search(query, limit=limit * 3)):
            if full >= limit and hit.kind != "contact":  # only a citizen, for what was done lately, may come further up
                continue
            thing = find_object(self.context.root, hit.kind, hit.id)
            for one in self._thing(thing, 40 - 10 * place / (limit * 3)):
                full += one.kind != "contact"
                yield one

    def _undrained(self, query: str) -> Iterator[Hit]:
        """What was saved a moment ago and is not in the index yet: read your own write."""
        root = self.context.root
        words = fold(query).split()
        cursor = journal.Cursor.parse(self.context.text_search.cursor())
        if self.context.settings.search == "none":  # no index ever takes them over: what was said just now must do
            entries = list(journal.latest(root, JUST_NOW))
        else:
            entries = list(journal.latest(root, UNDRAINED, cursor))
            entries += journal.latest(root, UNDRAINED - len(entries), cursor, bulk=True)
        for document in changed(root, entries)[0]:
            text = fold(f"{document.title} {document.body} {' '.join(document.codes)}")
            if all(word in text for word in words):
                yield from self._thing(find_object(root, document.kind, document.id), 39)

    def _thing(self, thing: Contact | Request | Interaction | None, score: float) -> Iterator[Hit]:
        if isinstance(thing, Contact):
            if self.eyes.of_contact(thing) is Visibility.FULL:  # what words the record holds is its content
                yield from self._contact(thing, _("Words of the record"), score, how="words")
        elif isinstance(thing, Request):
            yield from self._request(thing, _("Words of the request"), score, how="words")
        elif isinstance(thing, Interaction) and self.eyes.of(thing) is Visibility.FULL:
            contact = self.context.root.contacts.get(thing.contact) if thing.contact is not None else None
            who = contact.name if contact is not None else ""
            why = _("Words of a conversation")
            yield Hit("interaction", thing.id, thing.subject, who, why, score, thing=thing, how="words")

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────────────

    def _contact(
        self, contact: Contact | None, why: Text, score: float, exact: bool = False, how: How = "number"
    ) -> Iterator[Hit]:
        if contact is None:
            return
        if self.eyes.of_contact(contact) is Visibility.HIDDEN:
            return
        score += recency(last_touch(contact))
        yield Hit("contact", contact.id, contact.name, "", why, score, exact, contact, how)

    def _described(self, hit: Hit) -> Hit:
        """The hit as it is shown: phone and city beside a contact's name. Only of those shown, since it takes time."""
        if not isinstance(hit.thing, Contact) or self.eyes.of_contact(hit.thing) is not Visibility.FULL:
            return hit
        subtitle = _subtitle(hit.thing)
        return replace(hit, title=hit.title or subtitle, subtitle=subtitle, also=self._also(hit.thing))

    def _also(self, contact: Contact) -> tuple[str, ...]:
        others = (self.context.root.contacts.get(id_) for id_ in contact.linked_ids if id_ != contact.id)
        names = (other.name for other in others if other is not None and self.eyes.of(other) is Visibility.FULL)
        return tuple(name for name in dict.fromkeys(names) if name and name != contact.name)

    def _request(
        self, request: Request, why: Text, score: float, exact: bool = False, how: How = "number"
    ) -> Iterator[Hit]:
        if self.eyes.of_request(request) is not Visibility.FULL:
            return
        contact = self.context.root.contacts.get(request.contact) if request.contact is not None else None
        subtitle = " · ".join(part for part in (group_code(request.code), contact.name if contact else "") if part)
        yield Hit("request", request.id, request.title, subtitle, why, score, exact, request, how)


_BETWEEN_DIGITS = dict.fromkeys(map(ord, " -.()\u200c\u200e\u200f"))


def _keep(best: dict[tuple[str, int], Hit], hit: Hit) -> None:
    known = best.get((hit.kind, hit.id))
    if known is None or hit.score > known.score:
        best[hit.kind, hit.id] = hit


def _subtitle(contact: Contact) -> str:
    phone = next((one for one in contact.active_identifiers() if one.scheme == "phone"), None)
    first = phone or next(iter(contact.active_identifiers()), None)
    city = next((str(address["city"]) for address in contact.addresses if address.get("city")), "")
    return " · ".join(part for part in (display(first.scheme, first.value) if first else "", city) if part)

