"""What stands around every page: who is signed in, where one can go, the search, language and colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crm_core.i18n import Text, TextFactory
from crm_core.security.identity import Identity
from crm_core.security.permissions import Permission, Role
from crm_core.security.policy import ROLE_TITLES
from crm_core.services.approvals import MOST_COUNTED as MOST_WAITING
from crm_core.services.notices import MOST_COUNTED
from crm_views.components.parts import Bell, Frame, Link
from crm_views.language import theme_of
from crm_views.plugin_pages import title_of

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
        sections=(work_link(request), *approval_link(request), *report_link(request), *plugin_links(request),
                  *admin_link(request, identity)),
        bell=bell(request),
        keys="/keys",
        single_keys=request.login.user.single_keys,
        menu=(Link("/profile", _("Your profile"), "person-gear"), *administration(identity)),
        preferences="/preferences",
        sign_out="/logout",
        theme=theme,
        alarm=alarm(request, identity),
    )


def work_link(request: Request) -> Link:
    """The way to one's work, with how much of it is open."""
    count = request.services.requests.count_work(user=request.login.user.id)
    here = request.path == "/" or (request.path.startswith("/work/") and request.path != "/work/approvals")
    return Link("/", _("Work"), current=here, count=count or None)


def approval_link(request: Request) -> tuple[Link, ...]:
    """The way to what waits for the reader's decision, with how much of it there is; none where nothing does."""
    count, here = len(request.services.approvals.mine(MOST_WAITING)), request.path == "/work/approvals"
    return (Link("/work/approvals", _("To approve"), current=here, count=count or None),) if count or here else ()


def bell(request: Request) -> Bell:
    """The way to what one was told, with how many of it are unseen; more than are counted are a plus."""
    count, here = request.services.notices.unread(), request.path == "/notices"
    if not count:
        return Bell("/notices", _("Notices"), current=here)
    pip = request.ui.show.number(count) + ("+" if count == MOST_COUNTED else "")
    words = _("1 new notice") if count == 1 else _("${count} new notices", mapping={"count": pip})
    return Bell("/notices", words, pip, here)


def name_of(request: Request) -> str:
    """The name of who is signed in, in the language of the page where it is known in both."""
    user = request.login.user
    return cast(str, user.name_en if request.ui.show.locale == "en" and user.name_en else user.name)


def role_of(roles: frozenset[str]) -> Text:
    """The weightiest role, in words."""
    return next((ROLE_TITLES[role] for role in reversed(Role) if role in roles), "")


def alarm(request: Request, identity: Identity) -> tuple[Text, Link] | None:
    """For administrators: what was decided about plugins does not start, or a plugin did not come up."""
    if not identity.has(Permission.ADMIN):
        return None
    if request.registry.crm_stuck:
        words = _("What was decided about plugins does not start; the desk goes on as before, and the log says why.")
        return words, Link("/admin/plugins", _("Look at the plugins"))
    failed = request.crm_app.host.failed()
    if not failed:
        return None
    names = request.ui.show.text(_(", ")).join(title_of(request, plugin.id) for plugin in failed)
    words = _("The desk works without “${names}”, which did not come up; no data is lost.", mapping={"names": names})
    return words, Link("/admin/plugins", _("Reason and remedy"))


def administration(identity: Identity) -> tuple[Link, ...]:
    """The way to the administration, or for reviewers to the audit trail alone."""
    if identity.has(Permission.ADMIN):
        return (Link("/admin", _("Administration"), "gear"),)
    return (Link("/admin/audit", _("Audit trail"), "journal-text"),) if identity.has(Permission.AUDIT_VIEW) else ()


def admin_link(request: Request, identity: Identity) -> tuple[Link, ...]:
    """The administration among the sections, for those who administer."""
    if not identity.has(Permission.ADMIN):
        return ()
    here = request.path == "/admin" or request.path.startswith("/admin/")
    return (Link("/admin", _("Administration"), "gear", current=here),)


def report_link(request: Request) -> tuple[Link, ...]:
    """The way to the reports, where there is one for this user."""
    if not request.services.reports.offered():
        return ()
    here = request.path == "/reports" or request.path.startswith("/reports/")
    return (Link("/reports", _("Reports"), "card-list", current=here, minor=True),)


def plugin_links(request: Request) -> tuple[Link, ...]:
    """Menu items of plugins that this user may open."""
    identity = request.login.identity
    return tuple(
        Link(item.path, item.title, item.icon, current=request.path.startswith(item.path), minor=True)
        for _plugin, item in request.crm_app.registry.menu.values()
        if identity is not None and identity.has(item.permission)
    )
