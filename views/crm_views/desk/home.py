"""The start page: the search, my open work, what came into my units, and conversations nobody has a name for yet."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nlargest
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from pyramid.view import view_config

from crm_core.i18n import TextFactory
from crm_core.model.interaction import Interaction
from crm_core.model.request import Request as Case
from crm_core.security.permissions import Permission
from crm_core.services.visibility import Visibility
from crm_views.desk import rows
from crm_views.security import SIGNED_IN

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
MOST = 15
LOOKED_AT = 100


@view_config(route_name="home", request_method="GET", permission=SIGNED_IN, renderer="crm_views:templates/home.pt")
def home(request: Request) -> dict[str, Any]:
    services = request.services
    user = request.login.user
    mine = services.requests.work(user=user.id)
    own = islice(mine.by_due(), LOOKED_AT) if mine is not None else ()
    return {
        "title": _("My desk"),
        "new_words": _("New citizen"),
        "log_words": _("Log a conversation"),
        "may_find": request.has_permission(Permission.CONTACT_FIND),
        "may_add": request.has_permission(Permission.CONTACT_EDIT),
        "may_log": request.has_permission(Permission.INTERACTION_LOG),
        "mine": [rows.owe(request, case) for case in rows.readable(request, own, MOST)],
        "mine_count": services.requests.count_work(user=user.id),
        "arrived": [rows.owe(request, case) for case in rows.readable(request, _arrived(request), MOST)],
        "unknown": [_unknown(request, one) for one in _unidentified(request)],
    }


def _arrived(request: Request) -> Iterator[Case]:
    """Open requests of the user's units, newest first, as far as they are nobody's yet or somebody else's."""
    lists = (request.services.requests.work(unit=unit) for unit in request.login.user.units)
    each = [islice(work.newest(), LOOKED_AT) for work in lists if work is not None]
    newest = nlargest(LOOKED_AT, chain.from_iterable(each), key=lambda case: case.id)
    return (case for case in newest if case.assignee != request.login.user.id)


def _unidentified(request: Request) -> Iterator[Interaction]:
    services = request.services
    if not request.has_permission(Permission.INTERACTION_LOG):
        return
    for id_ in nlargest(MOST, services.root.unidentified.keys()):
        interaction = services.root.unidentified[id_]
        if services.eyes.of(interaction) is Visibility.FULL:
            yield interaction


def _unknown(request: Request, interaction: Interaction) -> dict[str, Any]:
    return {
        "href": f"/interactions/{interaction.id}",
        "subject": interaction.subject,
        "time": request.ui.show.time(interaction.started, "day"),
        "address": rows.address_words(request, interaction.address),
    }
