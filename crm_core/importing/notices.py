"""What an import noticed without refusing a row: collected while reading, told once at the end with a count.

Unlike refusals they concern columns and whole files; nothing is left out silently.
"""

from __future__ import annotations

from collections import Counter

from crm_core.i18n import Text, TextFactory
from crm_core.importing.reasons import shown

_ = TextFactory("crm_core")

_NAMED = 12  # columns a sentence names before it says "…"


class Notices:
    """Counts by subject; `texts` are the sentences, in the order the subjects came up first."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._columns: dict[str, list[str]] = {}

    def count(self, code: str, detail: str = "") -> None:
        """One more row to which ``code`` applies; ``detail`` keeps, for example, columns apart."""
        self._counts[code, detail] += 1

    def columns(self, code: str, names: list[str]) -> None:
        """Columns of the file to which ``code`` applies."""
        if names:
            self._columns[code] = names

    def left_out(self, name: str) -> None:
        """A property of a card that has no field."""
        names = self._columns.setdefault("left_out", [])
        if name not in names and len(names) < 1000:
            names.append(name)

    def copy(self) -> Notices:
        """A collection that starts with what is known so far."""
        other = Notices()
        other._counts = self._counts.copy()
        other._columns = {code: list(names) for code, names in self._columns.items()}
        return other

    @property
    def texts(self) -> list[Text]:
        """The sentences."""
        return [_about_columns(code, names) for code, names in self._columns.items()] + [
            _about_rows(code, detail, count) for (code, detail), count in self._counts.items()
        ]


def _about_columns(code: str, names: list[str]) -> Text:
    listed = ", ".join(shown(name) for name in names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    values = {"columns": listed}
    if code == "noted":
        return _("Columns that have no field of their own are kept in the notes: ${columns}", mapping=values)
    if code == "duplicate":
        return _("Columns that are there twice were numbered: ${columns}", mapping=values)
    return _("Properties of the cards that have no field were left out: ${columns}", mapping=values)


def _about_rows(code: str, detail: str, count: int) -> Text:
    values = {"count": count, "detail": shown(detail)}
    if code == "encoding":
        return _("The file is not UTF-8; it was read as ${detail}.", mapping=values)
    if code == "damaged":
        return _("Some bytes of the file are no text in ${detail}; rows with them are refused.", mapping=values)
    if code == "no_zone":
        return _("Times without a time zone, read as ${detail}: ${count}", mapping=values)
    if code == "closed_before_opened":
        return _("Requests closed before they were opened; their closing time is among the details only: ${count}",
                 mapping=values)
    if code == "position":
        return _("Positions that are nowhere on the map, kept as text only: ${count}", mapping=values)
    if code == "kept":
        return _("Values of “${detail}” that cannot be read, kept as text only: ${count}", mapping=values)
    if code == "bytes":
        return _("Values with damaged characters, now shown as ${detail}: ${count}", mapping=values)
    return _("The column “${detail}” of the mapping is nowhere in the file.", mapping=values)
