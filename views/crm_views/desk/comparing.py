"""Two records that may be one citizen: look at both, say that they are one, or that they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import colander
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import CrmError, NotFound
from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.ids import parse_id
from crm_core.security.permissions import Permission
from crm_core.services.likeness import Evidence, evidence
from crm_core.services.linking import REASON_LENGTH, Conflict
from crm_core.services.visibility import Visibility
from crm_views.desk import rows
from crm_views.desk.duplicates import alike, identifiers
from crm_views.desk.find import hit_row, words_of
from crm_views.desk.side_by_side import lines, standing
from crm_views.desk.things import done, note_read, readable_contact, sent_before
from crm_views.desk.who import held, sure
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import ChoicesWidget, TextAreaWidget

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")


class SameForm(f.Form):
    """That two records are one citizen: what contradicts was weighed, and why it is so all the same."""

    accepted = f.choices(_("This speaks against it; tick what you have weighed"), ())
    reason = f.long_text(_("How do you know that it is one person?"), max_length=REASON_LENGTH, personal=True,
                         widget=TextAreaWidget(rows=2),
                         description=_("For example: showed the same card; says so on the phone."))


class ApartForm(f.Form):
    """That two records are two people."""

    reason = f.long_text(_("How do you know?"), required=False, max_length=REASON_LENGTH, personal=True,
                         widget=TextAreaWidget(rows=2))


def other_of(request: Request) -> tuple[Contact, Contact]:
    """The two contacts of the address, both to be read in full. Raises NotFound."""
    contact = readable_contact(request)
    other = request.services.contacts.find(parse_id(request.matchdict["other"]))
    if other is None or request.services.eyes.of_contact(other) is not Visibility.FULL:
        raise NotFound
    note_read(request, other)
    return contact, other


@view_config(route_name="contact_compare", request_method=("GET", "POST"), permission=Permission.CONTACT_EDIT.value,
             renderer="crm_views:templates/compare.pt")
def compare(request: Request) -> dict[str, Any] | Response:
    """Both records side by side, with what speaks for and against, and what would stand together."""
    first, second = other_of(request)
    if first is second:
        return HTTPSeeOther(location=f"/contacts/{first.id}")
    before = sent_before(request)
    if before is not None:
        return before
    values = _page(request, first, second)
    linked = second.id in first.linked_ids
    if linked and request.method == "POST":
        request.ui.flash(_("Somebody has linked these two meanwhile; nothing was changed."), "warn")
        return HTTPSeeOther(location=f"/contacts/{first.id}")
    for part in () if linked else (_same(request, first, second), _apart(request, first, second)):
        if isinstance(part, Response):
            return part
        values |= part
    return values


def _page(request: Request, first: Contact, second: Contact) -> dict[str, Any]:
    services, show = request.services, request.ui.show
    found: Evidence = evidence(first, second)
    said = services.duplicates.said_apart(first, second)
    names = [rows.contact_name(request, one) for one in (first, second)]
    return {
        "title": _("Compare ${first} and ${second}", mapping={"first": rows.short(names[0], 40),
                                                              "second": rows.short(names[1], 40)}),
        "crumbs": ((f"/contacts/{first.id}", names[0]),),
        "sides": [_side(request, one, name) for one, name in zip((first, second), names, strict=True)],
        "lines": lines(request, first, second),
        "together": _together(request, [*services.linking.members(first), *services.linking.members(second)]),
        "alike": show.text(alike(found.percent)),
        "reasons": [show.text(reason) for reason in found.reasons],
        "against": [show.text(reason) for reason in found.against],
        "conflicts": [show.text(one.text) for one in services.linking.conflicts(first, second) if not one.strong],
        "linked": second.id in first.linked_ids,
        "links": f"/contacts/{first.id}/links",
        "apart": None if said is None else {
            "when": show.time(said.at), "by": rows.user_name(request, said.by), "reason": said.reason,
            "action": f"/contacts/{first.id}/distinct/{second.id}",
        },
        "same_form": "", "apart_form": "", "error_count": 0,
    }


def _together(request: Request, contacts: list[Contact]) -> dict[str, int]:
    """How much would stand together: entries, requests, and identifiers, of which each counts once."""
    eyes = request.services.eyes
    cases = [case for contact in contacts for case in contact.requests.values()]
    return {
        "entries": request.services.timeline.tally(contacts).counts["all"],
        "requests": sum(eyes.of_request(case) is not Visibility.HIDDEN for case in cases),
        "identifiers": len(identifiers(contacts)),
    }


def _side(request: Request, contact: Contact, name: str) -> dict[str, Any]:
    """The head of one record, with its own proofs and those of the records linked with it."""
    members = request.services.linking.members(contact)
    return {
        "name": name,
        "href": f"/contacts/{contact.id}",
        "held": held(members),
        "sure": request.ui.show.text(sure(members)[1]),
        "others": [rows.contact_name(request, one) for one in members[1:]],
        "standing": standing(request, contact),
    }


def _same(request: Request, first: Contact, second: Contact) -> dict[str, Any] | Response:
    if request.services.duplicates.said_apart(first, second) is not None:
        return {"same_form": ""}
    linking = request.services.linking
    conflicts = [conflict for conflict in linking.conflicts(first, second) if conflict.strong]
    here = f"/contacts/{first.id}"

    def on_valid(submission: Submission) -> Response:
        values = submission.values
        linking.merge(first, second, values["reason"], accepted=values.get("accepted") or (), seen=submission.revision)
        names = {"first": rows.short(rows.contact_name(request, first)),
                 "second": rows.short(rows.contact_name(request, second))}
        request.ui.flash(_("${first} and ${second} are one citizen now; it can be taken back at any time.",
                           mapping=names))
        return done(request, submission.submission_key, here)

    page = handle(
        request, _same_schema(conflicts), submit_label=_("It is one person"), on_valid=on_valid, name="same",
        hidden={"revision": linking.seen(first, second)}, look=Look(layout="plain", submit_icon="link-45deg"),
    )
    return page if isinstance(page, Response) else {"same_form": page["form"], "error_count": page["error_count"]}


def _same_schema(conflicts: list[Conflict]) -> colander.SchemaNode:
    schema = SameForm().clone()
    if not conflicts:
        del schema["accepted"]
        return schema
    choices: tuple[tuple[str, Text], ...] = tuple((conflict.name, conflict.text) for conflict in conflicts)
    schema["accepted"].choices = choices
    schema["accepted"].widget = ChoicesWidget(choices)
    schema["accepted"].missing_msg = _("Tick each of these, or they are two people.")
    return schema


def _apart(request: Request, first: Contact, second: Contact) -> dict[str, Any] | Response:
    if request.services.duplicates.said_apart(first, second) is not None:
        return {"apart_form": ""}

    def on_valid(submission: Submission) -> Response:
        request.services.duplicates.tell_apart(first, second, submission.values["reason"] or "")
        _tell(request, first, second)
        return done(request, submission.submission_key, f"/contacts/{first.id}")

    page = handle(request, ApartForm(), submit_label=_("Not the same"), on_valid=on_valid, name="apart",
                  look=Look(layout="plain", css="quiet-form"))
    if isinstance(page, Response):
        return page
    errors = {"error_count": page["error_count"]} if page["error_count"] else {}
    return {"apart_form": page["form"]} | errors


def _tell(request: Request, first: Contact, second: Contact) -> None:
    names = {"first": rows.short(rows.contact_name(request, first)),
             "second": rows.short(rows.contact_name(request, second))}
    request.ui.flash(_("Remembered: ${first} and ${second} are not the same. It stands under the links of both, and can"
                       " be taken back there.", mapping=names))


@view_config(route_name="contact_distinct", request_method="POST", permission=Permission.CONTACT_EDIT.value)
def distinct(request: Request) -> Response:
    """Say with one press that two records are two people, or take that back."""
    first, second = other_of(request)
    before = sent_before(request)
    if before is not None:
        return before
    back = request.POST.get("say") == "back"
    where = f"/contacts/{first.id}/compare/{second.id}" if back else f"/contacts/{first.id}"
    try:
        if back:
            request.services.duplicates.untell(first, second)
            request.ui.flash(_("Taken back: these two may be the same again."))
        else:
            request.services.duplicates.tell_apart(first, second)
            _tell(request, first, second)
    except CrmError as error:
        request.tm.doom()
        request.ui.flash(error.message, "bad")
        return HTTPSeeOther(location=where)
    key = request.POST.get("submission_key", "")
    return done(request, key if isinstance(key, str) else "", where)


# ── with whom ────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="contact_choose", request_method="GET", permission=Permission.CONTACT_EDIT.value,
             renderer="crm_views:templates/compare_choose.pt")
def choose(request: Request) -> dict[str, Any]:
    """Find the other record, where no rule has found it."""
    contact = readable_contact(request)
    query = words_of(request)
    own = set(contact.linked_ids)
    hits = request.services.finder.find(query, limit=20).hits if query else []
    found = [hit_row(request, hit, query) | {"href": f"/contacts/{contact.id}/compare/{hit.id}"} for hit in hits
             if hit.kind == "contact" and hit.id not in own and _readable(request, hit.id)]
    name = rows.contact_name(request, contact)
    return {"title": _("Compare with another record"), "crumbs": ((f"/contacts/{contact.id}", name),),
            "name": name, "query": query, "hits": found}


def _readable(request: Request, id_: int) -> bool:
    contact = request.services.contacts.find(id_)
    return contact is not None and request.services.eyes.of_contact(contact) is Visibility.FULL
