"""Members of staff: the list, one of them, new ones, and what can be changed about an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import colander
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import NotFound
from crm_core.fields import SHORT
from crm_core.i18n import LANGUAGES, TextFactory
from crm_core.model.ids import parse_id
from crm_core.model.user import User
from crm_core.security.passwords import LEAST_LENGTH
from crm_core.security.permissions import Permission, Role
from crm_core.security.policy import ROLE_TITLES
from crm_core.services.users import LOGIN_LENGTH, generated_password
from crm_core.services.visibility import Visibility
from crm_core.text.collation import collation_key
from crm_core.text.folding import fold
from crm_views import words
from crm_views.admin.column import views
from crm_views.admin.devices import device
from crm_views.desk import rows
from crm_views.desk.fields import unit_choices
from crm_views.desk.find import words_of
from crm_views.desk.things import done, saved, sent_before
from crm_views.forms import Look, Submission, handle
from crm_views.forms.revisions import Fields
from crm_views.forms.widgets import ChoicesWidget, ChoiceWidget, LineWidget, NewPasswordWidget
from crm_views.security import LOGIN_COOKIE

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
ADMIN = Permission.ADMIN.value
FORM_PAGE = "crm_views:templates/form_page.pt"
MOST = 50
"""Accounts on a page."""
FIELDS = Fields("name", "name_en", "roles", "units", "language", "active")
CRUMBS = (("/admin", _("Administration")), ("/admin/users", _("Users")))
ROLES = tuple((role.value, ROLE_TITLES[role]) for role in Role)


class AccountForm(f.Form):
    """Who somebody is here, and what he may do."""

    name = f.text(_("Name"), max_length=SHORT)
    name_en = f.text(_("Name in English"), required=False, max_length=SHORT)
    roles = f.choices(_("Roles"), ROLES, required=False, description=_("What each may do stands under Roles."))
    units = f.choices(_("Units"), (), required=False,
                      description=_("The first one takes what is sent nowhere else; units below are included. Who "
                                    "belongs to no unit is given no requests by one."))
    language = f.choice(_("Language of the pages"), tuple((code, words.LANGUAGES[code]) for code in LANGUAGES))


class NewAccountForm(AccountForm):
    """A new account."""

    login = f.text(_("Username"), max_length=LOGIN_LENGTH, insert_before="name",
                   description=_("One word, to sign in with. It cannot be changed later."),
                   widget=LineWidget(code=True, digits=False))
    password = f.text(_("Password"), required=False, max_length=1000, widget=NewPasswordWidget(),
                      description=_("${least} characters at least. Left empty, one is made and shown once.",
                                    mapping={"least": LEAST_LENGTH}))


class EditAccountForm(AccountForm):
    """What can be changed later."""

    active = f.boolean(_("May sign in"),
                       description=_("Switched off, all logins end at once; what was done under the name stays."))


def user_of(request: Request) -> User:
    """The member of staff of the address. Raises NotFound."""
    id_ = parse_id(request.matchdict["user"])
    if id_ is None:
        raise NotFound
    user: User = request.services.users.get(id_)
    return user


def role_words(request: Request, user: User) -> str:
    """The roles of somebody in words, weightiest first."""
    show = request.ui.show
    titles = [show.text(ROLE_TITLES[role]) for role in reversed(Role) if role in user.roles]
    return str(show.text(_(", "))).join(titles) or str(show.text(_("no role")))


# ── the list ─────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_users", request_method="GET", permission=ADMIN,
             renderer="crm_views:templates/admin/users.pt")
def users(request: Request) -> dict[str, Any]:
    """Accounts by name, with a search as people write names, and filters."""
    query, state = words_of(request), request.GET.get("state", "")
    role, unit = request.GET.get("role", ""), parse_id(request.GET.get("unit", ""))
    everybody = request.services.users.all()
    found = [
        user for user in everybody
        if (state == "all" or user.active is (state != "away")) and (not role or role in user.roles)
        and (unit is None or unit in user.units) and _matches(request, user, query)
    ]
    found.sort(key=lambda user: (collation_key(rows.user_name(request, user.id)), user.id))
    typed = request.GET.get("from", "")
    start = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 7 else 0
    asked = {"q": query, "state": state, "role": role, "unit": str(unit or "")}
    return {
        "title": _("Users"),
        "views": views(request),
        "asked": asked,
        "is_filtered": bool(query or state or role or unit),
        "rows": [_row(request, user) for user in found[start : start + MOST]],
        "count": len(found),
        "note": request.ui.show.text(_("${first} to ${last} of ${count}", mapping={
            "first": start + 1, "last": min(start + MOST, len(found)), "count": len(found)})),
        "roles": ROLES,
        "units": unit_choices(request),
        "states": (("", _("May sign in")), ("away", _("Not active")), ("all", _("All of them"))),
        "newer": _address(asked, start - MOST) if start else "",
        "older": _address(asked, start + MOST) if start + MOST < len(found) else "",
    }


def _address(asked: dict[str, str], start: int) -> str:
    given = {name: value for name, value in asked.items() if value} | ({"from": str(start)} if start > 0 else {})
    return "/admin/users" + (f"?{urlencode(given)}" if given else "")


def _matches(request: Request, user: User, query: str) -> bool:
    units = (rows.unit_name(request, id_) for id_ in user.units)
    text = fold(" ".join((user.login, user.name, user.name_en, *units)))
    return all(word in text for word in fold(query).split())


def _row(request: Request, user: User) -> dict[str, Any]:
    show = request.ui.show
    return {
        "href": f"/admin/users/{user.id}", "name": rows.user_name(request, user.id), "login": user.login,
        "roles": role_words(request, user), "active": user.active,
        "units": show.text(_(", ")).join(rows.unit_name(request, id_) for id_ in user.units),
        "last": show.time(user.last_login, "day") if user.last_login else "",
        "open": request.services.requests.count_work(user=user.id),
    }


# ── one of them ──────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_user", request_method="GET", permission=ADMIN,
             renderer="crm_views:templates/admin/user.pt")
def user_page(request: Request) -> dict[str, Any]:
    """One account: who, what he may do, where he is signed in, what lies with him."""
    return page_of(request, user_of(request))


def page_of(request: Request, user: User, *, password: str = "") -> dict[str, Any]:
    """The values of an account's page; ``password`` is shown this once."""
    services, show = request.services, request.ui.show
    here = request.cookies.get(LOGIN_COOKIE, "")
    units = show.text(_(", ")).join(rows.unit_name(request, id_) for id_ in user.units)
    facts = [
        (_("Username"), user.login, True), (_("Name"), user.name, False),
        (_("Name in English"), user.name_en or show.text(_("none yet")), False),
        (_("Roles"), role_words(request, user), False), (_("Units"), units or show.text(_("none")), False),
        (_("Language of the pages"), show.text(words.LANGUAGES.get(user.language, user.language)), False),
        (_("Made"), show.date(user.created), False),
        (_("Signed in last"), show.datetime(user.last_login) if user.last_login else show.text(_("never yet")), False),
    ]
    return {
        "title": rows.user_name(request, user.id),
        "views": views(request),
        "user": user,
        "path": f"/admin/users/{user.id}",
        "is_me": user.id == request.login.user.id,
        "facts": facts,
        "password": password,
        "logins": [
            {"key": key, "device": device(request, login.agent), "since": show.time(login.started),
             "until": show.time(login.expires), "is_here": services.users.session(here) is login}
            for key, login in services.users.logins_of(user)
        ],
        "open": services.requests.count_work(user=user.id),
        "no_unit": has_no_unit(request, user),
        "deeds": f"/admin/audit?{urlencode({'who': user.login})}",
        "changes": f"/admin/audit?{urlencode({'record': user.login})}",
        "may_read": bool(request.has_permission(Permission.REQUEST_VIEW)),
        "official": _official(request, user),
    }


def has_no_unit(request: Request, user: User) -> bool:
    """Whether somebody who works on requests of units belongs to none."""
    identity = request.services.users.identity(user)
    works = identity.has(Permission.REQUEST_VIEW) and not identity.has(Permission.REQUEST_VIEW_ALL_UNITS)
    return user.active and works and not user.units


def _official(request: Request, user: User) -> dict[str, str] | None:
    """The official's own record as a citizen, as far as the reader may know of it."""
    contact = request.services.contacts.find(user.official_contact)
    if contact is None or request.services.eyes.of_contact(contact) is Visibility.HIDDEN:
        return None
    return {"href": f"/contacts/{contact.id}", "name": rows.contact_name(request, contact)}


# ── add, change ──────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_user_new", request_method=("GET", "POST"), permission=ADMIN, renderer=FORM_PAGE)
def new(request: Request) -> dict[str, Any] | Response:
    """A new account. A password that was made here stands on the page that answers, and never again."""
    first = sent_before(request)
    if first is not None:
        return first

    def on_valid(submission: Submission) -> Response | dict[str, Any]:
        values = submission.values
        made = "" if values["password"] else generated_password()
        user = request.services.users.add(
            values["login"], password=values["password"] or made, **_typed(values, request))
        goes_to = done(request, submission.submission_key, f"/admin/users/{user.id}")
        if not made:
            request.ui.flash(_("The account “${login}” is ready.", mapping={"login": rows.short(user.login)}))
            return goes_to
        request.override_renderer = "crm_views:templates/admin/user.pt"
        return page_of(request, user, password=made)

    page = handle(
        request, _schema(request, NewAccountForm()), submit_label=_("Add the account"), on_valid=on_valid,
        appstruct={"roles": {Role.CLERK.value}, "language": request.crm_app.settings.language},
        look=Look(heading=_("New account"), cancel="/admin/users"),
    )
    if isinstance(page, Response) or "path" in page:
        return page
    return page | {"title": _("New account"), "crumbs": CRUMBS}


@view_config(route_name="admin_user_edit", request_method=("GET", "POST"), permission=ADMIN, renderer=FORM_PAGE)
def edit(request: Request) -> dict[str, Any] | Response:
    """Change an account; only what was really changed is written."""
    user = user_of(request)
    here = f"/admin/users/{user.id}"
    first = sent_before(request)
    if first is not None:
        return first
    stored = {name: getattr(user, name) for name in FIELDS.names}

    def on_valid(submission: Submission) -> Response:
        typed = _typed(submission.values, request, user) | {"active": submission.values["active"]}
        changed = FIELDS.change(
            submission.revision, stored, typed, lambda seen: request.services.users.edit(user, typed, seen),
            lambda theirs: _in_words(request, theirs),
        )
        return saved(request, changed, submission.submission_key, here)

    page = handle(
        request, _schema(request, EditAccountForm(), user), submit_label=_("Save"), on_valid=on_valid,
        appstruct={**stored, "roles": set(user.roles), "units": {str(id_) for id_ in user.units}},
        hidden={"revision": FIELDS.revision(stored)},
        look=Look(heading=_("Change the account"), note=user.login, cancel=here),
    )
    if isinstance(page, Response):
        return page
    return page | {"title": _("Change the account"), "crumbs": (*CRUMBS, (here, rows.user_name(request, user.id)))}


def _schema(request: Request, form: colander.SchemaNode, user: User | None = None) -> colander.SchemaNode:
    schema = form.clone()
    choices = unit_choices(request)
    closed = tuple((str(id_), rows.unit_name(request, id_)) for id_ in (user.units if user is not None else ())
                   if str(id_) not in dict(choices))
    schema["units"].choices = choices + closed
    schema["units"].widget = ChoicesWidget(schema["units"].choices)
    schema["language"].widget = ChoiceWidget(schema["language"].choices)
    return schema


def _typed(values: dict[str, Any], request: Request, user: User | None = None) -> dict[str, Any]:
    """The values as they are stored: roles in the order of weight, units as they were, new ones behind."""
    chosen = {int(id_) for id_ in values["units"]}
    kept = [id_ for id_ in (user.units if user is not None else ()) if id_ in chosen]
    behind = [unit.id for unit in request.services.units.all() if unit.id in chosen and unit.id not in kept]
    roles = tuple(role.value for role in Role if role in values["roles"])
    if user is not None and set(roles) == set(user.roles):
        roles = user.roles
    return {
        "name": values["name"].strip(), "name_en": values["name_en"].strip(), "roles": roles,
        "units": (*kept, *behind), "language": values["language"],
    }


def _in_words(request: Request, stored: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored now, in words, for the fields that hold ids."""
    theirs = dict(stored)
    show = request.ui.show
    comma = show.text(_(", "))
    if "roles" in theirs:
        theirs["roles"] = comma.join(show.text(ROLE_TITLES[Role(role)]) for role in theirs["roles"])
    if "units" in theirs:
        theirs["units"] = comma.join(rows.unit_name(request, id_) for id_ in theirs["units"])
    if "active" in theirs:
        theirs["active"] = show.text(_("Yes") if theirs["active"] else _("No"))
    return theirs
