"""The draft of one form in one request: what it is filled with, and what its script must know to keep it.

Where an application keeps drafts it gives requests ``draft_of`` and ``take_draft`` (`crm_views.drafts`); where it does
not, forms are as they would be without.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import deform
from pyramid.request import Request

from crm_core.i18n import Text
from crm_views.drafts import WRITER, place_of
from crm_views.forms.structure import walk
from crm_views.forms.widgets import PasswordWidget

if TYPE_CHECKING:
    from crm_views.forms.look import Look
    from crm_views.keeping import Draft


class FormDraft:
    """``found`` is the draft that stands in the form now, None for a form that starts as it is."""

    def __init__(self, request: Request, form: deform.Form, action: str, look: Look, submit_label: Text) -> None:
        self.request = request
        self.name = str(form.formid)
        self.action = action
        self.title = request.ui.show.text(look.heading or submit_label)
        self.slot = look.slot
        self.place = place_of(request, action, look.slot)
        self.found: Draft | None = None
        secret = any(isinstance(field.widget, PasswordWidget) for field, _above in walk(form))
        user = getattr(getattr(request, "login", None), "user", None)
        self.is_wanted = bool(look.drafts and self.place and not secret and user is not None
                              and hasattr(request, "draft_of"))

    def opened(self) -> Sequence[tuple[str, str]]:
        """The names and values of the draft a form is opened with; none without one."""
        self.found = self._stored
        return self.found.pairs if self.found is not None else ()

    def taken(self, key: str) -> None:
        """The form was taken: its draft goes with the commit."""
        if self.is_wanted:
            self.request.take_draft(self.name, key, self.slot)

    def marks(self, hidden: Mapping[str, str]) -> dict[str, str]:
        """``data-draft…`` for the form element. A refused form is kept at once, for it was typed already."""
        if not self.is_wanted:
            return {}
        stored, posted = self._stored, self.request.method == "POST"
        seen = stored.at if stored is not None and (not posted or stored.writer == hidden.get(WRITER)) else 0
        marks: dict[str, Any] = {
            "data-draft": self.place, "data-draft-name": self.name, "data-draft-seen": seen,
            "data-draft-title": self.title,
        }
        if posted:
            marks["data-draft-typed"] = ""
        return {name: str(value) for name, value in marks.items()}

    @property
    def time(self) -> str:
        """When the draft in the form was kept: the hour today, else the day too; "" without one."""
        if self.found is None:
            return ""
        show = self.request.ui.show
        today = show.day(self.found.at) == show.day(show.now)
        return str(show.clock(self.found.at) if today else show.datetime(self.found.at))

    @property
    def back(self) -> str:
        """This page as it is without the draft."""
        query = [(name, value) for name, value in self.request.GET.items() if name not in ("kept", "compose")]
        return str(self.request.path) + (f"?{urlencode(query)}" if query else "")

    @cached_property
    def _stored(self) -> Draft | None:
        draft: Draft | None = self.request.draft_of(self.action, self.name, self.slot) if self.is_wanted else None
        return draft
