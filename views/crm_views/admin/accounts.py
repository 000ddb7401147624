"""What is done to an account: a new password, its logins ended, its open work given back to the units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import fields as f
from crm_core.i18n import TextFactory
from crm_core.security.passwords import LEAST_LENGTH
from crm_core.security.permissions import Permission
from crm_core.services.users import generated_password
from crm_views.admin.users import CRUMBS, FORM_PAGE, page_of, user_of
from crm_views.desk import rows
from crm_views.desk.things import done, sent_before
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import NewPasswordWidget

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
ADMIN = Permission.ADMIN.value


class PasswordForm(f.Form):
    """A password for somebody who has forgotten his."""

    password = f.text(_("New password"), required=False, max_length=1000, widget=NewPasswordWidget(),
                      description=_("${least} characters at least. Left empty, one is made and shown once.",
                                    mapping={"least": LEAST_LENGTH}))


@view_config(route_name="admin_user_password", request_method=("GET", "POST"), permission=ADMIN, renderer=FORM_PAGE)
def set_password(request: Request) -> dict[str, Any] | Response:
    """A new password; all logins of the account end."""
    user = user_of(request)
    here = f"/admin/users/{user.id}"
    first = sent_before(request)
    if first is not None:
        return first

    def on_valid(submission: Submission) -> Response | dict[str, Any]:
        made = "" if submission.values["password"] else generated_password()
        request.services.users.set_password(user, submission.values["password"] or made)
        goes_to = done(request, submission.submission_key, here)
        if not made:
            request.ui.flash(_("The new password holds from now on; the logins of this account have ended."))
            return goes_to
        request.override_renderer = "crm_views:templates/admin/user.pt"
        return page_of(request, user, password=made)

    page = handle(
        request, PasswordForm(), submit_label=_("Set the password"), on_valid=on_valid,
        look=Look(heading=_("New password"), note=user.login, cancel=here),
    )
    if isinstance(page, Response) or "path" in page:
        return page
    return page | {"title": _("New password"), "crumbs": (*CRUMBS, (here, rows.user_name(request, user.id)))}


@view_config(route_name="admin_user_logins", request_method="POST", permission=ADMIN)
def end_logins(request: Request) -> Response:
    """End one login of an account, or all of them."""
    user = user_of(request)
    key = request.POST.get("login", "")
    count = request.services.users.revoke(user, key) if isinstance(key, str) else 0
    request.ui.flash(_("${count} logins have ended.", mapping={"count": count}) if count != 1
                     else _("That login has ended."))
    return HTTPSeeOther(location=f"/admin/users/{user.id}#logins")


@view_config(route_name="admin_user_release", request_method="POST", permission=ADMIN)
def release(request: Request) -> Response:
    """Give the open work of somebody who has left back to its units."""
    user = user_of(request)
    note = request.ui.show.text(_("Given back to the unit: the account is closed."))
    request.services.handover.release(user, note=note)
    left = request.services.requests.count_work(user=user.id)
    if left:
        request.ui.flash(_("${count} requests still lie here.", mapping={"count": left}), "warn")
    else:
        request.ui.flash(_("The open requests are with their units again, without a name."))
    return HTTPSeeOther(location=f"/admin/users/{user.id}")
