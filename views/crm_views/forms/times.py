"""The field for a time of day: typed in figures of any script or with the part of the day, kept as ``14:30``."""

from __future__ import annotations

import re
from typing import Any

import colander
from deform import Field

from crm_core.i18n import Text, TextFactory
from crm_core.text.errors import InvalidTime
from crm_core.text.times import parse_time
from crm_views.forms.widgets import LineWidget, show_of

_ = TextFactory("crm_views")

_STORED = re.compile(r"([0-2][0-9]:[0-5][0-9])(?::[0-5][0-9](?:\.[0-9]+)?)?")


class TimeWidget(LineWidget):
    """A time of day to the minute; shown again with the reader's digits."""

    inputmode = None  # «۸ صبح» is understood too: no keyboard of figures only

    def help_for(self, field: Field) -> str:
        show = show_of(field)
        return str(show.text(_("Like ${example}, or “8 in the morning”.", mapping={"example": show.digits("14:30")})))

    def shown(self, field: Field, cstruct: Any) -> str:
        text = "" if cstruct in (colander.null, None) else str(cstruct)
        stored = _STORED.fullmatch(text)
        return str(show_of(field).digits(stored[1])) if stored else text

    def read(self, field: Field, typed: str) -> Any:
        if not typed.strip():
            return colander.null
        try:
            return parse_time(typed).isoformat(timespec="minutes")
        except InvalidTime as error:
            raise colander.Invalid(field.schema, time_reason(error, show_of(field)), typed) from error


def time_reason(error: InvalidTime, show: Any) -> Text:
    """Why a time was refused, in a sentence."""
    if error.code == "hour":
        return _("There is no hour ${hour}.", mapping={"hour": error.values["hour"]})
    if error.code == "minute":
        return _("There is no minute ${minute}; an hour has sixty.", mapping={"minute": error.values["minute"]})
    return _("This is not understood as a time of day; write it like ${example}.",
             mapping={"example": show.digits("14:30")})
