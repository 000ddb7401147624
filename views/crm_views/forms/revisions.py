"""What a form started from: a short digest a field, so that no change of somebody else is overwritten unseen.

Of a field that was not touched nobody's change is taken back; one that two people changed shows both versions once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from crm_core.errors import StaleChange

DIGEST = 8
"""Hex digits a field: enough to see that it changed."""
OTHERS_VALUE: object = object()
"""Stands for a value nobody can have typed: the field was something else when the form was made."""

Values = Mapping[str, Any]


class StaleForm(StaleChange):
    """A stale change of a form that says itself from which ``revision`` it goes on.

    A form of many fields needs it: what its reader never touched must not become his decision.
    """

    def __init__(self, theirs: Mapping[str, object], revision: str) -> None:
        super().__init__(theirs)
        self.revision = revision


class Fields:
    """The fields of a form, in the order in which their digests stand in its revision."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def revision(self, values: Values) -> str:
        """The text the form carries; ``values`` are those stored now, as plain data."""
        return "".join(_digest(values[name]) for name in self.names)

    def change(
        self, revision: str, stored: Values, typed: Values, edit: Callable[[dict[str, Any]], tuple[str, ...]],
        tell: Callable[[Mapping[str, Any]], Mapping[str, object]] = dict,
    ) -> tuple[str, ...]:
        """Write what was ``typed`` with ``edit(seen)``, a service's verb; the names of what changed.

        ``seen`` are the values the editor started from, as far as digests tell. A `StaleChange` becomes a `StaleForm`;
        ``tell`` puts what is stored now into the form's names and words.
        """
        try:
            return edit(self._seen(revision, stored, typed))
        except StaleChange as stale:
            raise StaleForm(tell(stale.theirs), self._decided(revision, stored, typed)) from stale

    def _seen(self, revision: str, stored: Values, typed: Values) -> dict[str, Any]:
        """The values the editor started from: the typed one, the stored one, or another."""
        return {
            name: next((values[name] for values in (typed, stored) if _digest(values[name]) == part), OTHERS_VALUE)
            for name, part in self._parts(revision).items()
        }

    def _decided(self, revision: str, stored: Values, typed: Values) -> str:
        """The revision after both versions were seen: what was typed is a decision now, the untouched stays so."""
        return "".join(
            part if _digest(typed[name]) == part else _digest(stored[name])
            for name, part in self._parts(revision).items()
        )

    def _parts(self, revision: str) -> dict[str, str]:
        return {name: revision[place * DIGEST : (place + 1) * DIGEST] for place, name in enumerate(self.names)}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:DIGEST]
