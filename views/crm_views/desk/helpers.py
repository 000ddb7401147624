"""What the scripts of forms ask while somebody types: what a date means, and to keep a file that was just chosen.

Forms work without them; both answer JSON to whoever is signed in and touch no record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from limits import RateLimitItemPerMinute
from pyramid.view import view_config

from crm_core.i18n import TextFactory
from crm_views.forms.dates import read_back
from crm_views.forms.files import take_file
from crm_views.security import SIGNED_IN

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

FILES_PER_USER = RateLimitItemPerMinute(120)
"""Files taken of one user, and files forgotten: many are chosen at once, and sent one after the other."""

@view_config(route_name="form_date", request_method="GET", permission=SIGNED_IN, renderer="json")
def date(request: Request) -> dict[str, Any]:
    """What ``?text=`` means as a date, in words (`crm_views.forms.dates.read_back`)."""
    return read_back(request.GET.get("text", ""), request.GET.get("prefer", ""), request.ui.show)


@view_config(route_name="form_files", request_method="POST", permission=SIGNED_IN, renderer="json")
def files(request: Request) -> dict[str, Any]:
    """Keep one file for this session, or forget one (`crm_views.forms.files.take_file`)."""
    if not request.registry.crm_draft_brake.hit(FILES_PER_USER, "files", str(request.login.user.id)):
        request.response.status_int = 429
        return {"error": request.ui.show.text(_("Too many files at once; wait a minute, then go on."))}
    return take_file(request)
