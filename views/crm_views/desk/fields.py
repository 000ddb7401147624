"""Fields that only forms of the web have: files, and choices made for one reader."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import colander

from crm_core.i18n import Text, TextFactory
from crm_core.model.attachment import Attachment
from crm_core.model.request import Request as Case
from crm_core.services import Services
from crm_core.text.collation import collation_key
from crm_views.bodies import FILES_AT_ONCE
from crm_views.desk import rows
from crm_views.forms import StoredUpload
from crm_views.forms.files import UploadType

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")


def files(title: Text) -> colander.SchemaNode:
    """Files that come with what is saved, never required."""
    return colander.SchemaNode(
        UploadType(), title=title, missing=(), field_type="file", max_files=FILES_AT_ONCE, personal=True
    )


def attached(services: Services, uploads: Iterable[StoredUpload]) -> tuple[Attachment, ...]:
    """The uploads of a form as attachments, in this transaction; each is read from its beginning."""
    stored = []
    for upload in uploads:
        with upload.open() as file:
            stored.append(services.attachments.store(upload.name, upload.media_type, file))
    return tuple(stored)


def staff_choices(request: Request, case: Case) -> tuple[tuple[str, Text], ...]:
    """Active members of staff by name who may read the request once it is theirs, and whoever has it now."""
    services = request.services
    named = ((str(user.id), rows.user_name(request, user.id)) for user in services.users.active()
             if user.id == case.assignee or services.receivers.may_have(user, case))
    return tuple(sorted(named, key=lambda row: collation_key(row[1])))


def unit_choices(request: Request) -> tuple[tuple[str, Text], ...]:
    """Units that are not closed, in their tree's order, deeper ones indented by their way from the top."""
    units = {unit.id: unit for unit in request.services.units.all()}
    english = request.ui.show.locale == "en"

    def way(unit_id: int | None) -> str:
        unit = units.get(unit_id) if unit_id is not None else None
        if unit is None:
            return ""
        name = unit.name_en if english and unit.name_en else unit.name
        above = way(unit.parent) if unit.parent != unit_id else ""
        return f"{above} › {name}" if above else str(name)

    return tuple(sorted(((str(id_), way(id_)) for id_, unit in units.items() if unit.active),
                        key=lambda row: [collation_key(part) for part in row[1].split(" › ")]))
