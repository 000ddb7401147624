"""Forms: schemas of core fields drawn by deform in our own templates, and the one routine that handles them all.

Views use `handle` (see `form`), `Look`, `Button` and `read_only`; `prepare` chooses widgets by core field type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_views.forms.form import handle, read_only
from crm_views.forms.look import Button, Folded, Look, Submission
from crm_views.forms.uploads import StoredUpload, UploadRefused, UploadStore

if TYPE_CHECKING:
    from pyramid.config import Configurator

__all__ = [
    "Button", "Folded", "Look", "StoredUpload", "Submission", "UploadRefused", "UploadStore", "handle", "includeme",
    "read_only",
]


def set_upload_store(config: Configurator, store: UploadStore) -> None:
    """Directive ``config.set_upload_store(store)``: where file fields keep what was sent until the form is valid."""
    config.registry.crm_uploads = store


def includeme(config: Configurator) -> None:
    """The templates of forms and the directive ``set_upload_store``; needs `crm_views.components` included too."""
    config.include("crm_views.forms.rendering")
    config.add_directive("set_upload_store", set_upload_store)
