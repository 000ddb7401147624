"""Why a row is refused: one function a reason, each a stable code with a sentence for people.

Scripts compare the codes, so a code never changes its meaning; the sentences may.
"""

from __future__ import annotations

from crm_core.i18n import TextFactory
from crm_core.importing.rows import Refusal

_ = TextFactory("crm_core")

_SHOWN = 60


def shown(value: object) -> str:
    """A value as a message may show it: one line, no control characters, cut to a readable length."""
    text = "".join(
        char if char.isprintable() or char == "\u200c" else "\N{REPLACEMENT CHARACTER}" for char in str(value)
    )
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def columns(found: int, expected: int) -> Refusal:
    return Refusal(
        "columns",
        _("This row has ${found} columns where the first row has ${expected}.",
          mapping={"found": found, "expected": expected}),
    )


def broken_quote() -> Refusal:
    return Refusal("quote", _("A quotation mark is opened and not closed properly."))


def too_long_record() -> Refusal:
    return Refusal("record_too_long", _("This row is too long to be read."))


def too_long(column: str, limit: int) -> Refusal:
    return Refusal(
        "too_long",
        _("The value of “${column}” is longer than ${limit} characters.",
          mapping={"column": shown(column), "limit": limit}),
    )


def too_many(limit: int) -> Refusal:
    return Refusal("too_many", _("There are more than ${limit} values in this row.", mapping={"limit": limit}))


def nul(column: str) -> Refusal:
    return Refusal(
        "nul", _("“${column}” contains a NUL character, which no text has.", mapping={"column": shown(column)})
    )


def damaged(column: str, encoding: str) -> Refusal:
    return Refusal(
        "damaged",
        _("“${column}” contains bytes that are no text in ${encoding}.",
          mapping={"column": shown(column), "encoding": encoding}),
    )


def missing(column: str) -> Refusal:
    return Refusal("missing", _("“${column}” is empty, but it is needed.", mapping={"column": shown(column)}))


def nobody() -> Refusal:
    return Refusal("nobody", _("There is neither a name nor a phone number, e-mail or other identifier."))


def not_a_date(column: str, value: str) -> Refusal:
    return Refusal(
        "date",
        _("“${value}” in “${column}” is no date. Write it as 1980-03-22 or 1359/01/02.",
          mapping={"column": shown(column), "value": shown(value)}),
    )


def not_a_time(column: str, value: str) -> Refusal:
    return Refusal(
        "time",
        _("“${value}” in “${column}” is no date and time. Write it as 2024-04-16 03:03:15.",
          mapping={"column": shown(column), "value": shown(value)}),
    )


def not_a_number(column: str, value: str) -> Refusal:
    return Refusal(
        "number",
        _("“${value}” in “${column}” is no number.", mapping={"column": shown(column), "value": shown(value)}),
    )


def unknown_word(column: str, value: str) -> Refusal:
    return Refusal(
        "unknown_word",
        _("The word “${value}” in “${column}” is not in the list of the mapping.",
          mapping={"column": shown(column), "value": shown(value)}),
    )


def not_an_object() -> Refusal:
    return Refusal("not_an_object", _("This element is not an object with names and values."))


def not_a_value(column: str) -> Refusal:
    return Refusal("not_a_value", _("“${column}” is not a single text or number.", mapping={"column": shown(column)}))


def card_unfinished() -> Refusal:
    return Refusal("card_unfinished", _("This card has no END:VCARD."))


def card_line(text: str) -> Refusal:
    return Refusal(
        "card_line", _("The line “${text}” of this card cannot be understood.", mapping={"text": shown(text)})
    )


def card_group() -> Refusal:
    return Refusal("card_group", _("This card is a list of members, not a person or an organisation."))
