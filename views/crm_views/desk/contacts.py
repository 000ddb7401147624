"""New citizens, changes to known ones with both versions shown where two people change one field, and identifiers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import Invalid, StaleChange
from crm_core.i18n import LANGUAGES, Text, TextFactory
from crm_core.model.contact import Confidentiality, Contact, ContactKind, Proof
from crm_core.security.permissions import Permission
from crm_core.services.contacts import NAME_LENGTH, NOTES_LENGTH
from crm_core.services.reasons import SCHEMES
from crm_views import words
from crm_views.desk import rows
from crm_views.desk.find import words_of
from crm_views.desk.things import done, readable_contact, sent_before
from crm_views.forms import Look, Submission, handle
from crm_views.forms.dates import JalaliDateWidget
from crm_views.forms.form import StaleForm
from crm_views.forms.widgets import LineWidget

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

ADDRESS = ("province", "city", "district", "line", "postal_code")
FIELDS = (
    "kind", "name", "given", "family", "latin_given", "latin_family", "gender", "birth_date", "preferred_channel",
    "language", "address", "confidentiality", "notes",
)
"""The fields of the edit form in the order in which their digests stand in its revision."""
DIGEST = 8
OTHERS_VALUE: object = object()
"""Stands for a value nobody can have typed: the field was something else when the form was made."""


class AddressForm(f.Form):
    """One address, in parts."""

    title = _("Address")
    province = f.text(_("Province"), required=False, personal=True)
    city = f.text(_("City"), required=False, personal=True)
    district = f.text(_("District"), required=False, personal=True)
    line = f.place(_("Street and number"), required=False, personal=True)
    postal_code = f.text(_("Postal code"), required=False, max_length=20, personal=True,
                         widget=LineWidget(code=True, inputmode="numeric"))


class NamesForm(f.Form):
    """What a citizen is called, in whole or in parts."""

    kind = f.choice(_("This is"), tuple((str(kind), words.KINDS[kind]) for kind in ContactKind))
    name = f.text(_("Name, as they say it"), required=False, max_length=NAME_LENGTH, personal=True)
    given = f.text(_("Given name"), required=False, max_length=NAME_LENGTH, personal=True)
    family = f.text(_("Family name"), required=False, max_length=NAME_LENGTH, personal=True)


class NewContactForm(NamesForm):
    """A new citizen: a name or one identifier is enough."""

    phone = f.text(_("Phone"), required=False, max_length=40, personal=True,
                   widget=LineWidget(code=True, inputmode="tel"))
    national_id = f.text(_("National id"), required=False, max_length=20, personal=True,
                         widget=LineWidget(code=True, inputmode="numeric"))
    email = f.text(_("E-mail"), required=False, max_length=254, personal=True,
                   widget=LineWidget(code=True, inputmode="email", digits=False))
    proof = f.choice(
        _("How do you know?"),
        tuple((str(proof), words.PROOFS[proof]) for proof in (Proof.SAID, Proof.PAPER, Proof.IN_PERSON, Proof.HEARSAY)),
        description=_("What was typed above counts as proven only this far."),
    )
    city = f.text(_("City"), required=False, personal=True)
    line = f.place(_("Street and number"), required=False, personal=True)
    notes = f.long_text(_("Notes for the desk"), required=False, max_length=NOTES_LENGTH, personal=True)


class EditContactForm(NamesForm):
    """Everything about a citizen but identifiers, which have a form of their own."""

    latin_given = f.text(_("Given name in Latin letters"), required=False, max_length=NAME_LENGTH, personal=True)
    latin_family = f.text(_("Family name in Latin letters"), required=False, max_length=NAME_LENGTH, personal=True)
    gender = f.choice(_("Gender"), tuple((value, text) for value, text in words.GENDERS.items()), required=False)
    birth_date = f.date(_("Date of birth"), required=False, personal=True, widget=JalaliDateWidget("last"))
    preferred_channel = f.choice(
        _("Prefers"), tuple((str(value), text) for value, text in words.CHANNELS.items()), required=False
    )
    language = f.choice(_("Language"), tuple((code, words.LANGUAGES[code]) for code in LANGUAGES))
    address = AddressForm()
    confidentiality = f.choice(_("Confidentiality"), ())
    notes = f.long_text(_("Notes for the desk"), required=False, max_length=NOTES_LENGTH, personal=True)


class IdentifierForm(f.Form):
    """One more thing somebody is known by."""

    scheme = f.choice(_("Kind"), tuple((scheme, text) for scheme, text in SCHEMES.items() if scheme != "external"))
    value = f.text(_("Number or address"), personal=True, widget=LineWidget(code=True, digits=False))
    proof = f.choice(_("How was it proven?"), tuple((str(proof), words.PROOFS[proof]) for proof in reversed(Proof)))
    label = f.text(_("Label"), required=False, max_length=50, description=_("For example: at work, the neighbour’s"))


# ── new ──────────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="contact_new", request_method=("GET", "POST"), permission=Permission.CONTACT_EDIT.value,
             renderer="crm_views:templates/form_page.pt")
def new(request: Request) -> dict[str, Any] | Response:
    """A new citizen, with what was searched for already in the form."""
    first = sent_before(request)
    if first is not None:
        return first
    known = {name: words_of(request, name) for name in ("phone", "name", "national_id", "email")}

    def on_valid(submission: Submission) -> Response:
        values = submission.values
        given = [(scheme, values[scheme], values["proof"]) for scheme in ("phone", "national_id", "email")
                 if values[scheme]]
        address = {name: values[name].strip() for name in ("city", "line") if values[name].strip()}
        contact = request.services.contacts.create(
            identifiers=given, kind=values["kind"], name=values["name"], given=values["given"],
            family=values["family"], notes=values["notes"], addresses=(address,) if address else (),
        )
        name = rows.short(rows.contact_name(request, contact))
        request.ui.flash(_("${name} is in the records now.", mapping={"name": name}))
        return done(request, submission.submission_key, f"/contacts/{contact.id}")

    page = handle(
        request, NewContactForm(), submit_label=_("Add the citizen"), on_valid=on_valid,
        appstruct={"kind": ContactKind.PERSON.value, "proof": Proof.SAID.value} | {k: v for k, v in known.items() if v},
        look=Look(heading=_("New citizen"), note=_("A name, or one number, is enough."), cancel="/"),
    )
    return page if isinstance(page, Response) else page | {"title": _("New citizen"), "crumbs": ()}


# ── edit ─────────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="contact_edit", request_method=("GET", "POST"), permission=Permission.CONTACT_EDIT.value,
             renderer="crm_views:templates/form_page.pt")
def edit(request: Request) -> dict[str, Any] | Response:
    """Change what is known of a citizen; only what was really changed is written."""
    contact = readable_contact(request)
    here = f"/contacts/{contact.id}"
    first = sent_before(request)
    if first is not None:
        return first
    stored = stored_values(contact)
    schema = EditContactForm().clone()
    schema["confidentiality"].choices = degrees(request, contact)
    schema["preferred_channel"].missing = ""

    def on_valid(submission: Submission) -> Response:
        typed = typed_values(submission.values, stored)
        seen = seen_values(submission.revision, stored, typed)
        try:
            changed = _edit(request, contact, typed, seen)
        except StaleChange as stale:
            raise StaleForm(_by_form_field(stale.theirs, typed), decided(submission.revision, stored, typed)) from stale
        request.ui.flash(_("Saved.") if changed else _("Nothing was different, so nothing was changed."))
        return done(request, submission.submission_key, here)

    page = handle(
        request, schema, submit_label=_("Save"), on_valid=on_valid, appstruct=shown_values(stored),
        hidden={"revision": digests(stored)},
        look=Look(heading=_("Edit"), note=_for(request, contact), cancel=here),
    )
    if isinstance(page, Response):
        return page
    return page | {"title": _("Edit ${name}", mapping={"name": rows.contact_name(request, contact)}),
                   "crumbs": ((here, rows.contact_name(request, contact)),)}


def _edit(request: Request, contact: Contact, typed: dict[str, Any], seen: dict[str, Any]) -> tuple[str, ...]:
    """`Contacts.edit`, with the form's one address as the first of the contact's addresses."""
    changes, before = dict(typed), dict(seen)
    rest = contact.addresses[1:]
    for values in (changes, before):
        if "address" in values:
            address = values.pop("address")
            values["addresses"] = address if address is OTHERS_VALUE else ((address,) if address else ()) + rest
    if changes["confidentiality"] not in dict(degrees(request, contact)):
        raise Invalid({"confidentiality": _("This degree of confidentiality is not yours to give.")})
    changed: tuple[str, ...] = request.services.contacts.edit(contact, changes, before)
    return changed


def _by_form_field(theirs: Mapping[str, object], typed: Mapping[str, Any]) -> dict[str, object]:
    """What is stored now, named as the form names it: an address part by part."""
    named = {name: value for name, value in theirs.items() if name != "addresses"}
    addresses: Any = theirs.get("addresses", None)
    if addresses is not None:
        now = addresses[0] if addresses else {}
        named |= {f"address.{part}": now.get(part, "") for part in ADDRESS
                  if now.get(part, "") != typed["address"].get(part, "")}
    return named


def _for(request: Request, contact: Contact) -> Text:
    return _("For ${name}.", mapping={"name": rows.contact_name(request, contact)})


def degrees(request: Request, contact: Contact) -> tuple[tuple[str, Text], ...]:
    """The degrees of confidentiality this reader may give: none that would hide the record from himself."""
    wanted = {
        Confidentiality.NORMAL: None,
        Confidentiality.CONFIDENTIAL: Permission.CONTACT_VIEW_CONFIDENTIAL,
        Confidentiality.SHIELDED: Permission.CONTACT_VIEW_SHIELDED,
    }
    return tuple(
        (str(degree), words.CONFIDENTIALITIES[degree])
        for degree, permission in wanted.items()
        if permission is None or request.has_permission(permission) or degree == contact.confidentiality
    )


def stored_values(contact: Contact) -> dict[str, Any]:
    """The fields of the edit form as they are stored now; dates as ISO text, one address as a dictionary."""
    values = {name: getattr(contact, name) for name in FIELDS if name != "address"}
    address = contact.addresses[0] if contact.addresses else {}
    return values | {"address": dict(address)}


def shown_values(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Stored values as the form is filled with: nothing where nothing is known."""
    values = {name: value for name, value in stored.items() if value not in (None, "")}
    if "birth_date" in values:
        values["birth_date"] = date.fromisoformat(values["birth_date"])
    return values | {"address": {name: stored["address"].get(name, "") for name in ADDRESS}}


def typed_values(values: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """The form's values as they would be stored: stripped, dates as ISO text, the address without its empty parts."""
    typed: dict[str, Any] = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
    typed["birth_date"] = typed["birth_date"].isoformat() if typed.get("birth_date") else None
    parts = {name: part.strip() for name, part in (values.get("address") or {}).items() if part and part.strip()}
    kept = {name: part for name, part in stored["address"].items() if name not in ADDRESS}
    typed["address"] = {**parts, **kept} if parts else {}
    return {name: typed.get(name, stored[name]) for name in FIELDS}


def digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST]


def digests(values: Mapping[str, Any]) -> str:
    """What the form starts from, one short digest a field: enough to see which fields changed, on either side."""
    return "".join(digest(values[name]) for name in FIELDS)


def seen_values(revision: str, stored: Mapping[str, Any], typed: Mapping[str, Any]) -> dict[str, Any]:
    """The values the editor started from, as far as digests tell: the stored one, the typed one, or another."""
    return {
        name: next((values[name] for values in (typed, stored) if digest(values[name]) == part), OTHERS_VALUE)
        for name, part in _parts(revision).items()
    }


def decided(revision: str, stored: Mapping[str, Any], typed: Mapping[str, Any]) -> str:
    """The revision after both versions were seen: what was typed is a decision now, what was not touched stays so."""
    return "".join(
        part if digest(typed[name]) == part else digest(stored[name]) for name, part in _parts(revision).items()
    )


def _parts(revision: str) -> dict[str, str]:
    return {name: revision[place * DIGEST : (place + 1) * DIGEST] for place, name in enumerate(FIELDS)}


# ── identifiers ──────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="identifier_new", request_method=("GET", "POST"), permission=Permission.CONTACT_EDIT.value,
             renderer="crm_views:templates/form_page.pt")
def identifier(request: Request) -> dict[str, Any] | Response:
    """One more identifier, or a better proof of one that is known."""
    contact = readable_contact(request)
    here = f"/contacts/{contact.id}"
    first = sent_before(request)
    if first is not None:
        return first

    def on_valid(submission: Submission) -> Response:
        values = submission.values
        try:
            added = request.services.contacts.add_identifier(
                contact, values["scheme"], values["value"], values["proof"], label=values["label"]
            )
        except Invalid as error:
            raise Invalid({"value": error.errors.get(values["scheme"], error.message)}) from error
        value = request.ui.show.identifier(added.scheme, added.value)
        request.ui.flash(_("${value} belongs to this record now.", mapping={"value": value}))
        return done(request, submission.submission_key, here)

    page = handle(
        request, IdentifierForm(), submit_label=_("Add it"), on_valid=on_valid,
        appstruct={"scheme": "phone", "proof": Proof.SAID.value},
        look=Look(heading=_("Add an identifier"), note=_for(request, contact), cancel=here),
    )
    if isinstance(page, Response):
        return page
    return page | {"title": _("Add an identifier"), "crumbs": ((here, rows.contact_name(request, contact)),)}
