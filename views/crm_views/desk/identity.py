"""Who a citizen is, to be put right: identifiers with their proofs and their past, relations to others, each with its
own form. Nothing is lost: what is retired stays in the history of the record."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import Invalid, NotFound, StaleChange
from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import RELATION_KINDS, Contact, Identifier, Proof
from crm_core.model.ids import parse_id
from crm_core.security.permissions import Permission
from crm_core.services.contacts import LABEL_LENGTH, PROOF_NOTE_LENGTH
from crm_core.services.reasons import SCHEMES
from crm_core.services.visibility import Visibility
from crm_views import words
from crm_views.desk import rows
from crm_views.desk.find import hit_row, words_of
from crm_views.desk.things import done, readable_contact, sent_before
from crm_views.desk.who import UNPROVEN, address_words, chip, relations
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import LineWidget

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

PAGE = "crm_views:templates/form_page.pt"
PROVEN = tuple(proof for proof in reversed(Proof) if proof not in UNPROVEN)
"""The ways of proving, strongest first."""
NOTE_LENGTH = 500


class IdentifierForm(f.Form):
    """One more thing somebody is known by."""

    scheme = f.choice(_("Kind"), tuple((scheme, text) for scheme, text in SCHEMES.items() if scheme != "external"))
    value = f.text(_("Number or address"), personal=True, widget=LineWidget(code=True, digits=False))
    proof = f.choice(_("How was it proven?"), tuple((str(proof), words.PROOFS[proof]) for proof in reversed(Proof)))
    label = f.text(_("Label"), required=False, max_length=LABEL_LENGTH,
                   description=_("For example: at work, the neighbour’s"))


class ProofForm(f.Form):
    """How one identifier was proven just now."""

    proof = f.choice(_("How was it proven?"), ())
    note = f.text(_("What exactly"), required=False, max_length=PROOF_NOTE_LENGTH,
                  description=_("For example: national card, original, valid until 1409"))


class RetireForm(f.Form):
    """That an identifier is nobody's any more, or somebody else's."""


class RelationForm(f.Form):
    """What one citizen is to another."""

    kind = f.choice(_("Relation"), tuple((kind, words.RELATIONS[kind]) for kind in RELATION_KINDS))
    note = f.text(_("Note"), required=False, max_length=NOTE_LENGTH, personal=True)


class RemoveForm(f.Form):
    """That two citizens are not related so."""


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="contact_identity", request_method="GET", permission=Permission.CONTACT_EDIT.value,
             renderer="crm_views:templates/dossier_identity.pt")
def identity(request: Request) -> dict[str, Any]:
    """All identifiers, present and past, relations and addresses, each with what can be done about it."""
    contact = readable_contact(request)
    here = f"/contacts/{contact.id}"
    numbered = list(enumerate(contact.identifiers))
    order = list(Proof)
    active = sorted((row for row in numbered if row[1].retired is None),
                    key=lambda row: -order.index(Proof(row[1].proof)))
    past = sorted((row[1] for row in numbered if row[1].retired is not None), key=lambda one: -(one.retired or 0))
    return {
        "title": _("Identity of ${name}", mapping={"name": rows.contact_name(request, contact)}),
        "name": rows.contact_name(request, contact),
        "path": here,
        "active": [_row(request, one) | {"prove": f"{here}/identifiers/{place}/prove",
                                         "retire": f"{here}/identifiers/{place}/retire"} for place, one in active],
        "past": [_row(request, one) for one in past],
        "relations": [row | {"remove": f"{here}/relations/{row['other']}/{row['word']}/remove"}
                      for row in relations(request, contact)],
        "edit": _("Edit"), "add": _("Add an identifier"), "relate": _("Add a relation"),
        "may_erase": request.has_permission(Permission.ADMIN),
        "addresses": [address_words(request, address) for address in contact.addresses],
    }


def _row(request: Request, one: Identifier) -> dict[str, Any]:
    show = request.ui.show
    by = request.services.users.find(one.proven_by)
    return {
        "chip": request.ui.idchip(chip(request, one)),
        "kind": show.text(SCHEMES.get(one.scheme, one.scheme)),
        "value": show.identifier(one.scheme, one.value),
        "proof": show.text(words.PROOFS.get(one.proof, one.proof)),
        "since": show.time(one.proven_at, "day") if one.proven_at is not None else "",
        "by": rows.user_name(request, by.id) if by is not None else "",
        "note": one.proof_note,
        "retired": show.time(one.retired, "day") if one.retired is not None else "",
    }


# ── identifiers ──────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="identifier_new", request_method=("GET", "POST"), permission=Permission.CONTACT_EDIT.value,
             renderer=PAGE)
def add_identifier(request: Request) -> dict[str, Any] | Response:
    """One more identifier, or a better proof of one that is known."""
    contact = readable_contact(request)
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
        return done(request, submission.submission_key, f"/contacts/{contact.id}")

    page = handle(
        request, IdentifierForm(), submit_label=_("Add it"), on_valid=on_valid,
        appstruct={"scheme": "phone", "proof": Proof.SAID.value},
        look=Look(heading=_("Add an identifier"), note=_for(request, contact), cancel=_identity(contact)),
    )
    return _page(request, contact, page, _("Add an identifier"))


@view_config(route_name="identifier_prove", request_method=("GET", "POST"), permission=Permission.CONTACT_EDIT.value,
             renderer=PAGE)
def prove(request: Request) -> dict[str, Any] | Response:
    """That an identifier was proven: as strongly as it was before, or stronger."""
    contact = readable_contact(request)
    first = sent_before(request)
    if first is not None:
        return first
    one = _identifier(request, contact)
    order = list(Proof)
    ways = [proof for proof in PROVEN if order.index(proof) >= order.index(Proof(one.proof)) and _fits(proof, one)]
    schema = ProofForm().clone()
    schema["proof"].choices = tuple((str(proof), words.PROOFS[proof]) for proof in ways)

    def on_valid(submission: Submission) -> Response:
        _demand_unchanged(submission, one)
        request.services.contacts.prove(
            contact, one, submission.values["proof"], submission.values["note"], again=True
        )
        value = request.ui.show.identifier(one.scheme, one.value)
        request.ui.flash(_("${value} is proven.", mapping={"value": value}))
        return done(request, submission.submission_key, _identity(contact))

    page = handle(
        request, schema, submit_label=_("Note the proof"), on_valid=on_valid,
        appstruct={"proof": str(ways[0])} if len(ways) == 1 else {},
        hidden={"revision": digest(one)},
        look=Look(heading=_("Prove an identifier"), note=_which(request, one), cancel=_identity(contact)),
    )
    return _page(request, contact, page, _("Prove an identifier"))


@view_config(route_name="identifier_retire", request_method=("GET", "POST"), permission=Permission.CONTACT_EDIT.value,
             renderer="crm_views:templates/dossier_confirm.pt")
def retire(request: Request) -> dict[str, Any] | Response:
    """That an identifier is the citizen's no longer; asked once more before."""
    contact = readable_contact(request)
    first = sent_before(request)
    if first is not None:
        return first
    one = _identifier(request, contact)

    def on_valid(submission: Submission) -> Response:
        _demand_unchanged(submission, one)
        request.services.contacts.retire(contact, one)
        value = request.ui.show.identifier(one.scheme, one.value)
        request.ui.flash(_("${value} is retired; the history keeps it.", mapping={"value": value}))
        return done(request, submission.submission_key, _identity(contact))

    page = handle(
        request, RetireForm(), submit_label=_("Retire it"), on_valid=on_valid, hidden={"revision": digest(one)},
        look=Look(layout="plain", cancel=_identity(contact)),
    )
    sentence = _("${value} will not find ${name} any more, and nothing will be sent there.",
                 mapping={"value": request.ui.show.identifier(one.scheme, one.value), "name": _name(request, contact)})
    more = _("The history keeps it. If it is still right, it can be added again.")
    return _page(request, contact, page, _("Retire an identifier"), sentence=sentence, more=more)


def digest(one: Identifier) -> str:
    """What a form starts from: another proof or a retirement since makes it stale."""
    text = repr((one.scheme, one.value, one.proof, one.proven_at, one.label, one.retired))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _identifier(request: Request, contact: Contact) -> Identifier:
    """The active identifier at the place the address names. Raises NotFound."""
    place = request.matchdict["place"]
    number = int(place) if place.isascii() and place.isdecimal() and len(place) < 4 else -1
    if not 0 <= number < len(contact.identifiers) or contact.identifiers[number].retired is not None:
        raise NotFound
    return contact.identifiers[number]


def _demand_unchanged(submission: Submission, one: Identifier) -> None:
    if submission.revision != digest(one):
        raise StaleChange({"proof": one.proof})


def _fits(proof: Proof, one: Identifier) -> bool:
    """A link comes by mail, a code by mail or phone."""
    if proof == Proof.LINK:
        return one.scheme == "email"
    return proof != Proof.CODE or one.scheme in ("phone", "email", "telegram")


# ── relations ────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="relation_new", request_method=("GET", "POST"), permission=Permission.CONTACT_EDIT.value,
             renderer="crm_views:templates/dossier_relation.pt")
def relate(request: Request) -> dict[str, Any] | Response:
    """Find the other citizen, then say what this one is to the other."""
    contact = readable_contact(request)
    first = sent_before(request)
    if first is not None:
        return first
    other = _other(request, words_of(request, "other"))
    if other is None:
        return _search(request, contact)
    name = rows.contact_name(request, other)

    def on_valid(submission: Submission) -> Response:
        values = submission.values
        request.services.contacts.relate(contact, other, values["kind"], values["note"].strip())
        request.ui.flash(_("The relation to ${name} stands in both records.", mapping={"name": rows.short(name)}))
        return done(request, submission.submission_key, _identity(contact))

    sentence = _("${name} is to ${other}", mapping={"name": _name(request, contact), "other": name})
    page = handle(
        request, RelationForm(), submit_label=_("Add the relation"), on_valid=on_valid,
        look=Look(heading=_("Add a relation"), note=sentence, cancel=_identity(contact)),
    )
    return _page(request, contact, page, _("Add a relation"), searching=False)


def _search(request: Request, contact: Contact) -> dict[str, Any]:
    query = words_of(request)
    found = request.services.finder.find(query, limit=20) if query else None
    hits = [hit_row(request, hit) for hit in (found.hits if found is not None else ())
            if hit.kind == "contact" and hit.id != contact.id]
    page = _page(request, contact, {"form": "", "error_count": 0}, _("Add a relation"), searching=True)
    assert isinstance(page, dict)
    return page | {"query": query, "hits": hits, "note": _for(request, contact)}


@view_config(route_name="relation_remove", request_method=("GET", "POST"), permission=Permission.CONTACT_EDIT.value,
             renderer="crm_views:templates/dossier_confirm.pt")
def unrelate(request: Request) -> dict[str, Any] | Response:
    """Take a relation back, in both records; asked once more before."""
    contact = readable_contact(request)
    first = sent_before(request)
    if first is not None:
        return first
    other, kind = _other(request, request.matchdict["other"], counted=True), request.matchdict["kind"]
    if other is None or not any((one.other, one.kind) == (other.id, kind) for one in contact.relations):
        raise NotFound
    name = rows.contact_name(request, other)

    def on_valid(submission: Submission) -> Response:
        request.services.contacts.unrelate(contact, other, kind)
        request.ui.flash(_("The relation to ${name} is taken back.", mapping={"name": rows.short(name)}))
        return done(request, submission.submission_key, _identity(contact))

    page = handle(
        request, RemoveForm(), submit_label=_("Take it back"), on_valid=on_valid,
        look=Look(layout="plain", cancel=_identity(contact)),
    )
    mapping = {"relation": request.ui.show.text(words.RELATIONS[kind]), "name": name}
    sentence = _("“${relation}: ${name}” will be taken out of both records.", mapping=mapping)
    return _page(request, contact, page, _("Take a relation back"), sentence=sentence, more="")


def _other(request: Request, id_: str, *, counted: bool = False) -> Contact | None:
    """The citizen at the other end, as far as the reader may know of him."""
    other = request.services.contacts.find(parse_id(id_))
    least = Visibility.COUNTED if counted else Visibility.FULL
    return other if other is not None and request.services.eyes.of_contact(other) >= least else None


# ── what the pages share ─────────────────────────────────────────────────────────────────────────────────────


def _page(
    request: Request, contact: Contact, page: dict[str, Any] | Response, title: Text, **more: Any
) -> dict[str, Any] | Response:
    if isinstance(page, Response):
        return page
    crumbs = ((f"/contacts/{contact.id}", rows.contact_name(request, contact)), (_identity(contact), _("Identity")))
    return page | {"title": title, "crumbs": crumbs} | more


def _identity(contact: Contact) -> str:
    return f"/contacts/{contact.id}/identity"


def _name(request: Request, contact: Contact) -> str:
    return rows.contact_name(request, contact)


def _for(request: Request, contact: Contact) -> Text:
    return _("For ${name}.", mapping={"name": _name(request, contact)})


def _which(request: Request, one: Identifier) -> Text:
    show = request.ui.show
    return _("${kind}: ${value}.", mapping={"kind": show.text(SCHEMES.get(one.scheme, one.scheme)),
                                            "value": show.identifier(one.scheme, one.value)})
