"""The field for the shifts of a day: typed as people say them, in figures of any script, kept as ``8:00–16:00``."""

from __future__ import annotations

from typing import Any

import colander
from deform import Field

from crm_core.i18n import TextFactory
from crm_core.text.errors import InvalidTime
from crm_core.text.shifts import format_shifts, parse_shifts
from crm_views.forms.times import time_reason
from crm_views.forms.widgets import LineWidget, show_of

_ = TextFactory("crm_views")
EXAMPLE = ((8 * 60, 12 * 60), (13 * 60, 16 * 60))


class ShiftsWidget(LineWidget):
    """Any number of shifts; shown again in the reader's words. The cstruct is what `parse_shifts` reads."""

    def shown(self, field: Field, cstruct: Any) -> str:
        text = super().shown(field, cstruct)
        try:
            return format_shifts(parse_shifts(text), show_of(field).locale)
        except InvalidTime:  # as it was typed
            return text

    def read(self, field: Field, typed: str) -> Any:
        if not typed.strip():
            return colander.null
        try:
            return format_shifts(parse_shifts(typed), "en")
        except InvalidTime as error:
            if error.code == "format":
                raise colander.Invalid(field.schema, _(
                    "Write from when until when, like ${example}; several with a comma between them.",
                    mapping={"example": format_shifts(EXAMPLE, show_of(field).locale)}), typed) from error
            raise colander.Invalid(field.schema, time_reason(error, show_of(field)), typed) from error
