"""What an address names: the contact, request or interaction, as far as the reader may know of it.

What is hidden answers exactly as what does not exist.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPSeeOther

from crm_core.errors import NotFound
from crm_core.i18n import TextFactory
from crm_core.model.attachment import Attachment
from crm_core.model.contact import Contact
from crm_core.model.ids import parse_id
from crm_core.model.interaction import Interaction
from crm_core.model.request import Request as Case
from crm_core.services.visibility import Visibility
from crm_views.drafts import WRITER
from crm_views.forms.form import SUBMISSION_KEY

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")


def contact_of(request: Request) -> tuple[Contact, Visibility]:
    """The contact of the address and how much of it may be seen (full or counted). Raises NotFound."""
    services = request.services
    id_ = parse_id(request.matchdict["contact"])
    contact = services.contacts.find(id_)
    if contact is None:
        raise NotFound
    return contact, _known(services.eyes.of_contact(contact))


def readable_contact(request: Request) -> Contact:
    """The contact of the address, to be read in full and noted. Raises NotFound also where it may only be counted."""
    contact = polled_contact(request)
    note_read(request, contact)
    return contact


def polled_contact(request: Request) -> Contact:
    """`readable_contact` for a script that asks again and again while nothing is read: that is no look."""
    contact, seen = contact_of(request)
    if seen is not Visibility.FULL:
        raise NotFound
    return contact


def note_read(request: Request, contact: Contact) -> None:
    """Note that something of ``contact`` is read here, other than the dossier."""
    request.crm_app.looks.note_part(request.services.identity.user_id, contact.id, request.services.now)


def case_of(request: Request) -> tuple[Case, Visibility]:
    """The request (case) with the tracking code of the address and how much of it may be seen. Raises NotFound."""
    case = request.services.requests.by_code(request.matchdict["code"])
    return case, _known(request.services.eyes.of_request(case))


def readable_case(request: Request) -> Case:
    """The case of the address, to be read in full. Raises NotFound also where it may only be counted."""
    case, seen = case_of(request)
    if seen is not Visibility.FULL:
        raise NotFound
    return case


def interaction_of(request: Request) -> Interaction:
    """The interaction of the address, to be read in full. Raises NotFound."""
    id_ = parse_id(request.matchdict["interaction"])
    if id_ is None:
        raise NotFound
    interaction = request.services.interactions.get(id_)
    if request.services.eyes.of(interaction) is not Visibility.FULL:
        raise NotFound
    return interaction


def file_of(request: Request, attachments: tuple[Attachment, ...]) -> Attachment:
    """The attachment that the address names. Raises NotFound."""
    id_ = parse_id(request.matchdict["file"])
    for attachment in attachments:
        if attachment.id == id_:
            return attachment
    raise NotFound


def _known(seen: Visibility) -> Visibility:
    if seen is Visibility.HIDDEN:
        raise NotFound
    return seen


def sent_before(request: Request) -> HTTPSeeOther | None:
    """Where the first sending of this very form led to; asked before anything is checked again.

    The second sending could be refused otherwise, for the first took the slot it asks for.
    """
    key = request.POST.get(SUBMISSION_KEY, "") if request.method == "POST" else ""
    result = request.services.once.result(key, sent_form(request)) if isinstance(key, str) and key else None
    return None if result is None else HTTPSeeOther(location=str(result))


def done(request: Request, key: str, location: str) -> HTTPSeeOther:
    """Remember where this form led to, and go there."""
    request.services.once.remember(key, location, sent_form(request))
    return HTTPSeeOther(location=location)


def saved(request: Request, changed: tuple[str, ...], key: str, location: str) -> HTTPSeeOther:
    """`done` of a form that changes a record: says whether anything was different."""
    request.ui.flash(_("Saved.") if changed else _("Nothing was different, so nothing was changed."))
    return done(request, key, location)


def sent_form(request: Request) -> str:
    """A digest of the page and of all that was sent with it: who goes back and changes the text sends another form."""
    summary = hashlib.sha256(json.dumps(request.path).encode())
    for name, value in request.POST.items():
        if name in ("csrf_token", WRITER):
            continue
        file = getattr(value, "file", None)
        if file is None:
            summary.update(json.dumps([name, str(value)]).encode())
            continue
        place = file.tell()
        file.seek(0)
        content = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(place)
        summary.update(json.dumps([name, value.filename or "", content]).encode())
    return summary.hexdigest()
