"""Erasing a person: all linked records at once, every plugin asked, and a receipt that holds nothing of the person.

`Privacy` takes one record out; here is what an administrator asks for, looks at before, and shows afterwards.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from typing import Any

from BTrees.LOBTree import LOBTree

from crm_core.errors import CrmError, Invalid, NotFound, StaleChange
from crm_core.host import Failure
from crm_core.i18n import Labels, Text, TextFactory
from crm_core.model.contact import Contact, Link
from crm_core.model.ids import new_id
from crm_core.model.interaction import Interaction
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.exportwords import iso
from crm_core.services.fitting import says_something, text_errors
from crm_core.services.personrecords import PersonRecords
from crm_core.services.privacy import Privacy
from crm_core.services.visibility import Eyes, Visibility
from crm_core.text.digits import to_ascii
from crm_core.text.folding import fold

_ = TextFactory("crm_core")
FORMAT = 1
"""Version of the layout of receipts."""
REASON_LENGTH = 300
LEAST_NAME = 3
"""Characters of a name that would be recognised in a reason."""
LEAST_WITHIN = 6
"""Characters of a name that would be recognised within other words."""

Receipt = dict[str, Any]
"""Plain: ``receipt`` (its id), ``at``, ``reason``, ``by`` (login), ``tombstones`` (ids of the records), ``removed`` and
``kept`` (counts; why, in every language), ``plugins`` (asked, failed), ``plugin_titles`` (of those
asked, in every language), ``backups_until`` (ISO date), ``format``."""


@dataclass
class Extent:
    """What an erasure takes and what it leaves, in counts. ``removed``, ``unlinked``: collection id → records."""

    records: int = 0
    identifiers: int = 0
    contact_fields: int = 0
    interactions: int = 0
    promises: int = 0
    files: int = 0
    requests: int = 0
    open_requests: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    unlinked: Counter[str] = field(default_factory=Counter)
    states: list[tuple[str, int, int, int]] = field(default_factory=list)
    """Kind, id, revision and number of entries of all that is touched."""

    @property
    def seen(self) -> str:
        """A short text that differs when there is something else to erase now, also where only words are others."""
        counts = {name: value for name, value in vars(self).items() if name != "states"}
        looked_at = json.dumps([counts, sorted(self.states)], sort_keys=True)
        return hashlib.sha256(looked_at.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Linked:
    """A further record of the citizen: the ``claims`` that link it, the last one first, and what would go with it."""

    contact: Contact
    claims: tuple[Link, ...]
    extent: Extent


class Erasure:
    def __init__(self, context: Context) -> None:
        self.context = context

    def records(self, contact: Contact) -> list[Contact]:
        """All records of the citizen. Raises Forbidden, NotFound where this one is hidden, CrmError where another is.
        """
        self.context.identity.demand(Permission.ADMIN)
        eyes = Eyes(self.context.root, self.context.identity)
        if eyes.of_contact(contact) is Visibility.HIDDEN:
            raise NotFound
        found = [self.context.root.contacts.get(id_) for id_ in contact.linked_ids]
        records = [contact, *(one for one in found if one is not None and one is not contact)]
        if any(eyes.of_contact(one) is Visibility.HIDDEN for one in records):
            raise CrmError(_("Not all of this citizen is yours to erase; ask somebody who may see shielded citizens."))
        return records

    def extent(self, contact: Contact) -> Extent:
        """What erasing the citizen would take and leave; nothing is changed."""
        return self._extent(self.records(contact))

    def linked(self, contact: Contact) -> list[Linked]:
        """The records that go because they are linked with this one. Raises what `records` raises.

        The claims are told also to one who may only count: who erases must see whether it is the same person.
        """
        links = contact.group.links if contact.group is not None else ()
        return [Linked(one, tuple(link for link in reversed(links) if one.id in (link.first, link.second)),
                       self._extent([one])) for one in self.records(contact)[1:]]

    def _extent(self, records: list[Contact]) -> Extent:
        extent = Extent()
        touches: dict[int, Interaction] = {}
        for one in records:
            extent.records += 1
            extent.states.append(("contact", one.id, one.revision, len(one.timeline)))
            extent.identifiers += len(one.identifiers)
            extent.contact_fields += sum(len(said.answers) for said in one.extra.values())
            touches |= {touch.id: touch for touch in Privacy(self.context).touches(one)}
            for promise in (one.promises or {}).values():
                extent.states.append(("promise", promise.id, promise.revision, len(promise.events)))
                extent.promises += 1
            for request in one.requests.values():
                extent.requests += 1
                extent.states.append(("request", request.id, request.revision, len(request.events)))
                extent.open_requests += request.is_open
                extent.files += len(request.attachments)
            for id_, _store, duties, item in PersonRecords(self.context).of(one.id):
                extent.states.append((id_, item.id, item.revision, 0))
                (extent.unlinked if duties.on_erase == "unlink" else extent.removed)[id_] += 1
        extent.states += [("interaction", touch.id, touch.revision, 0) for touch in touches.values()]
        extent.interactions = len(touches)
        extent.files += sum(len(touch.attachments) for touch in touches.values())
        return extent

    def erase(self, contact: Contact, reason: str, *, seen: str | None = None) -> Receipt:
        """Erase all records of the citizen; the receipt, which is kept.

        Every plugin's hook ``erase`` is asked before; one that fails stops nothing and stands in the receipt. ``seen``:
        `Extent.seen` of what was looked at. Raises Invalid (reason), StaleChange, and what `records` raises.
        """
        records = self.records(contact)
        self._demand_reason(records, reason)
        extent = self.extent(contact)
        if seen is not None and seen != extent.seen:
            raise StaleChange({})
        asked, failed = self._ask_plugins(records)
        ids = [one.id for one in records]
        for id_ in ids:
            one = self.context.root.contacts.get(id_)
            if one is not None:
                Privacy(self.context).erase(one)
        return self._keep(self._receipt(extent, ids, reason.strip(), asked, failed))

    def again(self, contact: Contact) -> None:
        """Erase one record that was erased before and came back with an older state of the data; its receipt is there.

        Plugins are asked as by `erase`. Raises Forbidden.
        """
        self._ask_plugins([contact])
        Privacy(self.context).erase(contact)

    def receipt(self, id_: int) -> Receipt:
        """A receipt that was kept. Raises Forbidden, NotFound."""
        self.context.identity.demand(Permission.ADMIN)
        kept = (self.context.root.erasures or {}).get(id_)
        if kept is None:
            raise NotFound
        return dict(kept)

    def receipts(self, most: int) -> list[Receipt]:
        """The receipts of the last erasures, newest first. Raises Forbidden."""
        self.context.identity.demand(Permission.ADMIN)
        kept = self.context.root.erasures
        return [dict(kept[id_]) for id_ in islice(reversed(kept.keys()), most)] if kept else []

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────

    def _demand_reason(self, records: list[Contact], reason: str) -> None:
        errors = text_errors({"reason": (reason.strip(), REASON_LENGTH)})
        if not says_something(reason):
            errors["reason"] = _("Say why: the receipt needs a reason.")
        elif any(_tells_of(one, reason) for one in records):
            errors["reason"] = _("The receipt keeps this reason: say it without the citizen’s name or numbers.")
        if errors:
            raise Invalid(errors)

    def _ask_plugins(self, records: list[Contact]) -> tuple[list[str], list[str]]:
        """The ids of the plugins that were asked, and of those of them that failed."""
        asked: set[str] = set()
        failed: set[str] = set()
        for one in records:
            for plugin, answer in self.context.host.each("erase", services=self.context.services, contact=one):
                asked.add(plugin.id)
                if isinstance(answer, Failure):
                    failed.add(plugin.id)
        return sorted(asked), sorted(failed)

    def _receipt(
        self, extent: Extent, ids: list[int], reason: str, asked: list[str], failed: list[str]
    ) -> Receipt:
        labels = self.context.translator.labels
        kept: list[dict[str, Any]] = []

        def stays(what: str, count: int, title: Labels, why: Text) -> None:
            if count:
                kept.append({"what": what, "count": count, "title": title, "why": labels(why)})

        stays("requests", extent.requests, labels(_("Requests")),
              _("They stay as cases of nobody, for the figures: without title, words, files, notes and personal"
                " answers."))
        for id_, count in sorted(extent.unlinked.items()):
            stays(id_, count, self.title(id_), _("They stay without the person, as their plugin declares."))
        until = datetime.fromtimestamp(self.context.now / 1000, UTC) + timedelta(self.context.settings.backup_days)
        return {
            "format": FORMAT, "at": iso(self.context.now), "reason": reason,
            "by": self.context.identity.login or "system", "tombstones": [str(id_) for id_ in ids],
            "removed": {
                "records": extent.records, "identifiers": extent.identifiers, "contact_fields": extent.contact_fields,
                "interactions": extent.interactions, "promises": extent.promises, "files": extent.files,
                "collections": dict(extent.removed),
            },
            "titles": {id_: self.title(id_) for id_ in extent.removed},
            "kept": kept, "plugins": {"asked": asked, "failed": failed},
            "plugin_titles": {id_: self.context.services.plugins.title(id_) for id_ in asked},
            "backups_until": until.date().isoformat(),
        }

    def _keep(self, receipt: Receipt) -> Receipt:
        root = self.context.root
        if root.erasures is None:
            root.erasures = LOBTree()
        id_ = new_id(self.context.now)
        while not root.erasures.insert(id_, {"receipt": str(id_), **receipt}):
            id_ = new_id(self.context.now)
        return dict(root.erasures[id_])

    def title(self, collection: str) -> Labels:
        """What a collection is called, by its plugin or by what is stored."""
        spec = self.context.registry.collections.get(collection)
        if spec is not None:
            return self.context.translator.labels(spec.title)
        store = self.context.root.collections.get(collection)
        stored = dict(store.duties.title) if store is not None else {}
        return stored or {"en": collection, "fa": collection}


def _tells_of(contact: Contact, reason: str) -> bool:
    """Whether a reason holds a name or number of a citizen, also with other signs between its letters.

    Short names are looked for as words, also spelled out: within a longer word they would be another (سلامی, اسلامی).
    """
    words = _words(reason)
    phrase, joined = f" {' '.join(words)} ", "".join(words)
    digits = "".join(char for char in to_ascii(reason) if char.isalnum()).casefold()
    names = [contact.name, contact.latin_name]
    if contact.is_person:  # each word of an organisation's name may well stand in any sentence
        names += [word for name in (*names, contact.given, contact.family) for word in name.split()]
    for parts in map(_words, names):
        name = "".join(parts)
        spoken = {f" {' '.join(parts)} ", f" {name} "}
        if len(name) >= LEAST_NAME and any(one in phrase or one in _spelled(words) for one in spoken):
            return True
        if len(name) >= LEAST_WITHIN and name in joined:
            return True
    values = ("".join(char for char in one.value if char.isalnum()).casefold() for one in contact.identifiers)
    return any(value in digits or value.removeprefix("98") in digits for value in values if len(value) > LEAST_NAME)


def _words(text: str) -> list[str]:
    """The folded words of a text; whatever is neither letter nor digit separates."""
    return "".join(char if char.isalnum() else " " for char in fold(text)).split()


def _spelled(words: list[str]) -> str:
    """The words again, letters that stand one by one as one word."""
    groups = groupby(words, key=lambda word: len(word) == 1)
    return f" {' '.join(('' if single else ' ').join(group) for single, group in groups)} "
