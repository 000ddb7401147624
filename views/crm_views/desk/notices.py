"""The bell: what somebody was told, by days, each a sentence with a link; seen when he says so, never by looking."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config
from translationstring import TranslationString

from crm_core.i18n import TextFactory
from crm_core.model.ids import parse_id
from crm_core.services.notices import KINDS, MOMENTS, STAFF, UNITS, Notice
from crm_core.services.visibility import Visibility
from crm_views.desk import rows
from crm_views.security import SIGNED_IN

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")


@view_config(route_name="notices", request_method="GET", permission=SIGNED_IN,
             renderer="crm_views:templates/notices.pt")
def notices(request: Request) -> dict[str, Any]:
    """All that one may read of it, newest first."""
    show, found = request.ui.show, request.services.notices.all()
    days = [{"title": show.relative_day(of_day[0].at), "iso": day.isoformat(),
             "rows": [_row(request, notice) for notice in of_day]}
            for day, of_day in ((day, list(group)) for day, group in groupby(found, lambda one: show.day(one.at)))]
    unseen = [str(notice.id) for notice in found if not notice.seen]
    return {"title": _("Notices"), "days": days, "unseen": " ".join(unseen), "count": len(unseen)}


@view_config(route_name="notices_seen", request_method="POST", permission=SIGNED_IN)
def seen(request: Request) -> Response:
    """Note that these were seen: those the page showed, and none that came since."""
    sent = request.POST.get("notices", "")
    ids = map(parse_id, sent.split() if isinstance(sent, str) else ())
    request.services.notices.mark_seen(id_ for id_ in ids if id_ is not None)
    return HTTPSeeOther(location="/notices")


def _row(request: Request, notice: Notice) -> dict[str, Any]:
    show, case, contact = request.ui.show, notice.request, notice.contact
    known = contact is not None and request.services.eyes.of_contact(contact) is Visibility.FULL
    citizen = rows.contact_name(request, contact) if known else show.text(_("a citizen"))
    values = {name: _value(request, name, value) for name, value in notice.values.items()}
    places = {**values, "contact": citizen, "request": rows.short(case.title) if case is not None else ""}
    beside = [citizen if known and "${contact}" not in notice.kind.text else "",
              show.code(case.code) if case is not None else "", values.get("unit", ""), values.get("by", "")]
    return {
        "id": str(notice.id), "icon": notice.kind.icon, "tone": notice.kind.tone, "seen": notice.seen,
        "words": show.sentence(TranslationString(notice.kind.text, mapping=places)),
        "href": _address(notice), "beside": [words for words in beside if words], "note": values.get("note", ""),
        "time": show.clock(notice.at), "iso": show.iso(notice.at), "hover": show.datetime(notice.at),
    }


def _address(notice: Notice) -> str:
    if "promise" in notice.values:
        return f"/promises/{notice.values['promise']}"
    if notice.kind in (KINDS["approval.asked"], KINDS["approval.due"]):
        return "/work/approvals"
    if notice.request is not None:
        return f"/requests/{notice.request.code}"
    return f"/contacts/{notice.contact.id}" if notice.contact is not None else ""


def _value(request: Request, name: str, value: Any) -> str:
    """A value of a notice as people say it."""
    show = request.ui.show
    if value is None:
        return ""
    if name in MOMENTS:
        return str(show.datetime(value, "weekday"))
    if name in STAFF:
        return rows.user_name(request, value)
    if name in UNITS:
        return rows.unit_name(request, value)
    return str(show.number(value) if isinstance(value, int) else show.text(value))
