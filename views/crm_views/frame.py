"""What stands around every page: who is signed in, where one can go, the search, language and colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crm_core.i18n import Text, TextFactory
from crm_core.security.permissions import Permission, Role
from crm_core.security.policy import ROLE_TITLES
from crm_views.components.parts import Frame, Link
from crm_views.language import theme_of

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")


def frame_of(request: Request) -> Frame:
    """The frame for this request; without a login it has no search and no menu."""
    organisation = request.crm_app.settings.organisation
    theme = theme_of(request)
    identity = request.login.identity
    if identity is None:
        return Frame(organisation=organisation, preferences="/preferences", theme=theme)
    may_find = identity.has(Permission.CONTACT_FIND)
    return Frame(
        organisation=organisation,
        find="/find" if may_find else "",
        query=request.GET.get("q", "") if request.path == "/find" else "",
        person=name_of(request),
        role=role_of(identity.roles),
        sections=(Link("/", _("My desk"), current=request.path == "/"), *plugin_links(request)),
        preferences="/preferences",
        sign_out="/logout",
        theme=theme,
    )


def name_of(request: Request) -> str:
    """The name of who is signed in, in the language of the page where it is known in both."""
    user = request.login.user
    return cast(str, user.name_en if request.ui.show.locale == "en" and user.name_en else user.name)


def role_of(roles: frozenset[str]) -> Text:
    """The weightiest role, in words."""
    return next((ROLE_TITLES[role] for role in reversed(Role) if role in roles), "")


def plugin_links(request: Request) -> tuple[Link, ...]:
    """Menu items of plugins that this user may open."""
    identity = request.login.identity
    return tuple(
        Link(item.path, item.title, item.icon, current=request.path.startswith(item.path), minor=True)
        for _plugin, item in request.crm_app.registry.menu.values()
        if identity is not None and identity.has(item.permission)
    )
