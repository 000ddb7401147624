"""New citizens, changes to known ones with both versions shown where two people change one field, and identifiers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from chameleon.utils import Markup
from pyramid.renderers import render
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import Invalid
from crm_core.i18n import LANGUAGES, Text, TextFactory
from crm_core.model.contact import Confidentiality, Contact, ContactKind, Proof
from crm_core.model.interaction import Interaction
from crm_core.security.permissions import Permission
from crm_core.services.contacts import NAME_LENGTH, NOTES_LENGTH
from crm_core.text.digits import to_ascii
from crm_core.text.names import in_parts
from crm_views import words
from crm_views.desk import rows
from crm_views.desk.contactfields import FieldGroups
from crm_views.desk.find import contact_row, words_of
from crm_views.desk.holders import Held, held
from crm_views.desk.identify import belongs_to, waiting_interaction
from crm_views.desk.things import done, readable_contact, saved, sent_before
from crm_views.desk.who import age
from crm_views.forms import Button, Look, Submission, handle
from crm_views.forms.dates import JalaliDateWidget
from crm_views.forms.revisions import OTHERS_VALUE, Fields
from crm_views.forms.widgets import LineWidget

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

ADDRESS = ("province", "city", "district", "line", "postal_code")
FIELDS = Fields(
    "kind", "name", "given", "family", "latin_given", "latin_family", "gender", "birth_date", "preferred_channel",
    "language", "address", "confidentiality", "notes",
)
SOMEBODY_ELSE = "somebody-else"
"""The button that makes a second record with a number that somebody has already."""
NO_WAY_TO_ANSWER = frozenset({"note", "kiosk"})
"""Channels on which nobody can be answered: nobody prefers them."""
YOUNGEST, OLDEST = 5, 105
"""Ages of which somebody should look again at the date of birth."""


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
    given = f.text(_("Given name"), required=False, max_length=NAME_LENGTH, personal=True)
    family = f.text(_("Family name"), required=False, max_length=NAME_LENGTH, personal=True)
    name = f.text(_("Whole name"), required=False, max_length=NAME_LENGTH, personal=True,
                  description=_("Of an organisation, or as they say it. Empty, it is made of the two parts."))


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
        _("Prefers"), tuple((str(one), text) for one, text in words.CHANNELS.items() if one not in NO_WAY_TO_ANSWER),
        required=False,
    )
    language = f.choice(_("Language"), tuple((code, words.LANGUAGES[code]) for code in LANGUAGES))
    address = AddressForm()
    confidentiality = f.choice(_("Confidentiality"), ())
    notes = f.long_text(_("Notes for the desk"), required=False, max_length=NOTES_LENGTH, personal=True)


# ── new ──────────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="contact_new", request_method=("GET", "POST"), permission=Permission.CONTACT_EDIT.value,
             renderer="crm_views:templates/form_page.pt")
def new(request: Request) -> dict[str, Any] | Response:
    """A new citizen, with what was searched for already in the form."""
    first = sent_before(request)
    if first is not None:
        return first
    known = {name: words_of(request, name) for name in ("phone", "national_id", "email")}
    known |= in_parts(words_of(request, "name"))
    waiting = waiting_interaction(request)
    taken = held(request, request.POST)

    def on_valid(submission: Submission) -> Response:
        values = submission.values
        if taken and submission.button != SOMEBODY_ELSE:
            raise Invalid(taken.errors)
        given = [(scheme, values[scheme], values["proof"]) for scheme in ("phone", "national_id", "email")
                 if values[scheme]]
        address = {name: values[name].strip() for name in ("city", "line") if values[name].strip()}
        contact = request.services.contacts.create(
            identifiers=given, kind=values["kind"], name=values["name"], given=values["given"],
            family=values["family"], notes=values["notes"], addresses=(address,) if address else (),
        )
        name = rows.short(rows.contact_name(request, contact))
        request.ui.flash(_("${name} is in the records now.", mapping={"name": name}))
        if waiting is not None:
            belongs_to(request, waiting, contact)
        return done(request, submission.submission_key, f"/contacts/{contact.id}")

    page = handle(
        request, NewContactForm(), submit_label=_("Add the citizen"), on_valid=on_valid,
        appstruct={"kind": ContactKind.PERSON.value, "proof": Proof.SAID.value} | {k: v for k, v in known.items() if v},
        look=Look(heading=_("New citizen"), note=_("A name, or one number, is enough."),
                  cancel="/" if waiting is None else f"/interactions/{waiting.id}/identify",
                  buttons=(Button(SOMEBODY_ELSE, _("It is somebody else: add")),) if taken else ()),
    )
    if isinstance(page, Response):
        return page
    return page | {"title": _("New citizen"), "crumbs": (), "above": _above(request, taken, waiting)}


def _above(request: Request, taken: Held, waiting: Interaction | None) -> Markup:
    """Who has the number that was typed, each a way to go on with that record instead; "" for nobody."""
    if not taken:
        return Markup("")
    holders = []
    for contact, number in taken.by.values():
        here = f"/contacts/{contact.id}"
        if waiting is not None:
            here = f"/interactions/{waiting.id}/identify?{urlencode({'q': number})}"
        row = contact_row(request, contact)
        holders.append({"href": here, "name": row["title"], "icon": row["icon"], "parts": row["parts"]})
    return Markup(render("crm_views:templates/holders.pt", {"holders": holders}, request=request))


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
    more = FieldGroups(request, contact)
    stored = stored_values(contact) | more.stored
    every = Fields(*FIELDS.names, *more.stored)
    schema = EditContactForm().clone()
    more.add_to(schema, before="confidentiality")
    schema["confidentiality"].choices = degrees(request, contact)
    schema["preferred_channel"].missing = ""

    def on_valid(submission: Submission) -> Response:
        typed = typed_values(submission.values, stored) | more.typed(submission.values)

        def write(seen: dict[str, Any]) -> tuple[str, ...]:
            return more.after(lambda: _edit(request, contact, typed, seen), submission.values, seen)

        changed = every.change(submission.revision, stored, typed, write, lambda theirs: _by_form_field(theirs, typed))
        if "birth_date" in changed:
            _doubt_birth(request, contact)
        return saved(request, changed, submission.submission_key, here)

    page = handle(
        request, schema, submit_label=_("Save"), on_valid=on_valid, appstruct=shown_values(stored) | more.shown,
        hidden={"revision": every.revision(stored)},
        look=Look(heading=_("Edit"), note=_for(request, contact), cancel=here),
    )
    if isinstance(page, Response):
        return page
    return page | {"title": _("Edit ${name}", mapping={"name": rows.contact_name(request, contact)}),
                   "crumbs": ((here, rows.contact_name(request, contact)),)}


def _edit(request: Request, contact: Contact, typed: dict[str, Any], seen: dict[str, Any]) -> tuple[str, ...]:
    """`Contacts.edit`, with the form's one address as the first of the contact's addresses."""
    changes, before = ({name: values[name] for name in FIELDS.names} for values in (typed, seen))
    rest = contact.addresses[1:]
    for values in (changes, before):
        if "address" in values:
            address = values.pop("address")
            values["addresses"] = address if address is OTHERS_VALUE else ((address,) if address else ()) + rest
    if changes["confidentiality"] not in dict(degrees(request, contact)):
        raise Invalid({"confidentiality": _("This degree of confidentiality is not yours to give.")})
    changed: tuple[str, ...] = request.services.contacts.edit(contact, changes, before)
    return changed


def _doubt_birth(request: Request, contact: Contact) -> None:
    """A date that can be, but hardly is: a slip of the pen is told at once, and nobody is held up by it."""
    years = age(request, contact.birth_date) if contact.birth_date else 0
    if contact.is_person and contact.birth_date and (years > OLDEST or years < YOUNGEST):
        born = request.ui.show.date(contact.birth_date, "date")
        request.ui.flash(_("Born ${date}, ${years} years old: is that right?", mapping={"date": born, "years": years}),
                         "warn")


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
    values = {name: getattr(contact, name) for name in FIELDS.names if name != "address"}
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
    if "postal_code" in parts:  # the form shows it in its reader's digits: who only looks changes nothing
        parts["postal_code"] = to_ascii(parts["postal_code"])
    kept = {name: part for name, part in stored["address"].items() if name not in ADDRESS}
    typed["address"] = {**parts, **kept} if parts else {}
    return {name: typed.get(name, stored[name]) for name in FIELDS.names}
