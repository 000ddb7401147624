"""What a plugin's pages import, beside `crm_core.api`. What is not in ``__all__`` here is not the API.

A page is an ordinary Pyramid view, added in the hook ``configure(config)`` with a route below ``/plugins/<id>/`` and a
permission that the plugin contributes. Its template begins with ``metal:use-macro="ui.layout"`` and fills the slot
``content``; ``ui`` (`Components`) and ``show`` (`Display`) are there in every template.
"""

from __future__ import annotations

from typing import Any

from chameleon.utils import Markup
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render as _render
from pyramid.request import Request
from pyramid.response import Response

from crm_core.errors import NotFound
from crm_core.i18n import Text
from crm_core.model.contact import Contact
from crm_core.model.ids import parse_id
from crm_core.model.request import Request as Case
from crm_core.services import Services
from crm_core.services.visibility import Visibility
from crm_views.components import ChipView, Components, EntryView, FileLink, Link, OweView
from crm_views.components.ui import Tone
from crm_views.desk.attachments import download
from crm_views.desk.fields import attached, files
from crm_views.desk.things import done, sent_before
from crm_views.display import Display
from crm_views.forms import Button, Folded, Look, StoredUpload, Submission, handle, read_only

__all__ = [
    "Button",
    "ChipView",
    "Components",
    "Display",
    "EntryView",
    "FileLink",
    "Folded",
    "Link",
    "Look",
    "Markup",
    "OweView",
    "Request",
    "Response",
    "StoredUpload",
    "Submission",
    "attached",
    "contact_by_id",
    "done",
    "download",
    "files",
    "flash",
    "handle",
    "read_only",
    "redirect",
    "render",
    "request_by_code",
    "sent_before",
    "services_of",
]


def services_of(request: Request) -> Services:
    """All services for who is signed in, in the transaction of this web request."""
    services: Services = request.services
    return services


def request_by_code(request: Request, code: str) -> Case:
    """The citizen's request with a tracking code, if it may be read in full; raises NotFound for anything else."""
    case = services_of(request).requests.by_code(code)
    return _readable(request, case)


def contact_by_id(request: Request, id_: str) -> Contact:
    """The contact with an id in decimal digits, if it may be read in full; raises NotFound for anything else."""
    contact = services_of(request).contacts.find(parse_id(id_))
    if contact is None:
        raise NotFound
    return _readable(request, contact)


def _readable(request: Request, thing: Any) -> Any:
    if services_of(request).eyes.of(thing) is not Visibility.FULL:
        raise NotFound
    return thing


def render(request: Request, template: str, **values: Any) -> Markup:
    """A piece of a page from a template (``"crm_x:templates/part.pt"``), already escaped where it must be."""
    return Markup(_render(template, values, request=request))


def flash(request: Request, text: Text, tone: Tone = "good") -> None:
    """Say a sentence on the next page that is shown; ``tone``: good, warn or bad."""
    request.ui.flash(text, tone)


def redirect(path: str) -> Response:
    """Go on at ``path``, an address of this site. Returned from a view it commits what was done."""
    if not path.startswith("/") or path.startswith("//"):
        raise ValueError(f"not a path of this site: {path!r}")
    return HTTPSeeOther(location=path)
