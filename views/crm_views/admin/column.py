"""The column of views that stands beside every page of the administration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chameleon.utils import Markup
from pyramid.renderers import render

from crm_core.i18n import Text, TextFactory
from crm_core.security.permissions import Permission
from crm_views.components.parts import Link

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

VIEWS: tuple[tuple[str, Text, str, Permission], ...] = (
    ("/admin", _("Overview"), "gear", Permission.ADMIN),
    ("/admin/units", _("Units"), "diagram-3", Permission.ADMIN),
    ("/admin/users", _("Users"), "people", Permission.ADMIN),
    ("/admin/roles", _("Roles"), "shield-check", Permission.ADMIN),
    ("/admin/types", _("Kinds of requests"), "card-list", Permission.ADMIN),
    ("/admin/calendars", _("Calendars"), "calendar3", Permission.ADMIN),
    ("/admin/targets", _("Targets"), "hourglass-split", Permission.ADMIN),
    ("/admin/plugins", _("Plugins"), "plug", Permission.ADMIN),
    ("/admin/settings", _("Settings"), "sliders", Permission.ADMIN),
    ("/admin/health", _("Health"), "clipboard-pulse", Permission.ADMIN),
    ("/admin/erasures", _("Erasures"), "trash3", Permission.ADMIN),
    ("/admin/audit", _("Audit trail"), "journal-text", Permission.AUDIT_VIEW),
)


def views(request: Request) -> Markup:
    """The column of views beside every page of the administration, as far as the reader may open them."""
    def is_here(href: str) -> bool:
        return bool(request.path == href or (href != "/admin" and request.path.startswith(f"{href}/")))

    links = [Link(href, text, icon, current=is_here(href)) for href, text, icon, permission in VIEWS
             if request.has_permission(permission)]
    return Markup(render("crm_views:templates/admin/views.pt", {"links": links}, request=request))
