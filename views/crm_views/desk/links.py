"""Why records are one citizen: the claims with who, when and why, and the way back for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import colander
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import NotFound
from crm_core.i18n import TextFactory
from crm_core.model.contact import Contact, Identifier, Link
from crm_core.model.ids import parse_id
from crm_core.model.interaction import Interaction
from crm_core.model.promise import Promise
from crm_core.security.permissions import Permission
from crm_core.services.linking import REASON_LENGTH, Born
from crm_core.services.once import new_key
from crm_core.services.reasons import SCHEMES
from crm_core.services.visibility import Visibility
from crm_views import words
from crm_views.channels import channel_word
from crm_views.desk import rows
from crm_views.desk.things import done, readable_contact, sent_before
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import ChoiceWidget, TextAreaWidget

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")


class UnlinkForm(f.Form):
    """That a claim was wrong; a field for each thing born since is put between."""

    apart = f.boolean(_("Remember that they are not the same"))
    reason = f.long_text(_("What shows that it was wrong?"), required=False, max_length=REASON_LENGTH, personal=True,
                         widget=TextAreaWidget(rows=2))


@view_config(route_name="contact_links", request_method="GET", permission=Permission.CONTACT_VIEW.value,
             renderer="crm_views:templates/links.pt")
def links(request: Request) -> dict[str, Any]:
    """The claims that hold this citizen together, and whom the record was said not to be."""
    contact = readable_contact(request)
    services, show = request.services, request.ui.show
    name = rows.contact_name(request, contact)
    may_edit = request.has_permission(Permission.CONTACT_EDIT)
    return {
        "title": _("Links of ${name}", mapping={"name": rows.short(name)}),
        "crumbs": ((f"/contacts/{contact.id}", name),),
        "claims": [_claim(request, contact, link) for link in services.linking.claims(contact)],
        "counted": _counted(request, contact),
        "apart": [{
            "name": rows.contact_name(request, other), "href": f"/contacts/{other.id}", "when": show.time(said.at),
            "by": rows.user_name(request, said.by), "reason": said.reason,
            "action": f"/contacts/{contact.id}/distinct/{other.id}",
            "compare": f"/contacts/{contact.id}/compare/{other.id}",
        } for other, said in services.duplicates.told_apart(contact)],
        "may_edit": may_edit,
        "choose": f"/contacts/{contact.id}/compare" if may_edit else "",
        "submission_key": new_key(),
    }


def _counted(request: Request, contact: Contact) -> int:
    """How many linked records there are of which nothing may be read."""
    linked = request.services.contacts.linked(contact)
    return sum(request.services.eyes.of_contact(one) is Visibility.COUNTED for one in linked)


def _claim(request: Request, contact: Contact, link: Link) -> dict[str, Any]:
    show = request.ui.show
    ends = [request.services.contacts.get(id_) for id_ in (link.first, link.second)]
    return {
        "ends": [(f"/contacts/{one.id}", rows.contact_name(request, one)) for one in ends],
        "when": show.time(link.at), "by": rows.user_name(request, link.by), "reason": link.reason,
        "back": f"/contacts/{contact.id}/links/{link.first}/{link.second}",
    }


class StayWidget(ChoiceWidget):
    """To which record a thing goes; where nothing is said (it came while the form was open) it stays."""

    def __init__(self, choices: tuple[tuple[str, str], ...], stay: str) -> None:
        super().__init__(choices)
        self.stay = stay

    def deserialize(self, field: Any, pstruct: Any) -> Any:
        found = super().deserialize(field, pstruct)
        return self.stay if found is colander.null else found


# ── take back ────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="contact_unlink", request_method=("GET", "POST"), permission=Permission.CONTACT_EDIT.value,
             renderer="crm_views:templates/unlink.pt")
def unlink(request: Request) -> dict[str, Any] | Response:
    """Take a claim back, and say to whom belongs what was born since."""
    contact = readable_contact(request)
    before = sent_before(request)
    if before is not None:
        return before
    linking = request.services.linking
    first, second = (parse_id(request.matchdict[name]) or 0 for name in ("first", "second"))
    try:
        link = linking.claim(contact, first, second)
    except NotFound:
        request.ui.flash(_("This claim is not there any more; somebody has taken it back."), "warn")
        return HTTPSeeOther(location=f"/contacts/{contact.id}/links")
    born = linking.born_after(link)
    separate = not linking.holds_without(link)
    schema, fields = _schema(request, link, born.rows, separate)

    def on_valid(submission: Submission) -> Response:
        values = submission.values
        moves = {key: int(values[field]) for field, key in fields.items() if values.get(field)}
        moved = linking.take_back(link, moves, reason=values["reason"] or "", apart=bool(values.get("apart")),
                                  seen=submission.revision)
        said = _("Taken back; these are two records again.") if separate else _("Taken back; other claims still hold.")
        if moved == 1:
            said = _("Taken back; one thing went to another record.")
        elif moved:
            said = _("Taken back; ${count} things went to another record.", mapping={"count": moved})
        request.ui.flash(said)
        return done(request, submission.submission_key, f"/contacts/{contact.id}")

    name = rows.contact_name(request, contact)
    page = handle(
        request, schema, submit_label=_("Take the link back"), on_valid=on_valid, hidden={"revision": born.seen},
        look=Look(layout="plain", cancel=f"/contacts/{contact.id}/links"),
    )
    if isinstance(page, Response):
        return page
    return page | {
        "title": _("Take the link back"), "crumbs": ((f"/contacts/{contact.id}", name),
                                                     (f"/contacts/{contact.id}/links", _("Links"))),
        "claim": _claim(request, contact, link), "count": len(born.rows), "more": born.more, "unread": born.unread,
        "separate": separate,
    }


def _schema(request: Request, link: Link, born: list[Born], separate: bool) -> tuple[Any, dict[str, str]]:
    """The form with a field for each thing; field name → key of the thing.

    Where other claims still hold the records together nothing is asked: it stays one citizen.
    """
    schema = UnlinkForm().clone()
    fields: dict[str, str] = {}
    if not separate:
        del schema["apart"]
        return schema, fields
    ends = [request.services.contacts.get(id_) for id_ in (link.first, link.second)]
    for place, row in enumerate(born):
        own, stay = [*ends, row.contact] if row.contact not in ends else ends, str(row.contact.id)
        choices = tuple((str(one.id), _owner(request, one, one is row.contact)) for one in own)
        node = f.choice(_title(request, row), choices, personal=True, name=f"to_{row.key}", default=stay,
                        widget=StayWidget(choices, stay), description=_note(request, row))
        schema.children.insert(place, node)
        fields[node.name] = row.key
    return schema, fields


def _owner(request: Request, contact: Contact, is_there: bool) -> str:
    name = rows.short(rows.contact_name(request, contact))
    return str(request.ui.show.text(_("${name} (where it is)", mapping={"name": name}) if is_there else name))


def _title(request: Request, row: Born) -> str:
    show = request.ui.show
    if isinstance(row.thing, Identifier):
        kind = show.text(SCHEMES.get(row.thing.scheme, row.thing.scheme))
        value = show.identifier(row.thing.scheme, row.thing.value)
        return str(show.text(_("${kind}: ${value}", mapping={"kind": kind, "value": rows.isolated(value)})))
    if isinstance(row.thing, Interaction):
        return row.thing.subject or channel_word(request, row.thing.channel)
    if isinstance(row.thing, Promise):
        return str(show.text(request.services.promises.words(row.thing)))
    return row.thing.title


def _note(request: Request, row: Born) -> str:
    """What it is, when it came, and from which address: that mostly says whose it is."""
    show = request.ui.show
    if isinstance(row.thing, Identifier):
        parts = [show.text(words.PROOFS.get(row.thing.proof, row.thing.proof))]
    elif isinstance(row.thing, Interaction):
        parts = [channel_word(request, row.thing.channel), show.relative_day(row.thing.started)]
        parts += [rows.address_words(request, row.thing.address)] if row.thing.address else []
    elif isinstance(row.thing, Promise):
        parts = [show.text(_("Promise")), show.datetime(row.thing.due, "day")]
    else:
        parts = [rows.type_name(request, row.thing), show.code(row.thing.code), show.relative_day(row.thing.created)]
    return str(show.text(_(", ")).join(part for part in parts if part))
