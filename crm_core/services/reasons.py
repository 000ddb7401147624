"""Sentences for identifiers and dates that were refused: the text package knows codes, people want words."""

from __future__ import annotations

from crm_core.i18n import Text, TextFactory
from crm_core.text.errors import InvalidIdentifier

_ = TextFactory("crm_core")

SCHEMES: dict[str, Text] = {
    "phone": _("Phone"),
    "email": _("E-mail"),
    "national_id": _("National id"),
    "legal_id": _("Legal id"),
    "passport": _("Passport"),
    "telegram": _("Telegram"),
    "bale": _("Bale"),
    "eitaa": _("Eitaa"),
    "whatsapp": _("WhatsApp"),
    "postal_code": _("Postal code"),
    "external": _("Number elsewhere"),
}

_WHOLE: dict[str, Text] = {
    "phone": _("This is not a complete phone number."),
    "email": _("This is not an e-mail address."),
    "national_id": _("This is not a national id: ten digits whose last one fits the others."),
    "legal_id": _("This is not a legal id: eleven digits whose last one fits the others."),
    "postal_code": _("This is not a postal code of ten digits."),
    "passport": _("This is not a passport number."),
}


def identifier_reason(scheme: str, error: InvalidIdentifier) -> Text:
    """Why an identifier was refused, in a sentence."""
    if error.code == "checksum" and scheme == "national_id":
        return _("The last digit of the national id does not fit the others: at least one digit is wrong.")
    return _WHOLE.get(scheme, _("This is not a usable identifier."))
