"""What staff keep for themselves that tells of a citizen: lists of work found by a name, orders to be taken back.

Asked before a citizen is erased, since afterwards nobody knows the names any more.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from crm_core.model.contact import Contact
from crm_core.model.root import Root
from crm_core.services.workviews import WORDS
from crm_core.text.folding import fold

LEAST = 3
"""Characters of a word that can tell of somebody; shorter ones occur in half of all names."""
NAMES = ("name", "given", "family", "latin_given", "latin_family")


class Traces:
    """``codes``: the tracking codes of the citizen's requests."""

    def __init__(self, root: Root, contact: Contact, codes: frozenset[str]) -> None:
        self.root = root
        self.codes = codes
        self.names = _names_of(contact)
        numbers = (identifier.value for identifier in contact.identifiers)
        self.all = " ".join((*self.names, *(fold(number) for number in numbers), *codes))

    def forget(self) -> None:
        """Drop everybody's kept lists that name the citizen, and the requests from orders that can be taken back."""
        for user in self.root.users.values():
            kept = user.kept()
            views = tuple(view for view in kept.views if not self._names(view))
            orders = tuple(order for order in map(self._without, kept.undo) if order["rows"])
            if (views, orders) != (kept.views, kept.undo):
                keeping = user.keeping()
                keeping.views, keeping.undo = views, orders

    def _names(self, view: dict[str, str]) -> bool:
        """Whether a kept list, by its name or the words it looks for, tells of the citizen."""
        words = (fold(value) for name, value in parse_qsl(view["query"]) if name == WORDS)
        return self._is_named_in(fold(view["name"])) or any(map(self._is_found_by, words))

    def _is_found_by(self, text: str) -> bool:
        """Whether all these words occur in what the citizen is found by, as lists of work look for them."""
        words = text.split()
        only = all(word in self.all for word in words) and any(len(word) >= LEAST for word in words)
        return only or self._is_named_in(text)

    def _is_named_in(self, text: str) -> bool:
        words = set(text.split())
        return any(set(name.split()) <= words for name in self.names if " " in name) or bool(words & self.codes)

    def _without(self, order: dict[str, object]) -> dict[str, object]:
        rows = order["rows"]
        assert isinstance(rows, list)
        return {**order, "rows": [row for row in rows if row[0] not in self.codes]}


def _names_of(contact: Contact) -> set[str]:
    """The names a contact has or had, folded."""
    rows = contact.audit.values() if contact.audit is not None else ()
    had = [value for row in rows for name in NAMES for value in row["changes"].get(name, ()) if value]
    return {fold(str(name)) for name in (*had, *(getattr(contact, name) for name in NAMES)) if name}
