"""What was sent in a form, as a page reads it out: the names of its fields, and their values in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import colander
import deform
from deform import Field
from pyramid.request import Request

from crm_core.i18n import TextFactory
from crm_views.forms.files import FileWidget, kept_files
from crm_views.forms.structure import labelled, walk
from crm_views.forms.widgets import BooleanWidget, PasswordWidget

_ = TextFactory("crm_views")
PLACE = "crm_sent_form"


def remember(request: Request, form: deform.Form) -> None:
    """Keep the form that was read, for a page that has to tell of trouble."""
    vars(request)[PLACE] = form


def told(request: Request) -> tuple[tuple[str, str], ...] | None:
    """Name and words of each field of the form that was sent and read; no passwords, nothing empty, no box left
    unticked. None where no form was read."""
    form = vars(request).get(PLACE)
    return None if form is None else tuple(_lines(form))


def _lines(form: deform.Form) -> Iterator[tuple[str, str]]:
    show = form.renderer.request.ui.show
    for field, above in walk(form):
        words = show.text(_(", ")).join(kept_files([field])) if isinstance(field.widget, FileWidget) else _said(field)
        if words.strip():
            yield labelled(field, above, show), words


def _said(field: Field) -> str:
    value: Any = field.cstruct
    is_secret = isinstance(field.widget, PasswordWidget) or getattr(field.widget, "kind", "") == "hidden"
    if is_secret or not hasattr(field.widget, "said") or value in (colander.null, None, "", (), []):
        return ""
    if isinstance(field.widget, BooleanWidget) and value != "true":
        return ""
    return str(field.widget.said(field, value))
