"""The receipt a citizen takes along: the tracking code, large and as a square to scan, and what happens next.

It holds nothing of the matter itself but its kind: paper is left lying about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import segno
from chameleon.utils import Markup
from pyramid.view import view_config

from crm_core.i18n import LANGUAGES, Text, TextFactory
from crm_core.model.request import Category
from crm_core.model.request import Request as Case
from crm_core.security.permissions import Permission
from crm_views.components.ui import LANGUAGE_NAMES
from crm_views.desk import rows
from crm_views.desk.find import words_of
from crm_views.desk.things import readable_case

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
PAPERS: tuple[tuple[str, Text], ...] = (("a5", _("A5")), ("a4", _("A4")))


@view_config(route_name="request_receipt", request_method="GET", permission=Permission.REQUEST_VIEW.value,
             renderer="crm_views:templates/request_receipt.pt")
def receipt(request: Request) -> dict[str, Any]:
    """The receipt, for paper of the size ``paper`` and in the language ``language``."""
    case = readable_case(request)
    language = words_of(request, "language")
    if language in LANGUAGES and language != request.locale_name:
        _speak(request, language)
    show = request.ui.show
    paper = words_of(request, "paper")
    paper = paper if paper in dict(PAPERS) else PAPERS[0][0]
    here = f"/requests/{case.code}"
    contact = request.services.contacts.find(case.contact)
    return {
        "title": _("Receipt ${code}", mapping={"code": show.code(case.code)}),
        "here": here,
        "paper": paper,
        "papers": [(f"{here}/receipt?paper={name}&language={show.locale}", text, name == paper)
                   for name, text in PAPERS],
        "languages": [(f"{here}/receipt?paper={paper}&language={one}", one, LANGUAGE_NAMES[one], one == show.locale)
                      for one in LANGUAGES],
        "organisation": request.crm_app.settings.organisation,
        "code": show.code(case.code),
        "square": square(case.code),
        "name": rows.contact_name(request, contact) if contact is not None else "",
        "kind": rows.type_name(request, case),
        "when": show.datetime(case.created),
        "unit": rows.unit_name(request, case.unit),
        "due": show.date(case.owed_by) if case.owed_by is not None and case.is_open else "",
        "next": what_next(case),
        "printed": show.datetime(request.services.now),
    }


def what_next(case: Case) -> Text:
    """What the citizen can expect, in a sentence or two."""
    category = Category(case.category)
    if category is Category.WAITING:
        return _("We need something from you first. Bring or tell us what we asked for, and we go on.")
    if category is Category.DONE:
        return _("Your request is answered. If it is not solved, come back with this code.")
    if category is Category.CANCELLED:
        return _("Your request was ended. If you still need it, come back with this code.")
    if case.pause is not None:
        return _("It has to wait at present. Ask at the desk or by telephone, with this code, what it waits for.")
    if case.due is not None:
        return _("Our colleagues look into it and answer you until the day named here. "
                 "Ask at the desk or by telephone, with this code, how it stands.")
    return _("Our colleagues look into it and answer you. "
             "Ask at the desk or by telephone, with this code, how it stands.")


def square(code: str) -> Markup:
    """A code as a QR square, drawn as SVG without a style of its own; whoever scans it reads the ten digits."""
    drawing = segno.make(code, error="m", micro=False)
    return Markup(drawing.svg_inline(omitsize=True, svgclass="qr", lineclass=None, border=2))


def _speak(request: Request, language: str) -> None:
    """Answer this one request in another language than its reader's."""
    request.locale_name = language
    for name in ("localizer", "ui"):  # made for the reader's language, as far as they are made already
        request.__dict__.pop(name, None)
