"""The settings as they hold, where each comes from, and what it means. They are read once, when the server starts."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pyramid.view import view_config

from crm_core.errors import CrmError
from crm_core.i18n import Text, TextFactory
from crm_core.security.permissions import Permission
from crm_core.settings import Settings, read_settings, sources
from crm_views.admin.column import views

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

WORDS: dict[str, Text] = {
    "data": _("The folder that holds everything: data, files, full text, drafts."),
    "zodburi": _("Where the data is stored, if not in that folder. It may hold a password and is not shown in full."),
    "search": _("The full text that is used; “none” switches it off."),
    "search_dsn": _("The database of full text in PostgreSQL, if not that of the data. It is not shown."),
    "reports": _("Where the report tables lie, if not beside the data; “none” switches them off. It is not shown."),
    "plugins_disabled": _("Plugins that are installed and not loaded."),
    "plugins_required": _("Plugins without which the server does not start."),
    "organisation": _("The name that stands on every page."),
    "language": _("The language of who has not chosen one."),
    "timezone": _("The time zone of days and hours."),
    "upload_megabytes": _("The largest file that is taken, in MB."),
    "session_hours": _("How many hours a login lasts."),
    "https": _("Whether the desk is reached by https; cookies are marked for it."),
    "backup_folder": _("Where backups are put; Health tells how old the newest one is."),
    "backup_at": _("When the night's backup into that folder is made; empty: not by itself."),
    "backup_late_hours": _("How many hours old the newest backup may be before Health warns."),
    "pack_at": _("When the space of old revisions is given back; empty: not by itself."),
    "pack_days": _("How many days of history a pack keeps."),
    "backup_days": _("How many days backups are kept; receipts of erasures say until when one may hold the person."),
    "background": _("Where full text, messages and jobs are looked after: here, in a worker of its own, or nowhere."),
    "trace_hooks": _("Whether the log tells each call of a plugin: which hook, how long, the answer in short."),
}
SECRET = frozenset({"zodburi", "search_dsn", "reports"})


@view_config(route_name="admin_settings", request_method="GET", permission=Permission.ADMIN.value,
             renderer="crm_views:templates/admin/settings.pt")
def settings(request: Request) -> dict[str, Any]:
    """All settings; nothing can be changed here, and the page says where."""
    present = request.crm_app.settings
    trouble, found, written = None, {}, present
    try:
        found, written = sources(present.data), read_settings(present.data)
    except CrmError as error:  # crm.ini was changed since the start, and not well
        trouble = error.message
    return {
        "title": _("Settings"),
        "views": views(request),
        "file": str(present.data / "crm.ini"),
        "trouble": trouble,
        "rows": [_row(request, field.name, present, written, found) for field in fields(Settings)],
    }


def _row(request: Request, name: str, present: Settings, written: Settings, found: dict[str, str]) -> dict[str, Any]:
    source = found.get(name, "")
    value, default = getattr(present, name), getattr(Settings(data=present.data), name)
    if name == "data":
        came: Text = _("given at the start")
    elif source.startswith("CRM_"):
        came = _("environment")
    elif source:
        came = "crm.ini"
    else:
        came = _("default") if value == default else _("given at the start")
    return {
        "key": "--data" if name == "data" else f"crm.{name}",
        "variable": f"CRM_{name.upper()}",
        "value": _words(request, name, value),
        "is_code": not isinstance(value, bool) and value not in ("", ()),
        "source": came,
        "is_default": came == _("default"),
        "note": WORDS.get(name, ""),
        "waits": bool(source) and value != getattr(written, name),
    }


def _words(request: Request, name: str, value: Any) -> str:
    show = request.ui.show
    if isinstance(value, bool):
        return str(show.text(_("Yes") if value else _("No")))
    if value in ("", ()):
        return str(show.text(_("empty")))
    if name in SECRET:
        scheme, colon, _rest = str(value).partition("://")
        return f"{scheme}:…" if colon else "…"
    return " ".join(value) if isinstance(value, tuple) else str(value)
