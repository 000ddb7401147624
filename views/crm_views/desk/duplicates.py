"""What a dossier says of doubles: who may be the same citizen, and which other records are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chameleon.utils import Markup
from pyramid.renderers import render

from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact, Identifier, Proof
from crm_core.security.permissions import Permission
from crm_core.services.duplicates import Duplicate
from crm_core.services.once import new_key
from crm_core.services.visibility import Visibility
from crm_views.desk import rows

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

SHOWN = 3
"""Likely doubles named on a dossier."""
REASONS_SHOWN = 3


def notice(request: Request, contact: Contact) -> Markup | str:
    """The strip of a dossier about likely doubles, with the key D; "" where there are none."""
    found = request.services.duplicates.find(contact, limit=SHOWN)
    if not found.rows and not found.counted:
        return ""
    values = {
        "doubles": [double_row(request, contact, double) for double in found.rows],
        "counted": found.counted,
        "may_edit": request.has_permission(Permission.CONTACT_EDIT),
        "submission_key": new_key(),
    }
    return Markup(render("crm_views:templates/doubles_notice.pt", values, request=request))


def double_row(request: Request, contact: Contact, double: Duplicate) -> dict[str, Any]:
    """A likely double in a line: who, why, how likely, and the pages to compare and to say no."""
    show = request.ui.show
    here = f"/contacts/{contact.id}"
    return {
        "href": f"/contacts/{double.contact.id}",
        "name": rows.contact_name(request, double.contact),
        "why": show.text(_(", ")).join(show.text(reason) for reason in double.evidence.reasons[:REASONS_SHOWN]),
        "alike": show.text(alike(double.evidence.percent)),
        "compare": f"{here}/compare/{double.contact.id}",
        "distinct": f"{here}/distinct/{double.contact.id}",
    }


def identifiers(contacts: Sequence[Contact]) -> list[tuple[Identifier, Contact | None]]:
    """The active identifiers of one citizen's records, each once, best proven first.

    With each the record that holds it, None where that is the first of ``contacts`` (whose page it is).
    """
    order = list(Proof)
    found: dict[tuple[str, str], tuple[Identifier, Contact | None]] = {}
    for contact in contacts:
        for one in contact.active_identifiers():
            key = one.scheme, one.value
            if key not in found or order.index(Proof(one.proof)) > order.index(Proof(found[key][0].proof)):
                found[key] = one, None if contact is contacts[0] else contact
    return sorted(found.values(), key=lambda row: -order.index(Proof(row[0].proof)))


def alike(percent: int) -> Text:
    """How likely two records are one citizen, in words."""
    return _("${percent}% alike", mapping={"percent": percent})


def recorded_as(request: Request, contact: Contact) -> Markup | str:
    """The strip of a dossier about the other records of the same citizen; "" where there are none.

    Records that may only be counted are a number, for their names are theirs.
    """
    linked = request.services.contacts.linked(contact)
    seen = [(one, request.services.eyes.of_contact(one)) for one in linked if one is not contact]
    values = {
        "others": [(f"/contacts/{one.id}", rows.contact_name(request, one))
                   for one, how in seen if how is Visibility.FULL],
        "counted": sum(how is Visibility.COUNTED for _one, how in seen),
        "links": f"/contacts/{contact.id}/links",
    }
    if not values["others"] and not values["counted"]:
        return ""
    return Markup(render("crm_views:templates/recorded_as.pt", values, request=request))
