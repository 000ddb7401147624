"""Promising, and what becomes of it: the form in the composer of a dossier, a promise's own page, the list of work.

One click keeps a promise wherever it stands; with a note, by another time or withdrawn it is on its page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import colander
from chameleon.utils import Markup
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import Invalid, NotFound, StaleChange
from crm_core.fields import SHORT
from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.ids import parse_id
from crm_core.model.promise import Promise
from crm_core.security.permissions import Permission
from crm_core.services.promises import ENDED, WHAT
from crm_core.text.collation import collation_key
from crm_views.desk import promised, rows, worknav
from crm_views.desk.composer import case_words, cases_of
from crm_views.desk.dossier import dossier
from crm_views.desk.fields import unit_choices
from crm_views.desk.find import words_of
from crm_views.desk.things import done, note_read, readable_contact, sent_before
from crm_views.desk.workasked import asked, units_of
from crm_views.errors import local_path
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import ChoiceWidget, TextAreaWidget
from crm_views.security import SIGNED_IN

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

LOG = Permission.INTERACTION_LOG.value
USER, UNIT = "u", "n"
"""Before the id of a member of staff and of a unit, where either may be chosen."""
COUNTED_DAYS = 30
NOTE = TextAreaWidget(rows=2)


class PromiseForm(f.Form):
    """What the citizen is promised, by when, and who keeps it."""

    what = f.choice(_("What do you promise?"), tuple(WHAT.items()))
    words = f.text(_("About what"), required=False, max_length=SHORT, personal=True, wide=True,
                   description=_("In a few words, such as the result of the visit."))
    day = f.date(_("By which day"))
    hour = f.time(_("Until what time"))
    owner = f.choice(_("Who keeps it"), ())
    about = f.choice(_("About which request"), (), required=False, empty=_("None of them"))


class KeepForm(f.Form):
    """It was done."""

    note = f.long_text(_("What came of it"), required=False, max_length=SHORT, personal=True, widget=NOTE)


class MoveForm(f.Form):
    """The same by another time."""

    day = f.date(_("By which day"))
    hour = f.time(_("Until what time"))
    note = f.long_text(_("Why"), required=False, max_length=SHORT, personal=True, widget=NOTE, wide=True)


class WithdrawForm(f.Form):
    """It is not promised any more."""

    note = f.long_text(_("Why"), max_length=SHORT, personal=True, widget=NOTE)


@dataclass(frozen=True)
class PromiseLook(Look):
    """A `Look` whose template knows the dossier it stands on."""

    path: str = ""


# ── promise ──────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="promise_new", request_method=("GET", "POST"), permission=LOG,
             renderer="crm_views:templates/dossier.pt")
def new(request: Request) -> dict[str, Any] | Response:
    """Promise a citizen something: the form stands where the composer does."""
    contact = readable_contact(request)
    first = sent_before(request)
    if first is not None:
        return first
    path = f"/contacts/{contact.id}"
    schema = _schema(request, contact)
    start = {"what": "call", "owner": f"{USER}{request.services.identity.user_id}", "about": words_of(request, "about")}
    page = handle(
        request, schema, submit_label=_("Promise it"), on_valid=lambda sent: _make(request, contact, sent, path),
        appstruct=start, name="promise", action=f"{path}/promises/new",
        look=PromiseLook(layout="plain", template="crm_views:templates/promise_form.pt", cancel=path, path=path),
    )
    return page if isinstance(page, Response) else dossier(request, Markup(page["form"]))


def _schema(request: Request, contact: Contact) -> colander.SchemaNode:
    schema = PromiseForm().clone()
    schema["owner"].choices = _owners(request, contact)
    schema["owner"].widget = ChoiceWidget(schema["owner"].choices, radios=False)
    cases = [case for case in cases_of(request, contact) if case.is_open]
    schema["about"].choices = tuple((case.code, case_words(request, case)) for case in cases)
    schema["about"].widget = ChoiceWidget(schema["about"].choices, radios=False)
    if not cases:
        del schema["about"]
    return schema


def _owners(request: Request, contact: Contact) -> tuple[tuple[str, Text], ...]:
    """Oneself and one's own units first, then all others who may keep it."""
    services, me = request.services, request.login.user
    units = unit_choices(request)
    own = [(f"{UNIT}{id_}", name) for id_, name in units if int(id_) in me.units]
    others = [(f"{UNIT}{id_}", name) for id_, name in units if int(id_) not in me.units]
    staff = [(f"{USER}{user.id}", rows.user_name(request, user.id)) for user in services.users.active()
             if user.id != me.id and services.promises.may_owe(user, contact)]
    staff.sort(key=lambda row: collation_key(row[1]))
    return ((f"{USER}{me.id}", _("You")), *own, *others, *staff)


def _make(request: Request, contact: Contact, submission: Submission, path: str) -> Response:
    values, services = submission.values, request.services
    case = next((case for case in cases_of(request, contact) if case.code == values.get("about")), None)
    owner = {"user" if values["owner"].startswith(USER) else "unit": int(values["owner"][1:])}
    try:
        promise = services.promises.make(contact, values["what"], _moment(request, values),
                                         words=values["words"] or "", request=case, **owner)
    except Invalid as error:
        raise _named(request, error, values) from error
    request.ui.flash(_("Promised by ${when}: ${what}", mapping={
        "when": promised.when(request, promise.due), "what": rows.short(promised.subject(request, promise))}))
    return done(request, submission.submission_key, f"/requests/{case.code}" if "about" in request.GET and case
                else path)


def _moment(request: Request, values: Mapping[str, Any]) -> int:
    hour = values["hour"]
    return int(request.services.clock.moment(values["day"], hour.hour, hour.minute))


def _named(request: Request, error: Invalid, values: Mapping[str, Any]) -> Invalid:
    """An error of the service by the names of the form: the time of today, or the day."""
    due = "hour" if values["day"] == request.services.clock.today() else "day"
    names = {"due": due, "request": "about"}
    return Invalid({names.get(name, name): text for name, text in error.errors.items()})


# ── its own page ─────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="promise", request_method="GET", permission=Permission.CONTACT_VIEW.value,
             renderer="crm_views:templates/promise.pt")
@view_config(route_name="promise_keep", request_method="POST", permission=LOG,
             renderer="crm_views:templates/promise.pt")
@view_config(route_name="promise_move", request_method="POST", permission=LOG,
             renderer="crm_views:templates/promise.pt")
@view_config(route_name="promise_withdraw", request_method="POST", permission=LOG,
             renderer="crm_views:templates/promise.pt")
def promise_page(request: Request) -> dict[str, Any] | Response:
    """A promise, and the three ways it can end; each form is sent to an address of its own."""
    promise = _promise(request)
    first = sent_before(request)
    if first is not None:
        return first
    if request.method == "POST" and not promise.is_open:
        return _ended(request, promise)
    contact = request.services.contacts.find(promise.contact)
    if contact is not None:
        note_read(request, contact)
    forms: dict[str, Any] = {}
    if promise.is_open and request.has_permission(LOG):
        for name in FORMS:
            form = _form(request, promise, name)
            if isinstance(form, Response):
                return form
            forms[name] = form
    return _page(request, promise, contact, forms)


@view_config(route_name="promise_kept", request_method="POST", permission=LOG)
def kept(request: Request) -> Response:
    """Keep it by one click, and go back."""
    promise = _promise(request)
    first = sent_before(request)
    if first is not None:
        return first
    back, key = (str(request.POST.get(name, "")) for name in ("back", "submission_key"))
    location = local_path(back, f"/contacts/{promise.contact}")
    if not promise.is_open:
        return _ended(request, promise, location)
    request.services.promises.keep(promise)
    _say_kept(request, promise)
    return done(request, key, location)


FORMS: Mapping[str, tuple[type[f.Form], Text]] = {
    "keep": (KeepForm, _("It is kept")), "move": (MoveForm, _("Promise it by then")),
    "withdraw": (WithdrawForm, _("Withdraw it")),
}


def _form(request: Request, promise: Promise, name: str) -> dict[str, Any] | Response:
    kind, label = FORMS[name]

    def on_valid(submission: Submission) -> Response:
        if submission.revision != str(promise.revision):
            raise StaleChange({})
        end = {"keep": _keep, "move": _move, "withdraw": _withdraw}[name]
        end(request, promise, submission.values)
        return done(request, submission.submission_key, f"/contacts/{promise.contact}")

    return handle(
        request, kind().clone(), submit_label=label, on_valid=on_valid, name=name,
        action=f"/promises/{promise.id}/{name}", hidden={"revision": str(promise.revision)},
        look=Look(layout="plain", drafts=False, submit_look="primary" if name == "keep" else "quiet"),
    )


def _keep(request: Request, promise: Promise, values: Mapping[str, Any]) -> None:
    request.services.promises.keep(promise, values["note"] or "")
    _say_kept(request, promise)


def _move(request: Request, promise: Promise, values: Mapping[str, Any]) -> None:
    try:
        moved = request.services.promises.move(promise, _moment(request, values), reason=values["note"] or "")
    except Invalid as error:
        raise _named(request, error, values) from error
    request.ui.flash(_("Promised by ${when}: ${what}", mapping={
        "when": promised.when(request, moved.due), "what": rows.short(promised.subject(request, moved))}))


def _withdraw(request: Request, promise: Promise, values: Mapping[str, Any]) -> None:
    request.services.promises.withdraw(promise, values["note"])
    request.ui.flash(_("Withdrawn: ${what}", mapping={"what": rows.short(promised.subject(request, promise))}))


def _say_kept(request: Request, promise: Promise) -> None:
    words = promised.KEPT_LATE if promise.broke is not None else _("Kept: ${what}")
    request.ui.flash(words % {"what": rows.short(promised.subject(request, promise))})


def _ended(request: Request, promise: Promise, location: str = "") -> Response:
    request.ui.flash(ENDED, "warn")
    return HTTPSeeOther(location=location or f"/promises/{promise.id}")  # nothing was done: sent again, it is nothing


def _promise(request: Request) -> Promise:
    id_ = parse_id(request.matchdict["promise"])
    if id_ is None:
        raise NotFound
    return cast(Promise, request.services.promises.get(id_))


def _page(
    request: Request, promise: Promise, contact: Contact | None, forms: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    show = request.ui.show
    name = rows.contact_name(request, contact)
    facts: list[tuple[Text, str, str]] = [
        (_("Promised to"), name, f"/contacts/{promise.contact}"),
        (_("By when"), show.datetime(promise.due), ""), (_("Who keeps it"), promised.owner(request, promise), ""),
        (_("Promised by"), rows.user_name(request, promise.created_by), ""),
        (_("Promised at"), show.datetime(promise.created), ""),
    ]
    if promise.ended is not None:
        facts += [(_("Ended at"), show.datetime(promise.ended), ""),
                  (_("Ended by"), rows.user_name(request, promise.ended_by), ""), (_("Note"), promise.note, "")]
    for other, words in ((promise.replaces, _("In place of")), (promise.replaced_by, _("Replaced by"))):
        found = request.services.root.promises.promises.get(other or 0)
        if found is not None:
            facts.append((words, promised.when(request, found.due), f"/promises/{found.id}"))
    category, words = promised.STATES[promised.state(request, promise)]
    return {
        "title": promised.subject(request, promise), "crumbs": ((f"/contacts/{promise.contact}", name),),
        "badge": request.ui.status(category, words), "facts": [fact for fact in facts if fact[1]],
        "case": promised.row(request, promise), "forms": {name: form["form"] for name, form in forms.items()},
        "error_count": sum(form["error_count"] for form in forms.values()),
        "clock": promised.clock(request, promise) if promise.is_open else None,
    }


# ── the list of work ─────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="work_promises", request_method="GET", permission=SIGNED_IN,
             renderer="crm_views:templates/work_promises.pt")
def work(request: Request) -> dict[str, Any]:
    """What one promised, and one's units, by the time it is due; and how promises went in the last weeks."""
    services, me = request.services, request.services.identity.user_id
    groups = worknav.views(request, asked(request), promised=True)
    lists = [] if me is None else [_list(request, _("Mine"), services.promises.due_of_user(me), user=me)]
    lists += [_list(request, rows.unit_name(request, unit), services.promises.due_of_unit(unit), unit=unit)
              for unit in units_of(request)]
    return {"title": _("Promises"), "groups": groups, "lists": [one for one in lists if one["count"] or one["counts"]]}


def _list(request: Request, title: Text, found: list[Promise], **owner: int) -> dict[str, Any]:
    services, show = request.services, request.ui.show
    since = services.clock.moment(services.clock.today() - timedelta(days=COUNTED_DAYS))
    counts = services.promises.counts(since, services.now + 1, **owner)
    named = ((counts.kept, _("Kept")), (counts.late, _("Kept late")), (counts.broken, _("Not kept")),
             (counts.withdrawn, _("Withdrawn")))
    said = [show.text(_("${kind}: ${value}", mapping={"kind": words, "value": count})) for count, words in named
            if count]
    return {
        "title": show.text(title), "count": len(found), "late": sum(one.is_broken(services.now) for one in found),
        "rows": promised.lines(request, found, "/work/promises", named=True),
        "counts": show.text(_(", ")).join(said),
    }
