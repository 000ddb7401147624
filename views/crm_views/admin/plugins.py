"""Plugins: which are here, which take part, what went wrong with one, and what would go or stay with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from crm_core import __version__, effects, readers, schedule
from crm_core.contributions import RequestType
from crm_core.errors import CrmError, NotFound
from crm_core.host import Plugin, State
from crm_core.i18n import Text, TextFactory
from crm_core.inspection import describe, of_kind, purge_command
from crm_core.security.permissions import Permission
from crm_core.security.policy import ROLE_TITLES
from crm_core.switching import Outcome, take_effect
from crm_core.version import API_VERSION
from crm_views.admin.column import views
from crm_views.admin.health import behind
from crm_views.admin.plugin_settings import decide
from crm_views.admin.plugin_words import holds, in_a_line, listed
from crm_views.plugin_pages import served, title_of

if TYPE_CHECKING:
    from pyramid.request import Request

    from crm_views.components.ui import Category

_ = TextFactory("crm_views")
ADMIN = Permission.ADMIN.value
COUNTED = 20_000
"""Requests and citizens up to which what is stored of a plugin is counted without being asked for."""
STATES: dict[str, tuple[Category, Text]] = {
    "enabled": ("done", _("takes part")), "stumbled": ("waiting", _("had a fault")),
    "disabled": ("cancelled", _("put out")), "failed": ("late", _("did not come up")),
    "gone": ("cancelled", _("put aside")),
}
PACES = (
    (24 * 60, (_("every day"), _("every ${count} days"))),
    (60, (_("every hour"), _("every ${count} hours"))),
    (1, (_("every minute"), _("every ${count} minutes"))),
)
"""Minutes, and how a job is said to run that often."""


@view_config(route_name="admin_plugins", request_method="GET", permission=ADMIN,
             renderer="crm_views:templates/admin/plugins.pt")
def overview(request: Request) -> dict[str, Any]:
    """All plugins that are installed, and those that are gone and left something."""
    host = request.crm_app.host
    installed = [_row(request, id_, plugin) for id_, plugin in host.plugins.items()]
    root, plugins = request.services.root, request.services.plugins
    left = plugins.left() if len(root.requests) + len(root.contacts) <= COUNTED else dict.fromkeys(plugins.gone())
    gone = [_row(request, id_, None) | {
        "left": listed(request, counts.words) if counts is not None else "", "next": purge_command(id_),
        "requests": counts is None or counts.open + counts.closed} for id_, counts in left.items()]
    order = list(STATES)
    return {
        "title": _("Plugins"), "views": views(request), "api": request.ui.show.digits(API_VERSION),
        "core": request.ui.show.digits(__version__),
        "rows": sorted(installed, key=lambda row: (row["state"] != "failed", order.index(row["state"]), row["id"])),
        "gone": gone, "outdated": request.crm_app.is_outdated(root),
    }


@view_config(route_name="admin_plugin", request_method=("GET", "POST"), permission=ADMIN,
             renderer="crm_views:templates/admin/plugin.pt")
def one(request: Request) -> dict[str, Any] | Response:
    """One plugin: how it is, its settings, what it brings, and what stays when it goes."""
    id_, plugin = plugin_of(request)
    settings = decide(request, id_)
    if isinstance(settings, Response):
        return settings
    root = request.services.root
    counted = "count" in request.GET or len(root.requests) + len(root.contacts) <= COUNTED
    row = _row(request, id_, plugin)
    return settings | {
        "title": row["title"], "views": views(request), "row": row, "plugin": plugin,
        "brings": _brings(request, plugin),
        "background": list(_background(request, id_)),
        "leaves": holds(request, id_) if counted else None,
        "required": id_ in request.crm_app.settings.plugins_required,
        "by_settings": id_ in request.crm_app.settings.plugins_disabled,
        "outdated": request.crm_app.is_outdated(root), "roles": ROLE_TITLES,
    }


@view_config(route_name="admin_plugin_switch", request_method="POST", permission=ADMIN)
def switch(request: Request) -> Response:
    """Put a plugin out or in. The decision is stored first; then the application is built anew beside this one."""
    id_, _plugin = plugin_of(request)
    enabled = request.POST.get("enabled") == "1"
    try:
        # A transaction of its own, so that the application that is built next reads what was decided.
        request.crm_app.run(lambda services: services.plugins.switch(id_, enabled), request.services.identity,
                            note="plugin switch")
    except CrmError as error:
        request.ui.flash(error.message, "bad")
    else:
        _tell(request, take_effect(request.crm_app, id_, enabled), enabled)
    return HTTPSeeOther(location=f"/admin/plugins/{id_}")


def _tell(request: Request, outcome: Outcome, enabled: bool) -> None:
    """What came of the decision, and what is left to do."""
    flash = request.ui.flash
    if outcome.effective:
        flash(_("The plugin takes part now.") if enabled else
              _("The plugin is out. Its requests stay readable and answerable."))
    elif outcome.effective is None:
        flash(_("This is decided. It takes effect when the server is started again."), "warn")
    elif outcome.reason:
        flash(_("This is decided, but the plugin does not take part. Below it says why."), "bad")
    else:
        flash(_("This is decided, but the new application does not start; the log says why. "
                "The desk goes on as before."), "bad")


def plugin_of(request: Request) -> tuple[str, Plugin | None]:
    """The id of the address and its plugin, None for one that is gone and left something. Raises NotFound."""
    id_ = request.matchdict["plugin"]
    plugin = request.crm_app.host.plugins.get(id_)
    if plugin is None and id_ not in request.services.plugins.stored():
        raise NotFound
    return id_, plugin


def _background(request: Request, id_: str) -> Iterator[dict[str, Any]]:
    """How jobs, readers and effects of a plugin stand: ``title``, ``words`` and the last ``error`` ("" for none)."""
    show, registry, root = request.ui.show, request.crm_app.registry, request.services.root
    for job in schedule.jobs(root, registry):
        if job.plugin == id_:
            last = show.datetime(job.done) if job.done else show.text(_("never yet"))
            yield {"title": show.text(job.title), "error": job.error, "failures": job.failures,
                   "words": show.text(_("last done: ${when}; ${pace}",
                                        mapping={"when": last, "pace": show.text(pace(job.every))}))}
    for reader in (*readers.readers(root, registry), *effects.effects(root, registry)):
        if reader.plugin == id_:
            yield {"title": show.text(reader.title), "error": reader.error, "failures": reader.failures,
                   "words": behind(request, reader.waiting + reader.again)}


def pace(minutes: int) -> Text:
    """How often a job runs, in the largest unit that tells it exactly."""
    count, (one, more) = next((minutes // length, words) for length, words in PACES if minutes % length == 0)
    return one if count == 1 else more % {"count": count}


def _brings(request: Request, plugin: Plugin | None) -> dict[str, Any] | None:
    """What a plugin that takes part adds; None of any other."""
    if plugin is None or plugin.state is not State.ENABLED:
        return None
    return describe(plugin, request.crm_app.registry, served(request, plugin), request.ui.show.locale)


def _row(request: Request, id_: str, plugin: Plugin | None) -> dict[str, Any]:
    state = _state(plugin)
    return {
        "id": id_, "href": f"/admin/plugins/{id_}", "state": state, "badge": request.ui.status(*STATES[state]),
        "title": title_of(request, id_),
        "icon": next(_icons(plugin), "pause-circle" if plugin is None else "plug"),
        "version": f"{plugin.distribution or id_} {plugin.version}".strip() if plugin is not None else id_,
        "reason": plugin.reason if plugin is not None else "",
        "trace": plugin.trace if plugin is not None and plugin.trace.startswith("Traceback") else "",
        "failures": plugin.failures if plugin is not None else 0,
        "brings": listed(request, in_a_line(request, plugin)) if plugin is not None else "",
    }


def _state(plugin: Plugin | None) -> str:
    if plugin is None:
        return "gone"
    return "stumbled" if plugin.state is State.ENABLED and plugin.failures else plugin.state.value


def _icons(plugin: Plugin | None) -> Iterator[str]:
    return (kind.icon for kind in (of_kind(plugin, RequestType) if plugin is not None else ()))
