"""The documents of a request: handed in with it, added later, or given with a message; who brought each, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_core.model.attachment import Attachment
from crm_core.model.request import Request as Case
from crm_core.model.timeline import EntryKind
from crm_views.desk import rows
from crm_views.desk.attachments import file_rows

if TYPE_CHECKING:
    from pyramid.request import Request


def papers(request: Request, case: Case) -> list[dict[str, Any]]:
    """Rows for the documents, oldest first: href, name, size, kind, icon, by, when."""
    added = {str(file.get("id")): event for event in case.events.values() if event.kind == EntryKind.ATTACHED
             for file in event.data.get("files", ())}
    found: list[dict[str, Any]] = []
    for file in case.attachments:
        event = added.get(str(file.id))
        by, at = (event.by, event.at) if event is not None else (case.created_by, case.created)
        found.append(_row(request, f"/requests/{case.code}", file, by, at))
    for _key, touch in request.services.messages.of(case).touches:
        found += [_row(request, f"/interactions/{touch.id}", file, touch.created_by, touch.started)
                  for file in touch.attachments]
    return found


def _row(request: Request, path: str, file: Attachment, by: int | None, at: int) -> dict[str, Any]:
    return file_rows(request, path, (file,))[0] | {
        "kind": _kind(file), "by": rows.user_name(request, by), "when": request.ui.show.time(at, "day"),
    }


def _kind(file: Attachment) -> str:
    """The ending of its name, in capitals: what people call a kind of file."""
    ending = file.name.rpartition(".")[2] if "." in file.name else ""
    return ending.upper() if ending.isascii() and ending.isalnum() and len(ending) <= 5 else ""
