"""Draws deform's fields with our own templates: one loader for the application, a renderer for each form.

deform's own templates are never used: they carry inline scripts and styles, which our content security policy forbids.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import colander
from chameleon import PageTemplateLoader
from deform import Field
from translationstring import ChameleonTranslate, TranslationString

from crm_core.i18n import Text, TextFactory
from crm_views.forms.focus import first_field
from crm_views.forms.messages import own_words
from crm_views.page_templates import templates_of

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

_ = TextFactory("crm_views")

TEMPLATES = Path(__file__).parent / "templates"


class FormRenderer:
    """The ``renderer`` of one `deform.Form`: templates by name, or ``package:path/name.pt`` for a plugin's own widget.

    Each template gets ``ui``, ``show``, ``request``, and functions of a field: ``aria``, ``aria_alone``, ``said``,
    ``help_text``.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self._loader: PageTemplateLoader = request.registry.crm_form_templates
        self._translate = ChameleonTranslate(request.localizer.translate)

    def __call__(self, template_name: str, **values: Any) -> str:
        name = template_name if template_name.endswith(".pt") else f"{template_name}.pt"
        values |= {
            "ui": self.request.ui, "show": self.request.ui.show, "request": self.request,
            "aria": aria, "aria_alone": aria_alone, "said": self.said, "help_text": help_text, "is_null": is_null,
            "first_field": first_field,
            "translate": self._translate,
        }
        return str(self._loader.load(name)(**values))

    def translate(self, message: Text) -> str:
        """deform's hook for the texts it puts together itself."""
        return self.tell(message)

    def tell(self, message: Text) -> str:
        """Any message, colander's and deform's too, in the reader's words and digits."""
        ours = own_words(message)
        show = self.request.ui.show
        return str(show.digits(show.text(ours)) if isinstance(ours, TranslationString) else ours)

    def said(self, field: Field) -> list[str]:
        """What is wrong with ``field`` itself, its parts aside; empty when nothing is."""
        return [self.tell(message) for message in own_errors(field)]


def own_errors(field: Field) -> list[Text]:
    """Messages of a field's error that are its own, not those of its parts."""
    if field.error is None:
        return []
    return [message for message in field.error.messages() if message]


def aria(field: Field, *, helped: bool = True) -> dict[str, str]:
    """Attributes that tie a control to its help and its error, and say whether it must be filled in.

    ``helped``: whether the help is shown where the control stands.
    """
    wrong = bool(own_errors(field))
    described = [f"{field.oid}-h"] if helped and help_text(field) else []
    described += [f"{field.oid}-e"] if wrong else []
    attributes = {"aria-describedby": " ".join(described)} if described else {}
    if wrong:
        attributes["aria-invalid"] = "true"
    if field.required:
        attributes["aria-required"] = "true"
    return attributes


def aria_alone(field: Field) -> dict[str, str]:
    """As `aria`, for a control whose help is not shown."""
    return aria(field, helped=False)


def help_text(field: Field) -> str:
    """The sentence of help below a field: its node's description, else its widget's own; "" for none."""
    if field.description:
        return str(field.renderer.request.ui.show.text(field.description))
    if getattr(field, "in_table", False):
        return ""  # the same words in every row would only be noise
    of_widget = getattr(field.widget, "help_for", None)
    return of_widget(field) if of_widget is not None else ""


def address(field: Field, route: str, **parts: str) -> str:
    """The path of one of the helpers of forms, "" in an application that has no such route."""
    try:
        return str(field.renderer.request.route_path(route, **parts))
    except KeyError:
        return ""


def is_null(cstruct: Any) -> bool:
    """Whether there is no value to show."""
    return cstruct in (colander.null, None, "", (), [])


def includeme(config: Configurator) -> None:
    """The loader of form templates hangs on the registry, so that two applications live side by side."""
    config.registry.crm_form_templates = templates_of(config, TEMPLATES)

