"""Signing in and out, and what a reader chooses for himself: language and colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED, forget, remember
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import Invalid
from crm_core.i18n import LANGUAGES, TextFactory
from crm_core.model.user import User
from crm_core.text.folding import fold
from crm_views.errors import local_path
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import LineWidget, PasswordWidget
from crm_views.language import LANGUAGE_COOKIE, THEME_COOKIE, THEMES
from crm_views.security import LOGIN_COOKIE, SIGNED_IN, begin_session, end_session, known_user

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
YEAR = 365 * 86_400


class LoginForm(f.Form):
    """Who is there? Neither field says whether a login exists."""

    username = f.text(_("Username"), max_length=100,
                      widget=LineWidget(autocomplete="username", code=True, digits=False))
    password = f.text(_("Password"), max_length=1000, widget=PasswordWidget())


@view_config(route_name="login", request_method=("GET", "POST"), permission=NO_PERMISSION_REQUIRED,
             renderer="crm_views:templates/login.pt")
def login(request: Request) -> dict[str, Any] | Response:
    """The login page. Leads to ``next``, a path of this site, when the password fits."""
    if not request.services.root.users:
        return HTTPSeeOther(location="/first-run")  # a new installation: nobody could sign in
    target = local_path(request.GET.get("next", "/"))
    if request.method == "GET" and request.login.user is not None:
        return HTTPSeeOther(location=target)

    def on_valid(submission: Submission) -> Response:
        user = _check(request, submission.values["username"], submission.values["password"])
        return _enter(request, user, target)

    page = handle(request, LoginForm(), submit_label=_("Sign in"), on_valid=on_valid,
                  look=Look(layout="plain", refused=_("You are not signed in")))
    if isinstance(page, Response):
        return page
    if request.response.status_int == 422 and request.environ.get("crm.throttled"):
        request.response.status_int = 429
        request.response.headers["Retry-After"] = str(request.environ["crm.throttled"] * 60)
    return page | {
        "title": _("Sign in"),
        "ended": "ended" in request.GET and request.method == "GET",
        "kept": "kept=" in target,
        "lost": "lost" in request.GET,
        "next": target,
    }


def _check(request: Request, username: str, password: str) -> User:
    """The user with that login and password. Raises Invalid with the same words whatever does not fit."""
    throttle, users = request.registry.crm_throttle, request.services.users
    named = users.by_login(username)
    asked = (fold(username), request.remote_addr or "", named is not None and named.id == known_user(request))
    with throttle.checking:
        minutes = throttle.wait(*asked)
        user: User | None = None if minutes else users.check_password(username, password)
        if minutes == 0 and user is None:
            throttle.failed(*asked)
    if minutes:
        request.environ["crm.throttled"] = minutes
        raise Invalid({"": _("Too many tries. Wait ${minutes} minutes, then try again.",
                             mapping={"minutes": minutes})})
    if user is None:
        raise Invalid({"": _("Username or password is not right.")})
    throttle.forgive(*asked)
    return user


def _enter(request: Request, user: User, target: str) -> Response:
    users = request.services.users
    before = request.cookies.get(LOGIN_COOKIE)
    if before:
        users.end_session(before)
    secret = users.start_session(user, request.user_agent or "")
    begin_session(request, user)
    response = HTTPSeeOther(location=target, headers=remember(request, secret))
    _remember_looks(request, response, user.language if user.language in LANGUAGES else None, None)
    return response


@view_config(route_name="logout", request_method="POST", permission=SIGNED_IN)
def logout(request: Request) -> Response:
    """End this login, in the database too."""
    request.services.users.end_session(request.cookies.get(LOGIN_COOKIE, ""))
    end_session(request)
    return HTTPSeeOther(location="/login", headers=forget(request))


@view_config(route_name="preferences", request_method="POST", permission=NO_PERMISSION_REQUIRED)
def preferences(request: Request) -> Response:
    """Change language or colours, and go back. Without a login the browser remembers it."""
    response = HTTPSeeOther(location=local_path(request.POST.get("next", "/")))
    language, theme = request.POST.get("language"), request.POST.get("theme")
    language = language if language in LANGUAGES else None
    theme = theme if theme in THEMES else None
    if request.login.user is not None:
        request.services.users.set_preferences(request.login.user, language=language, theme=theme)
    _remember_looks(request, response, language, theme)
    return response


def _remember_looks(request: Request, response: Response, language: str | None, theme: str | None) -> None:
    """Keep language and colours in the browser, for its pages without a login."""
    https = request.crm_app.settings.https
    for name, value in ((LANGUAGE_COOKIE, language), (THEME_COOKIE, theme)):
        if value is not None:
            response.set_cookie(name, value, max_age=YEAR, path="/", httponly=True, secure=https, samesite="Lax")

