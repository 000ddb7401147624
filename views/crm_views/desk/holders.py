"""Whose a number or address is that somebody types for a new citizen: asked before a second record of one is made.

A hidden record leaves no trace; of one that may only be counted nothing is said but that it is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.services.visibility import Visibility
from crm_core.text.errors import InvalidIdentifier
from crm_core.text.identifiers import normalise
from crm_views.desk import rows

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

SCHEMES = ("phone", "national_id", "email")
MOST = 5
"""Holders that are named; a number of a whole office has more."""


@dataclass
class Held:
    """Identifiers that somebody has already: per field of the form a sentence, and who may be read among the holders.

    ``by``: id of a contact → the contact and the number, as it is shown, by which it was found.
    """

    errors: dict[str, Text] = field(default_factory=dict)
    by: dict[int, tuple[Contact, str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.errors)


def held(request: Request, typed: Mapping[str, object]) -> Held:
    """Who has the identifiers in ``typed`` (scheme → as it was typed); what is no identifier is nobody's."""
    found, show, eyes = Held(), request.ui.show, request.services.eyes
    for scheme in SCHEMES:
        try:
            value = normalise(scheme, str(typed.get(scheme) or ""))
        except InvalidIdentifier:
            continue
        known = [(one, eyes.of_contact(one)) for one in request.services.contacts.by_identifier(scheme, value)]
        readable = [contact for contact, seen in known if seen is Visibility.FULL]
        words = show.identifier(scheme, value)
        if readable:
            name = rows.short(rows.contact_name(request, readable[0]))
            found.errors[scheme] = _("${number} belongs to ${name} already.", mapping={"number": words, "name": name})
        elif any(seen is not Visibility.HIDDEN for _contact, seen in known):
            found.errors[scheme] = _("A record you may not read has this already.")
        for contact in readable[:MOST]:
            found.by.setdefault(contact.id, (contact, words))
    return found
