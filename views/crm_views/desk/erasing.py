"""Erasing a person, for administrators: what goes and what stays is looked at first, a word is typed, and a receipt
without the person is shown afterwards, to be printed or taken as JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import CrmError, Invalid, NotFound
from crm_core.i18n import Labels, Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.ids import id_time, parse_id
from crm_core.security.permissions import Permission
from crm_core.services.erasure import REASON_LENGTH, Extent, Linked
from crm_core.text.folding import fold
from crm_views.desk import rows
from crm_views.desk.things import contact_of, done, sent_before
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import LineWidget, TextAreaWidget

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
WORD = _("erase")
"""What is typed so that nobody erases by a slip."""
RECORDS = _("Records")
Row = tuple[Text | Labels, int]


class EraseForm(f.Form):
    """Why, and that it is meant."""

    reason = f.long_text(_("Why"), max_length=REASON_LENGTH, widget=TextAreaWidget(rows=2),
                         description=_("The receipt keeps it: without the citizen’s name or numbers."))
    word = f.text(_("Confirmation"), max_length=20, widget=LineWidget())


@view_config(route_name="contact_erase", request_method=("GET", "POST"), permission=Permission.ADMIN.value,
             renderer="crm_views:templates/erase.pt")
def erase(request: Request) -> dict[str, Any] | Response:
    """Ask once more before, saying what goes and what stays; then erase all of the citizen's records."""
    first = sent_before(request)
    if first is not None:
        return first
    contact, _seen = contact_of(request)
    name = rows.contact_name(request, contact)
    crumbs = ((f"/contacts/{contact.id}", name),)
    page: dict[str, Any] = {"title": _("Erase ${name}", mapping={"name": name}), "crumbs": crumbs}
    try:
        extent = request.services.erasure.extent(contact)
    except NotFound:
        raise
    except CrmError as error:
        return page | {"barred": error.message, "going": [], "staying": [], "linked": [], "links": "",
                       "form": "", "error_count": 0}
    form = _form(request, contact, extent)
    if isinstance(form, Response):
        return form
    return page | form | {
        "barred": "", "going": _going(request, extent), "staying": _staying(request, extent),
        "linked": [_linked(request, one) for one in request.services.erasure.linked(contact)],
        "links": f"/contacts/{contact.id}/links" if request.has_permission(Permission.CONTACT_VIEW) else "",
    }


def _form(request: Request, contact: Contact, extent: Extent) -> dict[str, Any] | Response:
    schema = EraseForm().clone()
    word = request.ui.show.text(WORD)
    schema["word"].description = _("Type “${word}”: it cannot be taken back.", mapping={"word": word})

    def on_valid(submission: Submission) -> Response:
        if fold(submission.values["word"]) not in {fold(word), "erase"}:
            raise Invalid({"word": _("Type the word that stands below.")})
        receipt = request.services.erasure.erase(contact, submission.values["reason"], seen=submission.revision)
        return done(request, submission.submission_key, f"/admin/erasures/{receipt['receipt']}")

    return handle(
        request, schema, submit_label=_("Erase for good"), on_valid=on_valid, hidden={"revision": extent.seen},
        look=Look(layout="plain", cancel=f"/contacts/{contact.id}", drafts=False, submit_icon="trash3",
                  submit_look="danger-quiet"),
    )


def _linked(request: Request, one: Linked) -> dict[str, Any]:
    """A record that goes too: its name, what it holds, and every claim that links it, with its other end."""
    contacts, show = request.services.contacts, request.ui.show
    held = [row for row in (*_going(request, one.extent), *_staying(request, one.extent)) if row[0] != RECORDS]
    said = [show.text(_("${kind}: ${value}", mapping={"kind": show.text(title), "value": show.number(count)}))
            for title, count in held]
    return {
        "name": rows.contact_name(request, one.contact), "href": f"/contacts/{one.contact.id}",
        "holds": show.text(_(", ")).join(said),
        "claims": [{
            "with": rows.contact_name(request, contacts.get(next(iter({link.first, link.second} - {one.contact.id})))),
            "when": show.time(link.at), "by": rows.user_name(request, link.by), "reason": link.reason,
        } for link in one.claims],
    }


def _going(request: Request, extent: Extent) -> list[Row]:
    collections: list[Row] = [(request.services.erasure.title(id_), count) for id_, count in extent.removed.items()]
    found: list[Row] = [
        (RECORDS, extent.records), (_("Identifiers"), extent.identifiers),
        (_("Fields that plugins added"), extent.contact_fields), (_("Conversations"), extent.interactions),
        (_("Promises"), extent.promises), (_("Files"), extent.files), *collections,
    ]
    return [row for row in found if row[1]]


def _staying(request: Request, extent: Extent) -> list[Row]:
    collections: list[Row] = [(request.services.erasure.title(id_), count) for id_, count in extent.unlinked.items()]
    found: list[Row] = [
        (_("Open requests, as cases of nobody"), extent.open_requests),
        (_("Closed requests, as cases of nobody"), extent.requests - extent.open_requests), *collections,
    ]
    return [row for row in found if row[1]]


# ── the receipt ──────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_erasure", request_method="GET", permission=Permission.ADMIN.value,
             renderer="crm_views:templates/erase_receipt.pt")
def receipt(request: Request) -> dict[str, Any]:
    """The receipt of an erasure, for paper."""
    kept = _receipt(request)
    removed = kept["removed"]
    counts: list[Row] = [
        (RECORDS, removed["records"]), (_("Identifiers"), removed["identifiers"]),
        (_("Fields that plugins added"), removed["contact_fields"]), (_("Conversations"), removed["interactions"]),
        (_("Promises"), removed.get("promises", 0)), (_("Files"), removed["files"]),
        *((kept["titles"].get(id_, id_), count) for id_, count in removed["collections"].items()),
    ]
    return {
        "title": _("Receipt of an erasure"),
        "organisation": request.crm_app.settings.organisation,
        "receipt": kept,
        "by": rows.login_name(request, kept["by"]),
        "when": request.ui.show.datetime(_moment(kept["receipt"])),
        "until": request.ui.show.date(kept["backups_until"], "date"),
        "removed": [row for row in counts if row[1]],
        "failed": [(kept.get("plugin_titles", {}).get(id_, id_), id_) for id_ in kept["plugins"]["failed"]],
        "json": f"/admin/erasures/{kept['receipt']}/receipt.json",
    }


@view_config(route_name="admin_erasure_json", request_method="GET", permission=Permission.ADMIN.value, renderer="json")
def receipt_json(request: Request) -> dict[str, Any]:
    """The same, for a file."""
    kept = _receipt(request)
    request.response.content_disposition = f'attachment; filename="erasure-{kept["receipt"]}.json"'
    return kept


def _receipt(request: Request) -> dict[str, Any]:
    id_ = parse_id(request.matchdict["receipt"])
    if id_ is None:
        raise NotFound
    kept: dict[str, Any] = request.services.erasure.receipt(id_)
    return kept


def _moment(receipt: str) -> int:
    return id_time(int(receipt))
