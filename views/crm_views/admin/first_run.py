"""The first page of a new installation: it makes the administrator, once, for whoever holds the setup code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED, remember
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.errors import Invalid
from crm_core.fields import SHORT
from crm_core.i18n import TextFactory
from crm_core.security.identity import SYSTEM
from crm_core.security.passwords import LEAST_LENGTH
from crm_core.services.users import LOGIN_LENGTH
from crm_core.settings import forget_setup_code
from crm_views.admin.setup_code import FILE, fits
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import LineWidget, NewPasswordWidget
from crm_views.security import begin_session

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
COUNTED_AS = "first run"
"""Under which name wrong codes are counted; no login holds a blank."""


class FirstForm(f.Form):
    """The first administrator, and where citizens will arrive."""

    code = f.text(_("Setup code"), max_length=60, widget=LineWidget(code=True, digits=False),
                  description=_("It stands on the console of the server, and in the file “${file}” of its data folder.",
                                mapping={"file": FILE}))
    login = f.text(_("Username"), max_length=LOGIN_LENGTH, description=_("One word, to sign in with."),
                   widget=LineWidget(autocomplete="username", code=True, digits=False))
    name = f.text(_("Your name"), max_length=SHORT)
    password = f.text(_("Password"), max_length=1000, widget=NewPasswordWidget(),
                      description=_("${least} characters at least; a short sentence is easy to keep.",
                                    mapping={"least": LEAST_LENGTH}))
    password_again = f.text(_("The password again"), max_length=1000, widget=NewPasswordWidget())
    unit = f.text(_("Name of the reception"), required=False, max_length=SHORT,
                  description=_("The unit where citizens arrive, such as “Service desk”. More can be added later."))


@view_config(route_name="first_run", request_method=("GET", "POST"), permission=NO_PERMISSION_REQUIRED,
             renderer="crm_views:templates/admin/first_run.pt")
def first_run(request: Request) -> dict[str, Any] | Response:
    """Make the first administrator; as soon as there is any account, this page only leads away."""
    if request.services.root.users:
        return HTTPSeeOther(location="/")

    def on_valid(submission: Submission) -> Response:
        _check_code(request, submission.values["code"])
        if submission.values["password"] != submission.values["password_again"]:
            raise Invalid({"password_again": _("The two are not the same.")})
        return _begin(request, submission.values)

    page = handle(request, FirstForm(), submit_label=_("Begin"), on_valid=on_valid, look=Look(layout="plain"))
    if isinstance(page, Response):
        return page
    if request.environ.get("crm.throttled"):
        request.response.status_int = 429
        request.response.headers["Retry-After"] = str(request.environ["crm.throttled"] * 60)
    return page | {"title": _("A new service desk")}


def _check_code(request: Request, typed: str) -> None:
    """Raises Invalid unless it is the setup code; guessing is slowed down as on the login page."""
    throttle = request.registry.crm_throttle
    asked = (COUNTED_AS, request.remote_addr or "", False)
    minutes = throttle.wait(*asked)
    if minutes:
        request.environ["crm.throttled"] = minutes
        raise Invalid({"code": _("Too many tries. Wait ${minutes} minutes, then try again.",
                                 mapping={"minutes": minutes})})
    if not fits(request.crm_app.settings.data, typed):
        throttle.failed(*asked)
        raise Invalid({"code": _("This is not the setup code.")})


def _begin(request: Request, values: dict[str, Any]) -> Response:
    """The account, the reception, a login; all in one transaction. Raises Taken when somebody else was first."""
    services = request.crm_app.services(request.crm_root, SYSTEM)
    user = services.users.add_first(
        values["login"], name=values["name"], password=values["password"], language=request.ui.show.locale)
    if values["unit"].strip():
        try:
            unit = services.units.add(values["unit"])
        except Invalid as error:
            raise Invalid({"unit": error.message}) from error
        services.users.edit(user, {"units": (unit.id,)})
    secret = services.users.start_session(user, request.user_agent or "")
    begin_session(request, user)
    data = request.crm_app.settings.data
    request.tm.get().addAfterCommitHook(lambda committed: forget_setup_code(data) if committed else None)
    request.ui.flash(_("Welcome. The desk is yours; here is what it still lacks."))
    return HTTPSeeOther(location="/admin", headers=remember(request, secret))
