"""What a search says that found nothing: what the words were taken for, and what may be wrong with them.

It is the same for what does not exist and for what is hidden from the reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_core.i18n import Text, TextFactory
from crm_core.security.permissions import Permission
from crm_core.text.digits import to_ascii
from crm_core.text.errors import InvalidIdentifier
from crm_core.text.identifiers import normalise
from crm_core.text.tracking import LENGTH, is_code, normalise_code
from crm_views.desk import rows

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

NO_CODE = _("If a tracking code or a national id was meant, one of the digits is wrong.")
READ_AGAIN = _("Have it read aloud again, digit by digit; or search for the phone number or the name.")
LESS = _("Try less: the first digits of the number, the family name alone, or a word of the request.")
BEGIN = _("With this number a new citizen can be begun.")
NUMBERS: tuple[tuple[str, Text], ...] = (
    ("national_id", _("Nobody has the national id ${number}")), ("phone", _("Nobody has the phone number ${number}")),
)


def nothing(request: Request, query: str) -> dict[str, Any]:
    """Of words that nothing was found for: ``title`` (what was searched, in one sentence) and ``text`` (what now)."""
    show = request.ui.show
    title, text, value = _("Nobody and nothing found for “${words}”"), LESS, rows.short(query)
    name = "words"
    if is_code(query):
        title, text = _("No request has the tracking code ${number}"), READ_AGAIN
        name, value = "number", show.code(normalise_code(query))
    elif known := _as_number(query):
        title, text, name = known[1], _advice(request, known[0], query), "number"
        value = show.identifier(known[0], normalise(known[0], query))
    elif _is_long_number(query):
        text = NO_CODE
    return {"title": show.sentence(title % {name: value}), "text": text}


def _advice(request: Request, scheme: str, query: str) -> Text:
    if scheme == "phone" and _is_long_number(query):
        return NO_CODE
    return BEGIN if scheme == "phone" and request.has_permission(Permission.CONTACT_EDIT) else READ_AGAIN


def _as_number(query: str) -> tuple[str, Text] | None:
    for row in NUMBERS:
        try:
            normalise(row[0], query)
        except InvalidIdentifier:
            continue
        return row
    return None


def _is_long_number(query: str) -> bool:
    """Whether it has as many digits as a tracking code and a national id, and nothing but those."""
    digits = to_ascii(query).replace(" ", "").replace("-", "")
    return digits.isascii() and digits.isdecimal() and len(digits) == LENGTH
