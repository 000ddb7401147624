"""The start of the administration: what there is in honest figures, what is wrong, and what is still to be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.view import view_config

from crm_core.health import health, worst
from crm_core.i18n import Text, TextFactory
from crm_core.security.permissions import Permission, Role
from crm_views.admin.column import views
from crm_views.admin.health import TONES, sentence

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

@view_config(route_name="admin", request_method="GET", permission=Permission.ADMIN.value,
             renderer="crm_views:templates/admin/overview.pt")
def overview(request: Request) -> dict[str, Any]:
    """Key facts: people, units, kinds of requests, plugins, and how the installation is."""
    services = request.services
    users = services.users.all()
    active = [user for user in users if user.active]
    units = services.units.active()
    parts = health(request.crm_app, services)
    types = request.crm_app.registry.types
    return {
        "title": _("Administration"),
        "views": views(request),
        "users": {
            "active": len(active), "away": len(users) - len(active),
            "administrators": sum(Role.ADMINISTRATOR in user.roles for user in active),
            "never": sum(not user.last_login for user in active),
            "homeless": sum(not user.units for user in active),
        },
        "units": {"active": len(units), "closed": len(services.units.all()) - len(units),
                  "confidential": sum(unit.confidential for unit in units)},
        "types": {"all": len(types), "offered": sum(1 for _type in services.types.offered())},
        "plugins": len(request.crm_app.host.plugins),
        "state": worst(parts),
        "state_badge": request.ui.status(*TONES[worst(parts)]),
        "troubles": [
            {"icon": "exclamation-octagon" if part.tone == "bad" else "exclamation-triangle", "tone": part.tone,
             "text": sentence(request, part)}
            for part in parts if part.tone != "good"
        ],
        "next": _next_steps(request, len(active)),
    }


def _next_steps(request: Request, people: int) -> list[tuple[str, Text, Text]]:
    """What a new installation lacks: address, what to do, why."""
    services, settings = request.services, request.crm_app.settings
    steps: list[tuple[str, Text, Text]] = []
    if not services.units.active():
        steps.append(("/admin/units/new", _("Add the first unit"),
                      _("Requests lie with units; the reception is a good beginning.")))
    if people < 2:
        steps.append(("/admin/users/new", _("Add your colleagues"),
                      _("Each with a login of their own, so that the trail says who did what.")))
    if not any(Role.CLERK in user.roles or Role.EXPERT in user.roles for user in services.users.active()):
        steps.append(("/admin/roles", _("Give somebody the role “Desk clerk” or “Expert”"),
                      _("An administrator alone cannot read what citizens say.")))
    if not settings.organisation:
        steps.append(("/admin/settings", _("Say what your organisation is called"), _("It stands on every page.")))
    return steps
