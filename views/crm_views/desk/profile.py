"""What a member of staff chooses for himself: language, colours, keys, the password; and where he is signed in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.security import remember
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import Invalid
from crm_core.i18n import LANGUAGES, TextFactory
from crm_core.security.passwords import LEAST_LENGTH
from crm_core.services.users import session_key
from crm_core.text.collation import collation_key
from crm_views import words
from crm_views.admin.devices import device
from crm_views.desk import rows
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import ChoiceWidget, NewPasswordWidget, PasswordWidget
from crm_views.frame import name_of, role_of
from crm_views.security import LOGIN_COOKIE, SIGNED_IN

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
TEMPLATE = "crm_views:templates/profile.pt"


class PreferencesForm(f.Form):
    """How the desk looks and listens for one reader."""

    language = f.choice(_("Language"), tuple((code, words.LANGUAGES[code]) for code in LANGUAGES))
    theme = f.choice(_("Colours"), tuple(words.THEMES.items()))
    single_keys = f.boolean(
        _("Keys of one letter"),
        description=_("C logs a call, N begins a request. Switch it off if you dictate or press keys by accident."),
    )


class DeputyForm(f.Form):
    """Who decides what waits for one's approval while one is away."""

    deputy = f.choice(_("Deputy"), (), required=False, empty=_("Nobody"))
    since = f.date(_("From"), required=False, description=_("Left empty: from now on."))
    until = f.date(_("Until the evening of"), required=False)


class PasswordForm(f.Form):
    """A new password; the present one shows that it is really you. Their names keep them out of all that is kept."""

    present_password = f.text(_("Present password"), max_length=1000, widget=PasswordWidget())
    new_password = f.text(_("New password"), max_length=1000, widget=NewPasswordWidget(),
                          description=_("${least} characters at least; a short sentence is easy to keep.",
                                        mapping={"least": LEAST_LENGTH}))
    password_again = f.text(_("The new password again"), max_length=1000, widget=NewPasswordWidget())


@view_config(route_name="profile", request_method=("GET", "POST"), permission=SIGNED_IN, renderer=TEMPLATE)
@view_config(route_name="profile_password", request_method=("GET", "POST"), permission=SIGNED_IN, renderer=TEMPLATE)
@view_config(route_name="profile_deputy", request_method=("GET", "POST"), permission=SIGNED_IN, renderer=TEMPLATE)
def profile(request: Request) -> dict[str, Any] | Response:
    """One's own page; each of its forms is sent to an address of its own and comes back on this page when refused."""
    preferences, password, deputy = _preferences(request), _password(request), _deputy(request)
    for form in (preferences, password, deputy):
        if isinstance(form, Response):
            return form
    page = _page(request, preferences, password)
    return page | {"deputy_form": deputy["form"], "error_count": page["error_count"] + deputy["error_count"]}


@view_config(route_name="profile_logins", request_method="POST", permission=SIGNED_IN)
def end_login(request: Request) -> Response:
    """End a login on another device."""
    key = request.POST.get("login", "")
    request.services.users.end_login(request.login.user, key if isinstance(key, str) else "")
    request.ui.flash(_("That login has ended."))
    return HTTPSeeOther(location="/profile#logins")


def _preferences(request: Request) -> dict[str, Any] | Response:
    user = request.login.user

    def on_valid(submission: Submission) -> Response:
        before = user.language
        request.services.users.set_preferences(user, **submission.values)
        if user.language == before:  # else the page says it by itself, and this sentence would be in the old language
            request.ui.flash(_("Your choices are kept."))
        return HTTPSeeOther(location="/profile")

    chosen = {"language": user.language, "theme": user.theme, "single_keys": user.single_keys}
    return handle(request, PreferencesForm(), submit_label=_("Keep it"), on_valid=on_valid, appstruct=chosen,
                  name="choices", action="/profile", look=Look(layout="plain"))


def _deputy(request: Request) -> dict[str, Any] | Response:
    user, services, clock = request.login.user, request.services, request.services.clock
    deciders = services.approvals.deciders
    schema = DeputyForm().clone()
    known = [(str(one.id), rows.user_name(request, one.id)) for one in services.users.active()
             if one.id != user.id and deciders.may_stand_in(one)]
    schema["deputy"].choices = tuple(sorted(known, key=lambda row: collation_key(row[1])))
    schema["deputy"].widget = ChoiceWidget(schema["deputy"].choices, radios=False)

    def on_valid(submission: Submission) -> Response:
        values = submission.values
        deputy = services.users.find(int(values["deputy"])) if values["deputy"] else None
        since = clock.moment(values["since"]) if values["since"] else services.now
        if deputy is not None and not values["until"]:
            raise Invalid({"until": _("Say until when.")})
        until = clock.moment(values["until"] + timedelta(days=1)) if values["until"] else 0
        deciders.name_deputy(user, deputy, since, until)
        request.ui.flash(_("${name} decides in your stead until then.", mapping={
            "name": rows.user_name(request, deputy.id)}) if deputy is not None else _("Nobody decides in your stead."))
        return HTTPSeeOther(location="/profile#stand-in")

    now = deciders.deputy(user)
    start = {"deputy": str(now[0]), "since": clock.day(now[1]), "until": clock.day(now[2] - 1)} if now else {}
    return handle(request, schema, submit_label=_("Keep it"), on_valid=on_valid, appstruct=start, name="deputy",
                  action="/profile/deputy", look=Look(layout="plain", drafts=False))


def _password(request: Request) -> dict[str, Any] | Response:
    user, users = request.login.user, request.services.users

    def on_valid(submission: Submission) -> Response:
        _check_present(request, submission.values["present_password"])
        if submission.values["new_password"] != submission.values["password_again"]:
            raise Invalid({"password_again": _("The two are not the same.")})
        try:
            users.set_password(user, submission.values["new_password"])
        except Invalid as error:
            raise Invalid({"new_password": error.errors["password"]}) from error
        secret = users.start_session(user, request.user_agent or "")
        request.ui.flash(_("The new password holds from now on. Your other logins have ended."))
        return HTTPSeeOther(location="/profile", headers=remember(request, secret))

    return handle(request, PasswordForm(), submit_label=_("Change the password"), on_valid=on_valid, name="password",
                  action="/profile/password", look=Look(layout="plain"))


def _check_present(request: Request, present: str) -> None:
    """Raises Invalid unless it is the user's password; slows down guessing as the login page does."""
    throttle, user = request.registry.crm_throttle, request.login.user
    asked = (user.login, request.remote_addr or "", True)
    with throttle.checking:
        minutes = throttle.wait(*asked)
        fits = not minutes and request.services.users.check_password(user.login, present) is not None
        if not minutes and not fits:
            throttle.failed(*asked)
    if minutes:
        raise Invalid({"present_password": _("Too many tries. Wait ${minutes} minutes, then try again.",
                                             mapping={"minutes": minutes})})
    if not fits:
        raise Invalid({"present_password": _("This is not your password.")})
    throttle.forgive(*asked)


def _page(request: Request, preferences: dict[str, Any], password: dict[str, Any]) -> dict[str, Any]:
    show, user = request.ui.show, request.login.user
    units = show.text(_(", ")).join(rows.unit_name(request, unit) for unit in user.units)
    here = session_key(request.cookies.get(LOGIN_COOKIE, ""))
    return {
        "title": _("Your profile"),
        "person": name_of(request),
        "username": user.login,
        "facts": [(_("Username"), user.login), (_("Role"), show.text(role_of(frozenset(user.roles)))),
                  (_("Unit"), units or show.text(_("no unit")))],
        "preferences_form": preferences["form"],
        "password_form": password["form"],
        "error_count": preferences["error_count"] + password["error_count"],
        "logins": [
            {"key": key, "is_here": key == here, "since": show.time(session.started),
             "device": device(request, session.agent), "until": show.time(session.expires)}
            for key, session in request.services.users.logins_of(user)
        ],
    }
