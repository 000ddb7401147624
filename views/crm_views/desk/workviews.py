"""Lists kept under a name: keep the one that is shown, give it another name, take it away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config
from webob.multidict import MultiDict

from crm_core import fields as f
from crm_core.errors import StaleChange
from crm_core.i18n import TextFactory
from crm_core.services.workviews import MOST_VIEWS, NAME_LENGTH
from crm_views.desk.things import done, sent_before
from crm_views.desk.workasked import asked
from crm_views.forms import Look, Submission, handle
from crm_views.security import SIGNED_IN

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
FORM = "crm_views:templates/form_page.pt"
CRUMBS = (("/", _("Work")),)


class Named(f.Form):
    """What the list is called in the column of views."""

    name = f.text(_("Name of the list"), max_length=NAME_LENGTH)


@view_config(route_name="work_view_new", request_method=("GET", "POST"), permission=SIGNED_IN, renderer=FORM)
def keep(request: Request) -> dict[str, Any] | Response:
    """Keep the list whose query is in ``q`` under a name."""
    first = sent_before(request)
    if first is not None:
        return first
    query = asked(request, MultiDict(parse_qsl(request.GET.get("q", "")[:4000]))).query

    def on_valid(submission: Submission) -> Response:
        view = request.services.work_views.keep(submission.values["name"], query)
        request.ui.flash(_("The list “${name}” stands among your views now.", mapping={"name": view["name"]}))
        return done(request, submission.submission_key, f"/?{query}")

    look = Look(heading=_("Keep this list"), note=_("Its view, filters, order and columns are kept."),
                cancel=f"/?{query}")
    page = handle(request, Named().clone(), submit_label=_("Keep it"), on_valid=on_valid, name="view", look=look)
    return page if isinstance(page, Response) else page | {"title": _("Keep this list"), "crumbs": CRUMBS}


@view_config(route_name="work_views", request_method="GET", permission=SIGNED_IN,
             renderer="crm_views:templates/work_views.pt")
def views(request: Request) -> dict[str, Any]:
    """All lists that are kept."""
    return {"title": _("Your lists"), "views": request.services.work_views.all(), "most": MOST_VIEWS}


@view_config(route_name="work_view", request_method=("GET", "POST"), permission=SIGNED_IN, renderer=FORM)
def rename(request: Request) -> dict[str, Any] | Response:
    """Give a list another name."""
    first = sent_before(request)
    if first is not None:
        return first
    view = request.services.work_views.get(request.matchdict["view"])

    def on_valid(submission: Submission) -> Response:
        if submission.revision != view["name"]:
            raise StaleChange({"name": view["name"]})
        request.services.work_views.rename(view["id"], submission.values["name"])
        return done(request, submission.submission_key, "/work/views")

    look = Look(heading=_("Another name"), cancel="/work/views")
    page = handle(request, Named().clone(), submit_label=_("Save"), on_valid=on_valid, name="view", look=look,
                  appstruct={"name": view["name"]}, hidden={"revision": view["name"]})
    crumbs = (*CRUMBS, ("/work/views", _("Your lists")))
    return page if isinstance(page, Response) else page | {"title": _("Another name"), "crumbs": crumbs}


@view_config(route_name="work_view_drop", request_method="POST", permission=SIGNED_IN)
def drop(request: Request) -> Response:
    """Take a list away; the requests in it stay where they are."""
    request.services.work_views.drop(request.matchdict["view"])
    request.ui.flash(_("The list is taken away; its requests stay where they are."))
    return HTTPSeeOther(location="/work/views")
