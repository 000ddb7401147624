"""The receipts of all erasures, newest first: what was erased, when, by whom and why, and whom a restored backup brings
back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.view import view_config

from crm_core.i18n import TextFactory
from crm_core.model.ids import id_time
from crm_core.security.permissions import Permission
from crm_views.admin.column import views
from crm_views.desk import rows

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
SHOWN = 200


@view_config(route_name="admin_erasures", request_method="GET", permission=Permission.ADMIN.value,
             renderer="crm_views:templates/admin/erasures.pt")
def page(request: Request) -> dict[str, Any]:
    """The list; each row leads to its receipt."""
    show = request.ui.show
    return {
        "title": _("Erasures"),
        "views": views(request),
        "rows": [
            {"href": f"/admin/erasures/{one['receipt']}", "when": show.time(id_time(int(one["receipt"]))),
             "by": rows.login_name(request, one["by"]), "reason": one["reason"], "records": one["removed"]["records"],
             "failed": one["plugins"]["failed"], "until": show.date(one["backups_until"], "date")}
            for one in request.services.erasure.receipts(SHOWN)
        ],
    }
